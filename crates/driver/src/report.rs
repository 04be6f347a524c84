//! `report.html`: a run on one page that needs nothing beside it.  One file a section.
//!
//! A page is a function of the files of the run folder and of what its manifest says, so that `driver verify` makes it again.

mod configuration;
mod cost;
mod figure;
mod head;
mod losses;
mod observed;
mod places;
mod provenance;
mod quality;
mod references;
mod reproduce;
mod several;
mod source;
mod sweep;
mod transitions;

use maud::{Markup, html};

use crate::DriverError;
use crate::folder::RunFolder;
use crate::html as common;
use crate::pipeline::manifest::Manifest;
use places::Part;
pub(crate) use several::several;
pub(crate) use source::{Place, Source, whole};
pub(crate) use sweep::sweep;

/// The page of the run in `folder`, as it stands in it.
///
/// # Errors
/// A file of the run that cannot be read.
pub(crate) fn of(folder: &RunFolder, manifest: &Manifest) -> Result<String, DriverError> {
    Ok(page(&Source::read(folder, Some(manifest.clone()), Place::inside())?))
}

/// A section of a page: the anchor and the title of each, and what it holds; `None` where the run has nothing of the kind.
struct Section {
    anchor: &'static str,
    title: &'static str,
    content: Option<Markup>,
}

/// The page of one run.
pub(crate) fn page(source: &Source) -> String {
    let sections = sections(source);
    let there: Vec<&Section> = sections.iter().filter(|section| section.content.is_some()).collect();
    let body = html! {
        (head::head(source))
        (contents(&there))
        main {
            @for Section { anchor, title, content } in &there {
                section id=(anchor) { h2 { (title) } @if let Some(content) = content { (content) } }
            }
        }
    };
    common::page(&format!("{}: report of a run", source.run.facts.name), &body)
}

/// The sections in the order of the page.
fn sections(source: &Source) -> Vec<Section> {
    let section = |anchor, title, content| Section { anchor, title, content };
    let mut sections = vec![
        section("configuration", "Configuration", configuration::content(source)),
        section("transitions", "Phase diagram and transitions", transitions::content(source)),
        section("samples", "Samples", figure::of_part(source, Part::Samples)),
        section("losses", losses::title(source), losses::content(source)),
        section("quality", "Quality of the samples", quality::content(source)),
        section("chain", "The chain", figure::of_part(source, Part::Chain)),
        section("training", "Training", figure::of_part(source, Part::Training)),
    ];
    sections.extend(observed::sections(source));
    sections.extend([
        section("cost", "Cost", cost::content(source)),
        section("provenance", "Provenance", provenance::content(source)),
        section("reproduce", "How to reproduce it", Some(reproduce::content(source))),
        section("references", "References", Some(references::content(source))),
    ]);
    sections
}

fn contents(sections: &[&Section]) -> Markup {
    html! {
        nav aria-label="Contents" {
            ul { @for section in sections { li { a href=(format!("#{}", section.anchor)) { (section.title) } } } }
        }
    }
}
