//! `[wake]`: the wake words, and a table for each with settings of its own.

use std::collections::BTreeMap;

use super::section::{Section, Wrong};

/// The words that open the ear in [`Mode::Wake`](super::Mode::Wake).
#[derive(Clone, Debug, PartialEq)]
pub struct Wake {
    /// Names of models. Never empty.
    pub words: Vec<String>,
    /// How easily they wake, 0.0..=1.0.
    pub sensitivity: f64,
    /// `[wake.WORD]`: what is different for one word.
    pub own: BTreeMap<String, OwnWake>,
}

/// What is different for one wake word.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnWake {
    /// How easily it wakes, 0.0..=1.0.
    pub sensitivity: Option<f64>,
    /// Who answers to it, for models that take instructions.
    pub persona: Option<String>,
}

impl Wake {
    /// How easily `word` wakes, 0.0..=1.0.
    pub fn sensitivity_of(&self, word: &str) -> f64 {
        self.own.get(word).and_then(|own| own.sensitivity).unwrap_or(self.sensitivity)
    }
}

pub(super) fn read(mut of: Section<'_, '_>) -> Wake {
    const WANTED: &str = "names of wake words, such as [\"hey_jarvis\", \"alexa\"]";
    let check = |text: &str| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        match text {
            "" => Err(("it is empty".to_owned(), format!("write {WANTED}"))),
            text if text.chars().all(plain) => Ok(text.to_owned()),
            text => {
                let what = format!("\"{text}\" is not the name of a wake word");
                Err((what, "write it in small letters with _ between the words".to_owned()))
            }
        }
    };
    let words = some_words(&mut of, WANTED, check);
    let sensitivity = of.fraction("sensitivity", 0.0..=1.0).unwrap_or(0.5);
    let mut own = BTreeMap::new();
    for name in of.tables() {
        let mut word = of.section(&name);
        let sensitivity = word.fraction("sensitivity", 0.0..=1.0);
        let persona = word.words("persona", "one or two sentences");
        word.end();
        own.insert(name, OwnWake { sensitivity, persona });
    }
    of.end();
    Wake { words, sensitivity, own }
}

fn some_words(
    of: &mut Section<'_, '_>,
    wanted: &str,
    check: impl Fn(&str) -> Result<String, Wrong>,
) -> Vec<String> {
    let words = of.list("words", wanted, vec!["hey_jarvis".to_owned()], check);
    if words.is_empty()
        && let Some(at) = of.place("words")
        && of.clean("words")
    {
        of.wrong(&at, "words", ("the list is empty".into(), format!("write {wanted}")));
    }
    words
}
