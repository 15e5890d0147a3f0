//! misaki's lexicon and its rules for American English (`lexicon.py`; misaki 0.9.4, Apache-2.0,
//! hexgrad): choice of reading, stems, spelled-out capitals, stress.

use super::reading::Reading;

use super::stress::{PRIMARY, SECONDARY, Stress, stressed};
use super::table::Table;

/// What follows a word, as far as its reading depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Context {
    /// Whether the next sound is a vowel; `None` at the end of a clause.
    pub(super) vowel: Option<bool>,
    /// Whether the next word is "to".
    pub(super) to: bool,
}

/// The words with their readings, checked and unchecked.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    pub(super) gold: Table,
    pub(super) silver: Table,
}

impl Lexicon {
    /// Reads one word, if it is known or made of known parts.
    pub(super) fn word(&self, word: &str, tag: &str, cx: Context) -> Option<String> {
        let lower = word.to_lowercase();
        let stress = match word {
            _ if word == lower => None,
            _ if word == word.to_uppercase() => Some(2.0),
            _ => Some(0.5),
        };
        if let Some(special) = self.special(word, tag, stress, cx) {
            return Some(special);
        }
        let upper = word.to_uppercase();
        let is_name = tag == "NNP" && word.chars().count() <= 7;
        let tail: String = word.chars().skip(1).collect();
        let is_plain_case = word == upper || tail == tail.to_lowercase();
        let has_letters = word.chars().all(|c| c == '\'' || c.is_alphabetic())
            && word.chars().any(char::is_alphabetic);
        let lowered = word.chars().count() > 1
            && has_letters
            && word != lower
            && !is_name
            && !self.knows_exactly(word)
            && is_plain_case
            && (self.knows_exactly(&lower) || self.stem(&lower, tag, stress, stress, cx).is_some());
        let word = if lowered { lower.as_str() } else { word };
        if self.knows(word) {
            return self.lookup(word, tag, stress, cx);
        }
        if let Some(owner) = word.strip_suffix("s'").map(|stem| format!("{stem}'s"))
            && self.knows(&owner)
        {
            return self.lookup(&owner, tag, stress, cx);
        }
        if let Some(stem) = word.strip_suffix('\'')
            && self.knows(stem)
        {
            return self.lookup(stem, tag, stress, cx);
        }
        self.stem(word, tag, stress, stress.or(Some(0.5)), cx)
    }

    /// Looks a word up: its reading for `tag`, or the names of its letters.
    pub(super) fn lookup(
        &self,
        word: &str,
        tag: &str,
        stress: Stress,
        cx: Context,
    ) -> Option<String> {
        let mut is_name = false;
        let lower = word.to_lowercase();
        let mut key = word;
        if word == word.to_uppercase() && self.gold(word).is_none() {
            key = &lower;
            is_name = tag == "NNP";
        }
        let found = match self.gold(key) {
            Some(reading) => Some(reading),
            None if is_name => None,
            None => get(&self.silver, key),
        };
        let phonemes = found.and_then(|reading| choose(reading, tag, cx));
        match phonemes {
            // A short capitalized name without stress of its own is spelled: "US". The original
            // spells "THIS" too.
            Some(phonemes) if !is_name || key.len() > 3 || phonemes.contains(PRIMARY) => {
                Some(stressed(phonemes, stress))
            }
            _ => self.spelled(key).or_else(|| phonemes.map(|phonemes| stressed(phonemes, stress))),
        }
    }

    /// A word of a number, whatever its context.
    pub(super) fn number_word(&self, word: &str, stress: Stress) -> Option<String> {
        // No context is not the end of a clause: the readings for that do not apply.
        self.lookup(word, "", stress, Context { vowel: Some(false), to: false })
    }

    /// A plural, for currencies: "dollars".
    pub(super) fn plural(&self, word: &str) -> Option<String> {
        self.stem_s(word, "", None, Context { vowel: Some(false), to: false })
    }

