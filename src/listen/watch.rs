use std::ops::Range;

use crate::base::{Frame, LISTEN_RATE};

use super::Event;
use super::wake::{Spotter, WakeFactory};

/// Frames between two [`Event::Score`]s: one second.
const REPORT: u32 = 100;
/// Scores below this count as nothing.
const NOTHING: f32 = 0.1;

/// Listens for wake words while it is on.
#[derive(Default)]
pub(super) struct Watch {
    factory: Option<WakeFactory>,
    /// Created when it is first turned on; also `None` if no word is available.
    spotter: Option<Spotter>,
    on: bool,
    /// Position of the last call, until it is answered.
    called: Option<Range<u64>>,
    /// Frames since the last reported score.
    told: u32,
}

impl Watch {
    pub(super) fn new(factory: WakeFactory) -> Self {
        Self { factory: Some(factory), ..Self::default() }
    }

    /// Whether it must hear every frame.
    pub(super) fn is_on(&self) -> bool {
        self.on && self.spotter.is_some()
    }

    /// Turns it on or off.
    pub(super) fn turn(&mut self, on: bool, out: &mut Vec<Event>) {
        if on && let Some(mut factory) = self.factory.take() {
            let mut words = Vec::new();
            for word in factory() {
                match word {
                    Ok(word) => words.push(word),
                    Err(why) => out.push(Event::Wordless(why)),
                }
            }
            self.spotter = (!words.is_empty()).then(|| Spotter::new(words));
        }
        if on != self.on {
            self.reset();
        }
        self.on = on;
    }

    /// Forgets what was heard.
    pub(super) fn reset(&mut self) {
        self.called = None;
        if let Some(spotter) = &mut self.spotter {
            spotter.reset();
        }
    }

    /// How much sound an utterance may begin with, in samples.
    pub(super) fn lead(&self) -> u64 {
        // The order that answers a call takes a moment.
        let longest = self.spotter.as_ref().filter(|_| self.on).map(Spotter::longest);
        longest.map_or(0, |longest| longest + u64::from(LISTEN_RATE.0) / 2)
    }

    /// Takes a frame; `voice` says that the gate considers voice likely in it.
    pub(super) fn hear(&mut self, frame: &Frame, voice: bool, out: &mut Vec<Event>) {
        let Some(spotter) = self.spotter.as_mut().filter(|_| self.on) else { return };
        if let Some(call) = spotter.hear(frame, voice) {
            self.called = Some(call.span.clone());
            self.told = 0;
            spotter.best();
            out.push(Event::Called(call));
        }
        self.told += 1;
        if self.told >= REPORT {
            self.told = 0;
            let best = spotter.best();
            if best >= NOTHING {
                out.push(Event::Score(best));
            }
        }
    }

    /// Position of the last unanswered call.
    pub(super) fn called(&mut self) -> Option<Range<u64>> {
        self.called.take()
    }
}
