//! Images turned back at several times: x0, x_u and several independent ways home.

use super::Figure;
use crate::plot::axes::{LABEL_SIZE, TICK_SIZE};
use crate::plot::drawing::{Align, At, Drawing, Rect, Stroke, TextStyle};
use crate::plot::font::text_width;
use crate::plot::formula::Formula;
use crate::plot::page::Page;
use crate::plot::palette::{INK, VERMILION};
use crate::plot::pixels::Grid;
use crate::{AnalysisError, Points, Reconstruction, ReconstructionRow, Run, Split};

/// Rows of each split and reversals, at most.
const ROWS: usize = 2;
const REVERSALS: usize = 10;
/// Pixels between images, where the frames of those that changed class are drawn.
const GAP: usize = 2;
/// Page units: above the first block, between x_u and the reversals, below a block.
const TOP: f64 = 40.0;
const SPACING: f64 = 12.0;
const CAPTION: f64 = 34.0;
/// Height of all blocks beyond which images are drawn smaller.
const TALLEST: f64 = 1120.0;

pub(super) struct Reconstructions;

impl Figure for Reconstructions {
    fn name(&self) -> &'static str {
        "reconstruction"
    }

    fn reading(&self) -> &'static str {
        "Test and training images x0 noised to x_u and taken back by independent reverse chains, for several u; framed ones changed class, and under each block stands the share of reversals that do: below the speciation time next to none, far above it as many as chance gives."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let all = &run.trajectories.reconstructions;
        let (Some(image), Some(first)) = (run.facts.image, all.first()) else { return Ok(None) };
        let layout = Layout::of(image, first, all.len());
        let mut drawing = page.drawing(TOP + all.len() as f64 * layout.step());
        layout.header(&mut drawing, all.iter().any(|back| !back.changed.is_empty()));
        for (i, back) in all.iter().enumerate() {
            let top = TOP + i as f64 * layout.step();
            layout.block(&mut drawing, top, back);
            let text = caption(back.t, &run.reconstructions);
            let below = top + layout.height() + 17.0;
            drawing.text((layout.left, below), text, TextStyle::new(TICK_SIZE, INK));
        }
        Ok(Some(drawing))
    }
}

/// Where the images of every block lie.
struct Layout {
    image: [usize; 2],
    /// Indices of the points in the rows of a block, with the split of each.
    rows: Vec<(usize, Split)>,
    reversals: usize,
    cell: f64,
    left: f64,
}

impl Layout {
    fn of(image: [usize; 2], first: &Reconstruction, blocks: usize) -> Self {
        let of = |training: bool, split: Split| {
            let own = (0..first.training.len()).filter(move |&i| first.training[i] == training);
            own.take(ROWS).map(move |i| (i, split))
        };
        let rows = of(false, Split::Test).chain(of(true, Split::Train)).collect();
        let reversals = first.x0_hat.iter().map(Points::len).min().unwrap_or(0).min(REVERSALS);
        let mut layout = Self { image, rows, reversals, cell: 1.5, left: 0.0 };
        let widest = Grid { image, columns: 2 + reversals, gap: GAP }.cell(Page::WIDTH - SPACING - 40.0);
        let fits = |layout: &Self| blocks as f64 * layout.step() <= TALLEST;
        layout.cell = widest.min(2.0);
        while !fits(&layout) && layout.cell > 1.0 {
            layout.cell -= 0.5;
        }
        layout.left = ((Page::WIDTH - layout.width()) / 2.0).round() + 8.0;
        layout
    }

    /// From the left edge of one image to that of the next.
    fn pitch(&self) -> f64 {
        (self.image[1] + GAP) as f64 * self.cell
    }

    fn width(&self) -> f64 {
        (2 + self.reversals) as f64 * self.pitch() - GAP as f64 * self.cell + SPACING
    }

    fn height(&self) -> f64 {
        self.rows.len() as f64 * (self.image[0] + GAP) as f64 * self.cell - GAP as f64 * self.cell
    }

    fn step(&self) -> f64 {
        self.height() + CAPTION
    }

    /// The upper left corner of the image in a row and a column, x0 and x_u being the first two columns.
    fn corner(&self, top: f64, row: usize, column: usize) -> At {
        let shift = if column < 2 { 0.0 } else { SPACING };
        let x = self.left + column as f64 * self.pitch() + shift;
        (x, top + row as f64 * (self.image[0] + GAP) as f64 * self.cell)
    }

    fn header(&self, drawing: &mut Drawing, marked: bool) {
        let half = self.image[1] as f64 * self.cell / 2.0;
        for (column, label) in ["x_{0}", "x_{u}"].map(Formula::of).iter().enumerate() {
            let x = self.corner(TOP, 0, column).0 + half - label.width(TICK_SIZE) / 2.0;
            label.draw(drawing, (x, TOP - 8.0), TICK_SIZE, INK);
        }
        let (start, end) = (self.corner(TOP, 0, 2).0, self.left + self.width());
        drawing.text((start, TOP - 8.0), "independent reversals", TextStyle::new(TICK_SIZE, INK));
        if marked {
            let label = "the class changed";
            let x = end - text_width(label, TICK_SIZE, false);
            drawing.text((x, TOP - 8.0), label, TextStyle::new(TICK_SIZE, INK));
            let sample = Rect { x: x - 18.0, y: TOP - 18.0, width: 11.0, height: 11.0 };
            drawing.outline(sample, Stroke::solid(VERMILION, 1.8));
        }
    }

