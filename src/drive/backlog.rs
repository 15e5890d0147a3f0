use std::collections::VecDeque;

use crate::audio::Resampler;
use crate::base::{Rate, SPEAKER_RATE};

/// Samples of one reply, as they came, that wait at most: five minutes at 24 kHz, 29 MB. It is there
/// for servers that send a whole reply faster than it plays; a longer one is refused.
const MOST: usize = 5 * 60 * 24_000;

/// Samples that are converted in one go: 50 ms at 24 kHz.
const PIECE: usize = 1_200;

/// Why sound cannot be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unplayable {
    /// There is no such rate.
    #[error("The voice sends sound at {} Hz, which cannot be played. Choose another voice.", .0.0)]
    Rate(Rate),
    /// More waits than is kept.
    #[error("The answer is too long to be spoken. Ask for a shorter one.")]
    TooLong,
}

/// The sound of one reply as it came, at whatever rates, until the speaker wants it at its own.
///
/// The count of a piece is known when it comes, before any of it is converted: `n` samples become
/// `ceil(n * 48,000 / rate)`, counted over all pieces of one rate that follow each other.
#[derive(Default)]
pub(super) struct Backlog {
    runs: VecDeque<Run>,
    /// Samples of all runs.
    waiting: usize,
    made: Vec<f32>,
}

/// Sound of one rate without a break.
struct Run {
    resampler: Resampler,
    pcm: VecDeque<f32>,
    /// Samples that ever came.
    taken: u64,
    /// Nothing more of it comes.
    closed: bool,
}

impl Run {
    /// Samples at the speaker's rate that so much of it comes to.
    fn samples(&self) -> u64 {
        let rate = u64::from(self.resampler.from().0);
        (self.taken * u64::from(SPEAKER_RATE.0)).div_ceil(rate.max(1))
    }
}

impl Backlog {
    /// Adds `pcm` at the end; returns how many samples it will come to.
    pub(super) fn push(&mut self, pcm: Vec<f32>, rate: Rate) -> Result<u64, Unplayable> {
        if pcm.is_empty() {
            return Ok(0);
        }
        if self.waiting + pcm.len() > MOST {
            return Err(Unplayable::TooLong);
        }
        if self.runs.back().is_none_or(|run| run.closed || run.resampler.from() != rate) {
            let resampler =
                Resampler::new(rate, SPEAKER_RATE).map_err(|_| Unplayable::Rate(rate))?;
            // Another voice goes on: the last bit of the one before is still inside.
            self.close();
            self.runs.push_back(Run { resampler, pcm: VecDeque::new(), taken: 0, closed: false });
        }
        let Some(run) = self.runs.back_mut() else { return Ok(0) };
        let before = run.samples();
        run.taken += pcm.len() as u64;
        self.waiting += pcm.len();
        if run.pcm.is_empty() {
            run.pcm = pcm.into()
        } else {
            run.pcm.extend(pcm)
        }
        Ok(run.samples() - before)
    }

    /// Whatever comes next has nothing to do with what came before, so that a filter need not wait
    /// for it.
    pub(super) fn close(&mut self) {
        if let Some(run) = self.runs.back_mut() {
            run.closed = true;
        }
    }

    /// Appends the next bit to `out`; false when there is nothing to convert for now.
    pub(super) fn convert(&mut self, out: &mut VecDeque<f32>) -> bool {
        let Some(run) = self.runs.front_mut() else { return false };
        let count = run.pcm.len().min(PIECE);
        self.made.clear();
        if count > 0 {
            let (front, _) = run.pcm.as_slices();
            let count = count.min(front.len());
            run.resampler.push(&front[..count], &mut self.made);
            run.pcm.drain(..count);
            self.waiting -= count;
        } else if run.closed {
            run.resampler.flush(&mut self.made);
            self.runs.pop_front();
        } else {
            return false;
        }
        out.extend(&self.made);
        true
    }

    /// Whether all of it was converted.
    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }
}
