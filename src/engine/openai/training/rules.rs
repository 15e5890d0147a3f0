use serde_json::{Map, Value};

use super::Form;

/// What an example may contain beside its messages.
const BESIDE: [&str; 4] = ["messages", "tools", "parallel_tool_calls", "functions"];

const ROLES: [&str; 6] = ["system", "developer", "user", "assistant", "tool", "function"];

/// What a message may contain.
const IN_A_MESSAGE: [&str; 9] = [
    "role",
    "content",
    "name",
    "weight",
    "tool_calls",
    "tool_call_id",
    "function_call",
    "refusal",
    "audio",
];

/// The findings about an example.
#[derive(Default)]
pub(super) struct Verdict {
    /// Its format; `None` if it has neither.
    pub(super) form: Option<Form>,
    pub(super) problems: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl Verdict {
    fn wrong(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }
}

/// Judges a single example.
pub(super) fn judge(value: &Value) -> Verdict {
    let mut verdict = Verdict::default();
    let Some(example) = value.as_object() else {
        verdict.wrong(format!("{} instead of an object {{\"messages\": […]}}", kind(value)));
        return verdict;
    };
    let pair = example.contains_key("prompt") || example.contains_key("completion");
    match example.get("messages") {
        None if pair => {
            verdict.form = Some(Form::Pairs);
            judge_pair(example, &mut verdict);
        }
        None if PREFERENCES.iter().any(|key| example.contains_key(*key)) => verdict.wrong(
            "this is preference data, which is not supported yet; supported are \"messages\", \
             and \"prompt\" with \"completion\"",
        ),
        None => verdict.wrong("\"messages\" is missing"),
        Some(messages) => {
            verdict.form = Some(Form::Messages);
            for key in example.keys().filter(|key| !BESIDE.contains(&key.as_str())) {
                // Reinforcement fine-tuning passes such keys to its grader; nothing else reads
                // them.
                let text = format!("the key \"{key}\" is ignored");
                verdict.warnings.push(text);
            }
            let tools = judge_tools(example, &mut verdict);
            judge_messages(messages, tools.as_deref(), &mut verdict);
        }
    }
    verdict
}

/// Keys of examples that rank two answers, in the formats of OpenAI and others.
const PREFERENCES: [&str; 5] =
    ["preferred_output", "non_preferred_output", "chosen", "rejected", "preferred_completion"];

fn judge_pair(pair: &Map<String, Value>, verdict: &mut Verdict) {
    for key in ["prompt", "completion"] {
        match pair.get(key) {
            None => verdict.wrong(format!("\"{key}\" is missing")),
            Some(Value::String(text)) if text.trim().is_empty() && key == "completion" => {
                verdict.wrong("the completion is empty");
            }
            Some(Value::String(_)) => {}
            Some(other) => verdict.wrong(format!("\"{key}\" is {}, not text", kind(other))),
        }
    }
    for key in pair.keys().filter(|key| !matches!(key.as_str(), "prompt" | "completion")) {
        verdict.wrong(format!("unknown key \"{key}\""));
    }
}

/// Judges the tools that an example offers; returns their names, or `None` if it offers none.
fn judge_tools(example: &Map<String, Value>, verdict: &mut Verdict) -> Option<Vec<String>> {
    let (tools, nested) = match (example.get("tools"), example.get("functions")) {
        (Some(tools), _) => (tools, true),
        (None, Some(functions)) => (functions, false),
        (None, None) => return None,
    };
    let Some(tools) = tools.as_array() else {
        verdict.wrong(format!("\"tools\" is {}, not a list", kind(tools)));
        return None;
    };
    let mut names = Vec::new();
    for (index, tool) in tools.iter().enumerate() {
        let place = format!("tool {}", index + 1);
        if nested && tool["type"] != "function" {
            verdict.wrong(format!("{place}: \"type\" must be \"function\""));
            continue;
        }
        let function = if nested { &tool["function"] } else { tool };
        match function["name"].as_str() {
            Some(name) if is_name(name) => names.push(name.to_owned()),
            Some(name) => verdict.wrong(format!(
                "{place}: \"{name}\" is not a function name (1 to 64 letters, digits, _ and -)"
            )),
            None => verdict.wrong(format!("{place}: its function has no name")),
        }
        let parameters = &function["parameters"];
        if !parameters.is_null() && !parameters.is_object() {
            verdict
                .wrong(format!("{place}: \"parameters\" is {}, not an object", kind(parameters)));
        }
    }
    Some(names)
}

fn judge_messages(messages: &Value, tools: Option<&[String]>, verdict: &mut Verdict) {
    let Some(messages) = messages.as_array() else {
        return verdict.wrong(format!("\"messages\" is {}, not a list", kind(messages)));
    };
    if messages.is_empty() {
        return verdict.wrong("\"messages\" is empty");
    }
    // Calls without a result so far.
    let mut open: Vec<String> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let place = format!("message {}", index + 1);
        let Some(message) = message.as_object() else {
            verdict.wrong(format!("{place} is {}, not an object", kind(message)));
            continue;
        };
        for key in message.keys().filter(|key| !IN_A_MESSAGE.contains(&key.as_str())) {
            verdict.wrong(format!("{place}: unknown key \"{key}\""));
        }
        let role = match message.get("role").and_then(Value::as_str) {
            Some(role) if ROLES.contains(&role) => role,
            Some(role) => {
                verdict.wrong(format!(
                    "{place}: unknown role \"{role}\" (use one of {})",
                    ROLES.join(", ")
                ));
                continue;
            }
            None => {
                verdict.wrong(format!("{place} has no role"));
                continue;
            }
        };
        if role == "tool" {
            judge_result(&place, message, &mut open, verdict);
        } else if !open.is_empty() {
            verdict.wrong(format!("{place}: {} before it has no result", open.join(", ")));
            open.clear();
        }
        judge_content(&place, role, message, verdict);
        if let Some(calls) = message.get("tool_calls") {
            if role == "assistant" {
                judge_calls(&place, calls, tools, &mut open, verdict);
            } else {
                verdict.wrong(format!("{place}: only the assistant can call tools"));
            }
        }
        if message.get("weight").is_some_and(|weight| {
            role != "assistant" || !matches!(weight.as_f64(), Some(w) if w == 0.0 || w == 1.0)
        }) {
            verdict.wrong(format!(
                "{place}: \"weight\" must be 0 or 1, and only on assistant messages"
            ));
        }
    }
    let of_the_assistant = |message: &&Value| message["role"] == "assistant";
    if !messages.iter().any(|message| of_the_assistant(&message)) {
        verdict.wrong("no assistant message, so there is nothing to learn");
    } else if !messages.last().is_some_and(|last| of_the_assistant(&last)) {
        verdict.wrong("the last message is not from the assistant");
    } else if messages.iter().filter(of_the_assistant).all(|message| message["weight"] == 0) {
        verdict.wrong("every assistant message has weight 0, so there is nothing to learn");
    }
}

