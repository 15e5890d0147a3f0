use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::event::{Event, State};
use crate::dialog::Heard;
use crate::turn::{Mode, NoticeEnd};

/// Requests that may wait while the driver is busy; further ones are refused.
pub(super) const REQUESTS: usize = 32;

/// Events kept for a slow reader; the oldest are dropped and the reader is told how many.
pub(super) const EVENTS: usize = 1024;

/// What others may ask of a running driver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "cmd", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// The talk key goes down.
    Press,
    /// The talk key comes up.
    Release,
    /// Press if nothing is being heard, else release.
    Toggle,
    /// Go silent and drop everything in progress.
    Stop,
    /// Snooze what rings or has just rung.
    Snooze {
        /// For how long; `None` for the default.
        #[serde(default)]
        minutes: Option<u32>,
    },
    /// Mute the microphone.
    Mute,
    /// Unmute the microphone.
    Unmute,
    /// Change what opens the ear.
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
    /// End as soon as nothing is going on, for another driver to take over. Only from within the
    /// program.
    #[serde(skip)]
    Leave,
    /// Finish, go silent and end.
    Quit,
}

/// Why a request was not carried out; a sentence with the next step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

/// A question to ask the user.
#[derive(Debug)]
pub(super) struct Question {
    /// The words.
    pub(super) text: String,
    /// How long to wait for an answer once it has been asked.
    pub(super) patience: Duration,
    /// Where the answer goes.
    pub(super) reply: oneshot::Sender<Result<String, Refusal>>,
}

/// What comes in through a handle.
#[derive(Debug)]
pub(super) enum Asked {
    /// A request, whether another program made it, and where to say that it was taken up.
    Request { request: Request, client: bool, reply: oneshot::Sender<Result<(), Refusal>> },
    /// Words to say, and where to tell how that ended.
    Say { text: String, asker: oneshot::Sender<NoticeEnd> },
    /// A question to the user.
    Question(Question),
}

/// A handle to a running driver: sends requests and watches events. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(super) requests: mpsc::Sender<Asked>,
    pub(super) state: watch::Receiver<State>,
    pub(super) events: broadcast::Sender<Event>,
}

impl Handle {
    /// Sends a request and waits until the driver has taken it up.
    ///
    /// # Errors
    /// A [`Refusal`] when the driver will not or cannot, or has ended.
    pub async fn ask(&self, request: Request) -> Result<(), Refusal> {
        self.request(request, false).await
    }

    /// As [`Handle::ask`], for another program, whose words may be allowed to do less than the
    /// user's.
    ///
    /// # Errors
    /// As [`Handle::ask`].
    pub async fn ask_for_client(&self, request: Request) -> Result<(), Refusal> {
        self.request(request, true).await
    }

    async fn request(&self, request: Request, client: bool) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Asked::Request { request, client, reply })?;
        answer.await.unwrap_or_else(|_| Err(ending()))
    }

    /// Speaks `text` as soon as nobody else does, and returns once it was heard.
    ///
    /// # Errors
    /// A [`Refusal`] when it was not heard to its end.
    pub async fn say(&self, text: String) -> Result<(), Refusal> {
        if text.trim().is_empty() {
            return Err(Refusal("the text is empty; give at least one word".into()));
        }
        let (asker, end) = oneshot::channel();
        self.send(Asked::Say { text, asker })?;
        let why = match end.await.map_err(|_| ending())? {
            NoticeEnd::Said(Heard::All) => return Ok(()),
            NoticeEnd::Said(Heard::Part { text, .. }) => {
                format!("the user cut it off; they heard \"{}\"", text.trim())
            }
            NoticeEnd::Said(Heard::Nothing) => {
                "nobody heard it; run \"aloud status\" to see whether there is a speaker".into()
            }
            NoticeEnd::Dropped => "the user asked for silence before it was said".into(),
            NoticeEnd::Refused => "too much is waiting to be said; try again later".into(),
        };
        Err(Refusal(why))
    }

    /// Asks the user `text` aloud and returns what they say or type next. It is waited for
    /// `patience` after the question; a caller that drops this takes the question back.
    ///
    /// # Errors
    /// A [`Refusal`] when there was no answer, another question is in progress, or there is no
    /// microphone.
    pub async fn ask_user(&self, text: String, patience: Duration) -> Result<String, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Asked::Question(Question { text, patience, reply }))?;
        answer.await.unwrap_or_else(|_| Err(ending()))
    }

    fn send(&self, asked: Asked) -> Result<(), Refusal> {
        self.requests.try_send(asked).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                Refusal("too many requests at once; try again".into())
            }
            mpsc::error::TrySendError::Closed(_) => ending(),
        })
    }

    /// Whether the driver has ended.
    pub fn is_over(&self) -> bool {
        self.requests.is_closed()
    }

    /// Shows the watchers a passing remark.
    pub fn tell(&self, message: String) {
        // It is no error if nobody is watching.
        let _ = self.events.send(Event::Aside { message });
    }

    /// The current state.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// The current state, and all events from then on.
    pub fn watch(&self) -> (State, broadcast::Receiver<Event>) {
        // Subscribing first leaves no gap between the state and the first event.
        let events = self.events.subscribe();
        (self.state(), events)
    }
}

fn ending() -> Refusal {
    Refusal("the service is ending".into())
}
