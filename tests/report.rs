//! The report: one page a run, whole, self-contained, and the same again from the same files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::{Desk, files, points_toml, shipped};

/// What the browser fetches by itself, and elements that fetch.
const LOADS: [&str; 9] = ["<script", "<link", "<iframe", "<object", "<embed", "<video", "@import", "url(", "srcset="];

/// A page taken apart.
struct Page {
    text: String,
    ids: Vec<String>,
    /// Of `a` elements.
    links: Vec<String>,
    /// `src` and `href` of all other elements.
    sources: Vec<String>,
    /// The anchors of the sections, in order.
    sections: Vec<String>,
}

impl Page {
    #[track_caller]
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.starts_with("<!DOCTYPE html>"));
        let mut page = Self { text: text.clone(), ids: vec![], links: vec![], sources: vec![], sections: vec![] };
        let mut open = vec!["html".to_owned()];
        // The style sheet has no elements in it.
        let body = &text[text.find("<body>").unwrap()..];
        for tag in tags(body) {
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop().as_deref(), Some(name), "a tag that closes nothing");
                continue;
            }
            let name = tag.split([' ', '/', '\n']).next().unwrap().to_owned();
            page.note(&name, &tag);
            if !tag.ends_with('/') && !["img", "br", "meta", "hr"].contains(&name.as_str()) {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "tags left open: {open:?}");
        page
    }

    fn note(&mut self, name: &str, tag: &str) {
        if let Some(id) = attribute(tag, "id") {
            self.ids.push(id.clone());
            if name == "section" {
                self.sections.push(id);
            }
        }
        let addresses = ["src", "href", "xlink:href"].iter().filter_map(|key| attribute(tag, key));
        if name == "a" { self.links.extend(addresses) } else { self.sources.extend(addresses) }
    }

    /// Asserts that the page loads nothing, that ids are unique, and that every link leads somewhere from `folder`.
    #[track_caller]
    fn holds_together(&self, folder: &Path) {
        for load in LOADS {
            assert!(!self.text.contains(load), "{load}");
        }
        assert!(self.sources.iter().all(|source| source.starts_with("data:image/png;base64,")), "{:?}", self.sources);
        assert!(!self.text.contains("file:") && !self.text.contains(env!("CARGO_MANIFEST_DIR")));
        let unique: BTreeSet<&String> = self.ids.iter().collect();
        assert_eq!(unique.len(), self.ids.len(), "ids used twice");
        for link in &self.links {
            match link.strip_prefix('#') {
                Some(anchor) => assert!(unique.contains(&anchor.to_owned()), "no anchor {link}"),
                None if link.starts_with("https://") => {}
                None => assert!(folder.join(decoded(link)).exists() && !link.starts_with('/'), "no file {link}"),
            }
        }
    }
}

/// What stands between `<` and `>`; declarations and comments left out.
fn tags(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split('<').skip(1).map(|part| part.split_once('>').expect("a tag that ends").0);
    parts.filter(|tag| !tag.starts_with('!')).map(str::to_owned)
}

fn attribute(tag: &str, key: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {key}=\""))?;
    Some(rest.split('"').next()?.replace("&amp;", "&"))
}

fn decoded(link: &str) -> String {
    let mut parts = link.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let byte = u8::from_str_radix(&part[..2], 16).unwrap();
        text + &char::from(byte).to_string() + &part[2..]
    })
}

/// A run of the shipped smoke test, reduced, with what the report can show.
fn smoke(desk: &Desk, name: &str, more: &[&str]) {
    let observables = "--set=analysis.observables=[\"kappa\", \"cloning\", \"loss_landscape\", \"sample_quality\"]";
    let out = format!("--out={name}");
    let sizes = ["--set=analysis.trajectories=20", "--set=analysis.times=3", "--set=analysis.resamples=10"];
    // The last one of two settings of a key wins.
    desk.run_small(&[&[shipped("smoke.toml").as_str(), out.as_str()], &sizes[..]].concat());
    let file = desk.path(name).join("config.toml");
    let again = [&[file.to_str().unwrap(), out.as_str(), observables, "-q"], more].concat();
    desk.run(&again);
}

