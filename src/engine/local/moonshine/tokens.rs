use std::borrow::Cow;
use std::path::Path;

use crate::engine::EngineError;
use crate::engine::local::runtime::{read, unusable};

/// Marks a space before a word.
const SPACE: &str = "\u{2581}";

/// Tokens of the vocabulary that the decoder can choose from.
const VOCABULARY: usize = 32_768;

/// The vocabulary of the decoder: from token numbers to text.
pub(super) struct Tokens {
    /// The bytes of each token, by number.
    pieces: Vec<Box<[u8]>>,
}

impl Tokens {
    /// The token that begins every decoding.
    pub(super) const START: i64 = 1;
    /// The token that ends it.
    pub(super) const END: i64 = 2;

    /// Reads a `tokenizer.bin`: for each token its length and its bytes. A length under 128 takes
    /// one byte; a longer one takes two, the low seven bits with the high bit set, then the rest.
    pub(super) fn load(file: &Path) -> Result<Self, EngineError> {
        let bytes = read(file)?;
        Self::parse(&bytes).ok_or_else(|| unusable(file, "it is truncated"))
    }

    fn parse(mut bytes: &[u8]) -> Option<Self> {
        let mut pieces = Vec::with_capacity(VOCABULARY);
        while let Some((&low, rest)) = bytes.split_first() {
            bytes = rest;
            let mut length = usize::from(low);
            if low >= 128 {
                let (&high, rest) = bytes.split_first()?;
                bytes = rest;
                length = usize::from(high) * 128 + usize::from(low - 128);
            }
            let (piece, rest) = bytes.split_at_checked(length)?;
            bytes = rest;
            pieces.push(piece.into());
        }
        (pieces.len() >= VOCABULARY).then_some(Self { pieces })
    }

    /// Whether `a` and `b` are different words or parts of words, and not merely written differently.
    pub(super) fn differ(&self, a: i64, b: i64) -> bool {
        let letters = |token: i64| {
            let text = self.text(&[token]);
            text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
        };
        let (a, b): (String, String) = (letters(a), letters(b));
        a != b
    }

    /// The text of `tokens`, trimmed, with single spaces. Control tokens (`<s>` and the like) are
    /// skipped; byte tokens (`<0x41>`) are joined to characters; invalid UTF-8 is dropped, and so
    /// are the notes that the model writes for music.
    pub(super) fn text(&self, tokens: &[i64]) -> String {
        let mut bytes = Vec::new();
        for token in tokens {
            let piece = usize::try_from(*token).ok().and_then(|at| self.pieces.get(at));
            match piece.map(|piece| &**piece) {
                None => {}
                Some(piece) => match byte_of(piece) {
                    Some(byte) => bytes.push(byte),
                    None if is_control(piece) => {}
                    None => bytes.extend_from_slice(piece),
                },
            }
        }
        let text = String::from_utf8_lossy(&bytes).replace(SPACE, " ");
        let text = text.replace([char::REPLACEMENT_CHARACTER, '\u{266a}', '\u{266b}'], "");
        text.split_whitespace().map(modern).collect::<Vec<_>>().join(" ")
    }
}

/// A word as it is written today: the model has read old books.
fn modern(word: &str) -> Cow<'_, str> {
    let old = word.get(..3).filter(|start| start.eq_ignore_ascii_case("to-"));
    let new = |rest: &str| ["day", "night", "morrow"].iter().any(|end| rest.starts_with(end));
    match old.zip(word.get(3..)).filter(|(_, rest)| new(rest)) {
        Some((start, rest)) => Cow::Owned(format!("{}{rest}", &start[..2])),
        None => Cow::Borrowed(word),
    }
}

fn byte_of(piece: &[u8]) -> Option<u8> {
    let digits = piece.strip_prefix(b"<0x")?.strip_suffix(b">")?;
    let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.len() == 2)?;
    u8::from_str_radix(digits, 16).ok()
}

fn is_control(piece: &[u8]) -> bool {
    piece.len() > 2 && piece.starts_with(b"<") && piece.ends_with(b">")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_spelled_as_today() {
        let said =
            ["To-morrow,", "to-day?", "to-night", "to-do", "To", "\u{e9}t\u{e9}"].map(modern);
        assert_eq!(said, ["Tomorrow,", "today?", "tonight", "to-do", "To", "\u{e9}t\u{e9}"]);
    }

    fn vocabulary(first: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for at in 0..VOCABULARY {
            let piece = first.get(at).copied().unwrap_or_default();
            match u8::try_from(piece.len()) {
                Ok(length) if length < 128 => bytes.push(length),
                _ => {
                    bytes.push(128 + u8::try_from(piece.len() % 128).unwrap());
                    bytes.push(u8::try_from(piece.len() / 128).unwrap());
                }
            }
            bytes.extend_from_slice(piece);
        }
        bytes
    }

    #[test]
    fn words_bytes_and_control_tokens_become_text() {
        let long = [b'x'; 200];
        let cafe = ["\u{2581}Caf".as_bytes(), b"<0xC3>", b"<0xA9>"];
        let note = "\u{2581}\u{266a}".as_bytes();
        let control: [&[u8]; 3] = [b"<unk>", b"<s>", b"</s>"];
        let pieces = [&control[..], &cafe, &[&long, note]].concat();
        let tokens = Tokens::parse(&vocabulary(&pieces)).unwrap();
        assert_eq!(tokens.text(&[1, 3, 4, 5, 3, 2]), "Caf\u{e9} Caf");
        assert_eq!(tokens.text(&[6]).len(), 200);
        assert_eq!(tokens.text(&[3, 4]), "Caf");
        assert_eq!(tokens.text(&[99_999, -1]), "");
        assert_eq!(tokens.text(&[7, 7]), "");
    }

    #[test]
    fn case_and_punctuation_make_no_different_word() {
        let pieces: [&[u8]; 7] = [
            b"<unk>",
            b"<s>",
            b"</s>",
            "\u{2581}Set".as_bytes(),
            b"set",
            b".",
            "\u{2581}said".as_bytes(),
        ];
        let tokens = Tokens::parse(&vocabulary(&pieces)).unwrap();
        assert!(!tokens.differ(3, 4) && !tokens.differ(5, 2));
        assert!(tokens.differ(3, 6) && tokens.differ(5, 6));
    }

    #[test]
    fn a_cut_file_is_refused() {
        let whole = vocabulary(&[b"<unk>", b"word"]);
        assert!(Tokens::parse(&whole).is_some());
        assert!(Tokens::parse(&whole[..whole.len() - 1]).is_none());
        assert!(Tokens::parse(&[5, b'a']).is_none());
        assert!(Tokens::parse(&[]).is_none());
    }
}
