//! `RUN/.lock`: one process at a time writes into a run folder, or several train different machines of it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::DriverError;
use crate::pipeline::manifest;
use crate::terminal::Terminal;

/// The file's name in the run folder.
const FILE: &str = ".lock";

/// Who holds a lock, as the file says.
#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    host: Option<String>,
    verb: String,
    since: String,
}

/// A run folder held by this process until it is dropped.  The lock is the operating system's, so it ends with the
/// process however that ends, and a file that is left behind is no obstacle.
#[derive(Debug)]
pub(crate) struct Lock {
    /// The file, where there is one and the file system has locks.
    file: Option<File>,
    writes: bool,
}

impl Lock {
    /// Holds the folder `root` for `verb`, which writes into it.
    ///
    /// # Errors
    /// Another process that holds the folder, a folder that cannot be written to.
    pub(crate) fn to_write(root: &Path, verb: &str, terminal: Terminal) -> Result<Self, DriverError> {
        Self::alone_or_refused(root, verb, terminal)?
    }

    /// As [`Self::to_write`] after [`Self::to_share`]: `None` where another process still shares the folder.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub(crate) fn alone(self, root: &Path, verb: &str, terminal: Terminal) -> Result<Option<Self>, DriverError> {
        drop(self);
        Ok(Self::alone_or_refused(root, verb, terminal)?.ok())
    }

    /// Shares the folder `root` with other processes that write machines into it; none that writes anything else may.
    ///
    /// # Errors
    /// Another process that holds the folder alone, a folder that cannot be written to.
    pub(crate) fn to_share(root: &Path, terminal: Terminal) -> Result<Self, DriverError> {
        let (path, mut file) = opened(root)?;
        match file.try_lock_shared() {
            Ok(()) => Ok(Self { file: Some(file), writes: false }),
            Err(TryLockError::WouldBlock) => Err(held(&path, &mut file)),
            Err(TryLockError::Error(error)) => Ok(without_locks(&path, &error, false, terminal)),
        }
    }

    /// The lock, or the refusal of another process that holds the folder.
    fn alone_or_refused(root: &Path, verb: &str, terminal: Terminal) -> Result<Result<Self, DriverError>, DriverError> {
        let (path, mut file) = opened(root)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Err(held(&path, &mut file))),
            Err(TryLockError::Error(error)) => return Ok(Ok(without_locks(&path, &error, true, terminal))),
        }
        // What the file says is for people; the lock holds without it, on a full disk for one.
        let since = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        let holder = Holder { pid: std::process::id(), host: manifest::host(), verb: verb.to_owned(), since };
        if let Ok(text) = serde_json::to_string(&holder) {
            let _ = file.set_len(0).and_then(|()| file.write_all(text.as_bytes()));
        }
        Ok(Ok(Self { file: Some(file), writes: true }))
    }

    /// Keeps the folder `root` from being written to, itself writing nothing: a folder without the file is not held.
    ///
    /// # Errors
    /// Another process that writes into the folder.
    pub(crate) fn to_read(root: &Path) -> Result<Self, DriverError> {
        let path = root.join(FILE);
        let Ok(mut file) = File::open(&path) else { return Ok(Self { file: None, writes: false }) };
        match file.try_lock_shared() {
            Ok(()) => Ok(Self { file: Some(file), writes: false }),
            Err(TryLockError::WouldBlock) => Err(held(&path, &mut file)),
            Err(TryLockError::Error(_)) => Ok(Self { file: None, writes: false }),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(file) = self.file.as_mut().filter(|_| self.writes) {
            let _ = file.set_len(0);
        }
    }
}

/// The file, made where it is not there.
fn opened(root: &Path) -> Result<(PathBuf, File), DriverError> {
    let path = root.join(FILE);
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(DriverError::io(&path, "cannot be written"))?;
    Ok((path, file))
}

/// Goes on without a lock where the file system has none.
fn without_locks(path: &Path, error: &std::io::Error, writes: bool, terminal: Terminal) -> Lock {
    terminal.warn(format_args!(
        "{}: this file system has no locks ({error}); see to it that no other driver works in this folder",
        path.display()
    ));
    Lock { file: None, writes }
}

/// The refusal, with what the holder wrote about itself; a reader writes nothing.
fn held(path: &Path, file: &mut File) -> DriverError {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut text));
    let holder = read.ok().and_then(|_| serde_json::from_str::<Holder>(&text).ok()).filter(lives);
    let who = match holder {
        Some(Holder { pid, host, verb, since }) => {
            let host = host.map_or(String::new(), |host| format!(" on {host}"));
            format!("process {pid}{host} (driver {verb}, since {since})")
        }
        None => "another process (such as driver verify, or driver run --timesteps)".to_owned(),
    };
    DriverError::Message(format!("{}: held by {who}; wait for it or stop it", path.display()))
}

/// Whether the process may still be there: one of this computer's that is gone has left the file to a reader.
fn lives(holder: &Holder) -> bool {
    let processes = PathBuf::from("/proc");
    let here = holder.host.is_some() && holder.host == manifest::host() && processes.join("self").exists();
    let gone = |path: PathBuf| path.try_exists().is_ok_and(|there| !there);
    !(here && gone(processes.join(holder.pid.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Verbosity;

    #[test]
    fn one_writes_or_many_read_and_a_file_left_behind_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let terminal = Terminal::new(Verbosity::Quiet);
        // Without the file, a reader holds nothing and makes none.
        drop(Lock::to_read(root).unwrap());
        assert!(!root.join(FILE).exists());
        std::fs::write(root.join(FILE), r#"{"pid":1,"host":null,"verb":"run","since":"then"}"#).unwrap();
        let writer = Lock::to_write(root, "run", terminal).unwrap();
        let message = Lock::to_write(root, "run", terminal).unwrap_err().to_string();
        let who = format!("held by process {}", std::process::id());
        assert!(message.contains(&who) && message.contains("(driver run, since 20"), "{message}");
        assert_eq!(Lock::to_read(root).unwrap_err().to_string(), message);
        drop(writer);
        let readers = [Lock::to_read(root).unwrap(), Lock::to_read(root).unwrap()];
        let message = Lock::to_write(root, "run", terminal).unwrap_err().to_string();
        assert!(message.contains("held by another process"), "{message}");
        drop(readers);
        drop(Lock::to_write(root, "run", terminal).unwrap());
        assert_eq!(std::fs::read(root.join(FILE)).unwrap(), b"");
        // Of those that share it the last one can have it alone.
        let (one, other) = (Lock::to_share(root, terminal).unwrap(), Lock::to_share(root, terminal).unwrap());
        assert!(one.alone(root, "run", terminal).unwrap().is_none());
        let alone = other.alone(root, "run", terminal).unwrap().unwrap();
        assert_eq!(
            Lock::to_share(root, terminal).unwrap_err().to_string(),
            Lock::to_read(root).unwrap_err().to_string()
        );
        drop(alone);
        drop(Lock::to_share(root, terminal).unwrap());
    }
}
