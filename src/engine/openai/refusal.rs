use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Response, StatusCode};

use super::error_body::ErrorBody;
use super::wording;
use crate::base::WallClock;
use crate::engine::EngineError;
use crate::net::TlsFault;

/// The setting with a provider's address, for messages.
pub(super) const ADDRESS: &str = "its base_url";

/// The most that is read of an error page, in bytes.
const ERROR_PAGE: usize = 64 * 1024;

/// A failed request.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{error}")]
pub struct Declined {
    /// Why, for the user.
    pub error: EngineError,
    /// The HTTP status; `None` without an answer.
    pub status: Option<u16>,
    /// The provider's code, such as `context_length_exceeded`.
    pub code: Option<String>,
    /// The parameter that it names, such as `temperature`.
    pub param: Option<String>,
    /// Its message; may be empty.
    pub message: String,
    /// Whether a web page came instead of an answer.
    pub(super) page: bool,
    /// Whether a retry may help, and after which wait if the provider named one.
    pub(super) again: Option<Option<Duration>>,
}

impl From<Declined> for EngineError {
    fn from(declined: Declined) -> Self {
        declined.error
    }
}

impl Declined {
    pub(super) fn unanswered(error: EngineError, again: Option<Option<Duration>>) -> Self {
        let (status, code, param) = (None, None, None);
        Self { error, status, code, param, message: String::new(), page: false, again }
    }

    /// Whether the conversation is too long for the model.
    pub fn too_long(&self) -> bool {
        let told = matches!(
            self.code.as_deref(),
            Some("context_length_exceeded" | "exceed_context_size_error")
        );
        told || self.status == Some(413) || (self.judges() && wording::too_long(&self.message))
    }

    /// Whether the provider lacks this endpoint, like servers that implement part of the protocol.
    pub fn no_such_call(&self) -> bool {
        let known = matches!(self.code.as_deref(), Some("model_not_found" | "DeploymentNotFound"));
        let missing = matches!(self.status, Some(404 | 405 | 501)) && !known;
        // A page instead of an overload or gateway error comes from a proxy in between.
        let page = self.page && !matches!(self.status, Some(401 | 403 | 429 | 502..));
        let worded = self.judges() && wording::no_such_call(&self.message);
        // A gateway without a provider that takes tools reports it like a missing path.
        (missing || page || worded) && !wording::no_tools(&self.message)
    }

    /// Whether the answer is about the request itself, so that changing the request may help.
    pub(super) fn judges(&self) -> bool {
        // Some put the refusal into a successful answer; some fail in their templates.
        matches!(self.status, Some(200 | 400 | 404 | 406 | 413 | 415 | 422 | 500 | 501))
    }
}

/// Turns a provider's refusals into messages for the user.
pub(super) struct Refusal<'a> {
    pub(super) name: &'a str,
    pub(super) host: &'a str,
    pub(super) keyed: bool,
    /// Where the user keeps the key, for messages.
    pub(super) key_place: Option<&'a str>,
    /// Whether to retry only what certainly had no effect.
    pub(super) without_resending: bool,
}

