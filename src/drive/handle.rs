use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::event::{Event, State};
use crate::turn::Mode;

/// Requests that wait while the driver is busy; one more is refused with a word.
pub(super) const REQUESTS: usize = 32;

/// Events kept for a slow reader; the oldest are dropped and the reader is told how many.
pub(super) const EVENTS: usize = 1024;

/// What the outside may ask of a running driver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "cmd", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// The talk key goes down.
    Press,
    /// The talk key comes up.
    Release,
    /// Press when nothing is heard, release when something is.
    Toggle,
    /// Silence, and drop what is under way.
    Stop,
    /// Put off what rings, or has just rung.
    Snooze {
        /// For so long; the usual time when it is not said.
        #[serde(default)]
        minutes: Option<u32>,
    },
    /// Deafen the microphone.
    Mute,
    /// Unmute the microphone.
    Unmute,
    /// What opens the ear from now on.
    Mode {
        /// `push-to-talk` or `open`.
        mode: Mode,
    },
    /// Speak these words.
    Say {
        /// The words.
        text: String,
    },
    /// Answer this as if it had been spoken.
    Ask {
        /// The question.
        text: String,
    },
    /// Read the configuration again.
    Reload,
    /// Finish, hush and end.
    Quit,
}

/// Why a request was not carried out; a sentence with the next step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

pub(super) type Asked = (Request, oneshot::Sender<Result<(), Refusal>>);

/// A hold on a running driver: asks things of it, and watches it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(super) requests: mpsc::Sender<Asked>,
    pub(super) state: watch::Receiver<State>,
    pub(super) events: broadcast::Sender<Event>,
}

impl Handle {
    /// Asks for something, and waits until the driver has taken it up.
    ///
    /// # Errors
    /// A [`Refusal`] when the driver will not or cannot, or has ended.
    pub async fn ask(&self, request: Request) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        self.requests.try_send((request, reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                Refusal("too many requests at once; try again".into())
            }
            mpsc::error::TrySendError::Closed(_) => Refusal("the service is ending".into()),
        })?;
        answer.await.unwrap_or_else(|_| Err(Refusal("the service is ending".into())))
    }

    /// Shows the watchers something by the way.
    pub fn tell(&self, message: String) {
        // Nobody watching is no fault.
        let _ = self.events.send(Event::Aside { message });
    }

    /// How things stand.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// How things stand, and everything that happens from then on.
    pub fn watch(&self) -> (State, broadcast::Receiver<Event>) {
        // Subscribing first means that nothing falls between the state and the first event.
        let events = self.events.subscribe();
        (self.state(), events)
    }
}
