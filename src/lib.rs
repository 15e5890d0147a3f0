//! aloud: a voice assistant daemon. It hears, understands, acts and answers aloud.
//!
//! The map of the crate, in reading order:
//!
//! ```text
//! mic ─▶ audio ─▶ listen ─▶ drive { turn::Machine } ─▶ engine ─▶ drive::speaker ─▶ audio ─▶ spk
//!                             ▲    └──▶ tool
//!                control, cli ┘
//! ```
//!
//! - [`base`]: time, ids, frames of sound; what every room shares.
//! - [`dialog`]: what was said: items, history, prompt.
//! - [`turn`]: the pure machine that decides everything about turns.
//! - [`pcm`]: reading and writing sound files in any format, changing rates.
//! - [`audio`]: devices, the two real-time edges, earcons.
//! - [`listen`]: voice activity and cutting utterances.
//! - [`grammar`]: the meaning of spoken commands.
//! - [`language`]: how numbers, times, dates, money and units are written and said.
//! - [`engine`]: transcribers, responders, synthesizers, and partners made of them.
//! - [`tool`]: what a spoken command can call.
//! - [`ledger`]: the use of providers' models, and its cost.
//! - `net`: HTTP clients and TLS, for providers, tools and downloads.
//! - [`models`]: model files: where they come from, and whether they are intact.
//! - [`drive`]: the loop that owns the machine and does the work per epoch.
//! - [`keys`]: the talk keys of the desktop.
//! - [`control`]: the socket through which keys, bars and scripts drive a running service.
//! - [`config`] and [`cli`]: settings and commands.
//! - [`app`]: wiring, readiness, drain.

pub mod app;
pub mod audio;
pub mod base;
pub mod cli;
pub mod config;
pub mod control;
pub mod dialog;
pub mod drive;
pub mod engine;
pub mod grammar;
pub mod keys;
pub mod language;
pub mod ledger;
pub mod listen;
pub mod models;
mod net;
pub mod pcm;
pub mod tool;
pub mod turn;
