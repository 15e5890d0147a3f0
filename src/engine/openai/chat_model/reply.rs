//! Reading replies: what the three protocols have in common.

use serde_json::Value;

use crate::base::CallId;
use crate::dialog::Call;
use crate::engine::openai::error_body::ErrorBody;
use crate::engine::{Delta, Source};

/// Why a reply cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The server sent an error instead of the reply.
    Told(ErrorBody),
    /// It broke off, or is invalid.
    Broken(String),
    /// It was refused halfway.
    Refused(String),
}

impl Fault {
    pub(super) fn broken(why: impl Into<String>) -> Self {
        Self::Broken(why.into())
    }

    /// The content filter cut the reply.
    pub(super) fn filtered() -> Self {
        Self::Refused("its content filter cut the answer off; rephrase the question".into())
    }
}

/// Reads one reply, streamed or complete.
pub(super) trait Reading: Send {
    /// Takes the data of one event and appends the result to `out`.
    fn event(&mut self, data: &str, out: &mut Vec<Delta>) -> Result<(), Fault>;

    /// Takes the complete reply.
    fn whole(&mut self, value: &Value, out: &mut Vec<Delta>) -> Result<(), Fault>;

    /// The usage reported by the server, once it is.
    fn usage(&self) -> &Value;

    /// Whether the model has thought, in a field of its own.
    fn thought(&self) -> bool {
        false
    }

    /// Whether it was cut at the token limit.
    fn cut(&self) -> bool;

    /// Whether the final event was seen.
    fn done(&self) -> bool;

    /// Whether nothing more is needed, though an end marker may still come.
    fn complete(&self) -> bool;

    /// The stream has ended: appends what was held back.
    fn finish(&mut self, out: &mut Vec<Delta>) -> Result<(), Fault>;
}

/// The note for the user about a reply that was cut at the token limit.
pub(super) const TOO_LONG: &str =
    "the answer reached its length limit; raise [chat] max_output_tokens";

/// Tool calls assembled from fragments. Servers number them, name them, do both, or neither, and
/// some give all of them the same number.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<Part>);

/// A call so far.
#[derive(Debug)]
struct Part {
    /// Ids by which fragments refer to it.
    ids: Vec<String>,
    index: Option<u64>,
    call: Call,
}

/// A fragment of a call; every part of it may be missing.
#[derive(Debug, Default)]
pub(super) struct Fragment<'a> {
    /// Ids that only this call has.
    pub(super) ids: Vec<&'a str>,
    /// Its number.
    pub(super) index: Option<u64>,
    /// The id under which its outcome is returned.
    pub(super) call_id: Option<&'a str>,
    /// The name of its tool.
    pub(super) name: Option<&'a str>,
    /// More of its arguments: text, or all of them as an object.
    pub(super) arguments: Option<&'a Value>,
}

impl Calls {
    /// Adds a fragment.
    pub(super) fn add(&mut self, fragment: &Fragment<'_>) {
        let at = self.place(fragment);
        let Some(part) = self.0.get_mut(at) else { return };
        for id in &fragment.ids {
            if !part.ids.iter().any(|known| known == id) {
                part.ids.push((*id).to_owned());
            }
        }
        if let Some(id) = fragment.call_id.or(fragment.ids.first().copied())
            && (part.call.id.0.is_empty() || fragment.call_id.is_some())
        {
            part.call.id.0 = id.to_owned();
        }
        // Some repeat the name with each fragment.
        if let Some(name) = fragment.name {
            name.clone_into(&mut part.call.name);
        }
        match fragment.arguments {
            Some(Value::String(more)) => part.call.arguments.push_str(more),
            Some(whole @ Value::Object(_)) => part.call.arguments = whole.to_string(),
            _ => {}
        }
    }

    /// Sets the complete arguments of the call of `fragment`, however much of them came before.
    pub(super) fn set(&mut self, fragment: &Fragment<'_>) {
        let at = self.place(fragment);
        let whole = fragment.arguments.is_some_and(|arguments| !blank(arguments));
        if let Some(part) = self.0.get_mut(at).filter(|_| whole) {
            part.call.arguments.clear();
        }
        self.add(fragment);
    }

    /// The index of the call of `fragment`; adds it if it is new.
    fn place(&mut self, fragment: &Fragment<'_>) -> usize {
        let Fragment { ids, index, name, arguments, .. } = fragment;
        let named = |part: &Part| ids.iter().any(|id| part.ids.iter().any(|known| known == id));
        if let Some(at) = self.0.iter().position(named) {
            return at;
        }
        let numbered = |part: &&Part| index.is_none() || part.index == *index;
        let at = self.0.iter().rposition(|part| numbered(&part));
        if let Some(part) = at.and_then(|at| self.0.get(at)) {
            // Another id with a name, or a name after complete arguments, begins another call,
            // whatever its number.
            let other_id = !ids.is_empty() && !part.ids.is_empty();
            let full = serde_json::from_str::<Value>(&part.call.arguments).is_ok();
            let more = arguments.is_some_and(|arguments| !blank(arguments));
            let again = full && (more || index.is_none());
            let renamed = index.is_none() && name.is_some_and(|name| name != part.call.name);
            let named = name.is_some() && !part.call.name.is_empty();
            let other = named && (other_id || again || renamed);
            if !other {
                return at.unwrap_or_default();
            }
        } else if name.is_none() && ids.is_empty() && !self.0.is_empty() {
            // An unknown number.
            return self.0.len() - 1;
        }
        let call =
            Call { id: CallId(String::new()), name: String::new(), arguments: String::new() };
        self.0.push(Part { ids: Vec::new(), index: *index, call });
        self.0.len() - 1
    }

