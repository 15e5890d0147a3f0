use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::base::{Moment, UtteranceId};
use crate::listen::wake::Call;

/// How long our own words can wake us: the speaker's buffer, the room, and the word itself.
const ECHO: Duration = Duration::from_secs(3);

/// The least similarity between the letters of the wake word and the first words of a transcript
/// that confirms a call: "Hey Travis" and "They journals" are similar enough, "Hey, just a moment"
/// is not. If the model is confident, less is enough.
const LIKE: f64 = 0.5;
const LIKE_WHEN_SURE: f64 = 0.4;
const SURE: f32 = 0.95;

/// The same for our own words, and for a wake word that was not required.
const SAME: f64 = 0.8;

/// Words that may precede the wake word in a transcript: the end of what was said before.
const BEFORE: usize = 3;

/// The second check of wake words: decides about a call once its transcript is there.
pub(super) struct Waking {
    /// The words listened for.
    words: Vec<String>,
    stage: Stage,
    /// The last word that was called.
    last: Option<Arc<str>>,
    /// The instructions of words that call somebody else.
    personas: BTreeMap<String, Arc<str>>,
    /// What we said recently, and when.
    own: VecDeque<(Moment, String)>,
}

/// The state of a call.
#[derive(Clone, Debug, PartialEq)]
enum Stage {
    /// No call, or it is decided.
    Idle,
    /// A word was called; the utterance that contains it has not started.
    Called { wanted: Wanted, like: f64 },
    /// The utterance that should contain it.
    Heard {
        wanted: Wanted,
        like: f64,
        utterance: UtteranceId,
        /// Whether its transcript so far contains the word, if there is one.
        verdict: Option<bool>,
        /// Whether it is complete.
        ended: bool,
    },
}

/// What a transcript must begin with.
#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    /// The word, and other ways in which it is written.
    word: Arc<str>,
    spellings: Arc<[String]>,
    /// Whether anything will do: nobody knows how the word is written.
    free: bool,
}

impl Wanted {
    /// What follows the word in `text`; `None` if it should be there and is not.
    fn find<'t>(&self, text: &'t str, like: f64) -> Option<&'t str> {
        let mut all = std::iter::once(&*self.word).chain(self.spellings.iter().map(String::as_str));
        let rest = all.find_map(|word| find(text, word, BEFORE, like));
        rest.or_else(|| self.free.then_some(text))
    }
}

impl Waking {
    pub(super) fn new(words: Vec<String>, personas: BTreeMap<String, Arc<str>>) -> Self {
        Self { words, stage: Stage::Idle, last: None, personas, own: VecDeque::new() }
    }

    /// The instructions of whom the last word called, if they are its own.
    pub(super) fn persona(&self) -> Option<Arc<str>> {
        self.personas.get(&**self.last.as_ref()?).cloned()
    }

    /// The words listened for.
    pub(super) fn words(&self) -> &[String] {
        &self.words
    }

    /// The last word that was called.
    pub(super) fn last(&self) -> Option<Arc<str>> {
        self.last.clone()
    }

    /// These words of ours are playing now.
    pub(super) fn said(&mut self, now: Moment, text: &str) {
        self.own.retain(|(at, _)| now.since(*at) <= ECHO);
        self.own.push_back((now, text.to_owned()));
    }

    /// Whether our own voice has just said `word`.
    pub(super) fn is_own(&self, now: Moment, word: &str) -> bool {
        let fresh = self.own.iter().filter(|(at, _)| now.since(*at) <= ECHO);
        let text: Vec<&str> = fresh.map(|(_, text)| text.as_str()).collect();
        find(&text.join(" "), word, usize::MAX, SAME).is_some()
    }

