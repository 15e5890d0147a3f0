//! Roman numerals, read as counts or as ranks.

use super::number;
use super::words::{COUNTED, RANKED};
use crate::language::scan::{follows, has, is_edge, is_word, literal, text};
use crate::language::traced::Match;

/// Chapter IV.
pub(super) fn counted(chars: &[char], at: usize) -> Match {
    let (from, head) = head(chars, at, COUNTED)?;
    let (end, count) = roman(chars, from)?;
    let is_person = text(chars, from, end) == "I" && head.starts_with(char::is_lowercase);
    (!is_person).then(|| (end, format!("{head} {count}")))
}

/// Henry VIII.
pub(super) fn ranked(chars: &[char], at: usize) -> Match {
    let (from, head) = head(chars, at, RANKED)?;
    let (end, count) = roman(chars, from)?;
    Some((end, format!("{head} the {}", number::ordinal(&count.to_string()))))
}

/// Thutmose II: a numeral after any other name is a rank.
pub(super) fn king(chars: &[char], at: usize) -> Match {
    let from = at + 1;
    if chars[at] != ' ' || !follows(chars, at, char::is_lowercase) {
        return None;
    }
    let (end, count) = roman(chars, from)?;
    let plain = chars[from..end].iter().all(|c| matches!(c, 'I' | 'V' | 'X'));
    if end < from + 2 || !plain {
        return None;
    }
    let start = (0..at).rev().take_while(|i| chars[*i].is_alphabetic()).last()?;
    let first = chars[start].is_uppercase() && at > start + 2;
    let counted = COUNTED.iter().any(|head| {
        at.checked_sub(head.len()).is_some_and(|from| literal(chars, from, head) == Some(at))
    });
    let words = if counted {
        format!(" {count}")
    } else {
        format!(" the {}", number::ordinal(&count.to_string()))
    };
    first.then_some((end, words))
}

fn head(chars: &[char], at: usize, heads: &[&'static str]) -> Option<(usize, &'static str)> {
    if !is_edge(chars, at) {
        return None;
    }
    heads.iter().find_map(|head| {
        let end = literal(chars, at, head)?;
        Some((literal(chars, end, " ")?, *head))
    })
}

/// A Roman numeral up to 399 that is a word of its own.
fn roman(chars: &[char], at: usize) -> Option<(usize, u32)> {
    const STEPS: [(&str, u32); 9] = [
        ("C", 100),
        ("XC", 90),
        ("L", 50),
        ("XL", 40),
        ("X", 10),
        ("IX", 9),
        ("V", 5),
        ("IV", 4),
        ("I", 1),
    ];
    let mut end = at;
    let mut count = 0;
    for (mark, worth) in STEPS {
        let most = if matches!(mark, "C" | "X" | "I") { 3 } else { 1 };
        // Ninety and forty exclude fifty after them; nine excludes five.
        if matches!((mark, count % 100), ("L", 90..))
            || matches!((mark, count % 10), ("V" | "IV", 9))
        {
            continue;
        }
        for _ in 0..most {
            match literal(chars, end, mark) {
                Some(next) => {
                    end = next;
                    count += worth;
                }
                None => break,
            }
        }
    }
    let is_letter = end == at + 1 && matches!(chars[at], 'C' | 'L');
    let goes_on =
        has(chars, end, |c| matches!(c, '.' | '\'' | '’')) && has(chars, end + 1, is_word);
    (count > 0 && !is_letter && !goes_on && is_edge(chars, end)).then_some((end, count))
}
