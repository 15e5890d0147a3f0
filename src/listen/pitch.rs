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
}

impl Default for Band {
    fn default() -> Self {
        Self {
            high: Biquad { taps: HIGH_PASS, state: [0.0; 2] },
            low: Biquad { taps: LOW_PASS, state: [0.0; 2] },
            recent: [0.0; SPAN],
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

    /// How similar the last 32 ms are to themselves one period later, for the best period: 0.0 for
    /// noise to 1.0 for a steady tone. Normalized autocorrelation.
    pub(super) fn pitch(&self) -> f32 {
        let energy = |part: &[f32]| dot(part, part);
        let mut head = energy(&self.recent[..SPAN - PERIODS.start]);
        let mut tail = energy(&self.recent[PERIODS.start..]);
        let mut best = 0.0f32;
        for period in PERIODS {
            let product = dot(&self.recent[..SPAN - period], &self.recent[period..]);
            best = best.max(product / (head * tail + 1e-12).sqrt());
            head -= self.recent[SPAN - period - 1].powi(2);
            tail -= self.recent[period].powi(2);
        }
        best
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

    #[test]
    fn a_buzz_has_a_pitch_and_noise_has_none() {
        for period in [41, 100, 200] {
            let buzz = heard(|n| if n % period == 0 { 1.0 } else { 0.0 }).0.pitch();
            assert!(buzz > 0.8, "{period}: {buzz}");
        }
        let noise = |n: usize| {
            let mixed = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (mixed >> 40) as f32 / 8_388_608.0 - 1.0
        };
        let hiss = heard(noise).0.pitch();
        assert!(hiss < 0.4, "{hiss}");
        let nothing = heard(|_| 0.0).0.pitch();
        assert!(nothing < 0.01, "{nothing}");
    }
}
