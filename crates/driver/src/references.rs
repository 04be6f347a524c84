//! What a run rests on: the software, the thesis, the data, and the papers behind its chain, its training and its observables.

mod table;

use analysis::{RunFacts, Training};

use table::OF_OBSERVABLES;

/// The facts about the software itself.
const CITATION: &str = include_str!("../../../CITATION.cff");
/// All works but the software.
const WORKS: &str = include_str!("references/works.bib");

/// A work as BibTeX and as a line; values without their outer braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    kind: &'static str,
    pub(crate) key: &'static str,
    fields: Vec<(&'static str, &'static str)>,
}

impl Reference {
    const SOFTWARE: &'static str = "software";

    /// The software of this version.
    fn software() -> Self {
        let fields = vec![
            ("author", fact("  - name")),
            ("title", fact("title")),
            ("version", fact("version")),
            ("note", "Software under the MIT licence"),
        ];
        Self { kind: "misc", key: Self::SOFTWARE, fields }
    }

    /// The value of a field, without the braces that keep its capitals.
    pub(crate) fn field(&self, name: &str) -> Option<&'static str> {
        let value = self.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| *value)?;
        Some(value.strip_prefix('{').and_then(|value| value.strip_suffix('}')).unwrap_or(value))
    }

    /// The authors by their surnames: `Ho, Jain and Abbeel`, `Kang et al.` for more than four.
    pub(crate) fn authors(&self) -> String {
        let all: Vec<&str> = self.field("author").map_or(Vec::new(), |authors| authors.split(" and ").collect());
        let surnames: Vec<&str> = all.iter().map(|author| author.split(',').next().unwrap_or(author)).collect();
        match &surnames[..] {
            [] => String::new(),
            [one] => (*one).to_owned(),
            [first, _, _, _, _, ..] => format!("{first} et al."),
            [others @ .., last] => format!("{} and {last}", others.join(", ")),
        }
    }

    /// Where it appeared.
    pub(crate) fn place(&self) -> String {
        let told = |name: &str| self.field(name).map(str::to_owned);
        let volume = match (told("journal"), told("volume")) {
            (Some(journal), Some(volume)) => Some(format!("{journal} {volume}")),
            (journal, _) => journal,
        };
        let place = volume.or_else(|| told("booktitle")).or_else(|| told("publisher")).or_else(|| told("note"));
        let parts = [
            place,
            told("pages").map(|pages| pages.replace("--", "–")),
            told("eprint").map(|id| format!("arXiv:{id}")),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// Where it can be read.
    pub(crate) fn address(&self) -> Option<String> {
        let doi = self.field("doi").map(|doi| format!("https://doi.org/{doi}"));
        doi.or_else(|| self.field("eprint").map(|id| format!("https://arxiv.org/abs/{id}")))
    }

    /// The entry of a bibliography.
    pub(crate) fn bibtex(&self) -> String {
        // An institution is one name, and the software's title keeps its capitals.
        let whole = |name: &str| self.key == Self::SOFTWARE && ["author", "title"].contains(&name);
        let field = |(name, value): &(&str, &str)| {
            if whole(name) { format!("  {name} = {{{{{value}}}}},\n") } else { format!("  {name} = {{{value}}},\n") }
        };
        format!("@{}{{{},\n{}}}\n", self.kind, self.key, self.fields.iter().map(field).collect::<String>())
    }
}

/// The works of the file.
fn works() -> Vec<Reference> {
    let mut works: Vec<Reference> = Vec::new();
    for line in WORKS.lines() {
        if let Some((kind, key)) = line.strip_prefix('@').and_then(|head| head.split_once('{')) {
            works.push(Reference { kind, key: key.trim_end_matches(','), fields: Vec::new() });
        } else if let (Some((name, value)), Some(work)) = (line.split_once(" = {"), works.last_mut()) {
            work.fields.push((name.trim(), value.strip_suffix("},").unwrap_or(value)));
        }
    }
    works
}

/// A fact of the citation file.
fn fact(name: &str) -> &'static str {
    let line = CITATION.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_default().trim_matches('"')
}

/// What a run of these facts rests on, that has measured these observables: each work once, the software first, the papers in the
/// order of the file.
pub(crate) fn of_run<'a>(facts: &RunFacts, measured: impl IntoIterator<Item = &'a str>) -> Vec<Reference> {
    let mut keys = vec!["thesis"];
    keys.extend(of_facts(facts));
    for name in measured {
        keys.push("efron1979");
        keys.extend(OF_OBSERVABLES.iter().filter(|(of, _)| *of == name).flat_map(|(_, keys)| keys.iter().copied()));
    }
    let papers = works().into_iter().filter(|work| keys.contains(&work.key));
    std::iter::once(Reference::software()).chain(papers).collect()
}

