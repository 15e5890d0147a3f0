use crate::base::{Frame, Utterance, UtteranceId};

use super::wake::Call;
use super::{EchoState, Settings};

/// What the driver wants of the ear.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Listen, and let voice activity cut the utterances.
    Open,
    /// Open the ear for what follows the wake word that was called last: an utterance begins with
    /// the word itself, so that nothing of what is said in the same breath is lost.
    Woken,
    /// Listen for wake words or not, whatever else the ear does. From the start: not.
    Spot(bool),
    /// Stop listening; an utterance under way is discarded.
    Shut,
    /// Push-to-talk pressed: an utterance begins now, pre-roll included, and lasts until
    /// [`Order::Release`]. One already under way is discarded as
    /// [`Discard::Superseded`] and its sound taken over.
    Hold,
    /// Somebody who hears better knows that the user is done: ends the utterance under way as
    /// silence would. One that a key holds, or that is no speech yet, goes on.
    Cut,
    /// Push-to-talk released: cut now. The ear is then as it was before [`Order::Hold`].
    Release,
    /// The microphone is muted or not: while it is, samples are dropped as they come.
    Mute(bool),
    /// Which frames go out as [`Event::Frame`]. From the start: none.
    Stream(Stream),
    /// Whether [`Event::Level`] goes out for a meter. From the start: no, because each one wakes
    /// the driver.
    Meter(bool),
    /// Other settings. They count from now on, for the utterance under way too.
    Settings(Settings),
    /// Load the voice activity model now and not at the first sound.
    Warm,
}

/// Which frames are passed on, for partners that hear the sound themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stream {
    /// None.
    #[default]
    Off,
    /// Those of utterances, from the pre-roll on.
    Speech,
    /// All while the ear is open or held.
    Always,
}

/// What the ear heard. Positions are samples at 16 kHz since listening began, muted ones included.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// 10 ms of sound, as [`Order::Stream`] asked for. The last one of an utterance may be filled
    /// up with zeros.
    Frame(Box<Frame>),
    /// Loudness of the last 50 ms.
    Level(Level),
    /// An utterance began.
    Started {
        /// Which one.
        id: UtteranceId,
        /// Where it begins, the pre-roll included.
        at: u64,
        /// Whether a held key began it, in which case it may still turn out to hold no speech.
        held: bool,
    },
    /// Enough voiced sound for it to be speech and not a knock: [`Settings::min_speech_ms`].
    /// Comes once per utterance.
    Confirmed {
        /// Which one.
        id: UtteranceId,
    },
    /// So much of it is voice beyond doubt by now. Comes after 200 ms, 288 ms and each 480 ms more, and
    /// before each [`Event::Paused`] and [`Event::Ended`] if it has grown.
    Voiced {
        /// Which one.
        id: UtteranceId,
        /// Milliseconds, in all.
        ms: u32,
        /// All of it so far, from the mark on at which its words can be made out.
        so_far: Option<Utterance>,
    },
    /// The user is silent for a moment and may be done.
    Paused {
        /// All of it so far. When the user stays silent, [`Event::Ended`] carries the very same one.
        utterance: Utterance,
        /// Where the voiced sound ended.
        end_of_speech: u64,
        /// How much was heard when this was decided; less `end_of_speech` it is the age of the
        /// end of speech.
        heard: u64,
    },
    /// The user goes on after [`Event::Paused`].
    Resumed {
        /// Which one.
        id: UtteranceId,
    },
    /// The utterance is complete.
    Ended {
        /// All of it.
        utterance: Utterance,
        /// Where the voiced sound ended.
        end_of_speech: u64,
        /// How much was heard when this was decided.
        heard: u64,
        /// What ended it.
        by: End,
    },
    /// The utterance came to nothing.
    Discarded {
        /// Which one.
        id: UtteranceId,
        /// Why.
        why: Discard,
    },
    /// A wake word was called.
    Called(Call),
    /// There is voice, and this is the best score of a wake word in the last second, 0.0..=1.0;
    /// told only where it is not nothing.
    Score(f32),
    /// A wake word cannot be listened for, for this reason.
    Wordless(String),
    /// There is no voice activity model, for this reason; the coarser gate decides alone. The
    /// model is asked for again after a minute of sound.
    Unaided(String),
    /// How it stands with the echo of our own speaker, whenever that has changed.
    Echo(EchoState),
    /// The file that stands for the microphone has ended. What was said before has been told.
    EndOfInput,
}

/// What ended an utterance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Silence.
    Pause,
    /// The key was released.
    Release,
    /// It reached [`Settings::max_utterance_s`], or a gap between words shortly before; the next
    /// one goes on at the very sample where it ends.
    Limit,
}

/// Why an utterance came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discard {
    /// A key was held and nothing was said.
    NoSpeech,
    /// Too short to be speech: a knock, a cough.
    TooShort,
    /// A key was pressed meanwhile; its sound is the beginning of the next one.
    Superseded,
    /// The ear was shut.
    Shut,
    /// The microphone was muted.
    Muted,
    /// The microphone gave nothing any more. Half a sentence is not acted upon.
    Lost,
}

/// Loudness, in dB relative to full scale; -120.0..=0.0 and a little above for square waves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Root of the mean square.
    pub rms_db: f32,
    /// Largest sample.
    pub peak_db: f32,
}
