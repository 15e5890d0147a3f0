//! Where sentences end, and where a long one may be cut.

use std::ops::Range;

use crate::language::english::words::{MONTHS, TITLES};
use crate::language::scan::{follows, has};
use crate::language::traced::Traced;

/// The longest sentence in characters. A longer one is cut, at a clause if possible: nobody speaks
/// such sentences, and every later step handles a sentence as a whole.
const LONGEST_SENTENCE: usize = 600;

/// Abbreviations after which a number continues the sentence; months do too.
const COUNTING: &[&str] = &[
    "No", "Nos", "no", "nos", "approx", "vol", "Vol", "fig", "Fig", "ch", "Ch", "pp", "vs", "est",
    "cf", "Sept", "Rs", "Apt", "apt", "Ste", "Rm", "Bldg", "Ext", "ext", "Tel", "tel",
];

/// The sentences of a cleaned text, without surrounding space (`Hibari.split_sentences`).
pub(super) fn sentences(text: &Traced) -> Vec<Range<usize>> {
    let chars = text.chars();
    let mut out = Vec::new();
    let mut start = 0;
    for line in chars.split(|c| *c == '\n') {
        let (mut cut, end) = (start, start + line.len());
        let mut at = cut;
        while at < end {
            if !follows(&chars[..end], at, |c| matches!(c, '.' | '!' | '?' | '…')) || at == cut {
                at += 1;
                continue;
            }
            let closed = at + run(&chars[at..end], |c| "\"”’)]".contains(c));
            let next = closed + run(&chars[closed..end], char::is_whitespace);
            if next > closed && next < end && is_end(&chars[cut..end], at - cut, chars[next]) {
                push(chars, cut..at, &mut out);
                cut = next;
            }
            at = next.max(at + 1);
        }
        push(chars, cut..end, &mut out);
        start = end + 1;
    }
    out
}

fn run(chars: &[char], test: impl Fn(char) -> bool) -> usize {
    chars.iter().take_while(|c| test(**c)).count()
}

/// Whether the mark before `end` ends a sentence: not after a title, an initial or an abbreviation
/// followed by a number, and not before a small letter.
fn is_end(line: &[char], end: usize, next: char) -> bool {
    if next.is_lowercase() {
        return false;
    }
    if line[end - 1] != '.' {
        return true;
    }
    let start = line[..end].iter().rposition(|c| *c == ' ').map_or(0, |at| at + 1);
    let word: String = line[start..end - 1].iter().collect();
    let word = word.trim_start_matches(['(', '"', '“', '\'', '‘']);
    let is_title = TITLES.iter().any(|(title, _)| *title == word);
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    let counts = next.is_ascii_digit()
        && (COUNTING.contains(&word) || MONTHS.iter().any(|month| word == &month[..3]));
    !(is_title || is_initial || counts)
}

/// Adds a sentence, cut if it is too long.
fn push(chars: &[char], sentence: Range<usize>, out: &mut Vec<Range<usize>>) {
    let part = &chars[sentence.clone()];
    let start = sentence.start + run(part, char::is_whitespace);
    let trailing = part.iter().rev().take_while(|c| c.is_whitespace()).count();
    let (mut start, end) = (start, sentence.end - trailing.min(part.len()));
    while end.saturating_sub(start) > LONGEST_SENTENCE {
        let window = &chars[start..start + LONGEST_SENTENCE];
        let after = |test: fn(char) -> bool| {
            (LONGEST_SENTENCE / 2..LONGEST_SENTENCE)
                .rev()
                .find(|at| window[*at] == ' ' && follows(window, *at, test))
        };
        let cut = after(|c| matches!(c, ',' | ';' | ':' | '—' | '–' | ')'))
            .or_else(|| after(|_| true))
            .unwrap_or(LONGEST_SENTENCE);
        out.push(start..start + cut);
        start += cut;
        while has(chars, start, |c| c == ' ') {
            start += 1;
        }
    }
    if start < end {
        out.push(start..end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        let traced = Traced::new(text);
        sentences(&traced)
            .into_iter()
            .map(|range| traced.part(range.start, range.end).text())
            .collect()
    }

    #[test]
    fn sentences_end_at_marks_and_lines() {
        assert_eq!(
            split("One. Two! “Three?” Four…\n Five \n\n"),
            ["One.", "Two!", "“Three?", "Four…", "Five"]
        );
        assert_eq!(split(" \n "), Vec::<String>::new());
    }

    #[test]
    fn short_forms_end_none() {
        for text in [
            "Dr. Smith and J. K. Rowling came.",
            "It is No. 5 on Jan. 5 at approx. 7.",
            "He said e.g. this.",
            "Wait... what?",
        ] {
            assert_eq!(split(text), [text]);
        }
    }

    #[test]
    fn an_endless_sentence_is_cut_at_clauses_and_nothing_is_lost() {
        let text = "and so it goes on and on, without an end ".repeat(60);
        let parts = split(&text);
        assert!(parts.iter().all(|part| part.len() <= LONGEST_SENTENCE && !part.is_empty()));
        assert!(parts[0].ends_with(','), "{}", parts[0]);
        assert_eq!(parts.join(" "), text.trim_end());
        assert_eq!(split(&"x".repeat(2000)).concat(), "x".repeat(2000));
    }
}
