//! Files of the user that tools read and write.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::ToolError;

/// Held by whoever works on the user's files: the calls of one sentence run beside each other, and
/// one that read a file before the other wrote it would undo that.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Runs `work` on a thread that may wait for a disk, after all other such work.
pub(super) async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ToolError> + Send + 'static,
) -> Result<T, ToolError> {
    let alone = move || {
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        work()
    };
    aside(alone).await?
}

/// Runs `work`, which takes more than a moment, on a thread of its own.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ToolError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ToolError::Fatal(format!("That failed: {error}.")))
}

/// Writes the file at `path`, whole or not at all, and its folder if there is none. A link to a file
/// elsewhere stays a link, and the file keeps its permissions.
///
/// # Errors
/// What the system refused.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let to = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut draft = tempfile::NamedTempFile::new_in(to.parent().unwrap_or(folder))?;
    draft.write_all(text.as_bytes())?;
    if let Ok(meta) = std::fs::metadata(&to) {
        draft.as_file().set_permissions(meta.permissions())?;
    }
    draft.as_file().sync_all()?;
    draft.persist(&to).map_err(|error| error.error)?;
    Ok(())
}
