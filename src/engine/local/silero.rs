use std::sync::{Arc, LazyLock};

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use crate::base::{Frame, VoiceActivity};

/// Samples scored at once: 32 ms at 16 kHz.
pub const WINDOW: usize = 512;

/// Samples before the window that are scored with it.
const CONTEXT: usize = 64;

/// Samples after the window, mirrored from its end, to complete the last spectrum.
const MIRROR: usize = 64;

/// Samples per spectrum, samples between two of them, bins of each, spectra per window, and values
/// of the LSTM state.
const FFT: usize = 256;
const HOP: usize = 128;
const BINS: usize = FFT / 2 + 1;
const SPECTRA: usize = (CONTEXT + WINDOW + MIRROR - FFT) / HOP + 1;
const HIDDEN: usize = 128;

/// Scores how likely speech is: Silero VAD v6 at 16 kHz, computed here without onnxruntime.
///
/// The network is four spectra, four small convolutions and one LSTM cell, 0.4 million
/// multiplications or 35 us per 32 ms (onnxruntime: 110 us). Computing them here keeps onnxruntime
/// out of the listening path, which saves its tens of megabytes while nobody speaks, and the 1.3 MB
/// of weights ship with the program, so speech is detected on a machine that never fetched a model.
/// The architecture is that of `tinygrad_model.py` in the package `silero-vad` 6.2.3, whose own
/// weights are older.
pub struct Silero {
    weights: &'static Weights,
    spectrum: Spectrum,
    /// The last [`CONTEXT`] samples scored, and those waiting for a whole window.
    waiting: Vec<f32>,
    hidden: [f32; HIDDEN],
    cell: [f32; HIDDEN],
    probability: f32,
}

impl Silero {
    /// A detector that has heard nothing yet.
    pub fn new() -> Self {
        let mut silero = Self {
            weights: &WEIGHTS,
            spectrum: Spectrum::new(),
            waiting: Vec::with_capacity(CONTEXT + WINDOW + crate::base::FRAME_SAMPLES),
            hidden: [0.0; HIDDEN],
            cell: [0.0; HIDDEN],
            probability: 0.0,
        };
        silero.reset();
        silero
    }

    /// The probabilities, 0.0..=1.0, that each [`WINDOW`] of `pcm` (16 kHz) contains speech; the
    /// last window is padded with silence. Resets the state before and after.
    pub fn track(&mut self, pcm: &[f32]) -> Vec<f32> {
        self.reset();
        let mut track = Vec::with_capacity(pcm.len().div_ceil(WINDOW));
        for window in pcm.chunks(WINDOW) {
            self.waiting.extend_from_slice(window);
            self.waiting.resize(CONTEXT + WINDOW, 0.0);
            track.push(self.score_window());
        }
        self.reset();
        track
    }

    /// Scores the context and the window at the front of the waiting samples, and advances by a
    /// window.
    fn score_window(&mut self) -> f32 {
        let weights = self.weights;
        let magnitudes = self.spectrum.magnitudes(&self.waiting);
        self.waiting.drain(..WINDOW);

        let mut first = [[0.0; 128]; SPECTRA];
        weights.conv1.run::<BINS, 128>(&magnitudes, 1, &mut first);
        let mut second = [[0.0; 64]; SPECTRA / 2];
        weights.conv2.run::<128, 64>(&first, 2, &mut second);
        let mut third = [[0.0; 64]; 1];
        weights.conv3.run::<64, 64>(&second, 2, &mut third);
        let mut fourth = [[0.0; HIDDEN]; 1];
        weights.conv4.run::<64, HIDDEN>(&third, 1, &mut fourth);

        self.advance(&fourth[0]);
        let sum: f32 = self.hidden.iter().zip(&weights.last).map(|(h, w)| h.max(0.0) * w).sum();
        sigmoid(sum + weights.last_bias)
    }

