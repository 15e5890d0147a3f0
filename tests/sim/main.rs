//! Whole conversations in virtual time, on the real machine, the real listener and the real
//! playback edge. Engines, tools and the people who talk are played by the simulation.
//!
//! Nothing here waits: a minute of talk takes a few milliseconds. Whatever happens comes from a
//! script or a seed, so every run is the same run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on fails"
)]

mod audit;
mod engines;
mod faults;
mod hour;
mod script;
mod speaker;
mod storms;
mod table;
mod talk;
mod user;
mod world;
