use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::marker::PhantomData;
use std::path::Path;

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::reading::{pack_by_tag, pack_one};
use super::table::Table;
use super::tag::{TAGS, Tagger};
use crate::engine::EngineError;
use crate::engine::local::runtime::{opened, read, unusable};

/// Upper bound for the unpacked size of the package's files, in bytes; a larger one is not ours.
const LARGEST: u64 = 32 << 20;

/// Reads a lexicon (`lexicon_us_*.json.gz`): word to phonemes, or to phonemes by tag.
pub(super) fn lexicon(file: &Path) -> Result<Table, EngineError> {
    let json = unpack(file)?;
    Ok(parse::<Rows<Reading<'_>>>(file, &json)?.into_table())
}

/// Reads the tagger (`tagger.json.gz`).
pub(super) fn tagger(file: &Path) -> Result<Tagger, EngineError> {
    let json = unpack(file)?;
    let file = parse::<TaggerFile<'_>>(file, &json)?;
    let mut vocabulary = Table::default();
    for word in file.vocab {
        vocabulary.insert(&word.0, &[]);
    }
    vocabulary.shrink();
    Ok(Tagger { known: file.tagdict.into_table(), vocabulary, weights: file.weights.into_table() })
}

/// Reads the tokenizer's exceptions (`tokenizer_exceptions.json`): text to its pieces, each
/// terminated by a zero byte.
pub(super) fn exceptions(file: &Path) -> Result<Table, EngineError> {
    let json = read(file)?;
    Ok(parse::<Rows<Pieces>>(file, &json)?.into_table())
}

/// Reads the voice's alphabet (`vocab.json`): phoneme to its number in the voice.
pub(super) fn vocabulary(file: &Path) -> Result<Vec<(char, i64)>, EngineError> {
    let json = read(file)?;
    let rows: std::collections::HashMap<char, i64> = parse(file, &json)?;
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_unstable();
    Ok(rows)
}

/// The contents of `oov.json`: the alphabets of the network for unknown words.
#[derive(Debug, Deserialize)]
pub(super) struct UnknownAlphabet {
    /// Input letters; the first has number 1.
    #[serde(rename = "in")]
    pub(super) letters: Vec<char>,
    /// Output phonemes; the first has number 1.
    #[serde(rename = "out")]
    pub(super) phonemes: Vec<char>,
    /// The longest word, in letters.
    #[serde(rename = "maxlen")]
    pub(super) longest: usize,
}

/// Reads the alphabets of the network for unknown words (`oov.json`).
pub(super) fn unknown_alphabet(file: &Path) -> Result<UnknownAlphabet, EngineError> {
    let json = read(file)?;
    parse(file, &json)
}

fn unpack(file: &Path) -> Result<Vec<u8>, EngineError> {
    let packed = opened(file)?;
    let mut json = Vec::new();
    GzDecoder::new(packed)
        .take(LARGEST)
        .read_to_end(&mut json)
        .map_err(|error| unusable(file, &format!("it does not unpack ({error})")))?;
    Ok(json)
}

fn parse<'de, T: Deserialize<'de>>(file: &Path, json: &'de [u8]) -> Result<T, EngineError> {
    serde_json::from_slice(json)
        .map_err(|error| unusable(file, &format!("it is not as expected ({error})")))
}

#[derive(Deserialize)]
struct TaggerFile<'a> {
    tagdict: Rows<KnownTag>,
    #[serde(borrow)]
    vocab: Vec<Text<'a>>,
    weights: Rows<Weights>,
}

/// A string borrowed from the file if it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// How a row's value is packed in a [`Table`].
trait Packed {
    fn pack(&self, bytes: &mut Vec<u8>);
}

/// An object read into a [`Table`] row by row, so that it is never held twice.
struct Rows<V>(Table, PhantomData<V>);

impl<V> Rows<V> {
    fn into_table(mut self) -> Table {
        self.0.shrink();
        self.0
    }
}

impl<'de, V: Packed + Deserialize<'de>> Deserialize<'de> for Rows<V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct RowVisitor<V>(PhantomData<V>);
        impl<'de, V: Packed + Deserialize<'de>> Visitor<'de> for RowVisitor<V> {
            type Value = Rows<V>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object of words")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Rows<V>, A::Error> {
                let (mut table, mut bytes) = (Table::default(), Vec::new());
                while let Some((key, value)) = map.next_entry::<Text<'de>, V>()? {
                    bytes.clear();
                    value.pack(&mut bytes);
                    table.insert(&key.0, &bytes);
                }
                Ok(Rows(table, PhantomData))
            }
        }
        from.deserialize_map(RowVisitor(PhantomData))
    }
}

/// A lexicon's value.
enum Reading<'a> {
    One(Cow<'a, str>),
    ByTag(Vec<(Cow<'a, str>, Option<Cow<'a, str>>)>),
}

