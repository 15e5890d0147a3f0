//! What shows that a conversation moves, and the models it begins with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::engine::Engines;
use crate::{audio, listen};

/// What shows that a conversation moves, for a watchdog. The callbacks of the devices are not among
/// it: the supervisor looks after them, and there are none while no device is there.
#[derive(Clone, Debug)]
pub struct Pulses {
    pub(super) driver: Arc<AtomicU64>,
    pub(super) listening: listen::ListenPulse,
    pub(super) sound: audio::Pulse,
}

impl Pulses {
    /// What beats, each with a number that grows at least once a second while it does.
    pub fn counts(&self) -> [(&'static str, Option<u64>); 3] {
        [
            ("the driver", Some(self.driver.load(Ordering::Relaxed))),
            ("the listen thread", Some(self.listening.count())),
            ("the supervisor of the devices", self.sound.count()),
        ]
    }
}

/// Loads the models of `engines` now; what cannot be loaded is told when it is needed.
pub async fn warm(engines: Engines) {
    let voice = engines.speak.as_ref().map(|voice| voice.warm());
    let loads = [Some(engines.transcribe.warm()), voice];
    for load in loads.into_iter().flatten() {
        if let Err(error) = load.await {
            tracing::warn!("{error}");
        }
    }
}
