//! What a model has turned out not to support. If a refusal names a part of the request, that part
//! is left out or expressed another way, and the question is asked again.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::quirks::Instructions;
use super::super::refusal::Declined;
use super::super::wording;

/// How often a question is asked again, each time with something new learned. A server that refuses
/// more refuses everything.
pub(super) const MOST: usize = 6;

/// Keys that a request cannot do without.
const NEEDED: [&str; 6] = ["model", "messages", "input", "prompt", "modalities", "audio"];

/// What is known about a model; initially nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lessons {
    /// It cannot stream.
    pub(super) whole: bool,
    /// It takes no tools.
    pub(super) no_tools: bool,
    /// Where its instructions go, if not in the usual place.
    pub(super) instructions: Option<Instructions>,
    /// User and assistant must alternate.
    pub(super) strict: bool,
    /// It knows the token limit by the other of its two names.
    pub(super) other_limit: bool,
    /// It must produce sound, although nobody hears it.
    pub(super) sounds: bool,
    /// It is asked through chat completions, because it does not know the other protocol.
    pub(super) chat_only: bool,
    /// Keys that are left out.
    pub(super) left_out: BTreeSet<String>,
}

impl Lessons {
    /// Removes these from a body.
    pub(super) fn prune(&self, body: &mut Value) {
        if let Some(body) = body.as_object_mut() {
            body.retain(|key, _| !self.left_out.contains(key));
        }
    }

    /// Learns from a refusal of `body`, whose instructions went where `instructions` says. Returns
    /// what to tell the user, or nothing if there was nothing to learn.
    pub(super) fn learn(
        &mut self,
        declined: &Declined,
        body: &Value,
        instructions: Instructions,
    ) -> Option<String> {
        if !declined.judges() || declined.no_such_call() {
            return None;
        }
        let message = declined.message.as_str();
        let param = declined.param.as_deref().unwrap_or_default();
        let param = param.strip_prefix("body.").unwrap_or(param);
        let top = param.split(['.', '[']).next().unwrap_or_default();
        let sent = |key: &str| !body[key].is_null();
        let names = |key: &str| sent(key) && (top == key || wording::names(message, key));

        if wording::wants_sound(message) && !self.sounds && sent("modalities") {
            self.sounds = true;
            return Some("only answers aloud; its audio is not used".into());
        }
        let limit = ["max_tokens", "max_completion_tokens"].into_iter().find(|key| names(key));
        if let Some(limit) = limit {
            if wording::reply_too_long(message) || self.other_limit {
                return self.leave_out(limit);
            }
            self.other_limit = true;
            return Some(format!("does not accept {limit}; its other name is used instead"));
        }
        if sent("tool_choice") && !self.left_out.contains("tool_choice") && names("tool_choice") {
            return self.leave_out("tool_choice");
        }
        if sent("tools") && !self.no_tools && (wording::no_tools(message) || names("tools")) {
            self.no_tools = true;
            return Some("does not support tools; it answers without them".into());
        }
        let turns = wording::turns(message);
        if turns && !self.strict {
            self.strict = true;
            return Some(
                "needs user and assistant messages to alternate; adjacent ones are merged".into(),
            );
        }
        if (wording::no_system(message) && !turns)
            || names("instructions")
            || param.ends_with("role")
        {
            let next = match instructions {
                // "'messages[0].role' does not support 'system'": then it takes neither.
                Instructions::Developer => Some(Instructions::System),
                Instructions::System => Some(Instructions::Folded),
                Instructions::Folded => None,
            };
            if let Some(next) = next {
                self.instructions = Some(next);
                return Some(
                    "does not accept instructions in that form; they are sent in another".into(),
                );
            }
        }
        if body["stream"] == true && names("stream") {
            self.whole = true;
            return Some("does not stream; its answers arrive whole".into());
        }
        let keys = body.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
        let named = keys.filter(|key| !NEEDED.contains(key)).find(|key| names(key));
        if let Some(key) = named {
            return self.leave_out(key);
        }
        // Chat templates fail with all kinds of messages if somebody speaks twice in a row.
        if declined.status != Some(404) && !self.strict && twice(&body["messages"]) {
            self.strict = true;
            return Some(
                "needs user and assistant messages to alternate; adjacent ones are merged".into(),
            );
        }
        None
    }

