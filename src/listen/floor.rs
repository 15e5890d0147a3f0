/// Sub-windows over which the floor takes its minimum.
const WINDOWS: usize = 8;
/// Frames in a sub-window: 250 ms, so the floor follows a louder noise within 2 s.
const WINDOW_FRAMES: u32 = 25;
/// Upper bound of the floor at the start, before anything was heard.
const FIRST_FLOOR_DB: f32 = -55.0;

/// The loudness of the room when nobody speaks, by minimum statistics (R. Martin, "Noise power
/// spectral density estimation based on optimal smoothing and minimum statistics", 2001) without
/// the spectral part: the minimum smoothed loudness of the last two seconds, since speech dips to
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
    /// Takes the loudness of the next frame.
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

/// How fast the bed follows sound above and below it, in dB per frame; slower during speech.
const BED_UP_DB: f32 = 0.2;
const BED_UP_IN_SPEECH_DB: f32 = 0.05;
const BED_DOWN_DB: f32 = 0.07;
/// The bed sinks no lower, so that it recovers in time.
const BED_LEAST_DB: f32 = -90.0;

/// The level that the room's sound stays below most of the time: what a bed of music, which has
/// dips and a pitch like speech, does not exceed. A running quantile.
#[derive(Debug)]
pub(super) struct NoiseFloor(f32);

impl Default for NoiseFloor {
    fn default() -> Self {
        Self(FIRST_FLOOR_DB)
    }
}

impl NoiseFloor {
    /// Takes the loudness of the next frame, and whether it counts as speech.
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
