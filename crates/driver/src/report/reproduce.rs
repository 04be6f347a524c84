//! The commands that check the run and make it again.

use maud::{Markup, html};

use super::source::Source;
use crate::folder::RunFolder;

/// The commands, to be given in the repository.
pub(super) fn content(source: &Source) -> Markup {
    let manifest = source.manifest.as_ref();
    let commit = manifest.and_then(|manifest| manifest.git_commit.as_deref());
    let run = format!("results/{}", source.run.facts.name);
    let commands = [
        (format!("verify {run}"), "every file, and some machines trained again"),
        (format!("{run}/{} --out again", RunFolder::CONFIG), "the whole run"),
        (format!("compare --exact {run} again"), "the same bytes"),
    ];
    let width = commands.iter().map(|(arguments, _)| arguments.len()).max().unwrap_or(0);
    html! {
        p { "In the repository, with this folder as " code { (run) } ":" }
        pre {
            @if let Some(commit) = commit { "git checkout " (commit) "\n" }
            @for (arguments, about) in &commands { "cargo run -p driver -- " (format!("{arguments:width$}")) "   # " (about) "\n" }
        }
        p.soft {
            "On the same instruction set and device a run comes out the same to the byte, whatever the number of threads, but "
            "for the files that hold times: " code { (RunFolder::MANIFEST) } ", " code { (RunFolder::TIMING) } " and this page. "
            @if manifest.is_some_and(|manifest| manifest.git_dirty == Some(true)) {
                "The program was built from changes that were not committed, so the commit alone may not give it back."
            }
        }
    }
}
