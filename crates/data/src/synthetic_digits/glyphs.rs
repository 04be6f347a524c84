//! The shapes of the digits: strokes through control points in the unit square, x to the right and y down.

use schedule::Stream;

/// How a stroke goes through its control points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stroke {
    /// Straight from point to point.
    Line(&'static [usize]),
    /// A smooth open curve.
    Curve(&'static [usize]),
    /// A smooth closed curve.
    Loop(&'static [usize]),
}

/// A way of writing a digit. Strokes share control points by number, so that they still meet when the points move.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glyph {
    pub(super) points: &'static [[f64; 2]],
    pub(super) strokes: &'static [Stroke],
}

use Stroke::{Curve, Line, Loop};

/// For each digit the ways of writing it.
const GLYPHS: [&[Glyph]; 10] = [ZERO, ONE, TWO, THREE, FOUR, FIVE, SIX, SEVEN, EIGHT, NINE];

/// Chooses a way of writing `digit`, which is below 10, with equal probability.
pub(super) fn choose(digit: u8, stream: &mut Stream) -> &'static Glyph {
    let ways = GLYPHS[usize::from(digit)];
    &ways[stream.below(ways.len() as u64) as usize]
}

const ZERO: &[Glyph] = &[Glyph {
    points: &[[0.5, 0.0], [0.18, 0.14], [0.06, 0.5], [0.18, 0.86], [0.5, 1.0], [0.82, 0.86], [0.94, 0.5], [0.82, 0.14]],
    strokes: &[Loop(&[0, 1, 2, 3, 4, 5, 6, 7])],
}];

const ONE: &[Glyph] = &[Glyph { points: &[[0.5, 0.0], [0.5, 0.5], [0.5, 1.0]], strokes: &[Curve(&[0, 1, 2])] }];

const TWO: &[Glyph] = &[
    Glyph {
        points: &[[0.1, 0.24], [0.4, 0.0], [0.82, 0.2], [0.62, 0.58], [0.08, 1.0], [0.95, 0.98]],
        strokes: &[Curve(&[0, 1, 2, 3, 4]), Line(&[4, 5])],
    },
    Glyph {
        points: &[
            [0.12, 0.2],
            [0.45, 0.0],
            [0.8, 0.2],
            [0.6, 0.6],
            [0.22, 0.95],
            [0.06, 0.84],
            [0.28, 0.78],
            [0.62, 0.94],
            [0.98, 0.86],
        ],
        strokes: &[Curve(&[0, 1, 2, 3, 4, 5, 6, 7, 8])],
    },
];

const THREE: &[Glyph] = &[Glyph {
    points: &[
        [0.14, 0.12],
        [0.5, 0.0],
        [0.82, 0.19],
        [0.68, 0.42],
        [0.36, 0.48],
        [0.74, 0.55],
        [0.88, 0.77],
        [0.55, 1.0],
        [0.1, 0.88],
    ],
    strokes: &[Curve(&[0, 1, 2, 3, 4]), Curve(&[4, 5, 6, 7, 8])],
}];

const FOUR: &[Glyph] = &[
    Glyph {
        points: &[[0.2, 0.02], [0.1, 0.56], [0.92, 0.52], [0.78, 0.06], [0.7, 1.0]],
        strokes: &[Line(&[0, 1, 2]), Line(&[3, 4])],
    },
    Glyph { points: &[[0.66, 1.0], [0.68, 0.0], [0.06, 0.66], [0.96, 0.64]], strokes: &[Line(&[0, 1, 2, 3])] },
];

const FIVE: &[Glyph] = &[Glyph {
    points: &[
        [0.88, 0.0],
        [0.26, 0.03],
        [0.2, 0.44],
        [0.55, 0.38],
        [0.86, 0.62],
        [0.7, 0.92],
        [0.36, 1.0],
        [0.08, 0.88],
    ],
    strokes: &[Line(&[0, 1, 2]), Curve(&[2, 3, 4, 5, 6, 7])],
}];

const SIX: &[Glyph] = &[Glyph {
    points: &[
        [0.72, 0.0],
        [0.36, 0.22],
        [0.14, 0.58],
        [0.18, 0.86],
        [0.48, 1.0],
        [0.82, 0.86],
        [0.78, 0.62],
        [0.48, 0.52],
        [0.17, 0.74],
    ],
    strokes: &[Curve(&[0, 1, 2, 3, 4, 5, 6, 7, 8])],
}];

const SEVEN: &[Glyph] = &[
    Glyph {
        points: &[[0.06, 0.06], [0.92, 0.03], [0.62, 0.46], [0.42, 1.0]],
        strokes: &[Line(&[0, 1]), Curve(&[1, 2, 3])],
    },
    Glyph {
        points: &[[0.06, 0.06], [0.92, 0.03], [0.62, 0.46], [0.42, 1.0], [0.28, 0.5], [0.86, 0.46]],
        strokes: &[Line(&[0, 1]), Curve(&[1, 2, 3]), Line(&[4, 5])],
    },
];

const EIGHT: &[Glyph] = &[Glyph {
    points: &[[0.5, 0.46], [0.2, 0.24], [0.5, 0.0], [0.8, 0.22], [0.14, 0.76], [0.5, 1.0], [0.86, 0.74]],
    strokes: &[Loop(&[0, 1, 2, 3, 0, 4, 5, 6])],
}];

const NINE: &[Glyph] = &[Glyph {
    points: &[[0.84, 0.22], [0.52, 0.0], [0.18, 0.18], [0.24, 0.42], [0.58, 0.46], [0.82, 0.6], [0.66, 1.0]],
    strokes: &[Curve(&[0, 1, 2, 3, 4, 0]), Curve(&[0, 5, 6])],
}];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stroke_goes_through_points_that_exist() {
        for glyph in GLYPHS.concat() {
            let mut used = vec![false; glyph.points.len()];
            for stroke in glyph.strokes {
                let (Line(indices) | Curve(indices) | Loop(indices)) = stroke;
                assert!(indices.len() >= 2);
                indices.iter().for_each(|&i| used[i] = true);
            }
            assert!(used.iter().all(|&used| used));
            assert!(glyph.points.iter().flatten().all(|v| (0.0..=1.0).contains(v)));
        }
    }
}
