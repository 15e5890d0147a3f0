//! The speaker: the real playback edge, and an ear that counts what comes out of it.

use std::collections::VecDeque;

use aloud::audio::{BLOCK_SAMPLES, Block, FADE_SAMPLES, Path, path};
use aloud::base::{Epoch, Volume};
use aloud::turn::{Input, Playback};

use super::world::World;

/// Samples of a period at the speaker.
const PERIOD: usize = 480;

/// The pieces of one epoch and how many samples of them came out of the loudspeaker.
#[derive(Clone, Debug, Default)]
pub(crate) struct Truth {
    pub(crate) pieces: Vec<(u64, String)>,
    pub(crate) given: u64,
}

pub(crate) struct Speaker {
    pub(crate) path: Path,
    pub(crate) alive: bool,
    pub(crate) epoch: Epoch,
    pub(crate) cued: bool,
    pub(crate) waiting: VecDeque<f32>,
    pub(crate) hushing: Option<Epoch>,
    /// Whether the device was dead at any time since the last cut, so that the machine may have
    /// given up waiting for the count.
    pub(crate) died: bool,
    /// A cut that a dead device never settled: when it comes back, it first fades that out.
    pub(crate) ghost: bool,
    pub(crate) last: (Epoch, u64),
}

impl Speaker {
    pub(crate) fn new() -> Self {
        Self {
            path: path(Volume::new(100)),
            alive: true,
            epoch: Epoch::NONE,
            cued: false,
            waiting: VecDeque::new(),
            hushing: None,
            ghost: false,
            last: (Epoch::NONE, 0),
            died: false,
        }
    }

    /// The device dies or comes back.
    pub(crate) fn lives(&mut self, on: bool) {
        self.alive = on;
        self.died |= !on;
    }
}

impl World {
    /// A chunk of sound enters the speaker's script.
    pub(crate) fn queue(&mut self, epoch: Epoch, samples: u64, text: &str) {
        if self.speaker.epoch != epoch {
            self.speaker.epoch = epoch;
            self.speaker.cued = false;
            self.speaker.waiting.clear();
        }
        let pieces = &mut self.truth.entry(epoch).or_default().pieces;
        pieces.push((samples, text.to_owned()));
        let level = level(pieces.len() - 1);
        self.speaker.waiting.extend(std::iter::repeat_n(level, samples as usize));
    }

    pub(crate) fn refill(&mut self) {
        let Speaker { path, waiting, epoch, cued, .. } = &mut self.speaker;
        while *cued && !waiting.is_empty() && path.feed.vacant() > 0 {
            let len = waiting.len().min(BLOCK_SAMPLES);
            let (front, _) = waiting.as_slices();
            let len = len.min(front.len());
            path.feed.push(Block::new(*epoch, &front[..len])).unwrap();
            waiting.drain(..len);
        }
    }

    /// What the loudspeaker gives out in one period.
    pub(crate) fn play(&mut self) {
        if !self.speaker.cued && self.speaker.hushing.is_none() {
            return;
        }
        if std::mem::take(&mut self.speaker.ghost) {
            let given = self.speaker.path.playback.drain(&mut [0.0; FADE_SAMPLES]);
            assert!(given <= FADE_SAMPLES);
            return;
        }
        let mut out = [0.0; PERIOD];
        let given = self.speaker.path.playback.drain(&mut out);
        if given == 0 {
            return;
        }
        let epoch = self.speaker.hushing.unwrap_or(self.speaker.epoch);
        let truth = self.truth.get_mut(&epoch).unwrap();
        if truth.given == 0 {
            let line = format!("sounds {}", epoch.0);
            self.notice(&line);
        }
        let truth = self.truth.get_mut(&epoch).unwrap();
        if self.speaker.hushing.is_none() {
            // A cut fades; until then every sample is the one that comes next.
            let mut next = truth.given;
            let mut start = 0;
            let mut rest = &out[..given];
            for (n, (samples, _)) in truth.pieces.iter().enumerate() {
                let end = start + samples;
                let (now, later) =
                    rest.split_at((end.saturating_sub(next) as usize).min(rest.len()));
                let level = level(n);
                assert!(now.iter().all(|sample| *sample == level), "another sound");
                next += now.len() as u64;
                rest = later;
                start = end;
            }
            assert!(rest.is_empty(), "more sound than was queued");
        }
        // A cut in a gap fades the last sample out, which is no sound of the reply any more.
        let queued = truth.pieces.iter().map(|(samples, _)| samples).sum();
        truth.given = (truth.given + given as u64).min(queued);
    }

    pub(crate) fn progress(&mut self) {
        let gauge = &self.speaker.path.gauge;
        if let Some(epoch) = self.speaker.hushing {
            if let Some(samples) = gauge.hushed(epoch) {
                self.speaker.hushing = None;
                self.input(Input::Playback { epoch, playback: Playback::Settled { samples } });
            }
        } else if self.speaker.cued {
            let epoch = self.speaker.epoch;
            let samples = gauge.played(epoch);
            if self.speaker.last != (epoch, samples) {
                self.speaker.last = (epoch, samples);
                self.input(Input::Playback { epoch, playback: Playback::Progress { samples } });
            }
        }
    }
}

/// The level that piece `n` of a reply sounds with, so that an ear could tell the pieces apart.
fn level(n: usize) -> f32 {
    0.1 + 0.01 * (n % 64) as f32
}
