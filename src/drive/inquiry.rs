//! A question of another program: asked aloud, and answered by what the user says or types next.
//!
//! The answer goes to that program and to nobody else: the machine gets an empty transcript, so the
//! partner is not asked, and the conversation does not know of it.

use super::handle::{Question, Refusal};
use super::timer::Timer;
use crate::base::{Moment, UtteranceId};
use crate::turn::Revision;

/// What a transcript is to the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// Nothing.
    None,
    /// The answer, if the user does not go on.
    Provisional,
    /// The answer.
    Final,
}

/// The question in progress, if there is one, and the utterance that answers it.
///
/// An utterance that began as an answer remains one even if nobody waits for it any more, so that
/// the machine gets exactly one transcript of it, and the partner none.
#[derive(Default)]
pub(super) struct Inquiry {
    open: Option<Open>,
    /// How many questions there were; the last is the open one.
    count: u32,
    /// The utterance that answers, and whether it has ended.
    utterance: Option<(UtteranceId, bool)>,
    /// Its words so far.
    words: Option<(Revision, String)>,
}

struct Open {
    question: Question,
    /// Whether it has begun to sound.
    asked: bool,
    /// When it is given up; known once it has sounded.
    until: Option<Moment>,
}

impl Inquiry {
    /// Takes `question`, and returns its number and the words to announce; `None` if it is refused.
    /// `hears` says that there is a microphone that is not muted.
    pub(super) fn open(&mut self, question: Question, hears: bool) -> Option<(u32, String)> {
        self.leave();
        let why = match &self.open {
            Some(_) => "another question is waiting for its answer; ask again later",
            None if question.text.trim().is_empty() => "the question is empty; give some words",
            None if !hears => "there is no microphone, or it is muted",
            None => {
                let text = question.text.clone();
                self.open = Some(Open { question, asked: false, until: None });
                self.count += 1;
                return Some((self.count, text));
            }
        };
        refuse(question, why);
        None
    }

    /// The question `number`, if somebody still waits for its answer.
    fn current(&mut self, number: u32) -> Option<&mut Open> {
        self.leave();
        self.open.as_mut().filter(|_| number == self.count)
    }

    /// Question `number` is about to sound: from now on the user may answer. False if nobody waits
    /// for the answer any more.
    pub(super) fn sounds(&mut self, number: u32) -> bool {
        let open = self.current(number);
        open.map(|open| open.asked = true).is_some()
    }

    /// Question `number` has been said, or could not be. Whether it waits for the answer now.
    pub(super) fn said(&mut self, now: Moment, number: u32, heard: bool) -> bool {
        let Some(open) = self.current(number) else { return false };
        if heard {
            open.until = Some(now + open.question.patience);
        } else {
            self.give_up("the question was not heard: the user stopped it");
        }
        heard
    }

    /// The user begins to speak.
    pub(super) fn begin(&mut self, id: UtteranceId) {
        let answers = self.open.as_ref().is_some_and(|open| open.asked);
        self.utterance = answers.then_some((id, false));
        self.words = None;
    }

    /// The user goes on after a pause: the words so far are not all.
    pub(super) fn resume(&mut self, id: UtteranceId) {
        if self.utterance == Some((id, false)) {
            self.words = None;
        }
    }

    /// The transcript of `revision` is here.
    pub(super) fn hear(&mut self, revision: Revision, result: Result<&str, &str>) -> Claim {
        let Some((_, ended)) = self.utterance.filter(|(id, _)| *id == revision.utterance) else {
            return Claim::None;
        };
        match result {
            Ok(text) if ended => {
                self.answer(text);
                Claim::Final
            }
            Ok(text) => {
                self.words = Some((revision, text.to_owned()));
                Claim::Provisional
            }
            Err(why) => {
                self.utterance = None;
                self.give_up(why);
                Claim::None
            }
        }
    }

    /// The utterance has ended; returns the revision whose words were kept as the answer.
    pub(super) fn end(&mut self, id: UtteranceId) -> Option<Revision> {
        self.utterance = self.utterance.filter(|its| *its == (id, false)).map(|_| (id, true));
        self.utterance?;
        let (revision, text) = self.words.take()?;
        self.answer(&text);
        Some(revision)
    }

    /// The utterance was none.
    pub(super) fn discard(&mut self, id: UtteranceId) {
        if self.utterance == Some((id, false)) {
            (self.utterance, self.words) = (None, None);
        }
    }

    /// The user typed `text`; true if that was the answer.
    pub(super) fn typed(&mut self, text: &str) -> bool {
        self.leave();
        let Some(open) = self.open.take_if(|open| open.asked) else { return false };
        reply(open.question, Ok(text.trim().to_owned()));
        true
    }

