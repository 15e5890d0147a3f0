use std::time::Duration;

use super::device::Wish;
use super::{AudioError, Choice, DeviceInfo, SoundEvent};
use crate::base::{Moment, Rate};

/// How often the devices are listed, besides whenever the server reports a change. The stream of an
/// unloaded device moves to another one without an error.
const SURVEY_EVERY: Duration = Duration::from_secs(2);

/// The first listing comes sooner: nobody was told of changes while the device was opened.
const FIRST_SURVEY: Duration = Duration::from_millis(250);

/// How often to look for a device that the sound server does not have, besides whenever the server
/// reports a change.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// A device whose callback has not run for this long is dead. Some never report it.
const STALL: Duration = Duration::from_secs(1);

/// How long a newly opened device may take until its first callback; an idle virtual one takes 2 s.
const FIRST_CALL: Duration = Duration::from_secs(4);

/// How long opening or listing may take before the worker is given up.
const ANSWER: Duration = Duration::from_secs(6);

/// The wait before the n-th try: short at first, because servers come back within a second, and
/// never so long that a returned device waits more than a second.
fn pause(failures: u32) -> Duration {
    Duration::from_millis(match failures {
        0 => 0,
        1..=50 => 100,
        _ => 500,
    })
}

/// What the watch wants done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    /// Open the wanted device. `seen` as in [`Wish::find_or_stand_in`].
    Open { seen: bool },
    /// Recall the edge and leave the device to its worker, which drops it, or hangs.
    Close,
    /// List the devices.
    Survey,
    /// Tell the driver.
    Tell(SoundEvent),
}

/// A device that was just opened.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Opened {
    pub(super) device: DeviceInfo,
    /// The rate at which its callback counts.
    pub(super) rate: Rate,
    /// Whether it replaces the named one.
    pub(super) stand_in: bool,
    /// Whether the sound system may be asked often for its devices.
    pub(super) survey: bool,
}

/// Decides what happens to the device of one side. Pure: time and reports come in, acts go out.
pub(super) struct Watch {
    wish: Wish,
    state: State,
    /// Whether the chosen device was ever present.
    seen: bool,
    failures: u32,
    told: Option<SoundEvent>,
    /// Whether the stream is paused on purpose, so that no callback comes.
    resting: bool,
}

#[derive(Debug, PartialEq)]
enum State {
    /// Opens when the time comes.
    Waiting {
        until: Moment,
    },
    /// Closed until it is wanted again.
    Shut,
    /// The worker is opening it.
    Opening {
        since: Moment,
    },
    Running(Running),
}

#[derive(Debug, PartialEq)]
struct Running {
    device: DeviceInfo,
    rate: Rate,
    /// When it was opened, and the callback count then.
    since: Moment,
    /// The callback count at the last check, and since when it has had that value.
    beats: u64,
    beat_at: Moment,
    fresh: bool,
    survey: Ask,
    /// Something changed during the listing.
    stale: bool,
}

#[derive(Debug, PartialEq)]
enum Ask {
    Next(Moment),
    Asked(Moment),
    /// Listing is too expensive with this sound system.
    Never,
}

impl Watch {
    pub(super) fn new(wish: Wish) -> Self {
        let state = State::Waiting { until: Moment::ZERO };
        Self { wish, state, seen: false, failures: 0, told: None, resting: false }
    }

    /// The device in use, its rate, and since when.
    pub(super) fn running(&self) -> Option<(&DeviceInfo, Rate, Moment)> {
        match &self.state {
            State::Running(run) => Some((&run.device, run.rate, run.since)),
            State::Waiting { .. } | State::Opening { .. } | State::Shut => None,
        }
    }

    /// Time has passed. `beats` is the callback count.
    pub(super) fn poll(&mut self, now: Moment, beats: u64, out: &mut Vec<Act>) {
        match &mut self.state {
            State::Shut => {}
            State::Waiting { until } => {
                if *until <= now {
                    self.state = State::Opening { since: now };
                    out.push(Act::Open { seen: self.seen });
                }
            }
            State::Opening { since } => {
                if now.since(*since) > ANSWER {
                    self.hang(now, out);
                }
            }
            State::Running(run) => {
                if beats != run.beats {
                    (run.beats, run.beat_at, run.fresh) = (beats, now, false);
                    self.failures = 0;
                }
                if self.resting {
                    // Once resumed it may take as long as a new one until its first callback.
                    (run.beat_at, run.fresh) = (now, true);
                }
                let patience = if run.fresh { FIRST_CALL } else { STALL };
                if now.since(run.beat_at) > patience {
                    let why = AudioError::Unusable {
                        side: self.wish.side,
                        name: run.device.name.clone(),
                        why: "it has gone silent".to_owned(),
                    };
                    self.lose(now, why, out);
                    return;
                }
                match run.survey {
                    Ask::Next(at) if at <= now => {
                        run.survey = Ask::Asked(now);
                        out.push(Act::Survey);
                    }
                    Ask::Asked(at) if now.since(at) > ANSWER => self.hang(now, out),
                    Ask::Next(_) | Ask::Asked(_) | Ask::Never => {}
                }
            }
        }
    }

    /// Whether it is closed on purpose.
    pub(super) fn is_shut(&self) -> bool {
        self.state == State::Shut
    }

