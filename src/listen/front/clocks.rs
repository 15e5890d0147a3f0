use crate::base::{LISTEN_RATE, SPEAKER_RATE};

/// Calls ignored after the speaker's stream starts: its first buffer is filled in one go.
const BURST: u32 = 20;
/// Calls whose median places the line, once the burst is over: 300 ms at 5 ms each.
const SETTLING: usize = 60;
/// Seconds without a call that mean the stream was paused.
const PAUSE: f64 = 0.06;
/// The most that the error of one call counts, and the mean error that means a jump because sound
/// was lost or a buffer grew. Samples at [`LISTEN_RATE`].
const OUTLIER: f64 = 48.0;
const JUMP: f64 = 128.0;
/// The weight of one call in the mean error.
const MEAN: f64 = 0.02;
/// The bandwidth of the loop that follows the clocks, in radians per second: fast at first, then
/// slow, so that a late call moves nothing.
const QUICK: f64 = 0.5;
const SLOW: f64 = 0.04;
/// No sound card's clock is off by more than this share.
const WORST_DRIFT: f64 = 4e-4;

/// Maps the samples that the speaker was given to the clock of the microphone.
///
/// Both count samples, each at the rate of its own device. Every call of the speaker's callback
/// shows how much the microphone had delivered by then, within a few milliseconds. A line is fitted
/// to these points: a median at first, then a second-order phase-locked loop, which measures the
/// drift of the clocks to a few parts per million.
pub(super) struct Clocks {
    /// A point on the line: samples at [`SPEAKER_RATE`], and samples at [`LISTEN_RATE`].
    speaker: u64,
    microphone: f64,
    /// How much faster the microphone counts than the speaker, as a share.
    drift: f64,
    /// Seconds for which the drift has been measured, without pauses.
    age: f64,
    state: State,
}

enum State {
    /// Nothing is known.
    Blank,
    /// The stream has started: calls to ignore, and the errors of those after them.
    Settling { burst: u32, errors: Vec<f64> },
    /// The line is placed; the mean error.
    Following { mean: f64 },
}

/// What a call means for the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Not paused.
    Same,
    /// It starts again: what was learned about the delay between the devices may be wrong.
    Moved,
}

impl Clocks {
    pub(super) fn new() -> Self {
        Self { speaker: 0, microphone: 0.0, drift: 0.0, age: 0.0, state: State::Blank }
    }

    /// Another device: forgets everything.
    pub(super) fn forget(&mut self) {
        *self = Self::new();
    }

    /// Moves the line along the microphone's clock, by samples at [`LISTEN_RATE`].
    pub(super) fn shift(&mut self, samples: f64) {
        self.microphone += samples;
    }

    /// Microphone samples per speaker sample.
    fn rate(&self) -> f64 {
        f64::from(LISTEN_RATE.0) / f64::from(SPEAKER_RATE.0) * (1.0 + self.drift)
    }

    /// How much faster the microphone counts than the speaker, in parts per million.
    pub(super) fn ppm(&self) -> f64 {
        self.drift * 1e6
    }

    /// The speaker's position at the microphone's `position`, and the speaker samples per
    /// microphone sample; `None` while nothing is known.
    pub(super) fn at(&self, position: f64) -> Option<(f64, f64)> {
        match self.state {
            State::Blank => None,
            State::Settling { .. } | State::Following { .. } => {
                let step = 1.0 / self.rate();
                Some((self.speaker as f64 + (position - self.microphone) * step, step))
            }
        }
    }

