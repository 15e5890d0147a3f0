use super::clean::clean;
use super::g2p::{Reader, Unknown};
use super::lexicon::Lexicon;
use super::reading::pack_one;
use super::split::sentences;
use super::token::Tokenizer;
use super::{HibariFiles, load, unknown};
use crate::engine::EngineError;
use crate::engine::local::{Runtime, Stopped};
use crate::language::english::spell::normalize;
use crate::language::traced::Traced;

/// Words newer than the lexicons that the network gets wrong.
const NEWER_WORDS: &[(&str, &str)] =
    &[("JSON", "ʤˈAsən"), ("wifi", "wˈIfˌI"), ("emoji", "ɪmˈOʤi"), ("podcast", "pˈɑdkˌæst")];

/// Text to phonemes, without the voice: how a sentence will be pronounced, in misaki's alphabet.
///
/// Works on the caller's thread and blocks on the disk; [`super::Hibari`] has one of its own.
pub struct Pronouncer {
    reader: Reader,
    unknown: unknown::Net,
}

impl Pronouncer {
    /// Loads the lexicons and the tagger, about 8 MB; the network for unknown words is loaded for
    /// the first one.
    ///
    /// # Errors
    /// [`EngineError::Unreachable`] when a file is missing or not as published.
    pub fn load(files: &HibariFiles) -> Result<Self, EngineError> {
        let runtime = Runtime::open(&files.runtime)?;
        let mut gold = load::lexicon(&files.gold)?;
        for (word, phonemes) in NEWER_WORDS {
            let mut reading = Vec::new();
            pack_one(phonemes, &mut reading);
            gold.insert(word, &reading);
        }
        let alphabet = load::unknown_alphabet(&files.unknown_alphabet)?;
        Ok(Self {
            reader: Reader {
                tokenizer: Tokenizer { special: load::exceptions(&files.exceptions)? },
                tagger: load::tagger(&files.tagger)?,
                lexicon: Lexicon { gold, silver: load::lexicon(&files.silver)? },
            },
            unknown: unknown::Net::new(runtime, &files.unknown, alphabet)?,
        })
    }

    /// The phonemes of each sentence of `text` that has a sound.
    ///
    /// # Errors
    /// [`EngineError`] when the network for unknown words cannot be loaded or fails.
    pub fn phonemes(&mut self, text: &str) -> Result<Vec<String>, EngineError> {
        let cleaned = clean(text);
        let mut out = Vec::new();
        for range in sentences(&cleaned) {
            let sentence = cleaned.part(range.start, range.end);
            match self.sentence(sentence, &|| Ok(())) {
                Ok(phonemes) if phonemes.chars().is_empty() => {}
                Ok(phonemes) => out.push(phonemes.chars().iter().collect()),
                Err(Stopped::Failed(error)) => return Err(error),
                Err(Stopped::Cancelled) => break,
            }
        }
        Ok(out)
    }

    /// The phonemes of one cleaned sentence; `look` is asked before each step whether to go on.
    pub(super) fn sentence(
        &mut self,
        mut sentence: Traced,
        look: &dyn Fn() -> Result<(), Stopped>,
    ) -> Result<Traced, Stopped> {
        look()?;
        normalize(&mut sentence);
        self.reader.read(&sentence, &mut Watched { net: &mut self.unknown, look })
    }
}

/// Checks the stop flag before each word that the network has to read.
struct Watched<'a> {
    net: &'a mut unknown::Net,
    look: &'a dyn Fn() -> Result<(), Stopped>,
}

impl Unknown for Watched<'_> {
    fn read(&mut self, word: &str) -> Result<String, Stopped> {
        (self.look)()?;
        self.net.read(word)
    }
}
