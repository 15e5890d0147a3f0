//! The parts that a sentence is read in: tokens, split further and grouped into words.

use super::amount::Currency;
use super::stress::{PRIMARY, stressed, weight};
use super::subtoken::subtoken;

/// Punctuation that the voice knows, except quotes.
pub(super) const MARKS: &str = ";:,.!?—…";
/// Characters that are silent inside a word.
pub(super) const SILENT: &str = "',-._‘’/";
const MARK_TAGS: [&str; 11] =
    [".", ",", "-LRB-", "-RRB-", "``", "\"\"", "''", ":", "$", "#", "NFP"];

/// A token being turned into phonemes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Part {
    pub(super) text: String,
    pub(super) tag: &'static str,
    pub(super) spaced: bool,
    pub(super) phonemes: Option<String>,
    /// Whether it begins a word.
    pub(super) is_head: bool,
    pub(super) alias: Option<&'static str>,
    pub(super) currency: Option<Currency>,
    /// Whether a space precedes it when joined to others.
    pub(super) gap: bool,
    pub(super) from: u32,
}

/// Splits tokens at capitals and digits, finds punctuation and currencies, and groups adjoining
/// parts into one word.
pub(super) fn grouped(tokens: Vec<Part>) -> Vec<Vec<Part>> {
    let mut words: Vec<Vec<Part>> = Vec::new();
    // Whether the last word may take more tokens.
    let mut is_open = false;
    let mut currency = None;
    for i in 0..tokens.len() {
        let mut parts = subtokens(&tokens[i]);
        let next_counts = tokens.get(i + 1).is_some_and(|next| next.tag == "CD");
        let texts: Vec<String> = parts.iter().map(|part| part.text.clone()).collect();
        for (j, part) in parts.iter_mut().enumerate() {
            let sign = if part.tag == "$" { Currency::of(&part.text) } else { None };
            let is_last = j + 1 == texts.len();
            if sign.is_some() {
                currency = sign;
                part.phonemes = Some(String::new());
            } else if part.tag == ":" && matches!(part.text.as_str(), "-" | "–") {
                part.phonemes = Some("—".to_owned());
            } else if MARK_TAGS.contains(&part.tag)
                && !part.text.chars().all(|c| c.is_ascii_alphabetic())
            {
                part.phonemes = Some(mark(part));
                // The original lets a currency extend across a comma to the next number.
                currency = None;
            } else if currency.is_some() {
                if part.tag != "CD" {
                    currency = None;
                } else if is_last && !next_counts {
                    part.currency = currency;
                }
            } else if j > 0 && !is_last && part.text == "2" {
                let before = texts[j - 1].chars().last().is_some_and(char::is_alphabetic);
                let after = texts[j + 1].chars().next().is_some_and(char::is_alphabetic);
                part.alias = (before && after).then_some("to");
            }
        }
        for mut part in parts {
            let is_done = part.alias.is_some() || part.phonemes.is_some();
            let joins = is_open
                && words.last().and_then(|word| word.last()).is_some_and(|last| !last.spaced);
            match words.last_mut() {
                Some(word) if joins && !is_done => {
                    part.is_head = false;
                    word.push(part);
                }
                _ => {
                    is_open = !is_done && !part.spaced;
                    words.push(vec![part]);
                }
            }
        }
    }
    words
}

fn mark(token: &Part) -> String {
    match token.tag {
        "-LRB-" => "(".to_owned(),
        "-RRB-" => ")".to_owned(),
        "``" => "“".to_owned(),
        "\"\"" | "''" => "”".to_owned(),
        _ => token.text.chars().filter(|c| MARKS.contains(*c) || "\"“”".contains(*c)).collect(),
    }
}

/// A token in parts: "GPT-4" is GPT, -, 4; "iPhone" is i, Phone.
fn subtokens(token: &Part) -> Vec<Part> {
    let chars: Vec<char> = token.text.chars().collect();
    let mut parts = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        match subtoken(&chars, at) {
            Some(end) => {
                parts.push(Part {
                    text: chars[at..end].iter().collect(),
                    spaced: false,
                    is_head: true,
                    ..token.clone()
                });
                at = end;
            }
            None => at += 1,
        }
    }
    match parts.last_mut() {
        Some(last) => last.spaced = token.spaced,
        None => parts.push(token.clone()),
    }
    parts
}

