//! The input of the model: Whisper's logarithmic mel spectrogram of the last eight seconds.

use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};

/// Samples of the input, 8 s at 16 kHz; shorter sound gets silence in front.
pub(super) const SAMPLES: usize = 128_000;
/// Bands and frames of the features.
pub(super) const BANDS: usize = 80;
pub(super) const FRAMES: usize = 800;

/// Samples of a spectrum, between two of them, and their bins: 25 ms every 10 ms.
const WINDOW: usize = 400;
const STEP: usize = 160;
const BINS: usize = WINDOW / 2 + 1;
const RATE: f64 = 16_000.0;

/// The spectrogram of `transformers.WhisperFeatureExtractor`: normalized samples, a Hann window,
/// eighty triangular bands on Slaney's mel scale, logarithm, the loudest 80 dB.
pub(super) struct Features {
    fft: Arc<dyn RealToComplex<f32>>,
    hann: [f32; WINDOW],
    bands: Vec<Band>,
}

/// The weights of one band, from bin `first` on.
struct Band {
    first: usize,
    weights: Vec<f32>,
}

impl Features {
    pub(super) fn new() -> Self {
        let hann = std::array::from_fn(|at| {
            let turn = std::f64::consts::TAU * at as f64 / WINDOW as f64;
            (0.5 - 0.5 * turn.cos()) as f32
        });
        Self { fft: RealFftPlanner::new().plan_fft_forward(WINDOW), hann, bands: bands() }
    }

    /// The features of the last [`SAMPLES`] of `pcm`: `[band][frame]`, about -1.0..=1.5.
    pub(super) fn of(&self, pcm: &[f32]) -> Vec<f32> {
        let padded = padded(&normalized(pcm));
        let mut logs = vec![0.0_f32; BANDS * FRAMES];
        let mut loudest = f32::MIN;
        let mut input = self.fft.make_input_vec();
        let mut output = self.fft.make_output_vec();
        let mut scratch = self.fft.make_scratch_vec();
        for frame in 0..FRAMES {
            let part = &padded[frame * STEP..frame * STEP + WINDOW];
            for ((input, sample), hann) in input.iter_mut().zip(part).zip(&self.hann) {
                *input = sample * hann;
            }
            // It fails only if the lengths do not match, and they come from the plan itself.
            let _ = self.fft.process_with_scratch(&mut input, &mut output, &mut scratch);
            for (at, band) in self.bands.iter().enumerate() {
                let bins = &output[band.first..band.first + band.weights.len()];
                let power: f32 =
                    bins.iter().zip(&band.weights).map(|(b, w)| b.norm_sqr() * w).sum();
                let log = power.max(1e-10).log10();
                loudest = loudest.max(log);
                logs[at * FRAMES + frame] = log;
            }
        }
        for log in &mut logs {
            *log = (log.max(loudest - 8.0) + 4.0) / 4.0;
        }
        logs
    }
}

/// The last [`SAMPLES`] of `pcm`, with silence in front, at zero mean and unit variance.
fn normalized(pcm: &[f32]) -> Vec<f32> {
    let pcm = &pcm[pcm.len().saturating_sub(SAMPLES)..];
    let mut samples = vec![0.0; SAMPLES - pcm.len()];
    samples.extend_from_slice(pcm);
    let count = SAMPLES as f64;
    let mean = samples.iter().map(|sample| f64::from(*sample)).sum::<f64>() / count;
    let square = |sample: &f32| (f64::from(*sample) - mean).powi(2);
    let deviation = (samples.iter().map(square).sum::<f64>() / count + 1e-7).sqrt();
    for sample in &mut samples {
        *sample = ((f64::from(*sample) - mean) / deviation) as f32;
    }
    samples
}

/// `samples` with half a window mirrored at each end, so that frames are centred.
fn padded(samples: &[f32]) -> Vec<f32> {
    let half = WINDOW / 2;
    let before = samples[1..=half].iter().rev();
    let after = samples[samples.len() - 1 - half..samples.len() - 1].iter().rev();
    before.chain(samples).chain(after).copied().collect()
}

/// The triangular bands from 0 to 8000 Hz, of equal area each.
fn bands() -> Vec<Band> {
    let step = mel(RATE / 2.0) / (BANDS + 1) as f64;
    let edges: Vec<f64> = (0..BANDS + 2).map(|at| hertz(step * at as f64)).collect();
    let bin = |at: usize| RATE / 2.0 * at as f64 / (BINS - 1) as f64;
    let band = |edges: &[f64]| {
        let [low, middle, high] = [edges[0], edges[1], edges[2]];
        let weight = |at: usize| {
            let rise = (bin(at) - low) / (middle - low);
            let fall = (high - bin(at)) / (high - middle);
            (rise.min(fall).max(0.0) * 2.0 / (high - low)) as f32
        };
        let first = (0..BINS).find(|at| weight(*at) > 0.0).unwrap_or(0);
        let weights = (first..BINS).map(weight).take_while(|weight| *weight > 0.0).collect();
        Band { first, weights }
    };
    edges.windows(3).map(band).collect()
}

/// Slaney's mel scale: linear below 1 kHz, logarithmic above.
fn mel(hertz: f64) -> f64 {
    if hertz < 1_000.0 {
        hertz * 3.0 / 200.0
    } else {
        15.0 + (hertz / 1_000.0).ln() * 27.0 / 6.4_f64.ln()
    }
}

fn hertz(mel: f64) -> f64 {
    if mel < 15.0 {
        mel * 200.0 / 3.0
    } else {
        1_000.0 * ((mel - 15.0) * 6.4_f64.ln() / 27.0).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_slaneys() {
        assert_eq!(mel(1_000.0), 15.0);
        assert!((mel(6_400.0) - 42.0).abs() < 1e-9);
        assert!((hertz(mel(3_210.0)) - 3_210.0).abs() < 1e-6);
    }

    #[test]
    fn a_tone_is_loudest_in_its_band_and_silence_is_even() {
        let features = Features::new();
        let tone: Vec<f32> = (0..SAMPLES)
            .map(|at| (std::f32::consts::TAU * 1_000.0 * at as f32 / RATE as f32).sin())
            .collect();
        let logs = features.of(&tone);
        let frame = |band: usize| logs[band * FRAMES + FRAMES / 2];
        let loudest = (0..BANDS).max_by(|a, b| frame(*a).total_cmp(&frame(*b))).unwrap();
        // The band whose middle is nearest to 15 of 45.2 mel.
        assert!((26..=27).contains(&loudest), "{loudest}");
        let silence = features.of(&[]);
        assert!(silence.iter().all(|log| *log == silence[0]));
    }
}
