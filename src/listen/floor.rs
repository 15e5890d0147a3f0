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

/// How fast the bed follows sound above and below it, in dB a frame; slower while that is speech.
const BED_UP_DB: f32 = 0.2;
const BED_UP_IN_SPEECH_DB: f32 = 0.05;
const BED_DOWN_DB: f32 = 0.07;
/// The bed sinks no deeper, so that it is back in time.
const BED_LEAST_DB: f32 = -90.0;

/// The loudness that the room's sound stays below most of the time: what a bed of music, which
/// has dips and a pitch as speech has, does not rise above. A running quantile.
#[derive(Debug)]
pub(super) struct NoiseFloor(f32);

impl Default for NoiseFloor {
    fn default() -> Self {
        Self(FIRST_FLOOR_DB)
    }
}

impl NoiseFloor {
    /// Takes the loudness of the next frame in, and whether it is held for speech.
    pub(super) fn note(&mut self, db: f32, speech: bool) {
        let step = match (db > self.0, speech) {
            (false, _) => -BED_DOWN_DB,
            (true, true) => BED_UP_IN_SPEECH_DB,
            (true, false) => BED_UP_DB,
        };
        self.0 = (self.0 + step).max(BED_LEAST_DB);
    }

    /// The bed in dB.
    pub(super) fn db(&self) -> f32 {
        self.0
    }
}
