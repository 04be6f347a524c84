//! The embedded fonts: DejaVu Sans, so that a figure looks the same on a machine without fonts.

use std::sync::OnceLock;

use ab_glyph::{Font, FontRef, PxScale, point};

use crate::AnalysisError;

/// The family, as SVG names it: the embedded font and what a viewer without it falls back to.
pub(crate) const FAMILY: &str = "DejaVu Sans, sans-serif";

static REGULAR: &[u8] = include_bytes!("../../assets/DejaVuSans.ttf");
static BOLD: &[u8] = include_bytes!("../../assets/DejaVuSans-Bold.ttf");

/// The regular or the bold face, parsed once.
fn face(bold: bool) -> Option<&'static FontRef<'static>> {
    static FACES: OnceLock<[Option<FontRef<'static>>; 2]> = OnceLock::new();
    let [regular, heavy] = FACES.get_or_init(|| [REGULAR, BOLD].map(|bytes| FontRef::try_from_slice(bytes).ok()));
    if bold { heavy.as_ref() } else { regular.as_ref() }
}

/// Whether both faces can be used.
///
/// # Errors
/// [`AnalysisError::Render`] when one is damaged.
pub(crate) fn check() -> Result<(), AnalysisError> {
    match (face(false), face(true)) {
        (Some(_), Some(_)) => Ok(()),
        _ => Err(AnalysisError::Render { reason: "the embedded fonts are damaged".to_owned() }),
    }
}

/// Units of the font's design grid in an em.
fn units_per_em(face: &FontRef<'_>) -> f32 {
    face.units_per_em().unwrap_or(2048.0)
}

/// Width of `text` for an em of `size`.
pub(crate) fn text_width(text: &str, size: f64, bold: bool) -> f64 {
    let Some(face) = face(bold) else { return 0.0 };
    let units: f32 = text.chars().map(|c| face.h_advance_unscaled(face.glyph_id(c))).sum();
    f64::from(units / units_per_em(face)) * size
}

/// Calls `ink(x, y, coverage)` for every pixel that `text` touches, level, for an em of `size` pixels, (0, 0) at the
/// beginning of its baseline and y downwards.
pub(crate) fn rasterise(text: &str, size: f64, bold: bool, mut ink: impl FnMut(i32, i32, f32)) {
    let Some(face) = face(bold) else { return };
    let em = size as f32 / units_per_em(face);
    // The library sizes a font by its line height.
    let scale = PxScale::from(em * face.height_unscaled());
    let mut pen = 0.0;
    for c in text.chars() {
        let id = face.glyph_id(c);
        if let Some(outline) = face.outline_glyph(id.with_scale_and_position(scale, point(pen, 0.0))) {
            let corner = outline.px_bounds().min;
            outline.draw(|x, y, coverage| ink(corner.x as i32 + x as i32, corner.y as i32 + y as i32, coverage));
        }
        pen += em * face.h_advance_unscaled(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        check().unwrap();
        // The advance of a DejaVu Sans digit is 1303 / 2048 em.
        assert!((text_width("0000", 10.0, false) - 4.0 * 10.0 * 1303.0 / 2048.0).abs() < 1e-4);
        assert!(text_width("alpha", 10.0, true) > text_width("alpha", 10.0, false));
    }

    #[test]
    fn every_glyph_the_figures_use_is_in_the_font() {
        let face = face(false).unwrap();
        let used = "ᾱβεησλ←√…–xₜ₀₁₂⁻⁰¹²³⁴⁵⁶⁷⁸⁹−×·{}/κφ";
        let missing: String = used.chars().filter(|&c| face.glyph_id(c).0 == 0).collect();
        assert_eq!(missing, "");
    }

    #[test]
    fn capitals_stand_on_the_baseline_and_are_as_high_as_the_font_says() {
        let (mut top, mut bottom) = (0, 0);
        rasterise("H", 100.0, false, |_, y, coverage| {
            if coverage > 0.5 {
                (top, bottom) = (top.min(y), bottom.max(y + 1));
            }
        });
        // The height of a DejaVu Sans capital is 1493 / 2048 em.
        assert_eq!((top, bottom), (-73, 0));
    }
}