    /// A word was called, and the ear opens for it.
    pub(super) fn call(&mut self, call: Call) {
        let like = if call.score >= SURE { LIKE_WHEN_SURE } else { LIKE };
        let free = call.spellings.as_ref().is_some_and(|spellings| spellings.is_empty());
        let spellings = call.spellings.unwrap_or_default();
        self.last = Some(Arc::clone(&call.word));
        self.stage = Stage::Called { wanted: Wanted { word: call.word, spellings, free }, like };
    }

    /// An utterance starts.
    pub(super) fn begin(&mut self, utterance: UtteranceId) {
        if let Stage::Called { wanted, like } = &self.stage {
            let (wanted, like) = (wanted.clone(), *like);
            self.stage = Stage::Heard { wanted, like, utterance, verdict: None, ended: false };
        }
    }

    /// An utterance is over. True if it should contain the word and does not.
    pub(super) fn end(&mut self, utterance: UtteranceId) -> bool {
        if let Stage::Heard { utterance: its, ended, .. } = &mut self.stage
            && *its == utterance
        {
            *ended = true;
        }
        self.decide()
    }

    /// The words of an utterance without the wake word, empty if a required one is missing; and
    /// whether to close the ear because of that.
    pub(super) fn hear(&mut self, utterance: UtteranceId, text: String) -> (String, bool) {
        if let Stage::Heard { wanted, like, utterance: its, verdict, .. } = &mut self.stage
            && *its == utterance
        {
            let rest = wanted.find(&text, *like);
            *verdict = Some(rest.is_some());
            return (rest.unwrap_or_default().to_owned(), self.decide());
        }
        // A wake word that was not required may be said all the same.
        let rest = self.words.iter().find_map(|word| find(&text, word, 0, SAME));
        (rest.map_or(text.clone(), str::to_owned), false)
    }

    fn decide(&mut self) -> bool {
        let Stage::Heard { verdict: Some(verdict), ended: true, .. } = self.stage else {
            return false;
        };
        self.stage = Stage::Idle;
        !verdict
    }
}

/// What follows `word` in `text`, if something at least `like` similar to it comes after at most
/// `before` other words.
fn find<'t>(text: &'t str, word: &str, before: usize, like: f64) -> Option<&'t str> {
    let wanted = letters(word);
    // Recognizers split one word into two, and join two into one.
    let most = word.split('_').count() + 1;
    let ends: Vec<(usize, usize)> = text
        .split_whitespace()
        .map(|token| {
            let start = token.as_ptr() as usize - text.as_ptr() as usize;
            (start, start + token.len())
        })
        .collect();
    let mut best: Option<(f64, usize, usize)> = None;
    for first in 0..ends.len().min(before.saturating_add(1)) {
        for last in first..ends.len().min(first + most) {
            let alike = strsim::normalized_damerau_levenshtein(
                &letters(&text[ends[first].0..ends[last].1]),
                &wanted,
            );
            // Of two that are nearly as similar, the longer one leaves less of the word behind.
            let better = |(other, start, _): (f64, usize, usize)| {
                alike > if start == first { other - 0.05 } else { other }
            };
            if alike >= like && best.is_none_or(better) {
                best = Some((alike, first, ends[last].1));
            }
        }
    }
    let rest = &text[best?.2..];
    Some(rest.trim_start_matches(|c: char| !c.is_alphanumeric()).trim_end())
}

