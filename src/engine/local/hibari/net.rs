use std::path::Path;

use ort::session::Session;
use ort::value::TensorRef;

use crate::engine::EngineError;
use crate::engine::local::runtime::{read, unusable};
use crate::engine::local::{Replies, Runtime, Stopped};

/// Bins of a spectrum: half of [`super::wave::FFT`] plus one.
pub(super) const BINS: usize = 601;

/// Frames of 12.5 ms per step of the model's durations.
const FRAMES_PER_STEP: usize = 2;

/// The tensor inside the graph with the number of steps per phoneme. The package's own model does
/// not output it, but it tells where in the sound each word is.
const DURATIONS: &str = "/Cast_32_output_0";

/// The acoustic model (`hibari.onnx`): phonemes to spectra.
pub(super) struct Net {
    session: Session,
    /// Whether the model could be made to output its durations.
    tells_durations: bool,
}

/// The model's output for a phoneme string.
#[derive(Debug, Default)]
pub(super) struct Spectra {
    /// The spectra, `[frame][part][bin]`, with the [`PARTS`] in order.
    pub(super) values: Vec<f32>,
    /// Pitch in Hz per frame, 0 if unvoiced.
    pub(super) pitch: Vec<f32>,
    /// Frames per input phoneme; empty if the model does not output them.
    pub(super) durations: Vec<usize>,
}

/// One frame, [`BINS`] values per part.
pub(super) struct Frame<'s> {
    /// Log magnitude of the harmonics.
    pub(super) harmonic: &'s [f32],
    /// Phase of the harmonics relative to the pulses, before tanh, in half turns.
    pub(super) turn: &'s [f32],
    /// Log magnitude of the noise.
    pub(super) noise: &'s [f32],
    /// Log magnitude of the rest.
    pub(super) rest: &'s [f32],
    /// Phase of the rest, in radians.
    pub(super) phase: &'s [f32],
}

/// The outputs with the parts of a frame.
const PARTS: [&str; 5] = ["lh", "theta", "ln", "lr", "phi"];

impl Spectra {
    /// The number of frames.
    pub(super) fn frames(&self) -> usize {
        self.pitch.len()
    }

    /// The frame at index `at`, which must exist.
    pub(super) fn frame(&self, at: usize) -> Frame<'_> {
        let start = at * PARTS.len() * BINS;
        let part = |n: usize| &self.values[start + n * BINS..start + (n + 1) * BINS];
        Frame { harmonic: part(0), turn: part(1), noise: part(2), rest: part(3), phase: part(4) }
    }

    /// Stores one part, which the model lays out as `[bin][frame]`.
    fn take(&mut self, part: usize, by_bin: &[f32]) {
        // This many frames at a time fit a cache line on both sides.
        const BLOCK: usize = 16;
        let frames = self.frames();
        self.values.resize(frames * PARTS.len() * BINS, 0.0);
        for block in (0..frames).step_by(BLOCK) {
            for bin in 0..BINS {
                let end = (block + BLOCK).min(frames);
                let row = &by_bin[bin * frames + block..bin * frames + end];
                for (frame, value) in (block..end).zip(row) {
                    self.values[(frame * PARTS.len() + part) * BINS + bin] = *value;
                }
            }
        }
    }
}

impl Net {
    /// Loads the model.
    ///
    /// # Errors
    /// [`EngineError::Unreachable`] when the file is missing or not a model.
    pub(super) fn load(runtime: &Runtime, model: &Path) -> Result<Self, EngineError> {
        let mut bytes = read(model)?;
        let name = DURATIONS.as_bytes();
        let holds_durations = bytes.windows(name.len()).any(|window| window == name);
        if holds_durations {
            add_output(&mut bytes, DURATIONS);
        }
        let session = runtime.session_of(&bytes, model)?;
        let lacks = |name: &&&str| !session.outputs().iter().any(|output| output.name() == **name);
        if let Some(lacking) = PARTS.iter().chain(&["f0"]).find(lacks) {
            return Err(unusable(model, &format!("it has no output \"{lacking}\"")));
        }
        Ok(Self { session, tells_durations: holds_durations })
    }

    /// Runs the model on phoneme numbers, which begin and end with 0. Aborts when nobody waits for
    /// the sound any longer.
    pub(super) fn run<A>(
        &mut self,
        ids: &[i64],
        pace: f32,
        replies: &Replies<A>,
    ) -> Result<Spectra, Stopped> {
        let options = replies.options()?;
        let pace = [pace];
        let inputs = ort::inputs![
            "ids" => TensorRef::from_array_view(([1, ids.len()], ids)).map_err(|e| replies.halt(&e))?,
            "speed" => TensorRef::from_array_view(([1], pace.as_slice())).map_err(|e| replies.halt(&e))?
        ];
        let outputs = self
            .session
            .run_with_options(inputs, &options)
            .map_err(|error| replies.halt(&error))?;
        let floats = |name: &str| {
            let value = outputs.get(name).ok_or_else(broken)?;
            value.try_extract_tensor::<f32>().map_err(|error| replies.halt(&error))
        };
        let (_, pitch) = floats("f0")?;
        let mut spectra = Spectra { pitch: pitch.to_vec(), ..Spectra::default() };
        for (place, name) in PARTS.iter().enumerate() {
            let (_, part) = floats(name)?;
            if part.len() != spectra.frames() * BINS {
                return Err(broken());
            }
            spectra.take(place, part);
        }
        if let Some(value) = outputs.get(DURATIONS).filter(|_| self.tells_durations) {
            let (_, steps) =
                value.try_extract_tensor::<i64>().map_err(|error| replies.halt(&error))?;
            let frames = |n: &i64| usize::try_from(*n).unwrap_or(0) * FRAMES_PER_STEP;
            let durations: Vec<usize> = steps.iter().map(frames).collect();
            // Durations that do not match the sound would cut it in the wrong places.
            if durations.len() == ids.len() && durations.iter().sum::<usize>() == spectra.frames() {
                spectra.durations = durations;
            }
        }
        Ok(spectra)
    }
}

fn broken() -> Stopped {
    Stopped::Failed(EngineError::Broken(
        "the local voice made no sound; run \"aloud models verify\"".to_owned(),
    ))
}

/// Makes a tensor inside an ONNX graph one of its outputs.
///
/// A model is a protocol buffer, and appended fields are merged with what precedes them. So it is
/// enough to append `graph { output { name } }` (fields 7, 12 and 1 of `ModelProto`, `GraphProto`,
/// `ValueInfoProto`), and the file stays as published.
fn add_output(model: &mut Vec<u8>, name: &str) {
    const NAME: u8 = 1 << 3 | 2;
    const OUTPUT: u8 = 12 << 3 | 2;
    const GRAPH: u8 = 7 << 3 | 2;
    // Lengths below 128 take one byte; the caller's name is short.
    let Ok(len) = u8::try_from(name.len()) else { return };
    if len > 120 {
        return;
    }
    model.extend_from_slice(&[GRAPH, len + 4, OUTPUT, len + 2, NAME, len]);
    model.extend_from_slice(name.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_added_behind_the_model() {
        let mut model = b"model".to_vec();
        add_output(&mut model, "/x");
        assert_eq!(model, b"model\x3a\x06\x62\x04\x0a\x02/x");
        let whole = model.clone();
        add_output(&mut model, &"x".repeat(200));
        assert_eq!(model, whole);
    }
}
