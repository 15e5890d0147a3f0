//! Reads the error bodies of providers and gateways, which have many shapes.

use serde_json::Value;

use super::sse::Events;

/// The content of an error response; every part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ErrorBody {
    pub(super) message: Option<String>,
    code: Option<String>,
    kind: Option<String>,
    /// The parameter that it names.
    pub(super) param: Option<String>,
}

/// Where servers put the text of an error; the first one present counts.
const MESSAGES: [&str; 11] = [
    "message",
    "msg",
    "detail",
    "error_message",
    "errorMessage",
    "error_description",
    "description",
    "reason",
    "faultstring",
    "title",
    "error",
];

/// Keys that may wrap an error.
const WRAPPERS: [&str; 10] = [
    "error", "detail", "details", "errors", "fault", "data", "body", "response", "cause", "message",
];

/// Levels of nested wrappers that are opened.
const DEPTH: usize = 6;

impl ErrorBody {
    /// Reads an error in any format: JSON of any shape, an event, or a line of text.
    pub(super) fn parse(body: &[u8]) -> Self {
        if let Ok(value) = serde_json::from_slice::<Value>(body) {
            return Self::of(&value);
        }
        let Ok(text) = std::str::from_utf8(body) else { return Self::default() };
        let text = text.trim();
        if text.starts_with("data:") || text.starts_with("event:") {
            let mut events = Vec::new();
            let mut reader = Events::default();
            let read = reader.push(body, &mut events).and_then(|()| reader.finish(&mut events));
            let first = events.first().filter(|_| read.is_ok());
            return first.map(|event| Self::parse(event.as_bytes())).unwrap_or_default();
        }
        // One line is a reason; anything more is a page.
        let line = !text.is_empty() && text.len() <= 300 && !text.contains(['<', '{', '\n']);
        Self { message: line.then(|| text.to_owned()), ..Self::default() }
    }

    /// Reads an error from parsed JSON.
    pub(super) fn of(value: &Value) -> Self {
        Self::within(value, DEPTH)
    }

    /// The error in `value`, if it is an error and not an answer.
    pub(super) fn in_answer(value: &Value) -> Option<Self> {
        let answers = ["choices", "output", "message", "id", "text", "content", "delta", "audio"];
        let is = |key: &str, word: &str| value[key] == word;
        // `message` can also be an answer, as an object.
        let bare = !answers.iter().any(|key| value[*key].is_array() || value[*key].is_object())
            && (value["message"].is_string() || !value["detail"].is_null());
        let error = !value["error"].is_null() || is("object", "error") || is("type", "error");
        (error || bare || value.is_array()).then(|| Self::of(value))
    }

    fn within(value: &Value, depth: usize) -> Self {
        let Some(depth) = depth.checked_sub(1) else { return Self::default() };
        match value {
            Value::String(text) => match serde_json::from_str(text) {
                // Gateways pass on the original error as text.
                Ok(inner @ (Value::Object(_) | Value::Array(_))) => Self::within(&inner, depth),
                Ok(_) | Err(_) if text.trim().is_empty() => Self::default(),
                Ok(_) | Err(_) => Self { message: Some(text.clone()), ..Self::default() },
            },
            Value::Array(list) => list
                .iter()
                .map(|one| Self::within(one, depth))
                .find(|e| e.message.is_some())
                .unwrap_or_default(),
            Value::Object(_) => Self::of_object(value, depth),
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::default(),
        }
    }

