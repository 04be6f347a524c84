//! Files that are there whole or not at all.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// What names of files in the making begin with, so that a listing can leave them out.
const PREFIX: &str = ".writing-";

/// Writes `bytes` to `path`: to a temporary file beside it, synced, then renamed over it.  The folder is made if it is
/// not there; the file is readable for whoever the user's mask lets read.
///
/// # Errors
/// The operating system's; `path` is then as it was.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_atomically_with(path, |file| file.write_all(bytes))
}

/// As [`write_atomically`], but only where nothing is at `path` yet: of several processes that write it at once one does,
/// and `true` says that it was this one.
///
/// # Errors
/// The operating system's; `path` is then as it was.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    match in_the_making(path, |file| file.write_all(bytes))?.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}

/// As [`write_atomically`], for content that is written piece by piece.
///
/// # Errors
/// The operating system's and those of `content`; `path` is then as it was and nothing is left of what was written.
pub fn write_atomically_with<E: From<io::Error>>(
    path: &Path,
    content: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<(), E> {
    in_the_making(path, content)?.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A temporary file beside `path` with the content, on the disk.
fn in_the_making<E: From<io::Error>>(
    path: &Path,
    content: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<NamedTempFile, E> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    content(file.as_file_mut())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Removes from a folder the files in the making that a program that was killed has left; nobody may be writing there.
///
/// # Errors
/// The operating system's; a folder that is not there holds none.
pub fn remove_unfinished(folder: &Path) -> io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_replaces_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        for content in ["one", "two"] {
            write_atomically(&path, content.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(std::fs::read_dir(folder.path().join("a")).unwrap().count(), 1);
        assert!(write_atomically(&path.join("below a file"), b"").is_err());
    }

    #[test]
    fn of_several_writers_of_a_new_file_one_wins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        let won: Vec<bool> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..8_u8)
                .map(|i| (i, &path))
                .map(|(i, path)| scope.spawn(move || write_new(path, &[i]).unwrap()))
                .collect();
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        let winner = won.iter().position(|won| *won).unwrap();
        assert_eq!(won.iter().filter(|won| **won).count(), 1);
        assert_eq!(std::fs::read(&path).unwrap(), [winner as u8]);
        assert_eq!(std::fs::read_dir(folder.path().join("a")).unwrap().count(), 1);
    }

    #[test]
    fn content_that_is_not_finished_leaves_the_file_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_atomically(&path, b"one").unwrap();
        let broken = write_atomically_with(&path, |file| {
            file.write_all(b"two, of which")?;
            Err(io::Error::other("the rest is missing"))
        });
        assert_eq!(broken.unwrap_err().to_string(), "the rest is missing");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_killed_program_leaves_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".writing-aB3", ".lock", "table.csv"] {
            std::fs::write(folder.path().join(name), "half").unwrap();
        }
        remove_unfinished(folder.path()).unwrap();
        let mut names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [".lock", "table.csv"]);
        remove_unfinished(&folder.path().join("absent")).unwrap();
    }
}