/// Several tokens as one.
pub(super) fn merged(parts: &[Part]) -> Part {
    let heaviest = |token: &Part| -> usize {
        token.text.chars().map(|c| if c.is_uppercase() { 2 } else { 1 }).sum()
    };
    // The first of the heaviest, as `max` picks it.
    let tag = parts.iter().rev().max_by_key(|token| heaviest(token)).map_or("", |token| token.tag);
    Part {
        text: merged_text(parts),
        tag,
        spaced: parts.last().is_some_and(|token| token.spaced),
        is_head: parts.first().is_some_and(|token| token.is_head),
        currency: parts.iter().find_map(|token| token.currency),
        from: parts.first().map_or(0, |token| token.from),
        ..Part::default()
    }
}

pub(super) fn merged_text(parts: &[Part]) -> String {
    let mut text = String::new();
    for (i, part) in parts.iter().enumerate() {
        text.push_str(&part.text);
        if part.spaced && i + 1 < parts.len() {
            text.push(' ');
        }
    }
    text
}

/// Settles gaps and stress between the parts of one word.
pub(super) fn resolve(parts: &mut [Part]) {
    let text = merged_text(parts);
    let kind = |c: char| {
        if c.is_alphabetic() {
            0
        } else if c.is_ascii_digit() {
            1
        } else {
            2
        }
    };
    let mut kinds: Vec<u8> = text.chars().filter(|c| !SILENT.contains(*c)).map(kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let gaps = text.contains([' ', '/']) || kinds.len() > 1;
    let last = parts.len() - 1;
    for (i, part) in parts.iter_mut().enumerate() {
        if part.phonemes.is_none() {
            let is_mark =
                part.text.chars().count() == 1 && part.text.chars().all(|c| MARKS.contains(c));
            if i == last && is_mark {
                part.phonemes = Some(part.text.clone());
            } else if part.text.chars().all(|c| SILENT.contains(c)) {
                part.phonemes = Some(String::new());
            }
        } else if i > 0 {
            part.gap = gaps;
        }
    }
    if gaps {
        return;
    }
    let mut spoken: Vec<(bool, usize, usize)> = parts
        .iter()
        .enumerate()
        .filter_map(|(i, part)| Some((i, part.phonemes.as_deref().filter(|p| !p.is_empty())?)))
        .map(|(i, phonemes)| (phonemes.contains(PRIMARY), weight(phonemes), i))
        .collect();
    if let [(_, _, first), (_, _, second)] = *spoken.as_slice()
        && parts[first].text.chars().count() == 1
    {
        weaken(&mut parts[second]);
        return;
    }
    let primaries = spoken.iter().filter(|(primary, ..)| *primary).count();
    if spoken.len() < 2 || primaries <= spoken.len().div_ceil(2) {
        return;
    }
    spoken.sort_unstable();
    for (_, _, i) in &spoken[..spoken.len() / 2] {
        weaken(&mut parts[*i]);
    }
}

fn weaken(token: &mut Part) {
    token.phonemes = token.phonemes.as_deref().map(|phonemes| stressed(phonemes, Some(-0.5)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<String> {
        let token = Part { text: text.to_owned(), ..Part::default() };
        subtokens(&token).into_iter().map(|part| part.text).collect()
    }

    #[test]
    fn tokens_are_cut_at_capitals_and_digits() {
        for (text, expected) in [
            ("GPT-4", vec!["GPT", "-", "4"]),
            ("iPhone", vec!["i", "Phone"]),
            ("WiFi", vec!["Wi", "Fi"]),
            ("aPKey", vec!["a", "P", "Key"]),
            ("MP3", vec!["MP", "3"]),
            ("-1,234.5", vec!["-1,234.5"]),
            ("1990s", vec!["1990", "s"]),
            ("don't", vec!["don't"]),
            ("'ll", vec!["'", "ll"]),
            ("...", vec![".", ".", "."]),
            ("a_b", vec!["a", "_", "b"]),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }
}
