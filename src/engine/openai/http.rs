use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::multipart::Form;
use reqwest::{Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;

use super::address::Address;
use super::auth::Auth;
use super::error_body::ErrorBody;
use super::limits::limits;
use super::refusal::{ADDRESS, Declined, Refusal, looks_like_a_page};
use crate::base::{Chance, Clock, Job, WallClock};
use crate::engine::{EngineError, Meter, Usage};
use crate::net;

/// How often a request is retried: as in the vendor's own clients.
const RETRIES: u32 = 2;

/// The longest wait before a retry that a server may ask for; nobody waits longer in a
/// conversation. If it asks for more, that is reported immediately, and another engine may answer.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The longest wait of our own, in seconds.
const LONGEST_BACKOFF: f64 = 8.0;

/// Time limit for connecting.
const CONNECT: Duration = Duration::from_secs(5);

/// Idle connections are kept this long; OpenAI closes them after about as much.
const KEEP: Duration = Duration::from_secs(240);

/// A connection used within this time needs no warming.
const WARM: Duration = Duration::from_secs(50);

/// How long to wait for the end of a reply after its last word.
const LAST_BYTES: Duration = Duration::from_secs(1);

/// The largest answer that is read as a whole: a picture in base64, a list of models. Streams have
/// no such limit.
pub(super) const WHOLE: usize = 64 * 1024 * 1024;

/// Silence after which a file that a provider has named counts as lost.
const FETCH: Duration = Duration::from_secs(60);

/// Bytes that suffice to recognize a web page.
const PAGE_MARK: usize = 9;

/// A provider's address and key, and the way to send it requests. Cheap to clone; clones share
/// their connections.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
    auth: Auth,
    address: Arc<Address>,
    name: Arc<str>,
    /// Where the user keeps the key, for messages.
    key_place: Option<Arc<str>>,
    retries: u32,
    meter: Meter,
    /// Whether requests that may already be in progress are never sent again.
    without_resending: bool,
    clock: Clock,
    chance: Chance,
    /// When a connection was last used, in microseconds of the clock.
    used: Arc<AtomicU64>,
}

impl Http {
    /// A client of the provider `name` (for messages). A reply in which nothing arrives for
    /// `patience` counts as broken off.
    ///
    /// # Errors
    /// [`EngineError::Refused`] when the key cannot be sent in a header.
    pub fn new(
        name: &str,
        address: Address,
        auth: Auth,
        patience: Duration,
    ) -> Result<Self, EngineError> {
        auth.header(name)?;
        Ok(Self {
            client: client(name, &address, patience)?,
            auth,
            address: Arc::new(address),
            name: name.into(),
            key_place: None,
            retries: RETRIES,
            meter: Meter::default(),
            without_resending: false,
            clock: Clock::start(),
            chance: Chance::System,
            used: Arc::default(),
        })
    }

    /// Names where the key is kept (such as a variable) when the provider rejects it.
    #[must_use]
    pub fn key_from(self, place: Option<&str>) -> Self {
        Self { key_place: place.map(Into::into), ..self }
    }

    /// Counts usage with `meter`.
    #[must_use]
    pub fn metered(self, meter: Meter) -> Self {
        Self { meter, ..self }
    }

    /// Counts a use of `model`.
    pub(super) fn count(&self, model: &str, usage: Usage) {
        self.meter.count(&format!("{}/{model}", self.name), usage);
    }

    /// A clone that never retries, because another engine is waiting to take over.
    #[must_use]
    pub fn without_retries(&self) -> Self {
        Self { retries: 0, ..self.clone() }
    }

    /// A clone that resends what may have reached the provider only if the answer says that nothing
    /// was made: what it makes must be paid for, even if the answer is lost on the way.
    #[must_use]
    pub fn without_resending(&self) -> Self {
        Self { without_resending: true, ..self.clone() }
    }

    /// A clone for work that takes longer before anything comes back: making a picture, uploading a
    /// large file. `patience` is the silence after which it counts as broken off. It has its own
    /// connections.
    ///
    /// # Errors
    /// As [`Http::new`].
    pub fn with_timeout(&self, patience: Duration) -> Result<Self, EngineError> {
        let client = client(&self.name, &self.address, patience)?;
        Ok(Self { client, used: Arc::default(), ..self.clone() })
    }