impl Packed for Reading<'_> {
    fn pack(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::One(phonemes) => pack_one(phonemes, bytes),
            Self::ByTag(rows) => pack_by_tag(
                rows.iter().map(|(tag, phonemes)| (tag.as_ref(), phonemes.as_deref())),
                bytes,
            ),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Reading<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct ReadingVisitor;
        impl<'de> Visitor<'de> for ReadingVisitor {
            type Value = Reading<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("phonemes, or phonemes by tag")
            }
            fn visit_borrowed_str<E: Error>(self, phonemes: &'de str) -> Result<Reading<'de>, E> {
                Ok(Reading::One(Cow::Borrowed(phonemes)))
            }
            fn visit_str<E: Error>(self, phonemes: &str) -> Result<Reading<'de>, E> {
                Ok(Reading::One(Cow::Owned(phonemes.to_owned())))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Reading<'de>, A::Error> {
                let mut rows = Vec::new();
                while let Some((tag, phonemes)) =
                    map.next_entry::<Text<'de>, Option<Text<'de>>>()?
                {
                    rows.push((tag.0, phonemes.map(|phonemes| phonemes.0)));
                }
                Ok(Reading::ByTag(rows))
            }
        }
        from.deserialize_any(ReadingVisitor)
    }
}

/// A tag, as its index in [`TAGS`].
struct KnownTag(u8);

impl Packed for KnownTag {
    fn pack(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.0);
    }
}

impl<'de> Deserialize<'de> for KnownTag {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let tag = Text::deserialize(from)?;
        place(&tag.0).map(Self).ok_or_else(|| D::Error::custom("a tag that nobody knows"))
    }
}

fn place(tag: &str) -> Option<u8> {
    TAGS.iter().position(|known| *known == tag).and_then(|at| u8::try_from(at).ok())
}

/// The weights of a feature: tag index and tenths, three bytes each.
struct Weights(Vec<u8>);

impl Packed for Weights {
    fn pack(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.0);
    }
}

impl<'de> Deserialize<'de> for Weights {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct WeightVisitor;
        impl<'de> Visitor<'de> for WeightVisitor {
            type Value = Weights;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("weights by tag")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Weights, A::Error> {
                let mut bytes = Vec::new();
                while let Some((tag, weight)) = map.next_entry::<Text<'de>, f32>()? {
                    let place =
                        place(&tag.0).ok_or_else(|| A::Error::custom("a tag that nobody knows"))?;
                    // The cast saturates; the weights lie within ±70.
                    let tenths = (weight * 10.0).round() as i16;
                    bytes.push(place);
                    bytes.extend_from_slice(&tenths.to_le_bytes());
                }
                Ok(Weights(bytes))
            }
        }
        from.deserialize_map(WeightVisitor)
    }
}

/// The pieces of a tokenizer exception, each terminated by a zero byte.
#[derive(Deserialize)]
struct Pieces(Vec<String>);

impl Packed for Pieces {
    fn pack(&self, bytes: &mut Vec<u8>) {
        for piece in &self.0 {
            bytes.extend_from_slice(piece.as_bytes());
            bytes.push(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::super::reading;
    use std::fs::File;

    use super::*;

    fn packed(folder: &Path, json: &str) -> std::path::PathBuf {
        let file = folder.join("file.json.gz");
        let mut encoder = GzEncoder::new(File::create(&file).unwrap(), Compression::fast());
        encoder.write_all(json.as_bytes()).unwrap();
        encoder.finish().unwrap();
        file
    }

    #[test]
    fn a_lexicon_holds_plain_words_and_words_by_tag() {
        let folder = tempfile::tempdir().unwrap();
        let file = packed(
            folder.path(),
            r#"{"cat":"kˈæt","live":{"DEFAULT":"lˈIv","VERB":"lˈɪv","NOUN":null}}"#,
        );
        let table = lexicon(&file).unwrap();
        let live = reading::Reading::unpack(table.get("live").unwrap());
        assert_eq!(reading::Reading::unpack(table.get("cat").unwrap()).one(), Some("kˈæt"));
        assert_eq!(live.of_tag("VERB"), Some(Some("lˈɪv")));
        assert_eq!(live.of_tag("NOUN"), Some(None));
        assert_eq!(live.of_tag("ADJ"), None);
        assert_eq!(live.of_tag("DEFAULT"), Some(Some("lˈIv")));
    }

    #[test]
    fn a_broken_file_is_named_with_the_next_step() {
        let folder = tempfile::tempdir().unwrap();
        let file = packed(folder.path(), r#"{"cat":3}"#);
        let whole = std::fs::read(&file).unwrap();
        for bytes in [whole.as_slice(), &whole[..12], b"no gzip at all"] {
            std::fs::write(&file, bytes).unwrap();
            let error = lexicon(&file).unwrap_err();
            let EngineError::Unreachable(text) = &error else { panic!("{error:?}") };
            assert!(text.contains("file.json.gz") && text.contains("aloud models fetch"), "{text}");
        }
    }
}
