//! A question of another program: asked aloud, and answered by what the user says or types next.
//!
//! The answer goes to that program and to nobody else: the machine gets an empty transcript, so the
//! partner is not asked, and the conversation does not know of it.

use super::handle::{Question, Refusal};
use super::timer::Timer;
use crate::base::{Moment, UtteranceId};
use crate::turn::Cut;

/// What a transcript is to the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ear {
    /// Nothing.
    Other,
    /// The answer, if the user does not go on.
    Perhaps,
    /// The answer.
    Answer,
}

/// The question in progress, if there is one.
#[derive(Default)]
pub(super) struct Inquiry {
    open: Option<Open>,
}

struct Open {
    question: Question,
    /// Whether it has begun to sound.
    asked: bool,
    /// When it is given up; known once it has sounded.
    until: Option<Moment>,
    /// The utterance that answers it, and whether it has ended.
    utterance: Option<(UtteranceId, bool)>,
    /// Its words so far.
    words: Option<(Cut, String)>,
}

impl Inquiry {
    /// Takes `question`, and returns the words to announce; `None` if it is refused. `hears` says
    /// that there is a microphone that is not muted.
    pub(super) fn open(&mut self, question: Question, hears: bool) -> Option<String> {
        let why = match &self.open {
            Some(_) => "another question is waiting for its answer; ask again later",
            None if question.text.trim().is_empty() => "the question is empty; give some words",
            None if !hears => "there is no microphone, or it is muted",
            None => {
                let text = question.text.clone();
                let (until, utterance, words) = (None, None, None);
                self.open = Some(Open { question, asked: false, until, utterance, words });
                return Some(text);
            }
        };
        refuse(question, why);
        None
    }

    /// It begins to sound: from now on the user may answer.
    pub(super) fn sounds(&mut self) {
        if let Some(open) = &mut self.open {
            open.asked = true;
        }
    }

    /// It has been said, or could not be.
    pub(super) fn said(&mut self, now: Moment, heard: bool) {
        match &mut self.open {
            Some(open) if heard => open.until = Some(now + open.question.patience),
            Some(_) => self.give_up("the question was not heard: the user stopped it"),
            None => {}
        }
    }

    /// The user begins to speak.
    pub(super) fn begin(&mut self, id: UtteranceId) {
        if let Some(open) = self.open.as_mut().filter(|open| open.asked) {
            (open.utterance, open.words) = (Some((id, false)), None);
        }
    }

    /// The user goes on after a pause: the words so far are not all.
    pub(super) fn resume(&mut self, id: UtteranceId) {
        if let Some(open) = self.open.as_mut().filter(|open| open.utterance == Some((id, false))) {
            open.words = None;
        }
    }

    /// The transcript of `cut` is here.
    pub(super) fn hear(&mut self, cut: Cut, result: Result<&str, &str>) -> Ear {
        let Some(open) = &mut self.open else { return Ear::Other };
        let Some((id, ended)) = open.utterance.filter(|(id, _)| *id == cut.utterance) else {
            return Ear::Other;
        };
        match (result.map(str::trim), ended) {
            (Ok(""), true) => {
                open.utterance = None;
                Ear::Answer
            }
            (Ok(text), true) => {
                self.answer(text.to_owned());
                Ear::Answer
            }
            (Ok(text), false) => {
                open.words = Some((cut, text.to_owned()));
                open.utterance = Some((id, false));
                Ear::Perhaps
            }
            (Err(why), _) => {
                let why = why.to_owned();
                self.give_up(&why);
                Ear::Other
            }
        }
    }

    /// The utterance has ended; returns the cut whose words were kept as the answer.
    pub(super) fn end(&mut self, id: UtteranceId) -> Option<Cut> {
        let open = self.open.as_mut().filter(|open| open.utterance == Some((id, false)))?;
        open.utterance = Some((id, true));
        let (cut, text) = open.words.take()?;
        match text.as_str() {
            "" => open.utterance = None,
            _ => self.answer(text),
        }
        Some(cut)
    }