    /// Notes a call of the speaker's callback at its position `speaker`, when the microphone was at
    /// `microphone`.
    pub(super) fn note(&mut self, speaker: u64, microphone: f64) -> Line {
        let passed = speaker.saturating_sub(self.speaker) as f64;
        let expected = self.microphone + passed * self.rate();
        let error = microphone - expected;
        let paused = error > PAUSE * f64::from(LISTEN_RATE.0) || speaker < self.speaker;
        match &mut self.state {
            State::Following { mean } if !paused => {
                let time = passed / f64::from(SPEAKER_RATE.0);
                *mean += MEAN * (error.clamp(-2.0 * JUMP, 2.0 * JUMP) - *mean);
                // A machine under load is late with some of its calls.
                let error = error.clamp(-OUTLIER, OUTLIER);
                self.age += time;
                let speed = (2.0 / self.age).clamp(SLOW, QUICK);
                let pull = (1.4 * speed * time).min(0.5);
                let bend = speed * speed * time / f64::from(LISTEN_RATE.0);
                let jumped = mean.abs() > JUMP;
                self.speaker = speaker;
                self.microphone = expected + pull * error;
                self.drift = (self.drift + bend * error).clamp(-WORST_DRIFT, WORST_DRIFT);
                if jumped {
                    self.begin(speaker, microphone, 0);
                    return Line::Moved;
                }
                Line::Same
            }
            State::Settling { burst: burst @ 1.., .. } if !paused => {
                *burst -= 1;
                (self.speaker, self.microphone) = (speaker, microphone);
                Line::Same
            }
            State::Settling { errors, .. } if !paused => {
                errors.push(error);
                // The first errors give a provisional line, all of them the final one.
                if matches!(errors.len(), 1 | 4 | 16 | SETTLING) {
                    let done = errors.len() == SETTLING;
                    let median = median(errors);
                    errors.iter_mut().for_each(|error| *error -= median);
                    self.microphone += median;
                    if done {
                        self.state = State::Following { mean: 0.0 };
                    }
                }
                Line::Same
            }
            State::Blank | State::Settling { .. } | State::Following { .. } => {
                self.begin(speaker, microphone, BURST);
                Line::Same
            }
        }
    }

    /// Restarts the line at this point.
    fn begin(&mut self, speaker: u64, microphone: f64, burst: u32) {
        (self.speaker, self.microphone) = (speaker, microphone);
        self.state = State::Settling { burst, errors: Vec::with_capacity(SETTLING) };
    }
}

/// The median of `values`, which must not be empty.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls every 5 ms for `seconds`, with the microphone off by `ppm` and behind by `lag`, each
    /// call late by up to `jitter` samples.
    struct Devices {
        clocks: Clocks,
        speaker: u64,
        time: f64,
        ppm: f64,
        jitter: f64,
        seed: u64,
    }

    impl Devices {
        fn new(ppm: f64, jitter: f64) -> Self {
            Self { clocks: Clocks::new(), speaker: 0, time: 0.0, ppm, jitter, seed: 7 }
        }

        fn truth(&self) -> f64 {
            self.time * 16_000.0 * (1.0 + self.ppm * 1e-6)
        }

        fn run(&mut self, seconds: f64) -> Line {
            let mut line = Line::Same;
            for _ in 0..(seconds * 200.0) as u32 {
                self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let late = (self.seed >> 40) as f64 / (1 << 24) as f64 * self.jitter;
                if self.clocks.note(self.speaker, self.truth() + late) == Line::Moved {
                    line = Line::Moved;
                }
                self.speaker += 240;
                self.time += 0.005;
            }
            line
        }

        /// How far the line is from the truth, in milliseconds.
        fn error(&self) -> f64 {
            let (at, _) = self.clocks.at(self.truth() + self.jitter / 2.0).unwrap();
            (at - self.speaker as f64) / 48.0
        }
    }

    #[test]
    fn the_drift_of_two_clocks_is_known_in_spite_of_late_calls() {
        for ppm in [0.0, 200.0, -200.0] {
            let mut devices = Devices::new(ppm, 120.0);
            devices.run(2.0);
            assert!(devices.error().abs() < 1.0, "{ppm}: {} ms", devices.error());
            devices.run(40.0);
            assert!((devices.clocks.ppm() - ppm).abs() < 12.0, "{ppm}: {}", devices.clocks.ppm());
            assert!(devices.error().abs() < 0.3, "{ppm}: {} ms", devices.error());
        }
    }

    #[test]
    fn the_line_is_found_again_after_a_pause_and_the_drift_is_still_known() {
        let mut devices = Devices::new(200.0, 120.0);
        devices.run(60.0);
        devices.time += 3_600.0;
        devices.run(0.1);
        assert!(devices.error().abs() < 8.0, "{} ms", devices.error());
        devices.run(0.5);
        assert!(devices.error().abs() < 1.0, "{} ms", devices.error());
        assert!((devices.clocks.ppm() - 200.0).abs() < 20.0);
    }

    #[test]
    fn lost_sound_is_a_jump_and_not_a_drift() {
        let mut devices = Devices::new(0.0, 40.0);
        devices.run(30.0);
        // From now on the speaker's buffer holds 30 ms more.
        devices.speaker += 1_440;
        assert_eq!(devices.run(1.0), Line::Moved);
        devices.run(2.0);
        assert!(devices.error().abs() < 1.0, "{} ms", devices.error());
        assert!(devices.clocks.ppm().abs() < 100.0, "{}", devices.clocks.ppm());
    }
}
