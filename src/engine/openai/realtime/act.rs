//! What a line of sessions wants done on its connections, and what happens on them.

use std::time::Duration;

use super::Dialect;
use crate::engine::{EngineError, Limit, Order, Said, Usage};

/// Silence of the user after which nobody is in the middle of a word.
pub(super) const PAUSE: Duration = Duration::from_secs(2);

/// One connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u32);

/// What a line wants done.
#[derive(Debug)]
pub enum Act {
    /// Open a connection; [`SocketEvent::Open`] or [`SocketEvent::Failed`] follows.
    Dial {
        /// Its id.
        socket: SocketId,
        /// The dialect to announce, if it is known to be the old one.
        dialect: Option<Dialect>,
    },
    /// Send this message.
    Send {
        /// Where.
        socket: SocketId,
        /// The event as JSON.
        text: String,
    },
    /// Ask whether the other side is alive.
    Ping(SocketId),
    /// Close the connection; nothing more is expected of it.
    Hang(SocketId),
    /// Say this.
    Say(Said),
    /// Order for the fallback.
    Fall(Order),
    /// Usage to count.
    Count {
        /// The model.
        model: String,
        /// The usage.
        usage: Usage,
    },
    /// Remaining rate limits.
    Limits(Vec<Limit>),
}

/// What happens on a connection.
#[derive(Clone, Debug, PartialEq)]
pub enum SocketEvent {
    /// It is open.
    Open,
    /// It could not be opened.
    Failed(EngineError),
    /// A message arrived.
    Text(String),
    /// The other side is alive.
    Pong,
    /// It was closed, with a code if the other side gave one.
    Closed(Option<u16>),
}
