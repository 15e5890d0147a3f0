//! Turns spectra into sound (`dsp.py`): a pulse train at the pitch, filtered by the harmonic
//! branch, plus shaped noise, plus a branch with its own phases, through one inverse STFT.
//!
//! ```text
//! S = exp(lh) e^(iπ tanh θ) STFT(pulses(f0)) + exp(ln) Z + exp(lr) e^(iφ)
//! ```
//!
//! Nothing here looks more than four frames ahead, so the sound is made on demand: the first word
//! while the rest is still spectra.

use std::f32::consts::{PI, TAU};
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::net::{BINS, Spectra};
use super::noise::Noise;

/// Samples per window.
pub(super) const FFT: usize = 1200;
/// Samples between two frames: 12.5 ms at 24 kHz.
pub(super) const HOP: usize = 300;
/// Frames that overlap at any sample.
const OVERLAP: usize = FFT / HOP;
/// Samples of the first window before the start of the sound.
const LEAD: usize = FFT / 2;
/// Pitch in Hz below which a frame is unvoiced.
const VOICED: f32 = 40.0;
/// Highest frequency of the harmonics, in Hz.
const TOP: f32 = 11_000.0;
/// Upper limit of log magnitudes.
const LOUDEST: f32 = 7.0;

/// The tables and plans of the transforms; created once.
pub(super) struct Wave {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    window: Vec<f32>,
    scratch: Vec<Complex<f32>>,
    block: Vec<f32>,
    pulse: Vec<Complex<f32>>,
    spectrum: Vec<Complex<f32>>,
}

/// The sound of one piece, as far as it is made.
pub(super) struct Sound<'w> {
    wave: &'w mut Wave,
    spectra: Spectra,
    noise: Noise,
    /// The pulse train so far.
    pulses: Vec<f32>,
    /// Phase of the pulse train so far, in turns.
    turns: f64,
    /// Frames added so far.
    added: usize,
    /// Hops handed out so far.
    given: usize,
    /// The overlapping hops from the next one to hand out: [`OVERLAP`] of them.
    sum: Vec<f32>,
}

impl Wave {
    pub(super) fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(FFT);
        let inverse = planner.plan_fft_inverse(FFT);
        let turn = |n: usize| TAU * n as f32 / FFT as f32;
        let empty = Complex::new(0.0, 0.0);
        Self {
            scratch: vec![empty; forward.get_scratch_len().max(inverse.get_scratch_len())],
            forward,
            inverse,
            window: (0..FFT).map(|n| 0.5 - 0.5 * turn(n).cos()).collect(),
            block: vec![0.0; FFT],
            pulse: vec![empty; BINS],
            spectrum: vec![empty; BINS],
        }
    }

    /// Begins the sound of `spectra`.
    pub(super) fn sound(&mut self, spectra: Spectra, noise: Noise) -> Sound<'_> {
        Sound {
            wave: self,
            spectra,
            noise,
            pulses: Vec::new(),
            turns: 0.0,
            added: 0,
            given: 0,
            sum: vec![0.0; FFT],
        }
    }
}

