use crate::base::{Frame, Utterance, UtteranceId};

use super::wake::Call;
use super::{EchoState, Settings};

/// Orders from the driver.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Listen, and let voice activity cut the utterances.
    Open,
    /// Open the ear for what follows the last wake word: an utterance begins with the word itself,
    /// so that nothing said in the same breath is lost.
    Woken,
    /// Listen for wake words or not, whatever else the ear does. Initially not.
    Spot(bool),
    /// Stop listening; an utterance in progress is discarded.
    Shut,
    /// Push-to-talk pressed: an utterance begins now, preroll included, and lasts until
    /// [`Order::Release`]. One already in progress is discarded as [`Discard::Superseded`] and its
    /// sound taken over.
    Hold,
    /// A better-informed listener knows that the user is done: ends the utterance in progress as
    /// silence would. One held by a key, or not yet speech, goes on.
    Cut,
    /// The silence that ends the utterance `id`, in whose pause this comes, instead of
    /// [`Settings::pause_ms`]; until its user goes on. A held key overrides it.
    Pause {
        /// Which one.
        id: UtteranceId,
        /// Milliseconds from the end of speech.
        ms: u32,
    },
    /// Push-to-talk released: cut now. The ear returns to its state before [`Order::Hold`].
    Release,
    /// Mute or unmute the microphone: while muted, samples are dropped on arrival.
    Mute(bool),
    /// Which frames are sent as [`Event::Frame`]. Initially none.
    Stream(Stream),
    /// Whether [`Event::Level`] is sent for a meter. Initially off, because each one wakes the
    /// driver.
    Meter(bool),
    /// New settings, effective immediately, even for the utterance in progress.
    Settings(Settings),
    /// Load the voice activity model now rather than at the first sound.
    Warm,
}

/// Which frames are passed on, for partners that hear the sound themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stream {
    /// None.
    #[default]
    Off,
    /// Those of utterances, from the preroll on.
    Speech,
    /// All, while the ear is open or held.
    Always,
}

/// What the ear heard. Positions are samples at 16 kHz since listening began, including muted ones.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// 10 ms of sound, as requested by [`Order::Stream`]. The last one of an utterance may be
    /// padded with zeros.
    Frame(Box<Frame>),
    /// Loudness of the last 50 ms.
    Level(Level),
    /// An utterance began.
    Started {
        /// Which one.
        id: UtteranceId,
        /// Where it begins, including the preroll.
        at: u64,
        /// Whether a held key began it; then it may still turn out to contain no speech.
        held: bool,
    },
    /// Enough voiced sound to be speech and not a knock: [`Settings::min_speech_ms`]. Once per
    /// utterance.
    Confirmed {
        /// Which one.
        id: UtteranceId,
    },
    /// This much of it is certainly voice by now. Sent after 200 ms, 288 ms and every further 480
    /// ms, and before each [`Event::Paused`] and [`Event::Ended`] if it has grown.
    Voiced {
        /// Which one.
        id: UtteranceId,
        /// Milliseconds in total.
        ms: u32,
        /// All of it so far, from the mark on at which its words can be recognized.
        so_far: Option<Utterance>,
    },
    /// The user has paused and may be done.
    Paused {
        /// All of it so far. If the user stays silent, [`Event::Ended`] carries this very
        /// utterance.
        utterance: Utterance,
        /// Where the voiced sound ended.
        end_of_speech: u64,
        /// Samples heard when this was decided; minus `end_of_speech` it is the age of the end of
        /// speech.
        heard: u64,
    },
    /// The user continues after [`Event::Paused`].
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
        /// Samples heard when this was decided.
        heard: u64,
        /// What ended it.
        by: End,
    },
    /// The utterance is dropped.
    Discarded {
        /// Which one.
        id: UtteranceId,
        /// Why.
        why: Discard,
    },
    /// A wake word was called.
    Called(Call),
    /// There is voice, and this is the best score of a wake word in the last second, 0.0..=1.0;
    /// sent only if it is not nothing.
    Score(f32),
    /// Why a wake word cannot be listened for.
    Wordless(String),
    /// Why there is no voice activity model; the coarser gate decides alone. Loading is retried
    /// after a minute of sound.
    Unaided(String),
    /// State of our own speaker's echo, whenever it changes.
    Echo(EchoState),
    /// The file that stands in for the microphone has ended. Everything before it has been
    /// reported.
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
    /// one continues at the sample where it ends.
    Limit,
}

/// Why an utterance was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discard {
    /// A key was held and nothing was said.
    NoSpeech,
    /// Too short to be speech: a knock, a cough.
    TooShort,
    /// A key was pressed meanwhile; its sound becomes the start of the next utterance.
    Superseded,
    /// The ear was shut.
    Shut,
    /// The microphone was muted.
    Muted,
    /// The microphone stopped delivering. Half a sentence is not acted upon.
    Lost,
}

/// Loudness, in dB relative to full scale; -120.0..=0.0, slightly more for square waves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Root mean square.
    pub rms_db: f32,
    /// Peak.
    pub peak_db: f32,
}
