use std::borrow::Cow;
use std::path::Path;

use ort::session::{RunOptions, Session, SessionInputValue};
use ort::value::{DynValue, Tensor, TensorRef};

use crate::engine::EngineError;
use crate::engine::local::runtime::{Runtime, unusable};

/// Layers of the decoder, heads per layer, and values per head (the model's `config.json`).
const LAYERS: usize = 6;
const HEADS: usize = 8;
const HEAD: usize = 36;

/// The encoder and the decoder.
pub(super) struct Net {
    encoder: Session,
    decoder: Session,
    slots: Vec<Slot>,
}

/// One tensor of the decoder's key-value cache: its input and output names.
struct Slot {
    past: String,
    present: String,
    /// Whether it is about the words so far, which grow, or about the sound, which is fixed.
    grows: bool,
}

/// One decoding in progress.
pub(super) struct Decoding<'n> {
    net: &'n mut Net,
    hidden: DynValue,
    /// In the order of the slots, each `[1, HEADS, length, HEAD]`; empty before the first step.
    past: Vec<DynValue>,
}

/// The decoder's choice of the next token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Choice {
    /// The likeliest token.
    pub(super) token: i64,
    /// The logarithm of its probability, 0.0 when it is certain.
    pub(super) log_probability: f32,
    /// The second likeliest, and how much smaller the logarithm of its probability is.
    pub(super) second: i64,
    pub(super) behind: f32,
}

impl Net {
    pub(super) fn load(
        runtime: &Runtime,
        encoder_file: &Path,
        decoder_file: &Path,
    ) -> Result<Self, EngineError> {
        let encoder = runtime.session(encoder_file)?;
        let decoder = runtime.session(decoder_file)?;
        let slots: Vec<Slot> = (0..LAYERS)
            .flat_map(|layer| ["decoder", "encoder"].map(|side| (layer, side)))
            .flat_map(|(layer, side)| ["key", "value"].map(|part| (layer, side, part)))
            .map(|(layer, side, part)| Slot {
                past: format!("past_key_values.{layer}.{side}.{part}"),
                present: format!("present.{layer}.{side}.{part}"),
                grows: side == "decoder",
            })
            .collect();
        let fits = slots.iter().all(|slot| {
            decoder.inputs().iter().any(|input| input.name() == slot.past)
                && decoder.outputs().iter().any(|output| output.name() == slot.present)
        });
        if !fits {
            return Err(unusable(decoder_file, "it is another model"));
        }
        Ok(Self { encoder, decoder, slots })
    }

    /// Encodes `pcm`, mono at 16 kHz; fails below 60 ms.
    pub(super) fn encode(
        &mut self,
        pcm: &[f32],
        options: &RunOptions,
    ) -> ort::Result<Decoding<'_>> {
        let shape = [1, pcm.len()];
        let mask = vec![1_i64; pcm.len()];
        let inputs = ort::inputs! {
            "input_values" => TensorRef::from_array_view((shape, pcm))?,
            "attention_mask" => TensorRef::from_array_view((shape, &*mask))?,
        };
        let mut outputs = self.encoder.run_with_options(inputs, options)?;
        let hidden = take(&mut outputs, "last_hidden_state")?;
        drop(outputs);
        Ok(Decoding { net: self, hidden, past: Vec::new() })
    }
}

impl Decoding<'_> {
    /// Begins again with the same sound.
    pub(super) fn restart(&mut self) {
        self.past.clear();
    }

    /// Passes the token chosen last to the decoder and requests the next one.
    ///
    /// The cache is passed on as onnxruntime's own values: nothing is copied on our side.
    pub(super) fn step(&mut self, token: i64, options: &RunOptions) -> ort::Result<Choice> {
        let first = self.past.is_empty();
        // The branch for the first step reads no cache, but requires one as input.
        let nothing = Tensor::from_array(([1, HEADS, 1, HEAD], vec![0.0_f32; HEADS * HEAD]))?;
        let mut inputs: Vec<(Cow<'_, str>, SessionInputValue<'_>)> = ort::inputs! {
            "input_ids" => Tensor::from_array(([1, 1], vec![token]))?,
            // All of the sound counts. The graph takes every 384th value and broadcasts a single
            // one.
            "encoder_attention_mask" => Tensor::from_array(([1, 1], vec![1_i64]))?,
            "encoder_hidden_states" => &self.hidden,
            "use_cache_branch" => Tensor::from_array(([1], vec![!first]))?,
        };
        for (at, slot) in self.net.slots.iter().enumerate() {
            let value = match self.past.get(at) {
                Some(past) => SessionInputValue::from(past),
                None => SessionInputValue::from(&nothing),
            };
            inputs.push((Cow::Borrowed(&slot.past), value));
        }
        let mut outputs = self.net.decoder.run_with_options(inputs, options)?;
        let logits = take(&mut outputs, "logits")?;
        let mut present = Vec::with_capacity(self.net.slots.len());
        for slot in self.net.slots.iter().filter(|slot| first || slot.grows) {
            present.push(take(&mut outputs, &slot.present)?);
        }
        drop(outputs);
        if first {
            self.past = present;
        } else {
            let grown = self.net.slots.iter().zip(&mut self.past).filter(|(slot, _)| slot.grows);
            for ((_, past), present) in grown.zip(present) {
                *past = present;
            }
        }
        let (_, logits) = logits.try_extract_tensor::<f32>()?;
        Ok(best(logits))
    }
}

fn take(outputs: &mut ort::session::SessionOutputs<'_>, name: &str) -> ort::Result<DynValue> {
    outputs.remove(name).ok_or_else(|| ort::Error::new(format!("the model gave no {name}")))
}

/// The likeliest token of `logits`.
fn best(logits: &[f32]) -> Choice {
    let (mut token, mut top) = (0, f32::NEG_INFINITY);
    let (mut second, mut next) = (0, f32::NEG_INFINITY);
    for (at, &logit) in logits.iter().enumerate() {
        if logit > top {
            (second, next) = (token, top);
            (token, top) = (at, logit);
        } else if logit > next {
            (second, next) = (at, logit);
        }
    }
    // Below e^-16 of the best, all 32,768 of them together change the sum by less than 1 %.
    let total: f32 =
        logits.iter().map(|logit| logit - top).filter(|d| *d > -16.0).map(f32::exp).sum();
    let id = |token| i64::try_from(token).unwrap_or(0);
    Choice {
        token: id(token),
        log_probability: -total.ln(),
        second: id(second),
        behind: top - next,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_token_comes_with_its_probability() {
        let choice = best(&[0.0, 2.0_f32.ln(), -100.0]);
        assert_eq!(choice.token, 1);
        assert!((choice.log_probability.exp() - 2.0 / 3.0).abs() < 1e-6);
        assert_eq!(choice.second, 0);
        assert!((choice.behind - 2.0_f32.ln()).abs() < 1e-6);
    }
}
