use std::time::Duration;

use super::asked::Spoken;
use super::doubt::{Doubt, Look};
use super::ear::{ActiveUtterance, Ear, Key};
use super::floor::Floor;
use super::meaning::{Meaning, meaning};
use super::mouth::Mouth;
use super::words::is_halt;
use super::{Command, Failure, Ignored, ListenMode, Mode, Revision, Speech, Trigger};
use crate::base::{Moment, UtteranceId};
use crate::dialog::{Picture, Start};

/// The ear: triggers, speech, and what the user asked.
impl Floor {
    pub(super) fn on_trigger(&mut self, now: Moment, trigger: Trigger, out: &mut Vec<Command>) {
        match trigger {
            Trigger::PushToTalk => self.press(now, out),
            Trigger::Toggle if self.ear.held() => self.on_release(now, out),
            Trigger::Toggle => self.press(now, out),
            Trigger::Wake => self.wake(now, out),
            Trigger::Dismiss => {
                self.drop_utterance(out);
                self.shut_ear(out);
            }
            Trigger::Stop => {
                self.cuts = 0;
                self.drop_utterance(out);
                self.drop_asked(out);
                self.fall_silent(now, out);
            }
            Trigger::Mute => {
                self.muted = true;
                self.drop_utterance(out);
                self.shut_ear(out);
            }
            Trigger::Unmute => self.muted = false,
        }
    }

    pub(super) fn on_release(&mut self, now: Moment, out: &mut Vec<Command>) {
        if let Ear::Hearing(active) | Ear::Trailing(active) = self.ear
            && active.key == Key::Held
        {
            out.push(Command::LetGo);
            let until = now + self.setup.settings.patience.release;
            self.ear = Ear::Trailing(ActiveUtterance { key: Key::Released, until, ..active });
        }
    }

    pub(super) fn on_speech(&mut self, now: Moment, speech: Speech, out: &mut Vec<Command>) {
        match speech {
            Speech::Started { id } => self.on_started(now, id),
            Speech::Confirmed { id } => {
                if let Some(active) = self.active(id) {
                    active.sure = true;
                }
            }
            Speech::Voiced { id, ms } => {
                if let Some(active) = self.active(id) {
                    active.voiced = Some(Duration::from_millis(ms.into()));
                    self.hear_over(now, out);
                }
            }
            Speech::Paused { id } => self.on_paused(now, id, out),
            Speech::Resumed { id } => self.on_resumed(now, id, out),
            Speech::Ended { id } => self.on_ended(now, id, out),
            Speech::Discarded { id } => {
                if self.active(id).is_some() {
                    self.retract(out);
                    self.end_utterance(now);
                }
            }
        }
    }

    pub(super) fn on_transcript(
        &mut self,
        now: Moment,
        revision: Revision,
        result: Result<String, Failure>,
        certainty: Option<f32>,
        out: &mut Vec<Command>,
    ) {
        if self.asked.awaits(revision) {
            match result {
                Ok(text) => self.learn(now, revision, &text, certainty, out),
                Err(failure) => {
                    let tentative = self.asked.tentative() == Some(revision);
                    self.asked.forget(revision);
                    // While the user may go on nothing is lost: the end will be transcribed
                    // again.
                    if !tentative {
                        self.waiting.fail(failure, out);
                    }
                }
            }
        } else {
            // A partner that hears replies before the transcript; the words are for the record,
            // and missing ones do no harm to the reply.
            let text = result.unwrap_or_default();
            match self.mouth.asked_mut() {
                Some(asked) if asked.awaits(revision) => asked.learn(revision, &text),
                Some(_) | None => self.history.fill(revision.utterance, text.trim()),
            }
        }
    }

    /// Interprets the words of `revision`.
    fn learn(
        &mut self,
        now: Moment,
        revision: Revision,
        text: &str,
        certainty: Option<f32>,
        out: &mut Vec<Command>,
    ) {
        let Some(spoken) = self.asked.spoken(revision) else { return };
        let utterance = revision.utterance;
        match meaning(&self.own, &self.mouth.ahead(), text, &spoken, certainty) {
            Meaning::Words(text) if spoken.aside.is_some() && is_halt(&text) => {
                // The same as the key for silence: its meaning needs no answer.
                self.asked.learn(revision, "");
                self.silence(now, out);
            }
            Meaning::Words(text) => self.asked.learn(revision, &text),
            Meaning::Nothing(why) => {
                self.asked.learn(revision, "");
                self.ignore(now, utterance, why, out);
            }
            Meaning::Unclear => {
                self.asked.miss(revision);
                out.push(Command::Ignore { utterance, why: Ignored::Noise });
            }
        }
    }

