use std::collections::VecDeque;

use crate::base::{Rate, SPEAKER_RATE};
use crate::pcm::Resampler;

/// Samples of one reply that may wait unconverted: five minutes at 24 kHz, 29 MB. Some servers send
/// a whole reply faster than it plays; a longer one is refused.
const MOST: usize = 5 * 60 * 24_000;

/// Samples converted in one go: 50 ms at 24 kHz.
const PIECE: usize = 1_200;

/// Why sound cannot be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unplayable {
    /// Unsupported rate.
    #[error("The voice sends sound at {} Hz, which cannot be played. Choose another voice.", .0.0)]
    Rate(Rate),
    /// More is waiting than we keep.
    #[error("The answer is too long to be spoken. Ask for a shorter one.")]
    TooLong,
}

/// The sound of one reply at its original rates, until the speaker wants it at its own.
///
/// The output length of a piece is known on arrival, before conversion: `n` samples become `ceil(n
/// * 48,000 / rate)`, counted over consecutive pieces of the same rate.
#[derive(Default)]
pub(super) struct Backlog {
    runs: VecDeque<Run>,
    /// Samples in all runs.
    waiting: usize,
    made: Vec<f32>,
}

/// Consecutive sound of one rate.
struct Run {
    resampler: Resampler,
    pcm: VecDeque<f32>,
    /// Samples received so far.
    taken: u64,
    /// Nothing more will be added.
    closed: bool,
}

impl Run {
    /// The run's length in samples at the speaker's rate.
    fn samples(&self) -> u64 {
        let rate = u64::from(self.resampler.from().0);
        (self.taken * u64::from(SPEAKER_RATE.0)).div_ceil(rate.max(1))
    }
}

impl Backlog {
    /// Adds `pcm` at the end; returns how many output samples it adds.
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
            // Another voice takes over, and the filter still holds the tail of the previous one.
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

    /// Ends the current run, so that its filter need not wait for more sound.
    pub(super) fn close(&mut self) {
        if let Some(run) = self.runs.back_mut() {
            run.closed = true;
        }
    }

    /// Appends the next converted samples to `out`; false when there is nothing to convert for now.
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

    /// Whether everything has been converted.
    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }
}
