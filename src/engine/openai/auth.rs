use futures::FutureExt;
use futures::future::Shared;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use crate::base::Job;
use crate::engine::EngineError;

/// How a request authenticates.
#[derive(Clone)]
pub enum Auth {
    /// Not at all.
    None,
    /// `Authorization: Bearer KEY`.
    Bearer(String),
    /// `api-key: KEY`, as Azure takes it.
    ApiKey(String),
    /// With a key that was requested and is on its way.
    Later(Later),
}

/// Authentication that becomes known later. All clones wait for the same result.
#[derive(Clone)]
pub struct Later(Shared<Job<Result<Auth, EngineError>>>);

impl Auth {
    /// Becomes known when `asked` completes. Nothing waits for it until a request is to be sent.
    pub fn later(asked: impl Future<Output = Result<Self, EngineError>> + Send + 'static) -> Self {
        let asked: Job<_> = Box::pin(asked);
        Self::Later(Later(asked.shared()))
    }

    /// The authentication with its key, once it is there.
    ///
    /// # Errors
    /// Why the key is not available.
    pub(super) async fn known(&self) -> Result<Self, EngineError> {
        match self {
            Self::None | Self::Bearer(_) | Self::ApiKey(_) => Ok(self.clone()),
            Self::Later(Later(asked)) => asked.clone().await,
        }
    }

    /// The header of a request to the provider `name`; `None` without a known key.
    ///
    /// # Errors
    /// [`EngineError::Refused`] when the key cannot be sent in a header.
    pub(super) fn header(
        &self,
        name: &str,
    ) -> Result<Option<(HeaderName, HeaderValue)>, EngineError> {
        let (header, value) = match self {
            Self::None | Self::Later(_) => return Ok(None),
            Self::Bearer(key) => (AUTHORIZATION, format!("Bearer {key}")),
            Self::ApiKey(key) => (HeaderName::from_static("api-key"), key.clone()),
        };
        let mut value = HeaderValue::from_str(&value).map_err(|_| {
            EngineError::Refused(format!(
                "provider {name}: its key contains a character that no key can have; set it again"
            ))
        })?;
        value.set_sensitive(true);
        Ok(Some((header, value)))
    }
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Bearer(_) => "Bearer(…)",
            Self::ApiKey(_) => "ApiKey(…)",
            Self::Later(_) => "Later(…)",
        })
    }
}
