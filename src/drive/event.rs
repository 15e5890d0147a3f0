use serde::Serialize;

use crate::base::Epoch;
use crate::engine::{Source, Spending};
use crate::listen::EchoState;
use crate::turn::{EarStatus, MouthStatus, Wait};

/// How things stand: the first line of every event stream, and the answer to `status`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct State {
    /// The program's version.
    pub version: &'static str,
    /// The process.
    pub pid: u32,
    /// `push-to-talk`, `open` or `wake`.
    pub mode: &'static str,
    /// All of it in one word: `ringing` while a timer or alarm rings, else `speaking`, `thinking`,
    /// `listening` while somebody speaks, or `ready`.
    pub state: &'static str,
    /// What the ear does.
    pub ear: EarStatus,
    /// What the mouth does.
    pub mouth: MouthStatus,
    /// The live attempt at a reply, or 0.
    pub epoch: u32,
    /// The wake words that are listened for. Not there in another mode.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wake_words: Vec<String>,
    /// Whether the microphone is deaf.
    pub muted: bool,
    /// Speaker volume in percent; 0 when muted.
    pub volume: u8,
    /// The microphone in use, when one is.
    pub input: Option<String>,
    /// The speaker in use, when one is.
    pub output: Option<String>,
    /// How it stands with the echo of the speaker in the microphone; not there where nothing is
    /// listened to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub echo: Option<EchoState>,
    /// What rings now, as one speaks of it: "pasta timer". Not there while nothing rings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ringing: Vec<String>,
    /// Timers and alarms that are set.
    pub timers: usize,
    /// Turns answered since the start.
    pub turns: u64,
    /// Microphone samples lost since the start; 0 on a healthy machine.
    pub lost_samples: u64,
    /// What the providers' models were used for since the start, and what is left of the limits.
    pub spending: Spending,
    /// What it waits for, of which there is an end: `transcript`, `reply`, `tool`, ...
    pub waits_for: Option<Wait>,
    /// The last thing that went wrong and still does.
    pub trouble: Option<String>,
}

impl State {
    /// How things stand before anything has happened.
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
            waits_for: None,
            trouble: None,
        }
    }
}

/// All of it in one word.
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
    /// The attempt these belong to.
    #[serde(skip)]
    pub epoch: Epoch,
    /// The transcript was complete.
    pub transcribe: Option<u64>,
    /// The first words of the reply were written.
    pub first_token: Option<u64>,
    /// The first sample of the reply went to the speaker.
    pub first_audio: Option<u64>,
    /// The turn was over.
    pub total: Option<u64>,
}

impl Timings {
    /// Whether sound of `epoch` is the sound of this turn's reply.
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
    /// How things stand now; sent first, and whenever it changes.
    State(State),
    /// The microphone's level, about 20 times a second while someone watches.
    Level {
        /// Decibels below full scale, -90..=0.
        db: f32,
    },
    /// A wake word was heard.
    Wake {
        /// Which one.
        word: String,
        /// How sure its model is, 0.0..=1.0.
        score: f32,
        /// Whether our own voice had just said it, so that nothing comes of it.
        own: bool,
    },
    /// There is voice, and this is the best score of a wake word in the last second.
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
    /// A tool was called.
    Call {
        /// Its name.
        name: String,
        /// Its arguments as JSON, or as text where they are none.
        arguments: serde_json::Value,
    },
    /// What the call came to.
    Outcome {
        /// The tool.
        name: String,
        /// Whether it worked.
        ok: bool,
        /// Its result, as JSON where it is.
        result: serde_json::Value,
    },
    /// A page that the reply rests on.
    Source(Source),
    /// Words of a reply as they are written, ahead of the sound: with their markdown and line
    /// breaks, or as they are spoken where the partner only speaks. A reply that is prepared while
    /// the user may go on is written too; when they do, nothing more comes of its attempt.
    Written {
        /// The attempt.
        epoch: u32,
        /// The words that follow those before.
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
    /// A reply is over.
    Reply {
        /// The attempt.
        epoch: u32,
        /// The words that were heard.
        text: String,
        /// Whether it was cut short.
        interrupted: bool,
    },
    /// A sound that was not understood as speech, or a turn without words.
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
    /// A device came, went or changed.
    Sound {
        /// A sentence.
        message: String,
    },
    /// This reader was too slow and missed that many events.
    Missed {
        /// How many.
        count: u64,
    },
    /// The service ends.
    Ending,
}
