use super::Setup;
use super::announcements::Announcements;
use super::asked::Asked;
use super::ear::Ear;
use super::mouth::Mouth;
use super::own::OwnVoice;
use crate::base::{Epoch, UtteranceId};
use crate::dialog::History;

/// Who has the floor: an ear and a mouth, with the user's question between them.
///
/// What comes in at the ear is in `listening`, what goes out at the mouth in `replying`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Floor {
    pub(super) setup: Setup,
    pub(super) ear: Ear,
    pub(super) mouth: Mouth,
    /// The question still to be answered; one being answered belongs to its attempt.
    pub(super) asked: Asked,
    pub(super) waiting: Announcements,
    pub(super) history: History,
    /// What it has said lately, to recognize its own voice.
    pub(super) own: OwnVoice,
    /// Consecutive replies cut by a voice.
    pub(super) cuts: u32,
    /// Whether the last thing the user was told is that they were not understood.
    pub(super) missed: bool,
    /// The newest epoch issued.
    pub(super) epoch: Epoch,
    /// The newest utterance seen; older ones never start again.
    pub(super) newest: Option<UtteranceId>,
    pub(super) muted: bool,
    /// Whether the microphone is gone.
    pub(super) no_microphone: bool,
    /// Whether the speaker is gone.
    pub(super) no_speaker: bool,
    /// Whether the next utterance should contain the wake word. A partner that hears would answer
    /// it before its transcript has confirmed the word.
    pub(super) woken: bool,
}
