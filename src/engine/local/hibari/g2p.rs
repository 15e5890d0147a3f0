//! Turns a sentence into phonemes (`g2p/__init__.py`; after misaki 0.9.4 `en.py`, Apache-2.0,
//! hexgrad).
//!
//! Tokens are split further between letters and digits and between cases; then they are read from
//! last to first, since "the" and "to" depend on the following sound. Tokens without space between
//! them are tried as one word first, then in ever smaller parts.

use unicode_normalization::UnicodeNormalization;

use super::amount::is_number;
use super::lexicon::{Context, Lexicon};
use super::part::{MARKS, Part, SILENT, grouped, merged, merged_text, resolve};
use super::stress::{is_consonant, is_vowel};
use super::tag::Tagger;
use super::token::Tokenizer;
use crate::engine::local::Stopped;
use crate::language::english::number;
use crate::language::scan::{digits, has, is_letter, is_word, letters};
use crate::language::traced::Traced;

/// Reads words that are in no lexicon.
pub(super) trait Unknown {
    /// The phonemes of a word of letters; empty if there are none.
    fn read(&mut self, word: &str) -> Result<String, Stopped>;
}

/// Names of symbols that are part of no word.
const SIGN_NAMES: [(char, &str); 14] = [
    ('/', "slˈæʃ"),
    ('=', "ˈikwᵊlz"),
    ('+', "plˈʌs"),
    ('&', "ænd"),
    ('@', "æt"),
    ('%', "pəɹsˈɛnt"),
    ('#', "hˈæʃ"),
    ('*', "ˈæstəɹˌɪsk"),
    ('~', "tˈɪldə"),
    ('^', "kˈɛɹət"),
    ('<', "lˈɛs ðən"),
    ('>', "ɡɹˈATəɹ ðən"),
    ('|', ""),
    ('—', "—"),
];

/// Everything needed to read a sentence, apart from the network for unknown words.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) tokenizer: Tokenizer,
    pub(super) tagger: Tagger,
    pub(super) lexicon: Lexicon,
}

impl Reader {
    /// The phonemes of a normalized sentence; each is traced to its place in the original text.
    pub(super) fn read(
        &self,
        sentence: &Traced,
        unknown: &mut impl Unknown,
    ) -> Result<Traced, Stopped> {
        let mut words = grouped(self.tokens(sentence));
        let points = decimal_points(&words);
        let mut cx = Context::default();
        for (place, word) in words.iter_mut().enumerate().rev() {
            cx = match word.as_mut_slice() {
                [token] => {
                    if points.contains(&place) {
                        token.phonemes = self.lexicon.number_word("point", Some(-2.0));
                    }
                    if token.phonemes.is_none() {
                        token.phonemes = self.known(token, cx);
                    }
                    if token.phonemes.is_none() {
                        token.phonemes = Some(self.spelled(&token.text, unknown)?);
                    }
                    context(cx, token)
                }
                parts => self.read_parts(parts, cx, unknown)?,
            };
        }
        let mut out = Traced::default();
        for word in &words {
            push_word(word, &mut out);
        }
        trimmed(&mut out);
        Ok(out)
    }

