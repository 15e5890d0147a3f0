//! What becomes of a conversation whose session is lost, or cannot be had.

use std::time::Duration;

use super::act::{Act, SocketId};
use super::line::{Line, PATIENCE};
use super::outcome::Loss;
use super::trouble::broke_off;
use crate::base::Moment;
use crate::engine::{EngineError, Said};

/// Times a lost or refused connection is tried again, and the wait before the first of them, which
/// doubles: what the vendor's own clients do.
const TRIES: u32 = 5;
const BACKOFF: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(8);

/// How long a question still waits for a session once a try has failed: two more of them.
const HASTE: Duration = Duration::from_millis(1_600);

/// How long the fallback answers without another try: after all tries, and after a refusal that
/// somebody has to mend.
const DOWN: Duration = Duration::from_secs(30);
const REFUSED: Duration = Duration::from_secs(60);

impl Line {
    /// A session is over.
    pub(super) fn lose(&mut self, now: Moment, socket: SocketId, loss: Loss, out: &mut Vec<Act>) {
        out.push(Act::Hang(socket));
        if self.next.as_ref().is_some_and(|next| next.socket == socket) {
            // The old one goes on; its own end will ask for another.
            self.next = None;
            if let Some(live) = &mut self.live {
                live.since = now;
            }
            return;
        }
        let Some(live) = self.live.take_if(|live| live.socket == socket) else { return };
        let young = live.session.is_none() || !live.ready;
        if let Some(mut session) = live.session {
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
            Loss::Dialect(dialect) => self.dialect = Some(dialect),
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
        if let Some(next) = self.next.take() {
            let (socket, ready) = (next.socket, next.ready);
            self.live = Some(next);
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
            // It is in the middle of what it heard, and may serve one session at a time.
            self.again = Some(now + BACKOFF);
        } else if self.needed(now) {
            self.dial(now, out);
        }
    }

    /// What becomes of the answer that was under way.
    fn break_off(&mut self, now: Moment, out: &mut Vec<Act>) {
        if let Some(epoch) = self.reading.take() {
            let error = broke_off(&self.settings.provider);
            out.push(Act::Say(Said::Failed { epoch, error }));
        }
        let Some(mut turn) = self.turn.take() else { return };
        let epoch = turn.epoch;
        if turn.called {
            // The calls stand, and what they come to goes into the next session.
            out.push(Act::Say(Said::Done(epoch)));
            return;
        }
        // It is asked again, or the next session goes on where this one was.
        if turn.sent {
            (turn.sent, turn.until) = (false, now + PATIENCE);
        }
        self.turn = Some(turn);
    }

    /// A connection could not be made.
    pub(super) fn fail(
        &mut self,
        now: Moment,
        socket: SocketId,
        error: EngineError,
        out: &mut Vec<Act>,
    ) {
        let live = self.live.take_if(|live| live.socket == socket).is_some();
        if !live {
            return self.lose(now, socket, Loss::Broken, out);
        }
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
        if self.tries == TRIES {
            return self.put_down(error, now + DOWN, out);
        }
        self.why = Some(error);
        if let Some(turn) = &mut self.turn {
            // Who cannot be reached will hardly be in time.
            turn.until = turn.until.min(now + HASTE);
        }
        self.asked.hasten(now + HASTE);
        if self.needed(now) || self.tries > 0 {
            self.again = Some(now + (BACKOFF * 2u32.pow(self.tries)).min(LONGEST));
        }
        self.tries += 1;
    }

    fn put_down(&mut self, error: EngineError, until: Moment, out: &mut Vec<Act>) {
        tracing::warn!("{error}");
        (self.again, self.tries) = (None, 0);
        self.down = Some((error, until));
        self.give_up_while_down(out);
        self.fall(out);
    }
}
