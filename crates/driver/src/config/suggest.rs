//! "Did you mean": names near a misspelt key or file.

use std::io::{Error, ErrorKind};
use std::path::Path;

use strsim::damerau_levenshtein;

use super::error::{ConfigError, Origin, Place, one_line};
use super::keys;
use super::layers::SWEEP;

/// Names longer than this are not compared: the distance costs their product.
const LONGEST_COMPARED: usize = 64;

/// Whether one slip in four characters, and at least one, separates the two.
fn near(a: &str, b: &str) -> Option<usize> {
    let length = a.chars().count();
    if length > LONGEST_COMPARED {
        return None;
    }
    let distance = damerau_levenshtein(a, b);
    (distance <= 1 + length / 4 && distance < length).then_some(distance)
}

/// The word of `known` nearest to `word`, if one is near enough to have been meant.
pub(crate) fn nearest(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let lower = word.to_lowercase();
    known.iter().filter_map(|known| Some((near(&lower, known)?, *known))).min().map(|(_, known)| known)
}

/// The message for the unknown `name` in `section` ("" outside the sections); `spelt` writes a path as its layer does.
pub(crate) fn unknown_key(section: &str, name: &str, spelt: impl Fn(&str) -> String) -> String {
    if section.is_empty() && name.contains('.') && keys::find(name).is_some() {
        return format!("unknown key, write {name} without quotes");
    }
    match nearest_key(section, name) {
        Some(path) => format!("unknown key, did you mean {}?", spelt(&path)),
        None if section.is_empty() => {
            let (names, sections) = (keys::names_in(None).join(", "), keys::sections().join(", "));
            format!("unknown key, use one of {names} or the sections {sections}, {SWEEP}")
        }
        None => format!("unknown key, [{section}] has {}", keys::names_in(Some(section)).join(", ")),
    }
}

/// The nearest name in the same section, else the key of that very name in another section, else the nearest path, else
/// the key of the nearest name in another section.
fn nearest_key(section: &str, name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    let (of, prefix) = if section.is_empty() { (None, String::new()) } else { (Some(section), format!("{section}.")) };
    let mut names = keys::names_in(of);
    if section.is_empty() {
        names.extend(keys::sections());
        names.push(SWEEP);
    }
    let beside = names.iter().filter_map(|known| Some((near(&lower, known)?, known))).min();
    let elsewhere = || {
        let last = |path: &'static str| -> &'static str { path.split_once('.').map_or(path, |(_, last)| last) };
        let exact = keys::keys().iter().find(|key| last(key.path) == lower).map(|key| key.path);
        let nearest_by = |part: fn(&'static str) -> &'static str| {
            let found = keys::keys().iter().filter_map(|key| Some((near(&lower, part(key.path))?, key.path))).min();
            found.map(|(_, path)| path)
        };
        exact.or_else(|| nearest_by(|path| path)).or_else(|| nearest_by(last)).map(str::to_owned)
    };
    match beside {
        Some((_, known)) => Some(format!("{prefix}{known}")),
        None => elsewhere(),
    }
}

/// The fault of a file that cannot be read, with experiments of a similar name beside it.
pub(crate) fn unreadable(file: &Path, error: &Error) -> ConfigError {
    let similar = if error.kind() == ErrorKind::NotFound { similar_files(file) } else { Vec::new() };
    let hint = if similar.is_empty() { String::new() } else { format!(", did you mean {}?", similar.join(" or ")) };
    let origin = Origin { place: Place::File { path: file.to_owned(), position: None }, snippet: None };
    ConfigError::new(origin, None, format!("cannot be read: {error}{hint}"))
}

/// Up to three TOML files in the folder of `file` whose name is near or holds the name of `file`.
fn similar_files(file: &Path) -> Vec<String> {
    let wanted = file.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    let listed = std::fs::read_dir(folder.unwrap_or(Path::new("."))).into_iter().flatten().flatten();
    let mut found: Vec<(usize, String)> = listed
        .filter_map(|entry| {
            let path = Path::new(&entry.file_name()).to_owned();
            let stem = path.file_stem()?.to_string_lossy().to_lowercase();
            let holds = !wanted.is_empty() && stem.contains(&wanted);
            let distance = near(&wanted, &stem).or(holds.then_some(usize::MAX))?;
            let shown = folder.map_or(path.clone(), |folder| folder.join(&path));
            (path.extension()? == "toml").then(|| (distance, one_line(&shown.to_string_lossy())))
        })
        .collect();
    found.sort();
    found.into_iter().take(3).map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_near_enough_are_offered() {
        let near = [("", "tain", "train"), ("", "batch", "train.batch"), ("train", "bacth", "train.batch")];
        let moved = [
            ("train", "hidden", "model.hidden"),
            ("", "train_batch", "train.batch"),
            ("", "train.batch", "train.batch"),
            ("data", "Noise", "data.noise"),
            ("", "bacth", "train.batch"),
            ("train", "hiden", "model.hidden"),
        ];
        for (section, name, expected) in near.into_iter().chain(moved) {
            assert_eq!(nearest_key(section, name).as_deref(), Some(expected), "{section}.{name}");
        }
        for (section, name) in [("", "zebra"), ("train", "x"), ("", ""), ("", &"x".repeat(100_000))] {
            assert_eq!(nearest_key(section, name), None, "{section}.{name}");
        }
    }

    #[test]
    fn a_missing_file_names_its_neighbours() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["mnist_T100.toml", "mnist_T1000.toml", "mnist_T100.csv", "spiral.toml"] {
            std::fs::write(folder.path().join(name), "").expect("written");
        }
        let similar = |name: &str| -> Vec<String> {
            let paths = similar_files(&folder.path().join(name));
            paths
                .iter()
                .map(|path| Path::new(path).file_name().expect("a name").to_string_lossy().into_owned())
                .collect()
        };
        assert_eq!(similar("mnist_t10.toml"), ["mnist_T100.toml", "mnist_T1000.toml"]);
        assert_eq!(similar("spiral"), ["spiral.toml"]);
        assert_eq!(similar("mnist"), ["mnist_T100.toml", "mnist_T1000.toml"]);
        assert_eq!(similar("gauss.toml"), Vec::<String>::new());
        assert_eq!(similar_files(Path::new("/no/such/folder/x.toml")), Vec::<String>::new());
    }
}
