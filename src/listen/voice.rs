use crate::base::{FRAME_SAMPLES, Frame, LISTEN_RATE, VoiceActivity};

use super::gate::Gate;
use super::past::Past;

/// Makes the voice activity model, on the listen thread, when the first sound needs it. The error
/// is for the user and ends with the next step.
pub type VadFactory = Box<dyn FnMut() -> Result<Box<dyn VoiceActivity>, String> + Send>;

/// Samples (480 ms) of past sound that the model is shown when it wakes, so that its state is
/// right.
pub(super) const CONTEXT: u64 = 480 * LISTEN_RATE.0 as u64 / 1000;

/// Probability at which sound becomes speech, and below which it stops being speech. Silero's
/// authors use 0.5 and 0.15 less.
const SPEECH: f32 = 0.5;
const NO_SPEECH: f32 = 0.35;
/// The model's probability above which sound is certainly speech: coughs and knocks rarely stay
/// there for long.
const CLEAR: f32 = 0.8;
/// Frames without a sign of speech after which the model sleeps again: one second.
const DOZE: u32 = 100;
/// Frames until loading the model is retried: one minute.
const RETRY: u32 = 6_000;

/// Decides frame by frame what is speech: the gate first, the model only while the gate is open.
pub(super) struct Voice {
    gate: Gate,
    factory: Option<VadFactory>,
    model: Model,
    /// Why there is no model, until it is reported.
    complaint: Option<String>,
    /// Frames since the last sign of speech.
    lapse: u32,
    /// Where the current speech began.
    since: Option<u64>,
    /// Frames of certain speech that were not read yet.
    clear: u32,
}

enum Model {
    /// Not loaded yet, or unavailable; retried after this many frames.
    Absent { wait: u32 },
    /// In memory, and judging every frame while awake.
    Present { judge: Box<dyn VoiceActivity>, awake: bool },
}

/// The verdict on a frame.
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
            lapse: DOZE,
            since: None,
            clear: 0,
        }
    }

    /// Starts to listen after a time of not being asked, or after a break in the sound.
    pub(super) fn reset(&mut self) {
        self.gate.reset();
        if let Model::Present { awake, .. } = &mut self.model {
            *awake = false;
        }
        (self.lapse, self.since, self.clear) = (DOZE, None, 0);
    }

    /// Forgets the room.
    pub(super) fn restart(&mut self) {
        self.reset();
        self.gate.restart();
    }

    /// Whether nothing has sounded like speech for a second, so that there is no hurry.
    pub(super) fn dozes(&self) -> bool {
        self.lapse >= DOZE
    }

    /// Frames of certain speech since the last call. Without a model, everything that the gate
    /// takes for speech.
    pub(super) fn take_clear(&mut self) -> u32 {
        std::mem::take(&mut self.clear)
    }

    /// Loads the model if there is one, unless that failed within the last minute.
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

    /// Why there is no model; reported once.
    pub(super) fn complaint(&mut self) -> Option<String> {
        self.complaint.take()
    }

    /// Learns the noise of the room while the ear is closed.
    pub(super) fn learn(&mut self, frame: &Frame) {
        self.gate.learn(frame);
    }

    /// Detects voice while the ear is closed, by the gate alone; whether there is any.
    pub(super) fn notice(&mut self, frame: &Frame) -> bool {
        self.gate.hear(frame, false, false);
        self.gate.likely()
    }

    /// Whether the gate considers voice likely.
    pub(super) fn likely(&self) -> bool {
        self.gate.likely()
    }

    /// Takes the next frame. `past` is the sound up to it; `held` says that a key vouches for
    /// speech.
    pub(super) fn hear(&mut self, frame: &Frame, past: &Past, held: bool) -> Sound {
        self.gate.hear(frame, self.since.is_some(), held);
        let likely = self.gate.likely();
        if let Model::Absent { wait } = &mut self.model {
            *wait = wait.saturating_sub(1);
        }
        if likely || held {
            self.load();
            self.wake(past);
        }
        match &mut self.model {
            Model::Absent { .. } => self.ask_gate(frame.start),
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

    /// Wakes the model, if it sleeps, and shows it the recent past.
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
        // Speech that the gate was slow to notice begins where the model detects it.
        for (score, start) in scores {
            self.weigh(score, start);
        }
    }

    /// Applies the model's verdict.
    fn weigh(&mut self, score: f32, start: u64) {
        self.clear += u32::from(score > CLEAR);
        self.since = match self.since {
            None if score >= SPEECH => Some(start),
            Some(_) if score < NO_SPEECH => None,
            same => same,
        };
    }

    /// Applies the gate's verdict, if there is no model.
    fn ask_gate(&mut self, start: u64) {
        let lag = u64::from(self.gate.lag()) * FRAME_SAMPLES as u64;
        self.since = self
            .gate
            .decide(self.since.is_some())
            .then(|| self.since.unwrap_or(start.saturating_sub(lag)));
        self.clear += u32::from(self.since.is_some());
    }
}