    /// The first words of an utterance in progress have come, or are not available.
    pub(super) fn on_looked(
        &mut self,
        now: Moment,
        utterance: UtteranceId,
        text: Option<&str>,
        certainty: Option<f32>,
        out: &mut Vec<Command>,
    ) {
        let Some(active) = self.active(utterance).filter(|active| active.look.deadline().is_some())
        else {
            return;
        };
        let voiced = active.voiced;
        let (span, start) = (active.began..now, Start::Microphone);
        let spoken = Spoken { span, aside: Some(now), voiced, held: false, start };
        let Some(text) = text else {
            active.look = Look::Failed;
            return;
        };
        let (look, halt) = match meaning(&self.own, &self.mouth.ahead(), text, &spoken, certainty) {
            Meaning::Words(text) if is_halt(&text) => {
                (Look::Halt { voiced: voiced.unwrap_or_default() }, true)
            }
            Meaning::Words(_) => (Look::Meant, false),
            Meaning::Nothing(why) => {
                if why == Ignored::OwnVoice {
                    self.ignore(now, utterance, why, out);
                }
                (Look::Nothing, false)
            }
            Meaning::Unclear => (Look::Nothing, false),
        };
        let meant = look != Look::Nothing;
        if let Some(active) = self.active(utterance) {
            active.look = look;
            // It is more than a murmur, whatever follows.
            active.aside &= !meant || halt;
        }
        if meant {
            self.speak_over(now, halt, out);
        }
    }

    /// Ignores what was said. The user may speak after its own voice: what follows is another
    /// utterance.
    fn ignore(
        &mut self,
        now: Moment,
        utterance: UtteranceId,
        why: Ignored,
        out: &mut Vec<Command>,
    ) {
        out.push(Command::Ignore { utterance, why });
        if why != Ignored::OwnVoice {
            return;
        }
        self.own.notice(now);
        if matches!(self.ear, Ear::Trailing(active) if active.id == Some(utterance)) {
            out.push(Command::EndSpeech);
        }
    }

    /// The user wants silence: as with the key, but what they go on to say is heard.
    fn silence(&mut self, now: Moment, out: &mut Vec<Command>) {
        self.cuts = 0;
        out.push(Command::Silence);
        self.fall_silent(now, out);
    }

