//! From settings to open devices.

use std::time::Duration;

use super::StartError;
use crate::audio::{self, AudioError};
use crate::config;

/// How long devices may take to open: an idle virtual one needs 2 s.
const OPENING: Duration = Duration::from_secs(10);

/// Waits until the sound is ready, without blocking the async thread.
pub(super) async fn ready(sound: audio::Sound) -> Result<audio::Sound, StartError> {
    let waited = tokio::task::spawn_blocking(move || sound.ready(OPENING).map(|()| sound)).await;
    match waited {
        Ok(sound) => Ok(sound?),
        Err(_) => {
            Err(StartError::Sound(AudioError::NoServer("opening it did not finish".to_owned())))
        }
    }
}

/// The device that a setting names.
pub(super) fn choice(device: &config::Device) -> audio::Choice {
    match device {
        config::Device::Default => audio::Choice::Default,
        config::Device::Wav(path) => audio::Choice::File(path.clone()),
        config::Device::Named(name) => audio::Choice::Named(name.clone()),
    }
}
