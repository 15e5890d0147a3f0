use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::time::Duration;

use crate::base::Moment;
use crate::turn::{Entry, Input, Setup};

/// Where every input of the machine is written, for `aloud replay`.
pub type Record = Box<dyn Write + Send>;

/// Lines that may wait for the disk: a minute of conversation. If the disk falls further behind,
/// the recording ends, because one with a gap would replay something that never happened.
const WAITING: usize = 4_096;

/// How long to wait for the end of a recording.
const LAST_LINES: Duration = Duration::from_secs(1);

/// A recording in the file at `path`, written by a thread of its own. A file that cannot be created
/// is reported and skipped: the conversation matters more.
pub fn record_in(path: &Path) -> Option<Record> {
    let path = path.to_owned();
    let shown = path.display().to_string();
    match Behind::new(move || File::create(path)) {
        Ok(record) => Some(Box::new(record)),
        Err(error) => {
            tracing::warn!("cannot record to {shown}: {error}");
            None
        }
    }
}

/// A file written by a thread, so that the writer never waits for a disk.
struct Behind {
    /// What was written since the last flush.
    line: Vec<u8>,
    lines: Option<SyncSender<Vec<u8>>>,
    /// Closes when the thread is done.
    done: Receiver<()>,
}

impl Behind {
    /// A thread that writes to the result of `open`.
    fn new<W: Write>(open: impl FnOnce() -> io::Result<W> + Send + 'static) -> io::Result<Self> {
        let (lines, given) = sync_channel::<Vec<u8>>(WAITING);
        let (end, done) = channel();
        std::thread::Builder::new().name("record".into()).spawn(move || {
            let _end = end;
            let written = open().and_then(|mut file| {
                given.into_iter().try_for_each(|line| {
                    file.write_all(&line)?;
                    file.flush()
                })
            });
            if let Err(error) = written {
                tracing::warn!("nothing more is recorded: {error}");
            }
        })?;
        Ok(Self { line: Vec::new(), lines: Some(lines), done })
    }
}

impl Write for Behind {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        let Some(lines) = &self.lines else { return Ok(()) };
        lines.try_send(line).map_err(|error| match error {
            TrySendError::Full(_) => io::Error::other("the disk is too slow"),
            TrySendError::Disconnected(_) => io::Error::other("its file cannot be written"),
        })
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.lines = None;
        // The recording on a stalled disk is cut short.
        let _ = self.done.recv_timeout(LAST_LINES);
    }
}

/// Records the machine's setup and every input: the bug report that `aloud replay` reads.
pub(super) struct Recorder {
    out: Record,
    broken: bool,
}

impl Recorder {
    /// Writes the setup to `out`; inputs follow.
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
            .map_err(io::Error::from)
            .and_then(|()| self.out.write_all(b"\n"))
            .and_then(|()| self.out.flush());
        if let Err(error) = written {
            tracing::warn!("the recording ends here: {error}");
            self.broken = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A disk that stalls until something comes through its gate.
    struct Disk {
        gate: Receiver<()>,
        file: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.gate.recv();
            self.file.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_disk_that_stands_still_holds_nobody_up_and_leaves_a_record_without_a_gap() {
        let (open, gate) = channel();
        let file = Arc::new(Mutex::new(Vec::new()));
        let disk = Disk { gate, file: Arc::clone(&file) };
        let record = Behind::new(move || Ok(disk)).unwrap();
        let setup = Setup::default();
        let mut recorder = Recorder::new(Box::new(record), &setup);
        // If anything waited, this would never end.
        for ms in 0..2 * WAITING as u64 {
            recorder.write(Moment::from_millis(ms), &Input::Tick);
        }
        assert!(recorder.broken);
        // From here on the disk moves, and everything accepted is there when the recording is
        // closed.
        drop(open);
        drop(recorder);
        let file = file.lock().unwrap();
        let lines: Vec<&str> = std::str::from_utf8(&file).unwrap().lines().collect();
        assert_eq!(serde_json::from_str::<Setup>(lines[0]).unwrap(), setup);
        for (ms, line) in lines[1..].iter().enumerate() {
            let entry: Entry = serde_json::from_str(line).unwrap();
            assert_eq!(entry.at, Moment::from_millis(ms as u64));
        }
        assert!(lines.len() >= WAITING, "{}", lines.len());
    }
}
