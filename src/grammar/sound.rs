//! How alike two phrases sound, by their letters.

/// A phrase that commands contain, and its sound.
#[derive(Clone, Debug)]
pub(super) struct Phrase {
    pub(super) text: Box<str>,
    pub(super) words: Vec<Box<str>>,
    pub(super) letters: Vec<u8>,
}

impl Phrase {
    pub(super) fn new(text: &str) -> Self {
        let words = text.split(' ').map(Box::from).collect();
        Self { text: text.into(), words, letters: letters(text.split(' ')) }
    }
}

/// The letters of words, without blanks and apostrophes.
pub(super) fn letters<'t>(words: impl Iterator<Item = &'t str>) -> Vec<u8> {
    words.flat_map(str::bytes).filter(u8::is_ascii_alphabetic).collect()
}

/// The cost of an inserted or removed letter, and of another one in its place, in tenths.
pub(super) const FULL: u32 = 10;
const LITTLE: u32 = 3;

fn is_vowel(letter: u8) -> bool {
    matches!(letter, b'a' | b'e' | b'i' | b'o' | b'u' | b'y')
}

/// The cost of a letter after `before` that the other word does not have.
fn extra(before: Option<u8>, letter: u8) -> u32 {
    let faint = is_vowel(letter) || matches!(letter, b'h' | b'w') || before == Some(letter);
    if faint { LITTLE } else { FULL }
}

/// The cost of `b` in place of `a`.
fn other(a: u8, b: u8) -> u32 {
    const ALIKE: [&[u8]; 7] = [b"pb", b"td", b"kgcqx", b"szc", b"fv", b"mn", b"gj"];
    if a == b {
        0
    } else if is_vowel(a) && is_vowel(b)
        || ALIKE.iter().any(|set| set.contains(&a) && set.contains(&b))
    {
        LITTLE
    } else {
        FULL
    }
}

/// How differently `a` and `b` sound, if they begin alike and the cost is at most `limit`.
pub(super) fn distance(a: &[u8], b: &[u8], limit: u32) -> Option<u32> {
    if other(*a.first()?, *b.first()?) == FULL {
        return None;
    }
    let before = |letters: &[u8], at: usize| at.checked_sub(1).map(|at| letters[at]);
    let mut row = vec![0];
    for (j, y) in b.iter().enumerate() {
        row.push(row[j] + extra(before(b, j), *y));
    }
    for (i, x) in a.iter().enumerate() {
        let removed = extra(before(a, i), *x);
        let mut diagonal = row[0];
        row[0] += removed;
        for (j, y) in b.iter().enumerate() {
            let swapped = diagonal + other(*x, *y);
            diagonal = row[j + 1];
            row[j + 1] = swapped.min(diagonal + removed).min(row[j] + extra(before(b, j), *y));
        }
    }
    row.last().copied().filter(|cost| *cost <= limit)
}
