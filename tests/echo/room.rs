//! A room with a loudspeaker and a microphone: the real edges, the real path of the sound into the
//! listener, and the air between them. Time is counted, not waited for.

use aloud::audio::{
    Block, CaptureEdge, PlaybackEdge, PlaybackFeed, SPEAKER_RING, SharedState, path,
};
use aloud::base::{Epoch, LISTEN_RATE, Moment, SPEAKER_RATE, Volume};
use aloud::listen::{Event, Intake, Order, Settings, VadFactory};
use aloud::pcm::Resampler;

/// A period of both devices in samples of the speaker: 10 ms.
const PERIOD: usize = 480;

/// The acoustics of a room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Air {
    /// Level of the speaker in the microphone, in decibels relative to what it was given.
    pub(crate) echo_db: f32,
    /// Milliseconds from the edge through the speaker's buffers and the air to the microphone.
    pub(crate) delay_ms: f32,
    /// Reverberation time, in milliseconds.
    pub(crate) tail_ms: f32,
    /// How much faster the microphone's clock is than the speaker's, in parts per million.
    pub(crate) drift_ppm: f64,
    /// Whether the speaker distorts, as a small loud one does.
    pub(crate) distorts: bool,
    /// How late the device callbacks are at most, in milliseconds.
    pub(crate) late_ms: u64,
}

impl Air {
    /// The room in which echo cancelling is measured: 150 ms of echo, a distorting loudspeaker, and
    /// clocks that differ by 200 parts per million.
    pub(crate) fn of(echo_db: f32) -> Self {
        Self {
            echo_db,
            delay_ms: 60.0,
            tail_ms: 150.0,
            drift_ppm: 200.0,
            distorts: true,
            late_ms: 3,
        }
    }
}

/// A room with a speaker and a microphone.
pub(crate) struct Room {
    pub(crate) air: Air,
    pub(crate) shared: SharedState,
    pub(crate) volume: Volume,
    feed: PlaybackFeed,
    playback: PlaybackEdge,
    capture: CaptureEdge,
    pub(crate) intake: Intake,
    /// Reflections: delay in samples at 16 kHz, and gain.
    paths: Vec<(f64, f32)>,
    /// The speaker's sound in the air, at 16 kHz.
    down: Resampler,
    air_pcm: Vec<f32>,
    /// Microphone samples so far.
    heard: u64,
    /// What people say: the microphone's sample from which on, and the rest of it.
    people: Vec<(u64, Vec<f32>)>,
    /// The sounding reply, and what of it is not queued yet.
    epoch: Epoch,
    reply: Vec<f32>,
    queued: usize,
    periods: u64,
    pub(crate) sounding: bool,
    /// Whether the speaker's stream is paused.
    pub(crate) resting: bool,
    seed: u32,
    /// Everything that the microphone heard.
    pub(crate) microphone: Vec<f32>,
    pub(crate) events: Vec<Event>,
}

impl Room {
    pub(crate) fn new(air: Air, settings: Settings, factory: Option<VadFactory>) -> Self {
        let volume = Volume::new(100);
        let mut path = path(volume.clone());
        path.capture.restart(LISTEN_RATE);
        let mut intake = Intake::new(path.tail, path.tap, settings, factory);
        let mut events = Vec::new();
        intake.order(Order::Open, &mut events);
        let mut room = Self {
            air,
            shared: path.shared,
            volume,
            feed: path.feed,
            playback: path.playback,
            capture: path.capture,
            intake,
            paths: Vec::new(),
            down: Resampler::new(SPEAKER_RATE, LISTEN_RATE).unwrap(),
            air_pcm: Vec::new(),
            heard: 0,
            people: Vec::new(),
            epoch: Epoch::NONE,
            reply: Vec::new(),
            queued: 0,
            periods: 0,
            sounding: false,
            resting: false,
            seed: 1,
            microphone: Vec::new(),
            events,
        };
        room.rebuild();
        room
    }

    /// The walls and other reflectors: a direct path, and 240 others that arrive later and weaker.
    pub(crate) fn rebuild(&mut self) {
        let straight = f64::from(self.air.delay_ms) * 16.0;
        let mut paths = vec![(straight, 1.0)];
        for _ in 0..240 {
            let at = 2.0 + self.chance().abs() * self.air.tail_ms;
            // 60 dB down at the end of the tail.
            let level = 0.12 * self.chance() * (-6.9 * at / self.air.tail_ms).exp();
            paths.push((straight + f64::from(at) * 16.0, level));
        }
        let energy: f32 = paths.iter().map(|(_, level)| level * level).sum();
        let scale = 10f32.powf(self.air.echo_db / 20.0) / energy.sqrt();
        self.paths = paths.into_iter().map(|(at, level)| (at, level * scale)).collect();
    }