impl Sound<'_> {
    /// Appends the samples of the frames up to, but not including, `frame` to `out`, [`HOP`] each.
    pub(super) fn fill(&mut self, frame: usize, out: &mut Vec<f32>) {
        let frames = self.spectra.frames();
        while self.given < frame.min(frames) {
            // A hop is complete when the window that begins in it was added: two frames later.
            while self.added < (self.given + 3).min(frames) {
                self.add_frame();
            }
            self.give_hop(out);
        }
    }

    /// Adds the next frame's window to the sum.
    fn add_frame(&mut self) {
        let frame = self.added;
        self.spread(frame);
        let values = self.spectra.frame(frame);
        let wave = &mut *self.wave;
        for bin in 0..BINS {
            let (sin, cos) = (PI * values.turn[bin].tanh()).sin_cos();
            let harmonic = Complex::new(cos, sin) * values.harmonic[bin].min(LOUDEST).exp();
            let noise = self.noise.pair() * values.noise[bin].min(LOUDEST).exp();
            let (sin, cos) = values.phase[bin].sin_cos();
            let rest = Complex::new(cos, sin) * values.rest[bin].min(LOUDEST).exp();
            wave.spectrum[bin] = wave.pulse[bin] * harmonic + noise + rest;
        }
        // The ends of a real signal's spectrum have no phase; the transform insists on it.
        wave.spectrum[0].im = 0.0;
        wave.spectrum[BINS - 1].im = 0.0;
        // The lengths are the plan's own, so this cannot fail.
        let _ = wave.inverse.process_with_scratch(
            &mut wave.spectrum,
            &mut wave.block,
            &mut wave.scratch,
        );
        // The window reaches two hops back; what precedes the next hop to hand out is the start of
        // the first two windows, before the sound begins.
        let skip = (self.given + OVERLAP / 2).saturating_sub(frame) * HOP;
        let windowed = wave.block.iter().zip(&wave.window).skip(skip);
        for (sum, (sample, window)) in self.sum.iter_mut().zip(windowed) {
            *sum += sample * window / FFT as f32;
        }
        self.added += 1;
    }

    /// Computes the transform of the pulses under the window of `frame` into `wave.pulse`.
    fn spread(&mut self, frame: usize) {
        let frames = self.spectra.frames();
        while self.pulses.len() < ((frame + 2).min(frames)) * HOP {
            self.add_pulses(self.pulses.len() / HOP);
        }
        let len = frames * HOP;
        let wave = &mut *self.wave;
        for (n, sample) in wave.block.iter_mut().enumerate() {
            // Both ends are mirrored.
            let at = (frame * HOP + n).abs_diff(LEAD);
            let at = if at >= len { (2 * len - 2).saturating_sub(at) } else { at };
            let pulse = self.pulses.get(at).copied().unwrap_or(0.0);
            // With this scale a cosine of height one has height one in the transform.
            *sample = pulse * wave.window[n] / HOP as f32;
        }
        // As above.
        let _ =
            wave.forward.process_with_scratch(&mut wave.block, &mut wave.pulse, &mut wave.scratch);
    }

    /// Adds the pulses of a frame: every harmonic below [`TOP`] with height one, in closed form:
    /// the sum of cos(h t) for h up to H is sin((H + ½) t) / (2 sin(t / 2)) - ½.
    fn add_pulses(&mut self, frame: usize) {
        let pitch = &self.spectra.pitch;
        let here = pitch[frame];
        let before = pitch[frame.saturating_sub(1)];
        let after = pitch.get(frame + 1).copied().unwrap_or(here);
        for n in 0..HOP {
            let place = (n as f32 + 0.5) / HOP as f32 - 0.5;
            let (from, to, share) =
                if n < HOP / 2 { (before, here, place + 1.0) } else { (here, after, place) };
            let wanted = from * (1.0 - share) + to * share;
            let hertz = wanted.max(VOICED);
            self.turns += f64::from(hertz);
            let angle = ((self.turns / f64::from(super::RATE.0)).fract() * f64::from(TAU)) as f32;
            let pulse = if wanted > VOICED {
                let count = (TOP / hertz).floor() + 0.5;
                let below = 2.0 * (angle * 0.5).sin();
                let ratio = if below.abs() <= 2e-3 { count } else { (count * angle).sin() / below };
                ratio - 0.5
            } else {
                0.0
            };
            self.pulses.push(pulse);
        }
    }

    /// Hands out the first hop of the sum, normalized by the windows that overlap it.
    fn give_hop(&mut self, out: &mut Vec<f32>) {
        let frames = self.spectra.frames();
        let hop = self.given;
        for n in 0..HOP {
            // The frames whose windows reach this hop.
            let weight: f32 = (0..OVERLAP)
                .filter(|k| (hop + OVERLAP / 2).checked_sub(*k).is_some_and(|f| f < frames))
                .map(|k| self.wave.window[k * HOP + n].powi(2))
                .sum();
            out.push((self.sum[n] / weight.max(1e-11)).clamp(-1.0, 1.0));
        }
        self.sum.copy_within(HOP.., 0);
        let end = self.sum.len() - HOP;
        self.sum[end..].fill(0.0);
        self.given += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spectra from a formula, the same as in `make_reference.py`.
    fn spectra(frames: usize) -> Spectra {
        let mut spectra = Spectra::default();
        for frame in 0..frames {
            let at = frame as f32;
            spectra.pitch.push(if (6..frames - 5).contains(&frame) {
                180.0 + 40.0 * (0.3 * at).sin()
            } else {
                0.0
            });
            for part in 0..5 {
                for bin in 0..BINS {
                    let bin = bin as f32;
                    spectra.values.push(match part {
                        0 => 1.7 - 0.006 * bin + (0.2 * at).sin(),
                        1 => 0.5 * (0.05 * bin + 0.1 * at).sin(),
                        // Without noise, so that every sample can be compared.
                        2 => -60.0,
                        3 => -1.0 + 0.5 * (0.03 * bin).cos(),
                        _ => 0.7 * bin + 1.3 * at,
                    });
                }
            }
        }
        spectra
    }

    #[test]
    fn every_sample_is_that_of_the_original() {
        let expected: Vec<f32> = include_str!("../../../../tests/data/hibari/wave.txt")
            .split_whitespace()
            .map(|number| number.parse().unwrap())
            .collect();
        let mut wave = Wave::new();
        let mut sound = wave.sound(spectra(24), Noise::new(1));
        let mut samples = Vec::new();
        // In uneven steps, like words.
        for frame in [1, 2, 7, 7, 20, 24, 99] {
            sound.fill(frame, &mut samples);
            assert_eq!(samples.len(), frame.min(24) * HOP);
        }
        assert_eq!(samples.len() / 3, expected.len());
        let furthest = samples
            .iter()
            .step_by(3)
            .zip(&expected)
            .map(|(ours, theirs)| (ours - theirs).abs())
            .fold(0.0, f32::max);
        assert!(furthest < 2e-4, "{furthest}");
    }

    #[test]
    fn a_second_piece_does_not_hear_the_first() {
        let mut wave = Wave::new();
        let mut once = |frames| {
            let mut samples = Vec::new();
            wave.sound(spectra(frames), Noise::new(1)).fill(frames, &mut samples);
            samples
        };
        let first = once(20);
        once(30);
        assert_eq!(once(20), first);
    }
}
