use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::dialog::Effect;

/// Everything a [`Machine`](super::Machine) is configured with: the first line of a session log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// How it behaves.
    pub settings: Settings,
    /// Whether the partner hears the user itself and can reply without a transcript.
    pub hears: bool,
    /// The tools and their effects. A tool that is not listed counts as [`Effect::Writes`].
    pub tools: BTreeMap<String, Effect>,
    /// The tools during which nothing is said.
    #[serde(default)]
    pub quiet: BTreeSet<String>,
}

/// The policies of a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// What opens the ear.
    pub mode: Mode,
    /// Whether the reply is prepared during the user's pause.
    pub speculate: bool,
    /// When the user's voice interrupts a reply.
    pub interruption: Interruption,
    /// How long the ear stays open without the wake word.
    pub follow_up: FollowUp,
    /// What is said while a tool keeps the user waiting.
    pub filler: Filler,
    /// The deadlines.
    pub patience: Patience,
}

/// What opens the ear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Only the talk key.
    #[default]
    PushToTalk,
    /// It is always open.
    Open,
    /// The wake word, and a finished reply for a while.
    Wake,
}

/// When speech over a reply is meant for aloud.
///
/// Decided by evidence, and reversible. A voice over a reply is *suspected*: the reply is ducked at
/// once. After `hold` of certain voice it is *held*: the reply pauses at its sample. After `look`
/// the first words are recognized; the reply is *cut* if they mean something, and resumes from the
/// previous word if they are a murmur, a cough, or its own echo.
///
/// If the words are not available so early, speech longer than `confirm` cuts the reply, and
/// shorter speech is judged by its transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Interruption {
    /// Whether [`Command::Look`](super::Command::Look) is answered: there is a recognizer for the
    /// words of an utterance in progress.
    pub looks: bool,
    /// Certain voice after which a reply pauses.
    pub hold: Duration,
    /// Certain voice after which the first words are recognized: 9 windows of Silero.
    pub look: Duration,
    /// The longest pause of a reply.
    pub stand: Duration,
    /// Counted from `Speech::Started`, which comes about 60 ms into the voice. Speech shorter than
    /// this minus the 200 ms of silence of `Speech::Paused` and the 100 ms lag of voice activity is
    /// judged by its words. LiveKit's agents wait 500 ms.
    pub confirm: Duration,
    /// How long to wait for the words of shorter speech if the partner hears and would not need
    /// them; after that it counts as an interruption. Zero for a partner that does not transcribe.
    /// The transcript of a short word takes half a second, and the reply is ducked meanwhile.
    pub words: Duration,
    /// Consecutive replies cut by a voice after which no further one is begun: aloud then most
    /// likely hears itself. 0 for no limit, as is right with a headset.
    pub loops: u32,
}

impl Default for Interruption {
    fn default() -> Self {
        Self {
            looks: false,
            hold: Duration::from_millis(200),
            look: Duration::from_millis(288),
            stand: Duration::from_millis(1_200),
            confirm: Duration::from_millis(600),
            words: Duration::from_millis(1_000),
            loops: 3,
        }
    }
}

/// How long the ear stays open in [`Mode::Wake`] after the wake word, an utterance or a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FollowUp {
    /// The length of the window.
    pub window: Duration,
}

impl Default for FollowUp {
    fn default() -> Self {
        Self { window: Duration::from_secs(6) }
    }
}

/// What is said while a tool keeps the user waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filler {
    /// Whether anything is.
    pub on: bool,
    /// How long a tool runs in silence before the first word. After two seconds people wonder
    /// whether they were heard.
    pub first: Duration,
    /// How long it runs before it is said how far it is. The pauses after that double.
    pub again: Duration,
}

impl Default for Filler {
    fn default() -> Self {
        Self { on: true, first: Duration::from_millis(1_500), again: Duration::from_secs(15) }
    }
}

impl Filler {
    /// How long a tool has run when the next word is due, after `said` of them.
    pub(super) fn after(&self, said: u32) -> Duration {
        let pauses = 2_u32.checked_pow(said).map_or(u32::MAX, |power| power - 1);
        match said {
            0 => self.first,
            _ => self.again.saturating_mul(pauses),
        }
    }
}

/// The deadline of every wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Patience {
    /// A held key or an utterance that never ends, from its start; a little longer than
    /// `listen.max_utterance_s`, so that the listen thread cuts first and no word is lost.
    pub utterance: Duration,
    /// The end of an utterance, from its pause; longer than the longest `listen.pause_ms`.
    pub trailing: Duration,
    /// The end of a held utterance, from the key's release.
    pub release: Duration,
    /// A transcript, from its commit.
    pub transcript: Duration,
    /// The first words of a voice over a reply, from [`Command::Look`](super::Command::Look).
    pub look: Duration,
    /// How long after a question further words still belong to it, while it has no answer. Later
    /// words are a new question, and the first is recorded as unanswered.
    pub together: Duration,
    /// The next piece of a reply, from the last piece or, if later, the end of the queued sound.
    pub reply: Duration,
    /// A tool, from its call; longer than the longest deadline of a tool (180 s to make a picture),
    /// so that the tool reports first and this is only the last resort.
    pub tool: Duration,
    /// The first sound of a word said meanwhile; without one the reply goes on.
    pub filler: Duration,
    /// The speaker's next progress while there is sound to play.
    pub playback: Duration,
    /// The exact count after a hush. A device period is 10 ms.
    pub settle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            utterance: Duration::from_secs(65),
            trailing: Duration::from_secs(7),
            release: Duration::from_secs(1),
            transcript: Duration::from_secs(20),
            look: Duration::from_millis(1_500),
            together: Duration::from_secs(5),
            reply: Duration::from_secs(30),
            tool: Duration::from_secs(200),
            filler: Duration::from_secs(4),
            playback: Duration::from_secs(3),
            settle: Duration::from_millis(250),
        }
    }
}

/// Rounds of tool calls in one reply; more fail with [`Failure::TooManyRounds`](super::Failure).
pub const MAX_ROUNDS: usize = 8;

/// Notices waiting to be said. When full, a new one is refused with
/// [`Failure::TooMuch`](super::Failure).
pub const MAX_NOTICES: usize = 16;

/// Utterances and typed lines waiting to be answered together. When full, a new one is refused with
/// [`Failure::TooMuch`](super::Failure).
pub const MAX_PARTS: usize = 32;

/// Calls in one round of a reply; more fail with [`Failure::TooManyRounds`](super::Failure),
/// because a responder that asks for so many is caught in a loop.
pub const MAX_CALLS: usize = 16;
