//! A sound file that is made beside its place, and put there when it has come to something.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use crate::audio::AudioError;

/// The rights of a new file, before the user's mask.
const NEW: u32 = 0o666;

/// The file of a run that may yet fail: until [`Draft::keep`] what was there before is there still,
/// and a draft that is dropped leaves nothing.
#[derive(Debug)]
pub(super) struct Draft {
    place: PathBuf,
    /// None where the place is no plain file, such as a pipe: it can only be written to.
    beside: Option<TempPath>,
}

impl Draft {
    /// A draft of `place`.
    ///
    /// # Errors
    /// [`AudioError::CannotWrite`] when nothing can be made there.
    pub(super) fn of(place: &Path) -> Result<Self, AudioError> {
        // What a link points to is written, and the link stays.
        let place = fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
        let old = fs::metadata(&place).ok();
        if old.as_ref().is_some_and(|old| !old.is_file()) {
            return Ok(Self { place, beside: None });
        }
        let beside = beside(&place, old.map(|old| old.permissions()));
        let beside = beside.map_err(|why| AudioError::cannot_make(&place, &why))?;
        Ok(Self { place, beside: Some(beside) })
    }

    /// Where the sound is written.
    pub(super) fn path(&self) -> &Path {
        self.beside.as_deref().unwrap_or(&self.place)
    }

    /// Puts what was written in its place.
    ///
    /// # Errors
    /// [`AudioError::CannotWrite`].
    pub(super) fn keep(self) -> Result<(), AudioError> {
        let Some(beside) = self.beside else { return Ok(()) };
        beside.persist(&self.place).map_err(|why| AudioError::cannot_make(&self.place, &why.error))
    }
}

/// A new file in the folder of `place`, with the rights of the `old` one there.
fn beside(place: &Path, old: Option<Permissions>) -> io::Result<TempPath> {
    if old.as_ref().is_some_and(Permissions::readonly) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let file = tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .suffix(".part")
        .permissions(Permissions::from_mode(NEW))
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    if let Some(rights) = old {
        file.as_file().set_permissions(rights)?;
    }
    Ok(file.into_temp_path())
}
