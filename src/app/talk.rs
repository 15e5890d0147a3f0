//! What a conversation or a single answer is asked for, and what it is made of.

use std::path::PathBuf;

use super::pulses::Pulses;
use crate::drive::Driver;
use crate::engine::Engines;
use crate::{audio, config};

/// Where a one-shot answer goes besides the text.
pub enum Output {
    /// Nowhere.
    Words,
    /// To this WAV file.
    File(PathBuf),
    /// To the configured speaker.
    Speaker,
}

/// Settings of a conversation.
pub struct Talk {
    /// What opens the ear.
    pub mode: config::Mode,
    /// Whether level events are sent.
    pub meter: bool,
    /// Where the machine's inputs are recorded.
    pub record: Option<PathBuf>,
}

/// A conversation that is ready to run.
pub struct Conversation {
    /// The loop.
    pub driver: Driver,
    /// The devices; must be closed after the loop has ended.
    pub sound: audio::Sound,
    /// Shows that all of it moves.
    pub pulses: Pulses,
    /// The engines for the first turn, to be warmed up.
    pub engines: Engines,
}
