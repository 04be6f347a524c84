//! Sums of outer products, kept in panels: gradients of few weights from many rows.

use pulp::{Simd, WithSimd};

use super::panels::{Layout, Part, Rows};
use super::tile::{Factors, Finish, Place, tile, tile_rows, tiles};
use crate::isa::Isa;

/// sums += a^T b; a: `[k, m]`, b: `[k, n]`, sums: `[m, n]` in the panels of `layout`.
///
/// For weights so few that their gradient stays in the nearest cache while the rows pass by, a block of rows at a time.
pub(super) fn add_outer(isa: Isa, (a, b): (Rows<'_>, Rows<'_>), layout: Layout, sums: &mut [f32]) {
    a.check();
    b.check();
    assert!(a.cols == layout.rows && b.cols == layout.cols && a.rows == b.rows, "the factors fit the sums");
    assert!(sums.len() >= layout.len(), "the sums fit their array");
    for part in Part::ALL {
        part.isa(isa).dispatch(Outer { layout, part, a, b, sums: sums.as_mut_ptr() });
    }
}

struct Outer<'a> {
    layout: Layout,
    part: Part,
    a: Rows<'a>,
    b: Rows<'a>,
    sums: *mut f32,
}

impl WithSimd for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for panel in self.layout.panels_of(self.part) {
            let tallest = tile_rows::<S>(panel.stride);
            for row in (0..self.layout.rows).step_by(tallest) {
                let height = (self.layout.rows - row).min(tallest);
                for (across, width) in tiles::<S>(panel.stride) {
                    let column = panel.first + across;
                    let factors = Factors::of_outer((self.a, self.b), row, column);
                    let at = panel.offset + row * panel.stride + across;
                    let place = Place { at, stride: panel.stride, column, row };
                    // SAFETY: the asserts of `add_outer` keep rows, columns and depth within the arrays.
                    unsafe { tile(simd, factors, place, (height, width), &mut Add(self.sums)) };
                }
            }
        }
    }
}

/// Sums that go on from what is there.
struct Add(*mut f32);

impl Finish for Add {
    #[inline(always)]
    unsafe fn begin<S: Simd>(&mut self, _: S, at: usize, _: usize) -> S::f32s {
        // SAFETY: the caller keeps the vector within the sums.
        unsafe { self.0.add(at).cast::<S::f32s>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn end<S: Simd, const ROWS: usize, const WIDTH: usize>(
        &mut self,
        _: S,
        place: Place,
        sums: [[S::f32s; WIDTH]; ROWS],
    ) {
        for (row, sums) in sums.iter().enumerate() {
            for (v, sum) in sums.iter().enumerate() {
                let at = place.at + row * place.stride + v * S::F32_LANES;
                // SAFETY: the caller keeps the tile within the sums.
                unsafe { self.0.add(at).cast::<S::f32s>().write_unaligned(*sum) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::panels::padded;
    use crate::host::panels::tests::{by_rows, numbers};
    use crate::host::product::tests::SHAPES;

    #[test]
    fn blocks_of_rows_add_up_to_the_exact_sums() {
        for (m, n, k) in SHAPES {
            let (a, b) = (numbers(k * m, 1), numbers(k * n, 2));
            let layout = Layout { rows: m, cols: n };
            let (rows_a, rows_b) = (by_rows(&a, m), by_rows(&b, n));
            for isa in Isa::available() {
                let mut sums = vec![0.0; padded(layout.len())];
                for block in 0..2 {
                    let (first, last) = (block * k / 2, (block + 1) * k / 2);
                    let of = |values: &'_ [f32], cols: usize| {
                        let stride = super::super::panels::row_stride(cols);
                        values[first * stride..last * stride].to_vec()
                    };
                    let (a, b) = (of(&rows_a, m), of(&rows_b, n));
                    let a = Rows { values: &a, rows: last - first, cols: m };
                    let b = Rows { values: &b, rows: last - first, cols: n };
                    add_outer(isa, (a, b), layout, &mut sums);
                }
                for (at, value) in layout.dense(&sums).iter().enumerate() {
                    let exact: f64 = (0..k).map(|p| f64::from(a[p * m + at / n]) * f64::from(b[p * n + at % n])).sum();
                    assert!((f64::from(*value) - exact).abs() < 2e-6 * (k as f64).sqrt() + 1e-6, "{isa:?} {m} {n} {k}");
                }
            }
        }
    }
}
