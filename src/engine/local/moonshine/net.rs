use std::borrow::Cow;
use std::path::Path;
use std::rc::Rc;

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

/// Encoded sound, ready to be decoded as often as needed.
pub(super) struct Sound<'n> {
    net: &'n mut Net,
    hidden: DynValue,
}

/// What the decoder has computed for the tokens of one reading, and need not compute again. Readings
/// that branch off share it.
#[derive(Clone, Default)]
pub(super) struct Past {
    /// In the order of the slots, each `[1, HEADS, length, HEAD]`; empty before the first step.
    slots: Vec<Rc<DynValue>>,
}

/// A possible next token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Choice {
    pub(super) token: i64,
    /// The logarithm of its probability, 0.0 when it is certain.
    pub(super) log_probability: f32,
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
    pub(super) fn encode(&mut self, pcm: &[f32], options: &RunOptions) -> ort::Result<Sound<'_>> {
        let shape = [1, pcm.len()];
        let mask = vec![1_i64; pcm.len()];
        let inputs = ort::inputs! {
            "input_values" => TensorRef::from_array_view((shape, pcm))?,
            "attention_mask" => TensorRef::from_array_view((shape, &*mask))?,
        };
        let mut outputs = self.encoder.run_with_options(inputs, options)?;
        let hidden = take(&mut outputs, "last_hidden_state")?;
        drop(outputs);
        Ok(Sound { net: self, hidden })
    }
}

impl Sound<'_> {
    /// Passes the newest token of a reading to the decoder, and returns the `many` likeliest next
    /// ones, the likeliest first.
    ///
    /// The cache is passed on as onnxruntime's own values: nothing is copied on our side.
    pub(super) fn step(
        &mut self,
        past: &mut Past,
        token: i64,
        many: usize,
        options: &RunOptions,
    ) -> ort::Result<Vec<Choice>> {
        let first = past.slots.is_empty();
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
            let value = match past.slots.get(at) {
                Some(past) => SessionInputValue::from(&**past),
                None => SessionInputValue::from(&nothing),
            };
            inputs.push((Cow::Borrowed(&slot.past), value));
        }
        let mut outputs = self.net.decoder.run_with_options(inputs, options)?;
        let logits = take(&mut outputs, "logits")?;
        let mut present = Vec::with_capacity(self.net.slots.len());
        for slot in self.net.slots.iter().filter(|slot| first || slot.grows) {
            present.push(Rc::new(take(&mut outputs, &slot.present)?));
        }
        drop(outputs);
        if first {
            past.slots = present;
        } else {
            let grown = self.net.slots.iter().zip(&mut past.slots).filter(|(slot, _)| slot.grows);
            for ((_, past), present) in grown.zip(present) {
                *past = present;
            }
        }
        let (_, logits) = logits.try_extract_tensor::<f32>()?;
        Ok(likeliest(logits, many))
    }
}

fn take(outputs: &mut ort::session::SessionOutputs<'_>, name: &str) -> ort::Result<DynValue> {
    outputs.remove(name).ok_or_else(|| ort::Error::new(format!("the model gave no {name}")))
}

/// The `many` likeliest tokens of `logits`, the likeliest first.
fn likeliest(logits: &[f32], many: usize) -> Vec<Choice> {
    let mut best: Vec<(usize, f32)> = Vec::with_capacity(many + 1);
    let mut least = f32::NEG_INFINITY;
    for (at, &logit) in logits.iter().enumerate() {
        if logit > least {
            let place = best.partition_point(|(_, other)| *other >= logit);
            best.insert(place, (at, logit));
            best.truncate(many);
            if let Some((_, last)) = best.get(many.saturating_sub(1)) {
                least = *last;
            }
        }
    }
    let top = best.first().map_or(0.0, |(_, logit)| *logit);
    // Below e^-16 of the best, all 32,768 of them together change the sum by less than 1 %.
    let total: f32 =
        logits.iter().map(|logit| logit - top).filter(|d| *d > -16.0).map(f32::exp).sum();
    let choice = |(token, logit): (usize, f32)| Choice {
        token: i64::try_from(token).unwrap_or(0),
        log_probability: logit - top - total.ln(),
    };
    best.into_iter().map(choice).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_tokens_come_with_their_probabilities() {
        let choices = likeliest(&[0.0, 2.0_f32.ln(), -100.0, 0.0], 3);
        assert_eq!(choices.iter().map(|choice| choice.token).collect::<Vec<_>>(), [1, 0, 3]);
        for (choice, probability) in choices.iter().zip([0.5, 0.25, 0.25]) {
            assert!((choice.log_probability.exp() - probability).abs() < 1e-6, "{choice:?}");
        }
    }
}