fn judge_content(place: &str, role: &str, message: &Map<String, Value>, verdict: &mut Verdict) {
    let instead = ["tool_calls", "function_call", "refusal", "audio"];
    let without = role == "assistant" && instead.iter().any(|key| message.contains_key(*key));
    match message.get("content") {
        None | Some(Value::Null) if without => {}
        None | Some(Value::Null) => verdict.wrong(format!("{place} has no content")),
        // A tool may well return nothing.
        Some(Value::String(text)) if text.trim().is_empty() && !without && role != "tool" => {
            verdict.wrong(format!("{place}: the content is empty"));
        }
        Some(Value::String(_)) => {}
        Some(Value::Array(parts)) if parts.is_empty() => {
            verdict.wrong(format!("{place}: the content is empty"));
        }
        Some(Value::Array(parts)) => {
            for part in parts {
                let fits = match part["type"].as_str() {
                    Some("text") => part["text"].is_string(),
                    Some("image_url") => part["image_url"]["url"].is_string() && role == "user",
                    Some("refusal") => part["refusal"].is_string() && role == "assistant",
                    Some("input_audio") => part["input_audio"].is_object() && role == "user",
                    Some("file") => part["file"].is_object() && role == "user",
                    Some(_) | None => false,
                };
                if !fits {
                    verdict.wrong(format!(
                        "{place}: part of the content is not allowed for the role {role}"
                    ));
                }
            }
        }
        Some(other) => verdict.wrong(format!("{place}: the content is {}, not text", kind(other))),
    }
}

fn judge_calls(
    place: &str,
    calls: &Value,
    tools: Option<&[String]>,
    open: &mut Vec<String>,
    verdict: &mut Verdict,
) {
    let Some(calls) = calls.as_array().filter(|calls| !calls.is_empty()) else {
        return verdict.wrong(format!("{place}: \"tool_calls\" is not a list of calls"));
    };
    for call in calls {
        let function = &call["function"];
        if call["type"] != "function" {
            verdict.wrong(format!("{place}: the \"type\" of a call must be \"function\""));
        }
        match call["id"].as_str() {
            Some(id) if open.iter().any(|other| other == id) => {
                verdict.wrong(format!("{place}: two calls have the id \"{id}\""));
            }
            Some(id) if !id.is_empty() => open.push(id.to_owned()),
            Some(_) | None => verdict.wrong(format!("{place}: a call has no id")),
        }
        match (function["name"].as_str(), tools) {
            (None | Some(""), _) => verdict.wrong(format!("{place}: a call names no function")),
            (Some(name), Some(tools)) if !tools.iter().any(|tool| tool == name) => {
                verdict.wrong(format!("{place}: it calls {name}, which is not among the tools"));
            }
            (Some(name), None) => {
                verdict.wrong(format!("{place}: it calls {name}, but the example has no \"tools\""))
            }
            (Some(_), Some(_)) => {}
        }
        let arguments = function["arguments"].as_str();
        let object = arguments.is_some_and(|arguments| {
            serde_json::from_str::<Value>(arguments).is_ok_and(|value| value.is_object())
        });
        if !object {
            verdict.wrong(format!(
                "{place}: the arguments of a call are not a JSON object as a string"
            ));
        }
    }
}

