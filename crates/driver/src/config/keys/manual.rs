//! The page of all keys, `docs/keys.md`.

use super::sweep::{self, sweep_keys};
use super::{Key, default_of, keys, sections};

const HEAD: &str = "# Settings of an experiment

Every key of an experiment's TOML file, in the order of `config.toml` in a run folder.  `driver explain KEY` says the same in a
terminal, with an example; `driver schema` prints it as a JSON Schema for editors.

<!-- Written from crates/driver/src/config/keys/table.rs by `BLESS=1 cargo test -p driver --lib manual`. -->
";

/// The page, as Markdown.
fn manual() -> String {
    let tables = [""].into_iter().chain(sections()).map(table);
    tables.chain([sweep_table()]).fold(HEAD.to_owned(), |page, table| page + "\n" + &table)
}

fn table(section: &str) -> String {
    let mut text = if section.is_empty() { "## At the top\n".to_owned() } else { format!("## [{section}]\n") };
    text += "\n| key | default | allowed | meaning |\n|---|---|---|---|\n";
    for key in keys().iter().filter(|key| key.parts().0 == section) {
        text += &row(key);
    }
    text
}

fn sweep_table() -> String {
    let head = format!("## [{}]\n\n| key | default | allowed | meaning |\n|---|---|---|---|\n", sweep::SECTION);
    sweep_keys().iter().fold(head, |text, key| {
        let default = key.default.map_or("must be given".to_owned(), |default| format!("`{default}`"));
        let words: String = key.words.iter().map(|(word, about)| format!("<br>`{word}`: {about}")).collect();
        text + &format!("| `{}` | {default} | {} | {}{words} |\n", key.name, key.allowed, key.doc)
    })
}

fn row(key: &Key) -> String {
    let default = match default_of(key.path) {
        Some(default) => format!("`{default}`"),
        None if key.required => "must be given".to_owned(),
        None => String::new(),
    };
    let mut meaning = key.doc.to_owned();
    for (word, about) in key.choices() {
        meaning += &format!("<br>`{word}`: {about}");
    }
    if let Some(of) = key.goes_with {
        meaning += &format!("<br>Goes with `{}` = {}.", of.key, of.words.join(", "));
    }
    let cells = [format!("`{}`", key.parts().1), default, key.kind.values(), meaning];
    format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_the_table_says() {
        crate::manual::assert_page("keys.md", &manual());
    }
}
