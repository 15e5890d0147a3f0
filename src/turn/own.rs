use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use super::words::{Word, is_halt, words};
use crate::base::Moment;

/// How long after the last sound an utterance may begin that is still its echo: the room's echo,
/// the microphone's latency and the 60 ms of voice activity detection. People who answer begin
/// later.
const TAIL: Duration = Duration::from_millis(200);

/// How far from an utterance the words may be that it repeats: the preroll of 400 ms, the latency
/// of both devices, and the error of placing a remote voice's words by a speaking rate.
const NEAR: Duration = Duration::from_millis(2_000);

/// The same for one or two words, which occur in any long text.
const NEAR_SHORT: Duration = Duration::from_millis(1_000);

/// Words kept: those of half a minute, longer than an utterance of an open microphone.
const KEPT: usize = 128;

/// For how long after its own voice was recognized a voice over the reply proves nothing.
const WARY: Duration = Duration::from_secs(60);

/// One word in this many may differ in an utterance that is ours: recognizers mishear an echo.
const MISHEARD: usize = 4;

/// Words from which on an utterance may be half ours and half the user's.
const MIXED: usize = 6;

/// Leading words removed from an utterance in which the user talks over the reply.
const LEAD: usize = 3;

/// What aloud has said lately, each word with the moment at which it was heard: what an open
/// microphone picks up again.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct OwnVoice {
    said: VecDeque<(Moment, Word)>,
    /// When something last sounded.
    sounded: Option<Moment>,
    /// When an utterance was last recognized as our own.
    noticed: Option<Moment>,
}

/// Whose words an utterance contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// The user's, from this byte of the text on; before it they are ours.
    Theirs(usize),
    /// Ours, all of them.
    Ours,
    /// Ours, with these of the user's among them.
    Among(String),
}

impl OwnVoice {
    /// `text` was heard at `at`.
    pub(super) fn say(&mut self, at: Moment, text: &str) {
        self.sounded = Some(at);
        for word in words(text) {
            if self.said.len() == KEPT {
                self.said.pop_front();
            }
            self.said.push_back((at, word));
        }
    }

    /// Something sounds at `at`, whatever it says.
    pub(super) fn sound(&mut self, at: Moment) {
        self.sounded = Some(at);
    }

    /// An utterance was recognized as our own.
    pub(super) fn notice(&mut self, now: Moment) {
        self.noticed = Some(now);
    }

    /// Whether a voice over the reply may well be our own.
    pub(super) fn is_wary(&self, now: Moment) -> bool {
        self.noticed.is_some_and(|noticed| now.since(noticed) < WARY)
    }

    /// Whose words `text` contains, said at `span`, while `ahead` is about to sound.
    ///
    /// Ours are those that repeat, in order, what sounded around that time. "Stop" and the like are
    /// always the user's.
    pub(super) fn whose(&self, text: &str, span: &Range<Moment>, ahead: &str) -> Whose {
        let theirs = Whose::Theirs(0);
        let heard = words(text);
        let echoes = self.sounded.is_some_and(|sounded| span.start <= sounded + TAIL);
        if heard.is_empty() || !echoes || is_halt(text) {
            return theirs;
        }
        let short = heard.len() <= 2;
        let near = if short { NEAR_SHORT } else { NEAR };
        let near = |at: Moment| at + near >= span.start && at <= span.end + near;
        let around = self.said.iter().filter(|(at, _)| near(*at));
        let mut said: Vec<Word> = around.map(|(_, word)| word.clone()).collect();
        said.extend(words(ahead));
        let ours = repeated(&heard, &said);
        let strange: Vec<&Word> =
            heard.iter().zip(&ours).filter(|(_, ours)| !**ours).map(|(word, _)| word).collect();
        let enough = match heard.len() {
            0..=2 => strange.is_empty(),
            all => strange.len() <= (all / MISHEARD).max(1),
        };
        let halts = strange.iter().any(|word| is_halt(&word.plain));
        if enough && !halts {
            return Whose::Ours;
        }
        if enough || (heard.len() >= MIXED && 2 * strange.len() <= heard.len()) {
            let theirs: Vec<&str> = strange.iter().map(|word| word.plain.as_str()).collect();
            return Whose::Among(theirs.join(" "));
        }
        let lead = ours.iter().take_while(|ours| **ours).count();
        match heard.get(lead) {
            Some(word) if lead >= LEAD => Whose::Theirs(word.at),
            Some(_) | None => theirs,
        }
    }
}