fn judge_result(
    place: &str,
    message: &Map<String, Value>,
    open: &mut Vec<String>,
    verdict: &mut Verdict,
) {
    match message.get("tool_call_id").and_then(Value::as_str) {
        Some(id) => match open.iter().position(|call| call == id) {
            Some(at) => drop(open.remove(at)),
            None => verdict.wrong(format!("{place}: no call before it has the id \"{id}\"")),
        },
        None => verdict.wrong(format!("{place}: the result of a tool has no \"tool_call_id\"")),
    }
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (1..=64).contains(&name.len()) && name.chars().all(fits)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(messages: Value) -> Vec<String> {
        judge(&json!({ "messages": messages })).problems
    }

    #[test]
    fn what_a_talk_lacks_is_named() {
        let user = json!({"role": "user", "content": "hi"});
        let told = json!({"role": "assistant", "content": "hello"});
        assert_eq!(problems(json!([user, told])), Vec::<String>::new());
        for (messages, words) in [
            (json!([]), "\"messages\" is empty"),
            (json!("hi"), "\"messages\" is a text, not a list"),
            (json!([user]), "nothing to learn"),
            (json!([told, user]), "the last message is not from the assistant"),
            (
                json!([user, {"role": "assistant", "content": " "}]),
                "message 2: the content is empty",
            ),
            (json!([user, {"role": "assistant"}]), "message 2 has no content"),
            (json!([{"role": "bot", "content": "x"}, told]), "unknown role \"bot\""),
            (json!([{"content": "x"}, told]), "message 1 has no role"),
            (json!([{"role": "user", "content": "x", "text": "y"}, told]), "unknown key \"text\""),
            (json!([user, {"role": "assistant", "content": "x", "weight": 0}]), "has weight 0"),
            (json!([user, {"role": "assistant", "content": "x", "weight": 2}]), "must be 0 or 1"),
            (json!([{"role": "user", "content": 7}, told]), "the content is a number, not text"),
            (
                json!([{"role": "user", "content": [{"type": "sound"}]}, told]),
                "not allowed for the role",
            ),
        ] {
            let found = problems(messages);
            assert!(found.iter().any(|problem| problem.contains(words)), "{words}: {found:?}");
        }
    }

    #[test]
    fn calls_have_tools_and_results() {
        let tools =
            json!([{"type": "function", "function": {"name": "get_time", "parameters": {}}}]);
        let example = |calls: Value, result: Value| {
            json!({"tools": tools, "messages": [
                {"role": "user", "content": "what time is it"},
                {"role": "assistant", "tool_calls": calls},
                result,
                {"role": "assistant", "content": "Four."},
            ]})
        };
        let call = |id: &str, name: &str, arguments: &str| json!([{"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}]);
        let result = json!({"role": "tool", "tool_call_id": "a", "content": "16:00"});
        let good = example(call("a", "get_time", "{}"), result.clone());
        assert_eq!(judge(&good).problems, Vec::<String>::new());
        for (example, words) in [
            (
                example(call("b", "get_time", "{}"), result.clone()),
                "no call before it has the id \"a\"",
            ),
            (example(call("a", "get_date", "{}"), result.clone()), "get_date, which is not among"),
            (example(call("a", "get_time", "now"), result.clone()), "not a JSON object"),
            (example(json!([]), result), "not a list of calls"),
            (
                example(call("a", "get_time", "{}"), json!({"role": "user", "content": "x"})),
                "has no result",
            ),
        ] {
            let found = judge(&example).problems;
            assert!(found.iter().any(|problem| problem.contains(words)), "{words}: {found:?}");
        }
        let mut without = good;
        without.as_object_mut().unwrap().remove("tools");
        assert!(judge(&without).problems[0].contains("has no \"tools\""));
        let nameless = json!({"tools": [{"type": "function", "function": {"name": "a b"}}, {}],
            "messages": [{"role": "assistant", "content": "x"}]});
        assert_eq!(judge(&nameless).problems.len(), 2);
    }

    #[test]
    fn pairs_and_strangers_are_recognized() {
        assert_eq!(judge(&json!({"prompt": "a", "completion": "b"})).form, Some(Form::Pairs));
        let half = judge(&json!({"prompt": "a", "answer": "b"})).problems;
        assert_eq!(half, ["\"completion\" is missing", "unknown key \"answer\""]);
        assert_eq!(judge(&json!({"text": "a"})).problems, ["\"messages\" is missing"]);
        let ranked =
            judge(&json!({"input": {}, "preferred_output": [], "non_preferred_output": []}));
        assert!(ranked.problems[0].contains("not supported yet"), "{:?}", ranked.problems);
        assert_eq!(ranked.problems.len(), 1);
        assert!(judge(&json!(["a"])).problems[0].starts_with("a list instead of an object"));
    }
}
