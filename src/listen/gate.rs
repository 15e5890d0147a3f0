use webrtc_vad::{SampleRate, Vad, VadMode};

use crate::base::{FRAME_SAMPLES, Frame};

use super::floor::{Floor, NoiseFloor};
use super::level::decibels;
use super::pitch::Band;

/// In-band sound below this is never speech, whatever the detector says: a microphone's own hiss.
const LEAST_DB: f32 = -62.0;
/// How far the band must stand out from the floor, in dB; less while a key vouches for speech.
const MARGIN_DB: f32 = 4.0;
const HELD_MARGIN_DB: f32 = 3.0;
/// How far it must stand out from the bed, in dB, before the gate alone calls it speech, and how
/// far it may sink below it until that ends.
const RISE_DB: f32 = 3.0;
const SINK_DB: f32 = 3.0;

/// Speech is likely when this many of the last ten frames are voiced ...
const VOTES: u32 = 6;
const VOTERS: u32 = 0x3ff;
/// ... and this many of the last twenty have a pitch.
const PITCHED: u32 = 4;
const PITCH_VOTERS: u32 = 0xf_ffff;
/// Normalized autocorrelation that counts as pitch. For white, pink and brown noise and for fans,
/// 99 frames in 100 stay below; the median of voiced speech is 0.8.
const PITCH: f32 = 0.5;
/// Speech that the gate alone detects ends when none of the last eight frames supports it.
const LAPSE: u32 = 0xff;

/// The cheap voice activity detector that is always on. Webrtc's detector at its strictest setting
/// still accepts much noise, so the sound must also stand out from the floor of the room within the
/// voice band, and some of it needs a pitch.
///
/// On 37 human utterances over ten noises at 20..0 dB it missed none and, music aside, took no
/// noise for speech; the detector alone took every noise for speech at some loudness.
pub(super) struct Gate {
    vad: Vad,
    pcm: [i16; FRAME_SAMPLES],
    band: Band,
    floor: Floor,
    bed: NoiseFloor,
    /// Verdicts on the last frames, newest in the lowest bit.
    voiced: u32,
    pitched: u32,
    /// As `voiced`, for sound that stands out from the bed.
    risen: u32,
    sustained: u32,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self {
            vad: Vad::new_with_rate_and_mode(SampleRate::Rate16kHz, VadMode::VeryAggressive),
            pcm: [0; FRAME_SAMPLES],
            band: Band::default(),
            floor: Floor::default(),
            bed: NoiseFloor::default(),
            voiced: 0,
            pitched: 0,
            risen: 0,
            sustained: 0,
        }
    }

    /// Starts to listen after a time of only [`Gate::learn`].
    pub(super) fn reset(&mut self) {
        self.vad.reset();
        self.vad.set_sample_rate(SampleRate::Rate16kHz);
        self.vad.set_mode(VadMode::VeryAggressive);
        (self.voiced, self.pitched, self.risen, self.sustained) = (0, 0, 0, 0);
    }

    /// Forgets the room.
    pub(super) fn restart(&mut self) {
        self.reset();
        self.band = Band::default();
        self.floor = Floor::default();
        self.bed = NoiseFloor::default();
    }

    /// Learns the noise of the room from a frame that nobody needs a verdict on.
    pub(super) fn learn(&mut self, frame: &Frame) {
        let db = decibels(self.band.hear(frame));
        self.floor.note(db);
        self.bed.note(db, false);
    }

    /// Takes the next frame. `speech` says whether the previous frame counted as speech, `held`
    /// that a key vouches for speech.
    pub(super) fn hear(&mut self, frame: &Frame, speech: bool, held: bool) {
        for (to, from) in self.pcm.iter_mut().zip(&frame.samples) {
            // The cast saturates, so a clipped sample stays clipped.
            *to = (from * 32_768.0) as i16;
        }
        let detected = self.vad.is_voice_segment(&self.pcm).unwrap_or(false);
        let db = decibels(self.band.hear(frame));
        let margin = if held { HELD_MARGIN_DB } else { MARGIN_DB };
        let voiced = detected && db > LEAST_DB.max(self.floor.db() + margin);
        // The pitch search costs more than all the rest, so it is skipped in silence.
        let pitched = voiced && self.band.pitched(PITCH);
        let bed = self.bed.db();
        let push = |votes: &mut u32, vote: bool| *votes = (*votes << 1) | u32::from(vote);
        push(&mut self.voiced, voiced);
        push(&mut self.pitched, pitched);
        push(&mut self.risen, voiced && (held || db > bed + RISE_DB));
        push(&mut self.sustained, voiced && (held || db > bed - SINK_DB));
        self.floor.note(db);
        self.bed.note(db, speech);
    }

    /// Whether it is worth asking the model.
    pub(super) fn likely(&self) -> bool {
        most(self.voiced) && self.sings()
    }

    /// Whether this is speech, if there is no model to ask, given whether it was before.
    pub(super) fn decide(&self, speech: bool) -> bool {
        if speech { self.sustained & LAPSE != 0 } else { most(self.risen) && self.sings() }
    }

    /// How many frames ago the votes that make speech likely began.
    pub(super) fn lag(&self) -> u32 {
        31u32.saturating_sub((self.voiced & VOTERS).leading_zeros())
    }

    fn sings(&self) -> bool {
        (self.pitched & PITCH_VOTERS).count_ones() >= PITCHED
    }
}

fn most(votes: u32) -> bool {
    (votes & VOTERS).count_ones() >= VOTES
}