    /// The utterance was none.
    pub(super) fn discard(&mut self, id: UtteranceId) {
        if let Some(open) = self.open.as_mut().filter(|open| open.utterance == Some((id, false))) {
            (open.utterance, open.words) = (None, None);
        }
    }

    /// The user typed `text`; true if that was the answer.
    pub(super) fn typed(&mut self, text: &str) -> bool {
        let asked = self.open.as_ref().is_some_and(|open| open.asked);
        if asked {
            self.answer(text.trim().to_owned());
        }
        asked
    }

    /// The wait for an answer; none while the user speaks.
    pub(super) fn wake(&self) -> Option<(Moment, Timer)> {
        let open = self.open.as_ref().filter(|open| open.utterance.is_none())?;
        Some((open.until?, Timer::Answer))
    }

    /// Gives up when the wait is over, or nobody waits for the answer any more.
    pub(super) fn look(&mut self, now: Moment) {
        let over = self.wake().is_some_and(|(until, _)| now >= until);
        if over {
            self.give_up("the user did not answer");
        }
        if self.open.as_ref().is_some_and(|open| open.question.reply.is_closed()) {
            self.open = None;
        }
    }

    /// Ends the question without an answer.
    pub(super) fn give_up(&mut self, why: &str) {
        if let Some(open) = self.open.take() {
            refuse(open.question, why);
        }
    }

    fn answer(&mut self, text: String) {
        if let Some(open) = self.open.take() {
            // Whoever asked may be gone.
            let _ = open.question.reply.send(Ok(text));
        }
    }
}

fn refuse(question: Question, why: &str) {
    // Whoever asked may be gone.
    let _ = question.reply.send(Err(Refusal(why.to_owned())));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn asked() -> (Inquiry, oneshot::Receiver<Result<String, Refusal>>) {
        let (reply, answer) = oneshot::channel();
        let mut inquiry = Inquiry::default();
        let question = Question { text: "Deploy?".into(), patience: SECOND, reply };
        assert_eq!(inquiry.open(question, true).as_deref(), Some("Deploy?"));
        inquiry.sounds();
        inquiry.said(Moment::ZERO, true);
        (inquiry, answer)
    }

    fn cut(take: u32) -> Cut {
        Cut { utterance: UtteranceId(7), take }
    }

    #[test]
    fn the_answer_is_what_was_said_to_the_end() {
        let (mut inquiry, mut answer) = asked();
        inquiry.begin(UtteranceId(7));
        assert_eq!(inquiry.hear(cut(0), Ok("Yes, but")), Ear::Perhaps);
        assert!(inquiry.wake().is_none());
        inquiry.resume(UtteranceId(7));
        assert_eq!(inquiry.end(UtteranceId(7)), None);
        assert_eq!(inquiry.hear(cut(1), Ok("Yes, but not today.")), Ear::Answer);
        assert_eq!(answer.try_recv().unwrap(), Ok("Yes, but not today.".into()));
    }

    #[test]
    fn noise_is_no_answer_and_the_wait_goes_on() {
        let (mut inquiry, mut answer) = asked();
        inquiry.begin(UtteranceId(7));
        assert_eq!(inquiry.hear(cut(0), Ok(" ")), Ear::Perhaps);
        assert_eq!(inquiry.end(UtteranceId(7)), Some(cut(0)));
        inquiry.look(Moment::ZERO);
        assert!(answer.try_recv().is_err());
        inquiry.look(Moment::ZERO + SECOND);
        assert!(answer.try_recv().unwrap().is_err());
    }

    #[test]
    fn speech_from_before_the_question_is_not_its_answer() {
        let (reply, _answer) = oneshot::channel();
        let mut inquiry = Inquiry::default();
        inquiry.open(Question { text: "Deploy?".into(), patience: SECOND, reply }, true);
        inquiry.begin(UtteranceId(7));
        assert_eq!(inquiry.hear(cut(0), Ok("What time is it?")), Ear::Other);
    }
}
