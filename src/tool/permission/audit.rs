use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::WallClock;
use crate::dialog::{Call, Effect};
use crate::tool::ToolCx;

/// The size at which a log begins anew; the one before is kept beside it.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// Deeds waiting to be written.
const WAITING: usize = 256;

/// The log of what tools did and why: one JSON object a line. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Audit(Option<Arc<Log>>);

#[derive(Debug)]
struct Log {
    file: PathBuf,
    clock: WallClock,
    waiting: Mutex<Vec<Deed>>,
}

/// How a call was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruled {
    /// It ran.
    Allowed,
    /// The user was asked.
    Asked,
    /// It ran after the user's yes.
    Confirmed,
    /// The user said no.
    Declined,
    /// It is not allowed in turns that begin like this one.
    Denied,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deed {
    /// When.
    pub at: Timestamp,
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: Value,
    /// What its calls do.
    pub effect: Effect,
    /// How it was decided.
    pub ruled: Ruled,
    /// What the user had said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

impl Deed {
    pub(super) fn of(call: &Call, effect: Effect, cx: &ToolCx, ruled: Ruled) -> Self {
        Self {
            at: Timestamp::UNIX_EPOCH,
            tool: call.name.clone(),
            arguments: serde_json::from_str(&call.arguments).unwrap_or_default(),
            effect,
            ruled,
            said: cx.said.clone(),
        }
    }
}

impl Audit {
    /// A log in `file`, which is created with the first deed.
    pub fn new(file: PathBuf, clock: WallClock) -> Self {
        Self(Some(Arc::new(Log { file, clock, waiting: Mutex::default() })))
    }

    /// Records `deed` off the async thread.
    pub(super) fn note(&self, deed: Deed) {
        let Some(log) = &self.0 else { return };
        let deed = Deed { at: log.clock.now(), ..deed };
        let mut waiting = log.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() == WAITING {
            tracing::warn!("a call of {} is not in the log: the disk is too slow", deed.tool);
            return;
        }
        waiting.push(deed);
        drop(waiting);
        let audit = self.clone();
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || audit.flush())),
            Err(_) => audit.flush(),
        }
    }

    /// Writes what is waiting.
    pub fn flush(&self) {
        let Some(log) = &self.0 else { return };
        // Held while writing, so that lines stay in order.
        let mut waiting = log.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for deed in waiting.drain(..) {
            if let Err(error) = log.write(&deed) {
                let file = log.file.display();
                tracing::warn!("{} is not recorded in {file}: {error}", deed.tool);
            }
        }
    }

    /// The last `most` deeds, oldest first, and the number of lines that are not ours.
    ///
    /// # Errors
    /// When the file exists and cannot be read.
    pub fn read(&self, most: usize) -> io::Result<(Vec<Deed>, usize)> {
        let Some(log) = &self.0 else { return Ok((Vec::new(), 0)) };
        let text = match fs::read(&log.file) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let lines: Vec<&str> = text.lines().collect();
        let last = &lines[lines.len().saturating_sub(most)..];
        let deeds: Vec<Deed> =
            last.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let unread = last.len() - deeds.len();
        Ok((deeds, unread))
    }

    /// Where it is; `None` if nothing is recorded.
    pub fn file(&self) -> Option<&std::path::Path> {
        self.0.as_ref().map(|log| log.file.as_path())
    }
}

impl Log {
    fn write(&self, deed: &Deed) -> io::Result<()> {
        if let Some(folder) = self.file.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        if fs::metadata(&self.file).is_ok_and(|file| file.len() > MOST_BYTES) {
            fs::rename(&self.file, self.file.with_extension("jsonl.1"))?;
        }
        let mut line = serde_json::to_vec(deed)?;
        line.push(b'\n');
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.file)?;
        // One call: lines of two programs never mix.
        file.write_all(&line)
    }
}
