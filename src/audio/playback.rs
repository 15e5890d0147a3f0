use std::time::Duration;

use ringbuf::HeapCons;
use ringbuf::traits::Consumer;

use super::SharedState;
use super::block::{BLOCK_SAMPLES, Block, PlaybackFeed, SPEAKER_RING, speaker_ring};
use super::earcon::Chimes;
use super::memory::Memory;
use super::tap::TapEdge;
use crate::base::{Epoch, Moment, SPEAKER_RATE, Volume};

/// Samples over which a cut reply fades out: 5 ms, short enough to feel immediate and long enough
/// not to click.
pub const FADE_SAMPLES: usize = 240;

/// Gain of a ducked reply: -14 dB leaves it audible below a talking user.
const DUCKED: f32 = 0.2;

/// Bound on the steps that fill one period: a ring full of single samples plus some changes of the
/// live epoch. A step plays part of a block, ends a fade or switches to another epoch.
const MAX_PASSES: usize = 1 << 12;

/// Largest change of the gain per sample: from silence to full in 10 ms.
const GAIN_STEP: f32 = 1.0 / 480.0;

/// Decay factor per sample of the held sample when the ring runs dry: -63 dB after 5 ms.
const DECAY: f32 = 0.97;

/// Never allocates, locks, waits or logs. The reading end of the speaker ring: mixes the live reply
/// and the earcons for the loudspeaker.
///
/// A paused reply fades out and stops; it resumes from a sample already given out, which is counted
/// once.
///
/// Blocks of the live epoch are played, all others are skipped. When the live epoch changes, the
/// current sound fades out within [`FADE_SAMPLES`]; those samples count as given out. Every sample
/// given out is counted, see [`SharedState::progress`].
pub struct PlaybackEdge {
    blocks: HeapCons<Block>,
    shared: SharedState,
    volume: Volume,
    chimes: Chimes,
    /// The current block, and how much of it was output.
    block: Block,
    at: usize,
    /// The epoch being served, and how much of it was output.
    epoch: Epoch,
    samples: u64,
    stage: Stage,
    still: Still,
    memory: Memory,
    /// Samples left of the fade-in after a pause.
    rise: usize,
    /// The last sample output, before volume; a dry ring decays from it.
    held: f32,
    /// The smoothed gains of the reply and the earcons.
    gain: f32,
    chime_gain: f32,
    /// Records what is output, for the echo canceller.
    tap: TapEdge,
    /// When the next sample is output, if the device reports the time.
    now: Option<Moment>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    /// Nothing of the epoch has sounded yet.
    Fresh,
    /// Blocks are being played.
    Sounding,
    /// The ring ran dry in the middle.
    Dry,
    /// The end marker was reached.
    Ended,
    /// The epoch is no longer live; this many samples of its fade are left.
    Fading(usize),
}

/// Whether the reply is paused, whatever its stage.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Still {
    /// Not paused.
    No,
    /// Paused after this many samples.
    Fading(usize),
    /// Paused.
    Yes,
}

/// What comes next in the ring.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Next {
    /// A sample of the served epoch, in the current block.
    Sample,
    /// The end marker of the served epoch, already taken.
    End,
    /// A block of another epoch that is live by now.
    Live,
    /// Nothing worth waiting for.
    Nothing,
}

impl PlaybackEdge {
    pub(super) fn new(shared: SharedState, volume: Volume, tap: TapEdge) -> (PlaybackFeed, Self) {
        let (feed, blocks) = speaker_ring();
        let gain = volume.gain();
        let edge = Self {
            blocks,
            shared,
            volume,
            chimes: Chimes::new(),
            block: Block::end(Epoch::NONE),
            at: 0,
            epoch: Epoch::NONE,
            samples: 0,
            stage: Stage::Fresh,
            still: Still::No,
            memory: Memory::new(),
            rise: 0,
            held: 0.0,
            gain,
            chime_gain: gain,
            tap,
            now: None,
        };
        (feed, edge)
    }

    /// Fills `out` with the next samples, mono at [`crate::base::SPEAKER_RATE`]; silence if there
    /// is nothing to play. Any length.
    pub fn pull(&mut self, out: &mut [f32]) {
        let given = self.speak(out);
        for sample in &mut out[given..] {
            self.held = if self.held.abs() > 1e-5 { self.held * DECAY } else { 0.0 };
            *sample = self.held;
        }
        self.weigh(out);
        let volume = self.volume.gain();
        self.chimes.start(self.shared.take_chimes());
        self.chimes.mix(out, &mut self.chime_gain, volume);
        self.tap.note(out, self.now, &self.shared);
        let length = out.len() as u64 * 1_000_000 / u64::from(SPEAKER_RATE.0);
        self.now = self.now.map(|now| now + Duration::from_micros(length));
        self.shared.note_pull(out.len());
    }

