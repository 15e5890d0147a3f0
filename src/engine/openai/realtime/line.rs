use std::sync::Arc;
use std::time::Duration;

use super::act::{Act, PAUSE, SocketEvent, SocketId};
use super::asked::{self, Asked, Stretch};
use super::connections::Connections;
use super::outcome::{Loss, Out, Voice};
use super::session::Session;
use super::standin::{Behind, StandIn};
use super::{Dialect, Settings, TurnDetection};
use crate::base::{Epoch, Moment, SPEAKER_RATE};
use crate::dialog::Prompt;
use crate::engine::{EngineError, Order, Said};

/// How long a question waits for a session before the fallback answers it.
pub(super) const PATIENCE: Duration = Duration::from_secs(4);

/// A conversation over as many sessions as it takes. Pure: no sockets, no clock.
///
/// It keeps questions until they are answered, opens a session when one is needed, closes it when
/// nobody speaks, and lets the fallback answer when no session is available.
pub struct Line {
    pub(super) settings: Arc<Settings>,
    pub(super) connections: Connections,
    /// Whether the server turned out to detect turns whatever it is told.
    pub(super) detects: bool,
    pub(super) asked: Asked,
    pub(super) stretch: Stretch,
    pub(super) turn: Option<Turn>,
    /// The prompt of the last answer: the history for a fresh session.
    pub(super) last: Option<Prompt>,
    /// Samples at 48 kHz handed out of the newest epoch, and the session that handed out the last.
    pub(super) given: (Epoch, u64, Option<SocketId>),
    /// A text that the session is reading out.
    pub(super) reading: Option<Epoch>,
    pub(super) standin: StandIn,
    pub(super) stirred: Moment,
    pub(super) voice: Voice,
}

/// A requested answer.
pub(super) struct Turn {
    pub(super) epoch: Epoch,
    pub(super) prompt: Prompt,
    /// When the fallback takes it, if no session has.
    pub(super) until: Moment,
    /// Whether a session was asked.
    pub(super) sent: bool,
    pub(super) spoke: bool,
    pub(super) called: bool,
    /// Words of it that lost sessions have already said.
    pub(super) words: String,
}

impl Line {
    /// A line without a session. A fallback that can speak also speaks announcements.
    pub fn new(settings: Settings, behind: Behind) -> Self {
        Self {
            connections: Connections::new(settings.dialect),
            settings: Arc::new(settings),
            detects: false,
            asked: Asked::default(),
            stretch: Stretch::default(),
            turn: None,
            last: None,
            given: (Epoch::NONE, 0, None),
            reading: None,
            standin: StandIn::new(behind),
            stirred: Moment::ZERO,
            voice: Voice::new(),
        }
    }

    /// Takes an order at the moment `now`.
    pub fn order(&mut self, now: Moment, order: Order, out: &mut Vec<Act>) {
        self.stirred = now;
        match order {
            Order::Hear(frame) => {
                let heard =
                    self.talk(now, out, |s, outs| s.hear(frame.start, &frame.samples, outs));
                if heard {
                    self.stretch.grown = now;
                } else {
                    self.stretch.push(now, frame.start, &frame.samples);
                    self.connections.wake(now, out);
                    self.standin.hear(frame, out);
                }
            }
            Order::Prepare => {
                self.connections.wake(now, out);
                self.standin.prepare(out);
            }
            Order::Commit { utterance, revision } => {
                self.asked.push(utterance.clone(), revision, asked::until(now, &utterance));
                // The utterance contains all of it.
                self.stretch.take();
                if !self.talk(now, out, |s, outs| s.commit(now, &utterance, revision, outs)) {
                    self.connections.wake(now, out);
                    self.give_up_while_down(out);
                }
            }
            Order::Forget { utterance, revision } => {
                self.asked.forget(utterance, revision);
                self.talk(now, out, |session, _| session.forget(utterance, revision));
                self.standin.forget(utterance, revision, out);
            }
            Order::Respond { epoch, prompt } => self.respond(now, epoch, prompt, out),
            Order::Announce { epoch, text, sure } => self.announce(now, epoch, text, sure, out),
            // A session's sound cannot be held back.
            Order::Hold(held) => out.push(Act::Fall(Order::Hold(held))),
            Order::Abort(epoch) => {
                self.turn = self.turn.take().filter(|turn| turn.epoch != epoch);
                self.reading = self.reading.filter(|reading| *reading != epoch);
                self.talk(now, out, |session, outs| session.abort(now, epoch, outs));
                self.standin.abort(epoch, out);
            }
            Order::Rewind { epoch, heard } => {
                self.talk(now, out, |session, outs| session.rewind(epoch, &heard, outs));
                self.standin.rewind(epoch, heard, out);
            }
        }
    }

