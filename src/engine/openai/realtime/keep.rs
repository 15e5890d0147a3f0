//! A conversation as its sessions come and go: a fresh one is told what was said, a lost one is
//! replaced, and without one no question is left waiting.

use std::time::Duration;

use super::act::{Act, PAUSE, SocketId};
use super::connections::Silence;
use super::line::{Line, PATIENCE};
use super::outcome::Loss;
use super::session::Session;
use super::trouble::broke_off;
use crate::base::{Moment, UtteranceId};
use crate::engine::{EngineError, Said};

/// How long a question still waits for a session after a failed try: two more tries.
const HASTE: Duration = Duration::from_millis(1_600);

/// How long the fallback answers before the next try: after all tries failed, and after a refusal
/// that somebody has to fix.
const DOWN: Duration = Duration::from_secs(30);
const REFUSED: Duration = Duration::from_secs(60);

impl Line {
    /// The server has greeted: it gets the conversation so far, and the waiting questions.
    pub(super) fn on_ready(&mut self, now: Moment, socket: SocketId, out: &mut Vec<Act>) {
        let prompt = self.last.as_ref().map(|prompt| self.asked.before(prompt));
        let live = self.connections.live().is_some_and(|live| live.socket == socket);
        let Some(connection) = self.connections.get(socket) else { return };
        connection.ready = true;
        let Some(session) = &mut connection.session else { return };
        let mut outs = Vec::new();
        if let Some(prompt) = prompt {
            session.load(&prompt, &mut outs);
        }
        if live {
            for question in self.asked.unheard() {
                session.commit(now, &question.utterance, question.revision, &mut outs);
                if let Some(words) = &question.words {
                    session.know(question.utterance.id, words);
                }
            }
            self.connections.greeted();
            self.standin.back(&self.settings, out);
        }
        self.drain(now, socket, outs, out);
        if live {
            if let Some((start, pcm)) = self.stretch.take() {
                self.talk(now, out, |session, outs| session.hear(start, &pcm, outs));
            }
            self.hand(now, out);
        }
    }

    /// Whether somebody is waiting for a session.
    fn needed(&self, now: Moment) -> bool {
        self.turn.is_some()
            || self.asked.open().next().is_some()
            || self.stretch.grown + PAUSE > now
    }

    /// Whether nothing is in progress.
    pub(super) fn idle(&self) -> bool {
        let session = self.connections.live().and_then(|live| live.session.as_ref());
        let busy = session.is_some_and(Session::busy) || self.waits_for_words();
        self.turn.is_none() && self.reading.is_none() && !busy && !self.standin.busy()
    }

    /// Whether somebody is waiting for the server.
    pub(super) fn waits(&self) -> bool {
        self.turn.as_ref().is_some_and(|turn| turn.sent && !turn.spoke) || self.waits_for_words()
    }

    /// Replaces the old session with the fresh one, between turns.
    pub(super) fn swap(&mut self, now: Moment, out: &mut Vec<Act>) {
        let silent = self.stretch.grown + PAUSE <= now && self.asked.open().next().is_none();
        if silent && self.idle() {
            self.connections.exchange(out);
        }
    }

    /// Handles expired waits of a session and its connection.
    pub(super) fn look_after(&mut self, now: Moment, socket: SocketId, out: &mut Vec<Act>) {
        let mut outs = Vec::new();
        let made = self.connections.get(socket);
        if let Some(session) = made.and_then(|made| made.session.as_mut()) {
            session.tick(now, &mut outs);
        }
        self.drain(now, socket, outs, out);
        match self.connections.look_after(now, socket, self.waits(), out) {
            Silence::Bearable | Silence::Asked => {}
            Silence::Unmade => {
                out.push(Act::Hang(socket));
                let error = self.too_late();
                self.fail(now, socket, error, out);
            }
            Silence::Gone => self.lose(now, socket, Loss::Broken, out),
        }
    }

