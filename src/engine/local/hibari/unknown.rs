use ort::session::Session;
use ort::value::TensorRef;

use super::g2p::Unknown;
use super::load::UnknownAlphabet;
use crate::engine::EngineError;
use crate::engine::local::runtime::{failed, unusable};
use crate::engine::local::{Runtime, Stopped};
use std::path::{Path, PathBuf};

/// Reads words that are in no lexicon with a small character transformer (`oov.onnx`): one run per
/// word, its output collapsed as in CTC.
///
/// Most sentences have no such word, so the session is created for the first one.
pub(super) struct Net {
    runtime: Runtime,
    model: PathBuf,
    alphabet: UnknownAlphabet,
    session: Option<Session>,
}

impl Net {
    /// A network to be loaded from `model`.
    ///
    /// # Errors
    /// [`EngineError::Unreachable`] when the alphabet is invalid.
    pub(super) fn new(
        runtime: Runtime,
        model: &Path,
        alphabet: UnknownAlphabet,
    ) -> Result<Self, EngineError> {
        if alphabet.longest == 0 || alphabet.letters.is_empty() {
            return Err(unusable(model, "its alphabet is empty"));
        }
        Ok(Self { runtime, model: model.to_owned(), alphabet, session: None })
    }
}

impl Unknown for Net {
    fn read(&mut self, word: &str) -> Result<String, Stopped> {
        let number = |c: char| {
            let place = self.alphabet.letters.iter().position(|letter| *letter == c)?;
            i64::try_from(place + 1).ok()
        };
        let letters: Vec<i64> =
            word.chars().filter_map(number).take(self.alphabet.longest).collect();
        if letters.is_empty() {
            return Ok(String::new());
        }
        let session = match self.session.take() {
            Some(session) => session,
            None => self.runtime.session(&self.model)?,
        };
        let session = self.session.insert(session);
        let input = TensorRef::from_array_view(([1, letters.len()], letters.as_slice()))
            .map_err(|error| Stopped::Failed(failed(&error)))?;
        let outputs = session
            .run(ort::inputs!["chars" => input])
            .map_err(|error| Stopped::Failed(failed(&error)))?;
        let output = outputs.get("ids").ok_or_else(|| unusable(&self.model, "it has no ids"))?;
        let (_, ids) =
            output.try_extract_tensor::<i64>().map_err(|error| Stopped::Failed(failed(&error)))?;
        Ok(collapsed(ids, &self.alphabet.phonemes))
    }
}

/// Drops repeats, then blanks (number 0).
fn collapsed(ids: &[i64], phonemes: &[char]) -> String {
    let mut last = 0;
    let mut out = String::new();
    for id in ids {
        if *id != last
            && let Some(place) = usize::try_from(*id).ok().and_then(|id| id.checked_sub(1))
        {
            out.extend(phonemes.get(place));
        }
        last = *id;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_and_blanks_collapse() {
        let phonemes = ['a', 'b'];
        assert_eq!(collapsed(&[0, 1, 1, 0, 1, 2, 2, 0, 9], &phonemes), "aab");
        assert_eq!(collapsed(&[], &phonemes), "");
    }
}