    /// Handles an event of a connection.
    pub fn handle(
        &mut self,
        now: Moment,
        socket: SocketId,
        event: SocketEvent,
        out: &mut Vec<Act>,
    ) {
        let (settings, voice) = (self.spoken(), self.voice.clone());
        let Some(connection) = self.connections.get(socket) else { return };
        connection.hear(now);
        match event {
            SocketEvent::Open => {
                connection.session = Some(Session::new(now, socket.0, settings, voice));
                connection.since = now;
            }
            SocketEvent::Text(text) => {
                let mut outs = Vec::new();
                if let Some(session) = &mut connection.session {
                    session.receive(now, &text, &mut outs);
                }
                self.drain(now, socket, outs, out);
            }
            SocketEvent::Pong => {}
            SocketEvent::Closed(code) => {
                tracing::debug!(?code, "the server has closed the session");
                let loss = match code {
                    // The close code of servers when the dialect is wrong.
                    Some(4000) => Loss::Dialect(Dialect::Ga),
                    _ => Loss::Broken,
                };
                self.lose(now, socket, loss, out);
            }
            SocketEvent::Failed(error) => self.fail(now, socket, error, out),
        }
        self.swap(now, out);
    }

    /// Takes what the fallback says.
    pub fn stand_in(&mut self, now: Moment, said: Said, out: &mut Vec<Act>) {
        self.stirred = now;
        self.standin.said(&mut self.asked, said, out);
    }

    /// When [`Line::tick`] is due.
    pub fn deadline(&self) -> Option<Moment> {
        let idle = self.idle();
        let turn = self.turn.as_ref().filter(|turn| !turn.sent).map(|turn| turn.until);
        let parks = idle && self.connections.live().is_some();
        let park = self.settings.park_after.filter(|_| parks).map(|after| self.stirred + after);
        let words = self.asked.due().filter(|_| self.settings.writes());
        let swap = idle.then(|| self.stretch.grown + PAUSE);
        let connections = self.connections.deadline(self.waits(), swap);
        [turn, park, words, connections].into_iter().flatten().min()
    }

    /// Handles expired waits.
    pub fn tick(&mut self, now: Moment, out: &mut Vec<Act>) {
        for socket in self.connections.sockets() {
            self.look_after(now, socket, out);
        }
        self.connections.renew(now, out);
        if self.turn.as_ref().is_some_and(|turn| !turn.sent && turn.until <= now) {
            self.fall(out);
        }
        self.time_words(now, out);
        self.swap(now, out);
        let parks = self.settings.park_after.is_some_and(|after| self.stirred + after <= now);
        if parks && self.idle() {
            self.connections.park(out);
        }
    }

    fn respond(&mut self, now: Moment, epoch: Epoch, prompt: Prompt, out: &mut Vec<Act>) {
        self.asked.settle(&prompt.items);
        self.last = Some(prompt.clone());
        if self.standin.answers(epoch) {
            out.push(Act::Fall(Order::Respond { epoch, prompt }));
            return;
        }
        let until = now + PATIENCE;
        let (sent, spoke, called, words) = (false, false, false, String::new());
        self.turn = Some(Turn { epoch, prompt, until, sent, spoke, called, words });
        if self.given.0 != epoch {
            self.given = (epoch, 0, None);
        }
        self.hand(now, out);
        if self.turn.as_ref().is_some_and(|turn| !turn.sent) {
            self.connections.wake(now, out);
            if self.connections.live().is_none() && self.connections.down().is_some() {
                self.fall(out);
            }
        }
    }

    /// Asks the session for the requested answer.
    pub(super) fn hand(&mut self, now: Moment, out: &mut Vec<Act>) {
        let Some(turn) = self.turn.as_mut().filter(|turn| !turn.sent) else { return };
        let live = self.connections.live().filter(|live| live.ready).map(|live| live.socket);
        let Some(live) = live else { return };
        turn.sent = true;
        let (epoch, words) = (turn.epoch, turn.words.clone());
        let prompt = self.asked.fill(turn.prompt.clone());
        let (_, samples, by) = self.given;
        if samples > 0 && by != Some(live) {
            self.talk(now, out, |s, outs| s.go_on(epoch, &prompt, samples, &words, outs));
        } else {
            self.talk(now, out, |session, outs| session.respond(epoch, &prompt, outs));
        }
    }

    fn announce(
        &mut self,
        now: Moment,
        epoch: Epoch,
        text: String,
        sure: bool,
        out: &mut Vec<Act>,
    ) {
        if !self.standin.voiced() && !self.settings.silent {
            let words = text.clone();
            if self.talk(now, out, |session, outs| session.recite(epoch, words, outs)) {
                self.reading = Some(epoch);
                return;
            }
        }
        out.push(Act::Fall(Order::Announce { epoch, text, sure }));
    }

    /// Lets the fallback answer.
    pub(super) fn fall(&mut self, out: &mut Vec<Act>) {
        let Some(turn) = self.turn.take() else { return };
        if turn.spoke {
            // Another voice and mind cannot continue in the middle of a sentence.
            let (epoch, provider) = (turn.epoch, &self.settings.provider);
            let error = EngineError::Broken(format!(
                "the connection to provider {provider} dropped in the middle of the answer; ask again"
            ));
            out.push(Act::Say(Said::Failed { epoch, error }));
            return;
        }
        let why = self.connections.down().or_else(|| self.connections.why()).cloned();
        let why = why.unwrap_or_else(|| self.too_late());
        self.standin.take(&self.asked, turn.epoch, turn.prompt, &why, out);
    }

