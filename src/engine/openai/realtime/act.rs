//! What a line of sessions wants done on its connections, and what happens to them.

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
    /// Make a connection; [`Happening::Open`] or [`Happening::Failed`] follows.
    Dial {
        /// Its name.
        socket: SocketId,
        /// The dialect to announce, where it is known to be the old one.
        dialect: Option<Dialect>,
    },
    /// Send this message.
    Send {
        /// Where.
        socket: SocketId,
        /// The event as JSON.
        text: String,
    },
    /// Ask whether the other side is there.
    Ping(SocketId),
    /// Close the connection; nothing is expected of it any more.
    Hang(SocketId),
    /// Say this.
    Say(Said),
    /// The fallback is to do this.
    Fall(Order),
    /// So much of a model of this provider was used.
    Count {
        /// The model.
        model: String,
        /// How much of it.
        usage: Usage,
    },
    /// So much may still be used.
    Limits(Vec<Limit>),
}

/// What happens to a connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// It is made.
    Open,
    /// It cannot be made.
    Failed(EngineError),
    /// A message came.
    Text(String),
    /// The other side is there.
    Pong,
    /// It was closed, with a code where the other side gave one.
    Closed(Option<u16>),
}
