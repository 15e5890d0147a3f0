use std::time::Duration;

use super::device::wanted;
use super::{AudioError, Choice, DeviceInfo, Side, SoundEvent};
use crate::base::{Moment, Rate};

/// How often it is asked which devices there are. A device that was unloaded reports no error: its
/// stream moves to another one without a word.
const SURVEY_EVERY: Duration = Duration::from_millis(200);

/// A device whose callback has not been called for this long is dead. Some never say so.
const STALL: Duration = Duration::from_secs(1);

/// A newly opened device may take this long until its first call; an idle virtual one takes 2 s.
const FIRST_CALL: Duration = Duration::from_secs(4);

/// The longest that opening, listing or closing may take before the worker is given up.
const ANSWER: Duration = Duration::from_secs(6);
const CLOSING: Duration = Duration::from_secs(2);

/// The wait before the n-th try: quick at first, because servers come back within a second.
fn pause(failures: u32) -> Duration {
    Duration::from_millis(match failures {
        0 => 0,
        1..=50 => 100,
        51..=100 => 500,
        _ => 2_000,
    })
}

/// What the watch wants done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    /// Open the wanted device, with the edge that is at home. `seen` as in [`wanted`].
    Open { seen: bool },
    /// Drop the device, so that the edge comes home.
    Close,
    /// Ask which devices there are.
    Survey,
    /// The worker hangs with the server: leave it alone and start another one.
    Replace,
    /// Tell the driver.
    Tell(SoundEvent),
}

/// A device that has just been opened.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Opened {
    pub(super) device: DeviceInfo,
    /// The rate at which its callback counts.
    pub(super) rate: Rate,
    /// Whether it stands in for the one that was named.
    pub(super) stand_in: bool,
    /// Whether the sound system may be asked often which devices there are.
    pub(super) survey: bool,
}

/// Decides what happens to the device at one side. Pure: time and reports come in, acts go out.
pub(super) struct Watch {
    side: Side,
    choice: Choice,
    state: State,
    /// Whether the chosen device was ever there.
    seen: bool,
    failures: u32,
    told: Option<SoundEvent>,
}

#[derive(Debug, PartialEq)]
enum State {
    /// Opens when the time has come and the edge is at home.
    Waiting {
        until: Moment,
    },
    /// The worker is opening it.
    Opening {
        since: Moment,
    },
    Running(Running),
    /// The device is being dropped; waits for its edge.
    Closing {
        since: Moment,
        until: Moment,
    },
}

#[derive(Debug, PartialEq)]
struct Running {
    device: DeviceInfo,
    rate: Rate,
    /// When it was opened, and the callback's count then.
    since: Moment,
    /// The callback's count when last looked at, and since when it is that.
    beats: u64,
    beat_at: Moment,
    fresh: bool,
    survey: Ask,
}

#[derive(Debug, PartialEq)]
enum Ask {
    Next(Moment),
    Asked(Moment),
    /// The sound system answers too dearly to be asked.
    Never,
}

impl Watch {
    pub(super) fn new(side: Side, choice: Choice) -> Self {
        let state = State::Waiting { until: Moment::ZERO };
        Self { side, choice, state, seen: false, failures: 0, told: None }
    }

    /// The device in use, its rate, and since when.
    pub(super) fn running(&self) -> Option<(&DeviceInfo, Rate, Moment)> {
        match &self.state {
            State::Running(run) => Some((&run.device, run.rate, run.since)),
            State::Waiting { .. } | State::Opening { .. } | State::Closing { .. } => None,
        }
    }

    /// Time has passed. `beats` is the count of calls of the callback, `home` whether the edge is
    /// at home.
    pub(super) fn poll(&mut self, now: Moment, beats: u64, home: bool, out: &mut Vec<Act>) {
        match &mut self.state {
            State::Waiting { until } => {
                if home && *until <= now {
                    self.state = State::Opening { since: now };
                    out.push(Act::Open { seen: self.seen });
                }
            }
            State::Opening { since } => {
                if now.since(*since) > ANSWER {
                    self.hang(now, out);
                }
            }
            State::Closing { since, until } => {
                if home {
                    self.state = State::Waiting { until: *until };
                    self.poll(now, beats, home, out);
                } else if now.since(*since) > CLOSING {
                    out.push(Act::Replace);
                    self.state = State::Waiting { until: *until };
                }
            }
            State::Running(run) => {
                if beats != run.beats {
                    (run.beats, run.beat_at, run.fresh) = (beats, now, false);
                    self.failures = 0;
                }
                let patience = if run.fresh { FIRST_CALL } else { STALL };
                if now.since(run.beat_at) > patience {
                    let why = AudioError::Unusable {
                        side: self.side,
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

    /// The device is open. `beats` is the count of calls of the callback.
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
        let (side, name) = (self.side, device.name.clone());
        let event = match &self.choice {
            Choice::Named(wanted) if stand_in => {
                SoundEvent::Moved { side, device: name, wanted: wanted.clone() }
            }
            Choice::Named(_) | Choice::Default | Choice::File(_) => {
                SoundEvent::Up { side, device: name }
            }
        };
        let survey = if survey { Ask::Next(now + SURVEY_EVERY) } else { Ask::Never };
        self.state = State::Running(Running {
            device,
            rate,
            since: now,
            beats,
            beat_at: now,
            fresh: true,
            survey,
        });
        self.told = Some(event.clone());
        out.push(Act::Tell(event));
    }

    /// The device could not be opened; its edge comes home.
    pub(super) fn on_failed(&mut self, now: Moment, why: AudioError, out: &mut Vec<Act>) {
        if !matches!(self.state, State::Opening { .. }) {
            return;
        }
        self.failures += 1;
        self.state = State::Waiting { until: now + pause(self.failures) };
        self.tell_lost(why, out);
    }

    /// The device in use is lost.
    pub(super) fn on_broke(&mut self, now: Moment, why: AudioError, out: &mut Vec<Act>) {
        if matches!(self.state, State::Running(_)) {
            self.lose(now, why, out);
        }
    }

    /// These devices there are.
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
        run.survey = Ask::Next(now + SURVEY_EVERY);
        match wanted(&self.choice, self.side, self.seen, &devices) {
            Ok((device, _)) if device.id == run.device.id && device.index == run.device.index => {}
            // The device that is to be used is another one, or the same plugged in anew.
            Ok(_) => {
                out.push(Act::Close);
                self.state = State::Closing { since: now, until: now };
            }
            Err(why) => self.lose(now, why, out),
        }
    }

    fn lose(&mut self, now: Moment, why: AudioError, out: &mut Vec<Act>) {
        out.push(Act::Close);
        // One that dies as soon as it is opened is not opened in a tight loop.
        self.failures += 1;
        self.state = State::Closing { since: now, until: now + pause(self.failures) };
        self.tell_lost(why, out);
    }

    fn hang(&mut self, now: Moment, out: &mut Vec<Act>) {
        out.push(Act::Replace);
        self.failures += 1;
        self.state = State::Waiting { until: now + pause(self.failures) };
        self.tell_lost(AudioError::NoServer("the sound server does not answer".into()), out);
    }

    /// Tells that there is no sound, once for each kind of reason and not at every try.
    fn tell_lost(&mut self, why: AudioError, out: &mut Vec<Act>) {
        if let Some(SoundEvent::Lost { why: before, .. }) = &self.told
            && std::mem::discriminant(before) == std::mem::discriminant(&why)
        {
            return;
        }
        let event = SoundEvent::Lost { side: self.side, why };
        self.told = Some(event.clone());
        out.push(Act::Tell(event));
    }
}