    /// The next [`PlaybackEdge::pull`] happens at `now`. Either both edges are told the time, by
    /// the same clock, or neither; it shows how their devices drift against each other.
    pub fn at(&mut self, now: Moment) {
        self.now = Some(now);
    }

    /// As [`PlaybackEdge::pull`], but stops when there is nothing to play: returns the number of
    /// samples written, without silence or earcons. For writing a file faster than real time, where
    /// waiting for the next block takes no time.
    pub fn drain(&mut self, out: &mut [f32]) -> usize {
        let given = self.speak(out);
        self.weigh(&mut out[..given]);
        self.shared.note_pull(given);
        given
    }

    pub(super) fn shared(&self) -> &SharedState {
        &self.shared
    }

    /// What follows is for a newly opened device.
    pub(super) fn restart(&mut self) {
        self.tap.restart();
    }

    /// Writes the reply into `out` before volume; returns how many samples there were.
    fn speak(&mut self, out: &mut [f32]) -> usize {
        let mut done = 0;
        // The live epoch may change again while a period is filled, and each change takes at least
        // one pass of this loop; the bound limits the callback's work.
        for _ in 0..MAX_PASSES {
            let live = self.shared.live();
            if live != self.epoch {
                match (self.stage, self.still) {
                    (Stage::Fading(_), _) => {}
                    (_, Still::Yes) => self.settle(live),
                    (_, Still::Fading(left)) => self.stage = Stage::Fading(left),
                    (Stage::Fresh | Stage::Dry | Stage::Ended, Still::No)
                        if !self.memory.plays() =>
                    {
                        self.settle(live);
                    }
                    (Stage::Fresh | Stage::Dry | Stage::Ended | Stage::Sounding, Still::No) => {
                        self.stage = Stage::Fading(FADE_SAMPLES);
                    }
                }
            }
            self.heed_pause();
            let rest = &mut out[done..];
            if rest.is_empty() {
                break;
            }
            if let Stage::Fading(left) = self.stage {
                let n = left.min(rest.len());
                self.fade(&mut rest[..n], left);
                done += n;
                if n == left {
                    self.settle(self.shared.live());
                } else {
                    self.stage = Stage::Fading(left - n);
                }
                continue;
            }
            match self.still {
                Still::Yes => break,
                Still::Fading(left) => {
                    let n = left.min(rest.len());
                    self.fade(&mut rest[..n], left);
                    done += n;
                    self.still = if n == left { Still::Yes } else { Still::Fading(left - n) };
                    if n == left {
                        self.held = 0.0;
                    }
                    continue;
                }
                Still::No => {}
            }
            if self.memory.plays() {
                done += self.repeat(rest);
                continue;
            }
            match self.fetch() {
                Next::Sample => {}
                // The next reply went live in the meantime.
                Next::Live => continue,
                Next::End => {
                    self.stage = Stage::Ended;
                    self.shared.note_end(self.epoch);
                    continue;
                }
                Next::Nothing => {
                    self.starve(rest.len());
                    break;
                }
            }
            let n = rest.len().min(usize::from(self.block.len) - self.at);
            rest[..n].copy_from_slice(&self.block.pcm[self.at..self.at + n]);
            self.memory.keep(&rest[..n]);
            self.rise(&mut rest[..n]);
            self.at += n;
            self.held = rest[n - 1];
            self.samples += n as u64;
            self.stage = Stage::Sounding;
            done += n;
        }
        self.shared.note_progress(self.epoch, self.samples);
        done
    }

    /// Pauses or resumes, as the driver wants.
    fn heed_pause(&mut self) {
        // A reply that has not begun to sound has nothing to pause.
        let paused = self.shared.paused() && self.stage != Stage::Fresh;
        match (paused, self.still) {
            (true, Still::No) => {
                let sounds = self.stage == Stage::Sounding || self.memory.plays();
                self.still = if sounds { Still::Fading(FADE_SAMPLES) } else { Still::Yes };
            }
            (false, Still::Fading(_) | Still::Yes) => {
                self.memory.rewind(self.shared.from());
                self.still = Still::No;
                let sounds = self.stage == Stage::Sounding || self.memory.plays();
                self.rise = if sounds { FADE_SAMPLES } else { 0 };
            }
            (true, Still::Fading(_) | Still::Yes) | (false, Still::No) => {}
        }
    }

