use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;

use crate::engine::EngineError;

/// Times a request is sent again: what the vendor's own clients do.
const RETRIES: u32 = 2;

/// The longest wait before a retry that a server may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// Silence in a reply after which it counts as broken off.
const STALL: Duration = Duration::from_secs(60);

/// The most of an error page that is read.
const ERROR_PAGE: usize = 64 * 1024;

/// How a request shows who sends it.
#[derive(Clone, PartialEq, Eq)]
pub enum Auth {
    /// Not at all.
    None,
    /// `Authorization: Bearer KEY`.
    Bearer(String),
    /// `api-key: KEY`, as Azure takes it.
    ApiKey(String),
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Bearer(_) => "Bearer(…)",
            Self::ApiKey(_) => "ApiKey(…)",
        })
    }
}

/// One provider's address and key, and the way requests to it are made. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
    base: Url,
    auth: Auth,
    name: String,
}

impl Http {
    /// A client of the provider `name` (for messages) at `base`, which ends in `/v1` or the like.
    ///
    /// # Errors
    /// [`EngineError::Refused`] when `base` is no http address or the key cannot be sent.
    pub fn new(name: &str, base: &str, auth: Auth) -> Result<Self, EngineError> {
        let refused = |why: String| EngineError::Refused(format!("provider {name}: {why}"));
        let base = Url::parse(&format!("{}/", base.trim_end_matches('/')))
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| refused(format!("base_url \"{base}\" is no http address; mend it")))?;
        let mut headers = HeaderMap::new();
        let key = match &auth {
            Auth::None => None,
            Auth::Bearer(key) => Some(("authorization", format!("Bearer {key}"))),
            Auth::ApiKey(key) => Some(("api-key", key.clone())),
        };
        if let Some((header, value)) = key {
            let mut value = HeaderValue::from_str(&value).map_err(|_| {
                refused("its key holds a character that no key has; set it again".into())
            })?;
            value.set_sensitive(true);
            headers.insert(header, value);
        }
        let client = reqwest::Client::builder()
            .default_headers(headers)
            .connect_timeout(CONNECT)
            .read_timeout(STALL)
            // A redirect to another host would carry the api-key header along.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("aloud/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| EngineError::Broken(format!("provider {name}: {error}")))?;
        Ok(Self { client, base, auth, name: name.to_owned() })
    }

    /// The provider's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A GET of `path`, relative to the base.
    ///
    /// # Errors
    /// In the user's terms: unreachable, refused, or overloaded after the retries.
    pub async fn get(&self, path: &str) -> Result<Response, EngineError> {
        self.send(|| self.client.get(self.url(path))).await
    }

    /// As [`Http::get`], but never sent again.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub async fn get_once(&self, path: &str) -> Result<Response, EngineError> {
        match self.client.get(self.url(path)).send().await {
            Ok(response) if response.status().is_success() => Ok(response),
            Ok(response) => Err(self.refusal(response).await.0),
            Err(error) => Err(self.unreachable(&error)),
        }
    }

    /// A POST of `body` as JSON to `path`, relative to the base.
    ///
    /// # Errors
    /// In the user's terms: unreachable, refused, or overloaded after the retries.
    pub async fn post(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<Response, EngineError> {
        self.send(|| self.client.post(self.url(path)).json(body)).await
    }

    fn url(&self, path: &str) -> Url {
        // The base ends in a slash and the paths are this crate's own, so joining cannot fail.
        self.base.join(path).unwrap_or_else(|_| self.base.clone())
    }

    /// Sends what `make` makes, again where that may help.
    ///
    /// # Errors
    /// In the user's terms: [`EngineError::Unreachable`] without an answer,
    /// [`EngineError::Refused`] for a key, a model or a request that will not do,
    /// [`EngineError::Overloaded`] when the provider has too much to do.
    async fn send(&self, make: impl Fn() -> RequestBuilder) -> Result<Response, EngineError> {
        let mut tried = 0;
        loop {
            let (error, wait) = match make().send().await {
                Ok(response) if response.status().is_success() => return Ok(response),
                Ok(response) => self.refusal(response).await,
                Err(error) => (self.unreachable(&error), Some(Duration::ZERO)),
            };
            let Some(asked) = wait.filter(|_| tried < RETRIES) else { return Err(error) };
            let backoff = Duration::from_millis(500) * 2u32.pow(tried);
            tokio::time::sleep(if asked.is_zero() { backoff } else { asked.min(LONGEST_WAIT) })
                .await;
            tried += 1;
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> EngineError {
        let why = if error.is_timeout() { "does not answer in time" } else { "cannot be reached" };
        let host = self.base.host_str().unwrap_or_default();
        EngineError::Unreachable(format!(
            "provider {} ({host}) {why}; check the network and its base_url",
            self.name
        ))
    }

    /// What a failed response means, and after which wait it may be asked again (zero: the usual
    /// one); `None` when that is of no use.
    async fn refusal(&self, response: Response) -> (EngineError, Option<Duration>) {
        let status = response.status();
        let asked = retry_after(response.headers());
        let says = response.headers().get("x-should-retry").map(|value| value == "true");
        let body = read_some(response).await;
        let told = ErrorBody::parse(&body);
        let worth = matches!(status.as_u16(), 408 | 409 | 429 | 500..);
        let worth = says.unwrap_or(worth) && !told.spent();
        let error = self.in_words(status, &told, asked);
        (error, worth.then(|| asked.unwrap_or(Duration::ZERO)))
    }

    fn in_words(
        &self,
        status: StatusCode,
        told: &ErrorBody,
        retry_after: Option<Duration>,
    ) -> EngineError {
        let name = &self.name;
        let said = told.words();
        match status.as_u16() {
            401 => EngineError::Refused(match self.auth {
                Auth::None => format!("provider {name} wants a key; set its api_key_env"),
                Auth::Bearer(_) | Auth::ApiKey(_) => {
                    format!("provider {name} does not take the key; check or renew it")
                }
            }),
            403 => EngineError::Refused(format!(
                "provider {name} does not allow this{said}; check the account"
            )),
            404 => EngineError::Refused(format!(
                "provider {name} does not have that{said}; check the model's name and base_url"
            )),
            429 if told.spent() => EngineError::Refused(format!(
                "provider {name}: the quota is used up{said}; check the plan and billing"
            )),
            429 => EngineError::Overloaded {
                message: format!(
                    "provider {name} has too many requests from you{said}; wait a moment"
                ),
                retry_after,
            },
            408 | 409 | 500.. => EngineError::Overloaded {
                message: format!("provider {name} is in trouble ({status}){said}; try again later"),
                retry_after,
            },
            300..=399 => EngineError::Refused(format!(
                "provider {name} sends us elsewhere ({status}); mend its base_url"
            )),
            _ => EngineError::Refused(format!(
                "provider {name} refuses this ({status}){said}; check the model and the request"
            )),
        }
    }
}

/// The wait that a server asks for.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let ms = number("retry-after-ms").or_else(|| number("retry-after").map(|s| s * 1000.0))?;
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
            Some(message) => Self { message: Some(message.to_owned()), code: None },
            None => serde_json::from_value(error.clone()).unwrap_or_default(),
        }
    }

    /// Its message for a sentence of ours, one line and not too long.
    pub(super) fn words(&self) -> String {
        let Some(message) = &self.message else { return String::new() };
        let line: String = message.split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = line.chars().take(200).collect();
        format!(": \"{}\"", short.trim_end_matches('.'))
    }

    /// Whether money or quota is the matter, which no waiting mends.
    fn spent(&self) -> bool {
        let Some(code) = self.code.as_ref().and_then(serde_json::Value::as_str) else {
            return false;
        };
        matches!(code, "insufficient_quota" | "credit_balance_exhausted")
            || code.ends_with("_spend_limit_exceeded")
            || code.ends_with("_usage_limit_exceeded")
    }
}
