use crate::base::{FRAME_SAMPLES, Frame, LISTEN_RATE, VoiceActivity};

use super::gate::Gate;
use super::level::Floor;
use super::past::Past;

/// Makes the voice activity model, on the listen thread, when the first sound asks for it. The
/// error is for the user and ends with the next step.
pub type VadFactory = Box<dyn FnMut() -> Result<Box<dyn VoiceActivity>, String> + Send>;

/// Sound before the present that the model is shown when it wakes, so that its memory is right.
pub(super) const CONTEXT: u64 = 480 * LISTEN_RATE.0 as u64 / 1000;

/// The model's probability from which on sound is speech, and below which it is no more. The
/// authors of Silero use 0.5 and 0.15 less.
const SPEECH: f32 = 0.5;
const NO_SPEECH: f32 = 0.35;
/// Frames without a sign of speech after which the model sleeps again: one second.
const DOZE: u32 = 100;
/// Frames until a model that could not be had is asked for again: one minute.
const RETRY: u32 = 6_000;

/// The last ten verdicts of the gate, of which this many have to be for speech.
const WINDOW: u32 = 0x3ff;
const VOTES: u32 = 6;
/// Without a model, speech ends when none of the last eight verdicts is for it.
const LAPSE: u32 = 0xff;
/// How far sound has to stand out from the floor to count, in dB.
const MARGIN_DB: f32 = 6.0;
/// The same while a key vouches for speech.
const HELD_MARGIN_DB: f32 = 3.0;

/// Decides frame by frame what is speech: the gate first, the model only when the gate is open.
pub(super) struct Voice {
    gate: Gate,
    factory: Option<VadFactory>,
    model: Model,
    /// Why there is no model, until somebody asks.
    complaint: Option<String>,
    /// The gate's last verdicts, the newest in the lowest bit.
    votes: u32,
    /// Frames since the last sign of speech.
    lapse: u32,
    /// Where the speech under way began.
    since: Option<u64>,
}

enum Model {
    /// Not asked for yet, or not to be had; asked for again after so many frames.
    Absent { wait: u32 },
    /// In memory, and looking at every frame while it is awake.
    Present { judge: Box<dyn VoiceActivity>, awake: bool },
}

/// What a frame turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sound {
    /// No speech.
    Quiet,
    /// Speech that began at this position, at or before this frame.
    Speech(u64),
}

impl Voice {
    pub(super) fn new(factory: Option<VadFactory>) -> Self {
        Self {
            gate: Gate::new(),
            factory,
            model: Model::Absent { wait: 0 },
            complaint: None,
            votes: 0,
            lapse: DOZE,
            since: None,
        }
    }

    /// Begins to hear after a time in which it was not asked, or after a break in the sound.
    pub(super) fn reset(&mut self) {
        self.gate.reset();
        if let Model::Present { awake, .. } = &mut self.model {
            *awake = false;
        }
        (self.votes, self.lapse, self.since) = (0, DOZE, None);
    }

    /// Whether nothing has sounded like speech for a second, so that nobody has to hurry.
    pub(super) fn dozes(&self) -> bool {
        self.lapse >= DOZE
    }

    /// Loads the model if there is one, unless that was tried in vain within the last minute.
    pub(super) fn load(&mut self) {
        if let (Model::Absent { wait: 0 }, Some(factory)) = (&self.model, &mut self.factory) {
            self.model = match factory() {
                Ok(judge) => Model::Present { judge, awake: false },
                Err(why) => {
                    self.complaint = Some(why);
                    Model::Absent { wait: RETRY }
                }
            };
        }
    }

    /// Why there is no model; told once.
    pub(super) fn complaint(&mut self) -> Option<String> {
        self.complaint.take()
    }

    /// Hears the next frame, of this loudness. `past` is the sound up to the frame; `held` says
    /// that a key vouches for speech.
    pub(super) fn hear(
        &mut self,
        frame: &Frame,
        db: f32,
        floor: &Floor,
        past: &Past,
        held: bool,
    ) -> Sound {
        let margin = if held { HELD_MARGIN_DB } else { MARGIN_DB };
        let voiced = self.gate.hear(frame, db, floor, margin);
        self.votes = (self.votes << 1) | u32::from(voiced);
        let likely = (self.votes & WINDOW).count_ones() >= VOTES;
        if let Model::Absent { wait } = &mut self.model {
            *wait = wait.saturating_sub(1);
        }
        if likely || held {
            self.load();
            self.wake(past);
        }
        match &mut self.model {
            Model::Absent { .. } => self.count_votes(frame.start, likely),
            Model::Present { awake: false, .. } => {}
            Model::Present { judge, awake: true } => {
                let score = judge.score(frame);
                self.weigh(score, frame.start);
            }
        }
        self.lapse = if likely || self.since.is_some() { 0 } else { (self.lapse + 1).min(DOZE) };
        if self.dozes()
            && let Model::Present { awake, .. } = &mut self.model
        {
            *awake = held;
        }
        self.since.map_or(Sound::Quiet, Sound::Speech)
    }

    /// Wakes the model, if it sleeps, and shows it what came before.
    fn wake(&mut self, past: &Past) {
        let Model::Present { judge, awake: awake @ false } = &mut self.model else { return };
        *awake = true;
        judge.reset();
        let end = past.end();
        let kept = end - past.available(end.saturating_sub(CONTEXT)).start;
        let mut start = end - kept / FRAME_SAMPLES as u64 * FRAME_SAMPLES as u64;
        let mut pcm = Vec::new();
        past.copy(start..end, &mut pcm);
        let mut scores = Vec::new();
        for samples in pcm.as_chunks::<FRAME_SAMPLES>().0 {
            scores.push((judge.score(&Frame { start, samples: *samples }), start));
            start += FRAME_SAMPLES as u64;
        }
        // Speech that the gate was slow to notice begins where the model hears it.
        for (score, start) in scores {
            self.weigh(score, start);
        }
    }

    /// The model's verdict.
    fn weigh(&mut self, score: f32, start: u64) {
        self.since = match self.since {
            None if score >= SPEECH => Some(start),
            Some(_) if score < NO_SPEECH => None,
            same => same,
        };
    }

    /// The gate's verdict, where there is no model.
    fn count_votes(&mut self, start: u64, likely: bool) {
        self.since = match self.since {
            None if likely => {
                let first = 31 - u64::from((self.votes & WINDOW).leading_zeros());
                Some(start.saturating_sub(first * FRAME_SAMPLES as u64))
            }
            Some(_) if self.votes & LAPSE == 0 => None,
            same => same,
        };
    }
}
