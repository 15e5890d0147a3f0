use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The speaker's volume, 0 to 100 percent, shared by the tool that sets it and the edge that
/// applies it. Mute is stored separately, so that unmuting restores the level, and so is the floor
/// that a ring puts under both.
#[derive(Clone, Debug)]
pub struct Volume(Arc<AtomicU32>);

const LEVEL: u32 = 0xff;
const MUTED: u32 = 1 << 8;
const FLOOR_AT: u32 = 16;
const FLOOR: u32 = 0xff << FLOOR_AT;

impl Volume {
    /// A volume of `percent`, clamped to 0..=100.
    pub fn new(percent: u8) -> Self {
        Self(Arc::new(AtomicU32::new(u32::from(percent.min(100)))))
    }

    /// The level in percent, muted or not.
    pub fn percent(&self) -> u8 {
        (self.0.load(Ordering::Relaxed) & LEVEL) as u8
    }

    /// Whether the speaker is muted.
    pub fn muted(&self) -> bool {
        self.0.load(Ordering::Relaxed) & MUTED != 0
    }

    /// Sets the level, clamped to 0..=100, and unmutes.
    pub fn set(&self, percent: u8) {
        self.change(LEVEL | MUTED, u32::from(percent.min(100)));
    }

    /// Mutes or unmutes, keeping the level.
    pub fn mute(&self, on: bool) {
        self.change(MUTED, if on { MUTED } else { 0 });
    }

    /// Sets the minimum loudness, clamped to 0..=100, even when muted: a ring must be heard. Level
    /// and mute are unchanged; 0 removes the floor.
    pub fn floor(&self, percent: u8) {
        self.change(FLOOR, u32::from(percent.min(100)) << FLOOR_AT);
    }

    /// The gain: 0.0 when muted, else the level over 100; never below the floor.
    pub fn gain(&self) -> f32 {
        let knob = self.0.load(Ordering::Relaxed);
        let level = if knob & MUTED != 0 { 0 } else { knob & LEVEL };
        level.max((knob & FLOOR) >> FLOOR_AT) as f32 / 100.0
    }

    fn change(&self, bits: u32, value: u32) {
        // Never fails, because the closure always returns a value.
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |knob| Some(knob & !bits | value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floor_is_under_level_and_mute_and_leaves_them_as_they_are() {
        let knob = Volume::new(20);
        knob.mute(true);
        knob.floor(60);
        assert_eq!((knob.gain(), knob.percent(), knob.muted()), (0.6, 20, true));
        knob.mute(false);
        assert_eq!(knob.gain(), 0.6);
        knob.set(90);
        assert_eq!(knob.gain(), 0.9);
        knob.set(0);
        knob.floor(0);
        assert_eq!((knob.gain(), knob.percent()), (0.0, 0));
    }
}