    /// The error of a connection that did not open in time.
    pub(super) fn too_late(&self) -> EngineError {
        let provider = &self.settings.provider;
        EngineError::Unreachable(format!(
            "provider {provider} did not answer in time; check the network and its base_url"
        ))
    }

    /// The settings, updated with what was learned since.
    fn spoken(&self) -> Arc<Settings> {
        let dialect = self.connections.dialect();
        if dialect == self.settings.dialect && !self.detects {
            return Arc::clone(&self.settings);
        }
        let mut settings = (*self.settings).clone();
        settings.dialect = dialect;
        if self.detects && settings.turn_detection == TurnDetection::Ours {
            settings.turn_detection = TurnDetection::ServerVad;
        }
        Arc::new(settings)
    }

    /// Gives the live session an order; false if no session can take it.
    pub(super) fn talk(
        &mut self,
        now: Moment,
        out: &mut Vec<Act>,
        order: impl FnOnce(&mut Session, &mut Vec<Out>),
    ) -> bool {
        let Some((socket, session)) = self.connections.talking() else { return false };
        let mut outs = Vec::new();
        order(session, &mut outs);
        self.drain(now, socket, outs, out);
        true
    }

    pub(super) fn drain(
        &mut self,
        now: Moment,
        socket: SocketId,
        outs: Vec<Out>,
        out: &mut Vec<Act>,
    ) {
        for what in outs {
            match what {
                Out::Send(text) => out.push(Act::Send { socket, text }),
                Out::Say(said) => self.say(socket, said, out),
                Out::Ready => self.on_ready(now, socket, out),
                Out::Lost(loss) => self.lose(now, socket, loss, out),
                Out::Usage(usage) => {
                    out.push(Act::Count { model: self.settings.model.clone(), usage });
                }
                Out::Written(usage) => {
                    let model = self.settings.transcribe.clone();
                    let model = model.unwrap_or_else(|| self.settings.model.clone());
                    out.push(Act::Count { model, usage });
                }
                Out::Limits(limits) => out.push(Act::Limits(limits)),
                Out::TurnOver => out.push(Act::Say(Said::TurnOver)),
                Out::Unwritten(utterance, revision) => {
                    let provider = &self.settings.provider;
                    let why = EngineError::Broken(format!(
                        "provider {provider} could not transcribe that; say it again"
                    ));
                    self.unwritten(utterance, revision, why, out);
                }
            }
        }
    }

    /// Handles a session's output.
    fn say(&mut self, socket: SocketId, said: Said, out: &mut Vec<Act>) {
        match &said {
            Said::Transcript { utterance, revision, result: Ok(text), last, .. } => {
                if !self.asked.learn(*utterance, *revision, text, *last) {
                    return;
                }
                if *last && self.settings.writes() {
                    self.asked.forget(*utterance, *revision);
                    let written =
                        self.connections.get(socket).and_then(|made| made.session.as_mut());
                    written.into_iter().for_each(|session| session.written(*utterance));
                }
            }
            Said::Chunk { epoch, chunk } => {
                if let Some(turn) = self.turn.as_mut().filter(|turn| turn.epoch == *epoch) {
                    turn.spoke = true;
                    let rate = u64::from(chunk.rate.0.max(1));
                    let samples = chunk.pcm.len() as u64 * u64::from(SPEAKER_RATE.0) / rate;
                    self.given = (*epoch, self.given.1 + samples, Some(socket));
                    self.asked.answer();
                }
            }
            Said::Call { epoch, .. } => {
                if let Some(turn) = self.turn.as_mut().filter(|turn| turn.epoch == *epoch) {
                    turn.called = true;
                }
            }
            Said::Done(epoch) => {
                if self.turn.as_ref().is_some_and(|turn| turn.epoch == *epoch) {
                    self.turn = None;
                    self.asked.answer();
                }
                self.reading = self.reading.filter(|reading| reading != epoch);
            }
            Said::Failed { epoch, error } => {
                self.reading = self.reading.filter(|reading| reading != epoch);
                let turn = self.turn.take_if(|turn| turn.epoch == *epoch);
                // Another engine may do better, as long as nothing was said.
                let elsewhere = !matches!(error, EngineError::Refused(_));
                if let Some(turn) = turn.filter(|turn| !turn.spoke && !turn.called && elsewhere) {
                    self.standin.take(&self.asked, turn.epoch, turn.prompt, error, out);
                    return;
                }
            }
            Said::Transcript { result: Err(_), .. }
            | Said::Hearing(_)
            | Said::FirstWords(_)
            | Said::Written { .. }
            | Said::Source { .. }
            | Said::Note(_)
            | Said::TurnOver => {}
        }
        out.push(Act::Say(said));
    }
}
