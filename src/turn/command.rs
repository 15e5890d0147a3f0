use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Revision;
use crate::base::{Epoch, NoticeId, UtteranceId};
use crate::dialog::{Call, Heard};

/// What the driver must do. Commands are orders, not requests: the machine already counts them as
/// done. Each returns immediately; its result comes back as an [`Input`](super::Input).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Listen for utterances. May come while the ear is already open in another way.
    OpenEar {
        /// What ends an utterance.
        mode: ListenMode,
    },
    /// The talk key is up: the held utterance ends here and is reported as `Ended` or `Discarded`.
    /// What the ear does next is ordered after that.
    LetGo,
    /// The utterance in progress, in whose pause this comes, is complete: end it as silence would.
    EndSpeech,
    /// Stop listening; an utterance in progress is dropped.
    ShutEar,
    /// Transcribe the sound of this revision as it is now. A partner that hears gets the sound; its
    /// transcript may come late or never. Followed by one transcript or one `Forget`.
    Commit {
        /// What to transcribe.
        revision: Revision,
    },
    /// The transcript of this revision is no longer wanted: drop the work.
    Forget {
        /// What was committed.
        revision: Revision,
    },
    /// Produce the reply to [`Machine::prompt`](super::Machine::prompt). Sent again with the same
    /// epoch when the tool outcomes of a round are in. Nothing of it may sound before its
    /// [`Command::Cue`].
    Respond {
        /// The attempt.
        epoch: Epoch,
        /// Whether the user may still go on; if they do, the attempt is aborted as if it never
        /// happened.
        tentative: bool,
        /// Whether there is no speaker and the user reads it: none of its sound will be cued.
        read: bool,
    },
    /// The sound of this epoch may be heard, from its first sample on. Sent once, when its first
    /// piece is queued and nobody speaks.
    Cue {
        /// The attempt.
        epoch: Epoch,
    },
    /// Recognize the words of this utterance so far, to see whether it is meant; answered by
    /// `Input::Looked`. A second one replaces the first.
    Look {
        /// The utterance in progress.
        utterance: UtteranceId,
    },
    /// Play the live epoch quietly (`true`) or normally again (`false`).
    Duck(bool),
    /// Pause the sound of this epoch at its next sample, until `Resume` or `Hush`.
    Pause {
        /// The attempt.
        epoch: Epoch,
    },
    /// Resume it, repeating what was already heard from this sample on without counting it again.
    Resume {
        /// The attempt.
        epoch: Epoch,
        /// A sample at 48 kHz since the epoch's beginning, at the start of a word.
        from: u64,
    },
    /// The user asked for silence by voice: nothing more is said, and any ring is answered.
    Silence,
    /// What was said is ignored, for this reason.
    Ignore {
        /// The utterance.
        utterance: UtteranceId,
        /// Why.
        why: Ignored,
    },
    /// Cut the sound of this epoch now; answered by `Playback::Settled`. No other epoch begins
    /// until then.
    Hush {
        /// The attempt.
        epoch: Epoch,
    },
    /// Drop all work of this epoch: responder, synthesizer, tools. Sound that was not cued is
    /// dropped; cued sound plays to the end of what is queued, unless a `Hush` came before.
    Abort {
        /// The attempt.
        epoch: Epoch,
    },
    /// Tell the partner how much of its reply was heard, without what was said meanwhile
    /// ([`Command::Fill`]); sent once for every epoch that was responded to and not heard
    /// completely (never with [`Heard::All`]).
    Rewind {
        /// The attempt.
        epoch: Epoch,
        /// How much the user heard.
        heard: Heard,
    },
    /// Run a tool; answered by `Input::ToolDone`.
    CallTool {
        /// The attempt that calls it.
        epoch: Epoch,
        /// What to run.
        call: Call,
    },
    /// Say under this epoch that a tool takes a while; reported and heard as part of its reply, and
    /// ended by one `Report::Done`. Nothing need be said.
    Fill {
        /// The attempt.
        epoch: Epoch,
        /// How often something was said meanwhile.
        count: u32,
        /// How long the tool has been running.
        waited: Duration,
    },
    /// Speak a fixed text under this epoch: it is reported, cued and hushed like a reply, without a
    /// responder. If it cannot be spoken, show it and report `Done`.
    Announce {
        /// The attempt.
        epoch: Epoch,
        /// What to say.
        announcement: Announcement,
    },
    /// A notice has ended: sent exactly once for every `Input::Notice`.
    NoticeOver {
        /// Which one.
        id: NoticeId,
        /// How it ended.
        end: NoticeEnd,
    },
    /// Show and log this now. If it is also to be spoken, an [`Command::Announce`] follows as soon
    /// as nobody speaks.
    Tell(Failure),
}

/// Why what was said is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ignored {
    /// It was aloud's own voice.
    OwnVoice,
    /// It was a backchannel.
    Murmur,
    /// It was not speech, or not understood.
    Noise,
}

/// What ends an utterance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListenMode {
    /// An utterance starts immediately, preroll included, and ends with `LetGo`.
    Held,
    /// Voice activity finds utterances, one after the other.
    Open,
    /// As `Open`, after the wake word, whose own sound is not part of the first utterance.
    Woken,
    /// As `Open`, after a finished reply.
    FollowUp,
}

/// How a notice ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeEnd {
    /// It was started, and this much of it was heard.
    Said(Heard),
    /// The user asked for silence before it started.
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
    /// Reports how it ended, if it is a notice.
    pub(super) fn end(&self, end: NoticeEnd, out: &mut Vec<Command>) {
        match self {
            Self::Notice { id, .. } => out.push(Command::NoticeOver { id: *id, end }),
            Self::Failure(_) => {}
        }
    }
}

/// Why the user gets no answer, in terms of what the user can do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// An engine failed; the driver wrote the sentence, which ends with the next step.
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
    StalledSpeaker,
    /// The microphone disappeared while the user spoke.
    LostMicrophone,
    /// The talk key was pressed while the microphone is muted.
    Muted,
    /// The talk key was down for longer than anybody talks; its release was lost.
    StuckKey,
    /// More is waiting to be said or answered than the queue holds.
    TooMuch,
    /// Reply after reply was cut by a voice that is most likely aloud's own.
    HearsItself,
    /// Something was said that could not be recognized.
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
            Self::StalledSpeaker => {
                "The speaker stopped playing. Run \"aloud devices\" to choose another."
            }
            Self::LostMicrophone => {
                "The microphone is gone. Plug it in again, or run \"aloud devices\"."
            }
            Self::Muted => "The microphone is muted. Run \"aloud unmute\".",
            Self::StuckKey => {
                "The talk key was down for too long, so I let it go. Press it again to talk."
            }
            Self::TooMuch => "Too much is waiting to be said. Say stop to drop it.",
            Self::HearsItself => {
                "I keep hearing myself. Use headphones, turn the volume down, or use the talk key."
            }
            Self::Unclear => "I didn't catch that.",
        }
    }
}
