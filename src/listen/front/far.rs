use std::f64::consts::PI;

/// Samples kept: 1.4 s at [`crate::base::SPEAKER_RATE`], a power of two.
const KEPT: usize = 1 << 16;

/// Taps of the filter on each side of a sample, and the positions between two samples at which it
/// is tabulated; in between it is interpolated.
const HALF: usize = 32;
const PHASES: usize = 128;

/// The filter's cutoff as a share of the speaker's rate: 7.6 kHz, so that nothing aliases at 16
/// kHz.
const CUTOFF: f64 = 7_600.0 / 48_000.0;

/// What the speaker was given recently, read at the microphone's rate: a windowed sinc at any
/// position between two samples.
pub(super) struct Far {
    ring: Box<[f32]>,
    /// The position after the last sample.
    end: u64,
    /// The position after the last sample that was not silent, and where that stretch of sound
    /// began.
    loud: u64,
    /// The filter, one row per phase; computed with the first sound.
    taps: Vec<[f32; 2 * HALF]>,
}

impl Far {
    pub(super) fn new() -> Self {
        Self { ring: Box::default(), end: 0, loud: 0, taps: Vec::new() }
    }

    /// Adds `len` samples at `at`; silence if `pcm` is empty. A gap before them is filled with
    /// silence.
    pub(super) fn push(&mut self, at: u64, len: u64, pcm: &[f32]) {
        if self.ring.is_empty() {
            if pcm.is_empty() {
                self.end = at + len;
                return;
            }
            self.ring = vec![0.0; KEPT].into_boxed_slice();
            self.taps = taps();
        }
        if at < self.end {
            // Positions never go back; this is another speaker.
            self.end = at;
        }
        self.silence(at);
        for (n, sample) in pcm.iter().enumerate() {
            self.ring[(at as usize + n) % KEPT] = *sample;
        }
        self.end = at + pcm.len() as u64;
        if !pcm.is_empty() {
            self.loud = self.end;
        }
        self.silence(at + len);
    }

    /// The position after the last sample that was not silent.
    pub(super) fn loud(&self) -> u64 {
        self.loud
    }

    /// Fills `out` with samples from `position` on, `step` apart.
    pub(super) fn read(&self, position: f64, step: f64, out: &mut [f32]) {
        if self.ring.is_empty() {
            out.fill(0.0);
            return;
        }
        let oldest = self.end.saturating_sub((KEPT - 2 * HALF) as u64) as f64;
        for (n, out) in out.iter_mut().enumerate() {
            let position = position + n as f64 * step;
            let whole = position.floor();
            if whole < oldest + HALF as f64 || whole + HALF as f64 >= self.end as f64 {
                *out = 0.0;
                continue;
            }
            let phase = (position - whole) * PHASES as f64;
            let (low, between) = (phase as usize, phase.fract() as f32);
            let (low, high) = (&self.taps[low], &self.taps[low + 1]);
            let first = whole as usize + 1 - HALF;
            let mut sum = 0.0;
            for (k, (low, high)) in low.iter().zip(high).enumerate() {
                sum += self.ring[(first + k) % KEPT] * (low + between * (high - low));
            }
            *out = sum;
        }
    }

    /// Adds silence up to the position `until`.
    fn silence(&mut self, until: u64) {
        let from = self.end.max(until.saturating_sub(KEPT as u64));
        for at in from..until {
            self.ring[at as usize % KEPT] = 0.0;
        }
        self.end = self.end.max(until);
    }
}

/// The filter for every tabulated position between two samples, both ends included.
fn taps() -> Vec<[f32; 2 * HALF]> {
    let tap = |phase: usize, k: usize| {
        // From the position read to the sample, in samples.
        let away = k as f64 + 1.0 - HALF as f64 - phase as f64 / PHASES as f64;
        let angle = 2.0 * PI * CUTOFF * away;
        let sinc = if away.abs() < 1e-9 { 1.0 } else { angle.sin() / angle };
        // Blackman window.
        let turn = PI * away / HALF as f64;
        let window = 0.42 + 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos();
        (2.0 * CUTOFF * sinc * window) as f32
    };
    (0..=PHASES).map(|phase| std::array::from_fn(|k| tap(phase, k))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f64, at: f64) -> f32 {
        (2.0 * PI * hertz * at / 48_000.0).sin() as f32
    }

    #[test]
    fn a_tone_is_read_at_another_pace_where_it_lies() {
        let mut far = Far::new();
        let pcm: Vec<f32> = (0..48_000).map(|n| tone(1_000.0, f64::from(n))).collect();
        for (n, piece) in pcm.chunks(331).enumerate() {
            far.push(n as u64 * 331, piece.len() as u64, piece);
        }
        let mut out = [0.0; 4_000];
        let step = 3.000_6;
        far.read(20_000.25, step, &mut out);
        for (n, sample) in out.iter().enumerate() {
            let ideal = tone(1_000.0, 20_000.25 + n as f64 * step);
            assert!((sample - ideal).abs() < 2e-3, "{sample} for {ideal} at {n}");
        }
    }

    #[test]
    fn what_sixteen_kilohertz_cannot_hold_is_left_out() {
        let mut far = Far::new();
        let pcm: Vec<f32> = (0..48_000).map(|n| tone(9_500.0, f64::from(n))).collect();
        far.push(0, 48_000, &pcm);
        let mut out = [0.0; 4_000];
        far.read(10_000.0, 3.0, &mut out);
        assert!(out.iter().all(|sample| sample.abs() < 0.01));
    }

    #[test]
    fn gaps_and_what_has_not_been_played_yet_are_silence() {
        let mut far = Far::new();
        far.push(0, 480, &[]);
        far.push(480, 240, &[0.5; 240]);
        far.push(4_800, 240, &[0.5; 240]);
        assert_eq!(far.loud(), 5_040);
        let mut out = [9.0; 1];
        for (at, ideal) in [(100.0, 0.0), (600.0, 0.5), (2_000.0, 0.0), (4_900.0, 0.5), (9e9, 0.0)]
        {
            far.read(at, 3.0, &mut out);
            assert!((out[0] - ideal).abs() < 0.02, "{} at {at}", out[0]);
        }
    }
}
