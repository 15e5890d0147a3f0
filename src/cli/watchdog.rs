use std::time::Duration;

use super::notify::{Notifier, Word};
use crate::app::Pulses;
use crate::base::{Clock, Moment};

/// A part that does not beat for this long starves the watchdog: each should beat once a second,
/// and loading a model delays one of them by about as much.
const PATIENCE: Duration = Duration::from_millis(2_500);

/// Feeds the service manager's watchdog, if there is one, while everything moves.
pub(super) async fn feed(clock: Clock, pulses: Pulses, notifier: Notifier) {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    let mut vitals = Vitals::new(limit);
    loop {
        // systemd recommends half the limit; a sixth leaves room for late rounds.
        tokio::time::sleep((limit / 6).max(Duration::from_millis(50))).await;
        match vitals.stuck(clock.now(), &pulses.counts()) {
            None => notifier.tell(Word::Alive),
            Some(who) => tracing::warn!("{who} is stuck; the watchdog is not fed"),
        }
    }
}

/// When each part was last seen to beat.
struct Vitals {
    patience: Duration,
    seen: Vec<(Option<u64>, Moment)>,
}

impl Vitals {
    fn new(limit: Duration) -> Self {
        Self { patience: PATIENCE.max(limit / 2), seen: Vec::new() }
    }

    /// The first part that has not moved for too long; one without a count cannot be stuck.
    fn stuck<'n>(&mut self, now: Moment, counts: &[(&'n str, Option<u64>)]) -> Option<&'n str> {
        self.seen.resize(counts.len(), (None, now));
        let mut stuck = None;
        for ((name, count), seen) in counts.iter().zip(&mut self.seen) {
            if *count != seen.0 || count.is_none() {
                *seen = (*count, now);
            } else if now.since(seen.1) > self.patience {
                stuck = stuck.or(Some(*name));
            }
        }
        stuck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_once_a_second_is_well_at_any_limit() {
        for limit in [600, 3_000, 15_000] {
            let mut vitals = Vitals::new(Duration::from_millis(limit));
            for millis in (0..60_000).step_by(100) {
                // Late by up to half a second.
                let beats = millis / 1_000 * 1_000 / 1_500;
                let counts = [("the driver", Some(beats)), ("no device", None)];
                assert_eq!(vitals.stuck(Moment::from_millis(millis), &counts), None, "{millis} ms");
            }
        }
    }

    #[test]
    fn what_stands_still_is_named() {
        let mut vitals = Vitals::new(Duration::from_secs(3));
        let mut at = |millis, other| {
            let counts = [("the driver", Some(7)), ("another", Some(other))];
            vitals.stuck(Moment::from_millis(millis), &counts)
        };
        assert_eq!(at(0, 0), None);
        assert_eq!(at(2_500, 1), None);
        assert_eq!(at(2_600, 2), Some("the driver"));
    }
}
