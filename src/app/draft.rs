//! A sound file that is written beside its destination and moved there on success.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use crate::pcm::FileError;

/// The permissions of a new file, before the user's umask.
const NEW: u32 = 0o666;

/// The output file of a run that may yet fail: the old file stays in place until [`Draft::keep`],
/// and a dropped draft leaves nothing behind.
#[derive(Debug)]
pub(super) struct Draft {
    place: PathBuf,
    /// `None` if the destination is not a regular file, such as a pipe: it can only be written to
    /// directly.
    beside: Option<TempPath>,
}

impl Draft {
    /// A draft of `place`.
    ///
    /// # Errors
    /// [`FileError::CannotWrite`] when nothing can be created there.
    pub(super) fn of(place: &Path) -> Result<Self, FileError> {
        // The target of a link is written, and the link stays.
        let place = fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
        let old = fs::metadata(&place).ok();
        if old.as_ref().is_some_and(|old| !old.is_file()) {
            return Ok(Self { place, beside: None });
        }
        let beside = beside(&place, old.map(|old| old.permissions()));
        let beside = beside.map_err(|why| FileError::cannot_make(&place, &why))?;
        Ok(Self { place, beside: Some(beside) })
    }

    /// Where to write the sound.
    pub(super) fn path(&self) -> &Path {
        self.beside.as_deref().unwrap_or(&self.place)
    }

    /// Moves the draft to its destination.
    ///
    /// # Errors
    /// [`FileError::CannotWrite`].
    pub(super) fn keep(self) -> Result<(), FileError> {
        let Some(beside) = self.beside else { return Ok(()) };
        beside.persist(&self.place).map_err(|why| FileError::cannot_make(&self.place, &why.error))
    }
}

/// A new file in the folder of `place`, with the permissions of the `old` one there.
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
