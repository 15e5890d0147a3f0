use serde::{Deserialize, Serialize};

use super::{Failure, Setup};
use crate::base::{Epoch, NoticeId, UtteranceId};
use crate::dialog::{Call, Outcome, Picture};

/// Everything that can happen to a [`Machine`](super::Machine). A log of these, each with its
/// moment, is a whole conversation: see [`replay`](super::replay).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Time has passed. Wanted at [`Machine::deadline`](super::Machine::deadline); harmless at any
    /// other moment. The first one opens the ear in modes that start with it open.
    Tick,
    /// A key, the socket or the wake word.
    Trigger(Trigger),
    /// The talk key was released. Ignored if it was not held.
    Release,
    /// The listen thread heard something.
    Speech(Speech),
    /// The transcript of a committed revision; empty if nothing was said. The answer to
    /// [`Command::Commit`](super::Command::Commit), at most one for each.
    Transcript {
        /// The revision that was committed.
        revision: Revision,
        /// The words, or why there are none.
        result: Result<String, Failure>,
        /// How certain the recognizer is of them: the mean log probability of a token, 0.0 or less;
        /// `None` if it does not report it.
        #[serde(default)]
        certainty: Option<f32>,
    },
    /// The first words of an utterance in progress: the answer to
    /// [`Command::Look`](super::Command::Look).
    Looked {
        /// The utterance.
        utterance: UtteranceId,
        /// The words; `None` if they are not available.
        text: Option<String>,
        /// As for a transcript.
        #[serde(default)]
        certainty: Option<f32>,
    },
    /// A report on the partner's work for an epoch.
    Report {
        /// Whose work it is.
        epoch: Epoch,
        /// What came.
        report: Report,
    },
    /// Playback progress of an epoch.
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
        /// Its result; `outcome.id` names the call.
        outcome: Outcome,
        /// Whether the tool asked for silence (`stop`): the reply ends here.
        stop: bool,
        /// A picture for the responder to see.
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
        /// Whether another program sent them.
        #[serde(default)]
        client: bool,
    },
    /// Something to say unasked: a ringing timer, a `say` from the socket.
    Notice {
        /// Which one.
        id: NoticeId,
        /// The words.
        text: String,
    },
    /// A sound device disappeared or came back.
    Device(Device),
    /// The configuration was reloaded. Takes effect immediately, even for the current attempt.
    Setup(Box<Setup>),
}

/// What a person does to aloud other than speaking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The talk key was pressed: a reply is cut immediately and the ear is held open.
    PushToTalk,
    /// For keys that report no release: press if the ear is not held, else release.
    Toggle,
    /// The wake word was heard: a reply is cut immediately and the ear opens.
    Wake,
    /// The wake word was not said after all: the ear closes, and the utterance in progress is
    /// dropped.
    Dismiss,
    /// Go silent and drop everything: the reply, what waits to be said, what was half heard.
    Stop,
    /// Mutes the microphone until [`Trigger::Unmute`]. What was heard before is still answered.
    Mute,
    /// Ends [`Trigger::Mute`].
    Unmute,
}

/// An utterance as it stood at a pause: the unit of transcription.
///
/// The machine numbers the revisions of an utterance: every [`Speech::Resumed`] starts a new one.
/// The driver sends the sound it has at the moment of the commit, and returns the revision with the
/// result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Revision {
    /// The utterance.
    pub utterance: UtteranceId,
    /// How often the user resumed after a pause, from 0.
    pub number: u32,
}

/// The listen thread's report on an utterance. The sound itself never enters the machine: the
/// driver keeps it by id, as of the last [`Speech::Paused`] or [`Speech::Ended`].
///
/// An utterance is `Started (Paused Resumed)* Paused? (Ended | Discarded)` with one `Confirmed` in
/// between unless it is discarded or held. Ids only grow. `Paused` is needed even if no reply is
/// prepared, because a pause also tells a "mm-hm" from an interruption. `Voiced` may come at any
/// time, and comes before each `Paused` and `Ended` if the voice is measured at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speech {
    /// Speech began, or the held ear began to record.
    Started {
        /// The new utterance.
        id: UtteranceId,
    },
    /// It contains enough voice to be speech; until then it may be a knock.
    Confirmed {
        /// The utterance.
        id: UtteranceId,
    },
    /// This much of it is certainly voice by now.
    Voiced {
        /// The utterance.
        id: UtteranceId,
        /// Milliseconds in total.
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
    /// The pause was long enough, the key was released, or the utterance reached its limit.
    Ended {
        /// The utterance.
        id: UtteranceId,
    },
    /// It was not speech.
    Discarded {
        /// The utterance.
        id: UtteranceId,
    },
}

impl Speech {
    /// The utterance that it is about.
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

/// The results of [`Command::Respond`](super::Command::Respond) and
/// [`Command::Announce`](super::Command::Announce).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// The next piece of sound was added to the speaker's script. Sent before any of it can sound.
    Queued {
        /// Its length in samples at 48 kHz, exactly as playback will count it. May be 0 without a
        /// speaker; such a piece counts as heard once everything before it was heard.
        samples: u64,
        /// Its words, with the blank before them; empty if the words of a longer piece come with a
        /// later one.
        text: String,
    },
    /// The responder calls a tool. The tool must not run before
    /// [`Command::CallTool`](super::Command::CallTool).
    Call(Call),
    /// Responder and synthesizer have finished this round: nothing more is queued or called.
    Done,
    /// It failed. Queued sound still plays.
    Failed(Failure),
}

/// The speaker's report on its live epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Playback {
    /// Samples of this epoch heard so far, at 48 kHz (those output, less the output latency). Sent
    /// at least every 100 ms while they move, and when the last one has been heard.
    Progress {
        /// Samples since the epoch's beginning.
        samples: u64,
    },
    /// The answer to [`Command::Hush`](super::Command::Hush): not one more sample of this epoch
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
    /// The microphone disappeared: what was half heard is lost.
    MicrophoneLost,
    /// The microphone is back and listens as before.
    MicrophoneBack,
    /// The speaker disappeared. A reply waits for it briefly; a hush is over immediately.
    SpeakerLost,
    /// The speaker is back and plays on.
    SpeakerBack,
}
