use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::park_timeout;
use std::time::Duration;

use super::{CaptureEdge, Pace, PlaybackEdge, Settings};
use crate::base::{Clock, Moment, SPEAKER_RATE};
use crate::pcm::{FileError, Recording, WavFile};

/// The period of a file that stands in for a device: 10 ms, as for a real one.
const PERIOD: Duration = Duration::from_millis(10);

/// How long a file at fast pace waits while the other end is not ready.
const NAP: Duration = Duration::from_millis(1);

/// Plays `recording` into the microphone's edge until `stop`. Calls `ended` once, when the file and
/// the silence after it have been taken.
///
/// # Errors
/// [`FileError::Io`] when reading fails; silence follows it all the same, so that what was said
/// before is answered.
pub(super) fn play(
    mut recording: Recording,
    mut edge: CaptureEdge,
    settings: &Settings,
    stop: &AtomicBool,
    ended: impl FnOnce(),
) -> Result<(), FileError> {
    let rate = recording.rate();
    edge.restart(rate);
    let mut period = vec![0.0; (rate.0 as usize / 100).max(1)];
    let mut pacer = Pacer::new(settings.pace);
    let mut outcome = Ok(());
    let mut trail =
        (settings.trail.as_secs_f64() * f64::from(rate.0)) as usize / period.len() * period.len();
    let mut ended = Some(ended);
    let mut over = false;
    loop {
        let ready = match settings.pace {
            Pace::Real => true,
            Pace::Fast => edge.vacant() >= period.len() && !edge.shared().held(),
        };
        if !pacer.wait(ready, stop) {
            return outcome;
        }
        if !ready {
            continue;
        }
        if !over {
            let n = match fill(&mut recording, &mut period) {
                Ok(n) => n,
                Err(why) => {
                    outcome = Err(why);
                    0
                }
            };
            over = n < period.len();
            edge.push(&period[..n]);
            if over {
                edge.end();
                period.fill(0.0);
            }
            continue;
        }
        if trail > 0 || settings.pace == Pace::Real {
            edge.push(&period);
            trail = trail.saturating_sub(period.len());
        }
        if trail == 0
            && let Some(ended) = ended.take()
        {
            ended();
        }
        if trail == 0 && settings.pace == Pace::Fast {
            return outcome;
        }
    }
}

/// Writes the output of the playback edge into `file` until `stop`, then completes the file.
///
/// # Errors
/// [`FileError::CannotWrite`]; `broke` is notified immediately, and the sound continues unwritten
/// so that the conversation does not hang with the disk.
pub(super) fn write(
    file: WavFile,
    mut edge: PlaybackEdge,
    pace: Pace,
    stop: &AtomicBool,
    broke: impl Fn(FileError),
) -> Result<(), FileError> {
    let mut period = vec![0.0; SPEAKER_RATE.0 as usize / 100];
    let mut pacer = Pacer::new(pace);
    let mut outcome = Ok(file);
    loop {
        let n = match pace {
            Pace::Real => {
                edge.pull(&mut period);
                period.len()
            }
            Pace::Fast => edge.drain(&mut period),
        };
        if let Ok(file) = &mut outcome
            && let Err(why) = file.write(&period[..n])
        {
            broke(why.clone());
            outcome = Err(why);
        }
        if !pacer.wait(n > 0, stop) {
            return outcome.and_then(WavFile::finish);
        }
    }
}

fn fill(recording: &mut Recording, out: &mut [f32]) -> Result<usize, FileError> {
    let mut done = 0;
    while done < out.len() {
        match recording.read(&mut out[done..])? {
            0 => break,
            n => done += n,
        }
    }
    Ok(done)
}

/// Paces a thread.
struct Pacer {
    pace: Pace,
    clock: Clock,
    next: Moment,
}

impl Pacer {
    fn new(pace: Pace) -> Self {
        let clock = Clock::start();
        Self { pace, clock, next: clock.now() }
    }

    /// Waits for the next period, or briefly if the other end is not `ready`; whether to go on.
    fn wait(&mut self, ready: bool, stop: &AtomicBool) -> bool {
        match self.pace {
            Pace::Real => {
                // Counted from the start, so the thread may be late but does not drift.
                self.next = self.next + PERIOD;
                while !stop.load(Ordering::Acquire) {
                    match self.next.since(self.clock.now()) {
                        Duration::ZERO => break,
                        left => park_timeout(left),
                    }
                }
            }
            Pace::Fast if ready => {}
            Pace::Fast => park_timeout(NAP),
        }
        !stop.load(Ordering::Acquire)
    }
}
