//! Files that are there whole or not at all.

use std::io::{self, Write};
use std::path::Path;

/// What names of files in the making begin with, so that a listing can leave them out.
const PREFIX: &str = ".writing-";

/// Writes `bytes` to `path`: to a temporary file beside it, synced, then renamed over it.  The folder is made if it is
/// not there; the file is readable for whoever the user's mask lets read.
///
/// # Errors
/// The operating system's; `path` is then as it was.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
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
}