    pub(super) fn on_text(
        &mut self,
        now: Moment,
        text: &str,
        pictures: Vec<Picture>,
        start: Start,
        out: &mut Vec<Command>,
    ) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        if self.asked.is_full() {
            out.push(Command::Tell(Failure::TooMuch));
            return;
        }
        self.cuts = 0;
        self.interrupt(now, out);
        self.asked.type_in(now, text.to_owned(), pictures, start);
    }

    pub(super) fn lose_microphone(&mut self, out: &mut Vec<Command>) {
        self.no_microphone = true;
        let speaking = self.ear.utterance().is_some();
        self.retract(out);
        self.shut_ear(out);
        if speaking {
            self.waiting.fail(Failure::LostMicrophone, out);
        }
    }

    /// Handles the ear's expired waits.
    pub(super) fn time_ear(&mut self, now: Moment, out: &mut Vec<Command>) {
        if self.ear.deadline().is_none_or(|until| now < until) {
            return;
        }
        match self.ear {
            Ear::Shut => {}
            Ear::Open { .. } => self.shut_ear(out),
            Ear::Hearing(active) | Ear::Trailing(active) => match active.key {
                // The key is stuck: its release was lost on the way.
                Key::Held => {
                    self.on_release(now, out);
                    out.push(Command::Tell(Failure::StuckKey));
                }
                Key::Free | Key::Released => {
                    // The end was never reported. What was committed is all there will be.
                    let committed = active.id.is_some_and(|id| self.make_firm(id));
                    self.shut_ear(out);
                    if !committed {
                        self.waiting.fail(Failure::LostMicrophone, out);
                    }
                }
            },
        }
    }

    /// Returns an idle ear to the mode's resting state; false if it is already there.
    pub(super) fn rest_ear(&mut self, out: &mut Vec<Command>) -> bool {
        let always = match self.setup.settings.mode {
            Mode::Open => !self.muted && !self.no_microphone,
            Mode::PushToTalk | Mode::Wake => false,
        };
        match self.ear {
            Ear::Shut if always => {
                self.ear = Ear::Open { until: None };
                out.push(Command::OpenEar { mode: ListenMode::Open });
                true
            }
            // A window opened in another mode stays open from now on.
            Ear::Open { until: Some(_) } if always => {
                self.ear = Ear::Open { until: None };
                true
            }
            Ear::Open { until: None } if !always => {
                self.shut_ear(out);
                true
            }
            Ear::Shut | Ear::Open { .. } | Ear::Hearing(_) | Ear::Trailing(_) => false,
        }
    }

    /// Opens the ear for a while in modes that close it again.
    pub(super) fn open_window(&mut self, now: Moment, mode: ListenMode, out: &mut Vec<Command>) {
        if self.ear == Ear::Shut && !self.muted && !self.no_microphone {
            self.ear = Ear::Open { until: Some(now + self.setup.settings.follow_up.window) };
            out.push(Command::OpenEar { mode });
        }
    }

    pub(super) fn shut_ear(&mut self, out: &mut Vec<Command>) {
        self.woken = false;
        if self.ear != Ear::Shut {
            self.ear = Ear::Shut;
            out.push(Command::ShutEar);
        }
    }

    fn press(&mut self, now: Moment, out: &mut Vec<Command>) {
        if self.ear.held() {
            // Keys auto-repeat while they are down.
            return;
        }
        if self.muted {
            out.push(Command::Tell(Failure::Muted));
            return;
        }
        if self.no_microphone {
            out.push(Command::Tell(Failure::LostMicrophone));
            return;
        }
        self.cuts = 0;
        self.interrupt(now, out);
        // An utterance in progress is taken over with its id.
        let (id, revision) =
            self.ear.utterance().map_or((None, 0), |active| (active.id, active.revision + 1));
        self.retract(out);
        let until = now + self.setup.settings.patience.utterance;
        self.ear = Ear::Hearing(ActiveUtterance {
            revision,
            ..ActiveUtterance::new(id, now, Key::Held, until)
        });
        out.push(Command::OpenEar { mode: ListenMode::Held });
    }

    fn wake(&mut self, now: Moment, out: &mut Vec<Command>) {
        if self.muted || self.no_microphone {
            return;
        }
        self.interrupt(now, out);
        if let Ear::Open { until: Some(until) } = &mut self.ear {
            *until = now + self.setup.settings.follow_up.window;
        } else {
            self.open_window(now, ListenMode::Woken, out);
            self.woken = self.setup.hears;
        }
    }

    fn on_started(&mut self, now: Moment, id: UtteranceId) {
        if self.newest.is_some_and(|newest| id <= newest) {
            return;
        }
        let until = now + self.setup.settings.patience.utterance;
        let aside = self.mouth.is_replying() || std::mem::take(&mut self.woken);
        match &mut self.ear {
            Ear::Shut => return,
            Ear::Open { .. } => {
                self.ear = Ear::Hearing(ActiveUtterance {
                    aside,
                    ..ActiveUtterance::new(Some(id), now, Key::Free, until)
                });
            }
            Ear::Hearing(active) | Ear::Trailing(active) => {
                // The held ear learns its utterance's id, or a long utterance continues as the
                // next one. An unreported end is no reason to drop what was committed.
                let before = active.id.replace(id);
                active.revision = 0;
                let active = *active;
                match active.key {
                    Key::Held => self.ear = Ear::Hearing(active),
                    Key::Free => {
                        let new = ActiveUtterance::new(Some(id), now, Key::Free, until);
                        self.ear = Ear::Hearing(ActiveUtterance { aside, ..new });
                    }
                    Key::Released => {}
                }
                if let Some(before) = before {
                    self.make_firm(before);
                }
            }
        }
        self.newest = Some(id);
    }

    fn on_paused(&mut self, now: Moment, id: UtteranceId, out: &mut Vec<Command>) {
        let Ear::Hearing(active) = self.ear else { return };
        if active.id != Some(id) {
            return;
        }
        let patience = &self.setup.settings.patience;
        let until = match active.key {
            Key::Held => active.until,
            Key::Free | Key::Released => now + patience.trailing,
        };
        self.ear = Ear::Trailing(ActiveUtterance { sure: true, until, ..active });
        // A request for silence needs nothing prepared.
        let wanted = self.setup.settings.speculate && !active.look.halts(active.voiced);
        if wanted && !self.asked.is_full() {
            let revision = Revision { utterance: id, number: active.revision };
            let until = now + patience.transcript;
            self.asked.commit(revision, self.spoken(now, &active), false, until);
            out.push(Command::Commit { revision });
        } else if !wanted {
            self.hear_over(now, out);
        }
    }

    fn on_resumed(&mut self, now: Moment, id: UtteranceId, out: &mut Vec<Command>) {
        let Ear::Trailing(mut active) = self.ear else { return };
        if active.id != Some(id) {
            return;
        }
        self.retract(out);
        active.revision += 1;
        self.ear = match active.key {
            Key::Held => Ear::Hearing(active),
            Key::Free => {
                let until = now + self.setup.settings.patience.utterance;
                Ear::Hearing(ActiveUtterance { until, ..active })
            }
            // The key is up: only the end can follow.
            Key::Released => Ear::Trailing(active),
        };
        if let Mouth::Replying { doubt: Doubt::Suspected { since }, .. } = &mut self.mouth {
            *since = now;
        }
    }

    fn on_ended(&mut self, now: Moment, id: UtteranceId, out: &mut Vec<Command>) {
        let Some(active) = self.active(id).copied() else { return };
        self.end_utterance(now);
        if active.look.halts(active.voiced) {
            self.retract(out);
            self.silence(now, out);
            return;
        }
        if self.make_firm(id) {
            return;
        }
        if self.asked.is_full() {
            out.push(Command::Tell(Failure::TooMuch));
            return;
        }
        let revision = Revision { utterance: id, number: active.revision };
        let until = now + self.setup.settings.patience.transcript;
        self.asked.commit(revision, self.spoken(now, &active), true, until);
        out.push(Command::Commit { revision });
    }

    /// An utterance as it is now.
    fn spoken(&self, now: Moment, active: &ActiveUtterance) -> Spoken {
        let held = active.key != Key::Free;
        // Until when the words of what began over a reply decide what it is.
        let aside = active.aside.then_some(now + self.setup.settings.interruption.words);
        let start = match self.setup.settings.mode {
            _ if held => Start::Key,
            Mode::Wake => Start::Wake,
            Mode::Open | Mode::PushToTalk => Start::Microphone,
        };
        Spoken { span: active.began..now, aside, voiced: active.voiced, held, start }
    }

    /// The committed part of `id` is final. False if nothing was committed.
    fn make_firm(&mut self, id: UtteranceId) -> bool {
        self.asked.make_firm(id) || self.mouth.asked_mut().is_some_and(|asked| asked.make_firm(id))
    }

    /// After an utterance: a held ear waits for the next one while the key is down; otherwise the
    /// ear returns to where it was before.
    fn end_utterance(&mut self, now: Moment) {
        let Some(active) = self.ear.utterance().copied() else { return };
        self.ear = match (active.key, self.setup.settings.mode) {
            (Key::Held, _) => {
                Ear::Hearing(ActiveUtterance { id: None, began: now, revision: 0, ..active })
            }
            (Key::Free, Mode::Open) => Ear::Open { until: None },
            (Key::Free, Mode::Wake | Mode::PushToTalk) => {
                // The user may go on after a longer pause, until the reply sounds.
                Ear::Open { until: Some(now + self.setup.settings.follow_up.window) }
            }
            // The listen thread has already closed the held ear.
            (Key::Released, _) => Ear::Shut,
        };
    }

    /// Drops the utterance in progress.
    fn drop_utterance(&mut self, out: &mut Vec<Command>) {
        if self.ear.utterance().is_some() {
            self.retract(out);
            self.shut_ear(out);
        }
    }

    /// Drops a question that is not being answered yet.
    pub(super) fn drop_asked(&mut self, out: &mut Vec<Command>) {
        out.extend(self.asked.awaited().into_iter().map(|revision| Command::Forget { revision }));
        self.asked = super::asked::Asked::default();
    }

    pub(super) fn active(&mut self, id: UtteranceId) -> Option<&mut ActiveUtterance> {
        self.ear.utterance_mut().filter(|active| active.id == Some(id))
    }
}
