use std::time::Duration;

use crate::base::Moment;

/// What the talk key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Talk {
    Press,
    Release,
}

/// Longest time between a key's first event and its first repeat: the usual delays are 250 to 660
/// ms, and 30 to 50 ms between repeats.
const FIRST_REPEAT: Duration = Duration::from_millis(700);
const REPEAT: Duration = Duration::from_millis(150);

/// Without a repeat for this long the key is up.
const UP: Duration = Duration::from_millis(250);

/// One talk key for all terminals: those that report key releases, those that only repeat a held
/// key, and a person who taps to start and taps to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum TalkKey {
    /// Not talking.
    #[default]
    Up,
    /// Talking since a press; not known yet whether the key is held.
    Down { since: Moment },
    /// Talking while the key repeats.
    Repeating { last: Moment },
}

impl TalkKey {
    /// The terminal reported a key press or repeat.
    pub(super) fn on_press(&mut self, now: Moment) -> Option<Talk> {
        match *self {
            Self::Up => {
                *self = Self::Down { since: now };
                Some(Talk::Press)
            }
            Self::Down { since } if now.since(since) < FIRST_REPEAT => {
                *self = Self::Repeating { last: now };
                None
            }
            Self::Repeating { last } if now.since(last) < REPEAT => {
                *self = Self::Repeating { last: now };
                None
            }
            Self::Down { .. } | Self::Repeating { .. } => {
                *self = Self::Up;
                Some(Talk::Release)
            }
        }
    }

    /// The terminal reported a key release.
    pub(super) fn on_release(&mut self, now: Moment) -> Option<Talk> {
        match *self {
            // A short tap means "start", the next one "stop".
            Self::Down { since } if now.since(since) < Duration::from_millis(250) => {
                *self = Self::Down { since: Moment::ZERO };
                None
            }
            Self::Down { .. } | Self::Repeating { .. } => {
                *self = Self::Up;
                Some(Talk::Release)
            }
            Self::Up => None,
        }
    }

    /// Time has passed.
    pub(super) fn on_time(&mut self, now: Moment) -> Option<Talk> {
        match *self {
            Self::Repeating { last } if now.since(last) >= UP => {
                *self = Self::Up;
                Some(Talk::Release)
            }
            Self::Up | Self::Down { .. } | Self::Repeating { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Moment {
        Moment::from_millis(n + 10_000)
    }

    #[test]
    fn a_terminal_that_reports_releases_gives_a_held_key() {
        let mut key = TalkKey::default();
        assert_eq!(key.on_press(ms(0)), Some(Talk::Press));
        assert_eq!(key.on_time(ms(2000)), None);
        assert_eq!(key.on_release(ms(2100)), Some(Talk::Release));
        assert_eq!(key.on_release(ms(2200)), None);
    }

    #[test]
    fn two_taps_start_and_stop() {
        let mut key = TalkKey::default();
        assert_eq!(key.on_press(ms(0)), Some(Talk::Press));
        assert_eq!(key.on_release(ms(80)), None);
        assert_eq!(key.on_press(ms(3000)), Some(Talk::Release));
        let mut key = TalkKey::default();
        assert_eq!(key.on_press(ms(0)), Some(Talk::Press));
        assert_eq!(key.on_press(ms(3000)), Some(Talk::Release));
    }

    #[test]
    fn a_terminal_that_only_repeats_gives_a_held_key_too() {
        let mut key = TalkKey::default();
        assert_eq!(key.on_press(ms(0)), Some(Talk::Press));
        for at in (500..2000).step_by(40) {
            assert_eq!(key.on_press(ms(at)), None);
            assert_eq!(key.on_time(ms(at + 20)), None);
        }
        assert_eq!(key.on_time(ms(2300)), Some(Talk::Release));
        assert_eq!(key, TalkKey::Up);
    }
}