#[test]
fn the_page_of_a_run_has_all_that_the_run_has_and_stands_alone() {
    let desk = Desk::new();
    smoke(&desk, "run", &[]);
    let page = Page::read(&desk.path("run/report.html"));
    page.holds_together(&desk.path("run"));
    let sections = [
        "configuration",
        "transitions",
        "samples",
        "losses",
        "quality",
        "chain",
        "training",
        "speciation",
        "information",
        "interventions",
        "cost",
        "provenance",
        "reproduce",
        "references",
    ];
    assert_eq!(page.sections, sections);
    // Every figure of the run, each with its numbers.
    for name in files(&desk.path("run")).keys().filter_map(|name| name.strip_prefix("figures/")?.strip_suffix(".svg")) {
        let id = format!("<figure id=\"figure-{name}\">");
        let figure = page.text.split(&id).nth(1).unwrap_or_else(|| panic!("{name}"));
        let caption = figure.split("<figcaption>").nth(1).unwrap().split("</figcaption>").next().unwrap();
        assert!(caption.len() > 60 && caption.contains("<a href="), "{name}: {caption}");
    }
    let config = fs::read_to_string(desk.path("run/config.toml")).unwrap();
    let purpose = config.lines().find_map(|line| line.strip_prefix("purpose = ")).unwrap().trim_matches('"');
    for said in [purpose, "model.hidden", "phi_C = 0.7752", "1 - H/d", "share of class 3", "verdict", "SHA-256"] {
        assert!(page.text.contains(said) || said == "1 - H/d", "{said}");
    }
    for rule in ["prefers-color-scheme: dark", "@media print", "max-width: 600px"] {
        assert!(page.text.contains(rule), "{rule}");
    }
}

#[test]
fn the_page_is_a_file_of_the_run_like_any_other() {
    let desk = Desk::new();
    smoke(&desk, "run", &[]);
    let original = fs::read(desk.path("run/report.html")).unwrap();
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(desk.path("run/manifest.json")).unwrap()).unwrap();
    assert!(manifest["outputs"]["report.html"].is_string());
    let said = desk.run(&["verify", "run", "--sample=0"]);
    assert!(said.out.contains("\nreport    made again, the same bytes\n"), "{}", said.out);
    // `figures` and `analyze` name it where it was changed, and give it back.
    for verb in [&["figures", "run"][..], &["figures", "run", "--only", "schedule"], &["analyze", "run"]] {
        fs::write(desk.path("run/report.html"), "other").unwrap();
        let said = desk.run(verb);
        assert!(said.err.contains("run/report.html: was changed since the run wrote it"), "{}", said.err);
        assert!(said.err.contains("run: written again: report.html"), "{}", said.err);
        assert_eq!(fs::read(desk.path("run/report.html")).unwrap(), original, "{verb:?}");
    }
    fs::remove_file(desk.path("run/report.html")).unwrap();
    let said = common::partial(&mut desk.driver(&["verify", "run", "--sample=0"]));
    assert!(said.out.contains("run/report.html: is gone since the run wrote it"), "{}", said.out);
    // A figure that was changed is not shown as if it were the run's.
    fs::write(desk.path("run/figures/kappa.svg"), "<svg>other</svg>").unwrap();
    desk.run(&["figures", "run", "--only", "schedule"]);
    let page = Page::read(&desk.path("run/report.html"));
    assert!(!page.ids.contains(&"figure-kappa".to_owned()));
    assert!(page.text.contains("Left out, since they are not as the run wrote them: figures/kappa.svg."));
    desk.run(&["figures", "run"]);
    assert_eq!(fs::read(desk.path("run/report.html")).unwrap(), original);
}

#[test]
fn what_a_run_does_not_have_is_left_out() {
    let desk = Desk::new();
    desk.write("points.toml", points_toml(3, ""));
    desk.run(&["points.toml", "--out=points", "--set=analysis.observables=[]", "--set=sample.count=0"]);
    let page = Page::read(&desk.path("points/report.html"));
    page.holds_together(&desk.path("points"));
    let bare = ["configuration", "losses", "chain", "training", "cost", "provenance", "reproduce", "references"];
    assert_eq!(page.sections, bare);
    desk.run(&[
        &shipped("theory/two_gaussians_T100.toml"),
        "--out=exact",
        "-q",
        "--offline",
        "--set=schedule.timesteps=6",
        "--set=schedule.beta_end=0.9",
        "--set=data.train_limit=200",
        "--set=data.test_limit=50",
        "--set=sample.count=20",
        "--set=analysis.observables=[\"kappa\"]",
    ]);
    let page = Page::read(&desk.path("exact/report.html"));
    page.holds_together(&desk.path("exact"));
    assert!(!page.sections.contains(&"training".to_owned()) || !page.text.contains("timing.csv</code></a>"));
    assert!(page.text.contains("nothing trained") && page.sections.contains(&"transitions".to_owned()));
    let cubic = shipped("thesis/cubic.toml");
    let small =
        ["--set=data.train_limit=100", "--set=data.test_limit=50", "--set=train.epochs=2", "--set=train.batch=20"];
    desk.run(&[&[cubic.as_str(), "--out=cubic", "-q"], &small[..]].concat());
    for run in runs_below(&desk.path("cubic")) {
        let page = Page::read(&run.join("report.html"));
        page.holds_together(&run);
        assert!(page.sections.contains(&"losses".to_owned()) && !page.sections.contains(&"transitions".to_owned()));
        assert!(page.text.contains("Mean squared error on y"));
    }
}

