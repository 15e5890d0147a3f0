//! The end of a turn by meaning: how long a pause ends it depends on what was said.
//!
//! ```text
//! words so far ─▶ Grammar: whole, open, unknown ─┐
//! sound so far ─▶ Smart Turn: likelihood ────────┼─▶ policy ─▶ the pause that ends the turn
//! earlier pauses of this speaker ────────────────┘
//! ```
//!
//! A fixed pause is too long after "what time is it" and too short after "set an alarm for". Each
//! piece of evidence can be missing or late: the words of a distant recognizer come after the turn
//! should have ended, the model may not be installed. What there is decides.
//!
//! Deliberately absent: listening and cutting; see `listen`, which is told the pause.

mod pauses;
mod policy;

use std::sync::Arc;

pub use pauses::Pauses;
pub use policy::{Evidence, LONGEST_MS, Why};

use super::EngineError;
use super::local::{SmartTurn, Templates};
use crate::base::{Job, Utterance};
pub use crate::grammar::Ending;

/// Judges whether somebody who has paused is done. Cheap to clone.
#[derive(Clone)]
pub struct EndOfTurn {
    templates: Arc<Templates>,
    sound: Option<Arc<SmartTurn>>,
}

impl EndOfTurn {
    /// Judges words by the grammar of `templates`, and the sound by a model if it is installed.
    pub const fn new(templates: Arc<Templates>, sound: Option<Arc<SmartTurn>>) -> Self {
        Self { templates, sound }
    }

    /// How complete `text` is.
    pub fn words(&self, text: &str) -> Ending {
        self.templates.ending(text)
    }

    /// Whether `text`, which ends like that, looks complete enough to prepare a reply to it: a wrong
    /// guess costs a request.
    pub fn is_likely(ending: Ending, text: &str) -> bool {
        match ending {
            Ending::Whole | Ending::Extendable | Ending::Near => true,
            Ending::Open => false,
            // The recognizer heard the end of a sentence.
            Ending::Fragment | Ending::Unknown => text.trim_end().ends_with(['.', '?', '!']),
        }
    }

    /// How likely the speaker of `utterance` is done, by the sound; `None` without a model.
    pub fn sound(&self, utterance: &Utterance) -> Option<Job<Result<f32, EngineError>>> {
        self.sound.as_ref().map(|model| model.likelihood(utterance))
    }

    /// Loads the model now, so that the first pause does not wait for it.
    pub fn warm(&self) -> Job<Result<(), EngineError>> {
        match &self.sound {
            Some(model) => model.warm(),
            None => Box::pin(std::future::ready(Ok(()))),
        }
    }
}
