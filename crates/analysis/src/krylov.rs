//! Top eigenvalues and linear systems of matrices that are known through their products alone.

/// The product of two vectors.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The length of a vector.
pub(crate) fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// out += factor a.
fn add_scaled(out: &mut [f64], factor: f64, a: &[f64]) {
    out.iter_mut().zip(a).for_each(|(out, a)| *out += factor * a);
}

/// The share of a new direction's length below which it lies in the space already spanned.
const SPANNED: f64 = 1e-10;

/// An orthonormal basis of the space of K, K^2, ... applied to a vector.
struct Basis {
    vectors: Vec<Vec<f64>>,
    /// The symmetric matrix in this basis: its diagonal, and what is beside it.
    diagonal: Vec<f64>,
    beside: Vec<f64>,
    full: bool,
}

impl Basis {
    fn new(start: &[f64]) -> Self {
        let length = norm(start);
        let vectors = vec![start.iter().map(|v| v / length).collect()];
        Self { vectors, diagonal: Vec::new(), beside: Vec::new(), full: !(length > 0.0) }
    }

    /// Takes in the image of the last vector; orthogonalised twice against all, since rounding undoes three terms.
    fn extend(&mut self, image: &[f64]) {
        let Some(last) = self.vectors.last().filter(|_| !self.full) else { return };
        self.diagonal.push(dot(last, image));
        let mut new = image.to_vec();
        for _ in 0..2 {
            for vector in &self.vectors {
                let along = dot(vector, &new);
                add_scaled(&mut new, -along, vector);
            }
        }
        let length = norm(&new);
        self.full = !(length > SPANNED * norm(image));
        if !self.full {
            self.beside.push(length);
            self.vectors.push(new.iter().map(|v| v / length).collect());
        }
    }

    fn top(&self) -> f64 {
        tridiagonal_top(&self.diagonal, &self.beside)
    }
}

/// The largest eigenvalue of each of n symmetric matrices, by `steps` steps of Lanczos from the rows of `start`.
///
/// starts: `[n, d]`; `apply` multiplies each row of `[n, d]` by the matrix of its own.  Golub and Van Loan 2013, section 10.1.
pub(crate) fn top_eigenvalues(
    starts: &[f64],
    d: usize,
    steps: usize,
    mut apply: impl FnMut(&[f64]) -> Vec<f64>,
) -> Vec<f64> {
    let mut bases: Vec<Basis> = starts.chunks_exact(d).map(Basis::new).collect();
    for _ in 0..steps.min(d) {
        let last: Vec<f64> = bases.iter().filter_map(|basis| basis.vectors.last()).flatten().copied().collect();
        let images = apply(&last);
        bases.iter_mut().zip(images.chunks_exact(d)).for_each(|(basis, image)| basis.extend(image));
    }
    bases.iter().map(Basis::top).collect()
}

