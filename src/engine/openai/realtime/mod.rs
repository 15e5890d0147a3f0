//! The realtime partner: the user's speech goes to a server as it is spoken, and speech comes back.
//!
//! ```text
//! Order ─▶ Line ──────────────▶ Session ─▶ events of the client ─▶ Socket ─▶ server
//!          (which session,      (one session of the protocol)                  │
//!           when, or the        ◀──────── events of the server ◀───────────────┘
//!           fallback) ─▶ Said
//! ```
//!
//! A line can also serve as an ear ([`Purpose::Write`]): then it answers nothing, and reports what
//! it could not transcribe, so that another ear hears it.
//!
//! A fallback is any partner: the cascade, or another server's sessions with a fallback of their
//! own.
//!
//! [`Line`] and the session are pure: orders, messages and moments in, messages and
//! [`Said`](crate::engine::Said) out. [`Realtime`] puts them on real sockets.
//!
//! **Why an answer is requested while the user may still go on.** At a pause the machine commits
//! and orders a reply under a tentative epoch. The order is carried out unchanged: the sound is
//! committed and the answer is made, because this half second matters most, and a partner holds no
//! state of the turn. If the user goes on, the answer is cancelled and its items are deleted; the
//! committed sound stays as the first part of the same question, and only the rest is sent. So
//! going on costs a few tokens and no time. To save the tokens, set `[listen] speculate = false`.
//!
//! **Invariant:** the prompt is the truth. Before an answer is requested, the server's conversation
//! is made to match the prompt; what was not heard is cut or deleted as soon as that is known. So
//! typed words, notices, answers of the fallback and a whole new session need no code of their own.
//! **Invariant:** one answer at a time; the next is requested when the previous one is over.
//! **Invariant:** whatever the server sends for an unwanted answer has no effect.
//! **Invariant:** `audio_end_ms` never exceeds what was received; if nothing was heard the item is
//! deleted, if everything was heard nothing is sent.
//! **Invariant:** no lost connection loses a question: it is asked again in the next session, or
//! answered by the fallback, and the user is told which.
//! Deliberately absent: turns. A server that detects them is told not to act on them.

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

pub use act::{Act, SocketEvent, SocketId};
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
    /// The model's name, for messages and usage.
    pub model: String,
    /// The voice; `None` for the server's default.
    pub voice: Option<String>,
    /// How many times as fast as usual the voice speaks, 0.25 to 1.5; the server's own pace when
    /// there is none.
    pub speed: Option<f64>,
    /// The model that writes down what the user says; without one nothing is written down.
    pub transcribe: Option<String>,
    /// Who detects the ends of turns.
    pub turn_detection: TurnDetection,
    /// The dialect; detected from the server's greeting if `None`.
    pub dialect: Option<Dialect>,
    /// How sound travels.
    pub format: Format,
    /// Text only, no sound.
    pub silent: bool,
    /// The session is closed after this much silence; `None` for never.
    pub park_after: Option<Duration>,
    /// What it is for.
    pub purpose: Purpose,
}

/// What a session is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// Hears and answers.
    #[default]
    Talk,
    /// Transcribes as it is spoken, and answers nothing, with the model of
    /// [`Settings::transcribe`].
    Write {
        /// The languages that may be spoken, as in ISO 639-1; any if empty.
        languages: Vec<String>,
        /// Likely words.
        keywords: Vec<String>,
    },
}

impl Settings {
    /// Whether the session only transcribes.
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

/// The two versions of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The general availability version.
    Ga,
    /// The beta version, which many other servers speak.
    Beta,
}

/// Who detects the end of a turn.
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
