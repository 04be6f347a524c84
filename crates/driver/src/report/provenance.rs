//! Where the run comes from.

use maud::{Markup, html};

use super::source::Source;
use crate::folder::RunFolder;
use crate::html::wide;
use crate::pipeline::manifest::Manifest;

/// What the manifest says; `None` without one.
pub(super) fn content(source: &Source) -> Option<Markup> {
    let manifest = source.manifest.as_ref()?;
    Some(html! {
        (wide(&html! {
            table { tbody { @for (what, said) in lines(manifest) { tr { th.keep { (what) } td { (said) } } } } }
        }))
        p.soft {
            "With the SHA-256 of every file of the run: " (source.link(RunFolder::MANIFEST)) ". What the figures know of the run: "
            (source.link(analysis::RunFacts::FILE)) "."
        }
    })
}

fn lines(manifest: &Manifest) -> Vec<(&'static str, Markup)> {
    let word = |text: &str| html! { (text) };
    let unknown = |text: &Option<String>| text.as_deref().map_or_else(|| html! { "unknown" }, |text| html! { (text) });
    let data = &manifest.data;
    let mut lines = vec![
        ("started", word(&manifest.started)),
        ("ended", word(&manifest.ended)),
        ("program", html! { "driver " (manifest.driver) }),
        ("git commit", commit(manifest)),
        ("host", unknown(&manifest.host)),
        ("processor", unknown(&manifest.processor)),
        ("instruction set", unknown(&manifest.isa)),
        ("device", word(&manifest.device)),
        ("threads", html! { (manifest.threads) }),
        ("seed", html! { (manifest.seed) }),
        ("settings, SHA-256", html! { code.hash { (manifest.config_sha256) } }),
        ("data", word(data.note.as_deref().unwrap_or(&data.source))),
        (
            "data, counts",
            html! {
                (data.train) " training, "
                @if data.validation > 0 { (data.validation) " validation, " }
                (data.test) " test samples of " (data.dim) " coordinate(s)"
            },
        ),
        ("data, SHA-256", html! { code.hash { (data.sha256) } }),
    ];
    if !manifest.shards.is_empty() {
        lines.push(("put together from", html! { (manifest.shards.len()) " processes" }));
    }
    lines
}

fn commit(manifest: &Manifest) -> Markup {
    html! {
        @match &manifest.git_commit {
            Some(commit) => code.hash { (commit) },
            None => "unknown: the program was not run in its repository",
        }
        @if manifest.git_dirty == Some(true) { ", with changes that were not committed" }
    }
}
