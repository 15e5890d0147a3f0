use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::base::Moment;
use crate::turn::{Entry, Input, Setup};

/// Writes the machine's setup and every input to a file: the bug report that `aloud replay` reads.
pub(super) struct Recorder {
    out: BufWriter<File>,
    broken: bool,
}

impl Recorder {
    /// Opens `path` and writes the setup. A recording that cannot be made is told and left out:
    /// the conversation matters more.
    pub(super) fn create(path: &Path, setup: &Setup) -> Option<Self> {
        let file = match File::create(path) {
            Ok(file) => file,
            Err(error) => {
                tracing::warn!("cannot record to {}: {error}", path.display());
                return None;
            }
        };
        let mut recorder = Self { out: BufWriter::new(file), broken: false };
        recorder.line(setup);
        Some(recorder)
    }

    pub(super) fn write(&mut self, at: Moment, input: &Input) {
        self.line(&Entry { at, input: input.clone() });
    }

    fn line(&mut self, value: &impl serde::Serialize) {
        if self.broken {
            return;
        }
        let written = serde_json::to_writer(&mut self.out, value)
            .map_err(std::io::Error::from)
            .and_then(|()| self.out.write_all(b"\n"))
            .and_then(|()| self.out.flush());
        if let Err(error) = written {
            tracing::warn!("the recording ends here: {error}");
            self.broken = true;
        }
    }
}
