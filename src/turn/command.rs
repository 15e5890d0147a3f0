use serde::{Deserialize, Serialize};

use super::Cut;
use crate::base::{Epoch, NoticeId, UtteranceId};
use crate::dialog::{Call, Heard};

/// What the driver is to do. Commands are orders, not requests: the machine has already assumed
/// them. Each returns at once; what comes of it is an [`Input`](super::Input).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Listen for utterances. May come while the ear is open in another way.
    OpenEar {
        /// What ends an utterance.
        how: How,
    },
    /// The talk key is up: the held utterance ends here and is reported `Ended` or `Discarded`.
    /// What the ear does next is ordered when that has come.
    LetGo,
    /// The utterance under way, in whose pause this comes, is complete: end it as silence would.
    EndSpeech,
    /// Listen for no more; an utterance under way is given up.
    ShutEar,
    /// Transcribe the sound of this cut as it stands now. A partner that hears is given the
    /// sound; its transcript may come late or never. Followed by one transcript or one `Forget`.
    Commit {
        /// What to transcribe.
        cut: Cut,
    },
    /// The transcript of this cut is not wanted any more: drop the work.
    Forget {
        /// What was committed.
        cut: Cut,
    },
    /// Make the reply to [`Machine::prompt`](super::Machine::prompt). Comes again with the same
    /// epoch when the tool outcomes of a round are in. Nothing of it may sound before its
    /// [`Command::Cue`].
    Respond {
        /// The attempt.
        epoch: Epoch,
        /// Whether the user may still go on: the attempt is then aborted and never happened.
        tentative: bool,
    },
    /// The sound of this epoch may be heard, from its first sample on. Sent once, when its first
    /// piece is queued and nobody speaks.
    Cue {
        /// The attempt.
        epoch: Epoch,
    },
    /// Recognize the words of this utterance as far as it goes, to see whether it is meant; answered
    /// by `Input::Looked`. A second look takes the place of the first.
    Look {
        /// The utterance under way.
        utterance: UtteranceId,
    },
    /// Play the live epoch quietly (`true`) or normally again (`false`).
    Duck(bool),
    /// Let the sound of this epoch stand still at its next sample, until `Resume` or `Hush`.
    Pause {
        /// The attempt.
        epoch: Epoch,
    },
    /// Let it go on, with what has been heard already from this sample on; not counted again.
    Resume {
        /// The attempt.
        epoch: Epoch,
        /// A sample at 48 kHz since the epoch's beginning, where a word begins.
        from: u64,
    },
    /// The user asked for silence by voice: nothing more is said, whatever rings is answered.
    Silence,
    /// What was said came to nothing, for this reason.
    Ignore {
        /// The utterance.
        utterance: UtteranceId,
        /// Why.
        why: Ignored,
    },
    /// Cut the sound of this epoch now; answered by `Playback::Settled`. Until then no other
    /// epoch is begun.
    Hush {
        /// The attempt.
        epoch: Epoch,
    },
    /// Drop all work of this epoch: responder, synthesizer, tools. Sound that was not cued goes
    /// with it; sound that was cued plays on to what is queued, unless a `Hush` came before.
    Abort {
        /// The attempt.
        epoch: Epoch,
    },
    /// Tell the partner how much of its reply was heard; sent once for every epoch that was
    /// responded to and not heard whole (never with [`Heard::All`]).
    Rewind {
        /// The attempt.
        epoch: Epoch,
        /// What the user knows of it.
        heard: Heard,
    },
    /// Run a tool; answered by `Input::ToolDone`.
    CallTool {
        /// The attempt that calls it.
        epoch: Epoch,
        /// What to run.
        call: Call,
    },
    /// Speak a fixed text under this epoch: it is reported, cued and hushed like a reply, but no
    /// responder has a part in it. Where it cannot be spoken, show it and report `Done`.
    Announce {
        /// The attempt.
        epoch: Epoch,
        /// What to say.
        announcement: Announcement,
    },
    /// What became of a notice: sent once for every `Input::Notice`, when it is known.
    NoticeOver {
        /// Which one.
        id: NoticeId,
        /// What became of it.
        end: NoticeEnd,
    },
    /// Show and log this now. Where it is also to be spoken, an [`Command::Announce`] follows as
    /// soon as nobody speaks.
    Tell(Failure),
}

/// Why what was said came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ignored {
    /// It was aloud's own voice.
    OwnVoice,
    /// It was a sign of listening.
    Murmur,
    /// It was no speech, or none that was understood.
    Noise,
}

/// What ends an utterance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// An utterance starts at once, pre-roll included, and ends with `LetGo`.
    Held,
    /// Utterances are found by voice activity, one after the other.
    Open,
    /// As `Open`, after the wake word, whose own sound is no part of the first utterance.
    Woken,
    /// As `Open`, after a finished reply.
    FollowUp,
}

/// What became of a notice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeEnd {
    /// It was begun, and so much of it was heard.
    Said(Heard),
    /// The user wanted silence before it was begun.
    Dropped,
    /// Too much was waiting to be said.
    Refused,
}

/// Something said without a responder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Announcement {
    /// From `Input::Notice`.
    Notice {
        /// Which one.
        id: NoticeId,
        /// The words.
        text: String,
    },
    /// Why there is no answer.
    Failure(Failure),
}

impl Announcement {
    /// Tells what became of it, where somebody waits for that.
    pub(super) fn end(&self, end: NoticeEnd, out: &mut Vec<Command>) {
        match self {
            Self::Notice { id, .. } => out.push(Command::NoticeOver { id: *id, end }),
            Self::Failure(_) => {}
        }
    }
}

/// Why the user does not get an answer, in terms of what the user can do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// An engine gave up; the driver wrote the sentence, which ends with the next step.
    Engine {
        /// What to tell the user.
        text: String,
    },
    /// No transcript came in time.
    SlowTranscript,
    /// No reply, or no more of it, came in time.
    SlowReply,
    /// The responder kept calling tools instead of answering.
    TooManyRounds,
    /// The speaker stopped taking sound.
    DeafSpeaker,
    /// The microphone went away while the user spoke.
    LostMicrophone,
    /// The talk key was pressed while the microphone is muted.
    Muted,
    /// More waits to be said or answered than the queue holds.
    TooMuch,
    /// Reply after reply was cut by a voice that is most likely aloud's own.
    HearsItself,
    /// Something was said that could not be made out.
    Unclear,
}

impl Failure {
    /// What to say and show: a plain sentence with the next step.
    pub fn words(&self) -> &str {
        match self {
            Self::Engine { text } => text,
            Self::SlowTranscript => {
                "I could not make out what you said in time. Please say it again."
            }
            Self::SlowReply => "The answer is taking too long. Please ask again.",
            Self::TooManyRounds => "I could not finish that. Please ask for one thing at a time.",
            Self::DeafSpeaker => {
                "The speaker stopped playing. Run \"aloud devices\" to choose another."
            }
            Self::LostMicrophone => {
                "The microphone is gone. Plug it in again, or run \"aloud devices\"."
            }
            Self::Muted => "The microphone is muted. Run \"aloud unmute\".",
            Self::TooMuch => "Too much is waiting to be said. Say stop to drop it.",
            Self::HearsItself => {
                "I keep hearing myself. Use headphones, turn the volume down, or use the talk key."
            }
            Self::Unclear => "I didn't catch that.",
        }
    }
}