    /// Takes the call of `fragment` out, complete.
    pub(super) fn take(&mut self, fragment: &Fragment<'_>) -> Option<Call> {
        let at = self.place(fragment);
        (at < self.0.len()).then(|| complete(self.0.remove(at).call))
    }

    /// Takes all of them, in the order in which they began.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Call> {
        let all = std::mem::take(&mut self.0).into_iter().map(|part| complete(part.call));
        all.filter(|call| !call.name.is_empty())
    }
}

fn blank(arguments: &Value) -> bool {
    arguments.is_null() || arguments.as_str().is_some_and(|text| text.trim().is_empty())
}

fn complete(mut call: Call) -> Call {
    if call.arguments.trim().is_empty() {
        call.arguments = "{}".to_owned();
    }
    call
}

/// Words that may be repeated as a whole after they were streamed.
#[derive(Debug, Default)]
pub(super) struct Streamed(String);

impl Streamed {
    /// The next words.
    pub(super) fn push(&mut self, words: &str) {
        self.0.push_str(words);
    }

    /// The new part of `whole`, which repeats all words so far; empty if it differs.
    pub(super) fn rest<'a>(&self, whole: &'a str) -> &'a str {
        whole.strip_prefix(self.0.as_str()).unwrap_or_default()
    }

    /// Whether these were the last words.
    pub(super) fn ends_with(&self, words: &str) -> bool {
        let words = words.trim();
        !words.is_empty() && self.0.trim_end().ends_with(words)
    }
}

/// The page that an annotation cites, in its flat or its nested format.
pub(super) fn source(annotation: &Value) -> Option<Source> {
    if annotation["type"] != "url_citation" {
        return None;
    }
    let inner = &annotation["url_citation"];
    let flat = if inner.is_object() { inner } else { annotation };
    let url = flat["url"].as_str()?.to_owned();
    Some(Source { title: flat["title"].as_str().unwrap_or_default().to_owned(), url })
}

/// The text of `value`, unless it is empty or not text.
pub(super) fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The calls that chat fragments result in: ids, names and arguments.
    fn put_together(fragments: Value) -> Vec<(String, String, String)> {
        let mut calls = Calls::default();
        for fragment in fragments.as_array().unwrap() {
            calls.add(&super::super::chat::fragment(fragment));
        }
        calls.drain().map(|call| (call.id.0, call.name, call.arguments)).collect()
    }

    fn call(id: &str, name: &str, arguments: &str) -> (String, String, String) {
        (id.into(), name.into(), arguments.into())
    }

    #[test]
    fn fragments_find_their_call_by_number_by_name_or_by_neither() {
        let part = |name: Value, arguments: Value| json!({"name": name, "arguments": arguments});
        let usual = json!([
            {"index": 0, "id": "a", "function": part(json!("x"), json!(""))},
            {"index": 1, "id": "b", "function": part(json!("y"), json!("{"))},
            {"index": 0, "function": {"arguments": "{\"q\":"}},
            {"index": 1, "function": {"arguments": "}"}},
            {"index": 0, "function": {"arguments": "1}"}},
        ]);
        assert_eq!(put_together(usual), [call("a", "x", "{\"q\":1}"), call("b", "y", "{}")]);
        // Every call has the number 0.
        let alike = json!([
            {"index": 0, "id": "a", "function": part(json!("x"), json!("{\"q\":"))},
            {"index": 0, "function": {"arguments": "1}"}},
            {"index": 0, "id": "b", "function": part(json!("y"), json!("{}"))},
        ]);
        assert_eq!(put_together(alike), [call("a", "x", "{\"q\":1}"), call("b", "y", "{}")]);
        // No numbers, an id with each fragment, interleaved.
        let named = json!([
            {"id": "a", "function": part(json!("x"), json!("{"))},
            {"id": "b", "function": part(json!("y"), json!("{"))},
            {"id": "a", "function": part(json!("x"), json!("}"))},
            {"id": "b", "function": part(json!("y"), json!("}"))},
        ]);
        assert_eq!(put_together(named), [call("a", "x", "{}"), call("b", "y", "{}")]);
        // Neither; the same tool twice.
        let bare = json!([
            {"function": part(json!("x"), json!("{\"q\":1}"))},
            {"function": part(json!("x"), json!("{\"q\":2}"))},
        ]);
        assert_eq!(put_together(bare), [call("", "x", "{\"q\":1}"), call("", "x", "{\"q\":2}")]);
        // The name with each fragment; arguments as an object; no arguments at all.
        let repeated = json!([
            {"index": 0, "id": "a", "function": part(json!("x"), json!("{\"q\""))},
            {"index": 0, "id": "a", "function": part(json!("x"), json!(":1}"))},
            {"index": 0, "id": null, "function": part(json!("x"), json!(""))},
        ]);
        assert_eq!(put_together(repeated), [call("a", "x", "{\"q\":1}")]);
        let object =
            json!([{"index": 0, "id": "a", "function": part(json!("x"), json!({"q": 1}))}]);
        assert_eq!(put_together(object), [call("a", "x", "{\"q\":1}")]);
        let none = json!([{"index": 0, "id": "a", "function": part(json!("x"), Value::Null)}]);
        assert_eq!(put_together(none), [call("a", "x", "{}")]);
    }
}