    /// The device should be closed, or may be opened again.
    pub(super) fn on_shut(&mut self, now: Moment, on: bool, out: &mut Vec<Act>) {
        match (&self.state, on) {
            (State::Shut, false) => self.state = State::Waiting { until: now },
            (State::Shut, true) | (_, false) => {}
            (State::Waiting { .. } | State::Opening { .. } | State::Running(_), true) => {
                // What is wrong with it then is news.
                (self.state, self.told) = (State::Shut, None);
                out.push(Act::Close);
            }
        }
    }

    /// The stream is paused on purpose, or resumed.
    pub(super) fn on_rest(&mut self, on: bool) {
        self.resting = on;
    }

    /// The device is open. `beats` is the callback count.
    pub(super) fn on_opened(
        &mut self,
        now: Moment,
        opened: Opened,
        beats: u64,
        out: &mut Vec<Act>,
    ) {
        let Opened { device, rate, stand_in, survey } = opened;
        if !matches!(self.state, State::Opening { .. }) {
            return;
        }
        self.seen |= !stand_in;
        let (side, name) = (self.wish.side, device.name.clone());
        let event = match &self.wish.choice {
            Choice::Named(wanted) if stand_in => {
                SoundEvent::Moved { side, device: name, wanted: wanted.clone() }
            }
            Choice::Named(_) | Choice::Default | Choice::File(_) => {
                SoundEvent::Up { side, device: name }
            }
        };
        let survey = if survey { Ask::Next(now + FIRST_SURVEY) } else { Ask::Never };
        self.state = State::Running(Running {
            device,
            rate,
            since: now,
            beats,
            beat_at: now,
            fresh: true,
            survey,
            stale: false,
        });
        self.told = Some(event.clone());
        out.push(Act::Tell(event));
    }

    /// The device could not be opened.
    pub(super) fn on_failed(&mut self, now: Moment, why: AudioError, out: &mut Vec<Act>) {
        if !matches!(self.state, State::Opening { .. }) {
            return;
        }
        self.failures += 1;
        self.state = State::Waiting { until: now + pause(self.failures) };
        self.tell_lost(why, out);
    }

    /// The sound server has no such device; it reports when that may have changed.
    pub(super) fn on_missing(&mut self, now: Moment, why: AudioError, out: &mut Vec<Act>) {
        if matches!(self.state, State::Opening { .. }) {
            self.failures = 0;
            self.state = State::Waiting { until: now + LOOK_AGAIN };
            self.tell_lost(why, out);
        }
    }

    /// The device in use is lost, or the one being opened: its stream may break before the worker
    /// has reported that it is open.
    pub(super) fn on_broke(&mut self, now: Moment, why: AudioError, out: &mut Vec<Act>) {
        if matches!(self.state, State::Running(_) | State::Opening { .. }) {
            self.lose(now, why, out);
        }
    }

    /// Devices appeared or disappeared, or the stream was moved.
    pub(super) fn on_changed(&mut self, now: Moment) {
        match &mut self.state {
            State::Running(run) => match run.survey {
                Ask::Next(_) => run.survey = Ask::Next(now),
                Ask::Asked(_) => run.stale = true,
                Ask::Never => {}
            },
            State::Waiting { until } => *until = now.min(*until),
            State::Opening { .. } | State::Shut => {}
        }
    }

    /// The list of devices.
    pub(super) fn on_devices(
        &mut self,
        now: Moment,
        devices: Result<Vec<DeviceInfo>, AudioError>,
        out: &mut Vec<Act>,
    ) {
        let State::Running(run) = &mut self.state else { return };
        let devices = match devices {
            Ok(devices) => devices,
            Err(why) => {
                self.lose(now, why, out);
                return;
            }
        };
        let wait = if std::mem::take(&mut run.stale) { Duration::ZERO } else { SURVEY_EVERY };
        run.survey = Ask::Next(now + wait);
        match self.wish.find_or_stand_in(self.seen, &devices) {
            Ok((device, _)) if device.id == run.device.id && device.index == run.device.index => {
                // Headphones may have been plugged into it.
                run.device.clone_from(device);
            }
            // Another device is wanted now, or the same one was plugged in again.
            Ok(_) => {
                out.push(Act::Close);
                self.state = State::Waiting { until: now };
            }
            Err(why) => self.lose(now, why, out),
        }
    }

    fn lose(&mut self, now: Moment, why: AudioError, out: &mut Vec<Act>) {
        out.push(Act::Close);
        // A device that dies as soon as it is opened must not be reopened in a tight loop.
        self.failures += 1;
        self.state = State::Waiting { until: now + pause(self.failures) };
        self.tell_lost(why, out);
    }

    fn hang(&mut self, now: Moment, out: &mut Vec<Act>) {
        self.lose(now, AudioError::NoServer("the sound server does not answer".into()), out);
    }

    /// Reports that there is no sound, once for each kind of reason and not at every try.
    fn tell_lost(&mut self, why: AudioError, out: &mut Vec<Act>) {
        if let Some(SoundEvent::Lost { why: before, .. }) = &self.told
            && std::mem::discriminant(before) == std::mem::discriminant(&why)
        {
            return;
        }
        let event = SoundEvent::Lost { side: self.wish.side, why };
        self.told = Some(event.clone());
        out.push(Act::Tell(event));
    }
}

#[cfg(test)]
mod tests;
