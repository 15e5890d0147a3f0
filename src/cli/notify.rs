//! What the service manager is told, by a thread of its own: its socket blocks while nobody reads it,
//! and nothing that talks may wait for that.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::time::Duration;

use sd_notify::NotifyState;

/// Words that may wait to be told. Of more than that the newest are dropped: who reads so little
/// would not act on them.
const WAITING: usize = 16;

/// How long the end may wait for the last word to be told.
const FAREWELL: Duration = Duration::from_millis(500);

/// One thing to tell.
pub(super) enum Word {
    /// The service is ready.
    Ready,
    /// It is ending.
    Stopping,
    /// Everything moves.
    Alive,
    /// What it is doing, in a line.
    Status(String),
}

/// The way to the service manager; silent where there is none.
#[derive(Clone)]
pub(super) struct Notifier(Arc<Line>);

struct Line {
    words: SyncSender<Word>,
    /// Gives an error when the thread has told everything and is gone.
    told: std::sync::Mutex<Receiver<()>>,
}

impl Notifier {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start() -> std::io::Result<Self> {
        let (words, inbox) = sync_channel(WAITING);
        let (done, told) = channel::<()>();
        std::thread::Builder::new().name("aloud-notify".into()).spawn(move || {
            tell_all(&inbox);
            drop(done);
        })?;
        Ok(Self(Arc::new(Line { words, told: std::sync::Mutex::new(told) })))
    }

    /// Tells `word`, without waiting.
    pub(super) fn tell(&self, word: Word) {
        // Full: see [`WAITING`].
        let _ = self.0.words.try_send(word);
    }

    /// Tells that the service ends, and waits until that is told, half a second at most.
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
        // Without a service manager there is nobody to tell.
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
