//! Lines of text with mathematics: subscripts, superscripts, hats, roots, bold words.

use super::drawing::{At, Drawing, Stroke, TextStyle};
use super::font::text_width;
use super::palette::Rgb;

/// Size of a script relative to its line.
const SCRIPT: f64 = 0.72;

/// A part of a line.
#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text { text: String, bold: bool },
    Below(Vec<Piece>),
    Above(Vec<Piece>),
    Hat(char),
    Root(Vec<Piece>),
}

/// A line of text; `_{..}` lowers, `^{..}` raises, `√{..}` roots, `*..*` is bold, and U+0302 puts a hat on the character
/// before it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Formula(Vec<Piece>);

impl Formula {
    /// The line that `markup` describes.
    pub(crate) fn of(markup: &str) -> Self {
        Self(parse(&mut markup.chars().peekable(), false))
    }

    /// Its width for an em of `size`.
    pub(crate) fn width(&self, size: f64) -> f64 {
        self.0.iter().map(|piece| width(piece, size)).sum()
    }

    /// Draws it from `at` on the baseline.
    pub(crate) fn draw(&self, drawing: &mut Drawing, at: At, size: f64, color: Rgb) {
        draw(drawing, &self.0, at, size, color);
    }
}

/// The pieces up to the end, or up to the brace that closes a group.
fn parse(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, inside: bool) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut bold = false;
    let flush = |text: &mut String, bold: bool, pieces: &mut Vec<Piece>| {
        if !text.is_empty() {
            pieces.push(Piece::Text { text: std::mem::take(text), bold });
        }
    };
    while let Some(c) = chars.next() {
        match c {
            '}' if inside => break,
            '*' => {
                flush(&mut text, bold, &mut pieces);
                bold = !bold;
            }
            '_' | '^' | '√' if chars.peek() == Some(&'{') => {
                chars.next();
                flush(&mut text, bold, &mut pieces);
                let group = parse(chars, true);
                pieces.push(match c {
                    '_' => Piece::Below(group),
                    '^' => Piece::Above(group),
                    _ => Piece::Root(group),
                });
            }
            '\u{302}' => {
                if let Some(below) = text.pop() {
                    flush(&mut text, bold, &mut pieces);
                    pieces.push(Piece::Hat(below));
                }
            }
            c => text.push(c),
        }
    }
    flush(&mut text, bold, &mut pieces);
    pieces
}

fn width(piece: &Piece, size: f64) -> f64 {
    let all = |pieces: &[Piece], size: f64| pieces.iter().map(|piece| width(piece, size)).sum::<f64>();
    match piece {
        Piece::Text { text, bold } => text_width(text, size, *bold),
        Piece::Below(inner) | Piece::Above(inner) => all(inner, SCRIPT * size) + 0.04 * size,
        Piece::Hat(c) => text_width(&c.to_string(), size, false),
        Piece::Root(inner) => text_width("√", size, false) + all(inner, size) + 0.06 * size,
    }
}

/// Draws the pieces one after the other; returns the x behind them.
fn draw(drawing: &mut Drawing, pieces: &[Piece], (x, y): At, size: f64, color: Rgb) -> f64 {
    let mut x = x;
    for piece in pieces {
        let start = x;
        x += width(piece, size);
        let style = TextStyle::new(size, color);
        match piece {
            Piece::Text { text, bold } => {
                let style = if *bold { style.bold() } else { style };
                // Renderers drop spaces at the ends of a text.
                let indent = text.len() - text.trim_start().len();
                let from = start + text_width(&text[..indent], size, *bold);
                drawing.text((from, y), text.trim(), style);
            }
            Piece::Below(inner) => {
                draw(drawing, inner, (start, y + 0.22 * size), SCRIPT * size, color);
            }
            Piece::Above(inner) => {
                draw(drawing, inner, (start, y - 0.36 * size), SCRIPT * size, color);
            }
            Piece::Hat(c) => {
                drawing.text((start, y), c.to_string(), style);
                // Drawn: renderers do not agree on combining accents.
                let (middle, foot) = ((start + x) / 2.0, y - 0.61 * size);
                let top = (middle, foot - 0.14 * size);
                let hat = vec![(middle - 0.15 * size, foot), top, (middle + 0.15 * size, foot)];
                drawing.path(hat, Stroke::solid(color, 0.075 * size));
            }
            Piece::Root(inner) => {
                drawing.text((start, y), "√", style);
                let from = start + text_width("√", size, false);
                let end = draw(drawing, inner, (from, y), size, color);
                let bar = y - 0.93 * size;
                drawing.line((from - 0.03 * size, bar), (end + 0.02 * size, bar), Stroke::solid(color, 0.07 * size));
            }
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::palette::INK;

    #[test]
    fn markup_becomes_pieces() {
        let text = |text: &str, bold| Piece::Text { text: text.to_owned(), bold };
        let formula = Formula::of("*for* √{1 − ᾱ_{t}} ε\u{302}_{t}^{2} a*b");
        let expected = [
            text("for", true),
            text(" ", false),
            Piece::Root(vec![text("1 − ᾱ", false), Piece::Below(vec![text("t", false)])]),
            text(" ", false),
            Piece::Hat('ε'),
            Piece::Below(vec![text("t", false)]),
            Piece::Above(vec![text("2", false)]),
            text(" a", false),
            text("b", true),
        ];
        assert_eq!(formula.0, expected);
        // A brace that is never closed, one that closes nothing, and marks of groups without one are survived.
        for odd in ["_{a", "a}", "√ _ ^", "\u{302}", "**"] {
            assert!(Formula::of(odd).width(10.0) >= 0.0);
        }
    }

    #[test]
    fn a_line_is_as_wide_as_its_parts() {
        let plain = text_width("ab", 10.0, false);
        assert!((Formula::of("ab").width(10.0) - plain).abs() < 1e-12);
        assert!(Formula::of("a_{b}").width(10.0) < plain);
        let mut drawing = Drawing::new(100.0, 20.0);
        Formula::of("a_{b}√{c}e\u{302}").draw(&mut drawing, (0.0, 10.0), 10.0, INK);
        let svg = drawing.to_svg().unwrap();
        assert_eq!((svg.matches("<text").count(), svg.matches("<polyline").count()), (5, 2));
    }
}