    fn of_object(value: &Value, depth: usize) -> Self {
        let text = |key: &str| {
            value[key].as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned)
        };
        let mut told = Self {
            message: None,
            code: text("code").or_else(|| text("status")),
            kind: text("type"),
            param: text("param"),
        };
        // Some name the parameter by its path in the request: ["body", "temperature"].
        let way = value["loc"].as_array().into_iter().flatten();
        if let Some(last) = way.filter_map(Value::as_str).rfind(|step| *step != "body") {
            told.param = Some(last.to_owned());
        }
        // The original error of the provider behind a gateway is worth more than the gateway's.
        let raw = Self::within(&value["metadata"]["raw"], depth);
        let inner = WRAPPERS.iter().map(|key| &value[*key]);
        let inner =
            inner.filter(|inner| inner.is_object() || inner.is_array() || inner.is_string());
        let inner = std::iter::once(raw).chain(inner.filter_map(|inner| {
            let wrapped = !inner.is_string()
                || inner.as_str().is_some_and(|t| t.trim_start().starts_with(['{', '[']));
            wrapped.then(|| Self::within(inner, depth))
        }));
        if let Some(inner) = inner.into_iter().find(|inner| inner.message.is_some()) {
            told.code = inner.code.or(told.code);
            told.kind = inner.kind.or(told.kind);
            told.param = inner.param.or(told.param);
            told.message = inner.message;
            return told;
        }
        told.message = MESSAGES.iter().find_map(|key| text(key));
        if let (Some(message), Some(param), true) =
            (&told.message, &told.param, value["loc"].is_array())
        {
            told.message = Some(format!("{param}: {message}"));
        }
        told
    }

    /// The provider's code, or its type if the code says no more than the status.
    pub(super) fn code(&self) -> Option<&str> {
        let worded = |code: &&str| !code.chars().all(|c| c.is_ascii_digit());
        self.code.as_deref().filter(worded).or(self.kind.as_deref())
    }

    /// Its message for a sentence of ours: one line, not too long.
    pub(super) fn words(&self) -> String {
        let Some(message) = &self.message else { return String::new() };
        let line: String = message.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = without_keys(&line);
        let short: String = line.chars().take(200).collect();
        format!(": \"{}\"", short.trim_end_matches('.'))
    }

    /// Whether it is about money or quota, where waiting does not help.
    pub(super) fn spent(&self) -> bool {
        let Some(code) = self.code() else { return false };
        matches!(code, "insufficient_quota" | "credit_balance_exhausted")
            || code.ends_with("_spend_limit_exceeded")
            || code.ends_with("_usage_limit_exceeded")
    }
}

/// `text` without anything that looks like a key: providers repeat parts of it in their errors.
fn without_keys(text: &str) -> String {
    text.split(' ')
        .map(|word| {
            let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            if bare.starts_with("sk-") || bare.starts_with("ek_") {
                word.replace(bare, "(key)")
            } else {
                word.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_provider_are_short_and_hold_no_key() {
        let body = br#"{"error":{"message":"Incorrect API key provided: sk-abc***xyz. See there.","code":"invalid_api_key"}}"#;
        let words = ErrorBody::parse(body).words();
        assert_eq!(words, ": \"Incorrect API key provided: (key). See there\"");
        assert_eq!(ErrorBody::parse(b"<html>").words(), "");
        assert_eq!(ErrorBody::parse(br#"{"error":"no"}"#).words(), ": \"no\"");
    }

    #[test]
    fn the_reason_is_found_in_every_shape() {
        for (body, reason, param) in [
            (
                r#"{"object":"error","message":"no such model","type":"NotFoundError","param":null,"code":404}"#,
                "no such model",
                None,
            ),
            (r#"{"detail":"Not this way."}"#, "Not this way.", None),
            (
                r#"{"detail":[{"loc":["body","temperature"],"msg":"extra fields not permitted","type":"value_error.extra"}]}"#,
                "temperature: extra fields not permitted",
                Some("temperature"),
            ),
            (
                r#"[{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}]"#,
                "API key not valid.",
                None,
            ),
            (
                r#"{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"error\":{\"message\":\"tools: no\",\"param\":\"tools\"}}"}}}"#,
                "tools: no",
                Some("tools"),
            ),
            (r#"{"errors":[{"message":"one"},{"message":"two"}]}"#, "one", None),
            (r#"{"error":{"message":"{\"error\":{\"message\":\"inner\"}}"}}"#, "inner", None),
            (r#"{"title":"Bad Request","status":400,"detail":"No model."}"#, "No model.", None),
            ("event: error\ndata: {\"message\":\"overloaded\"}\n\n", "overloaded", None),
            ("404 page not found", "404 page not found", None),
        ] {
            let told = ErrorBody::parse(body.as_bytes());
            assert_eq!(
                (told.message.as_deref(), told.param.as_deref()),
                (Some(reason), param),
                "{body}"
            );
        }
        for answer in [
            r#"{"choices":[]}"#,
            r#"{"id":"x","choices":[{"delta":{}}]}"#,
            r#"{"message":{"content":"hi"}}"#,
        ] {
            assert_eq!(
                ErrorBody::in_answer(&serde_json::from_str(answer).unwrap()),
                None,
                "{answer}"
            );
        }
    }
}
