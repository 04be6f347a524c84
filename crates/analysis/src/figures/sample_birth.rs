//! Samples being born: a page of a few moments, and a film.

use super::{Figure, spread};
use crate::observables::Transition;
use crate::plot::animation::{Animation, Frame};
use crate::plot::axes::LABEL_SIZE;
use crate::plot::drawing::{Align, At, Drawing, Rect, Stroke, TextStyle};
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, FAINT, GREY, INK, VERMILION};
use crate::plot::pixels::Grid;
use crate::plot::scatter::{cloud, extent, square_axes};
use crate::{AnalysisError, Frames, Points, Run};

/// Images in a row of the square that is shown, and rows.
const SIDE: usize = 4;
/// Moments on the page, and in a row of them.
const MOMENTS: usize = 8;
const COLUMNS: usize = 4;
/// Page units of the film's picture.
const PICTURE: f64 = 472.0;
/// Milliseconds that a film takes on its way, a frame takes at most, and the last one stays.
const WAY: usize = 6000;
const LONGEST: usize = 250;
const HOLD: u16 = 2500;

pub(super) struct SampleBirth;

impl Figure for SampleBirth {
    fn name(&self) -> &'static str {
        "sample_birth"
    }

    fn reading(&self) -> &'static str {
        "The same samples at a few moments on their way out of noise, t above each; the film beside it (.apng, for a browser) shows every step between: first nothing, then the class, then the details."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let Some(subject) = Subject::of(run) else { return Ok(None) };
        let moments = spread(&subject.frames.iter().collect::<Vec<_>>(), MOMENTS);
        let (gap, top) = (8.0, 24.0);
        let share = ((Page::WIDTH - 4.0 - gap * (COLUMNS - 1) as f64) / COLUMNS as f64).floor();
        let (width, height) = subject.size(share);
        let rows = moments.len().div_ceil(COLUMNS);
        let left = (Page::WIDTH - COLUMNS as f64 * (width + gap) + gap) / 2.0;
        let mut drawing = page.drawing(rows as f64 * (height + top + 4.0) + 8.0);
        for (i, (t, points)) in moments.iter().enumerate() {
            // Half units keep the pixels of the images on the pixels of the PNG.
            let x = (2.0 * (left + (i % COLUMNS) as f64 * (width + gap))).round() / 2.0;
            let y = top + (i / COLUMNS) as f64 * (height + top + 4.0);
            subject.picture(&mut drawing, Rect { x, y, width: share, height: share }, points);
            let style = TextStyle::new(LABEL_SIZE, INK).aligned(Align::Middle);
            drawing.text((x + width / 2.0, y - 7.0), format!("t = {t}"), style);
        }
        Ok(Some(drawing))
    }

    fn animate(&self, run: &Run, page: &Page) -> Result<Option<Animation>, AnalysisError> {
        let Some(subject) = Subject::of(run) else { return Ok(None) };
        let count = subject.frames.iter().len();
        let pace = (WAY / count.max(1)).min(LONGEST) as u16;
        let top = 10.0;
        let mut background = page.drawing(top + PICTURE + 6.0);
        let place = Rect { x: 10.0, y: top, width: PICTURE, height: PICTURE };
        let panel = Panel::of(run, Rect { x: 510.0, y: top, width: 190.0, height: PICTURE });
        panel.scale(&mut background);
        let frames = subject.frames.iter().enumerate().map(|(i, (t, points))| {
            let mut drawing = Drawing::new(background.width, background.height);
            subject.picture(&mut drawing, place, points);
            panel.now(&mut drawing, t);
            Frame { shapes: drawing.shapes, milliseconds: if i + 1 == count { HOLD } else { pace } }
        });
        let frames = frames.collect();
        Ok(Some(Animation { page: background, frames }))
    }
}

/// What is being born: images, or points in the plane over the data.
struct Subject<'a> {
    frames: &'a Frames,
    image: Option<[usize; 2]>,
    extent: f64,
    backdrop: Option<&'a Points>,
}

impl<'a> Subject<'a> {
    fn of(run: &'a Run) -> Option<Self> {
        let frames = run.birth.as_ref().filter(|_| run.facts.image.is_some() || run.facts.dim == 2)?;
        let backdrop = run.trajectories.real.as_ref().filter(|_| run.facts.image.is_none());
        let extent = extent(frames.iter().map(|(_, points)| points).chain(backdrop));
        Some(Self { frames, image: run.facts.image, extent, backdrop })
    }

