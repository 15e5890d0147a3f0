use std::time::Duration;

use futures::StreamExt;

use super::bell::{Answer, Bell, Hearing, Round, answer};
use super::handle::Refusal;
use super::timer::Timer;
use crate::base::{Flow, Moment, UtteranceId, Volume};
use crate::tool::{Book, EntryId, LONGEST_SNOOZE, Rang, SNOOZE, Tongue, View};
use crate::turn::Failure;

/// How long after an answer "snooze" still refers to the last ring.
const LATELY: Duration = Duration::from_secs(120);

/// How long a round waits for silence. After that a chime sounds over whatever is sounding.
const NO_SILENCE: Duration = Duration::from_secs(6);

/// What rings: the book's last state, the bell, and what the user has yet to be told.
///
/// The book says what is due; the bell asks for rounds; each round is a notice with a tone before
/// it. An answer ends the ring here immediately, and in the book as soon as its thread gets to it.
pub(super) struct Ringing {
    book: Option<Book>,
    views: Option<Flow<View>>,
    view: View,
    bell: Bell,
    volume: Volume,
    speaker: bool,
    tongue: Tongue,
    /// The last words that a round spoke: our own voice, if the microphone picks it up.
    words: String,
    /// The utterance that began while a round was sounding.
    over: Option<UtteranceId>,
    /// Since when a round has waited for silence.
    waits: Option<Moment>,
    answered: Option<Moment>,
    /// News about the timers file, until the user has been told.
    news: Vec<String>,
}

/// What the user will be told when they next speak.
pub(super) struct Untold {
    pub(super) text: String,
    pub(super) missed: Vec<Rang>,
    /// How many items of news about the file it includes.
    pub(super) news: usize,
}

/// What changed in the book.
pub(super) struct Change {
    /// Problems with its file; sentences.
    pub(super) troubles: Vec<String>,
    /// Whether the sounding round must stop because the ring was ended elsewhere.
    pub(super) hush: bool,
}

impl Ringing {
    pub(super) fn new(book: Option<(Book, Flow<View>)>, volume: Volume, tongue: Tongue) -> Self {
        let (book, views) = book.unzip();
        Self {
            book,
            views,
            view: View::default(),
            bell: Bell::default(),
            volume,
            speaker: true,
            tongue,
            words: String::new(),
            over: None,
            waits: None,
            answered: None,
            news: Vec::new(),
        }
    }

    /// The book's next state; `None` when nothing will ever ring again.
    pub(super) async fn next(&mut self) -> Option<View> {
        match &mut self.views {
            Some(views) => views.next().await,
            None => std::future::pending().await,
        }
    }

    /// Takes over the book's state.
    pub(super) fn on_view(&mut self, view: Option<View>) -> Change {
        let Some(view) = view else {
            self.views = None;
            return Change { troubles: Vec::new(), hush: false };
        };
        let sounded = self.bell.sounds();
        self.bell.set(&view.ringing);
        let troubles = view.news.clone();
        if !troubles.is_empty() {
            self.tell(|book| book.noted(troubles.len()));
            self.news.extend(troubles.iter().cloned());
        }
        self.view = view;
        let hush = sounded && !self.bell.rings();
        Change { troubles, hush }
    }

    /// The speaker appeared or disappeared.
    pub(super) fn speaker(&mut self, there: bool) {
        self.speaker = there;
        if there {
            self.bell.hurry();
        }
    }

    /// Speech has begun.
    pub(super) fn speech(&mut self, id: UtteranceId) {
        if self.bell.sounds() {
            self.over = Some(id);
        }
    }

    /// Whether anything rings.
    pub(super) fn rings(&self) -> bool {
        self.bell.rings()
    }

    /// What rings, as one would say it.
    pub(super) fn names(&self) -> Vec<String> {
        self.bell.ringing().map(crate::tool::Ring::title).collect()
    }

    /// How many timers and alarms are set.
    pub(super) fn timers(&self) -> usize {
        self.view.entries.len()
    }

    /// What is wrong with the timers file.
    pub(super) fn trouble(&self) -> Option<String> {
        self.view.trouble.clone().or_else(|| self.news.last().cloned())
    }

    /// When the ring next needs attention.
    pub(super) fn wake(&self) -> Option<(Moment, Timer)> {
        let rest = self.bell.deadline();
        let noise = self.waits.map(|since| since + NO_SILENCE);
        [rest, noise].into_iter().flatten().min().map(|until| (until, Timer::Ring))
    }

