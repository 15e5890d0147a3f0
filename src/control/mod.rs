//! The control socket: how keys, bars and scripts drive a running service; and the desktop's media
//! keys, which end what rings.
//!
//! ```text
//! aloud press ─▶ {"cmd":"press"} ─▶ socket ─▶ drive::Handle        {"ok":true} ◀─┘
//! aloud events ─▶ {"cmd":"events"} ─▶ {"event":"state",…} then one line per event
//! ```
//!
//! **Invariant:** one JSON object per line, both ways; every request gets exactly one answer line,
//! and `events` an endless stream that starts with the full state.
//! **Invariant:** the socket belongs to one user (mode 600) and to one service at a time.
//! Deliberately absent: sound and secrets; neither ever travels here.

mod client;
pub mod media_keys;
mod server;
mod wire;

pub use client::{Client, ClientError};
pub use server::{BindError, Reload, Server, ServiceHandle};
pub use wire::{ANSWER_S, Answer, LINE_LIMIT, Line};
