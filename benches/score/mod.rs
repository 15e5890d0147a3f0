//! The distance between what was heard and what was said.

use aloud::language::english::number;

/// The words of `text` normalized for comparison: lower case, numbers as words, no punctuation,
/// hyphens as spaces, one spelling of "OK".
pub(crate) fn words(text: &str) -> Vec<String> {
    let plain: String = text
        .to_lowercase()
        .chars()
        .filter(|letter| !matches!(letter, '\'' | '\u{2019}'))
        .map(|letter| if letter.is_alphanumeric() { letter } else { ' ' })
        .collect();
    plain
        .split_whitespace()
        .flat_map(|word| match word.parse() {
            Ok(number) => number_words(number),
            Err(_) if word == "okay" => vec!["ok".to_owned()],
            Err(_) => vec![word.to_owned()],
        })
        .collect()
}

/// The words of a number, without the "and" that only some say.
fn number_words(number: u64) -> Vec<String> {
    number::cardinal(&number.to_string())
        .split([' ', '-', ','])
        .filter(|word| !word.is_empty() && *word != "and")
        .map(str::to_owned)
        .collect()
}

/// Words to replace, insert or delete (Levenshtein).
pub(crate) fn distance(wanted: &[String], got: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=got.len()).collect();
    for (at, wanted) in wanted.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (at, got) in got.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = (diagonal + usize::from(wanted != got)).min(above + 1).min(row[at] + 1);
            diagonal = above;
        }
    }
    row[got.len()]
}
