use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Response, StatusCode};
use serde::Deserialize;

use super::tls;
use crate::base::WallClock;
use crate::engine::EngineError;

/// The most of an error page that is read.
const ERROR_PAGE: usize = 64 * 1024;

/// A request that came to nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{error}")]
pub struct Declined {
    /// Why, in the user's terms.
    pub error: EngineError,
    /// The status of the answer; none without an answer.
    pub status: Option<u16>,
    /// The provider's own word for it, such as `context_length_exceeded`.
    pub code: Option<String>,
    /// Whether it is worth asking again, and after which wait where the provider named one.
    pub(super) again: Option<Option<Duration>>,
}

impl From<Declined> for EngineError {
    fn from(declined: Declined) -> Self {
        declined.error
    }
}

impl Declined {
    /// Whether the conversation is too long for the model.
    pub fn too_long(&self) -> bool {
        self.code.as_deref() == Some("context_length_exceeded")
    }

    /// Whether the provider has no such call at all, as servers that speak a part of the protocol.
    pub fn no_such_call(&self) -> bool {
        let known = matches!(self.code.as_deref(), Some("model_not_found" | "DeploymentNotFound"));
        matches!(self.status, Some(404 | 405 | 501)) && !known
    }
}

/// Puts what a provider refuses into the user's terms.
pub(super) struct Refusal<'a> {
    pub(super) name: &'a str,
    pub(super) host: &'a str,
    pub(super) keyed: bool,
    /// Whether only that is worth another try which has surely come to nothing.
    pub(super) careful: bool,
}

impl Refusal<'_> {
    /// No answer came.
    pub(super) fn unreachable(&self, error: &reqwest::Error) -> Declined {
        if let Some(why) = tls::trouble(error) {
            tracing::debug!("no encryption: {error:?}");
            let error =
                EngineError::Refused(format!("provider {} ({}) {why}", self.name, self.host));
            return Declined { error, status: None, code: None, again: None };
        }
        // Without a connection nothing was sent. Who has been silent for as long as anybody waits
        // would be asked for another conversation's length.
        let again = error.is_connect() || !(self.careful || error.is_timeout());
        let why = if error.is_timeout() { "does not answer in time" } else { "cannot be reached" };
        let error = EngineError::Unreachable(format!(
            "provider {} ({}) {why}; check the network and its base_url",
            self.name, self.host
        ));
        Declined { error, status: None, code: None, again: again.then_some(None) }
    }

    /// What a failed response means.
    pub(super) async fn read(&self, response: Response, wall: &WallClock) -> Declined {
        let status = response.status();
        let asked = retry_after(response.headers(), wall);
        let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let says = header("x-should-retry").map(|value| value == "true");
        let elsewhere = header("location");
        let request = header("x-request-id").or_else(|| header("apim-request-id"));
        let body = read_some(response).await;
        let told = ErrorBody::parse(&body);
        if let Some(request) = request {
            tracing::debug!(provider = self.name, %status, request, "declined");
        }
        let worth = match status.as_u16() {
            408 | 409 | 429 | 500 | 503 => true,
            // The others come from somebody in between, who has lost sight of the request.
            501.. => !self.careful,
            _ => false,
        };
        let worth = says.unwrap_or(worth) && !told.spent();
        let error = self.in_words(status, &told, asked, elsewhere.as_deref());
        Declined {
            error,
            status: Some(status.as_u16()),
            code: told.code().map(str::to_owned),
            again: worth.then_some(asked),
        }
    }

    fn in_words(
        &self,
        status: StatusCode,
        told: &ErrorBody,
        retry_after: Option<Duration>,
        elsewhere: Option<&str>,
    ) -> EngineError {
        let name = self.name;
        let said = told.words();
        match (status.as_u16(), told.code()) {
            (_, Some("content_filter")) => EngineError::Refused(format!(
                "provider {name}: its content filter refuses this{said}; say it in other words"
            )),
            (_, Some("context_length_exceeded")) => EngineError::Refused(format!(
                "provider {name}: the conversation is too long for the model{said}; begin a new one"
            )),
            (401, _) if self.keyed => EngineError::Refused(format!(
                "provider {name} does not take the key; check or renew it"
            )),
            (401, _) => {
                EngineError::Refused(format!("provider {name} wants a key; set its api_key_env"))
            }
            (403, _) => EngineError::Refused(format!(
                "provider {name} does not allow this{said}; check the account"
            )),
            (404, _) => EngineError::Unreachable(format!(
                "provider {name} does not have that{said}; check the model's name and base_url"
            )),
            (429, _) if told.spent() => EngineError::Refused(format!(
                "provider {name}: the quota is used up{said}; check the plan and billing"
            )),
            (429, _) => EngineError::Overloaded {
                message: format!(
                    "provider {name} has too many requests from you{said}; wait a moment"
                ),
                retry_after,
            },
            (408 | 409 | 500.., _) => EngineError::Overloaded {
                message: format!(
                    "provider {name} is in trouble ({}){said}; try again later",
                    status.as_u16()
                ),
                retry_after,
            },
            (300..=399, _) => EngineError::Unreachable(format!(
                "provider {name} sends us elsewhere ({}), where its key was not sent; mend its base_url",
                elsewhere.map_or_else(|| status.to_string(), origin)
            )),
            _ => EngineError::Refused(format!(
                "provider {name} refuses this ({}){said}; check the model and the request",
                status.as_u16()
            )),
        }
    }
}

