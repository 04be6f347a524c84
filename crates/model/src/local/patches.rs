//! Patches of a square image as rows of a matrix, and back.
//!
//! Row p of the matrix holds the k^2 pixels around pixel p, offset by offset from the upper left; rows are `stride` apart.

use std::ops::AddAssign;

/// Pixels copied at a time.
const WIDTH: usize = 8;

/// The pixels of the patch around pixel p, `None` beyond the edge.
pub fn places(p: usize, (side, kernel): (usize, usize)) -> impl Iterator<Item = Option<usize>> {
    let (y, x, reach) = (p / side, p % side, kernel / 2);
    (0..kernel * kernel).map(move |offset| {
        let (row, column) = (y + offset / kernel, x + offset % kernel);
        let inside = |at: usize| (reach..side + reach).contains(&at);
        (inside(row) && inside(column)).then(|| (row - reach) * side + column - reach)
    })
}

/// The patches of an image, 0 beyond its edge.  `[side^2]` -> `[side^2, stride]`, of which the first k^2 of each row.
///
/// # Panics
/// Where the arrays do not fit the shape.
pub fn gather<T: Copy + Default>(image: &[T], (side, kernel): (usize, usize), stride: usize, rows: &mut [T]) {
    let reach = kernel / 2;
    let wide = side + 2 * reach;
    // Room for whole copies at the end of the last row.
    let mut edged = vec![T::default(); wide * wide + WIDTH];
    for (y, row) in image.chunks_exact(side).enumerate() {
        edged[(y + reach) * wide + reach..][..side].copy_from_slice(row);
    }
    let copies = kernel.div_ceil(WIDTH);
    let spill = copies * WIDTH - kernel;
    let whole = kernel * kernel + spill <= stride;
    for (p, row) in rows[..side * side * stride].chunks_exact_mut(stride).enumerate() {
        let corner = p / side * wide + p % side;
        for line in 0..kernel {
            let from = &edged[corner + line * wide..];
            if !whole {
                row[line * kernel..][..kernel].copy_from_slice(&from[..kernel]);
                continue;
            }
            // Whole vectors: what is copied too much is written over by the next line, or is padding.
            for copy in 0..copies {
                row[line * kernel + copy * WIDTH..][..WIDTH].copy_from_slice(&from[copy * WIDTH..][..WIDTH]);
            }
        }
        row[kernel * kernel..].fill(T::default());
    }
}

/// Adds rows of patches to an image, each to where it was gathered from: the transpose of [`gather`].
///
/// # Panics
/// Where the arrays do not fit the shape.
pub fn scatter<T: Copy + Default + AddAssign>(
    rows: &[T],
    (side, kernel): (usize, usize),
    stride: usize,
    image: &mut [T],
) {
    let reach = kernel / 2;
    let wide = side + 2 * reach;
    let mut edged = vec![T::default(); wide * wide];
    // Down the columns of the image, so that one addition need not wait for the last.
    for line in 0..kernel {
        for x in 0..side {
            for y in 0..side {
                let from = &rows[(y * side + x) * stride + line * kernel..][..kernel];
                let to = &mut edged[(y + line) * wide + x..][..kernel];
                to.iter_mut().zip(from).for_each(|(to, &from)| *to += from);
            }
        }
    }
    for (y, row) in image.chunks_exact_mut(side).enumerate() {
        row.iter_mut().zip(&edged[(y + reach) * wide + reach..]).for_each(|(to, &from)| *to += from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_by_hand_on_three_by_three() {
        let image: Vec<f32> = (1..=9).map(|v| v as f32).collect();
        let mut rows = vec![7.0; 9 * 16];
        gather(&image, (3, 3), 16, &mut rows);
        let patch = |p: usize| rows[p * 16..][..9].to_vec();
        assert_eq!(patch(0), [0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 0.0, 4.0, 5.0]);
        assert_eq!(patch(4), image);
        assert_eq!(patch(5), [2.0, 3.0, 0.0, 5.0, 6.0, 0.0, 8.0, 9.0, 0.0]);
        assert!(rows.chunks_exact(16).all(|row| row[9..].iter().all(|&v| v == 0.0)));
    }

    /// <rows, gather(x)> = <scatter(rows), x>, at widths with and without room for whole copies.
    #[test]
    fn scatter_is_the_transpose_of_gather() {
        for (side, kernel, stride) in [(3, 3, 9), (7, 5, 25), (7, 5, 32), (12, 9, 96), (6, 1, 16), (5, 11, 128)] {
            let wave = |i: usize| (1.3 * i as f64 + 0.2).sin();
            let image: Vec<f64> = (0..side * side).map(wave).collect();
            let rows: Vec<f64> = (0..side * side * stride).map(|i| wave(3 * i + 1)).collect();
            let mut gathered = vec![f64::NAN; rows.len()];
            gather(&image, (side, kernel), stride, &mut gathered);
            let mut back = vec![0.0; image.len()];
            scatter(&rows, (side, kernel), stride, &mut back);
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let (one, other) = (dot(&rows, &gathered), dot(&back, &image));
            assert!((one - other).abs() < 1e-9 * (1.0 + one.abs()), "{side} {kernel}: {one} {other}");
            for p in 0..side * side {
                let by_place = places(p, (side, kernel)).map(|at| at.map_or(0.0, |at| image[at]));
                assert!(by_place.zip(&gathered[p * stride..]).all(|(a, b)| a == *b), "{side} {kernel} {p}");
            }
        }
    }
}
