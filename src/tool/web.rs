use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode, Url, redirect};
use serde::de::DeserializeOwned;

use super::BaseUrl;
use crate::net::{self, TlsFault};

/// How long one request may take, including its body. A tool call makes two of them, and both fit
/// into [`crate::tool::CALL_DEADLINE`].
const REQUEST_DEADLINE: Duration = Duration::from_millis(4_500);

/// The longest answer, in bytes; a forecast has about three thousand.
const MAX_BODY: usize = 512 * 1024;

/// Why a service gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WebError {
    /// No connection, or it broke.
    Unreachable,
    /// No answer within the deadline.
    Slow,
    /// It is too busy.
    Busy,
    /// Its own failure, with this status.
    Failing(u16),
    /// It refused the request, with this status.
    Refused(u16),
    /// Its answer is invalid.
    Nonsense,
    /// The connection cannot be encrypted.
    Encryption(TlsFault),
}

impl WebError {
    /// Why a request got no answer.
    fn of(error: &reqwest::Error) -> Self {
        TlsFault::of(error).map_or(Self::Unreachable, Self::Encryption)
    }

    /// The rest of a sentence after "because", and the next step; `tool` is the tool whose section
    /// of the configuration has the address.
    pub(crate) fn tell(self, service: &str, tool: &str) -> String {
        match self {
            Self::Unreachable => {
                format!(
                    "{service} cannot be reached. Check the internet connection, then ask again."
                )
            }
            Self::Slow => format!(
                "{service} did not answer within {} seconds. Ask again in a moment.",
                REQUEST_DEADLINE.as_secs()
            ),
            Self::Busy => format!("{service} has too much to do. Ask again in a few minutes."),
            Self::Failing(status) => {
                format!("{service} is out of order, error {status}. Ask again in a few minutes.")
            }
            Self::Refused(status) => format!(
                "{service} refused the question, error {status}. Check the addresses under \
                 tools.{tool} in the configuration."
            ),
            Self::Nonsense => format!(
                "{service} answered something that I cannot read. Ask again later, or check the \
                 addresses under tools.{tool} in the configuration."
            ),
            Self::Encryption(fault) => {
                format!("{service} {}.", fault.tell(&format!("its address under tools.{tool}")))
            }
        }
    }
}

/// Fetches what tools need from services. Clients are created on first use: reading the machine's
/// certificates takes time and memory, and a service on plain HTTP does not need them.
#[derive(Debug, Default)]
pub(crate) struct Web {
    plain: OnceLock<Client>,
    secure: OnceLock<Result<Client, TlsFault>>,
}

impl Web {
    /// The JSON at `path` of the service at `base`.
    pub(crate) async fn json<T: DeserializeOwned>(
        &self,
        base: &BaseUrl,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, WebError> {
        let body = self.body(base, path, query).await?;
        serde_json::from_slice(&body).map_err(|error| {
            tracing::warn!(%error, base = %base, path, "an answer could not be read");
            WebError::Nonsense
        })
    }

    /// The text at `path` of the service at `base`.
    pub(crate) async fn text(&self, base: &BaseUrl, path: &str) -> Result<String, WebError> {
        let body = self.body(base, path, &[]).await?;
        String::from_utf8(body).map_err(|_| WebError::Nonsense)
    }

    /// What is at `url`.
    pub(crate) async fn fetch(&self, url: &Url, most: usize) -> Result<Vec<u8>, WebError> {
        let client = self.client(url.scheme() == "http")?;
        answer(client.get(url.clone()), most).await
    }

    async fn body(
        &self,
        base: &BaseUrl,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Vec<u8>, WebError> {
        let client = self.client(base.is_plain())?;
        let mut url = Url::parse_with_params(&base.join(path), query)
            .map_err(|_| WebError::Refused(StatusCode::BAD_REQUEST.as_u16()))?;
        // Only forms understand "+" as a blank; everyone understands "%20".
        let blanks = url.query().map(|query| query.replace('+', "%20"));
        url.set_query(blanks.as_deref().filter(|query| !query.is_empty()));
        answer(client.get(url), MAX_BODY).await
    }

    /// What the service at `base` answers to a request with a bearer `token`: a GET, or a POST of
    /// `body`. At most `most` bytes.
    pub(crate) async fn signed(
        &self,
        base: &BaseUrl,
        path: &str,
        token: &str,
        body: Option<&serde_json::Value>,
        most: usize,
    ) -> Result<Vec<u8>, WebError> {
        let client = self.client(base.is_plain())?;
        let request = match body {
            Some(body) => client.post(base.join(path)).json(body),
            None => client.get(base.join(path)),
        };
        answer(request.bearer_auth(token), most).await
    }

    /// The client for plain addresses, or for encrypted ones.
    pub(super) fn client(&self, plain: bool) -> Result<&Client, WebError> {
        if plain {
            return Ok(self.plain.get_or_init(|| net::direct(builder())));
        }
        let secure = self.secure.get_or_init(|| net::client(true, builder));
        secure.as_ref().map_err(|fault| WebError::Encryption(*fault))
    }
}

/// What a page is and holds: its media type in lower case, if it has one, and its body.
pub(super) async fn page(
    request: reqwest::RequestBuilder,
    most: usize,
) -> Result<(Option<String>, Vec<u8>), WebError> {
    let work = async {
        let mut answer = request.send().await.map_err(|error| WebError::of(&error))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(match status {
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => WebError::Busy,
                status if status.is_server_error() => WebError::Failing(status.as_u16()),
                status => WebError::Refused(status.as_u16()),
            });
        }
        let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.map(str::to_lowercase);
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|_| WebError::Unreachable)? {
            if body.len() + piece.len() > most {
                return Err(WebError::Nonsense);
            }
            body.extend_from_slice(&piece);
        }
        Ok((kind, body))
    };
    match tokio::time::timeout(REQUEST_DEADLINE, work).await {
        Ok(result) => result,
        Err(_) => Err(WebError::Slow),
    }
}

/// The body of the answer to `request`, of at most `most` bytes.
async fn answer(request: reqwest::RequestBuilder, most: usize) -> Result<Vec<u8>, WebError> {
    page(request, most).await.map(|(_, body)| body)
}

/// A client for tools, without a limit for answers.
pub(super) fn builder() -> reqwest::ClientBuilder {
    net::builder(REQUEST_DEADLINE).redirect(redirect::Policy::limited(3))
}
