use crate::base::{FRAME_SAMPLES, Frame};

use super::Level;

/// What a frame without any sound counts as.
pub(super) const SILENCE_DB: f32 = -120.0;

/// Frames in one reading of the meter: 50 ms, twenty readings a second.
const METER_FRAMES: u32 = 5;

/// Mean square of a frame.
pub(super) fn power(frame: &Frame) -> f32 {
    frame.samples.iter().map(|s| s * s).sum::<f32>() / FRAME_SAMPLES as f32
}

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
    /// Takes a frame with its mean square in; every fifth gives a reading.
    pub(super) fn read(&mut self, frame: &Frame, power: f32) -> Option<Level> {
        self.frames += 1;
        self.power += power;
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

/// Sub-windows over which the floor looks for its minimum.
const WINDOWS: usize = 8;
/// Frames in a sub-window: 250 ms, so the floor follows a noise that becomes louder in 2 s.
const WINDOW_FRAMES: u32 = 25;
/// The floor is never believed to be above this at the start, when nothing was heard yet.
const FIRST_FLOOR_DB: f32 = -55.0;

/// The loudness of the room when nobody speaks, by minimum statistics (R. Martin, "Noise power
/// spectral density estimation based on optimal smoothing and minimum statistics", 2001), without
/// its spectral part: the least smoothed loudness of the last two seconds, since speech dips to
/// the noise between words and steady noise never dips.
#[derive(Debug)]
pub(super) struct Floor {
    smooth: f32,
    lows: [f32; WINDOWS],
    low: f32,
    frames: u32,
    window: usize,
}

impl Default for Floor {
    fn default() -> Self {
        Self {
            smooth: FIRST_FLOOR_DB,
            lows: [FIRST_FLOOR_DB; WINDOWS],
            low: f32::MAX,
            frames: 0,
            window: 0,
        }
    }
}

impl Floor {
    /// Takes the loudness of the next frame in.
    pub(super) fn note(&mut self, db: f32) {
        self.smooth += 0.3 * (db - self.smooth);
        self.low = self.low.min(self.smooth);
        self.frames += 1;
        if self.frames == WINDOW_FRAMES {
            self.lows[self.window] = self.low;
            self.window = (self.window + 1) % WINDOWS;
            self.low = f32::MAX;
            self.frames = 0;
        }
    }

    /// The floor in dB.
    pub(super) fn db(&self) -> f32 {
        self.lows.iter().fold(self.low, |a, b| a.min(*b))
    }
}
