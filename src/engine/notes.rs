use tokio::sync::mpsc;

/// Notes waiting to be read; beyond that, the newest are dropped, since they repeat themselves.
pub const NOTES: usize = 16;

/// Tells the user what is not a failure: which engine replaces which, and why. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Notes(mpsc::Sender<String>);

impl Notes {
    /// The sending and the receiving end.
    pub fn new() -> (Self, mpsc::Receiver<String>) {
        let (tell, read) = mpsc::channel(NOTES);
        (Self(tell), read)
    }

    /// Sends `note`, a sentence for the user.
    pub fn tell(&self, note: String) {
        // If the queue is full or nobody reads, the note is at least in the log.
        if let Err(error) = self.0.try_send(note) {
            tracing::warn!("{}", error.into_inner());
        }
    }
}
