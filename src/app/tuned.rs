//! What `aloud doctor --tune` has measured: which microphone hears which speaker, and how.

use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

use super::App;
use crate::audio::{Loop, Loops};

/// Where it is kept, a JSON object of microphones, each an object of speakers.
fn file(app: &App) -> PathBuf {
    app.config.paths.state.join("echo.json")
}

/// What has been measured so far.
pub(super) fn loops(app: &App) -> Loops {
    let file = file(app);
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Loops::default(),
        Err(error) => {
            tracing::warn!("cannot read {}: {error}; run \"aloud doctor --tune\"", file.display());
            return Loops::default();
        }
    };
    serde_json::from_str(&text).unwrap_or_else(|error| {
        tracing::warn!("{} is damaged ({error}); run \"aloud doctor --tune\"", file.display());
        Loops::default()
    })
}

/// Keeps what `microphone` hears of `speaker`. The file is replaced whole.
///
/// # Errors
/// What the system refused.
pub(crate) fn keep(app: &App, microphone: &str, speaker: &str, heard: Loop) -> io::Result<()> {
    let mut all = loops(app);
    all.set(microphone, speaker, heard);
    let folder = &app.config.paths.state;
    std::fs::create_dir_all(folder)?;
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(serde_json::to_string_pretty(&all)?.as_bytes())?;
    draft.persist(file(app)).map_err(|error| error.error)?;
    Ok(())
}
