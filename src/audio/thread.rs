use std::thread::{Builder, JoinHandle};

use super::AudioError;

/// Starts a thread. Without one there is no sound.
pub(super) fn thread<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, AudioError> {
    Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map_err(|why| AudioError::NoThread(why.to_string()))
}
