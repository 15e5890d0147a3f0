use std::f64::consts::PI;

/// Changes the rate of a stream by `up / down`: a windowed sinc in polyphase form.
///
/// For small ratios and pieces of any length: `n` samples in are at once `n * up / down` out, late
/// by half the filter, 1 ms or 2. [`super::Resampler`] is exact in time but holds back up to a
/// block.
#[derive(Clone, Debug)]
pub(crate) struct Polyphase {
    up: usize,
    down: usize,
    /// The phases, each summing to 1, newest sample first.
    phases: Vec<Vec<f32>>,
    /// The last input samples, and room for the next.
    past: Vec<f32>,
    /// Position of the next output, in input samples times `up` after the last input.
    ahead: usize,
}

impl Polyphase {
    /// A filter of `taps` input samples that keeps what both rates can represent.
    pub(crate) fn new(up: usize, down: usize, taps: usize) -> Self {
        let length = up * taps;
        // The pass band ends a little below the lower Nyquist frequency.
        let cutoff = 0.46 / up.max(down) as f64;
        let middle = (length as f64 - 1.0) / 2.0;
        let value = |n: usize| {
            let x = n as f64 - middle;
            let sinc =
                if x == 0.0 { 2.0 * cutoff } else { (2.0 * PI * cutoff * x).sin() / (PI * x) };
            let turn = 2.0 * PI * n as f64 / (length as f64 - 1.0);
            // Blackman window: stop band 74 dB down.
            sinc * (0.42 - 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos())
        };
        let phases = (0..up)
            .map(|phase| {
                let branch: Vec<f64> = (phase..length).step_by(up).map(value).collect();
                let sum: f64 = branch.iter().sum();
                branch.iter().map(|tap| (tap / sum) as f32).collect()
            })
            .collect();
        Self { up, down, phases, past: vec![0.0; taps - 1], ahead: 0 }
    }

    /// Takes `pcm` and appends what becomes of it to `out`.
    pub(crate) fn push(&mut self, pcm: &[f32], out: &mut Vec<f32>) {
        let before = self.past.len();
        self.past.extend_from_slice(pcm);
        while self.ahead / self.up < pcm.len() {
            let newest = before + self.ahead / self.up;
            let branch = &self.phases[self.ahead % self.up];
            let window = &self.past[newest + 1 - branch.len()..=newest];
            out.push(branch.iter().zip(window.iter().rev()).map(|(tap, x)| tap * x).sum());
            self.ahead += self.down;
        }
        self.ahead -= pcm.len() * self.up;
        self.past.drain(..pcm.len());
    }

    /// Starts a new, unrelated stream.
    pub(crate) fn reset(&mut self) {
        self.past.fill(0.0);
        self.ahead = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{LISTEN_RATE, Rate};

    fn tone(frequency: f64, seconds: f64) -> Vec<f32> {
        let step = 2.0 * PI * frequency / f64::from(LISTEN_RATE.0);
        (0..(seconds * f64::from(LISTEN_RATE.0)) as usize)
            .map(|n| (0.5 * (step * n as f64).sin()) as f32)
            .collect()
    }

    /// The amplitude of `frequency` in `pcm`.
    fn part(pcm: &[f32], frequency: f64, rate: Rate) -> f64 {
        let step = 2.0 * PI * frequency / f64::from(rate.0);
        let (mut re, mut im) = (0.0, 0.0);
        for (n, sample) in pcm.iter().enumerate() {
            re += f64::from(*sample) * (step * n as f64).cos();
            im += f64::from(*sample) * (step * n as f64).sin();
        }
        2.0 * re.hypot(im) / pcm.len() as f64
    }

    #[test]
    fn pieces_of_any_length_make_the_same_sound() {
        let pcm = tone(440.0, 0.1);
        let mut whole = Vec::new();
        Polyphase::new(3, 2, 32).push(&pcm, &mut whole);
        let (mut filter, mut pieces) = (Polyphase::new(3, 2, 32), Vec::new());
        for piece in pcm.chunks(7) {
            filter.push(piece, &mut pieces);
        }
        assert_eq!(whole, pieces);
        assert_eq!(whole.len(), pcm.len() * 3 / 2);
    }

    #[test]
    fn a_tone_arrives_as_it_was_and_without_images() {
        for frequency in [100.0, 1_000.0, 3_000.0, 6_000.0] {
            let mut out = Vec::new();
            Polyphase::new(3, 2, 32).push(&tone(frequency, 0.5), &mut out);
            let settled = &out[1_200..];
            let rate = Rate(24_000);
            assert!((part(settled, frequency, rate) - 0.5).abs() < 0.01, "{frequency}");
            assert!(part(settled, 16_000.0 - frequency, rate) < 0.001, "{frequency}");
        }
        let mut out = Vec::new();
        Polyphase::new(1, 2, 64).push(&tone(6_000.0, 0.5), &mut out);
        assert!(part(&out[800..], 2_000.0, Rate(8_000)) < 0.001);
    }
}