    /// Whether requests carry a key.
    pub fn keyed(&self) -> bool {
        match self.auth {
            Auth::None => false,
            Auth::Bearer(_) | Auth::ApiKey(_) | Auth::Later(_) => true,
        }
    }

    /// The provider's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The provider's host.
    pub fn host(&self) -> &str {
        self.address.host()
    }

    /// Opens a connection now, unless one was used recently, so that the next request does not wait
    /// for it.
    pub fn warm(&self) -> Job<Result<(), EngineError>> {
        let used = Duration::from_micros(self.used.load(Ordering::Relaxed));
        let now = Duration::from_micros(self.clock.now().as_micros());
        if !used.is_zero() && now.saturating_sub(used) < WARM {
            return Box::pin(std::future::ready(Ok(())));
        }
        self.touch();
        let request = self.client.head(self.address.of("models", None));
        let http = self.clone();
        Box::pin(async move {
            // The answer does not matter, only the connection does.
            let sent = http.sign(request).await?.send().await;
            sent.map(drop).map_err(|error| http.refusal().unreachable(&error).error)
        })
    }

    /// A GET of `path`, relative to the base.
    ///
    /// # Errors
    /// [`Declined`], after the retries.
    pub async fn get(&self, path: &str) -> Result<Response, Declined> {
        self.send(|| self.request(Method::GET, path, None)).await
    }

    /// A DELETE of `path`, relative to the base.
    ///
    /// # Errors
    /// [`Declined`], after the retries.
    pub async fn delete(&self, path: &str) -> Result<Response, Declined> {
        self.send(|| self.request(Method::DELETE, path, None)).await
    }

