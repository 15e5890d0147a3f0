//! What the three protocols have in common when a reply is read.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::base::CallId;
use crate::dialog::Call;
use crate::engine::{Delta, Source};

/// Why a reply cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It broke off, or is nonsense.
    Broken(String),
    /// It was refused on the way.
    Refused(String),
}

impl Fault {
    pub(super) fn broken(why: impl Into<String>) -> Self {
        Self::Broken(why.into())
    }

    /// The content filter cut the reply.
    pub(super) fn filtered() -> Self {
        Self::Refused("its content filter cut the answer; ask in other words".into())
    }
}

/// Reads one reply, streamed or whole.
pub(super) trait Reading: Send {
    /// Takes the data of one event and adds what it brings to `out`.
    fn event(&mut self, data: &str, out: &mut Vec<Delta>) -> Result<(), Fault>;

    /// Takes the whole reply.
    fn whole(&mut self, value: &Value, out: &mut Vec<Delta>) -> Result<(), Fault>;

    /// What the server told of its use, once it has.
    fn usage(&self) -> &Value;

    /// Whether the last event was seen.
    fn done(&self) -> bool;

    /// Whether nothing more is needed, though an end mark may still come.
    fn complete(&self) -> bool;

    /// The stream has ended: adds what was kept back, and returns a note for the user if there is
    /// one.
    fn finish(&mut self, out: &mut Vec<Delta>) -> Result<Option<String>, Fault>;
}

/// What a reply that was cut at its longest length is worth to the user.
pub(super) const TOO_LONG: &str =
    "the answer was cut at its longest length; raise [chat] max_output_tokens";

/// Tool calls as their fragments come in, by the index or name that the protocol gives them.
#[derive(Debug, Default)]
pub(super) struct Calls(BTreeMap<u64, Call>);

impl Calls {
    /// The call at `index`, made when there is none.
    pub(super) fn at(&mut self, index: u64) -> &mut Call {
        self.0.entry(index).or_insert_with(|| Call {
            id: CallId(format!("call_{index}")),
            name: String::new(),
            arguments: String::new(),
        })
    }

    /// The index after the last one.
    pub(super) fn next(&self) -> u64 {
        self.0.last_key_value().map_or(0, |(index, _)| index + 1)
    }

    /// Takes the call at `index` out, complete.
    pub(super) fn take(&mut self, index: u64) -> Option<Call> {
        self.0.remove(&index).map(complete)
    }

    /// Takes all of them, in the order in which they were begun.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Call> {
        std::mem::take(&mut self.0).into_values().map(complete)
    }
}

fn complete(mut call: Call) -> Call {
    if call.arguments.trim().is_empty() {
        call.arguments = "{}".to_owned();
    }
    call
}

/// The page that an annotation names, in its flat form and in the nested one.
pub(super) fn source(annotation: &Value) -> Option<Source> {
    if annotation["type"] != "url_citation" {
        return None;
    }
    let inner = &annotation["url_citation"];
    let flat = if inner.is_object() { inner } else { annotation };
    let url = flat["url"].as_str()?.to_owned();
    Some(Source { title: flat["title"].as_str().unwrap_or_default().to_owned(), url })
}

/// The text of `value`, unless it is empty or none.
pub(super) fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}
