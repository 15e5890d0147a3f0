use std::time::Duration;

use super::words::{is_answer, is_null, words};

/// An utterance with less certain voice than this counts as a cough or a knock; the same for a
/// one-word answer.
const VOICED: Duration = Duration::from_millis(256);
const VOICED_ANSWER: Duration = Duration::from_millis(128);

/// The recognizer's certainty (mean log probability of a token) below which words do not count;
/// noise yields short ones more easily. On recorded coughs, music and prompts this separates words
/// from garbage with an area under the curve of 0.98.
const CERTAIN: f32 = -0.6;
const CERTAIN_SHORT: f32 = -0.5;

/// The same while a key vouches for speech.
const CERTAIN_HELD: f32 = -1.2;

/// Words from which on it is better to ask than to say nothing.
const LONG: usize = 5;

/// What is known about an utterance, besides its words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Evidence {
    /// How much of it is certainly voice; `None` if not measured.
    pub(super) voiced: Option<Duration>,
    /// The recognizer's certainty, 0.0 or less; `None` if it does not report it.
    pub(super) certainty: Option<f32>,
    /// Whether a key vouched for it.
    pub(super) held: bool,
}

/// What a transcript is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    /// Somebody said that.
    Words,
    /// Nobody said anything.
    Nothing,
    /// Somebody said something that was not understood.
    Unclear,
}

/// What `text` is worth, given this evidence.
pub(super) fn worth(text: &str, evidence: Evidence) -> Worth {
    let count = words(text).len();
    let below = |least: f32| evidence.certainty.is_some_and(|certainty| certainty < least);
    if count == 0 {
        return Worth::Nothing;
    }
    if evidence.held {
        return if below(CERTAIN_HELD) { Worth::Unclear } else { Worth::Words };
    }
    let answer = is_answer(text);
    let least = if answer { VOICED_ANSWER } else { VOICED };
    if is_null(text) || evidence.voiced.is_some_and(|voiced| voiced < least) {
        return Worth::Nothing;
    }
    match count {
        1 | 2 if below(CERTAIN_SHORT) => Worth::Nothing,
        _ if !below(CERTAIN) => Worth::Words,
        _ if count < LONG => Worth::Nothing,
        _ => Worth::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, voiced: u64, certainty: f32, held: bool) -> Worth {
        let voiced = Some(Duration::from_millis(voiced));
        worth(text, Evidence { voiced, certainty: Some(certainty), held })
    }

    #[test]
    fn noise_is_nothing_and_speech_is_words() {
        for (text, voiced, certainty, is) in [
            ("what time is it", 800, -0.1, Worth::Words),
            ("what time is it", 800, -0.59, Worth::Words),
            ("what time is it", 800, -0.61, Worth::Nothing),
            ("what time is it now then", 800, -0.7, Worth::Unclear),
            ("what time is it", 200, -0.1, Worth::Nothing),
            ("hello", 300, -0.49, Worth::Words),
            ("hello", 300, -0.51, Worth::Nothing),
            ("stop", 150, -0.3, Worth::Words),
            ("stop", 100, -0.3, Worth::Nothing),
            ("Thank you.", 600, -0.1, Worth::Nothing),
            ("You", 600, -0.1, Worth::Nothing),
            ("", 600, 0.0, Worth::Nothing),
        ] {
            assert_eq!(of(text, voiced, certainty, false), is, "{text} {voiced} {certainty}");
        }
    }

    #[test]
    fn a_held_key_means_it() {
        assert_eq!(of("Thank you.", 60, -0.9, true), Worth::Words);
        assert_eq!(of("you", 60, -1.3, true), Worth::Unclear);
        assert_eq!(of(" ", 600, 0.0, true), Worth::Nothing);
    }

    #[test]
    fn what_was_not_measured_is_believed() {
        let evidence = Evidence { voiced: None, certainty: None, held: false };
        assert_eq!(worth("hello", evidence), Worth::Words);
        assert_eq!(worth("You", evidence), Worth::Nothing);
    }
}
