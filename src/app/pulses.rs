//! Signs of life of a conversation, and warming up its models.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::engine::Engines;
use crate::{audio, listen};

/// Signs of life of a conversation, for a watchdog. The device callbacks are not among them: the
/// supervisor watches those, and there are none without a device.
#[derive(Clone, Debug)]
pub struct Pulses {
    pub(super) driver: Arc<AtomicU64>,
    pub(super) listening: listen::ListenPulse,
    pub(super) sound: audio::Pulse,
}

impl Pulses {
    /// The parts that beat, each with a number that grows at least once a second while the part
    /// moves.
    pub fn counts(&self) -> [(&'static str, Option<u64>); 3] {
        [
            ("the driver", Some(self.driver.load(Ordering::Relaxed))),
            ("the listen thread", Some(self.listening.count())),
            ("the supervisor of the devices", self.sound.count()),
        ]
    }
}

/// Loads the models of `engines` now; a failure is reported when the model is needed.
pub async fn warm(engines: Engines) {
    let voice = engines.speak.as_ref().map(|voice| voice.warm());
    let loads = [Some(engines.transcribe.warm()), voice];
    for load in loads.into_iter().flatten() {
        if let Err(error) = load.await {
            tracing::warn!("{error}");
        }
    }
}
