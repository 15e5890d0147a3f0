//! Alternating user and assistant turns, for models whose templates require them.

use serde_json::{Value, json};

/// Placed between a tool outcome and the user's next words if the answer was lost.
const LOST: &str = "(no answer)";

/// `messages` without two user or assistant messages in a row, and with the user's first. Nothing
/// is lost: consecutive messages are merged.
pub(super) fn taking_turns(messages: Vec<Value>) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    // What the assistant said before anybody asked.
    let mut before = String::new();
    let mut begun = false;
    for message in messages {
        let role = message["role"].as_str().unwrap_or_default().to_owned();
        let calls = message["tool_calls"].is_array();
        if role == "assistant" && !begun && !calls {
            before.push_str(message["content"].as_str().unwrap_or_default());
            before.push('\n');
            continue;
        }
        begun |= matches!(role.as_str(), "user" | "assistant" | "tool");
        let last = all.last_mut().filter(|last| !last["role"].is_null());
        match last {
            Some(last) if last["role"] == role.as_str() && role != "tool" => {
                if last["tool_calls"].is_array() && calls {
                    // Calls of two answers; the first has lost its outcomes.
                    all.push(message);
                    continue;
                }
                put_together(last, message);
            }
            Some(last) if last["role"] == "tool" && role == "user" => {
                all.push(json!({ "role": "assistant", "content": LOST }));
                all.push(message);
            }
            Some(_) | None => all.push(message),
        }
    }
    if !before.is_empty() {
        let said = format!("You have just said: {}", before.trim());
        match all.first_mut().filter(|first| first["role"] != "assistant") {
            Some(first) => {
                let own =
                    std::mem::replace(first, json!({ "role": first["role"], "content": said }));
                let system = own["role"] != "user";
                if system {
                    // Its own words come first.
                    let said = std::mem::replace(first, own);
                    put_together(first, said);
                } else {
                    put_together(first, own);
                }
            }
            None => all.insert(0, json!({ "role": "user", "content": said })),
        }
    }
    all
}

/// Appends `more` to `message`, which has the same role.
fn put_together(message: &mut Value, mut more: Value) {
    let calls = more["tool_calls"].take();
    if calls.is_array() {
        message["tool_calls"] = calls;
    }
    let content = more["content"].take();
    let own = message["content"].take();
    message["content"] = match (own, content) {
        (Value::Null, other) | (other, Value::Null) => other,
        (Value::String(own), Value::String(more)) => json!(format!("{own}\n\n{more}")),
        (own, more) => parts(own).into_iter().chain(parts(more)).collect(),
    };
}

/// The content of a message as a list of parts.
fn parts(content: Value) -> Vec<Value> {
    match content {
        Value::Array(parts) => parts,
        Value::String(text) => vec![json!({ "type": "text", "text": text })],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_speaks_twice_and_nothing_is_lost() {
        let message = |role: &str, content: &str| json!({"role": role, "content": content});
        let calls =
            json!({"role": "assistant", "content": "Let me see.", "tool_calls": [{"id": "1"}]});
        let outcome = json!({"role": "tool", "tool_call_id": "1", "content": "{}"});
        let messages = vec![
            message("system", "Be brief."),
            message("assistant", "Your tea is ready."),
            message("user", "one"),
            message("user", "two"),
            calls.clone(),
            outcome.clone(),
            message("user", "three"),
            message("assistant", "Three."),
            message("assistant", "Your egg is ready."),
            json!({"role": "user", "content": [{"type": "image_url"}]}),
            message("user", "four"),
        ];
        assert_eq!(
            taking_turns(messages),
            [
                message("system", "Be brief.\n\nYou have just said: Your tea is ready."),
                message("user", "one\n\ntwo"),
                calls,
                outcome,
                message("assistant", LOST),
                message("user", "three"),
                message("assistant", "Three.\n\nYour egg is ready."),
                json!({"role": "user", "content": [{"type": "image_url"}, {"type": "text", "text": "four"}]}),
            ]
        );
        let first = vec![message("assistant", "Tea."), message("user", "thanks")];
        assert_eq!(taking_turns(first), [message("user", "You have just said: Tea.\n\nthanks")]);
    }
}
