use crate::base::{FRAME_SAMPLES, Frame};

/// Second-order Butterworth filters at 16 kHz: high-pass at 250 Hz, low-pass at 3.2 kHz.
const HIGH_PASS: [f32; 5] = [0.932_932, -1.865_864, 0.932_932, -1.861_361, 0.870_367];
const LOW_PASS: [f32; 5] = [0.206_572, 0.413_144, 0.206_572, -0.369_527, 0.195_816];

/// Window of the pitch search: 32 ms at 8 kHz.
const SPAN: usize = 256;
/// Periods tried: 400 Hz down to 70 Hz at 8 kHz.
const PERIODS: std::ops::Range<usize> = 20..116;

/// The voice band, without the rumble of fans below and the hiss above it.
pub(super) struct Band {
    high: Biquad,
    low: Biquad,
    /// The last [`SPAN`] samples at 8 kHz. The low-pass leaves little to alias.
    recent: [f32; SPAN],
    /// The last period that was found.
    period: usize,
}

impl Default for Band {
    fn default() -> Self {
        Self {
            high: Biquad { taps: HIGH_PASS, state: [0.0; 2] },
            low: Biquad { taps: LOW_PASS, state: [0.0; 2] },
            recent: [0.0; SPAN],
            period: PERIODS.start,
        }
    }
}

impl Band {
    /// Takes a frame and returns its mean square within the band.
    pub(super) fn hear(&mut self, frame: &Frame) -> f32 {
        const HALF: usize = FRAME_SAMPLES / 2;
        self.recent.copy_within(HALF.., 0);
        let mut sum = 0.0;
        for (at, pair) in
            self.recent[SPAN - HALF..].iter_mut().zip(frame.samples.as_chunks::<2>().0)
        {
            let [even, odd] = pair.map(|sample| self.low.pass(self.high.pass(sample)));
            sum += even * even + odd * odd;
            *at = even;
        }
        sum / FRAME_SAMPLES as f32
    }

    /// Whether the last 32 ms are more similar to themselves one period later than `least`, for any
    /// period: 0.0 is noise, 1.0 a steady tone. Normalized autocorrelation. A voice changes slowly,
    /// so the last period that was found is tried first.
    pub(super) fn pitched(&mut self, least: f32) -> bool {
        let similar = self.similarity();
        let found =
            std::iter::once(self.period).chain(PERIODS).find(|&period| similar(period) > least);
        self.period = found.unwrap_or(self.period);
        found.is_some()
    }

    /// The similarity as a function of the period.
    fn similarity(&self) -> impl Fn(usize) -> f32 + use<> {
        let recent = self.recent;
        // The energy of everything before a sample.
        let mut before = [0.0; SPAN + 1];
        for (n, sample) in recent.iter().enumerate() {
            before[n + 1] = before[n] + sample * sample;
        }
        move |period| {
            let product = dot(&recent[..SPAN - period], &recent[period..]);
            let (head, tail) = (before[SPAN - period], before[SPAN] - before[period]);
            product / (head * tail + 1e-12).sqrt()
        }
    }
}

/// The dot product, in eight lanes so that it vectorizes.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    let (a, rest_a) = a.as_chunks::<8>();
    let (b, rest_b) = b.as_chunks::<8>();
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

/// One filter section, transposed direct form II.
struct Biquad {
    taps: [f32; 5],
    state: [f32; 2],
}

impl Biquad {
    fn pass(&mut self, sample: f32) -> f32 {
        let [b0, b1, b2, a1, a2] = self.taps;
        let out = b0 * sample + self.state[0];
        // The tiny constant keeps a decaying filter out of denormal numbers, which are slow.
        self.state[0] = b1 * sample - a1 * out + self.state[1] + 1e-20;
        self.state[1] = b2 * sample - a2 * out;
        out
    }
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use super::*;

    fn heard(signal: impl Fn(usize) -> f32) -> (Band, f32) {
        let mut band = Band::default();
        let mut power = 0.0;
        for frame in 0..20 {
            let start = frame * FRAME_SAMPLES;
            let samples = std::array::from_fn(|n| signal(start + n));
            power = band.hear(&Frame { start: start as u64, samples });
        }
        (band, power)
    }

    fn tone(frequency: f32) -> impl Fn(usize) -> f32 {
        move |n| (TAU * frequency * n as f32 / 16_000.0).sin()
    }

    #[test]
    fn the_band_keeps_the_voice_and_loses_rumble_and_hiss() {
        for (frequency, least, most) in
            [(50.0, 0.0, 0.01), (600.0, 0.4, 0.6), (2_000.0, 0.4, 0.6), (7_000.0, 0.0, 0.02)]
        {
            let power = heard(tone(frequency)).1;
            assert!((least..most).contains(&power), "{frequency} Hz: {power}");
        }
    }

    fn pitch(band: &Band) -> f32 {
        PERIODS.map(band.similarity()).fold(0.0, f32::max)
    }

    #[test]
    fn a_buzz_has_a_pitch_and_noise_has_none() {
        for period in [41, 100, 200] {
            let buzz = pitch(&heard(|n| if n % period == 0 { 1.0 } else { 0.0 }).0);
            assert!(buzz > 0.8, "{period}: {buzz}");
        }
        let noise = |n: usize| {
            let mixed = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (mixed >> 40) as f32 / 8_388_608.0 - 1.0
        };
        let hiss = pitch(&heard(noise).0);
        assert!(hiss < 0.4, "{hiss}");
        let nothing = pitch(&heard(|_| 0.0).0);
        assert!(nothing < 0.01, "{nothing}");
    }
}
