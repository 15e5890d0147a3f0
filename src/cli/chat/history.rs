use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

/// Questions kept; older ones are dropped when the file is next shortened.
const KEPT: usize = 1_000;

/// What was typed in the chat, newest last: one JSON string per line, in a file of the user's own.
#[derive(Debug, Default)]
pub(super) struct History {
    file: Option<PathBuf>,
    lines: Vec<String>,
}

impl History {
    /// Reads the history. An unreadable file counts as empty and an invalid line is skipped: a lost
    /// history is no reason not to chat.
    pub(super) fn open(file: PathBuf) -> Self {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let mut lines: Vec<String> =
            text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        if lines.len() > 2 * KEPT {
            lines.drain(..lines.len() - KEPT);
            // Shortening it can wait for the next time.
            let _ = rewrite(&file, &lines);
        }
        Self { file: Some(file), lines }
    }

    /// The entries, oldest first.
    pub(super) fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Keeps `text`, unless it repeats the last entry.
    ///
    /// # Errors
    /// When the file cannot be written; the entry is still kept for this chat.
    pub(super) fn push(&mut self, text: &str) -> io::Result<()> {
        if self.lines.last().is_some_and(|last| last == text) {
            return Ok(());
        }
        self.lines.push(text.to_owned());
        match &self.file {
            Some(file) => append(file, text),
            None => Ok(()),
        }
    }
}

fn append(file: &PathBuf, text: &str) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(file)?;
    file.write_all(line(text).as_bytes())
}

fn rewrite(file: &PathBuf, lines: &[String]) -> io::Result<()> {
    let folder = file.parent().unwrap_or_else(|| std::path::Path::new("."));
    // Created for its owner alone, and moved into place whole.
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    for text in lines {
        draft.write_all(line(text).as_bytes())?;
    }
    draft.persist(file).map(drop).map_err(|error| error.error)
}

fn line(text: &str) -> String {
    format!("{}\n", serde_json::Value::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_there_again_the_next_time_line_breaks_too() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("aloud/typed.jsonl");
        let mut history = History::open(file.clone());
        for text in ["one", "two\nlines \"quoted\"", "two\nlines \"quoted\"", "three"] {
            history.push(text).unwrap();
        }
        fs::OpenOptions::new().append(true).open(&file).unwrap().write_all(b"torn").unwrap();
        let again = History::open(file.clone());
        assert_eq!(again.lines(), ["one", "two\nlines \"quoted\"", "three"]);
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn the_file_does_not_grow_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("typed.jsonl");
        let text: String = (0..2 * KEPT + 1).map(|n| line(&n.to_string())).collect();
        fs::write(&file, text).unwrap();
        assert_eq!(History::open(file.clone()).lines().len(), KEPT);
        assert_eq!(fs::read_to_string(file).unwrap().lines().count(), KEPT);
    }
}