    /// The wait for an answer; none while the user speaks.
    pub(super) fn wake(&self) -> Option<(Moment, Timer)> {
        let open = self.open.as_ref().filter(|_| self.utterance.is_none())?;
        Some((open.until?, Timer::Answer))
    }

    /// Gives up when the wait is over, or nobody waits for the answer any more.
    pub(super) fn look(&mut self, now: Moment) {
        self.leave();
        if self.wake().is_some_and(|(until, _)| now >= until) {
            self.give_up("the user did not answer");
        }
    }

    /// Ends the question without an answer.
    pub(super) fn give_up(&mut self, why: &str) {
        if let Some(open) = self.open.take() {
            refuse(open.question, why);
        }
    }

    /// Forgets a question whose asker is gone.
    fn leave(&mut self) {
        self.open.take_if(|open| open.question.reply.is_closed());
    }

    /// The whole utterance is `text`. Without words it was none, and the wait goes on.
    fn answer(&mut self, text: &str) {
        self.utterance = None;
        let text = text.trim();
        if let Some(open) = self.open.take_if(|_| !text.is_empty()) {
            reply(open.question, Ok(text.to_owned()));
        }
    }
}

fn refuse(question: Question, why: &str) {
    reply(question, Err(Refusal(why.to_owned())));
}

fn reply(question: Question, answer: Result<String, Refusal>) {
    // Whoever asked may be gone.
    let _ = question.reply.send(answer);
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
        assert_eq!(inquiry.open(question, true), Some((1, "Deploy?".into())));
        assert!(inquiry.sounds(1) && inquiry.said(Moment::ZERO, 1, true));
        (inquiry, answer)
    }

    fn revision(number: u32) -> Revision {
        Revision { utterance: UtteranceId(7), number }
    }

    #[test]
    fn the_answer_is_what_was_said_to_the_end() {
        let (mut inquiry, mut answer) = asked();
        inquiry.begin(UtteranceId(7));
        assert_eq!(inquiry.hear(revision(0), Ok("Yes, but")), Claim::Provisional);
        assert!(inquiry.wake().is_none());
        inquiry.resume(UtteranceId(7));
        assert_eq!(inquiry.end(UtteranceId(7)), None);
        assert_eq!(inquiry.hear(revision(1), Ok("Yes, but not today.")), Claim::Final);
        assert_eq!(answer.try_recv().unwrap(), Ok("Yes, but not today.".into()));
    }

    #[test]
    fn noise_is_no_answer_and_the_wait_goes_on() {
        let (mut inquiry, mut answer) = asked();
        inquiry.begin(UtteranceId(7));
        assert_eq!(inquiry.hear(revision(0), Ok(" ")), Claim::Provisional);
        assert_eq!(inquiry.end(UtteranceId(7)), Some(revision(0)));
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
        assert_eq!(inquiry.hear(revision(0), Ok("What time is it?")), Claim::None);
    }

    #[test]
    fn an_asker_who_has_left_is_not_spoken_for_and_spoils_no_other_question() {
        let (reply, answer) = oneshot::channel();
        let mut inquiry = Inquiry::default();
        inquiry.open(Question { text: "Deploy?".into(), patience: SECOND, reply }, true);
        drop(answer);
        let (reply, mut answer) = oneshot::channel();
        let next = Question { text: "And now?".into(), patience: SECOND, reply };
        assert_eq!(inquiry.open(next, true), Some((2, "And now?".into())));
        assert!(!inquiry.sounds(1));
        assert!(!inquiry.said(Moment::ZERO, 1, false));
        assert!(inquiry.sounds(2) && inquiry.said(Moment::ZERO, 2, true));
        inquiry.look(Moment::ZERO + SECOND);
        assert!(answer.try_recv().unwrap().is_err());
    }

    #[test]
    fn an_answer_that_nobody_waits_for_any_more_is_nobodys_question() {
        let (mut inquiry, mut answer) = asked();
        inquiry.begin(UtteranceId(7));
        assert_eq!(inquiry.hear(revision(0), Ok("Yes.")), Claim::Provisional);
        inquiry.give_up("the microphone was muted");
        assert!(answer.try_recv().unwrap().is_err());
        // The machine still gets the one transcript that it waits for.
        assert_eq!(inquiry.end(UtteranceId(7)), Some(revision(0)));
        inquiry.begin(UtteranceId(8));
        assert_eq!(
            inquiry.hear(Revision { utterance: UtteranceId(8), number: 0 }, Ok("Hm.")),
            Claim::None
        );
    }
}
