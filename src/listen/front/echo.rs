use sonora_aec3::block::Block;
use sonora_aec3::block_processor::BlockProcessor;
use sonora_aec3::config::EchoCanceller3Config;

use super::coupling::Coupling;
use crate::base::LISTEN_RATE;

/// Samples processed at a time: 4 ms.
pub(super) const BLOCK: usize = 64;

/// How many samples the output lags behind the input: the overlap of the suppressor's windows.
pub(super) const DELAY: usize = BLOCK;

/// Length of the adaptive filters in blocks: 100 ms of the room. The rest is left to the
/// suppressor's model of reverberation. Longer filters learn more slowly.
const FILTER: usize = 25;
/// The same while they start to learn.
const FILTER_AT_FIRST: usize = 12;

/// The delay in blocks that is assumed until one is measured: 20 ms.
const AT_FIRST: usize = 5;

/// The same in samples: how much earlier than its echo the speaker's sound must arrive.
pub(super) const LEAD: f64 = (AT_FIRST * BLOCK) as f64;

/// Full scale of the canceller's samples.
const SCALE: f32 = 32_768.0;
/// The level that the canceller takes for a clipping microphone.
const FULL: f32 = 32_700.0 / SCALE;

/// Blocks per measurement of what was removed: half a second.
const READING: u32 = 125;
/// Measurements whose median counts.
const READINGS: usize = 9;
/// Mean square below which there is nothing to remove: -60 dB.
const AUDIBLE: f32 = 1e-6;

/// Removes the speaker's sound from the microphone's with the AEC3 of WebRTC, ported by the crate
/// `sonora-aec3`: two adaptive filters, and a suppressor for what they leave.
pub(super) struct Canceller {
    core: BlockProcessor,
    far: Block,
    near: Block,
    linear: Block,
    /// What the filters alone left of the previous block.
    filtered: [f32; BLOCK],
    /// The previous block as it was heard.
    heard: [f32; BLOCK],
    /// Whether there is an echo.
    coupling: Coupling,
    removed: Removed,
    /// Whether the delay of the echo has just changed.
    moved: bool,
}

impl Canceller {
    pub(super) fn new() -> Self {
        Self {
            core: BlockProcessor::new(&settings(), LISTEN_RATE.0 as usize, 1, 1),
            far: Block::new(1, 1),
            near: Block::new(1, 1),
            linear: Block::new(1, 1),
            filtered: [0.0; BLOCK],
            heard: [0.0; BLOCK],
            coupling: Coupling::new(),
            removed: Removed::default(),
            moved: false,
        }
    }

    /// Removes the echo of `far` from `near`: `near` becomes the suppressor's output, for detecting
    /// voice; the returned block is that of the filters alone, for transcription. Both lag [`DELAY`]
    /// samples behind the input, and both are the input if there is no echo in it.
    ///
    /// The suppressor takes words with the echo: of those said a second into a first reply, to a
    /// microphone that hears the reply at -6 dB, 48 % are wrong behind it, 23 % behind the filters,
    /// and 29 % as they were heard (`scripts/echo`).
    pub(super) fn block(&mut self, far: &[f32; BLOCK], near: &mut [f32; BLOCK]) -> [f32; BLOCK] {
        let before = power(near);
        let heard = std::mem::replace(&mut self.heard, *near);
        for (sample, far) in self.far.view_mut(0, 0).iter_mut().zip(far) {
            *sample = far * SCALE;
        }
        let full = near.iter().any(|sample| sample.abs() >= FULL);
        for (sample, near) in self.near.view_mut(0, 0).iter_mut().zip(near.iter()) {
            *sample = near * SCALE;
        }
        self.core.buffer_render(&self.far);
        let moved = std::mem::take(&mut self.moved);
        self.core.process_capture(moved, full, Some(&mut self.linear), &mut self.near);
        for (near, sample) in near.iter_mut().zip(self.near.view(0, 0)) {
            *near = sample / SCALE;
        }
        let mut filtered = [0.0; BLOCK];
        for (filtered, sample) in filtered.iter_mut().zip(self.linear.view(0, 0)) {
            *filtered = sample / SCALE;
        }
        self.coupling.note(power(far), before, power(&filtered));
        if self.coupling.absent() {
            *near = heard;
        }
        self.removed.note(before, power(near));
        // The filters' output lacks the suppressor's delay.
        let filtered = std::mem::replace(&mut self.filtered, filtered);
        if self.coupling.absent() { *near } else { filtered }
    }

    /// The delay from the speaker to the microphone has changed.
    pub(super) fn moved(&mut self) {
        self.moved = true;
    }

    /// Marks a gap in the sound: what is left of the previous block does not belong to the next.
    pub(super) fn pause(&mut self) {
        self.filtered = [0.0; BLOCK];
        self.heard = [0.0; BLOCK];
    }

    /// How many decibels quieter the echo becomes (ERLE), if measured: the median of the last half
    /// seconds with an echo, so that a user who talks over it hardly counts.
    pub(super) fn removed_db(&self) -> Option<f32> {
        self.removed.db()
    }

    /// The measured delay from the far sound to its echo, in milliseconds.
    pub(super) fn delay_ms(&self) -> i32 {
        self.core.get_metrics().delay_ms
    }
}

fn settings() -> EchoCanceller3Config {
    let mut settings = EchoCanceller3Config::default();
    settings.delay.default_delay = AT_FIRST;
    settings.filter.export_linear_aec_output = true;
    settings.filter.refined.length_blocks = FILTER;
    settings.filter.coarse.length_blocks = FILTER;
    settings.filter.refined_initial.length_blocks = FILTER_AT_FIRST;
    settings.filter.coarse_initial.length_blocks = FILTER_AT_FIRST;
    settings
}

fn power(samples: &[f32; BLOCK]) -> f32 {
    samples.iter().map(|sample| sample * sample).sum::<f32>() / BLOCK as f32
}

/// Measures how much quieter the microphone's sound becomes.
#[derive(Default)]
struct Removed {
    blocks: u32,
    before: f32,
    after: f32,
    /// The last measurements in decibels.
    readings: Vec<f32>,
}

impl Removed {
    fn note(&mut self, before: f32, after: f32) {
        self.blocks += 1;
        self.before += before;
        self.after += after;
        if self.blocks < READING {
            return;
        }
        if self.before / READING as f32 > AUDIBLE {
            if self.readings.len() == READINGS {
                self.readings.remove(0);
            }
            self.readings.push(10.0 * (self.before / self.after.max(1e-9)).log10());
        }
        (self.blocks, self.before, self.after) = (0, 0.0, 0.0);
    }

    fn db(&self) -> Option<f32> {
        let mut sorted = self.readings.clone();
        sorted.sort_by(f32::total_cmp);
        sorted.get(sorted.len() / 2).copied()
    }
}
