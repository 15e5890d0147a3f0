use serde::Serialize;

/// How things stand: the first line of every event stream, and the answer to `status`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct State {
    /// The program's version.
    pub version: &'static str,
    /// The process.
    pub pid: u32,
    /// `push-to-talk`, `open` or `wake`.
    pub mode: &'static str,
    /// `shut`, `open`, `hearing` or `trailing`.
    pub ear: &'static str,
    /// `silent`, `awaiting`, `replying` or `hushing`.
    pub mouth: &'static str,
    /// The live attempt at a reply, or 0.
    pub epoch: u32,
    /// Whether the microphone is deaf.
    pub muted: bool,
    /// Speaker volume in percent; 0 when muted.
    pub volume: u8,
    /// The microphone in use, when one is.
    pub input: Option<String>,
    /// The speaker in use, when one is.
    pub output: Option<String>,
    /// Timers and alarms that are set.
    pub timers: usize,
    /// Turns answered since the start.
    pub turns: u64,
    /// Microphone samples lost since the start; 0 on a healthy machine.
    pub lost_samples: u64,
    /// The last thing that went wrong and still does.
    pub trouble: Option<String>,
}

/// Something that happened; one line of an event stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// How things stand now; sent first, and whenever it changes.
    State(State),
    /// The microphone's level, about 20 times a second while someone watches.
    Level {
        /// Decibels below full scale, -90..=0.
        db: f32,
        /// Whether it is taken for speech.
        speech: bool,
    },
    /// What the user said.
    Transcript {
        /// The words.
        text: String,
        /// False for words that may still change.
        last: bool,
        /// Milliseconds from the end of speech to this line.
        ms: u64,
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
