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
//! - `pcm`: what a sound file holds, whatever wrote it.
//! - [`audio`]: devices, the two real-time edges, WAV, earcons.
//! - [`listen`]: voice activity and the cutting of utterances.
//! - [`grammar`]: what a spoken command means.
//! - [`language`]: how numbers, times, dates, money and units are written and said.
//! - [`engine`]: transcribers, responders, synthesizers, and partners made of them.
//! - [`tool`]: what a spoken command can call.
//! - [`ledger`]: what the providers' models were used for, and what that cost.
//! - [`models`]: the model files: where they come from, and whether they are whole.
//! - [`drive`]: the loop that owns the machine and does the work per epoch.
//! - [`control`]: the socket by which keys, bars and scripts drive a running service.
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
pub mod language;
pub mod ledger;
pub mod listen;
pub mod models;
mod pcm;
pub mod tool;
pub mod turn;
