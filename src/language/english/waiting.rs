//! What is said while a tool keeps the user waiting.

use std::time::Duration;

use super::say;

/// Short words for the first silence, said in turn.
const MOMENTS: [&str; 4] = ["One moment.", "Just a second.", "Give me a moment.", "Hang on."];

/// The same for a long one, if nobody knows how long it will be.
const LONG: [&str; 2] = ["I'm still working on it.", "This is taking a while."];

/// A short word for the first silence; another number, another word.
pub(crate) fn moment(number: u32) -> &'static str {
    MOMENTS[number as usize % MOMENTS.len()]
}

/// How far something is: `done` of it, 0.0..=1.0, was done in `took`, `since` before now; if that is
/// known.
pub(crate) fn progress(number: u32, done: Option<f32>, took: Duration, since: Duration) -> String {
    let Some(done) = done.filter(|done| (0.01..1.0).contains(done)) else {
        return LONG[number as usize % LONG.len()].to_owned();
    };
    let left = took.as_secs_f32() / done * (1.0 - done) - since.as_secs_f32();
    let left = match left.max(0.0) {
        // Nobody wants it to the second, and it is not known that well.
        0.0..10.0 => "a few seconds".to_owned(),
        10.0..55.0 => format!("about {}", say::span((left / 10.0).round() as u64 * 10)),
        _ => format!("about {}", say::span((left / 60.0).round().max(1.0) as u64 * 60)),
    };
    format!("It's {:.0} percent done. That leaves {left}.", done * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_moments_in_a_row_are_said_differently() {
        assert!((0..9).all(|number| moment(number) != moment(number + 1)));
    }

    #[test]
    fn the_rest_is_told_as_well_as_it_is_known() {
        let after = |seconds, done| progress(0, done, Duration::from_secs(seconds), Duration::ZERO);
        assert_eq!(after(15, None), "I'm still working on it.");
        assert_eq!(after(15, Some(0.0)), "I'm still working on it.");
        assert_eq!(after(15, Some(0.8)), "It's 80 percent done. That leaves a few seconds.");
        assert_eq!(after(15, Some(0.25)), "It's 25 percent done. That leaves about 50 seconds.");
        let later = progress(0, Some(0.5), Duration::from_secs(40), Duration::from_secs(20));
        assert_eq!(later, "It's 50 percent done. That leaves about 20 seconds.");
        assert_eq!(after(60, Some(0.2)), "It's 20 percent done. That leaves about 4 minutes.");
    }
}
