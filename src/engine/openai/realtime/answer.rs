//! One answer of the server as it arrives.

use std::collections::HashMap;

use super::event::Place;
use crate::base::{CallId, Epoch, Moment};
use crate::dialog::Call;

/// An answer that was requested and is not over.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) epoch: Epoch,
    /// The server's id for it, once known.
    pub(super) id: Option<String>,
    /// Id of the event that requested it.
    pub(super) asked: String,
    pub(super) state: State,
    /// It is a text being read out, not a reply, and not part of the conversation.
    pub(super) recital: bool,
    pub(super) parts: Vec<Part>,
    /// Calls handed out, and the names of those that have begun, by item.
    calls: Vec<String>,
    names: HashMap<String, String>,
    /// Whether its first words were handed out.
    pub(super) begun: bool,
    /// The words of its sound; how many of them were handed out; and the seconds of sound handed
    /// out.
    pub(super) written: String,
    pub(super) worded: usize,
    pub(super) seconds: f64,
    /// Items whose words were streamed.
    known: Vec<String>,
}

/// Whether an answer is still wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum State {
    /// Its output is handed out.
    Live,
    /// It was cancelled; its output is dropped. The server should have ended it by then.
    Cancelled { until: Moment, unheard: bool },
}

/// A stretch of a reply's sound.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) item: Option<String>,
    pub(super) content: u64,
    /// Samples received, at the wire's rate.
    pub(super) received: u64,
}

impl Answer {
    pub(super) fn new(epoch: Epoch, asked: String, recital: bool) -> Self {
        Self {
            epoch,
            id: None,
            asked,
            state: State::Live,
            recital,
            parts: Vec::new(),
            calls: Vec::new(),
            names: HashMap::new(),
            begun: false,
            written: String::new(),
            worded: 0,
            seconds: 0.0,
            known: Vec::new(),
        }
    }

    pub(super) fn live(&self) -> bool {
        self.state == State::Live
    }

    /// Whether a part of the server's answer `id` belongs to this one. Servers that omit the id
    /// have only one answer at a time.
    pub(super) fn owns(&mut self, id: Option<&str>) -> bool {
        match (&self.id, id) {
            (_, None) => true,
            (Some(own), Some(id)) => own == id,
            (None, Some(id)) => {
                self.id = Some(id.to_owned());
                true
            }
        }
    }

    /// Counts sound that arrived.
    pub(super) fn receive(&mut self, at: &Place, samples: u64) {
        match self.parts.iter_mut().find(|part| part.item == at.item && part.content == at.content)
        {
            Some(part) => part.received += samples,
            None => self.parts.push(Part {
                item: at.item.clone(),
                content: at.content,
                received: samples,
            }),
        }
    }

    /// Remembers the tool name of the call in item `item`.
    pub(super) fn name(&mut self, item: &str, name: &str) {
        self.names.insert(item.to_owned(), name.to_owned());
    }

    /// A complete call; `None` if it was already handed out or its name is not known yet.
    pub(super) fn call(
        &mut self,
        item: Option<&str>,
        call: &str,
        name: Option<&str>,
        arguments: &str,
    ) -> Option<Call> {
        let known = item.and_then(|item| self.names.get(item)).map(String::as_str);
        let name = name.or(known)?.to_owned();
        if call.is_empty() || self.calls.iter().any(|known| known == call) {
            return None;
        }
        self.calls.push(call.to_owned());
        let arguments = if arguments.trim().is_empty() { "{}" } else { arguments }.to_owned();
        Some(Call { id: CallId(call.to_owned()), name, arguments })
    }

    /// The words begun in the sound handed out so far, at `pace` characters per second.
    pub(super) fn said(&self, pace: f64) -> &str {
        let over = (self.seconds * pace) as usize;
        let mut ends = self.written.char_indices().skip(over);
        // A word that has begun counts as said: better lost than repeated.
        let end = ends.find(|(_, c)| c.is_whitespace()).map_or(self.written.len(), |(at, _)| at);
        if self.seconds > 0.0 { &self.written[..end] } else { "" }
    }

    /// Characters per second, if there is enough to tell.
    pub(super) fn pace(&self) -> Option<f64> {
        let chars = self.written.chars().count();
        (self.seconds > 1.0 && chars > 15).then(|| chars as f64 / self.seconds)
    }

    /// Whether words at `at` are new: the full text of an item that was streamed is not.
    pub(super) fn news(&mut self, at: &Place, whole: bool) -> bool {
        let item = format!("{}/{}", at.item.as_deref().unwrap_or_default(), at.content);
        let known = self.known.contains(&item);
        if !known {
            self.known.push(item);
        }
        !(whole && known)
    }
}
