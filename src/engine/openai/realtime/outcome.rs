//! What a session waits for, and what comes out of it.

use std::collections::VecDeque;

use super::Dialect;
use super::jitter::JitterBuffer;
use crate::base::{Epoch, Moment, UtteranceId};
use crate::engine::{EngineError, Limit, Said, Usage};

/// How fast a voice speaks until that is known, in characters a second: 150 words a minute of 6
/// letters, the blank included.
const PACE: f64 = 15.0;

/// Names of events and answers that are remembered, and epochs whose sound is.
const REMEMBERED: usize = 64;

/// What a session goes by that takes over an answer in the middle.
pub(super) const GO_ON: &str = "Your last message broke off because the line dropped. Go on with the very \
    next word of it; repeat nothing, and do not mention it.";

/// Whether the server has greeted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Greeted {
    Not { until: Moment },
    Yes,
}

/// An answer to be asked for as soon as the server is free.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// With instructions of its own where it is not the usual kind.
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

/// What comes out of a session.
#[derive(Debug)]
pub(super) enum Out {
    /// To be sent.
    Send(String),
    /// To be said.
    Say(Said),
    /// The server has greeted: orders may come.
    Ready,
    /// The session is of no more use.
    Lost(Loss),
    /// What an answer used, or what writing down did.
    Usage(Usage),
    Written(Usage),
    /// What is left.
    Limits(Vec<Limit>),
    /// The server heard the end of a turn.
    TurnOver,
    /// No words will come of this. Only where they are what the session is for.
    Unwritten(UtteranceId, u32),
}

/// Why a session is of no more use.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Loss {
    /// Another one will do: it expired, or the line broke.
    Broken,
    /// The server speaks the other dialect.
    Dialect(Dialect),
    /// The server finds the ends of turns by itself, although it was told not to.
    Detects,
    /// No session can be had until something is mended.
    Refused(EngineError),
}

/// What is learnt over many answers.
#[derive(Clone, Debug)]
pub(super) struct Voice {
    pub(super) jitter: JitterBuffer,
    /// Characters a second.
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