    /// The side of an image's pixel in a square of side `share`.
    fn cell(image: [usize; 2], share: f64) -> f64 {
        let [height, width] = image;
        let grid = Grid { image, columns: SIDE, gap: 1 };
        grid.cell(share).min(grid.cell(share * width as f64 / height as f64))
    }

    /// Width and height of a state drawn into a square of side `share`.
    fn size(&self, share: f64) -> (f64, f64) {
        let Some(image) = self.image else { return (share, share) };
        let side = |pixels: usize| (SIDE * (pixels + 1) - 1) as f64 * Self::cell(image, share);
        (side(image[1]), side(image[0]))
    }

    /// Draws one state into the square `place`.
    fn picture(&self, drawing: &mut Drawing, place: Rect, points: &Points) {
        match self.image {
            Some(image) => {
                let grid = Grid { image, columns: SIDE, gap: 1 };
                let pixels = grid.render(points.rows().take(SIDE * SIDE).map(Some));
                drawing.image((place.x, place.y), pixels, Self::cell(image, place.width));
            }
            None => {
                let axes = square_axes(place, self.extent);
                if let Some(real) = self.backdrop {
                    cloud(drawing, &axes, real, 1.5, FAINT);
                }
                cloud(drawing, &axes, points, if place.width > 300.0 { 1.2 } else { 0.8 }, BLUE);
                drawing.outline(axes.frame, Stroke::solid(INK, 0.8));
            }
        }
    }
}

/// The time beside the picture: a scale from T down to 0.
struct Panel {
    place: Rect,
    last: f64,
    speciation: Option<f64>,
}

impl Panel {
    const BAR: f64 = 96.0;

    fn of(run: &Run, place: Rect) -> Self {
        let speciation = run.predicted(Transition::Speciation);
        Self { place, last: run.facts.timesteps.max(1) as f64, speciation }
    }

    /// Where t lies on the scale, noise at the upper end.
    fn at(&self, t: f64) -> At {
        let place = self.place.inset(0.0, Self::BAR, 0.0, 40.0);
        (place.x + 16.0, place.y + place.height * (1.0 - (t / self.last).clamp(0.0, 1.0)))
    }

    /// The scale itself.
    fn scale(&self, drawing: &mut Drawing) {
        let style = TextStyle::new(LABEL_SIZE, GREY);
        drawing.line(self.at(self.last), self.at(0.0), Stroke::solid(FAINT, 3.0));
        for (t, label) in [(self.last, format!("t = {}: noise", self.last)), (0.0, "t = 0: samples".to_owned())] {
            let (x, y) = self.at(t);
            drawing.text((x + 16.0, y + 0.36 * LABEL_SIZE), label, style);
        }
        if let Some(t) = self.speciation {
            let (x, y) = self.at(t);
            drawing.line((x - 8.0, y), (x + 8.0, y), Stroke::solid(VERMILION, 1.6));
            let label = format!("speciation, t = {t:.0}");
            drawing.text((x + 16.0, y + 0.36 * LABEL_SIZE), label, TextStyle::new(LABEL_SIZE, VERMILION));
        }
    }

    /// Where the chain is.
    fn now(&self, drawing: &mut Drawing, t: f32) {
        drawing.text((self.place.x, self.place.y + 40.0), format!("t = {t}"), TextStyle::new(30.0, INK).bold());
        drawing.line(self.at(self.last), self.at(f64::from(t)), Stroke::solid(BLUE, 3.0));
        drawing.dots(vec![self.at(f64::from(t))], 5.5, BLUE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::fabricated;

    #[test]
    fn the_film_has_a_frame_for_every_time_and_holds_the_last() {
        for (dir, count) in [(fabricated::images(), 5), (fabricated::swiss_roll(), 4)] {
            let run = Run::read(dir.path()).unwrap();
            let page = Page::new(&run.facts).unwrap();
            let film = SampleBirth.animate(&run, &page).unwrap().unwrap();
            assert_eq!(film.frames.len(), count);
            let (last, others) = film.frames.split_last().unwrap();
            assert!(others.iter().all(|frame| frame.milliseconds == LONGEST as u16) && last.milliseconds == HOLD);
            assert!(SampleBirth.draw(&run, &page).unwrap().unwrap().to_svg().unwrap().contains(">t = 20<"));
        }
        let page = Page::new(&fabricated::facts(None, 2)).unwrap();
        assert!(SampleBirth.animate(&fabricated::empty(), &page).unwrap().is_none());
    }
}
