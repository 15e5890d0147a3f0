//! A provider over real HTTP: what aloud sends, what it makes of every answer, and what a user reads
//! when there is none.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "the environment of the test is handed to a program")]

mod contract;
mod faults;
mod golden;
mod home;
mod mind;
mod pace;
mod server;
mod streams;
mod tools;
