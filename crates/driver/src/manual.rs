//! The page of all keys and columns, `docs/FORMAT.md`.

use analysis::observables::{ObservableRow, TransitionRow};
use analysis::sweep::SUMMARY_COLUMNS;
use analysis::{
    Columns, FIGURE_TABLES, FitRow, HistogramRow, KinkRow, MetricRow, ProfileRow, ReconstructionRow, ReferenceRow,
    RunFacts, ScheduleRow, Table, TrainingRow,
};

use crate::commands::compare::csv;
use crate::config::keys;
use crate::folder::RunFolder;
use crate::pipeline::manifest::keys as manifest;
use crate::pipeline::timing;

const HEAD: &str = "# Format of what a run leaves

Every key and every column, as the program declares them beside the code that writes them.  `results/README.md` says what each file is
for; files of numbers that are no tables (`.safetensors`) are described there, tensor by tensor.  CSV files have a header and floats
in their shortest form that reads back to the same bits; a cell without a value is empty.

<!-- Written from the tables' own declarations by `BLESS=1 cargo test -p driver --lib manual`. -->
";

/// The page, as Markdown.
fn manual() -> String {
    let mut page = HEAD.to_owned();
    page += "\n## Tables of a run\n";
    page += &of::<ScheduleRow>();
    page += &of::<MetricRow>();
    page += &of::<TrainingRow>();
    page += &of::<ReferenceRow>();
    page += &section(RunFolder::TIMING, "column", timing::COLUMNS);
    page += &of::<TransitionRow>();
    page += &section(&format!("{}/NAME.csv", ObservableRow::FOLDER), "column", ObservableRow::COLUMNS);
    page += &of::<HistogramRow>();
    page += &of::<ProfileRow>();
    page += &of::<ReconstructionRow>();
    page += &of::<FitRow>();
    page += &of::<KinkRow>();
    page += "\n## Tables of figures\n";
    for (figure, columns) in FIGURE_TABLES {
        page += &section(&format!("figures/{figure}.csv"), "column", columns);
    }
    page +=
        "\n## Tables of several runs\n\nThe first columns of `summary.csv` are the axes of the sweep, by their keys.\n";
    page += &section("summary.csv", "column", SUMMARY_COLUMNS);
    page += &section("differences.csv", "column", csv::COLUMNS);
    page += "\n## JSON\n";
    page += &section(RunFacts::FILE, "key", RunFacts::KEYS);
    page += &section(RunFolder::MANIFEST, "key", manifest::KEYS);
    page += &section(&format!("{}, data", RunFolder::MANIFEST), "key", manifest::DATA);
    page += &section(&format!("{}, shards", RunFolder::MANIFEST), "key", manifest::SHARD);
    page += "\n`observables/keys.json` maps the name of an observable to the key of what its table was measured of and to the SHA-256 of that \
             table and of its transitions.\n";
    page + &settings()
}

/// The section of a table.
fn of<T: Table>() -> String {
    section(T::FILE, "column", T::COLUMNS)
}

fn section(file: &str, what: &str, columns: Columns) -> String {
    let head = format!("\n### `{file}`\n\n| {what} | what it holds |\n|---|---|\n");
    columns.iter().fold(head, |text, (name, about)| text + &format!("| `{name}` | {} |\n", about.replace('|', "\\|")))
}

/// The settings in short; their own page has ranges, defaults and words.
fn settings() -> String {
    let head = format!(
        "\n## Settings\n\nWith ranges, defaults and words: [keys.md](keys.md).\n\n### `{}`\n\n| key | what it holds |\n|---|---|\n",
        RunFolder::CONFIG
    );
    keys().iter().fold(head, |text, key| text + &format!("| `{}` | {} |\n", key.path, key.doc.replace('|', "\\|")))
}

/// Asserts that a page of `docs` says what it should; with BLESS set it is written first.
pub(crate) fn assert_page(name: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).expect("written");
    }
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert!(page == text, "docs/{name} is out of date; write it again: BLESS=1 cargo test -p driver --lib manual");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_the_declarations_say() {
        assert_page("FORMAT.md", &manual());
    }
}