    /// The names of the letters: "USB".
    fn spelled(&self, word: &str) -> Option<String> {
        let mut phonemes = String::new();
        for c in word.chars().filter(|c| c.is_alphabetic()) {
            let letter = c.to_uppercase().collect::<String>();
            phonemes.push_str(self.gold(&letter)?.one()?);
        }
        let weak = stressed(&phonemes, Some(0.0));
        Some(match weak.rsplit_once(SECONDARY) {
            Some((head, last)) => format!("{head}{PRIMARY}{last}"),
            None => weak,
        })
    }

    fn special(&self, word: &str, tag: &str, stress: Stress, cx: Context) -> Option<String> {
        let is_noun = tag.starts_with("NN");
        let gold = |word: &str| self.gold(word).and_then(Reading::one).map(str::to_owned);
        let known = match (word, tag) {
            (".", "ADD") => return self.lookup("dot", "", Some(-0.5), cx),
            ("/", "ADD") => return self.lookup("slash", "", Some(-0.5), cx),
            ("%", _) => return self.lookup("percent", "", None, cx),
            ("&", _) => return self.lookup("and", "", None, cx),
            ("+", _) => return self.lookup("plus", "", None, cx),
            ("@", _) => return self.lookup("at", "", None, cx),
            _ if is_dotted(word) => return self.spelled(word),
            ("a" | "A", _) => Some(if tag == "DT" { "ɐ" } else { "ˈA" }),
            ("am" | "Am" | "AM", _) if is_noun => return self.spelled(word),
            ("am" | "Am" | "AM", _) => {
                let is_strong =
                    cx.vowel.is_none() || word != "am" || stress.is_some_and(|stress| stress > 0.0);
                if is_strong {
                    return gold("am");
                }
                Some("ɐm")
            }
            ("AN", _) if is_noun => return self.spelled(word),
            ("an" | "An" | "AN", _) => Some("ɐn"),
            ("I", "PRP") => Some("ˌI"),
            ("by" | "By" | "BY", _) if parent(tag) == "ADV" => Some("bˈI"),
            ("to" | "To", _) | ("TO", "TO" | "IN") => match cx.vowel {
                None => return gold("to"),
                Some(false) => Some("tə"),
                Some(true) => Some("tʊ"),
            },
            ("in" | "In", _) => Some(read_in(tag, cx)),
            ("IN", _) if tag != "NNP" => Some(read_in(tag, cx)),
            ("the" | "The", _) | ("THE", "DT") => {
                Some(if cx.vowel == Some(true) { "ði" } else { "ðə" })
            }
            (_, "IN") if matches!(word.to_lowercase().as_str(), "vs" | "vs.") => {
                return self.lookup("versus", "", None, cx);
            }
            ("used" | "Used" | "USED", _) => {
                let tag = if matches!(tag, "VBD" | "JJ") && cx.to { "VBD" } else { "DEFAULT" };
                return self.gold("used")?.of_tag(tag).flatten().map(str::to_owned);
            }
            _ => None,
        };
        known.map(str::to_owned)
    }

