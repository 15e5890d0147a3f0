//! Notifies the service manager from a thread of its own: its socket blocks while nobody reads it,
//! and nothing that talks may wait for that.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::time::Duration;

use sd_notify::NotifyState;

/// Messages that may wait. Beyond that the newest are dropped: a reader that slow would not act on
/// them.
const WAITING: usize = 16;

/// How long shutdown may wait for the last message.
const FAREWELL: Duration = Duration::from_millis(500);

/// A message.
pub(super) enum Word {
    /// The service is ready.
    Ready,
    /// It is ending.
    Stopping,
    /// Everything moves.
    Alive,
    /// What it is doing, in one line.
    Status(String),
}

/// The connection to the service manager; does nothing if there is none.
#[derive(Clone)]
pub(super) struct Notifier(Arc<Line>);

struct Line {
    words: SyncSender<Word>,
    /// Returns an error when the thread has sent everything and is gone.
    told: std::sync::Mutex<Receiver<()>>,
}

impl Notifier {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system cannot start a thread.
    pub(super) fn start() -> std::io::Result<Self> {
        let (words, inbox) = sync_channel(WAITING);
        let (done, told) = channel::<()>();
        std::thread::Builder::new().name("aloud-notify".into()).spawn(move || {
            tell_all(&inbox);
            drop(done);
        })?;
        Ok(Self(Arc::new(Line { words, told: std::sync::Mutex::new(told) })))
    }

    /// Sends `word` without waiting.
    pub(super) fn tell(&self, word: Word) {
        // Full: see [`WAITING`].
        let _ = self.0.words.try_send(word);
    }

    /// Reports that the service is ending, and waits until that is sent, half a second at most.
    pub(super) fn farewell(&self) {
        self.tell(Word::Stopping);
        if let Ok(told) = self.0.told.lock() {
            // Either way the service ends now.
            let _ = told.recv_timeout(FAREWELL);
        }
    }
}

fn tell_all(inbox: &Receiver<Word>) {
    while let Ok(word) = inbox.recv() {
        // Without a service manager there is nobody to notify.
        let _ = match &word {
            Word::Ready => sd_notify::notify(&[NotifyState::Ready]),
            Word::Stopping => sd_notify::notify(&[NotifyState::Stopping]),
            Word::Alive => sd_notify::notify(&[NotifyState::Watchdog]),
            Word::Status(line) => sd_notify::notify(&[NotifyState::Status(line)]),
        };
        if matches!(word, Word::Stopping) {
            return;
        }
    }
}
