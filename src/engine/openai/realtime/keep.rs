//! How long connections live: made when somebody needs one, looked after, exchanged between turns.

use std::time::Duration;

use super::act::{Act, Connection, PAUSE, SocketId};
use super::line::Line;
use super::outcome::Loss;
use super::session::Session;
use crate::base::Moment;
use crate::engine::EngineError;

/// How long a connection may take to be made.
const DIALING: Duration = Duration::from_secs(10);

/// Silence of a server after which it is asked whether it is there, and the wait for its answer;
/// shorter while somebody waits for it.
const SILENCE: Duration = Duration::from_secs(20);
const WAITED: Duration = Duration::from_secs(4);
const PONG: Duration = Duration::from_secs(5);

impl Line {
    /// Makes sure that a session is there or on its way.
    pub(super) fn wake(&mut self, now: Moment, out: &mut Vec<Act>) {
        if let Some((_, until)) = &self.down {
            if now < *until {
                return;
            }
            self.down = None;
            self.tries = 0;
        }
        if self.again.is_none() {
            self.dial(now, out);
        }
    }

    pub(super) fn dial(&mut self, now: Moment, out: &mut Vec<Act>) {
        if self.live.is_none() {
            let live = self.connect(now, out);
            self.live = Some(live);
        }
    }

    pub(super) fn connect(&mut self, now: Moment, out: &mut Vec<Act>) -> Connection {
        self.sockets += 1;
        let socket = SocketId(self.sockets);
        let dialect = self.dialect.or(self.settings.dialect);
        out.push(Act::Dial { socket, dialect });
        Connection { socket, since: now, session: None, ready: false, heard: now, pinged: None }
    }

    /// The server has greeted: it is told what was said so far, and asked what waits.
    pub(super) fn on_ready(&mut self, now: Moment, socket: SocketId, out: &mut Vec<Act>) {
        let prompt = self.last.as_ref().map(|prompt| self.asked.before(prompt));
        let live = self.live.as_ref().is_some_and(|live| live.socket == socket);
        let Some(connection) = self.connection(socket) else { return };
        connection.ready = true;
        let Some(session) = &mut connection.session else { return };
        let mut outs = Vec::new();
        if let Some(prompt) = prompt {
            session.load(&prompt, &mut outs);
        }
        if live {
            for question in self.asked.unheard() {
                let Some(session) = self.live.as_mut().and_then(|live| live.session.as_mut())
                else {
                    return;
                };
                session.commit(now, &question.utterance, question.take, &mut outs);
                if let Some(words) = &question.words {
                    session.know(question.utterance.id, words);
                }
            }
            (self.tries, self.again, self.down, self.why) = (0, None, None, None);
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

    /// Whether somebody waits for a session.
    pub(super) fn needed(&self, now: Moment) -> bool {
        self.turn.is_some()
            || self.asked.open().next().is_some()
            || self.stretch.grown + PAUSE > now
    }

    /// Whether nothing is under way.
    pub(super) fn idle(&self) -> bool {
        let busy = |c: &Connection| c.session.as_ref().is_some_and(Session::busy);
        let busy = self.live.as_ref().is_some_and(busy) || self.waits_for_words();
        self.turn.is_none() && self.reading.is_none() && !busy && !self.standin.busy()
    }

    /// Takes the fresh session in place of the old one, between turns.
    pub(super) fn swap(&mut self, now: Moment, out: &mut Vec<Act>) {
        let ready = self.next.as_ref().is_some_and(|next| next.ready);
        let silent = self.stretch.grown + PAUSE <= now && self.asked.open().next().is_none();
        if ready
            && silent
            && self.idle()
            && let Some(old) = std::mem::replace(&mut self.live, self.next.take())
        {
            out.push(Act::Hang(old.socket));
        }
    }

    /// When a connection is to be looked after, if nothing comes of it before.
    pub(super) fn due(&self, connection: &Connection) -> Moment {
        if connection.session.is_none() {
            return connection.since + DIALING;
        }
        let waits = self.turn.as_ref().is_some_and(|turn| turn.sent && !turn.spoke)
            || self.waits_for_words();
        let silence = if waits { WAITED } else { SILENCE };
        connection.pinged.map_or(connection.heard + silence, |pinged| pinged + PONG)
    }

    pub(super) fn look_after(&mut self, now: Moment, socket: SocketId, out: &mut Vec<Act>) {
        let provider = self.settings.provider.clone();
        let Some(connection) = self.connection(socket) else { return };
        let mut outs = Vec::new();
        if let Some(session) = &mut connection.session {
            session.tick(now, &mut outs);
        }
        self.drain(now, socket, outs, out);
        let due = self.live.iter().chain(&self.next).find(|c| c.socket == socket);
        if due.is_none_or(|connection| self.due(connection) > now) {
            return;
        }
        let Some(connection) = self.connection(socket) else { return };
        if connection.session.is_none() {
            out.push(Act::Hang(socket));
            let error = EngineError::Unreachable(format!(
                "provider {provider} did not answer in time; check the network and its base_url"
            ));
            self.fail(now, socket, error, out);
        } else if connection.pinged.is_none() {
            connection.pinged = Some(now);
            out.push(Act::Ping(socket));
        } else {
            self.lose(now, socket, Loss::Broken, out);
        }
    }
}
