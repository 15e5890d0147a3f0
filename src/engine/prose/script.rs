//! Which script a text is in, and whether a voice can read it.

use unicode_script::{Script, UnicodeScript};

use crate::language::traced::Traced;

/// The scripts that a voice reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Alphabet {
    /// All of them.
    #[default]
    Any,
    /// Latin letters, digits and symbols.
    Latin,
}

/// A script that a voice for Latin letters cannot read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Its name, as in "That is in Cyrillic".
    pub(super) name: &'static str,
    /// Whether there is no Latin word beside it.
    pub(super) all: bool,
}

/// German, which has Latin letters, but which a voice that reads no other script reads as English.
pub(super) const GERMAN: Found = Found { name: "German", all: true };

/// The first script in `chars` that is not Latin.
pub(super) fn unreadable(chars: &[char]) -> Option<Found> {
    let name = (0..chars.len()).filter(|at| !reads(chars, *at)).map(|at| name(chars[at])).next()?;
    // Japanese also uses Chinese characters.
    let kana = chars.iter().any(|c| matches!(c.script(), Script::Hiragana | Script::Katakana));
    let name = if kana { "Japanese" } else { name };
    let latin = chars.iter().any(|c| c.is_alphabetic() && c.script() == Script::Latin);
    Some(Found { name, all: !latin })
}

/// Removes what cannot be read, with the space before it, and brackets that enclose nothing else.
pub(super) fn leave_out(words: &mut Traced) {
    words.rewrite(|chars, at| {
        let from = at + usize::from(chars[at] == ' ');
        let bracket = chars.get(from) == Some(&'(');
        let open = from + usize::from(bracket);
        let end = run(chars, open)?;
        match chars.get(end) {
            Some(')') if bracket => Some((end + 1, String::new())),
            Some(_) | None if bracket => Some((end, " (".to_owned())),
            Some(_) | None => Some((end, String::new())),
        }
    });
}

/// The end of the unreadable words that begin at `at`, including symbols between them.
fn run(chars: &[char], at: usize) -> Option<usize> {
    let mut end = None;
    for (next, c) in chars.iter().enumerate().skip(at) {
        if !reads(chars, next) {
            end = Some(next + 1);
        } else if c.is_alphanumeric() || end.is_none() || matches!(c, '(' | ')') {
            break;
        }
    }
    end
}

fn is_latin(c: char) -> bool {
    matches!(c.script(), Script::Latin | Script::Common | Script::Inherited)
}

/// Whether the character at `at` can be read: a lone Greek letter is a symbol.
fn reads(chars: &[char], at: usize) -> bool {
    let greek = |at: Option<&char>| at.is_some_and(|c| c.script() == Script::Greek);
    let before = at.checked_sub(1).and_then(|at| chars.get(at));
    let alone = greek(chars.get(at)) && !greek(before) && !greek(chars.get(at + 1));
    alone || !chars[at].is_alphanumeric() || is_latin(chars[at])
}

fn name(c: char) -> &'static str {
    const NAMES: [(Script, &str); 5] = [
        (Script::Han, "Chinese"),
        (Script::Bopomofo, "Chinese"),
        (Script::Hiragana, "Japanese"),
        (Script::Katakana, "Japanese"),
        (Script::Hangul, "Korean"),
    ];
    let script = c.script();
    let named = NAMES.iter().find(|(known, _)| *known == script);
    named.map_or_else(|| script.full_name(), |(_, name)| name)
}
