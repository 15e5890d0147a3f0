use tokio::sync::mpsc;

/// Notes that wait to be read; when there are more, the newest are dropped: they repeat themselves.
pub const NOTES: usize = 16;

/// Where engines tell the user what is no failure: who stands in for whom, and why. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Notes(mpsc::Sender<String>);

impl Notes {
    /// The end that tells and the end that reads.
    pub fn new() -> (Self, mpsc::Receiver<String>) {
        let (tell, read) = mpsc::channel(NOTES);
        (Self(tell), read)
    }

    /// Tells `note`, a sentence for the user.
    pub fn tell(&self, note: String) {
        // A full queue or nobody who reads: the note is in the log all the same.
        if let Err(error) = self.0.try_send(note) {
            tracing::warn!("{}", error.into_inner());
        }
    }
}