    /// The next round, if one is due. `idle` means that nobody speaks and nothing is being said.
    pub(super) fn round(&mut self, now: Moment, idle: bool) -> Next {
        let Some(book) = self.book.clone().filter(|_| self.bell.rings()) else {
            self.waits = None;
            return Next::Nothing;
        };
        let wall = book.now().wall;
        let vain = self.bell.give_up(now, wall);
        if !vain.is_empty() {
            tracing::info!(count = vain.len(), "nobody answered");
            book.unanswered(vain);
        }
        if !self.speaker || !self.bell.wants(now) {
            self.waits = None;
            return Next::Nothing;
        }
        if !idle {
            let since = *self.waits.get_or_insert(now);
            if now.since(since) < NO_SILENCE {
                return Next::Nothing;
            }
        }
        self.waits = None;
        let Some(mut round) = self.bell.next(now, wall) else { return Next::Nothing };
        self.volume.floor(round.floor);
        round.words = self.tongue.word(&round.words);
        if !round.words.is_empty() {
            self.words.clone_from(&round.words);
        }
        if idle { Next::Round(round) } else { Next::Chime }
    }

    /// A round ended, or never began.
    pub(super) fn round_over(&mut self, now: Moment, heard: bool) {
        self.volume.floor(0);
        self.bell.ended(now, if heard { Hearing::Heard } else { Hearing::Unheard });
    }

    /// Interprets words spoken during a ring.
    fn answer(&self, utterance: UtteranceId, said: &str) -> Answer {
        answer(said, self.over == Some(utterance), &self.words)
    }

    /// Takes words spoken during a ring: what is left of them for a turn, and whether everything
    /// must go silent.
    pub(super) fn spoken(
        &mut self,
        now: Moment,
        utterance: UtteranceId,
        said: Result<String, Failure>,
    ) -> (Result<String, Failure>, bool) {
        let Ok(text) = said.as_deref() else { return (said, false) };
        self.tongue.hear(text);
        if !self.rings() {
            return (said, false);
        }
        match self.answer(utterance, text) {
            Answer::None => (Ok(String::new()), false),
            Answer::Heard => {
                self.end(now);
                (Ok(String::new()), true)
            }
            Answer::Speaks => {
                self.end(now);
                (said, false)
            }
        }
    }

    /// Interprets text typed during a ring.
    pub(super) fn typed(&mut self, text: &str) -> Answer {
        self.tongue.hear(text);
        answer(text, false, "")
    }

    /// Somebody answered. True if something was ringing.
    pub(super) fn end(&mut self, now: Moment) -> bool {
        let ids = self.hush(now);
        if ids.is_empty() {
            return false;
        }
        self.tell(|book| book.answered(ids));
        true
    }

    /// Snoozes what rings or has just rung, for `minutes` or the usual time. Returns the minutes.
    pub(super) fn snooze(&mut self, now: Moment, minutes: Option<u32>) -> Result<u64, Refusal> {
        let seconds = minutes.map_or(SNOOZE, |minutes| u64::from(minutes) * 60);
        if !(1..=LONGEST_SNOOZE).contains(&seconds) {
            return Err(Refusal("snooze takes from 1 to 1440 minutes".into()));
        }
        let lately = self.answered.is_some_and(|at| now.since(at) < LATELY);
        if !self.bell.rings() && !lately {
            return Err(Refusal("nothing is ringing".into()));
        }
        self.hush(now);
        self.answered = None;
        self.tell(|book| book.snooze(seconds));
        Ok(seconds / 60)
    }

    fn hush(&mut self, now: Moment) -> Vec<EntryId> {
        let ids = self.bell.answer();
        if !ids.is_empty() {
            self.answered = Some(now);
            self.volume.floor(0);
        }
        ids
    }

    /// What to tell the user, now that they are present.
    pub(super) fn untold(&self) -> Option<Untold> {
        let book = self.book.as_ref().filter(|_| !self.bell.rings())?;
        let now = book.now();
        let mut sentences: Vec<String> =
            self.view.missed.iter().map(|one| self.tongue.word(&one.missed(&now))).collect();
        if !self.news.is_empty() {
            sentences.push(FILE_TROUBLE.into());
        }
        (!sentences.is_empty()).then(|| Untold {
            text: sentences.join(" "),
            missed: self.view.missed.clone(),
            news: self.news.len(),
        })
    }

    /// The user has been told.
    pub(super) fn told(&mut self, missed: Vec<Rang>, news: usize) {
        self.news.drain(..news.min(self.news.len()));
        self.view.missed.retain(|rang| !missed.contains(rang));
        if !missed.is_empty() {
            self.tell(|book| book.told(missed));
        }
    }

    /// Gives the book's thread a moment to finish.
    pub(super) async fn finish(&self) {
        self.volume.floor(0);
        if let Some(book) = &self.book {
            book.finish().await;
        }
    }

    fn tell(&self, word: impl FnOnce(&Book)) {
        if let Some(book) = &self.book {
            word(book);
        }
    }
}

/// Problems with the file mention paths, which nobody wants to hear read aloud.
const FILE_TROUBLE: &str = "Your timers file is damaged, so some timers or alarms may be missing. Run \
    \"aloud timers\" to see what is set, and \"aloud status\" to see what is wrong.";

/// What the bell asks for.
pub(super) enum Next {
    /// Nothing.
    Nothing,
    /// A round, to be spoken as a notice.
    Round(Round),
    /// A chime over whatever is sounding; it completes the round.
    Chime,
}