    /// As [`Http::get`], without retries.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub async fn get_once(&self, path: &str) -> Result<Response, Declined> {
        self.without_retries().get(path).await
    }

    /// A POST of `body` as JSON to `path`, relative to the base, for `model`; without a body if it
    /// is null.
    ///
    /// # Errors
    /// [`Declined`], after the retries.
    pub async fn post(
        &self,
        path: &str,
        model: Option<&str>,
        body: &serde_json::Value,
    ) -> Result<Response, Declined> {
        self.send(|| {
            let request = self.request(Method::POST, path, model);
            // Some servers refuse a POST without a content length.
            if body.is_null() { request.header(CONTENT_LENGTH, "0") } else { request.json(body) }
        })
        .await
    }

    /// A POST of the form that `form` makes, anew for each try.
    ///
    /// # Errors
    /// [`Declined`], after the retries.
    pub async fn post_form(
        &self,
        path: &str,
        model: Option<&str>,
        form: impl Fn() -> Form,
    ) -> Result<Response, Declined> {
        self.send(|| self.request(Method::POST, path, model).multipart(form())).await
    }

    /// The bytes at `url`, which the provider has named and which may be anywhere: fetched once,
    /// without the key.
    ///
    /// # Errors
    /// [`EngineError::Broken`] when they cannot be fetched or exceed 64 MB.
    pub async fn fetch(&self, url: &str) -> Result<Vec<u8>, EngineError> {
        let limited = || reqwest::redirect::Policy::limited(4);
        let make = || net::builder(CONNECT).read_timeout(FETCH).redirect(limited());
        let client = net::client(true, make)
            .map_err(|fault| self.broken(&format!("the file it made {}", fault.tell(ADDRESS))))?;
        // Such a URL may contain a signature that opens it to anybody: it is not shown.
        let lost =
            |why: String| self.broken(&format!("the file it made cannot be downloaded ({why})"));
        let response = client.get(url).send().await;
        let response = response.map_err(|error| lost(error.without_url().to_string()))?;
        if !response.status().is_success() {
            return Err(lost(response.status().to_string()));
        }
        self.whole(response).await
    }

    /// The whole body of `response` as JSON.
    ///
    /// # Errors
    /// [`EngineError::Broken`] when it is not JSON, exceeds 64 MB or does not arrive.
    pub async fn json<T: DeserializeOwned>(&self, response: Response) -> Result<T, EngineError> {
        let body = self.whole(response).await?;
        serde_json::from_slice(&body)
            .map_err(|error| self.broken(&format!("its answer is not the expected JSON ({error})")))
    }

    /// The whole body of `response`.
    ///
    /// # Errors
    /// As [`Http::json`].
    pub async fn whole(&self, mut response: Response) -> Result<Vec<u8>, EngineError> {
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(bytes)) => body.extend_from_slice(&bytes),
                Ok(None) => return Ok(body),
                Err(_) => return Err(self.broken("the connection was lost")),
            }
            if body.len() > WHOLE {
                return Err(self.broken("its answer has no end"));
            }
        }
    }

    /// The error of an attempt that is lost for this reason.
    pub(super) fn broken(&self, why: &str) -> EngineError {
        EngineError::Broken(format!("provider {}: {why}; ask again", self.name))
    }

    /// The error of a reply that stopped arriving.
    pub(super) fn lost(&self, error: &reqwest::Error) -> EngineError {
        self.broken(if error.is_timeout() {
            "no data arrived for too long"
        } else {
            "the connection was lost"
        })
    }

    fn request(&self, method: Method, path: &str, model: Option<&str>) -> RequestBuilder {
        self.client.request(method, self.address.of(path, model))
    }

    /// Adds the key to `request`.
    async fn sign(&self, request: RequestBuilder) -> Result<RequestBuilder, EngineError> {
        let key = self.auth.known().await?.header(&self.name)?;
        Ok(match key {
            Some((header, value)) => request.header(header, value),
            None => request,
        })
    }

    fn touch(&self) {
        self.used.store(self.clock.now().as_micros().max(1), Ordering::Relaxed);
    }

    fn refusal(&self) -> Refusal<'_> {
        Refusal {
            name: &self.name,
            host: self.host(),
            keyed: self.keyed(),
            key_place: self.key_place.as_deref(),
            without_resending: self.without_resending,
        }
    }

    /// Sends what `make` makes, and retries if that may help.
    async fn send(&self, make: impl Fn() -> RequestBuilder) -> Result<Response, Declined> {
        let mut tried = 0;
        loop {
            let request = self.sign(make()).await;
            let request = request.map_err(|error| Declined::unanswered(error, None))?;
            let answer = request.send().await;
            if let Ok(response) = &answer {
                self.meter.limits(&self.name, limits(response.headers()));
            }
            let declined = match answer {
                Ok(response) if response.status().is_success() => {
                    self.touch();
                    return self.answer(response).await;
                }
                Ok(response) => self.refusal().read(response, &WallClock::System).await,
                Err(error) => self.refusal().unreachable(&error),
            };
            let wait = declined.again.filter(|_| tried < self.retries);
            let wait = wait.map(|wait| wait.unwrap_or_else(|| self.backoff(tried)));
            let Some(wait) = wait.filter(|wait| *wait <= LONGEST_WAIT) else {
                return Err(declined);
            };
            tokio::time::sleep(wait).await;
            tried += 1;
        }
    }

    /// `response`, unless it is a web page, which is what a base URL without an API returns.
    async fn answer(&self, mut response: Response) -> Result<Response, Declined> {
        // Scripts that forget to set a type also claim HTML, so the bytes decide.
        let doubtful = is(&response, "html")
            || is(&response, "text/plain")
            || !response.headers().contains_key(CONTENT_TYPE);
        if !doubtful {
            return Ok(response);
        }
        let mut head = Vec::new();
        // A page shows in its first bytes.
        while head.trim_ascii_start().len() < PAGE_MARK {
            match response.chunk().await {
                Ok(Some(bytes)) => head.extend_from_slice(&bytes),
                Ok(None) => break,
                Err(error) => return Err(self.refusal().unreachable(&error)),
            }
        }
        let status = response.status();
        if looks_like_a_page(&head) {
            return Err(self.refusal().page(status));
        }
        let mut whole = http::Response::builder().status(status).version(response.version());
        if let Some(headers) = whole.headers_mut() {
            *headers = response.headers().clone();
        }
        let rest = futures::stream::try_unfold(response, async |mut response| {
            Ok::<_, reqwest::Error>(response.chunk().await?.map(|bytes| (bytes, response)))
        });
        let head = futures::stream::iter([Ok(head.into())]);
        let body = reqwest::Body::wrap_stream(head.chain(rest));
        let whole = whole.body(body).map_err(|_| self.refusal().page(status))?;
        Ok(whole.into())
    }

    /// The meaning of an error inside an answer.
    pub(super) fn reported(&self, told: &ErrorBody) -> Declined {
        self.refusal().told(reqwest::StatusCode::OK, told, None, None)
    }

    /// The wait before try `tried + 1`: doubling, less up to a quarter, so that many clients do not
    /// come back at once.
    fn backoff(&self, tried: u32) -> Duration {
        let seconds = (0.5 * f64::from(1u32 << tried.min(8))).min(LONGEST_BACKOFF);
        Duration::from_secs_f64(seconds * (1.0 - self.chance.roll() * 0.25))
    }
}

