use serde::{Deserialize, Serialize};

use super::Mode;
use crate::base::Epoch;

/// What a user can see of a [`Machine`](super::Machine) at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// What opens the ear.
    pub mode: Mode,
    /// What the ear does.
    pub ear: EarStatus,
    /// What the mouth does.
    pub mouth: MouthStatus,
    /// The live attempt, or [`Epoch::NONE`].
    pub epoch: Epoch,
    /// Notices that wait to be said.
    pub waiting: usize,
    /// Whether the microphone is muted.
    pub muted: bool,
}

/// State of the ear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarStatus {
    /// It hears nothing, or only the wake word.
    Shut,
    /// It waits for speech.
    Open,
    /// Someone speaks.
    Hearing,
    /// Someone has stopped speaking and may go on.
    Trailing,
}

/// State of the mouth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MouthStatus {
    /// Nothing is being said or about to be.
    Silent,
    /// The user's words are being transcribed.
    Transcribing,
    /// A reply is being prepared.
    Thinking,
    /// A reply sounds.
    Speaking,
    /// A reply is being cut.
    Hushing,
}