    fn tokens(&self, sentence: &Traced) -> Vec<Part> {
        let spans = self.tokenizer.tokens(sentence.chars());
        let texts: Vec<String> = spans
            .iter()
            .map(|span| sentence.chars()[span.letters.clone()].iter().collect())
            .collect();
        let tags = self.tagger.tag(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let rows = spans.into_iter().zip(texts).zip(tags);
        rows.map(|((span, text), tag)| Part {
            text,
            tag,
            spaced: span.spaced,
            is_head: true,
            from: sentence.from().get(span.letters.start).copied().unwrap_or(0),
            ..Part::default()
        })
        .collect()
    }

    /// The reading by lexicon or as a number.
    fn known(&self, token: &Part, cx: Context) -> Option<String> {
        let word: String =
            token.alias.unwrap_or(&token.text).replace(['‘', '’'], "'").nfkc().collect();
        match self.lexicon.word(&word, token.tag, cx) {
            Some(phonemes) => Some(match token.currency {
                None => phonemes,
                Some(currency) => match self.lexicon.plural(&currency.plural()) {
                    Some(unit) => format!("{phonemes} {unit}"),
                    None => phonemes,
                },
            }),
            None if is_number(&word, token.is_head) => {
                self.lexicon.number(&word, token.currency, token.is_head)
            }
            None => None,
        }
    }

    /// Reads adjoining tokens: the longest known parts, starting from the last.
    fn read_parts(
        &self,
        parts: &mut [Part],
        mut cx: Context,
        unknown: &mut impl Unknown,
    ) -> Result<Context, Stopped> {
        let (mut left, mut right) = (0, parts.len());
        while left < right {
            let part = &mut parts[left..right];
            let is_open =
                part.iter().all(|token| token.alias.is_none() && token.phonemes.is_none());
            let merged = is_open.then(|| merged(part));
            let read = merged.as_ref().and_then(|token| self.known(token, cx));
            if let (Some(mut merged), Some(phonemes)) = (merged, read) {
                merged.phonemes = Some(phonemes.clone());
                cx = context(cx, &merged);
                for token in part.iter_mut() {
                    token.phonemes = Some(String::new());
                }
                part[0].phonemes = Some(phonemes);
                right = left;
                left = 0;
            } else if left + 1 < right {
                left += 1;
            } else {
                right -= 1;
                let token = &mut parts[right];
                if token.phonemes.is_none() {
                    if token.text.chars().all(|c| SILENT.contains(c)) {
                        token.phonemes = Some(String::new());
                    } else {
                        let phonemes = self.spelled(&merged_text(parts), unknown)?;
                        for token in parts.iter_mut() {
                            token.phonemes = Some(String::new());
                        }
                        parts[0].phonemes = Some(phonemes);
                        return Ok(cx);
                    }
                }
                left = 0;
            }
        }
        resolve(parts);
        Ok(cx)
    }

    /// Reads unknown words with the network, digits as numbers, symbols by name.
    fn spelled(&self, text: &str, unknown: &mut impl Unknown) -> Result<String, Stopped> {
        let chars: Vec<char> = text.chars().collect();
        let mut out: Vec<String> = Vec::new();
        let mut at = 0;
        while at < chars.len() {
            let (end, phonemes) = if is_letter(chars[at]) {
                let mut end = letters(&chars, at);
                while has(&chars, end, |c| matches!(c, '\'' | '’'))
                    && letters(&chars, end + 1) > end + 1
                {
                    end = letters(&chars, end + 1);
                }
                (end, unknown.read(&chars[at..end].iter().collect::<String>())?)
            } else if chars[at].is_ascii_digit() {
                let mut end = digits(&chars, at);
                while has(&chars, end, |c| matches!(c, ',' | '.'))
                    && digits(&chars, end + 1) > end + 1
                {
                    end = digits(&chars, end + 1);
                }
                let number: String = chars[at..end].iter().collect();
                (end, self.lexicon.number(&number, None, false).unwrap_or_default())
            } else {
                let is_sign = |c: &char| !is_word(*c) && !c.is_whitespace();
                let end = at + chars[at..].iter().take_while(|c| is_sign(c)).count();
                let name =
                    |c: &char| SIGN_NAMES.iter().find(|(sign, _)| sign == c).map(|(_, name)| *name);
                (end.max(at + 1), chars[at..end].iter().filter_map(name).collect())
            };
            if !phonemes.is_empty() {
                out.push(phonemes);
            }
            at = end;
        }
        Ok(out.join(" "))
    }
}

/// The positions of the word "point" between two number words: unstressed, as in digits.
fn decimal_points(words: &[Vec<Part>]) -> Vec<usize> {
    let counts = |word: &Vec<Part>| {
        word.iter().all(|token| {
            number::is_word(&token.text.to_lowercase())
                || token.text.chars().all(|c| c.is_ascii_digit() || c == ',')
        })
    };
    words
        .windows(3)
        .enumerate()
        .filter(|(_, window)| {
            matches!(window[1].as_slice(), [token] if token.text == "point")
                && counts(&window[0])
                && counts(&window[2])
        })
        .map(|(place, _)| place + 1)
        .collect()
}

/// What the preceding word needs to know about a word.
fn context(cx: Context, token: &Part) -> Context {
    let tells = |c: &char| is_vowel(*c) || is_consonant(*c) || MARKS.contains(*c);
    let first = token.phonemes.as_deref().and_then(|phonemes| phonemes.chars().find(tells));
    let vowel = match first {
        Some(c) if MARKS.contains(c) => None,
        Some(c) => Some(is_vowel(c)),
        None => cx.vowel,
    };
    let to = matches!(token.text.as_str(), "to" | "To")
        || (token.text == "TO" && matches!(token.tag, "TO" | "IN"));
    Context { vowel, to }
}

/// Appends a word's phonemes, in the voice's alphabet, followed by a space.
fn push_word(word: &[Part], out: &mut Traced) {
    let start = out.len();
    for token in word {
        let phonemes = token.phonemes.as_deref().unwrap_or_default();
        let ends_in_space = out.chars().last().is_some_and(|c| c.is_whitespace());
        if token.gap && !phonemes.is_empty() && out.len() > start && !ends_in_space {
            out.push(' ', token.from);
        }
        for c in phonemes.chars() {
            let c = match c {
                'ɾ' => 'T',
                'ʔ' => 't',
                c => c,
            };
            out.push(c, token.from);
        }
    }
    if let Some(last) = word.last().filter(|token| token.spaced) {
        out.push(' ', last.from);
    }
}

/// Trims the space around a sentence.
fn trimmed(phonemes: &mut Traced) {
    let is_space = |c: &&char| c.is_whitespace();
    let start = phonemes.chars().iter().take_while(is_space).count();
    let end = phonemes.len() - phonemes.chars().iter().rev().take_while(is_space).count();
    *phonemes = phonemes.part(start.min(end), end);
}

#[cfg(test)]
mod tests {
    use super::super::reading::pack_one;
    use super::*;

    struct Spelling;

    impl Unknown for Spelling {
        fn read(&mut self, word: &str) -> Result<String, Stopped> {
            Ok(format!("<{word}>"))
        }
    }

    #[test]
    fn sounds_know_their_place_in_the_sentence() {
        let mut reader = Reader::default();
        for (word, phonemes) in [("set", "sˈɛt"), ("seven", "sˈɛvən"), ("thirty", "θˈɜɹTi")]
        {
            let mut bytes = Vec::new();
            pack_one(phonemes, &mut bytes);
            reader.lexicon.gold.insert(word, &bytes);
        }
        let mut sentence = Traced::new("set zyx 7:30");
        crate::language::english::spell::normalize(&mut sentence);
        let phonemes = reader.read(&sentence, &mut Spelling).unwrap();
        assert_eq!(phonemes.text(), "sˈɛt <zyx> sˈɛvən θˈɜɹTi");
        let starts: Vec<u32> = phonemes
            .text()
            .split(' ')
            .scan(0, |at, word| {
                let from = phonemes.from()[*at];
                *at += word.chars().count() + 1;
                Some(from)
            })
            .collect();
        assert_eq!(starts, [0, 4, 8, 8]);
    }
}