    fn gold(&self, word: &str) -> Option<Reading<'_>> {
        get(&self.gold, word)
    }

    fn knows_exactly(&self, word: &str) -> bool {
        self.gold(word).is_some() || get(&self.silver, word).is_some()
    }

    fn knows(&self, word: &str) -> bool {
        if self.knows_exactly(word) || matches!(word, "%" | "&" | "+" | "@") {
            return true;
        }
        if word.is_empty() || !word.chars().all(|c| c.is_ascii_alphabetic()) {
            return false;
        }
        let upper = word.to_uppercase();
        word.len() == 1
            || (word == upper && self.gold(&word.to_lowercase()).is_some())
            || word[1..] == upper[1..]
    }

    /// The word as a plural, past or progressive form of a known one.
    fn stem(
        &self,
        word: &str,
        tag: &str,
        stress: Stress,
        ing: Stress,
        cx: Context,
    ) -> Option<String> {
        self.stem_s(word, tag, stress, cx)
            .or_else(|| self.stem_ed(word, tag, stress, cx))
            .or_else(|| self.stem_ing(word, tag, ing, cx))
    }

    fn stem_s(&self, word: &str, tag: &str, stress: Stress, cx: Context) -> Option<String> {
        let count = word.chars().count();
        let one = word.strip_suffix('s').filter(|_| count > 2)?;
        let two = word
            .strip_suffix("'s")
            .or_else(|| word.strip_suffix("es").filter(|_| count > 4 && !word.ends_with("ies")));
        let three = word.strip_suffix("ies").filter(|_| count > 4).map(|stem| format!("{stem}y"));
        let stem = [(!word.ends_with("ss")).then_some(one), two, three.as_deref()]
            .into_iter()
            .flatten()
            .find(|stem| self.knows(stem))?;
        with_s(&self.lookup(stem, tag, stress, cx)?)
    }

    fn stem_ed(&self, word: &str, tag: &str, stress: Stress, cx: Context) -> Option<String> {
        let count = word.chars().count();
        let one = word.strip_suffix('d').filter(|_| count > 3)?;
        let two = word.strip_suffix("ed").filter(|_| count > 4 && !word.ends_with("eed"));
        let stem = [(!word.ends_with("dd")).then_some(one), two]
            .into_iter()
            .flatten()
            .find(|stem| self.knows(stem))?;
        with_ed(&self.lookup(stem, tag, stress, cx)?)
    }

    fn stem_ing(&self, word: &str, tag: &str, stress: Stress, cx: Context) -> Option<String> {
        let count = word.chars().count();
        let stem = word.strip_suffix("ing").filter(|_| count > 4)?;
        let silent_e = format!("{stem}e");
        let mut back = stem.chars().rev();
        let (last, before) = (back.next()?, back.next());
        let doubled = (Some(last) == before && "bcdgklmnprstvxz".contains(last))
            || (last == 'k' && before == Some('c'));
        let shorter = stem.strip_suffix(last).filter(|_| count > 5 && doubled);
        let stem = [(count > 5).then_some(stem), Some(silent_e.as_str()), shorter]
            .into_iter()
            .flatten()
            .find(|stem| self.knows(stem))?;
        with_ing(&self.lookup(stem, tag, stress, cx)?)
    }
}

/// A lexicon's entry for a word; lower case also matches capitalized words and vice versa, unless
/// they have their own entry.
fn get<'t>(table: &'t Table, word: &str) -> Option<Reading<'t>> {
    let found = table.get(word).or_else(|| {
        let mut chars = word.chars();
        let first = chars.next()?;
        let rest = chars.as_str();
        if rest.is_empty() || rest.chars().any(char::is_uppercase) {
            return None;
        }
        let other: String = if first.is_uppercase() {
            first.to_lowercase().chain(rest.chars()).collect()
        } else {
            first.to_uppercase().chain(rest.chars()).collect()
        };
        table.get(&other)
    });
    found.map(Reading::unpack)
}

/// The reading for a tag, or for a broader one, or for any.
fn choose<'t>(reading: Reading<'t>, tag: &str, cx: Context) -> Option<&'t str> {
    if let Reading::One(phonemes) = reading {
        return Some(phonemes);
    }
    let at_end = if cx.vowel.is_none() { reading.of_tag("None") } else { None };
    at_end
        .or_else(|| reading.of_tag(tag))
        .or_else(|| reading.of_tag(parent(tag)))
        .unwrap_or_else(|| reading.of_tag("DEFAULT").flatten())
}

/// The class of a tag.
fn parent(tag: &str) -> &str {
    match tag {
        _ if tag.starts_with("VB") => "VERB",
        _ if tag.starts_with("NN") => "NOUN",
        _ if tag.starts_with("ADV") || tag.starts_with("RB") => "ADV",
        _ if tag.starts_with("ADJ") || tag.starts_with("JJ") => "ADJ",
        _ => tag,
    }
}

fn read_in(tag: &str, cx: Context) -> &'static str {
    if cx.vowel.is_none() || tag != "IN" { "ˈɪn" } else { "ɪn" }
}