    /// One step of the LSTM cell; its gates are in the order input, forget, candidate, output.
    fn advance(&mut self, input: &[f32; HIDDEN]) {
        let weights = self.weights;
        let mut gates = [0.0; 4 * HIDDEN];
        for (at, gate) in gates.iter_mut().enumerate() {
            let row = at * HIDDEN..(at + 1) * HIDDEN;
            *gate = weights.gate_bias[at]
                + dot(&weights.gate_input[row.clone()], input)
                + dot(&weights.gate_hidden[row], &self.hidden);
        }
        for at in 0..HIDDEN {
            let keep = sigmoid(gates[HIDDEN + at]) * self.cell[at];
            let add = sigmoid(gates[at]) * gates[2 * HIDDEN + at].tanh();
            self.cell[at] = keep + add;
            self.hidden[at] = sigmoid(gates[3 * HIDDEN + at]) * self.cell[at].tanh();
        }
    }
}

impl Default for Silero {
    fn default() -> Self {
        Self::new()
    }
}

impl VoiceActivity for Silero {
    /// The probability of the last whole [`WINDOW`]; 0.0 before the first, 32 ms after the start.
    fn score(&mut self, frame: &Frame) -> f32 {
        self.waiting.extend_from_slice(&frame.samples);
        if self.waiting.len() >= CONTEXT + WINDOW {
            self.probability = self.score_window();
        }
        self.probability
    }

    fn reset(&mut self) {
        self.waiting.clear();
        self.waiting.resize(CONTEXT, 0.0);
        self.hidden = [0.0; HIDDEN];
        self.cell = [0.0; HIDDEN];
        self.probability = 0.0;
    }
}

/// Magnitudes of short spectra under a Hann window. The package implements the same transform as a
/// convolution with 258 kernels; the difference is less than 1e-7.
struct Spectrum {
    fft: Arc<dyn RealToComplex<f32>>,
    hann: [f32; FFT],
    padded: [f32; CONTEXT + WINDOW + MIRROR],
    input: Vec<f32>,
    output: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
}

impl Spectrum {
    fn new() -> Self {
        let fft = RealFftPlanner::<f32>::new().plan_fft_forward(FFT);
        let hann = std::array::from_fn(|at| {
            let turn = std::f64::consts::TAU * at as f64 / FFT as f64;
            (0.5 - 0.5 * turn.cos()) as f32
        });
        Self {
            hann,
            padded: [0.0; CONTEXT + WINDOW + MIRROR],
            input: fft.make_input_vec(),
            output: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
        }
    }

    /// Of the first [`CONTEXT`] + [`WINDOW`] of `samples`, which must exist: `[spectrum][bin]`.
    fn magnitudes(&mut self, samples: &[f32]) -> [[f32; BINS]; SPECTRA] {
        let end = CONTEXT + WINDOW;
        self.padded[..end].copy_from_slice(&samples[..end]);
        for at in 0..MIRROR {
            self.padded[end + at] = self.padded[end - 2 - at];
        }
        let mut magnitudes = [[0.0; BINS]; SPECTRA];
        for (at, magnitudes) in magnitudes.iter_mut().enumerate() {
            let part = &self.padded[at * HOP..at * HOP + FFT];
            for ((input, sample), window) in self.input.iter_mut().zip(part).zip(&self.hann) {
                *input = sample * window;
            }
            // It fails only if the lengths do not match, and they come from the plan itself; the
            // spectrum would then stay as before.
            let _ =
                self.fft.process_with_scratch(&mut self.input, &mut self.output, &mut self.scratch);
            for (magnitude, bin) in magnitudes.iter_mut().zip(&self.output) {
                *magnitude = (bin.re * bin.re + bin.im * bin.im).sqrt();
            }
        }
        magnitudes
    }
}

/// The weights, decoded once for all detectors.
static WEIGHTS: LazyLock<Weights> = LazyLock::new(Weights::decode);

/// `silero_vad_16k_op15.onnx` from the package `silero-vad` 6.2.3 (sha256 7ed98ddb); it holds the
/// same numbers for 16 kHz as the package's `silero_vad.onnx`. Each tensor is contiguous, so
/// nothing has to parse the graph around it. A test compares the offsets below with the names that
/// the file puts in front of them.
static FILE: &[u8; 1_289_603] = include_bytes!("../../../models/silero_vad_16k_op15.onnx");