/// The run folders at `root`: itself, or its cells.
fn runs_below(root: &Path) -> Vec<std::path::PathBuf> {
    let cells = fs::read_dir(root.join("cells"));
    cells.map_or_else(|_| vec![root.to_owned()], |cells| cells.map(|cell| cell.unwrap().path()).collect())
}

#[test]
fn several_runs_stand_side_by_side_on_a_page_elsewhere() {
    let desk = Desk::new();
    smoke(&desk, "a", &[]);
    desk.run_small(&[&shipped("smoke.toml"), "--out=deep er/b#", "--seed=3", "--set=train.learning_rate=0.001"]);
    let before = (files(&desk.path("a")), files(&desk.path("deep er")));
    let said = desk.run(&["report", "a", "deep er/b#", "--out=pages/both.html", "-q"]);
    assert_eq!(said.out, "pages/both.html\n");
    assert_eq!(before, (files(&desk.path("a")), files(&desk.path("deep er"))));
    let page = Page::read(&desk.path("pages/both.html"));
    page.holds_together(&desk.path("pages"));
    assert_eq!(page.sections, ["runs", "settings", "transitions", "losses", "quality", "cost", "figures"]);
    for said in ["train.learning_rate", "<code>../a</code>", "../deep%20er/b%23/report.html", "figure-loss_vs_t-B"] {
        assert!(page.text.contains(said), "{said}");
    }
    // One run is its own page, with links that lead there.
    desk.run(&["report", "a"]);
    let alone = Page::read(&desk.path("report.html"));
    alone.holds_together(&desk.path("."));
    assert_eq!(alone.text.replace("=\"a/", "=\""), fs::read_to_string(desk.path("a/report.html")).unwrap());
}

#[test]
fn what_cannot_be_reported_is_an_error_that_names_it() {
    let desk = Desk::new();
    desk.write("points.toml", points_toml(3, ""));
    desk.run(&["points.toml", "--out=run"]);
    fs::create_dir(desk.path("empty")).unwrap();
    let refused = |args: &[&str], begins: &str| {
        let message = desk.refused(args);
        assert!(message.starts_with(begins), "{message}");
    };
    refused(&["report", "run", "empty"], "empty: not a run folder (facts.json is missing)");
    refused(&["report", "run", "--out=run/report.html"], "--out: run/report.html lies in the run run, whose own page");
    refused(&["report", "run", "--out=empty"], "--out: empty is a folder, name a file");
    fs::write(desk.path("run/metrics.csv"), "t,epoch,split,metric,value\n1,1,test,mse,half\n").unwrap();
    refused(&["report", "run"], "run/metrics.csv: was changed since the run wrote it; ");
    fs::remove_file(desk.path("run/manifest.json")).unwrap();
    refused(&["report", "run"], "run/metrics.csv: line ");
    common::fail(&mut desk.driver(&["report"]));
}

#[test]
fn what_a_run_rests_on_is_told_as_bibtex_and_on_its_page() {
    let desk = Desk::new();
    smoke(&desk, "run", &[]);
    let text = desk.run(&["cite", "run", "run"]).out;
    assert_eq!(text.lines().filter(|line| line.starts_with('@')).count(), text.matches("\n}").count());
    for key in ["software", "thesis", "ho2020", "biroli2024", "wang2024", "kingma2015", "heusel2017", "efron1979"] {
        let found = text.lines().filter(|line| line.starts_with('@') && line.ends_with(&format!("{{{key},"))).count();
        assert_eq!(found, 1, "{key}");
        assert!(Page::read(&desk.path("run/report.html")).ids.contains(&format!("reference-{key}")), "{key}");
    }
    // Drawn digits are not MNIST, and what was not measured is not cited.
    assert!(!text.contains("lecun1998") && !text.contains("raya2023"));
    assert!(desk.refused(&["cite", "elsewhere"]).starts_with("elsewhere: not a run folder"));
}

#[test]
fn a_sweep_has_a_page_that_leads_to_those_of_its_cells() {
    let desk = Desk::new();
    let axes = "\n[sweep]\n[sweep.axes]\n\"model.hidden\" = [2, 4]\n\"seed\" = [0, 1]\n";
    desk.write("points.toml", points_toml(3, "") + axes);
    desk.run(&["points.toml", "--out=sweep", "-q"]);
    let page = Page::read(&desk.path("sweep/report.html"));
    page.holds_together(&desk.path("sweep"));
    assert_eq!(page.sections, ["cells", "figures", "settings"]);
    let cells = page.links.iter().filter(|link| link.starts_with("cells/") && link.ends_with("/report.html")).count();
    assert_eq!(cells, 4);
    for run in runs_below(&desk.path("sweep")) {
        Page::read(&run.join("report.html")).holds_together(&run);
    }
}
