//! A chat model at a test server, called without the program around it.

use std::time::Duration;

use aloud::base::{CallId, Epoch};
use aloud::dialog::{Call, Effect, Item, Outcome, Prompt, ToolSpec};
use aloud::engine::openai::{Address, Auth, ChatModel, ChatSettings, Http};
use aloud::engine::{Delta, EngineError, NOTES, Notes, Responder};
use futures::StreamExt;
use serde_json::json;
use tokio::sync::mpsc::Receiver;

use crate::home::KEY;
use crate::server::{PATIENCE, Server};

/// A model, and its notes besides the answers.
pub(crate) struct Talk {
    pub(crate) mind: ChatModel,
    notes: Receiver<String>,
}

/// An answer.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) calls: Vec<Call>,
    /// Why it broke off.
    pub(crate) error: Option<EngineError>,
}

impl Talk {
    pub(crate) fn with(server: &Server, model: &str, settings: ChatSettings) -> Self {
        Self::patient(server, model, settings, PATIENCE)
    }

    /// With this timeout for the next piece of an answer.
    pub(crate) fn patient(
        server: &Server,
        model: &str,
        settings: ChatSettings,
        patience: Duration,
    ) -> Self {
        let address = Address::v1(&server.base()).unwrap();
        let http = Http::new("x", address, Auth::Bearer(KEY.into()), patience).unwrap();
        let (tell, notes) = Notes::new();
        Self { mind: ChatModel::new(http, model, settings, tell), notes }
    }

    /// With the chat protocol.
    pub(crate) fn at(server: &Server) -> Self {
        Self::with(server, "m", ChatSettings::default())
    }

    /// With the Responses protocol, if the server has it.
    pub(crate) fn responses(server: &Server) -> Self {
        Self::with(server, "m", ChatSettings { responses: true, ..ChatSettings::default() })
    }

    /// The model's answer to `items`.
    pub(crate) async fn answer(&self, items: Vec<Item>) -> Answer {
        let mut answer = Answer { text: String::new(), calls: Vec::new(), error: None };
        let mut deltas = self.mind.respond(prompt(items));
        while let Some(delta) = deltas.next().await {
            assert_eq!(answer.error, None, "something came after the end");
            match delta {
                Ok(Delta::Text(words)) => answer.text.push_str(&words),
                Ok(Delta::Call(call)) => answer.calls.push(call),
                Ok(Delta::Sound(_) | Delta::Source(_)) => {}
                Err(error) => answer.error = Some(error),
            }
        }
        answer
    }

    /// Its notes since the last time.
    pub(crate) fn notes(&mut self) -> Vec<String> {
        (0..NOTES).map_while(|_| self.notes.try_recv().ok()).collect()
    }
}

/// A prompt of `items`, with one tool.
pub(crate) fn prompt(items: Vec<Item>) -> Prompt {
    let tool = ToolSpec {
        name: "get_time".into(),
        description: "Tells the time in a city.".into(),
        parameters: json!({
            "type": "object", "properties": {"city": {"type": "string"}}, "additionalProperties": false,
        }),
        effect: Effect::Reads,
    };
    Prompt {
        instructions: "You are aloud.".into(),
        items,
        tools: [tool].into(),
        sounds: Vec::new(),
    }
}

pub(crate) fn user(text: &str) -> Item {
    Item::User { utterance: None, text: text.into() }
}

pub(crate) fn reply(text: &str) -> Item {
    Item::Reply { epoch: Epoch(1), text: text.into(), interrupted: false }
}

pub(crate) fn call(id: &str, name: &str, arguments: &str) -> Call {
    Call { id: CallId(id.into()), name: name.into(), arguments: arguments.into() }
}

/// The outcome of the call `id`: what the model reads, and what may be spoken.
pub(crate) fn outcome(id: &str, output: &str, say: &str) -> Item {
    Item::Outcome(Outcome {
        id: CallId(id.into()),
        output: output.into(),
        say: say.into(),
        ok: true,
    })
}