/// The works behind data, chain, model and training.
fn of_facts(facts: &RunFacts) -> Vec<&'static str> {
    let mut keys = Vec::new();
    if facts.source.starts_with("mnist") && facts.data_note.is_none() {
        keys.push("lecun1998");
    }
    if !facts.is_regression() {
        keys.push("ho2020");
    }
    let recipe = facts.recipe.as_ref();
    if recipe.is_some_and(|recipe| recipe.law == "cosine" || recipe.stride > 1) {
        keys.push("nichol2021");
    }
    if facts.variance == "optimal" && !facts.is_regression() {
        keys.extend(["bao2022", "efron2011"]);
    }
    match (facts.exact_law(), facts.skip.as_str()) {
        (Some("empirical"), _) => keys.push("biroli2024"),
        (Some("two_deltas"), _) => keys.push("raya2023"),
        (Some("wiener" | "gaussian" | "mixture"), _) | (None, "wiener" | "diagonal") => keys.push("wang2024"),
        (None, "learned") => keys.push("cui2024"),
        _ => {}
    }
    let training: Option<&Training> = recipe.and_then(|recipe| recipe.training.as_ref());
    if let Some(training) = training {
        keys.push(if facts.hidden == 0 { "widrow1960" } else { "kingma2015" });
        if training.decay == "cosine" {
            keys.push("loshchilov2017");
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use analysis::observables::observables;

    use super::*;

    #[test]
    fn the_citation_file_is_of_this_version_and_licence() {
        assert_eq!(fact("version"), env!("CARGO_PKG_VERSION"));
        assert_eq!(fact("license"), env!("CARGO_PKG_LICENSE"));
        assert!(!fact("title").is_empty() && !fact("  - name").is_empty());
    }

    #[test]
    fn every_observable_names_its_references_and_every_name_is_in_the_table() {
        let works = works();
        let known: BTreeSet<&str> = works.iter().map(|work| work.key).collect();
        assert_eq!(known.len(), works.len(), "a key is used twice");
        for observable in observables() {
            let named = OF_OBSERVABLES.iter().filter(|(name, _)| *name == observable.name()).count();
            assert_eq!(named, 1, "{}: say in OF_OBSERVABLES what it rests on", observable.name());
        }
        assert_eq!(OF_OBSERVABLES.len(), observables().len());
        for key in OF_OBSERVABLES.iter().flat_map(|(_, keys)| keys.iter()) {
            assert!(known.contains(key), "{key}");
        }
        let of_settings =
            ["thesis", "lecun1998", "ho2020", "nichol2021", "bao2022", "cui2024", "kingma2015", "widrow1960"];
        for key in of_settings.into_iter().chain(["efron1979", "efron2011", "wang2024", "loshchilov2017"]) {
            assert!(known.contains(key), "{key}");
        }
    }

    #[test]
    fn an_entry_reads_as_bibtex_and_as_a_line() {
        let ho = works().into_iter().find(|work| work.key == "ho2020").expect("listed");
        assert_eq!(ho.authors(), "Ho, Jain and Abbeel");
        assert_eq!(ho.address().as_deref(), Some("https://arxiv.org/abs/2006.11239"));
        let text = ho.bibtex();
        assert!(text.starts_with("@inproceedings{ho2020,\n  author = {Ho, Jonathan and"), "{text}");
        assert!(text.contains("  archiveprefix = {arXiv},\n") && text.ends_with("}\n"), "{text}");
        let software = Reference::software().bibtex();
        assert!(software.contains("author = {{The diffusion phase transitions developers}}"), "{software}");
        // The file is made of nothing else, and nothing in it needs to be escaped.
        let again: Vec<String> = works().iter().map(Reference::bibtex).collect();
        let entries: Vec<&str> = WORKS.lines().skip_while(|line| !line.starts_with('@')).collect();
        assert_eq!(again.join("\n").lines().collect::<Vec<_>>(), entries);
        for reference in works() {
            let text = reference.bibtex();
            assert_eq!(text.matches('{').count(), text.matches('}').count(), "{text}");
            assert!(!text.contains(['&', '%', '#', '$', '"']) && !reference.place().is_empty(), "{text}");
        }
    }
}
