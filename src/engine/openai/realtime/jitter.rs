use std::time::Duration;

use crate::base::{Moment, Rate};

/// The least sound held back before a reply begins: covers 30 ms of jitter with as much again to
/// spare.
pub(super) const LEAST: Duration = Duration::from_millis(60);

/// The most: a network that needs more is unfit for conversation.
const MOST: Duration = Duration::from_millis(400);

/// Held sound is released after this time even if no more arrives.
const PATIENCE: Duration = Duration::from_millis(300);

/// Holds back the beginning of a reply until there is enough of it, so that it does not stall when
/// the next piece is late. Grows when that was not enough, and shrinks when it was.
#[derive(Clone, Debug)]
pub(super) struct JitterBuffer {
    target: Duration,
    held: Vec<f32>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Nothing has arrived since the beginning.
    Empty,
    /// Something has arrived, first at this moment.
    Filling(Moment),
    /// Everything is passed through. `given` samples were, the first at `since`.
    Open { since: Moment, given: u64, dry: bool },
}

impl JitterBuffer {
    pub(super) const fn new() -> Self {
        Self { target: LEAST, held: Vec::new(), state: State::Empty }
    }

    /// A reply begins.
    pub(super) fn begin(&mut self) {
        self.held.clear();
        self.state = State::Empty;
    }

    /// Takes the next sound of the reply and returns what may be played.
    pub(super) fn push(&mut self, now: Moment, pcm: Vec<f32>, rate: Rate) -> Option<Vec<f32>> {
        match &mut self.state {
            State::Open { since, given, dry } => {
                // The speaker is at `now`, or has been starved since `end`.
                let end = *since + span(*given, rate);
                if now > end {
                    *dry = true;
                    self.target = (self.target + now.since(end)).min(MOST);
                    self.state = State::Filling(now);
                } else {
                    *given += pcm.len() as u64;
                    return Some(pcm);
                }
            }
            State::Filling(_) => {}
            State::Empty => self.state = State::Filling(now),
        }
        self.held.extend(pcm);
        if span(self.held.len() as u64, rate) >= self.target { self.open(now) } else { None }
    }

    /// Returns what has waited for too long.
    pub(super) fn poll(&mut self, now: Moment) -> Option<Vec<f32>> {
        if self.deadline().is_some_and(|until| until <= now) { self.open(now) } else { None }
    }

    /// When [`JitterBuffer::poll`] should be called.
    pub(super) fn deadline(&self) -> Option<Moment> {
        match self.state {
            State::Filling(since) => Some(since + PATIENCE.max(self.target)),
            State::Empty | State::Open { .. } => None,
        }
    }

    /// The reply is complete: returns what is left.
    pub(super) fn end(&mut self, now: Moment) -> Option<Vec<f32>> {
        match self.state {
            State::Open { dry: false, .. } => {
                self.target = (self.target * 9 / 10).max(LEAST);
                None
            }
            State::Open { dry: true, .. } | State::Empty => None,
            State::Filling(_) => self.open(now),
        }
    }

    fn open(&mut self, now: Moment) -> Option<Vec<f32>> {
        let held = std::mem::take(&mut self.held);
        self.state = State::Open { since: now, given: held.len() as u64, dry: false };
        (!held.is_empty()).then_some(held)
    }
}

fn span(samples: u64, rate: Rate) -> Duration {
    Duration::from_micros(samples.saturating_mul(1_000_000) / u64::from(rate.0.max(1)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RATE: Rate = Rate(24_000);

    fn at(ms: u64) -> Moment {
        Moment::from_millis(ms)
    }

    fn ms(ms: usize) -> Vec<f32> {
        vec![0.1; ms * 24]
    }

    #[test]
    fn a_reply_begins_when_there_is_enough_of_it_and_a_short_one_at_its_end() {
        let mut jitter = JitterBuffer::new();
        jitter.begin();
        assert_eq!(jitter.push(at(0), ms(40), RATE), None);
        assert_eq!(jitter.push(at(5), ms(20), RATE), Some(ms(60)));
        assert_eq!(jitter.push(at(6), ms(1), RATE), Some(ms(1)));
        assert_eq!(jitter.end(at(7)), None);
        jitter.begin();
        assert_eq!(jitter.push(at(100), ms(30), RATE), None);
        assert_eq!(jitter.end(at(101)), Some(ms(30)));
    }

    #[test]
    fn what_waits_in_vain_is_let_go() {
        let mut jitter = JitterBuffer::new();
        jitter.begin();
        assert_eq!(jitter.push(at(0), ms(40), RATE), None);
        assert_eq!(jitter.poll(at(299)), None);
        assert_eq!(jitter.poll(at(300)), Some(ms(40)));
    }

    #[test]
    fn a_gap_makes_it_thicker_and_smooth_replies_thin_again() {
        let mut jitter = JitterBuffer::new();
        jitter.begin();
        assert_eq!(jitter.push(at(0), ms(60), RATE), Some(ms(60)));
        assert_eq!(jitter.push(at(160), ms(60), RATE), None);
        assert_eq!(jitter.push(at(161), ms(100), RATE), Some(ms(160)));
        for _ in 0..20 {
            jitter.begin();
            assert!(jitter.push(at(0), ms(400), RATE).is_some());
            jitter.end(at(1));
        }
        assert_eq!(jitter.target, LEAST);
    }

    proptest! {
        /// Pieces of 20 ms in real time, each up to 30 ms late but in order: the sound never
        /// stalls.
        #[test]
        fn it_never_runs_dry_at_30_ms_of_jitter(late in proptest::collection::vec(0u64..=30_000, 1..500)) {
            let mut jitter = JitterBuffer::new();
            jitter.begin();
            let mut begun = None;
            let (mut arrived, mut given) = (0, 0);
            for (n, late) in late.iter().enumerate() {
                arrived = (n as u64 * 20_000 + late).max(arrived);
                let now = Moment::from_micros(arrived);
                if let Some(since) = begun {
                    prop_assert!(now <= since + span(given, RATE), "dry at piece {n}");
                }
                if let Some(pcm) = jitter.push(now, ms(20), RATE) {
                    begun.get_or_insert(now);
                    given += pcm.len() as u64;
                }
            }
        }
    }
}
