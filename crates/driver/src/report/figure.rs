//! Figures: inside the page, each with its sentence and the way to the numbers it draws.

use analysis::figures;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use super::places::{Part, place};
use super::source::{Checked, Source};
use crate::DriverError;
use crate::html as common;

/// Bytes of an SVG up to which it is taken whatever the PNG's size: letters that can be found and enlarged.
const SMALL: usize = 300_000;

/// How a figure stands in the page.
pub(super) enum Picture {
    /// The SVG document.
    Drawn(String),
    /// The PNG file in base64: images of thousands of points or pixels.
    Pixels(String),
}

/// A figure of the run.
pub(super) struct Pictured {
    pub(super) name: &'static str,
    /// What it shows and how to read it.
    pub(super) reading: &'static str,
    pub(super) picture: Picture,
    pub(super) part: Part,
    /// The files that it draws, its own table first.
    files: Vec<String>,
}

/// The figures that the run has.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn read(checked: &mut Checked<'_>) -> Result<Vec<Pictured>, DriverError> {
    let mut found = Vec::new();
    for figure in figures() {
        let name = figure.name();
        let Some(picture) = picture(name, checked)? else { continue };
        let (part, mut files) = place(name);
        files.insert(0, format!("figures/{name}.csv"));
        files.push(format!("figures/{name}.apng"));
        files.retain(|file| checked.folder.root().join(file).is_file());
        found.push(Pictured { name, reading: figure.reading(), picture, part, files });
    }
    Ok(found)
}

fn picture(name: &str, checked: &mut Checked<'_>) -> Result<Option<Picture>, DriverError> {
    let (svg, png) = (format!("figures/{name}.svg"), format!("figures/{name}.png"));
    if !checked.has(&svg)? {
        return Ok(None);
    }
    let document = String::from_utf8_lossy(&checked.bytes(&svg)?).into_owned();
    if document.len() > SMALL && checked.has(&png)? {
        let pixels = STANDARD.encode(checked.bytes(&png)?);
        if pixels.len() < document.len() {
            return Ok(Some(Picture::Pixels(pixels)));
        }
    }
    Ok(Some(Picture::Drawn(document)))
}

/// A figure with its sentence and its links.
pub(super) fn shown(source: &Source, figure: &Pictured) -> Markup {
    html! {
        figure id=(format!("figure-{}", figure.name)) {
            (card(figure))
            figcaption { (figure.reading) " " (links(source, figure)) }
        }
    }
}

/// The picture alone.
pub(super) fn card(figure: &Pictured) -> Markup {
    html! {
        div.card tabindex="0" {
            @match &figure.picture {
                Picture::Drawn(document) => (common::svg(document)),
                Picture::Pixels(pixels) => img src=(format!("data:image/png;base64,{pixels}")) alt=(figure.reading);
            }
        }
    }
}

/// The ways to what a figure draws.
pub(super) fn links(source: &Source, figure: &Pictured) -> Markup {
    let word = |file: &str| match file.rsplit_once('.').map(|(_, ending)| ending) {
        Some("csv") => "numbers: ",
        Some("apng") => "film: ",
        Some("toml") => "settings: ",
        _ => "states: ",
    };
    html! {
        span.keep { "[" (figure.name) "]" }
        @for file in &figure.files { " " span.keep { (word(file)) (source.link(file)) } }
    }
}

/// The figures of a part of the page; `None` where the run has none.
pub(super) fn of_part(source: &Source, part: Part) -> Option<Markup> {
    let all: Vec<_> = source.figures.iter().filter(|figure| figure.part == part).collect();
    (!all.is_empty()).then(|| html! { @for figure in all { (shown(source, figure)) } })
}
