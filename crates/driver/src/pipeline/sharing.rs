//! Machines that several cells of a sweep have in common: trained in one, linked into the others.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use model::checkpoint::{self, conditioned_from_bytes};
use schedule::Timestep;

use super::conditioned::Conditioned;
use super::shelf::Shelf;
use crate::DriverError;
use crate::folder::{RunFolder, write_whole};
use crate::terminal::Terminal;

/// The longest header of a checkpoint that is looked at.
const LONGEST_HEADER: u64 = 1 << 16;

/// Where machines lie, by their keys.
#[derive(Debug, Default)]
pub(crate) struct Sharing {
    known: BTreeMap<String, PathBuf>,
}

impl Sharing {
    /// The machines of every run folder below `cells`, in the order of their names.
    pub(crate) fn among(cells: &Path) -> Self {
        let mut sharing = Self::default();
        sorted(cells).iter().for_each(|cell| sharing.learn(cell));
        sharing
    }

    /// Takes note of the machines of one run folder.
    pub(crate) fn learn(&mut self, root: &Path) {
        for path in sorted(&root.join(RunFolder::MACHINES)) {
            if path.extension().is_some_and(|extension| extension == "safetensors")
                && let Some(key) = key_in(&path)
            {
                self.known.entry(key).or_insert(path);
            }
        }
    }

    /// Puts the machines that `timesteps` need, that are not on the shelf and that another cell has, on the shelf.
    ///
    /// They are hard links where the file system allows, else copies.  Links are safe: every file of a run is replaced
    /// by renaming a new one over it, never written in place, so no cell can change what another one holds.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn adopt(
        &self,
        shelf: &Shelf<'_>,
        timesteps: &[Timestep],
        terminal: Terminal,
    ) -> Result<(), DriverError> {
        let (problem, folder) = (shelf.problem(), shelf.folder());
        let mut from: BTreeMap<&Path, Vec<usize>> = BTreeMap::new();
        // What is refused here is refused, with its reason, when the training is planned.
        let is_there = |t| shelf.settle(t, terminal).unwrap_or(true);
        for t in problem.job().lineage().closure(timesteps, is_there) {
            let key = shelf.key_of(t);
            let Some(path) = self.known.get(key) else { continue };
            let sound = checkpoint::read(path).is_ok_and(|found| found.key == key && found.t == t.get());
            let (Some(machines), Some(name)) = (path.parent(), path.file_name()) else { continue };
            if !sound || machines == folder.machines() {
                continue;
            }
            let target = folder.machines().join(name);
            link_marked(path, &target)?;
            from.entry(machines.parent().unwrap_or(machines)).or_default().push(t.get());
        }
        for (root, taken) in from {
            let cell = root.file_name().unwrap_or_default().to_string_lossy();
            let (count, s) = (taken.len(), if taken.len() == 1 { "" } else { "s" });
            terminal.say(format_args!("{count} machine{s} shared with {cell}, t = {}", train::ranges(&taken)));
        }
        Ok(())
    }

    /// As [`Self::adopt`], for a machine for all timesteps.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn adopt_one(
        &self,
        machine: &Conditioned<'_>,
        folder: &RunFolder,
        terminal: Terminal,
    ) -> Result<(), DriverError> {
        let Some(path) = self.known.get(machine.key()) else { return Ok(()) };
        let target = folder.root().join(Conditioned::FILE);
        let sound = fs::read(path)
            .is_ok_and(|bytes| conditioned_from_bytes(path, &bytes).is_ok_and(|found| found.key == machine.key()));
        if !sound || *path == target || machine.settle(terminal).unwrap_or(true) {
            return Ok(());
        }
        link_marked(path, &target)?;
        let cell = path.ancestors().nth(2).and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        terminal.say(format_args!("the machine shared with {cell}"));
        Ok(())
    }
}

/// [`link`], with the mark that says that a checkpoint is whole, where the run leaves one.
fn link_marked(from: &Path, to: &Path) -> Result<(), DriverError> {
    link(from, to)?;
    let mark = from.with_extension("done");
    if mark.is_file() { link(&mark, &to.with_extension("done")) } else { Ok(()) }
}

/// What a folder holds but hidden files, by name; nothing where it cannot be listed.
fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let visible = entries.filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
    let mut paths: Vec<PathBuf> = visible.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// The key that a checkpoint file's header holds.  Only the header is read: the file itself is checked before it is used.
fn key_in(path: &Path) -> Option<String> {
    let mut file = fs::File::open(path).ok()?;
    let mut length = [0; 8];
    file.read_exact(&mut length).ok()?;
    let length = u64::from_le_bytes(length);
    let mut header = Vec::new();
    file.take(length.min(LONGEST_HEADER)).read_to_end(&mut header).ok()?;
    let header: serde_json::Value = serde_json::from_slice(&header).ok()?;
    let machine: serde_json::Value = serde_json::from_str(header["__metadata__"]["machine"].as_str()?).ok()?;
    Some(machine["key"].as_str()?.to_owned())
}

/// Makes `to` the same file as `from`, whole or not at all; a copy where the file system has no hard links.
fn link(from: &Path, to: &Path) -> Result<(), DriverError> {
    let failed = || DriverError::io(to, "cannot be written");
    let folder = to.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed())?;
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    // A link cannot replace a file (one of another key, or damaged); renaming can.
    let beside = folder.join(format!(".linking-{name}"));
    let _ = fs::remove_file(&beside);
    let linked = fs::hard_link(from, &beside).and_then(|()| fs::rename(&beside, to));
    let _ = fs::remove_file(&beside);
    if linked.is_ok() {
        return Ok(());
    }
    let bytes = fs::read(from).map_err(DriverError::io(from, "cannot be read"))?;
    write_whole(to, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_replaces_what_is_there_and_a_later_write_leaves_the_other_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one/t"), folder.path().join("two/t"));
        data::write_atomically(&one, b"machine").unwrap();
        data::write_atomically(&two, b"damaged").unwrap();
        for _ in 0..2 {
            link(&one, &two).unwrap();
            assert_eq!(fs::read(&two).unwrap(), b"machine");
        }
        data::write_atomically(&two, b"another").unwrap();
        assert_eq!((fs::read(&one).unwrap(), fs::read(&two).unwrap()), (b"machine".to_vec(), b"another".to_vec()));
        assert_eq!(sorted(&folder.path().join("two")), [two]);
        assert_eq!(fs::read_dir(folder.path().join("two")).unwrap().count(), 1);
    }

    #[test]
    fn files_that_are_no_checkpoints_have_no_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t0001.safetensors");
        for bytes in [&b""[..], b"1234567", &[0xff; 64], b"\x02\0\0\0\0\0\0\0{}", b"\x02\0\0\0\0\0\0\0[]"] {
            fs::write(&path, bytes).unwrap();
            assert_eq!(key_in(&path), None);
        }
        assert_eq!(key_in(folder.path()), None);
        let header = br#"{"__metadata__":{"machine":"{\"key\":\"abc\"}"}}"#;
        let length = (header.len() as u64).to_le_bytes();
        fs::write(&path, [&length[..], header].concat()).unwrap();
        assert_eq!(key_in(&path).as_deref(), Some("abc"));
        // The machines of all cells are known by their keys.
        let machines = folder.path().join("cells/001/machines");
        fs::create_dir_all(&machines).unwrap();
        fs::copy(&path, machines.join("t0001.safetensors")).unwrap();
        let known = Sharing::among(&folder.path().join("cells")).known;
        assert_eq!(known.into_iter().collect::<Vec<_>>(), [("abc".to_owned(), machines.join("t0001.safetensors"))]);
    }
}
