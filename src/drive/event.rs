use serde::Serialize;

use super::in_vain::InVain;
use super::reasons::Reasons;
use crate::base::Epoch;
use crate::engine::ending::Why;
use crate::engine::{Source, Spending};
use crate::listen::EchoState;
use crate::turn::{EarStatus, MouthStatus, Wait};

/// The current state: the first line of every event stream, and the answer to `status`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct State {
    /// The program's version.
    pub version: &'static str,
    /// Process id.
    pub pid: u32,
    /// `push-to-talk`, `open` or `wake`.
    pub mode: &'static str,
    /// The state in one word: `ringing` while a timer or alarm rings, else `speaking`, `thinking`,
    /// `listening` while somebody speaks, or `ready`.
    pub state: &'static str,
    /// State of the ear.
    pub ear: EarStatus,
    /// State of the mouth.
    pub mouth: MouthStatus,
    /// The live attempt at a reply, or 0.
    pub epoch: u32,
    /// The wake words being listened for. Absent in other modes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wake_words: Vec<String>,
    /// Whether the microphone is muted.
    pub muted: bool,
    /// Speaker volume in percent; 0 when muted.
    pub volume: u8,
    /// The microphone in use, if any.
    pub input: Option<String>,
    /// The speaker in use, if any.
    pub output: Option<String>,
    /// State of the speaker's echo in the microphone; absent if nothing is listened to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub echo: Option<EchoState>,
    /// What is ringing: "pasta timer", "reminder: call mum". Absent while nothing rings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ringing: Vec<String>,
    /// Number of timers, alarms and reminders set.
    pub timers: usize,
    /// Turns answered since start.
    pub turns: u64,
    /// Microphone samples lost since start; 0 on a healthy machine.
    pub lost_samples: u64,
    /// Use of the providers' models since start, and what is left of the rate limits.
    pub spending: Spending,
    /// What was prepared in pauses after which the user went on.
    pub in_vain: InVain,
    /// What it is waiting for with a deadline: `transcript`, `reply`, `tool`, ...
    pub waits_for: Option<Wait>,
    /// The last problem that still persists.
    pub trouble: Option<String>,
    /// Why it last woke, took the user for done, cut a reply, or did not answer.
    pub why: Reasons,
}

impl State {
    /// The state before anything has happened.
    pub(crate) fn at_start(mode: &'static str) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            pid: std::process::id(),
            mode,
            state: "ready",
            ear: EarStatus::Shut,
            mouth: MouthStatus::Silent,
            epoch: 0,
            wake_words: Vec::new(),
            muted: false,
            volume: 0,
            input: None,
            output: None,
            echo: None,
            ringing: Vec::new(),
            timers: 0,
            turns: 0,
            lost_samples: 0,
            spending: Spending::default(),
            in_vain: InVain::default(),
            waits_for: None,
            trouble: None,
            why: Reasons::default(),
        }
    }
}

/// The state in one word.
pub(super) fn word(ear: EarStatus, mouth: MouthStatus, rings: bool) -> &'static str {
    if rings {
        return "ringing";
    }
    match (mouth, ear) {
        (_, EarStatus::Hearing | EarStatus::Trailing) => "listening",
        (MouthStatus::Speaking | MouthStatus::Hushing, EarStatus::Shut | EarStatus::Open) => {
            "speaking"
        }
        (MouthStatus::Transcribing | MouthStatus::Thinking, EarStatus::Shut | EarStatus::Open) => {
            "thinking"
        }
        (MouthStatus::Silent, EarStatus::Shut | EarStatus::Open) => "ready",
    }
}

/// How long the steps of one turn took, in milliseconds from the end of the user's speech.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Timings {
    /// The attempt that these belong to.
    #[serde(skip)]
    pub epoch: Epoch,
    /// The transcript was complete.
    pub transcribe: Option<u64>,
    /// The first words of the reply were written.
    pub first_token: Option<u64>,
    /// The first sample of the reply went to the speaker.
    pub first_audio: Option<u64>,
    /// The turn ended.
    pub total: Option<u64>,
}

