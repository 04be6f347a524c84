//! The commands that check the run and make it again.

use maud::{Markup, html};

use super::source::Source;
use crate::folder::RunFolder;

/// The commands, to be given in the repository.
pub(super) fn content(source: &Source) -> Markup {
    let manifest = source.manifest.as_ref();
    let commit = manifest.and_then(|manifest| manifest.git_commit.as_deref());
    let run = format!("results/{}", source.run.facts.name);
    html! {
        p { "In the repository, with this folder as " code { (run) } ":" }
        pre {
            @if let Some(commit) = commit { "git checkout " (commit) "\n" }
            "cargo run -p driver -- verify " (run) "                  # every file, and some machines trained again\n"
            "cargo run -p driver -- " (run) "/" (RunFolder::CONFIG) " --out again    # the whole run\n"
            "cargo run -p driver -- compare --exact " (run) " again  # the same bytes\n"
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
