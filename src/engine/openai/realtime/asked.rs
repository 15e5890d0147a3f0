//! Unanswered questions of the user: kept until they are answered, whatever becomes of the session
//! that heard them.

use std::time::Duration;

use crate::base::{LISTEN_RATE, Moment, Utterance, UtteranceId};
use crate::dialog::{Item, Prompt};

/// The most utterances kept; beyond that the oldest is given up. The machine has few open at a
/// time, and a minute of speech is 4 MB.
const MOST: usize = 8;

/// The longest stretch of speech kept before there is an utterance for it: 70 s at 16 kHz, more
/// than an utterance can last.
const STRETCH: usize = 70 * 16_000;

/// How long a transcript may take, plus a tenth of the speech's length. The turn waits for 20 s in
/// all, so another ear still has time to listen.
const WRITING: Duration = Duration::from_secs(8);

/// Unanswered questions, oldest first.
#[derive(Debug, Default)]
pub(super) struct Asked {
    questions: Vec<Question>,
}

/// One utterance, complete or so far.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) utterance: Utterance,
    pub(super) revision: u32,
    /// Its transcript, once known.
    pub(super) words: Option<String>,
    /// Whether some of an answer was handed out.
    answered: bool,
    /// Deadline of its transcript, if that is all that is wanted.
    pub(super) until: Moment,
}

impl Asked {
    pub(super) fn push(&mut self, utterance: Utterance, revision: u32, until: Moment) {
        self.questions.retain(|question| question.utterance.id != utterance.id);
        if self.questions.len() == MOST {
            self.questions.remove(0);
        }
        self.questions.push(Question { utterance, revision, words: None, answered: false, until });
    }

    pub(super) fn forget(&mut self, utterance: UtteranceId, revision: u32) {
        self.questions.retain(|q| (q.utterance.id, q.revision) != (utterance, revision));
    }

    /// When the first transcript is due.
    pub(super) fn due(&self) -> Option<Moment> {
        self.questions.iter().map(|question| question.until).min()
    }

    /// An unreachable server will not be in time: shortens all waits to `until`.
    pub(super) fn hasten(&mut self, until: Moment) {
        for question in &mut self.questions {
            question.until = question.until.min(until);
        }
    }

    /// Takes out what is overdue.
    pub(super) fn overdue(&mut self, now: Moment) -> Vec<Question> {
        self.questions.extract_if(.., |question| question.until <= now).collect()
    }

    /// Takes everything out.
    pub(super) fn take(&mut self) -> Vec<Question> {
        std::mem::take(&mut self.questions)
    }

    /// Drops what `items` show to be past: any question before the last one.
    pub(super) fn settle(&mut self, items: &[Item]) {
        let last = items.iter().rposition(|item| matches!(item, Item::User { .. })).unwrap_or(0);
        let past = |q: &Question| items[..last].iter().any(|i| spoken(i) == Some(q.utterance.id));
        // What was asked together has the id of its last part.
        if let Some(newest) = self.questions.iter().rposition(past) {
            self.questions.drain(..=newest);
        }
    }

    /// An answer has begun.
    pub(super) fn answer(&mut self) {
        for question in &mut self.questions {
            question.answered = true;
        }
    }

    /// Takes the transcript of a revision; false if it is not new, or not of an open question.
    pub(super) fn learn(
        &mut self,
        utterance: UtteranceId,
        revision: u32,
        text: &str,
        last: bool,
    ) -> bool {
        let of_it = |q: &&mut Question| (q.utterance.id, q.revision) == (utterance, revision);
        match self.questions.iter_mut().find(of_it) {
            Some(question) if question.words.is_none() => {
                question.words = last.then(|| text.to_owned());
                true
            }
            Some(_) => false,
            // It is past, and its words are for the record.
            None => true,
        }
    }

    /// What a fresh session must hear: what it could not be told in words.
    pub(super) fn unheard(&self) -> Vec<Question> {
        let unheard = |q: &&Question| !q.answered || q.words.is_none();
        self.questions.iter().filter(unheard).cloned().collect()
    }

    /// Questions waiting for an answer.
    pub(super) fn open(&self) -> impl Iterator<Item = &Question> {
        self.questions.iter().filter(|question| !question.answered)
    }

    /// `prompt` without what a fresh session will hear instead of read.
    pub(super) fn before(&self, prompt: &Prompt) -> Prompt {
        let unheard = self.unheard();
        let heard = |item: &Item| {
            spoken(item).is_some_and(|id| unheard.iter().any(|q| q.utterance.id == id))
        };
        let end = prompt.items.iter().position(heard).unwrap_or(prompt.items.len());
        let (instructions, tools) = (prompt.instructions.clone(), prompt.tools.clone());
        let items = prompt.items[..end].to_vec();
        self.fill(Prompt { instructions, items, tools, sounds: Vec::new() })
    }

    /// `prompt` with the transcripts that came since it was made.
    pub(super) fn fill(&self, mut prompt: Prompt) -> Prompt {
        for item in &mut prompt.items {
            if let Item::User { utterance: Some(id), text } = item
                && text.is_empty()
                && let Some(at) = self.questions.iter().position(|q| q.utterance.id == *id)
            {
                // What was asked together has the id of its last part.
                let words = self.questions[..=at].iter().filter_map(|q| q.words.as_deref());
                *text = words.collect::<Vec<_>>().join(" ");
            }
        }
        prompt
    }
}

/// The utterance behind an item.
fn spoken(item: &Item) -> Option<UtteranceId> {
    if let Item::User { utterance, .. } = item { *utterance } else { None }
}

/// Speech that no session has heard yet.
#[derive(Debug, Default)]
pub(super) struct Stretch {
    start: u64,
    pcm: Vec<f32>,
    /// When it last grew.
    pub(super) grown: Moment,
}

impl Stretch {
    /// Adds the sound at `start` in the stream. A gap starts a new stretch.
    pub(super) fn push(&mut self, now: Moment, start: u64, pcm: &[f32]) {
        self.grown = now;
        let end = self.start + self.pcm.len() as u64;
        if start != end || self.pcm.len() + pcm.len() > STRETCH {
            self.pcm.clear();
        }
        if self.pcm.is_empty() {
            self.start = start;
        }
        self.pcm.extend_from_slice(pcm);
    }

    /// Takes everything.
    pub(super) fn take(&mut self) -> Option<(u64, Vec<f32>)> {
        let pcm = std::mem::take(&mut self.pcm);
        (!pcm.is_empty()).then_some((self.start, pcm))
    }
}

/// Deadline of the transcript of `utterance`.
pub(super) fn until(now: Moment, utterance: &Utterance) -> Moment {
    let spoken = utterance.pcm.len() as f64 / f64::from(LISTEN_RATE.0);
    now + WRITING + Duration::from_secs_f64(spoken / 10.0)
}