impl Refusal<'_> {
    /// No answer came.
    pub(super) fn unreachable(&self, error: &reqwest::Error) -> Declined {
        if let Some(fault) = TlsFault::of(error) {
            tracing::debug!("no encryption: {error:?}");
            let why = fault.tell(ADDRESS);
            let error =
                EngineError::Refused(format!("provider {} ({}) {why}", self.name, self.host));
            return Declined::unanswered(error, None);
        }
        // Without a connection nothing was sent. A server that has been silent until the timeout
        // would be waited for again just as long.
        let again = error.is_connect() || !(self.without_resending || error.is_timeout());
        let why = if error.is_timeout() { "did not answer in time" } else { "cannot be reached" };
        let error = EngineError::Unreachable(format!(
            "provider {} ({}) {why}; check the network and its base_url",
            self.name, self.host
        ));
        Declined::unanswered(error, again.then_some(None))
    }

    /// A web page came instead of an answer.
    pub(super) fn page(&self, status: StatusCode) -> Declined {
        let error = EngineError::Unreachable(format!(
            "provider {} ({}) answered with a web page, not an API; check base_url (most end in /v1)",
            self.name, self.host
        ));
        let status = Some(status.as_u16());
        Declined { status, page: true, ..Declined::unanswered(error, None) }
    }

    /// The meaning of a failed response.
    pub(super) async fn read(&self, response: Response, wall: &WallClock) -> Declined {
        let status = response.status();
        let asked = retry_after(response.headers(), wall);
        let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let says = header("x-should-retry").map(|value| value == "true");
        let elsewhere = header("location");
        let request = header("x-request-id").or_else(|| header("apim-request-id"));
        let html = header("content-type").is_some_and(|kind| kind.contains("html"));
        let body = read_some(response).await;
        let told = ErrorBody::parse(&body);
        if let Some(request) = request {
            tracing::debug!(provider = self.name, %status, request, "declined");
        }
        let worth = match status.as_u16() {
            408 | 409 | 429 | 500 | 503 => true,
            // The others come from a proxy in between, which has lost track of the request.
            501.. => !self.without_resending,
            _ => false,
        };
        let mut declined = self.told(status, &told, asked, elsewhere.as_deref());
        declined.page = looks_like_a_page(&body) || (html && told.message.is_none());
        // A request that is wrong stays wrong.
        let message = &declined.message;
        let hopeless = status != StatusCode::TOO_MANY_REQUESTS
            && (declined.no_such_call()
                || declined.too_long()
                || wording::no_tools(message)
                || wording::unsupported(message)
                || wording::turns(message)
                || wording::no_system(message));
        let worth = says.unwrap_or(worth && !hopeless) && !told.spent();
        declined.again = worth.then_some(asked);
        declined
    }

    /// The meaning of a refusal inside an answer with `status`.
    pub(super) fn told(
        &self,
        status: StatusCode,
        told: &ErrorBody,
        retry_after: Option<Duration>,
        elsewhere: Option<&str>,
    ) -> Declined {
        let mut declined = Declined {
            error: EngineError::Rejected(String::new()),
            status: Some(status.as_u16()),
            code: told.code().map(str::to_owned),
            param: told.param.clone(),
            message: told.message.clone().unwrap_or_default(),
            page: false,
            again: None,
        };
        declined.error = self.in_words(status, told, &declined, retry_after, elsewhere);
        declined
    }

    fn in_words(
        &self,
        status: StatusCode,
        told: &ErrorBody,
        declined: &Declined,
        retry_after: Option<Duration>,
        elsewhere: Option<&str>,
    ) -> EngineError {
        let name = self.name;
        let said = told.words();
        match (status.as_u16(), told.code()) {
            (_, Some("content_filter")) => EngineError::Refused(format!(
                "provider {name}: its content filter rejected this{said}; rephrase it"
            )),
            (401, _) => EngineError::Refused(no_access(name, self.keyed, self.key_place)),
            (403, _) => EngineError::Refused(format!(
                "provider {name} does not allow this{said}; check the account"
            )),
            (429, _) if told.spent() => EngineError::Refused(format!(
                "provider {name}: the quota is used up{said}; check the plan and billing"
            )),
            (429, _) => EngineError::Overloaded {
                message: format!(
                    "provider {name}: too many requests{said}; {}",
                    in_time(retry_after, "wait a moment")
                ),
                retry_after,
            },
            _ if declined.too_long() => EngineError::Rejected(format!(
                "provider {name}: the conversation is too long for the model{}; start a new one",
                if said.is_empty() { format!(" ({})", status.as_u16()) } else { said }
            )),
            (404, _) => EngineError::Unreachable(format!(
                "provider {name} does not have that{said}; check the model's name and base_url"
            )),
            (500 | 501, _) if wording::unsupported(&declined.message) => {
                EngineError::Rejected(format!(
                    "provider {name} rejected the request ({}){said}; use another model",
                    status.as_u16()
                ))
            }
            (408 | 409 | 500.., _) => EngineError::Overloaded {
                message: format!(
                    "provider {name} returned an error ({}){said}; {}",
                    status.as_u16(),
                    in_time(retry_after, "try again later")
                ),
                retry_after,
            },
            (300..=399, _) => EngineError::Unreachable(format!(
                "provider {name} redirected to another server ({}); the key was not sent; check base_url",
                elsewhere.map_or_else(|| status.to_string(), origin)
            )),
            _ => EngineError::Rejected(format!(
                "provider {name} rejected the request ({}){said}; check the model and the request",
                status.as_u16()
            )),
        }
    }
}

/// The message for a 401: the key is wrong or missing. `place` is where the user keeps it, such as
/// a variable.
pub(super) fn no_access(name: &str, keyed: bool, place: Option<&str>) -> String {
    match (keyed, place) {
        (true, Some(place)) => {
            format!("provider {name} rejected the key in {place}; check or renew it")
        }
        (true, None) => format!("provider {name} rejected the key; check or renew it"),
        (false, Some(place)) => format!("provider {name} needs a key; put one in {place}"),
        (false, None) => format!("provider {name} needs a key; set its api_key_env"),
    }
}

/// When to try again, as the end of a sentence.
fn in_time(retry_after: Option<Duration>, unknown: &str) -> String {
    match retry_after.map(|wait| wait.as_secs_f64().ceil() as u64) {
        None | Some(0 | 1) => unknown.to_owned(),
        Some(seconds @ 2..=120) => format!("try again in {seconds} s"),
        Some(seconds) => format!("try again in {} minutes", seconds.div_ceil(60)),
    }
}

/// Whether a body that begins with these bytes is a web page.
pub(super) fn looks_like_a_page(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let begins =
        |mark: &[u8]| bytes.get(..mark.len()).is_some_and(|head| head.eq_ignore_ascii_case(mark));
    begins(b"<!doctype") || begins(b"<html") || begins(b"<head") || begins(b"<?xml")
}

/// The origin of a URL, for a message: the rest may contain secrets.
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
    fn a_wait_is_told_in_words() {
        let told = |seconds| in_time(Some(Duration::from_secs(seconds)), "later");
        assert_eq!(
            [told(0), told(1), told(45), told(300)],
            ["later", "later", "try again in 45 s", "try again in 5 minutes"]
        );
    }
}
