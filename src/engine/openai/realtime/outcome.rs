//! What a session waits for, and what it produces.

use std::collections::VecDeque;

use super::Dialect;
use super::jitter::JitterBuffer;
use crate::base::{Epoch, Moment, UtteranceId};
use crate::engine::{EngineError, Limit, Said, Usage};

/// Speaking rate of a voice until measured, in characters per second: 150 words a minute of 6
/// letters, including the blank.
const PACE: f64 = 15.0;

/// Event and answer ids remembered, and epochs whose sound is.
const REMEMBERED: usize = 64;

/// Instructions for a session that takes over an answer in the middle.
pub(super) const GO_ON: &str = "Your last message broke off because the line dropped. Go on with the very \
    next word of it; repeat nothing, and do not mention it.";

/// Whether the server has greeted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Greeted {
    Not { until: Moment },
    Yes,
}

/// An answer to request as soon as the server is free.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// With its own instructions if it is not an ordinary one.
    Reply(Epoch, Option<String>),
    Recital(Epoch, String),
}

impl Wanted {
    pub(super) const fn epoch(&self) -> Epoch {
        match self {
            Self::Reply(epoch, _) | Self::Recital(epoch, _) => *epoch,
        }
    }
}

/// Output of a session.
#[derive(Debug)]
pub(super) enum Out {
    /// Message to send.
    Send(String),
    /// Output for the driver.
    Say(Said),
    /// The server has greeted: orders may come.
    Ready,
    /// The session is of no more use.
    Lost(Loss),
    /// Usage of an answer or a transcript.
    Usage(Usage),
    Written(Usage),
    /// Remaining rate limits.
    Limits(Vec<Limit>),
    /// The server detected the end of a turn.
    TurnOver,
    /// There will be no transcript of this. Only if transcribing is the session's purpose.
    Unwritten(UtteranceId, u32),
}

/// Why a session is of no more use.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Loss {
    /// Another one will do: it expired, or the connection broke.
    Broken,
    /// The server speaks the other dialect.
    Dialect(Dialect),
    /// The server detects turns although it was told not to.
    Detects,
    /// No session is possible until something is fixed.
    Refused(EngineError),
}

/// What is learned over many answers.
#[derive(Clone, Debug)]
pub(super) struct Voice {
    pub(super) jitter: JitterBuffer,
    /// Characters per second.
    pub(super) pace: f64,
}

impl Voice {
    pub(super) const fn new() -> Self {
        Self { jitter: JitterBuffer::new(), pace: PACE }
    }
}

/// Keeps `name` among the newest of `list`.
pub(super) fn remember(list: &mut VecDeque<String>, name: String) {
    if list.len() == REMEMBERED {
        list.pop_front();
    }
    list.push_back(name);
}