struct Weights {
    conv1: Convolution,
    conv2: Convolution,
    conv3: Convolution,
    conv4: Convolution,
    /// `[gate][cell][HIDDEN]`, the gates as in [`Silero::advance`]; `gate_hidden` likewise.
    gate_input: Vec<f32>,
    gate_hidden: Vec<f32>,
    gate_bias: Vec<f32>,
    last: Vec<f32>,
    last_bias: f32,
}

impl Weights {
    fn decode() -> Self {
        let from_input = numbers(1_284_681, 512);
        let from_hidden = numbers(1_286_767, 512);
        Self {
            conv1: Convolution::decode(numbers(314_482, 128 * BINS * 3), numbers(512_672, 128)),
            conv2: Convolution::decode(numbers(513_238, 64 * 128 * 3), numbers(611_587, 64)),
            conv3: Convolution::decode(numbers(611_896, 64 * 64 * 3), numbers(661_093, 64)),
            conv4: Convolution::decode(numbers(661_403, HIDDEN * 64 * 3), numbers(759_753, HIDDEN)),
            gate_input: numbers(760_310, 4 * HIDDEN * HIDDEN),
            gate_hidden: numbers(1_022_499, 4 * HIDDEN * HIDDEN),
            gate_bias: from_input.iter().zip(&from_hidden).map(|(a, b)| a + b).collect(),
            last: numbers(1_288_862, HIDDEN),
            last_bias: numbers(1_289_412, 1)[0],
        }
    }
}

fn numbers(at: usize, count: usize) -> Vec<f32> {
    let (words, _) = FILE[at..at + 4 * count].as_chunks::<4>();
    words.iter().map(|word| f32::from_le_bytes(*word)).collect()
}

/// A convolution over time with a kernel of three, one step of padding, followed by a ReLU.
struct Convolution {
    /// `[output][step][input]`, the three steps being the previous, the current and the next. (The
    /// file has `[output][input][step]`.)
    rows: Vec<f32>,
    bias: Vec<f32>,
}

impl Convolution {
    fn decode(interleaved: Vec<f32>, bias: Vec<f32>) -> Self {
        let row = interleaved.len() / bias.len();
        let rows = interleaved
            .chunks_exact(row)
            .flat_map(|row| (0..3).flat_map(|tap| row.iter().skip(tap).step_by(3)))
            .copied()
            .collect();
        Self { rows, bias }
    }

    fn run<const IN: usize, const OUT: usize>(
        &self,
        input: &[[f32; IN]],
        stride: usize,
        output: &mut [[f32; OUT]],
    ) {
        for (at, output) in output.iter_mut().enumerate() {
            let middle = at * stride;
            // The part of the kernel beyond an end would only meet padding, so it is skipped.
            let from = middle.saturating_sub(1);
            let to = (middle + 2).min(input.len());
            let seen = input[from..to].as_flattened();
            let skip = (from + 1 - middle) * IN;
            for ((output, row), bias) in
                output.iter_mut().zip(self.rows.chunks_exact(3 * IN)).zip(&self.bias)
            {
                *output = (bias + dot(&row[skip..skip + seen.len()], seen)).max(0.0);
            }
        }
    }
}

