use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::base::Moment;
use crate::turn::{Entry, Input, Setup};

/// Where every input of the machine is written, for `aloud replay`.
pub type Record = Box<dyn Write + Send>;

/// A record in the file at `path`. One that cannot be made is told and left out: the conversation
/// matters more.
pub fn record_in(path: &Path) -> Option<Record> {
    match File::create(path) {
        Ok(file) => Some(Box::new(BufWriter::new(file))),
        Err(error) => {
            tracing::warn!("cannot record to {}: {error}", path.display());
            None
        }
    }
}

/// Writes the machine's setup and every input: the bug report that `aloud replay` reads.
pub(super) struct Recorder {
    out: Record,
    broken: bool,
}

impl Recorder {
    /// Writes the setup to `out`, and then what comes.
    pub(super) fn new(out: Record, setup: &Setup) -> Self {
        let mut recorder = Self { out, broken: false };
        recorder.line(setup);
        recorder
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
