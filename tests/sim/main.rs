//! Whole conversations in virtual time, on the real driver, speaker, machine, listener and playback
//! edge. Engines, tools and people are simulated.
//!
//! Nothing here waits: a minute of conversation takes a few milliseconds. Everything comes from a
//! script or a seed, so every run is the same.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on fails"
)]

mod ahead;
mod audit;
mod ending;
mod faults;
mod filler;
mod hour;
mod inquiry;
mod interrupting;
mod loudspeaker;
mod partner;
mod ringing;
mod room;
mod script;
mod storms;
mod table;
mod talk;
mod tools;
mod user;
mod voices;
mod world;