/// Which of the words `heard` repeat the words `said`: the most that occur in the same order in any
/// stretch that is not much longer.
fn repeated(heard: &[Word], said: &[Word]) -> Vec<bool> {
    let stretch = heard.len() + heard.len() / 2 + 2;
    let starts = 0..=said.len().saturating_sub(stretch);
    let tries = starts.map(|start| common(heard, &said[start..said.len().min(start + stretch)]));
    let count = |ours: &Vec<bool>| ours.iter().filter(|ours| **ours).count();
    tries.max_by_key(count).unwrap_or_else(|| vec![false; heard.len()])
}

/// The longest common subsequence, as marks on `heard`.
fn common(heard: &[Word], said: &[Word]) -> Vec<bool> {
    let (rows, columns) = (heard.len(), said.len());
    let mut best = vec![vec![0_u16; columns + 1]; rows + 1];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            best[row][column] = if heard[row].resembles(&said[column]) {
                best[row + 1][column + 1] + 1
            } else {
                best[row + 1][column].max(best[row][column + 1])
            };
        }
    }
    let mut marks = vec![false; rows];
    let (mut row, mut column) = (0, 0);
    while row < rows && column < columns {
        if heard[row].resembles(&said[column]) {
            marks[row] = true;
            row += 1;
            // A number is one word in writing and several in speech.
            let goes_on =
                said[column].is_number() && heard.get(row).is_some_and(|next| next.is_number());
            column += usize::from(!goes_on);
        } else if best[row + 1][column] >= best[row][column + 1] {
            row += 1;
        } else {
            column += 1;
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Moment::from_millis(ms)
    }

    /// A voice that said `text` from 1 s on, a word every 300 ms.
    fn having_said(text: &str) -> OwnVoice {
        let mut own = OwnVoice::default();
        for (n, word) in text.split(' ').enumerate() {
            own.say(at(1_300 + 300 * n as u64), word);
        }
        own
    }

    fn whose(said: &str, heard: &str, span: Range<u64>) -> Whose {
        having_said(said).whose(heard, &(at(span.start)..at(span.end)), "")
    }

    #[test]
    fn what_comes_back_is_ours_also_when_it_is_misheard() {
        let said = "The weather in Berlin is sunny today with 21 degrees";
        for heard in [
            "The weather in Berlin",
            "whether in Berlin is sunny",
            "The weather in Berlin is sunny today with twenty one degrees.",
            "in Berlin it's funny today",
            "Berlin",
        ] {
            assert_eq!(whose(said, heard, 1_200..3_000), Whose::Ours, "{heard}");
        }
    }

    #[test]
    fn what_the_user_says_is_theirs() {
        let said = "The weather in Berlin is sunny today with 21 degrees";
        for heard in [
            "stop",
            "Wait.",
            "yes",
            "what about Paris",
            "and tomorrow",
            "is it sunny in Rome",
            "set a timer for ten minutes",
            "",
        ] {
            assert_eq!(whose(said, heard, 1_200..3_000), Whose::Theirs(0), "{heard}");
        }
    }

    #[test]
    fn a_word_of_a_question_is_an_answer_when_the_question_is_over() {
        let said = "Fifteen or fifty minutes?";
        // The last word was heard at 2.2 s.
        assert_eq!(whose(said, "fifty", 2_500..2_900), Whose::Theirs(0));
        assert_eq!(whose(said, "fifteen", 2_450..2_900), Whose::Theirs(0));
        assert_eq!(whose(said, "fifteen", 1_300..1_700), Whose::Ours);
    }

    #[test]
    fn a_word_of_long_ago_is_no_echo() {
        let said = "Yes that is a very long sentence that goes on and on for quite a while";
        assert_eq!(whose(said, "yes", 4_000..4_300), Whose::Theirs(0));
        assert_eq!(whose(said, "yes that is", 4_500..5_000), Whose::Theirs(0));
    }

    #[test]
    fn a_stop_behind_our_own_words_is_heard() {
        let said = "Once upon a time there was a king";
        assert_eq!(whose(said, "once upon a time stop", 1_200..3_000), Whose::Among("stop".into()));
        assert_eq!(
            whose(said, "once upon stop a time stop", 1_200..3_000),
            Whose::Among("stop stop".into())
        );
        let theirs = whose(said, "upon a time no tell me about the weather", 1_200..3_000);
        assert_eq!(theirs, Whose::Theirs(12));
        // Both at once.
        let both = whose(said, "once what upon a time time there is was it", 1_200..3_000);
        assert_eq!(both, Whose::Among("what time is it".into()));
    }

    #[test]
    fn nothing_is_an_echo_while_nothing_has_sounded() {
        assert_eq!(OwnVoice::default().whose("hello", &(at(0)..at(1)), "hello"), Whose::Theirs(0));
    }
}