impl Timings {
    /// Whether sound of `epoch` belongs to this turn's reply.
    pub(super) fn sounds(&self, epoch: Epoch) -> bool {
        self.epoch == Epoch::NONE || self.epoch == epoch
    }
}

/// Something that happened; one line of an event stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "a state comes a few times a turn, and is read at once"
)]
pub enum Event {
    /// The current state; sent first, and whenever it changes.
    State(State),
    /// Microphone level, about 20 times a second while someone watches.
    Level {
        /// Decibels below full scale, -90..=0.
        db: f32,
    },
    /// A wake word was heard.
    Wake {
        /// Which one.
        word: String,
        /// The model's confidence, 0.0..=1.0.
        score: f32,
        /// Whether our own voice had just said it, so that it is ignored.
        own: bool,
    },
    /// Voice was detected; the best score of a wake word in the last second.
    WakeScore {
        /// 0.0..=1.0.
        score: f32,
    },
    /// What the user said.
    Transcript {
        /// The words.
        text: String,
        /// False for words that may still change.
        last: bool,
        /// Milliseconds from the end of speech to this line; 0 while the user speaks.
        ms: u64,
    },
    /// The user typed a question.
    Asked {
        /// The words.
        text: String,
    },
    /// A pause ended the user's turn, and it was judged by meaning.
    EndOfTurn {
        /// What decided.
        why: Why,
        /// The pause, in milliseconds.
        pause_ms: u32,
        /// How likely the voice sounded done, 0.0..=1.0.
        #[serde(skip_serializing_if = "Option::is_none")]
        likelihood: Option<f32>,
    },
    /// A tool was called.
    Call {
        /// Its name.
        name: String,
        /// Its arguments as JSON, or as text if they are not JSON.
        arguments: serde_json::Value,
    },
    /// A tool tells how far its call is.
    Progress {
        /// The tool.
        name: String,
        /// The part that is done, 0.0..=1.0, if it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        done: Option<f32>,
        /// What is being done, in the tool's own words.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// A tool call finished.
    Outcome {
        /// The tool.
        name: String,
        /// Whether it worked.
        ok: bool,
        /// Its result, as JSON if it is JSON.
        result: serde_json::Value,
    },
    /// A page that the reply cites.
    Source(Source),
    /// Words of a reply as they are written, ahead of the sound: with markdown and line breaks, or
    /// as spoken if the partner only speaks. Sent for tentative replies too; if the user goes on,
    /// nothing more follows for that attempt.
    Written {
        /// The attempt.
        epoch: u32,
        /// The next words.
        text: String,
    },
    /// Words as they sound.
    Words {
        /// The attempt.
        epoch: u32,
        /// The words that sound now.
        text: String,
    },
    /// The first sample of a reply went to the speaker.
    Sounding {
        /// The attempt.
        epoch: u32,
        /// Milliseconds since the end of speech.
        ms: u64,
    },
    /// A reply ended.
    Reply {
        /// The attempt.
        epoch: u32,
        /// The words that were heard.
        text: String,
        /// Whether it was cut short.
        interrupted: bool,
    },
    /// A sound that was not speech, or a turn without words.
    Nothing {
        /// Why nothing happens.
        why: String,
    },
    /// Something went wrong; a sentence with the next step.
    Trouble {
        /// The sentence.
        message: String,
    },
    /// Something worth knowing.
    Aside {
        /// A sentence.
        message: String,
    },
    /// A device appeared, disappeared or changed.
    Sound {
        /// A sentence.
        message: String,
    },
    /// This reader was too slow and missed events.
    Missed {
        /// How many.
        count: u64,
    },
    /// The service is shutting down.
    Ending,
}

/// `text` as JSON, or as a string if it is not JSON.
pub(super) fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|_| serde_json::Value::String(text.to_owned()))
}