    /// Gives out again what was given out before; returns how much of `out` it filled.
    fn repeat(&mut self, out: &mut [f32]) -> usize {
        let mut n = 0;
        for slot in out.iter_mut() {
            let Some(sample) = self.memory.next() else { break };
            *slot = sample;
            n += 1;
        }
        self.rise(&mut out[..n]);
        if let Some(last) = out[..n].last() {
            self.held = *last;
        }
        n
    }

    /// Fades in what resumes after a pause.
    fn rise(&mut self, out: &mut [f32]) {
        for sample in out.iter_mut().take(self.rise) {
            *sample *= 1.0 - self.rise as f32 / FADE_SAMPLES as f32;
            self.rise -= 1;
        }
    }

    /// Looks for the next sample of the served epoch. Blocks of neither it nor the live epoch are
    /// stale and dropped; a block of the live epoch stays in the ring until that epoch is served.
    fn fetch(&mut self) -> Next {
        // The ring may be refilled while it is read; the bound limits the callback's work.
        for _ in 0..=SPEAKER_RING {
            if self.block.epoch == self.epoch && self.at < usize::from(self.block.len) {
                return Next::Sample;
            }
            let Some(block) = self.blocks.try_peek() else { return Next::Nothing };
            // Read after the block: an epoch goes live before its blocks are queued, so what is
            // seen here is at least as new as the block.
            if block.epoch != self.epoch && block.epoch == self.shared.live() {
                return Next::Live;
            }
            let Some(mut block) = self.blocks.try_pop() else { return Next::Nothing };
            block.len = block.len.min(BLOCK_SAMPLES as u16);
            let ends = block.epoch == self.epoch && block.len == 0;
            self.block = block;
            self.at = 0;
            if ends {
                return Next::End;
            }
        }
        Next::Nothing
    }

    /// Fades the next samples, or the last held one if there are none, to zero. `left` is what
    /// remains of the fade.
    fn fade(&mut self, out: &mut [f32], left: usize) {
        let mut more = true;
        for (i, sample) in out.iter_mut().enumerate() {
            if let Some(again) = self.memory.next() {
                self.held = again;
                *sample = self.held * ((left - i) as f32 / FADE_SAMPLES as f32);
                continue;
            }
            // Once the reply has run out, what follows it is not checked again.
            match if more { self.fetch() } else { Next::Nothing } {
                Next::Sample => {
                    self.held = self.block.pcm[self.at];
                    self.memory.keep(&[self.held]);
                    self.at += 1;
                    self.samples += 1;
                }
                Next::End => {
                    self.shared.note_end(self.epoch);
                    more = false;
                }
                Next::Live | Next::Nothing => more = false,
            }
            *sample = self.held * ((left - i) as f32 / FADE_SAMPLES as f32);
        }
    }

    /// Releases the served epoch with its final count, and serves `live`.
    fn settle(&mut self, live: Epoch) {
        self.shared.settle(self.epoch, self.samples, live);
        // A fade has ended at zero; a dry ring keeps decaying from where it is.
        if matches!(self.stage, Stage::Fading(_)) {
            self.held = 0.0;
        }
        self.memory.clear();
        (self.still, self.rise) = (Still::No, 0);
        self.epoch = live;
        self.samples = 0;
        self.stage = Stage::Fresh;
    }

    fn starve(&mut self, missing: usize) {
        match self.stage {
            Stage::Sounding => self.shared.note_starved(missing, true),
            Stage::Dry => self.shared.note_starved(missing, false),
            Stage::Fresh | Stage::Ended | Stage::Fading(_) => return,
        }
        self.stage = Stage::Dry;
    }

    /// Applies volume and ducking without audible steps.
    fn weigh(&mut self, out: &mut [f32]) {
        let duck = if self.shared.duck() { DUCKED } else { 1.0 };
        glide(out, &mut self.gain, self.volume.gain() * duck);
    }
}

/// Multiplies `out` by a gain that moves from `gain` to `target` in small steps.
fn glide(out: &mut [f32], gain: &mut f32, target: f32) {
    if *gain == target {
        // The usual case: a loop that vectorizes, or none at all.
        if target != 1.0 {
            out.iter_mut().for_each(|sample| *sample *= target);
        }
        return;
    }
    for sample in out {
        *gain += (target - *gain).clamp(-GAIN_STEP, GAIN_STEP);
        *sample *= *gain;
    }
}

#[cfg(test)]
mod tests;