/// The origin of an address, for a message: the rest may hold secrets.
fn origin(address: &str) -> String {
    reqwest::Url::parse(address)
        .map_or_else(|_| "another path".into(), |url| url.origin().ascii_serialization())
}

/// The wait that a server asks for: in milliseconds, in seconds, or until a date.
fn retry_after(headers: &HeaderMap, wall: &WallClock) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |text: &str| text.parse::<f64>().ok();
    let ms = text("retry-after-ms").and_then(number);
    let ms = ms.or_else(|| number(text("retry-after")?).map(|s| s * 1000.0)).or_else(|| {
        let date = jiff::fmt::rfc2822::parse(text("retry-after")?).ok()?.timestamp();
        Some(date.duration_since(wall.now()).as_millis_f64().max(0.0))
    })?;
    (ms.is_finite() && ms >= 0.0).then(|| Duration::from_secs_f64((ms / 1000.0).min(3600.0)))
}

/// The start of a body that is only read for its message.
async fn read_some(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > ERROR_PAGE {
            break;
        }
    }
    body
}

/// What an error response says of itself; every part may be missing.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ErrorBody {
    message: Option<String>,
    code: Option<serde_json::Value>,
    #[serde(rename = "type")]
    kind: Option<serde_json::Value>,
}

impl ErrorBody {
    /// Reads `{"error": {…}}`; other servers send `{"error": "…"}`, or no JSON at all.
    fn parse(body: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(body) else {
            return Self::default();
        };
        Self::of(&value)
    }

    /// The same from parsed JSON with an `error` in it.
    pub(super) fn of(value: &serde_json::Value) -> Self {
        let error = &value["error"];
        match error.as_str() {
            Some(message) => Self { message: Some(message.to_owned()), code: None, kind: None },
            None => serde_json::from_value(error.clone()).unwrap_or_default(),
        }
    }

    /// The provider's word for what is wrong: its code, or its type where it has no code.
    pub(super) fn code(&self) -> Option<&str> {
        self.code
            .as_ref()
            .and_then(serde_json::Value::as_str)
            .or_else(|| self.kind.as_ref()?.as_str())
    }

    /// Its message for a sentence of ours, one line and not too long.
    pub(super) fn words(&self) -> String {
        let Some(message) = &self.message else { return String::new() };
        let line: String = message.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = without_keys(&line);
        let short: String = line.chars().take(200).collect();
        format!(": \"{}\"", short.trim_end_matches('.'))
    }

    /// Whether money or quota is the matter, which no waiting mends.
    pub(super) fn spent(&self) -> bool {
        let Some(code) = self.code() else { return false };
        matches!(code, "insufficient_quota" | "credit_balance_exhausted")
            || code.ends_with("_spend_limit_exceeded")
            || code.ends_with("_usage_limit_exceeded")
    }
}

/// `text` without what looks like a key: providers repeat a part of it in their errors.
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
    use reqwest::header::HeaderValue;

    use super::*;

    fn wait(name: &'static str, value: &'static str) -> Option<u128> {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        let wall = WallClock::fixed("2026-11-24T12:00:00Z".parse().unwrap());
        retry_after(&headers, &wall).map(|wait| wait.as_millis())
    }

    #[test]
    fn a_wait_comes_in_three_forms() {
        assert_eq!(wait("retry-after-ms", "250"), Some(250));
        assert_eq!(wait("retry-after", "1.5"), Some(1500));
        assert_eq!(wait("retry-after", "Tue, 24 Nov 2026 12:00:07 GMT"), Some(7000));
        assert_eq!(wait("retry-after", "Tue, 24 Nov 2026 11:00:00 GMT"), Some(0));
        assert_eq!(wait("retry-after", "soon"), None);
    }

    #[test]
    fn words_of_a_provider_are_short_and_hold_no_key() {
        let body = br#"{"error":{"message":"Incorrect API key provided: sk-abc***xyz. See there.","code":"invalid_api_key"}}"#;
        let words = ErrorBody::parse(body).words();
        assert_eq!(words, ": \"Incorrect API key provided: (key). See there\"");
        assert_eq!(ErrorBody::parse(b"<html>").words(), "");
        assert_eq!(ErrorBody::parse(br#"{"error":"no"}"#).words(), ": \"no\"");
    }
}