/// "U.S.", "e.g": dots between groups of one or two letters.
fn is_dotted(word: &str) -> bool {
    word.trim_matches('.').contains('.')
        && word.chars().all(|c| c == '.' || c.is_alphabetic())
        && word.split('.').all(|part| part.chars().count() < 3)
}

/// Adds the plural s.
pub(super) fn with_s(stem: &str) -> Option<String> {
    Some(match stem.chars().last()? {
        'p' | 't' | 'k' | 'f' | 'θ' => format!("{stem}s"),
        's' | 'z' | 'ʃ' | 'ʒ' | 'ʧ' | 'ʤ' => format!("{stem}ᵻz"),
        _ => format!("{stem}z"),
    })
}

/// Adds the past ed.
pub(super) fn with_ed(stem: &str) -> Option<String> {
    let mut back = stem.chars().rev();
    let last = back.next()?;
    Some(match (last, back.next()) {
        ('p' | 'k' | 'f' | 'θ' | 'ʃ' | 's' | 'ʧ', _) => format!("{stem}t"),
        ('d', _) => format!("{stem}ᵻd"),
        ('t', None) => format!("{stem}ɪd"),
        ('t', Some(c)) if flaps(c) => format!("{}ɾᵻd", stem.trim_end_matches('t')),
        ('t', Some(_)) => format!("{stem}ᵻd"),
        _ => format!("{stem}d"),
    })
}

/// Adds the progressive ing.
pub(super) fn with_ing(stem: &str) -> Option<String> {
    let mut back = stem.chars().rev();
    Some(match (back.next()?, back.next()) {
        ('t', Some(c)) if flaps(c) => format!("{}ɾɪŋ", stem.trim_end_matches('t')),
        _ => format!("{stem}ɪŋ"),
    })
}

/// Sounds after which an American t is flapped.
fn flaps(c: char) -> bool {
    "AIOWYiuæɑəɛɪɹʊʌ".contains(c)
}

#[cfg(test)]
mod tests {
    use super::super::reading::{pack_by_tag, pack_one};
    use super::*;

    fn lexicon() -> Lexicon {
        let mut gold = Table::default();
        for (word, phonemes) in [
            ("cat", "kˈæt"),
            ("wait", "wˈAt"),
            ("stop", "stˈɑp"),
            ("to", "tˈu"),
            ("U", "jˈu"),
            ("S", "ˈɛs"),
            ("B", "bˈi"),
            ("city", "sˈɪTi"),
            ("Rome", "ɹˈOm"),
            ("make", "mˈAk"),
        ] {
            let mut bytes = Vec::new();
            pack_one(phonemes, &mut bytes);
            gold.insert(word, &bytes);
        }
        let mut bytes = Vec::new();
        pack_by_tag([("DEFAULT", Some("lˈIv")), ("VERB", Some("lˈɪv"))].into_iter(), &mut bytes);
        gold.insert("live", &bytes);
        Lexicon { gold, silver: Table::default() }
    }

    fn read(word: &str, tag: &str) -> Option<String> {
        lexicon().word(word, tag, Context { vowel: Some(true), to: false })
    }

    #[test]
    fn words_stems_and_letters() {
        for (word, tag, expected) in [
            ("cat", "NN", "kˈæt"),
            ("Cats", "NNS", "kˈæts"),
            ("rome", "NN", "ɹˈOm"),
            ("waited", "VBD", "wˈAɾᵻd"),
            ("waiting", "VBG", "wˈAɾɪŋ"),
            ("stopping", "VBG", "stˈɑpɪŋ"),
            ("making", "VBG", "mˈAkɪŋ"),
            ("cities", "NNS", "sˈɪTiz"),
            ("USB", "NN", "jˌuˌɛsbˈi"),
            ("U.S.", "NNP", "jˌuˈɛs"),
            ("live", "VBP", "lˈɪv"),
            ("live", "JJ", "lˈIv"),
            ("to", "TO", "tʊ"),
            ("the", "DT", "ði"),
            ("a", "DT", "ɐ"),
        ] {
            assert_eq!(read(word, tag).as_deref(), Some(expected), "{word}");
        }
        assert_eq!(read("xyzzy", "NN"), None);
    }
}