/// The letters and digits of `text` in lower case.
fn letters(text: &str) -> String {
    let plain: String =
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    match plain.strip_prefix("ok") {
        Some(rest) if !rest.starts_with("ay") => format!("okay{rest}"),
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_is_taken_off_what_was_said_in_the_same_breath() {
        for (text, word, rest) in [
            ("Hey Jarvis, what time is it?", "hey_jarvis", Some("what time is it?")),
            ("Hey, Travis. What time is it?", "hey_jarvis", Some("What time is it?")),
            ("They journals. What time is it?", "hey_jarvis", Some("What time is it?")),
            ("Jarvis", "hey_jarvis", Some("")),
            ("and then hey Jarvis set a timer", "hey_jarvis", Some("set a timer")),
            ("Alexa, stop.", "alexa", Some("stop.")),
            ("OK Nabu, tell me a joke", "okay_nabu", Some("tell me a joke")),
            ("Okay, now boo. Tell me a joke", "okay_nabu", Some("Tell me a joke")),
            ("Hey Minecraft, stop", "hey_mycroft", Some("stop")),
            ("Hey, just a moment.", "hey_jarvis", None),
            ("You", "alexa", None),
            ("", "alexa", None),
            ("I like the smell of it", "alexa", None),
        ] {
            assert_eq!(find(text, word, BEFORE, LIKE), rest, "{text}");
        }
    }

    #[test]
    fn the_last_word_says_who_answers() {
        let personas = BTreeMap::from([("alexa".into(), "You are a cook.".into())]);
        let mut waking = Waking::new(vec!["alexa".into(), "hey_jarvis".into()], personas);
        assert_eq!(waking.persona(), None);
        waking.call(called("alexa", None));
        assert_eq!(waking.persona().as_deref(), Some("You are a cook."));
        waking.call(called("hey_jarvis", None));
        assert_eq!(waking.persona(), None);
    }

    #[test]
    fn a_call_that_the_words_do_not_bear_out_shuts_the_ear_when_the_utterance_is_over() {
        let mut waking = Waking::new(vec!["alexa".into()], BTreeMap::new());
        let id = UtteranceId(1);
        waking.call(called("alexa", None));
        waking.begin(id);
        assert_eq!(waking.hear(id, "The news at ten".into()), (String::new(), false));
        assert!(waking.end(id));
        // What follows belongs to no call.
        assert!(!waking.end(id));
        waking.call(called("alexa", None));
        waking.begin(UtteranceId(2));
        assert!(!waking.end(UtteranceId(2)));
        let heard = waking.hear(UtteranceId(2), "Alexa, lights".into());
        assert_eq!(heard, ("lights".into(), false));
        let goes_on = waking.hear(UtteranceId(3), "Alexa, and tomorrow?".into());
        assert_eq!(goes_on, ("and tomorrow?".into(), false));
        let other = waking.hear(UtteranceId(4), "All lights".into());
        assert_eq!(other, ("All lights".into(), false));
    }

    fn called(word: &str, spellings: Option<&[&str]>) -> Call {
        let spellings = spellings.map(|all| all.iter().map(|s| s.to_string()).collect());
        Call { word: word.into(), spellings, score: 0.7, span: 0..1 }
    }

    #[test]
    fn a_word_of_ones_own_may_be_written_as_its_recordings_were_or_in_any_way() {
        let mut waking = Waking::new(vec!["rechner".into()], BTreeMap::new());
        for (spellings, text, rest) in [
            (&["Wreck now."][..], "Wreck now, what time is it?", "what time is it?"),
            (&["Wreck now."], "Rechner, stop", "stop"),
            (&["Wreck now."], "The news at ten", ""),
            (&[], "The crow, stop", "The crow, stop"),
            (&[], "Rechner, stop", "stop"),
        ] {
            waking.call(called("rechner", Some(spellings)));
            waking.begin(UtteranceId(1));
            let heard = waking.hear(UtteranceId(1), text.into());
            assert_eq!(heard, (rest.into(), false), "{text}");
        }
    }

    #[test]
    fn our_own_voice_does_not_wake_us() {
        let mut waking = Waking::new(vec!["alexa".into()], BTreeMap::new());
        waking.said(Moment::from_millis(0), " You can say");
        waking.said(Moment::from_millis(900), " \"Alexa\" to me.");
        assert!(waking.is_own(Moment::from_millis(1_500), "alexa"));
        assert!(!waking.is_own(Moment::from_millis(1_500), "hey_jarvis"));
        assert!(!waking.is_own(Moment::from_millis(6_000), "alexa"));
    }
}