    fn block(&self, drawing: &mut Drawing, top: f64, back: &Reconstruction) {
        for (row, &(i, _)) in self.rows.iter().enumerate() {
            let own = [back.x0.row(i), back.xt.row(i)].into_iter();
            let ends = (0..self.reversals).map(|j| back.x0_hat.get(i).and_then(|set| set.row(j)));
            for (column, shown) in own.chain(ends).enumerate() {
                let pixels = Grid { image: self.image, columns: 1, gap: 0 }.render([shown]);
                drawing.image(self.corner(top, row, column), pixels, self.cell);
            }
            let marks = back.changed.get(i).into_iter().flatten().take(self.reversals);
            for (j, _) in marks.enumerate().filter(|(_, changed)| **changed) {
                let (x, y) = self.corner(top, row, 2 + j);
                let [height, width] = self.image.map(|side| side as f64 * self.cell);
                let half = 0.45 * self.cell;
                let frame = Rect { x, y, width, height }.inset(-half, -half, -half, -half);
                drawing.outline(frame, Stroke::solid(VERMILION, 0.9 * self.cell));
            }
        }
        self.name_rows(drawing, top);
    }

    /// The splits beside their rows, written upwards.
    fn name_rows(&self, drawing: &mut Drawing, top: f64) {
        for (split, name) in [(Split::Test, "test"), (Split::Train, "training")] {
            let own = || self.rows.iter().enumerate().filter(|(_, (_, of))| *of == split).map(|(row, _)| row);
            let (Some(first), Some(last)) = (own().next(), own().next_back()) else { continue };
            let bottom = self.corner(top, last, 0).1 + self.image[0] as f64 * self.cell;
            let middle = (self.corner(top, first, 0).1 + bottom) / 2.0;
            let style = TextStyle::new(LABEL_SIZE - 1.0, INK).aligned(Align::Middle).upwards();
            drawing.text((self.left - 7.0, middle), name, style);
        }
    }
}

/// `u = 575: 18% of reversals change class (15–21%, 100 test images); 17% (14–20%, 100 training images)`.
fn caption(u: f32, rows: &[ReconstructionRow]) -> String {
    let own: Vec<&ReconstructionRow> = rows.iter().filter(|row| row.u as f32 == u).collect();
    if own.is_empty() {
        return format!("u = {u}");
    }
    let said = own.iter().enumerate().map(|(i, row)| {
        let images = match row.split {
            Split::Train => "training images",
            _ => "test images",
        };
        // The interval of none among resampled images would be empty.
        if row.changed == 0.0 {
            let none = if i == 0 { "no reversal changes class" } else { "none" };
            return format!("{none} ({} {images})", row.images);
        }
        let what = if i == 0 { " of reversals change class" } else { "" };
        let interval = format!("{}–{}%", percent(row.low), percent(row.high));
        format!("{}%{what} ({interval}, {} {images})", percent(row.changed), row.images)
    });
    format!("u = {u}: {}", said.collect::<Vec<_>>().join("; "))
}

/// A share in per cent, with a decimal below one.
fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent > 0.0 && percent < 0.95 { format!("{percent:.1}") } else { format!("{percent:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::fabricated;

    #[test]
    fn captions_say_shares_with_their_intervals() {
        let row = |u, split, changed| ReconstructionRow {
            u,
            split,
            images: 100,
            reversals: 10,
            changed,
            low: changed - 0.03,
            high: changed + 0.03,
        };
        let rows = [row(5, Split::Test, 0.18), row(7, Split::Test, 0.511), row(7, Split::Train, 0.05)];
        assert_eq!(caption(5.0, &rows), "u = 5: 18% of reversals change class (15–21%, 100 test images)");
        let both = "u = 7: 51% of reversals change class (48–54%, 100 test images); 5% (2–8%, 100 training images)";
        assert_eq!(caption(7.0, &rows), both);
        let none = [row(3, Split::Test, 0.0), ReconstructionRow { low: 0.0, ..row(3, Split::Train, 0.004) }];
        let said = "u = 3: no reversal changes class (100 test images); 0.4% (0–3%, 100 training images)";
        assert_eq!(caption(3.0, &none), said);
        assert_eq!(caption(9.0, &rows), "u = 9");
    }

    #[test]
    fn every_image_has_its_place_and_those_that_changed_have_a_frame() {
        let dir = fabricated::images();
        let run = Run::read(dir.path()).unwrap();
        let page = Page::new(&run.facts).unwrap();
        let svg = Reconstructions.draw(&run, &page).unwrap().unwrap().to_svg().unwrap();
        // Two times, four rows, twelve columns.
        assert_eq!(svg.matches("<image ").count(), 2 * 4 * 12);
        let marks: usize = run
            .trajectories
            .reconstructions
            .iter()
            .flat_map(|back| back.changed.iter().flatten())
            .filter(|m| **m)
            .count();
        // One frame more in the header.
        assert_eq!(svg.matches("stroke=\"#d55e00\"").count(), marks + 1);
        assert!(svg.contains("u = 58: 20% of reversals change class (18–24%, 100 test images); 18% (16–22%"), "{svg}");
    }
}
