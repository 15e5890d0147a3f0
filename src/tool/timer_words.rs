//! Timers in words, for an answer.

use super::book::{Entry, Now, RingKind, Run};
use super::say;

/// "Okay, your tea timer is over."
pub(super) fn over(names: &[String]) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("Okay, your {} {verb} over.", say::list(names))
}

pub(super) fn ask_which(several: &[Entry], now: &Now) -> String {
    let words: Vec<String> = several.iter().map(|timer| with_left(timer, now)).collect();
    format!("You have {}: {}. Which one?", say::count(several.len(), "timer"), say::list(&words))
}

pub(super) fn length(timer: &Entry) -> u64 {
    match timer.kind() {
        RingKind::Timer { seconds } => seconds,
        RingKind::Alarm { .. } | RingKind::Reminder => 0,
    }
}

/// Seconds left, rounded up as on a kitchen clock; zero once it has run out.
pub(super) fn left(timer: &Entry, now: &Now) -> u64 {
    let micros = timer.run().map_or(0, |run| run.left(now));
    u64::try_from(micros).unwrap_or(0).div_ceil(1_000_000)
}

pub(super) fn left_words(timer: &Entry, now: &Now) -> String {
    format!("{} left", say::about(left(timer, now)))
}

/// "the eggs timer with 5 minutes left".
pub(super) fn with_left(timer: &Entry, now: &Now) -> String {
    let name = timer.name();
    match left(timer, now) {
        0 => format!("the {name}, which is ringing"),
        _ if timer.run().is_some_and(Run::paused) => {
            format!("the {name}, paused with {}", left_words(timer, now))
        }
        _ if timer.is_snoozed() => format!("the snoozed {name} with {}", left_words(timer, now)),
        _ => format!("the {name} with {}", left_words(timer, now)),
    }
}