/// The dot product, in eight lanes so that it vectorizes.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a8, a_rest) = a.as_chunks::<8>();
    let (b8, b_rest) = b.as_chunks::<8>();
    let mut strands = [0.0_f32; 8];
    for (a, b) in a8.iter().zip(b8) {
        for at in 0..8 {
            strands[at] += a[at] * b[at];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    strands.iter().sum::<f32>() + rest
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::FRAME_SAMPLES;

    /// A second of a sung "ah" that swells four times, with vibrato.
    fn vowel() -> Vec<f32> {
        use std::f64::consts::TAU;
        let sample = |n: usize| {
            let t = n as f64 / 16_000.0;
            let phase = TAU * 120.0 * t + 8.0 * (TAU * 2.0 * t).sin();
            let voice: f64 = (1..30)
                .map(|k| {
                    let formant = |centre: f64, width: f64| {
                        (-((120.0 * f64::from(k) - centre) / width).powi(2)).exp()
                    };
                    let gain = formant(650.0, 150.0)
                        + formant(1100.0, 200.0)
                        + formant(2500.0, 300.0)
                        + 0.02;
                    gain * (f64::from(k) * phase).sin()
                })
                .sum();
            (voice * 0.1 * (0.5 - 0.5 * (TAU * 4.0 * t).cos())) as f32
        };
        (0..16_000).map(sample).collect()
    }

    /// A second of white noise.
    fn noise() -> Vec<f32> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((f64::from(state) / 4_294_967_296.0 - 0.5) * 0.2) as f32
        };
        (0..16_000).map(|_| next()).collect()
    }

    fn assert_close(got: &[f32], wanted: &[f32]) {
        assert_eq!(got.len(), wanted.len());
        for (at, (got, wanted)) in got.iter().zip(wanted).enumerate() {
            assert!((got - wanted).abs() < 5e-4, "window {at}: {got} instead of {wanted}");
        }
    }

    /// The expected numbers are the output of the package's own `silero_vad.onnx` for the same
    /// samples.
    #[test]
    fn it_says_what_the_original_says() {
        let mut silero = Silero::new();
        assert_close(
            &silero.track(&vowel()),
            &[
                0.0302, 0.6685, 0.6041, 0.525, 0.4128, 0.7229, 0.7704, 0.6432, 0.6675, 0.6537,
                0.5899, 0.4594, 0.6871, 0.7232, 0.8399, 0.7723, 0.7371, 0.6253, 0.3965, 0.2542,
                0.1582, 0.4439, 0.414, 0.4084, 0.3794, 0.2457, 0.2993, 0.327, 0.4087, 0.7262,
                0.7151, 0.2125,
            ],
        );
        assert_close(
            &silero.track(&noise()),
            &[
                0.0078, 0.0221, 0.0198, 0.0197, 0.0192, 0.0225, 0.0179, 0.0148, 0.0124, 0.0215,
                0.0132, 0.0084, 0.0142, 0.01, 0.0146, 0.008, 0.0088, 0.012, 0.0316, 0.0206, 0.021,
                0.0201, 0.0118, 0.0169, 0.0088, 0.0123, 0.0133, 0.017, 0.0109, 0.0189, 0.0122,
                0.0115,
            ],
        );
    }

    #[test]
    fn frames_of_ten_milliseconds_get_the_score_of_the_last_whole_window() {
        let pcm = vowel();
        let mut silero = Silero::new();
        let track = silero.track(&pcm);
        for round in 0..2 {
            for (at, samples) in pcm.as_chunks::<FRAME_SAMPLES>().0.iter().enumerate() {
                let start = u64::try_from(at * FRAME_SAMPLES).unwrap();
                let score = silero.score(&Frame { start, samples: *samples });
                let whole = (at + 1) * FRAME_SAMPLES / WINDOW;
                let wanted = whole.checked_sub(1).map_or(0.0, |window| track[window]);
                assert_eq!(score, wanted, "round {round}, frame {at}");
            }
            silero.reset();
        }
    }

    #[test]
    fn the_places_in_the_weights_file_are_those_of_its_names() {
        for (name, at) in [
            ("encoder.0.reparam_conv.weight", 314_482),
            ("encoder.0.reparam_conv.bias", 512_672),
            ("encoder.1.reparam_conv.weight", 513_238),
            ("encoder.1.reparam_conv.bias", 611_587),
            ("encoder.2.reparam_conv.weight", 611_896),
            ("encoder.2.reparam_conv.bias", 661_093),
            ("encoder.3.reparam_conv.weight", 661_403),
            ("encoder.3.reparam_conv.bias", 759_753),
            ("decoder.rnn.weight_ih", 760_310),
            ("decoder.rnn.weight_hh", 1_022_499),
            ("decoder.rnn.bias_ih", 1_284_681),
            ("decoder.rnn.bias_hh", 1_286_767),
            ("decoder.decoder.2.weight", 1_288_862),
            ("decoder.decoder.2.bias", 1_289_412),
        ] {
            // The name is followed by the field tag of the numbers and their length, one to three
            // bytes.
            let before = &FILE[at - 4 - name.len()..at];
            let found = before.windows(name.len()).any(|part| part == name.as_bytes());
            assert!(found, "{name} is not in front of byte {at}");
        }
    }
}
