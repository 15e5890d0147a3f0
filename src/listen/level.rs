use crate::base::{FRAME_SAMPLES, Frame};

use super::Level;

/// The level of a frame without any sound.
pub(super) const SILENCE_DB: f32 = -120.0;

/// Frames in one reading of the meter: 50 ms, twenty readings a second.
const METER_FRAMES: u32 = 5;

/// A mean square in dB relative to full scale.
pub(super) fn decibels(power: f32) -> f32 {
    if power > 1e-12 { 10.0 * power.log10() } else { SILENCE_DB }
}

/// Gathers frames into readings for a level meter.
#[derive(Debug, Default)]
pub(super) struct Meter {
    frames: u32,
    power: f32,
    peak: f32,
}

impl Meter {
    /// Takes a frame; every fifth yields a reading.
    pub(super) fn read(&mut self, frame: &Frame) -> Option<Level> {
        self.frames += 1;
        self.power += frame.samples.iter().map(|s| s * s).sum::<f32>() / FRAME_SAMPLES as f32;
        self.peak = frame.samples.iter().fold(self.peak, |peak, s| peak.max(s.abs()));
        if self.frames < METER_FRAMES {
            return None;
        }
        let level = Level {
            rms_db: decibels(self.power / METER_FRAMES as f32),
            peak_db: decibels(self.peak * self.peak),
        };
        *self = Self::default();
        Some(level)
    }
}
