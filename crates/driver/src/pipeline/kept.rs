//! A file of trained weights in a run folder, its marker, and the state of a training that is not done.

use std::path::Path;

use model::ModelError;
use sha2::{Digest, Sha256};

use super::manifest::hex;
use super::mark::Mark;
use crate::DriverError;
use crate::folder::RunFolder;
use crate::terminal::Terminal;

/// What the bytes of such a file are.
pub(crate) trait Content: Sized {
    /// Reads them; `path` is what errors name.
    fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, ModelError>;

    /// Identifies everything that the training depended on.
    fn key(&self) -> &str;
}

/// What a run folder holds of a file.
pub(crate) enum Found<C> {
    Absent,
    /// That of this experiment, with the marker that it lacks, where it lacks one.
    Sound {
        content: Box<C>,
        unmarked: Option<Mark>,
    },
    /// It was there once, and no longer is as it was; why.
    Damaged(String),
}

/// The place of a file, and the key that it must have.
pub(crate) struct Kept<'a> {
    pub(crate) folder: &'a RunFolder,
    /// The path in the run folder.
    pub(crate) file: String,
    pub(crate) key: &'a str,
    /// Whose training it is, in words.
    pub(crate) whose: String,
}

/// Reads a state and the key it has from the bytes of its file, whose path errors name.
type ReadState<S> = fn(&Path, &[u8]) -> Result<(String, S), ModelError>;

impl Kept<'_> {
    /// Where the state of the training lies.
    fn state(&self) -> String {
        Path::new(&self.file).with_extension("midway").display().to_string()
    }

    /// What the folder holds.
    ///
    /// # Errors
    /// A file that is there and cannot be read, or a sound one that belongs to other settings or another version.
    pub(crate) fn look<C: Content>(&self) -> Result<Found<C>, DriverError> {
        let path = self.folder.root().join(&self.file);
        let (bytes, mark) = (self.folder.bytes_if_present(&self.file)?, Mark::read(self.folder, &self.file)?);
        let Some(bytes) = bytes else {
            return Ok(if mark.is_some() { Found::Damaged("is gone".to_owned()) } else { Found::Absent });
        };
        let is_marked = match &mark {
            Some(Ok(mark)) if !mark.is_of(&bytes) => {
                let reason = "is damaged: these are not the bytes that its training left".to_owned();
                return Ok(Found::Damaged(reason));
            }
            mark => matches!(mark, Some(Ok(_))),
        };
        let foreign = |reason: &str| {
            let way_out = "name another folder with --out, or set this one aside with --fresh";
            Err(DriverError::Message(format!("{}: {reason}; {way_out}", path.display())))
        };
        match C::from_bytes(&path, &bytes) {
            Ok(content) if content.key() == self.key => {
                let unmarked = (!is_marked).then(|| Mark::of(content.key(), &bytes));
                Ok(Found::Sound { content: Box::new(content), unmarked })
            }
            Ok(_) => foreign("a machine of other settings, other data or another version of this program"),
            Err(_) if is_marked => foreign("a machine in the format of another version of this program"),
            Err(error) => Ok(Found::Damaged(format!("is damaged: {}", reason(&error)))),
        }
    }

    /// The content, if it is there and sound.
    ///
    /// # Errors
    /// As [`Self::look`].
    pub(crate) fn content<C: Content>(&self) -> Result<Option<C>, DriverError> {
        Ok(match self.look()? {
            Found::Sound { content, .. } => Some(*content),
            Found::Absent | Found::Damaged(_) => None,
        })
    }

    /// Whether nothing need be trained.  What is damaged or gone is named; what is left of it is kept beside it.
    ///
    /// # Errors
    /// As [`Self::look`]; a file that cannot be renamed or removed.
    pub(crate) fn settle<C: Content>(&self, terminal: Terminal) -> Result<bool, DriverError> {
        let shown = self.folder.root().join(&self.file);
        match self.look::<C>()? {
            Found::Absent => Ok(false),
            Found::Sound { unmarked, .. } => {
                // The run was ended between the two, or somebody has removed or changed the marker.
                unmarked.map_or(Ok(()), |mark| mark.write(self.folder, &self.file))?;
                self.folder.remove_if_present(&self.state())?;
                Ok(true)
            }
            Found::Damaged(reason) => {
                if shown.exists() {
                    self.folder.set_aside(&self.file)?;
                    let name = shown.file_name().unwrap_or_default().to_string_lossy();
                    let kept = format_args!("kept as {name}.damaged and trained again");
                    terminal.warn(format_args!("{}: {reason}; {kept}", shown.display()));
                } else {
                    terminal.warn(format_args!("{}: {reason}; trained again", shown.display()));
                }
                self.folder.remove_if_present(&Mark::path(&self.file))?;
                Ok(false)
            }
        }
    }

    /// Errs where it is damaged.
    pub(crate) fn check<C: Content>(&self) -> Result<(), DriverError> {
        if let Found::Damaged(reason) = self.look::<C>()? {
            let path = self.folder.root().join(&self.file);
            let way_out = "run the experiment again to have it trained again";
            return Err(DriverError::Message(format!("{}: {reason}; {way_out}", path.display())));
        }
        Ok(())
    }

    /// Writes the file, whole or not at all, then its marker, and removes the state it was in.
    pub(crate) fn keep(&self, bytes: &[u8]) -> Result<(), DriverError> {
        self.folder.write(&self.file, bytes)?;
        Mark::of(self.key, bytes).write(self.folder, &self.file)?;
        self.folder.remove_if_present(&self.state())
    }

    /// Where the training was left, as `read` reads it with its key; one whose file is damaged begins anew, with a warning.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub(crate) fn left_off<S>(&self, read: ReadState<S>, terminal: Terminal) -> Result<Option<S>, DriverError> {
        let path = self.folder.root().join(self.state());
        let Some(bytes) = self.folder.bytes_if_present(&self.state())? else { return Ok(None) };
        let begins_anew = |reason: &str| {
            terminal.warn(format_args!("{}: {reason}; the training of {} begins anew", path.display(), self.whose));
            None
        };
        let Some(bytes) = unsealed(&bytes) else {
            return Ok(begins_anew("is damaged: its sum is not the one it begins with"));
        };
        Ok(match read(&path, bytes) {
            Ok((key, state)) if key == self.key => Some(state),
            Ok(_) => begins_anew("is of a machine of other settings, other data or another version of this program"),
            Err(error) => begins_anew(&reason(&error)),
        })
    }

    /// Writes the state that the training is in.
    pub(crate) fn keep_state(&self, bytes: &[u8]) -> Result<(), DriverError> {
        self.folder.write(&self.state(), sealed(bytes))
    }
}

/// Bytes behind a line with their sum, since a state has no marker.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let sum = hex(&Sha256::digest(bytes));
    [sum.as_bytes(), b"\n", bytes].concat()
}

/// The bytes of [`sealed`], if the sum is theirs.
fn unsealed(sealed: &[u8]) -> Option<&[u8]> {
    let at = sealed.iter().position(|&byte| byte == b'\n')?;
    let (sum, bytes) = (&sealed[..at], &sealed[at + 1..]);
    (sum == hex(&Sha256::digest(bytes)).as_bytes()).then_some(bytes)
}

/// What is wrong with a file, without its path.
fn reason(error: &ModelError) -> String {
    match error {
        ModelError::Checkpoint { reason, .. } => reason.clone(),
        other => other.to_string(),
    }
}
