use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{AudioError, Side, SoundEvent};

/// The state of one side, for `status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SideState {
    /// Not requested, or closed for now.
    #[default]
    Off,
    /// Not open yet.
    Opening,
    /// Open.
    Up {
        /// Its name.
        device: String,
        /// The named device that it replaces.
        instead_of: Option<String>,
    },
    /// No sound; reopening is tried continually.
    Lost(AudioError),
}

/// The known state of both sides.
#[derive(Debug, Default)]
pub(super) struct Board {
    sides: Mutex<[SideState; 2]>,
    changed: Condvar,
    rounds: AtomicU64,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, [SideState; 2]> {
        self.sides.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One side is about to be opened.
    pub(super) fn begin(&self, side: Side) {
        self.lock()[side as usize] = SideState::Opening;
    }

    /// The state of one side.
    pub(super) fn state(&self, side: Side) -> SideState {
        self.lock()[side as usize].clone()
    }

    /// Records what `event` says.
    pub(super) fn note(&self, event: &SoundEvent) {
        let (side, state) = match event {
            SoundEvent::Up { side, device } => {
                (side, SideState::Up { device: device.clone(), instead_of: None })
            }
            SoundEvent::Moved { side, device, wanted } => {
                (side, SideState::Up { device: device.clone(), instead_of: Some(wanted.clone()) })
            }
            SoundEvent::Lost { side, why } => (side, SideState::Lost(why.clone())),
            SoundEvent::Closed { side } => (side, SideState::Off),
            SoundEvent::Ended => return,
        };
        self.lock()[*side as usize] = state;
        self.changed.notify_all();
    }

    /// Waits up to `patience` until nothing is being opened any more or something is lost; returns
    /// the state of both sides then.
    pub(super) fn wait(&self, patience: Duration) -> [SideState; 2] {
        let opening = |sides: &mut [SideState; 2]| {
            !sides.iter().any(|side| matches!(side, SideState::Lost(_)))
                && sides.contains(&SideState::Opening)
        };
        let waited = self.changed.wait_timeout_while(self.lock(), patience, opening);
        waited.unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// The supervisor's loop has turned once more.
    pub(super) fn turn(&self) {
        self.rounds.fetch_add(1, Ordering::Relaxed);
    }

    /// How often it has turned.
    pub(super) fn rounds(&self) -> u64 {
        self.rounds.load(Ordering::Relaxed)
    }
}
