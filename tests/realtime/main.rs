//! The realtime partner against a server that enforces the protocol: in virtual time, and over real
//! sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "the environment names where the tools are")]
#![allow(clippy::print_stdout, reason = "figures are for whoever runs the test")]
#![allow(clippy::wildcard_enum_match_arm, reason = "tests look for what they want")]

#[path = "../provider/authority.rs"]
mod authority;
mod calls;
mod chain;
mod commands;
mod forms;
mod host;
mod hour;
mod live;
mod reader;
mod ring;
mod sockets;
mod storms;
mod strict;
mod talk;
#[path = "../provider/tools.rs"]
mod tools;
mod types;
mod wave;
mod world;
