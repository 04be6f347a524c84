//! Mean images of the data and of the samples, and their profiles.

use super::Figure;
use crate::plot::axes::{Axes, Axis, LABEL_SIZE, Scale, TICK_SIZE, bounds};
use crate::plot::drawing::{Align, Dash, Drawing, Rect, Stroke, TextStyle};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, INK, lighter};
use crate::plot::pixels::Grid;
use crate::{Along, AnalysisError, MeanImages, Origin, ProfileRow, Run};

/// Page units above an image, for its name.
const NAME: f64 = 20.0;
/// Height of the panels of profiles.
const PANEL: f64 = 236.0;
/// Largest side of an image's pixel.
const LARGEST: f64 = 4.0;

pub(super) struct MeanImage;

impl Figure for MeanImage {
    fn name(&self) -> &'static str {
        "mean_image"
    }

    fn reading(&self) -> &'static str {
        "The mean training image, that of each class and that of the samples, and below the mean grey level of each column and each row of pixels with its 95% band: where the bands of samples and training images part, the chain puts its ink in other places or classes in other shares."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let (Some(image), Some(means)) = (run.facts.image, &run.means) else { return Ok(None) };
        let images = named(means, &run.facts.classes);
        let grid = Grid { image, columns: 1, gap: 0 };
        let share = ((Page::WIDTH - 8.0) / images.len() as f64 - 12.0).max(1.0);
        let cell = grid.cell(share).min(LARGEST);
        let [height, width] = image.map(|side| side as f64 * cell);
        let top = 8.0 + NAME;
        let below = top + height + 14.0;
        let panels = if run.profiles.is_empty() { 0.0 } else { PANEL + 24.0 };
        let mut drawing = page.drawing(below + panels);
        let step = (Page::WIDTH - 8.0) / images.len() as f64;
        for (i, (name, mean)) in images.into_iter().enumerate() {
            let middle = 4.0 + (i as f64 + 0.5) * step;
            let size = if step < 76.0 { TICK_SIZE } else { LABEL_SIZE };
            drawing.text((middle, top - 7.0), name, TextStyle::new(size, INK).aligned(Align::Middle));
            drawing.image(((middle - width / 2.0).round(), top), grid.render([Some(mean)]), cell);
        }
        if panels > 0.0 {
            profiles(&mut drawing, &run.profiles, below);
        }
        Ok(Some(drawing))
    }
}

/// The images in the order of the page, with their names.
fn named<'a>(means: &'a MeanImages, labels: &[u8]) -> Vec<(String, &'a [f32])> {
    let classes: Vec<&[f32]> = means.classes.iter().flat_map(|points| points.rows()).collect();
    let many = classes.len() > 4;
    let all = means.train.row(0).map(|row| (if many { "all" } else { "training set" }.to_owned(), row));
    let of_class = |(i, row): (usize, &'a [f32])| {
        let label = labels.get(i).map_or_else(|| (i + 1).to_string(), u8::to_string);
        (if many { label } else { format!("class {label}") }, row)
    };
    // The mean of a single class is that of the whole.
    let classes = classes.into_iter().enumerate().map(of_class).filter(|_| labels.len() > 1);
    let generated = means.generated.row(0).map(|row| (if many { "samples" } else { "generated" }.to_owned(), row));
    all.into_iter().chain(classes).chain(generated).collect()
}

/// Both profiles side by side on one scale.
fn profiles(drawing: &mut Drawing, rows: &[ProfileRow], top: f64) {
    let styles = [
        (Origin::Real, "training set", Stroke::solid(INK, 1.4).dashed(Dash::Long)),
        (Origin::Generated, "generated", Stroke::solid(BLUE, 1.8)),
    ];
    let entries: Vec<Entry> =
        styles.iter().map(|(_, label, stroke)| Entry::line(format!("{label}, 95% band"), *stroke)).collect();
    let below = legend(drawing, (Axes::LEFT, top), Page::WIDTH - Axes::LEFT, &entries);
    let Some((low, high)) = bounds(rows.iter().flat_map(|row| [row.low, row.high])) else { return };
    let margin = 0.06 * (high - low);
    let half = Page::WIDTH / 2.0;
    for (i, (along, label)) in
        [(Along::Columns, "column of pixels"), (Along::Rows, "row of pixels")].into_iter().enumerate()
    {
        let outer = Rect { x: i as f64 * half, y: below, width: half, height: PANEL };
        let last = rows.iter().filter(|row| row.along == along).map(|row| row.pixel).max().unwrap_or(0);
        let y = Axis::new("mean pixel value", Scale::Linear, low - margin, high + margin);
        let axes = Axes {
            frame: outer.inset(Axes::LEFT, 6.0, Axes::RIGHT, Axes::BELOW),
            x: Axis::counting(label, 0, last),
            y: if i == 0 { y } else { y.unlabelled() },
        };
        let own = |split| rows.iter().filter(move |row| row.along == along && row.split == split);
        for (split, _, stroke) in styles {
            let ends: Vec<_> = own(split).map(|row| (row.pixel as f64, row.low, row.high)).collect();
            axes.band(drawing, &ends, lighter(stroke.color));
        }
        axes.draw(drawing);
        for (split, _, stroke) in styles {
            axes.line(drawing, &own(split).map(|row| (row.pixel as f64, row.mean)).collect::<Vec<_>>(), stroke);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Points;
    use crate::figures::fabricated;

    #[test]
    fn every_mean_has_its_name_and_its_place() {
        let dir = fabricated::images();
        let run = Run::read(dir.path()).unwrap();
        let page = Page::new(&run.facts).unwrap();
        let svg = MeanImage.draw(&run, &page).unwrap().unwrap().to_svg().unwrap();
        assert_eq!(svg.matches("<image ").count(), 4);
        for name in [">training set<", ">class 1<", ">class 3<", ">generated<", ">row of pixels<", ">column of pixels<"]
        {
            assert_eq!(svg.matches(name).count(), 1, "{name}");
        }
        let ten = Points::new(vec![0.0; 10 * 784], 784).unwrap();
        let means = MeanImages { classes: Some(ten), ..run.means.clone().unwrap() };
        let names: Vec<String> =
            named(&means, &(0..10).collect::<Vec<_>>()).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names.join(" "), "all 0 1 2 3 4 5 6 7 8 9 samples");
        assert_eq!(named(&means, &[4]).len(), 2);
    }
}
