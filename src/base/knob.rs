use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The speaker's volume, 0 to 100 percent, shared by the tool that sets it and the edge that
/// applies it. Mute is kept apart, so that unmuting returns to the level before.
#[derive(Clone, Debug)]
pub struct Volume(Arc<AtomicU32>);

const MUTED: u32 = 1 << 8;

impl Volume {
    /// A knob at `percent`, clamped to 0..=100.
    pub fn new(percent: u8) -> Self {
        Self(Arc::new(AtomicU32::new(u32::from(percent.min(100)))))
    }

    /// The level in percent, muted or not.
    pub fn percent(&self) -> u8 {
        (self.0.load(Ordering::Relaxed) & 0xff) as u8
    }

    /// Whether the speaker is muted.
    pub fn muted(&self) -> bool {
        self.0.load(Ordering::Relaxed) & MUTED != 0
    }

    /// Sets the level, clamped to 0..=100, and unmutes.
    pub fn set(&self, percent: u8) {
        self.0.store(u32::from(percent.min(100)), Ordering::Relaxed);
    }

    /// Mutes or unmutes, keeping the level.
    pub fn mute(&self, on: bool) {
        if on {
            self.0.fetch_or(MUTED, Ordering::Relaxed);
        } else {
            self.0.fetch_and(!MUTED, Ordering::Relaxed);
        }
    }

    /// The factor for samples: 0.0 when muted, else the level over 100.
    pub fn gain(&self) -> f32 {
        if self.muted() { 0.0 } else { f32::from(self.percent()) / 100.0 }
    }
}