/// Whether the content type of `response` contains `kind`: servers do not always answer what was
/// requested.
pub(super) fn is(response: &Response, kind: &str) -> bool {
    let value = response.headers().get(CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok()).map(str::to_ascii_lowercase);
    value.is_some_and(|value| value.contains(kind))
}

fn client(
    name: &str,
    address: &Address,
    patience: Duration,
) -> Result<reqwest::Client, EngineError> {
    net::client(address.encrypted(), || builder(patience)).map_err(|fault| {
        let (host, why) = (address.host(), fault.tell(ADDRESS));
        EngineError::Refused(format!("provider {name} ({host}) {why}"))
    })
}

fn builder(patience: Duration) -> reqwest::ClientBuilder {
    // A redirect to another origin would send the conversation, and perhaps the key, to somebody
    // the user never named.
    let home = reqwest::redirect::Policy::custom(|attempt| {
        let from = attempt.previous().last().map(reqwest::Url::origin);
        let stays = from == Some(attempt.url().origin()) && attempt.previous().len() < 4;
        if stays { attempt.follow() } else { attempt.stop() }
    });
    // Compressed streams arrive late. Servers that compress anyway are understood.
    let headers = [(ACCEPT_ENCODING, HeaderValue::from_static("identity"))];
    net::builder(CONNECT)
        .default_headers(HeaderMap::from_iter(headers))
        .read_timeout(patience)
        .pool_idle_timeout(KEEP)
        .tcp_keepalive(Duration::from_secs(30))
        .http2_keep_alive_interval(Duration::from_secs(30))
        .tcp_nodelay(true)
        .redirect(home)
}

/// Reads the rest of a reply after its last word, in the background: a connection can be reused
/// once its reply was read to the end, which may come a moment after the last word.
pub(super) fn read_out(mut response: Response) {
    // If a server keeps sending, the cost is a new connection.
    let rest = async move { while let Ok(Some(_)) = response.chunk().await {} };
    tokio::spawn(tokio::time::timeout(LAST_BYTES, rest));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown() {
        let address = Address::v1("http://127.0.0.1:1/v1").unwrap();
        let auth = Auth::Bearer("sk-secret".into());
        let shown = format!("{auth:?}");
        let http = Http::new("x", address, auth, Duration::from_secs(1)).unwrap();
        assert!(!format!("{http:?}{shown}").contains("secret"));
    }

    #[test]
    fn waits_double_up_to_eight_seconds_less_a_quarter_by_chance() {
        let address = Address::v1("http://127.0.0.1:1/v1").unwrap();
        let mut http = Http::new("x", address, Auth::None, Duration::from_secs(1)).unwrap();
        http.chance = Chance::Fixed(0.0);
        let waits = [0, 1, 2, 5, 30].map(|tried| http.backoff(tried).as_millis());
        assert_eq!(waits, [500, 1000, 2000, 8000, 8000]);
        http.chance = Chance::Fixed(0.8);
        assert_eq!(http.backoff(0).as_millis(), 400);
    }
}