    /// A session is over.
    pub(super) fn lose(&mut self, now: Moment, socket: SocketId, loss: Loss, out: &mut Vec<Act>) {
        out.push(Act::Hang(socket));
        let Some(lost) = self.connections.remove(now, socket) else { return };
        let young = lost.session.is_none() || !lost.ready;
        if let Some(mut session) = lost.session {
            self.voice = session.voice();
            let mut outs = Vec::new();
            let said = session.said(&mut outs);
            self.drain(now, socket, outs, out);
            if let Some(turn) = &mut self.turn {
                turn.words.push_str(&said);
            }
        }
        self.break_off(now, out);
        let detects = loss == Loss::Detects;
        match loss {
            Loss::Dialect(dialect) => self.connections.learn(dialect),
            Loss::Detects => {
                if !std::mem::replace(&mut self.detects, true) {
                    let provider = &self.settings.provider;
                    out.push(Act::Say(Said::Note(format!(
                        "Provider {provider} ends turns by its own detection, whatever aloud asks for; set [realtime] turn_detection = \"server_vad\"."
                    ))));
                }
            }
            Loss::Refused(error) => {
                self.put_down(error, now + REFUSED, out);
                return;
            }
            Loss::Broken => {}
        }
        if let Some((socket, ready)) = self.connections.promote() {
            if ready {
                self.on_ready(now, socket, out);
            }
        } else if young {
            let provider = &self.settings.provider;
            let error = EngineError::Unreachable(format!(
                "provider {provider} closes every realtime session right away; check [realtime] model and dialect"
            ));
            self.try_again(now, error, out);
        } else if detects {
            // It is still busy with what it heard, and may serve one session at a time.
            self.connections.pause(now);
        } else if self.needed(now) {
            self.connections.dial(now, out);
        }
    }

    /// Decides what happens to the answer in progress.
    fn break_off(&mut self, now: Moment, out: &mut Vec<Act>) {
        if let Some(epoch) = self.reading.take() {
            let error = broke_off(&self.settings.provider);
            out.push(Act::Say(Said::Failed { epoch, error }));
        }
        let Some(mut turn) = self.turn.take() else { return };
        let epoch = turn.epoch;
        if turn.called {
            // The calls stand, and their outcomes go into the next session.
            out.push(Act::Say(Said::Done(epoch)));
            return;
        }
        // It is asked again, or the next session continues it.
        if turn.sent {
            (turn.sent, turn.until) = (false, now + PATIENCE);
        }
        self.turn = Some(turn);
    }

    /// A connection could not be opened.
    pub(super) fn fail(
        &mut self,
        now: Moment,
        socket: SocketId,
        error: EngineError,
        out: &mut Vec<Act>,
    ) {
        if self.connections.live().is_none_or(|live| live.socket != socket) {
            return self.lose(now, socket, Loss::Broken, out);
        }
        self.connections.remove(now, socket);
        match error {
            EngineError::Refused(_) | EngineError::Rejected(_) => {
                self.put_down(error, now + REFUSED, out);
            }
            EngineError::Unreachable(_)
            | EngineError::Overloaded { .. }
            | EngineError::Broken(_) => self.try_again(now, error, out),
        }
    }

    fn try_again(&mut self, now: Moment, error: EngineError, out: &mut Vec<Act>) {
        let needed = self.needed(now);
        if let Err(error) = self.connections.retry(now, error, needed) {
            return self.put_down(error, now + DOWN, out);
        }
        if let Some(turn) = &mut self.turn {
            // An unreachable server will hardly be in time.
            turn.until = turn.until.min(now + HASTE);
        }
        self.asked.hasten(now + HASTE);
    }

    fn put_down(&mut self, error: EngineError, until: Moment, out: &mut Vec<Act>) {
        tracing::warn!("{error}");
        self.connections.put_down(error, until);
        self.give_up_while_down(out);
        self.fall(out);
    }

    /// Whether transcripts are all that is wanted, and are still to come.
    fn waits_for_words(&self) -> bool {
        self.settings.writes() && self.asked.open().next().is_some()
    }

    /// Handles overdue transcripts. What cannot be transcribed is reported, so that another ear
    /// hears it.
    pub(super) fn time_words(&mut self, now: Moment, out: &mut Vec<Act>) {
        if !self.settings.writes() {
            return;
        }
        for question in self.asked.overdue(now) {
            let why = self.connections.why().cloned().unwrap_or_else(|| {
                let provider = &self.settings.provider;
                EngineError::Broken(format!(
                    "provider {provider} did not transcribe that in time; say it again"
                ))
            });
            self.unwritten(question.utterance.id, question.revision, why, out);
        }
    }

    /// There will be no transcript of this.
    pub(super) fn unwritten(
        &mut self,
        utterance: UtteranceId,
        revision: u32,
        why: EngineError,
        out: &mut Vec<Act>,
    ) {
        self.asked.forget(utterance, revision);
        let (result, certainty) = (Err(why), None);
        let said = Said::Transcript { utterance, revision, result, certainty, last: true };
        out.push(Act::Say(said));
    }

    /// No session is available: no pending transcript will come.
    pub(super) fn give_up_while_down(&mut self, out: &mut Vec<Act>) {
        let down = self.connections.down().filter(|_| self.settings.writes());
        let Some(why) = down.cloned() else { return };
        for question in self.asked.take() {
            self.unwritten(question.utterance.id, question.revision, why.clone(), out);
        }
    }
}