/// The largest eigenvalue of a symmetric tridiagonal matrix, by bisection on Sturm's sequence.
fn tridiagonal_top(diagonal: &[f64], beside: &[f64]) -> f64 {
    let beside = &beside[..beside.len().min(diagonal.len().saturating_sub(1))];
    let reach = beside.iter().fold(0.0_f64, |most, b| most.max(b.abs())) * 2.0;
    let mut low = diagonal.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut high = low + reach;
    for _ in 0..64 {
        let middle = 0.5 * (low + high);
        if above(diagonal, beside, middle) { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Whether some eigenvalue is larger than x: whether some pivot of T - x is positive.
fn above(diagonal: &[f64], beside: &[f64], x: f64) -> bool {
    let mut pivot = f64::NEG_INFINITY;
    let squares = [0.0].into_iter().chain(beside.iter().map(|b| b * b));
    for (a, square) in diagonal.iter().zip(squares) {
        pivot = a - x - square / pivot;
        if pivot > 0.0 {
            return true;
        }
        pivot = pivot.min(-f64::MIN_POSITIVE);
    }
    false
}

/// x with |b - M x| <= tolerance |b|, or the best of the space that `steps` products span (GMRES, Saad and Schultz 1986).
pub(crate) fn solve(b: &[f64], steps: usize, tolerance: f64, mut apply: impl FnMut(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let size = norm(b);
    let mut solution = vec![0.0; b.len()];
    if !(size > 0.0) {
        return solution;
    }
    let mut vectors: Vec<Vec<f64>> = vec![b.iter().map(|v| v / size).collect()];
    // The upper triangle R of the QR decomposition of M in this basis, column by column, its rotations, and Q^T b.
    let (mut columns, mut rotations): (Vec<Vec<f64>>, Vec<(f64, f64)>) = (Vec::new(), Vec::new());
    let mut rotated = vec![size];
    for k in 0..steps.min(b.len()) {
        let mut new = apply(&vectors[k]);
        let scale = norm(&new);
        let mut column: Vec<f64> = Vec::with_capacity(k + 2);
        for vector in &vectors {
            let along = dot(vector, &new);
            add_scaled(&mut new, -along, vector);
            column.push(along);
        }
        let length = norm(&new);
        for (i, &(c, s)) in rotations.iter().enumerate() {
            (column[i], column[i + 1]) = (c * column[i] + s * column[i + 1], c * column[i + 1] - s * column[i]);
        }
        let pivot = column[k].hypot(length);
        if !(pivot > 0.0) {
            break;
        }
        let (c, s) = (column[k] / pivot, length / pivot);
        column[k] = pivot;
        columns.push(column);
        rotations.push((c, s));
        rotated.push(-s * rotated[k]);
        rotated[k] *= c;
        if rotated[k + 1].abs() <= tolerance * size || length <= SPANNED * scale {
            break;
        }
        vectors.push(new.iter().map(|v| v / length).collect());
    }
    for (i, factor) in back_substituted(&columns, &rotated).into_iter().enumerate() {
        add_scaled(&mut solution, factor, &vectors[i]);
    }
    solution
}

/// y with R y = b, R given by its columns.
fn back_substituted(columns: &[Vec<f64>], b: &[f64]) -> Vec<f64> {
    let n = columns.len();
    let mut y = vec![0.0; n];
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| columns[j][i] * y[j]).sum();
        y[i] = (b[i] - known) / columns[i][i];
    }
    y
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row i, column j of a symmetric matrix of known top eigenvalue: a chain with hops of 1, 2 cos(pi / (d + 1)).
    fn hop(v: &[f64]) -> Vec<f64> {
        let d = v.len();
        (0..d).map(|i| if i > 0 { v[i - 1] } else { 0.0 } + if i + 1 < d { v[i + 1] } else { 0.0 }).collect()
    }

    #[test]
    fn the_top_of_a_chain_of_hops() {
        let d = 12;
        let starts: Vec<f64> = (0..2 * d).map(|i| (1.3 * i as f64 + 0.2).sin()).collect();
        // The second matrix is the first one's negative minus 1: a chain has a symmetric spectrum.
        let apply = |rows: &[f64]| {
            let (first, second) = rows.split_at(d);
            let turned = hop(second).into_iter().zip(second).map(|(h, v)| -h - v);
            hop(first).into_iter().chain(turned).collect::<Vec<_>>()
        };
        let exact = 2.0 * (std::f64::consts::PI / (d + 1) as f64).cos();
        let found = top_eigenvalues(&starts, d, d, apply);
        assert!((found[0] - exact).abs() < 1e-10 && (found[1] - exact + 1.0).abs() < 1e-10, "{found:?} {exact}");
    }

    #[test]
    fn a_start_that_is_an_eigenvector_ends_the_search() {
        let found = top_eigenvalues(&[0.0, 1.0, 0.0], 3, 3, |v| vec![5.0 * v[0], -2.0 * v[1], 3.0 * v[2]]);
        assert!((found[0] + 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_system_without_symmetry_is_solved() {
        let d = 9;
        let matrix = |i: usize, j: usize| if i == j { 3.0 + i as f64 } else { ((i * 7 + j * 3) % 5) as f64 / 5.0 };
        let apply = |v: &[f64]| (0..d).map(|i| (0..d).map(|j| matrix(i, j) * v[j]).sum()).collect::<Vec<f64>>();
        let exact: Vec<f64> = (0..d).map(|i| (0.9 * i as f64).cos()).collect();
        let found = solve(&apply(&exact), d, 1e-13, apply);
        assert!(found.iter().zip(&exact).all(|(a, b)| (a - b).abs() < 1e-10), "{found:?}");
        assert_eq!(solve(&[0.0; 3], 3, 0.1, <[f64]>::to_vec), [0.0; 3]);
    }

    #[test]
    fn fewer_products_leave_the_smallest_residual_of_their_space() {
        // Two distinct eigenvalues: two products suffice.
        let apply = |v: &[f64]| vec![2.0 * v[0], 2.0 * v[1], -1.0 * v[2], -1.0 * v[3]];
        let found = solve(&[2.0, 4.0, -1.0, -3.0], 2, 1e-12, apply);
        assert!(found.iter().zip([1.0, 2.0, 1.0, 3.0]).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
    }
}