    /// A random number in -1..1.
    fn chance(&mut self) -> f32 {
        self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.seed >> 8) as f32 / 8_388_608.0 - 1.0
    }

    /// Plays `pcm` on the speaker, mono at 48 kHz.
    pub(crate) fn say(&mut self, pcm: &[f32]) {
        self.epoch = self.epoch.next();
        self.shared.set_live(self.epoch);
        (self.reply, self.queued, self.sounding) = (pcm.to_vec(), 0, true);
    }

    /// A person says `pcm` from now on, mono at 16 kHz as the microphone hears it.
    pub(crate) fn hear(&mut self, pcm: &[f32]) {
        self.people.push((self.heard, pcm.to_vec()));
    }

    /// Seconds since the start.
    pub(crate) fn seconds(&self) -> f64 {
        self.periods as f64 / 100.0
    }

    /// The microphone's position, in samples at 16 kHz.
    pub(crate) fn position(&self) -> u64 {
        self.heard
    }

    /// Advances time.
    pub(crate) fn run(&mut self, seconds: f64) {
        for _ in 0..(seconds * 100.0).round() as u64 {
            self.period();
        }
    }

    /// Advances time until the reply is over.
    pub(crate) fn run_out(&mut self) {
        while self.sounding {
            self.period();
        }
    }

    fn late(&mut self) -> u64 {
        (self.chance().abs() * self.air.late_ms as f32 * 1_000.0) as u64
    }

    /// 10 ms of both devices.
    fn period(&mut self) {
        let now = self.periods * 10_000;
        self.periods += 1;
        self.fill();
        let mut out = [0.0; PERIOD];
        if !self.resting {
            let late = self.late();
            self.playback.at(Moment::from_micros(1_000_000 + now + late));
            self.playback.pull(&mut out);
        }
        if self.sounding && self.shared.ended() == self.epoch {
            self.sounding = false;
        }
        if self.air.distorts {
            for sample in &mut out {
                let driven = *sample * 2.0;
                *sample = (driven.tanh() + 0.05 * driven * driven) / 2.0;
            }
        }
        self.down.push(&out, &mut self.air_pcm);
        // What the microphone has heard by the end of this period.
        let until = (self.periods as f64 * 160.0 * (1.0 + self.air.drift_ppm * 1e-6)) as u64;
        let mut pcm = Vec::new();
        while self.heard < until {
            let at = self.heard as f64 / (1.0 + self.air.drift_ppm * 1e-6);
            let mut sum: f32 = self
                .paths
                .iter()
                .map(|(delay, level)| level * read(&self.air_pcm, at - delay))
                .sum();
            for (from, said) in &self.people {
                sum += said.get((self.heard - from) as usize).copied().unwrap_or_default();
            }
            // Hiss at -74 dB.
            sum += 3.5e-4 * self.chance();
            pcm.push(sum.clamp(-1.0, 1.0));
            self.heard += 1;
        }
        let late = self.late();
        self.capture.at(Moment::from_micros(1_000_000 + now + 10_000 + late));
        self.capture.push(&pcm);
        self.microphone.extend(&pcm);
        self.intake.look(&mut self.events);
    }

    fn fill(&mut self) {
        while self.sounding && self.feed.vacant() > SPEAKER_RING / 2 {
            let rest = &self.reply[self.queued.min(self.reply.len())..];
            let block =
                if rest.is_empty() { Block::end(self.epoch) } else { Block::new(self.epoch, rest) };
            self.queued += usize::from(block.len);
            let last = block.len == 0;
            if self.feed.push(block).is_err() || last {
                break;
            }
        }
    }
}

/// The sample of `pcm` at `position`, interpolated (Catmull-Rom).
fn read(pcm: &[f32], position: f64) -> f32 {
    if position < 1.0 {
        return 0.0;
    }
    let (n, f) = (position as usize, position.fract() as f32);
    let Some([a, b, c, d]) = pcm.get(n - 1..n + 3).and_then(|four| four.first_chunk()) else {
        return 0.0;
    };
    b + 0.5 * f * (c - a + f * (2.0 * a - 5.0 * b + 4.0 * c - d + f * (3.0 * (b - c) + d - a)))
}
