use serde::{Deserialize, Serialize};

use super::{Failure, Setup};
use crate::base::{Epoch, NoticeId, UtteranceId};
use crate::dialog::{Call, Outcome, Picture};

/// Everything that can happen to a [`Machine`](super::Machine). A log of these, each with its
/// moment, is a whole conversation: see [`replay`](super::replay).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Time has passed. Wanted at [`Machine::deadline`](super::Machine::deadline); harmless at
    /// any other moment. The first one opens the ear where the mode wants it open.
    Tick,
    /// A key, the socket or the wake word.
    Trigger(Trigger),
    /// The talk key was let go. Ignored when it was not held.
    Release,
    /// The listen thread heard something.
    Speech(Speech),
    /// What was recognized in a committed cut; empty when nothing was said. An answer to
    /// [`Command::Commit`](super::Command::Commit), at most one for each.
    Transcript {
        /// The cut that was committed.
        cut: Cut,
        /// The words, or why there are none.
        result: Result<String, Failure>,
        /// How certain the recognizer is of them: the mean logarithm of the probability of a
        /// token, 0.0 or less; `None` where it does not tell.
        #[serde(default)]
        certainty: Option<f32>,
    },
    /// The first words of an utterance under way: the answer to
    /// [`Command::Look`](super::Command::Look).
    Looked {
        /// The utterance.
        utterance: UtteranceId,
        /// The words; `None` when they could not be had.
        text: Option<String>,
        /// As that of a transcript.
        #[serde(default)]
        certainty: Option<f32>,
    },
    /// The partner's work on an epoch.
    Report {
        /// Whose work it is.
        epoch: Epoch,
        /// What came.
        report: Report,
    },
    /// What the speaker gave out of an epoch.
    Playback {
        /// Whose sound it is.
        epoch: Epoch,
        /// How far it is.
        playback: Playback,
    },
    /// A tool has finished: the answer to [`Command::CallTool`](super::Command::CallTool).
    ToolDone {
        /// The attempt that called it.
        epoch: Epoch,
        /// What it came to; `outcome.id` names the call.
        outcome: Outcome,
        /// Whether the tool asked aloud to be silent (`stop`): the reply ends here.
        stop: bool,
        /// A picture that the tool shows the responder.
        #[serde(default)]
        picture: Option<Picture>,
    },
    /// The user typed something instead of saying it. Blank text is ignored.
    Text {
        /// The words.
        text: String,
        /// Pictures that the words are about.
        #[serde(default)]
        pictures: Vec<Picture>,
    },
    /// Something to say unasked: a timer that rings, a `say` from the socket.
    Notice {
        /// Which one.
        id: NoticeId,
        /// The words.
        text: String,
    },
    /// A sound device was lost or came back.
    Device(Device),
    /// The configuration was read again. Counts from now on, for the attempt under way too.
    Setup(Box<Setup>),
}

/// What a person does to aloud other than speaking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The talk key was pressed: a reply is cut at once and the ear is held open.
    PushToTalk,
    /// For keys that report no release: press when the ear is not held, else release.
    Toggle,
    /// The wake word was heard: a reply is cut at once and the ear opens.
    Wake,
    /// The wake word was not said after all: the ear shuts, and what is half heard is dropped.
    Dismiss,
    /// Silence, and drop everything: the reply, what waits to be said, what was half heard.
    Stop,
    /// Shuts the microphone until [`Trigger::Unmute`]. What was heard before is still answered.
    Mute,
    /// Ends [`Trigger::Mute`].
    Unmute,
}

/// One stretch of the user's speech as it stood at one pause: what is transcribed.
///
/// The machine numbers the takes: every [`Speech::Resumed`] starts a new one. The driver sends
/// the sound it has of the utterance at the moment of the commit, and gives the cut back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cut {
    /// The utterance.
    pub utterance: UtteranceId,
    /// How often the user had gone on after a pause, 0 at first.
    pub take: u32,
}

/// What the listen thread tells of an utterance. The sound itself never enters the machine: the
/// driver keeps it by id, as far as it has come, from [`Speech::Paused`] and [`Speech::Ended`].
///
/// An utterance is `Started (Paused Resumed)* Paused? (Ended | Discarded)` with one `Confirmed`
/// in between unless it is discarded or held. Ids only grow. `Paused` is wanted even where no
/// reply is prepared, because a pause also tells a "mm-hm" from an interruption. `Voiced` may come at
/// any time, and comes before each `Paused` and `Ended` where the voice is measured at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speech {
    /// Speech began, or the held ear began to record.
    Started {
        /// The new utterance.
        id: UtteranceId,
    },
    /// There was enough voice in it for speech; until then it may be a knock.
    Confirmed {
        /// The utterance.
        id: UtteranceId,
    },
    /// So much of it is voice beyond doubt by now.
    Voiced {
        /// The utterance.
        id: UtteranceId,
        /// Milliseconds, in all.
        ms: u32,
    },
    /// The first silence of about 200 ms after speech; the sound so far can be committed.
    Paused {
        /// The utterance.
        id: UtteranceId,
    },
    /// Speech goes on within the same utterance.
    Resumed {
        /// The utterance.
        id: UtteranceId,
    },
    /// The pause was long enough, the key was let go, or the utterance grew too long.
    Ended {
        /// The utterance.
        id: UtteranceId,
    },
    /// It was no speech.
    Discarded {
        /// The utterance.
        id: UtteranceId,
    },
}

impl Speech {
    /// The utterance it tells of.
    pub const fn id(self) -> UtteranceId {
        match self {
            Self::Started { id }
            | Self::Confirmed { id }
            | Self::Voiced { id, .. }
            | Self::Paused { id }
            | Self::Resumed { id }
            | Self::Ended { id }
            | Self::Discarded { id } => id,
        }
    }
}

/// What comes of [`Command::Respond`](super::Command::Respond) and
/// [`Command::Announce`](super::Command::Announce).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// The next piece of sound has entered the speaker's script. Sent before any of its samples
    /// can sound.
    Queued {
        /// Its length at 48 kHz, exactly as it will be counted when it is played. May be 0 where
        /// there is no speaker; such a piece counts as heard when all before it was heard.
        samples: u64,
        /// The words that it says, with the blank before them; empty when the words of a longer
        /// piece come with a later one.
        text: String,
    },
    /// The responder calls a tool. The tool must not run before
    /// [`Command::CallTool`](super::Command::CallTool).
    Call(Call),
    /// Responder and synthesizer have finished this round: nothing more is queued or called.
    Done,
    /// They broke off. What sounds already goes on to the break.
    Failed(Failure),
}

/// What the speaker says of its live epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Playback {
    /// So many samples at 48 kHz of this epoch have been heard so far (given out, less the output
    /// latency). Sent at least every 100 ms while they move, and when the last one has been heard.
    Progress {
        /// Samples since the epoch's beginning.
        samples: u64,
    },
    /// The answer to [`Command::Hush`](super::Command::Hush): not one sample more of this epoch
    /// will sound.
    Settled {
        /// Samples heard, exactly.
        samples: u64,
    },
}

/// A change of the sound devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    /// The microphone is gone: what was half heard is lost.
    MicrophoneLost,
    /// The microphone is back, and listening as before the loss.
    MicrophoneBack,
    /// The speaker is gone. A reply waits for it a moment; a hush is over at once.
    SpeakerLost,
    /// The speaker is back and plays on.
    SpeakerBack,
}
