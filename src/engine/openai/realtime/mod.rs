//! The realtime partner: the user's speech goes to a server as it is spoken, and speech comes back.
//!
//! ```text
//! Order ─▶ Line ──────────────▶ Session ─▶ events of the client ─▶ Socket ─▶ server
//!          (which session,      (one session of the protocol)                  │
//!           when, or the        ◀──────── events of the server ◀───────────────┘
//!           fallback) ─▶ Said
//! ```
//!
//! The same line also serves as an ear ([`Purpose::Write`]): then it answers nothing, and says what
//! could not be written down, so that another ear hears it.
//!
//! A fallback is any partner: the cascade, or another server's sessions with a fallback of their
//! own.
//!
//! [`Line`] and the session are pure: orders, messages and moments in, messages and
//! [`Said`](crate::engine::Said) out. [`Realtime`] puts them on real sockets.
//!
//! **Why an answer is asked for while the user may still go on.** At a pause the machine commits
//! and orders a reply under a tentative epoch. This is carried out as it stands: the sound is
//! committed and the answer is made, because that is the half second that counts, and a partner
//! holds no state of the turn. When the user goes on, the answer is cancelled and its items are
//! deleted; the committed sound stays as the first part of the same question, and only what
//! follows is sent. So going on costs a few tokens and no time. Who minds the tokens sets
//! `[listen] speculate = false`.
//!
//! **Invariant:** the prompt is the truth. Before an answer is asked for, the server's conversation
//! is made to say what the prompt says; what was not heard is cut or deleted as soon as that is
//! known. So typed words, notices, answers of the fallback and a whole new session need no code
//! of their own.
//! **Invariant:** one answer at a time; the next is asked for when the one before is over.
//! **Invariant:** what the server sends of an answer that is not wanted any more has no effect.
//! **Invariant:** `audio_end_ms` is never more than what was received; nothing heard deletes the
//! item, all heard sends nothing.
//! **Invariant:** a question is lost with no connection: it is asked again in the next session, or
//! answered by the fallback, and the user is told which.
//! Absent on purpose: turns. A server that finds their ends is asked to make nothing of them.

mod act;
mod answer;
mod asked;
mod connections;
mod event;
mod jitter;
mod keep;
mod line;
mod mirror;
mod outcome;
mod partner;
mod reader;
mod reading;
mod receive;
mod scribe;
mod session;
mod socket;
mod sound;
mod standin;
mod trouble;
mod wire;

pub use act::{Act, Happening, SocketId};
pub use line::Line;
pub use partner::{Fallback, Realtime};
pub use reader::Reader;
pub use scribe::Scribe;
pub use socket::Server;
pub use sound::Format;
pub use standin::Behind;

use std::time::Duration;

/// What a session is to be like.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The provider's name, for messages.
    pub provider: String,
    /// The model's name, for messages and the count of what was used.
    pub model: String,
    /// The voice; the server's own when there is none.
    pub voice: Option<String>,
    /// How many times as fast as usual the voice speaks, 0.25 to 1.5; the server's own pace when
    /// there is none.
    pub speed: Option<f64>,
    /// The model that writes down what the user says; without one nothing is written down.
    pub transcribe: Option<String>,
    /// Who finds the ends of turns.
    pub turn_detection: TurnDetection,
    /// The dialect; found out from the server's greeting when it is not set.
    pub dialect: Option<Dialect>,
    /// How sound travels.
    pub format: Format,
    /// Words only, no sound.
    pub silent: bool,
    /// The session is closed after so much silence; never when there is none.
    pub park_after: Option<Duration>,
    /// What it is for.
    pub purpose: Purpose,
}

/// What a session is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// It hears and answers.
    #[default]
    Talk,
    /// It writes down what it hears, while it is spoken, and answers nothing. The model is that of
    /// [`Settings::transcribe`].
    Write {
        /// The languages that may be spoken, as in ISO-639-1; any when empty.
        languages: Vec<String>,
        /// Words that are likely.
        keywords: Vec<String>,
    },
}

impl Settings {
    /// Whether the session only writes.
    pub(self) const fn writes(&self) -> bool {
        match self.purpose {
            Purpose::Talk => false,
            Purpose::Write { .. } => true,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            provider: "openai".to_owned(),
            model: crate::engine::openai::defaults::REALTIME.to_owned(),
            voice: None,
            speed: None,
            transcribe: None,
            turn_detection: TurnDetection::default(),
            dialect: None,
            format: Format::default(),
            silent: false,
            park_after: Some(Duration::from_secs(120)),
            purpose: Purpose::Talk,
        }
    }
}

/// The two forms of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The general one.
    Ga,
    /// The one before it, which many other servers speak.
    Beta,
}

/// Who finds the end of a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TurnDetection {
    /// aloud's own listening.
    #[default]
    Ours,
    /// The server, by silence.
    ServerVad,
    /// The server, by meaning.
    SemanticVad,
}
