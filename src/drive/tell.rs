//! What the watchers are told: the state where it has changed, what entered the history, what became
//! of the devices.

use super::driver::Driver;
use super::event::{Event, State};
use crate::audio::{Side, SoundEvent};
use crate::dialog::Item;
use crate::turn::{Device, Input, Status};

/// Why there is no sound, for each side that has none.
#[derive(Debug, Default)]
pub(super) struct Lost {
    input: Option<String>,
    output: Option<String>,
}

impl Lost {
    fn set(&mut self, side: Side, why: Option<String>) {
        match side {
            Side::Input => self.input = why,
            Side::Output => self.output = why,
        }
    }

    /// All of it in one line; both sides often have the same reason.
    fn text(&self) -> Option<String> {
        match (&self.input, &self.output) {
            (Some(input), Some(output)) if input != output => Some(format!("{input}; {output}")),
            (Some(why), _) | (None, Some(why)) => Some(why.clone()),
            (None, None) => None,
        }
    }
}

impl Driver {
    /// Makes the state known where it has changed.
    pub(super) fn publish(&mut self) {
        let state = self.describe();
        let changed = self.state.send_if_modified(|old| {
            let changed = *old != state;
            if changed {
                *old = state.clone();
            }
            changed
        });
        if changed {
            self.emit(Event::State(state));
        }
    }

    fn describe(&self) -> State {
        let Status { mode: _, ear, mouth, epoch, waiting: _, muted } = self.machine.status();
        State {
            ear,
            mouth,
            epoch: epoch.0,
            muted,
            volume: if self.volume.muted() { 0 } else { self.volume.percent() },
            input: self.input_name.clone(),
            output: self.output_name.clone(),
            timers: self.timers,
            turns: self.turns,
            lost_samples: self.gauge.counts().lost,
            spending: self.spending.so_far(),
            trouble: self.lost.text(),
            ..State::at_start(self.mode)
        }
    }

    /// Tells the watchers of what has entered the history.
    pub(super) fn on_history(&mut self) {
        let history = self.machine.history();
        let items = history.items();
        let new = usize::try_from(history.pushed() - self.seen).unwrap_or(usize::MAX);
        self.seen = history.pushed();
        let fresh = items[items.len().saturating_sub(new)..].to_vec();
        for item in fresh {
            match item {
                Item::Reply { epoch, text, interrupted } => {
                    self.turns += 1;
                    self.emit(Event::Reply { epoch: epoch.0, text, interrupted });
                }
                Item::Notice { text } => {
                    self.emit(Event::Reply { epoch: 0, text, interrupted: false });
                }
                Item::User { .. } | Item::Call { .. } | Item::Outcome(_) | Item::Picture(_) => {}
            }
        }
    }

    /// A device came, went or changed.
    pub(super) fn on_sound(&mut self, event: SoundEvent) {
        let (message, device) = match event {
            SoundEvent::Up { side, device } => {
                let message = format!("{side}: {device}");
                *self.name_of(side) = Some(device);
                (message, Some(self.on_device_back(side)))
            }
            SoundEvent::Moved { side, device, wanted } => {
                let message =
                    format!("{side} \"{wanted}\" is gone; \"{device}\" stands in until it is back");
                *self.name_of(side) = Some(device);
                (message, Some(self.on_device_back(side)))
            }
            SoundEvent::Lost { side, why } => {
                *self.name_of(side) = None;
                self.lost.set(side, Some(why.to_string()));
                let device = match side {
                    Side::Input => Device::MicrophoneLost,
                    Side::Output => Device::SpeakerLost,
                };
                (why.to_string(), Some(device))
            }
            SoundEvent::Ended => ("the recording is over".to_owned(), None),
        };
        tracing::info!("{message}");
        self.emit(Event::Sound { message });
        if let Some(device) = device {
            self.input(Input::Device(device));
        }
    }

    fn on_device_back(&mut self, side: Side) -> Device {
        self.lost.set(side, None);
        match side {
            Side::Input => Device::MicrophoneBack,
            Side::Output => Device::SpeakerBack,
        }
    }

    fn name_of(&mut self, side: Side) -> &mut Option<String> {
        match side {
            Side::Input => &mut self.input_name,
            Side::Output => &mut self.output_name,
        }
    }
}