    fn leave_out(&mut self, key: &str) -> Option<String> {
        let fresh = self.left_out.insert(key.to_owned());
        fresh.then(|| format!("does not accept {key}; it is left out from now on"))
    }
}

/// Whether somebody speaks twice in a row, or the assistant first.
fn twice(messages: &Value) -> bool {
    let roles = messages.as_array().into_iter().flatten().filter_map(|m| m["role"].as_str());
    let roles: Vec<&str> = roles.filter(|role| !matches!(*role, "system" | "developer")).collect();
    roles.first() == Some(&"assistant")
        || roles
            .windows(2)
            .any(|two| two[0] == two[1] && two[0] != "tool" || two == ["tool", "user"])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::EngineError;

    fn declined(status: u16, param: Option<&str>, message: &str) -> Declined {
        Declined {
            error: EngineError::Rejected(String::new()),
            status: Some(status),
            code: None,
            param: param.map(str::to_owned),
            message: message.to_owned(),
            page: false,
            again: None,
        }
    }

    fn body() -> Value {
        json!({
            "model": "m", "stream": true, "temperature": 0.2, "max_tokens": 9, "stop": ["x"],
            "stream_options": {"include_usage": true}, "tools": [{}], "tool_choice": "required",
            "messages": [{"role": "system"}, {"role": "user"}],
        })
    }

    /// The lesson of one refusal, and the note for the user.
    fn learned(status: u16, param: Option<&str>, message: &str) -> (Lessons, Option<String>) {
        let mut lessons = Lessons::default();
        let told = lessons.learn(&declined(status, param, message), &body(), Instructions::System);
        (lessons, told)
    }

    #[test]
    fn what_is_named_is_left_out_or_put_in_another_way() {
        let left_out =
            |key: &str| Lessons { left_out: [key.to_owned()].into(), ..Lessons::default() };
        for (status, param, message, wanted) in [
            (400, Some("temperature"), "Unsupported value.", left_out("temperature")),
            (
                422,
                Some("stream_options"),
                "stream_options: Extra inputs are not permitted",
                left_out("stream_options"),
            ),
            (400, None, "Unrecognized request argument supplied: stop", left_out("stop")),
            (
                400,
                None,
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
                Lessons { other_limit: true, ..Lessons::default() },
            ),
            (
                400,
                None,
                "max_tokens is too large: 9. This model's maximum context length is 4",
                left_out("max_tokens"),
            ),
            (
                400,
                None,
                "This model does not support stream.",
                Lessons { whole: true, ..Lessons::default() },
            ),
            (
                400,
                None,
                "registry.ollama.ai/library/gemma:2b does not support tools",
                Lessons { no_tools: true, ..Lessons::default() },
            ),
            (
                500,
                None,
                "tools param requires --jinja flag",
                Lessons { no_tools: true, ..Lessons::default() },
            ),
            (
                404,
                None,
                "No endpoints found that support tool use.",
                Lessons { no_tools: true, ..Lessons::default() },
            ),
            (
                400,
                Some("messages[0].role"),
                "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
                Lessons { instructions: Some(Instructions::Folded), ..Lessons::default() },
            ),
            (
                500,
                None,
                "System role not supported",
                Lessons { instructions: Some(Instructions::Folded), ..Lessons::default() },
            ),
            (
                500,
                None,
                "Conversation roles must alternate user/assistant/user/assistant/...",
                Lessons { strict: true, ..Lessons::default() },
            ),
        ] {
            let (lessons, told) = learned(status, param, message);
            assert_eq!(lessons, wanted, "{message}");
            assert_eq!(told.is_some(), lessons != Lessons::default(), "{message}");
        }
        for (status, message) in
            [(401, "temperature"), (429, "temperature"), (400, "No."), (404, "no model m")]
        {
            assert_eq!(learned(status, None, message), (Lessons::default(), None), "{message}");
        }
    }

    #[test]
    fn a_template_that_fails_in_other_words_gets_turns() {
        let mut lessons = Lessons::default();
        let mut body = body();
        body["messages"] = json!([{"role": "user"}, {"role": "user"}]);
        let refusal = declined(500, None, "Value is not callable: null at row 7");
        assert!(lessons.learn(&refusal, &body, Instructions::System).is_some());
        assert!(lessons.strict);
        assert_eq!(lessons.learn(&refusal, &body, Instructions::System), None);
    }
}
