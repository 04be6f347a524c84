//! Colours that stay apart for colour-blind readers and in greyscale.

/// Red, green, blue.
pub(crate) type Rgb = (u8, u8, u8);

/// Text and frames.
pub(crate) const INK: Rgb = (26, 26, 26);
/// Secondary text.
pub(crate) const GREY: Rgb = (105, 105, 105);
/// Grid lines.
pub(crate) const LIGHT: Rgb = (226, 226, 226);
/// Points and areas that stand behind others.
pub(crate) const FAINT: Rgb = (196, 196, 196);
/// The page.
pub(crate) const PAPER: Rgb = (255, 255, 255);

/// Blue of the Okabe-Ito palette (Okabe and Ito 2008): measured on test data, generated.
pub(crate) const BLUE: Rgb = (0, 114, 178);
/// Its orange: measured on training data.
pub(crate) const ORANGE: Rgb = (230, 159, 0);
/// Its vermilion: bounds and warnings.
pub(crate) const VERMILION: Rgb = (213, 94, 0);

/// Its bluish green: a second measurement.
pub(crate) const GREEN: Rgb = (0, 158, 115);
/// Its reddish purple: a third one.
pub(crate) const PURPLE: Rgb = (204, 121, 167);
/// Its sky blue.
pub(crate) const SKY: Rgb = (86, 180, 233);

/// The colour of a class by its rank.
pub(crate) fn class_color(rank: usize) -> Rgb {
    const COLORS: [Rgb; 6] = [BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY];
    COLORS[rank % COLORS.len()]
}

/// The same hue near the page's white, for bands behind a curve.
pub(crate) fn lighter((r, g, b): Rgb) -> Rgb {
    let mix = |c: u8| (255.0 - 0.22 * (255.0 - f64::from(c))).round() as u8;
    (mix(r), mix(g), mix(b))
}

/// Anchors of viridis (Smith and van der Walt 2015), without the yellow end that is too light on white.
const VIRIDIS: [Rgb; 8] = [
    (68, 1, 84),
    (71, 44, 122),
    (59, 81, 139),
    (44, 113, 142),
    (33, 144, 141),
    (39, 173, 129),
    (92, 200, 99),
    (147, 210, 60),
];

/// `count` colours from dark to light, for a quantity that grows.
pub(crate) fn sequence(count: usize) -> Vec<Rgb> {
    (0..count).map(|i| viridis(if count < 2 { 0.0 } else { i as f64 / (count - 1) as f64 })).collect()
}

/// The colour of a share between 0 (the page) and 1 (the dark end) in a map of densities; the root lifts faint tails.
pub(crate) fn shade(share: f64) -> Rgb {
    let share = share.clamp(0.0, 1.0).sqrt();
    let (r, g, b) = viridis(1.0 - share);
    // The light end fades into the page.
    let weight = (4.0 * share).min(1.0);
    let mix = |c: u8| (255.0 - weight * (255.0 - f64::from(c))).round() as u8;
    (mix(r), mix(g), mix(b))
}

fn viridis(position: f64) -> Rgb {
    let scaled = position.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let low = (scaled as usize).min(VIRIDIS.len() - 2);
    let (a, b, w) = (VIRIDIS[low], VIRIDIS[low + 1], scaled - low as f64);
    let mix = |a: u8, b: u8| (f64::from(a) + w * (f64::from(b) - f64::from(a))).round() as u8;
    (mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lightness((r, g, b): Rgb) -> f64 {
        0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b)
    }

    #[test]
    fn a_sequence_grows_lighter_so_that_it_survives_greyscale() {
        let colors = sequence(6);
        assert!(colors.windows(2).all(|pair| lightness(pair[1]) > lightness(pair[0]) + 15.0));
        assert_eq!(sequence(1), [VIRIDIS[0]]);
    }

    #[test]
    fn a_map_grows_darker_with_density() {
        let shades: Vec<Rgb> = (0..=10).map(|i| shade(f64::from(i) / 10.0)).collect();
        assert!(shades.windows(2).all(|pair| lightness(pair[1]) < lightness(pair[0])));
        assert_eq!((shades[0], shades[10]), (PAPER, VIRIDIS[0]));
    }
}
