//! Errors of the server, in terms of what the user can do.

use serde_json::Value;

use super::super::error_body::ErrorBody;
use crate::engine::EngineError;

/// An error as the server reports it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Trouble {
    /// The server's code; empty if there is none.
    pub(super) code: String,
    /// Its message, for a sentence of ours; may be empty.
    words: String,
    /// Whether it is about money or quota, where waiting does not help.
    spent: bool,
    /// Id of our event that it is about.
    pub(super) about: Option<String>,
}

impl Trouble {
    /// Reads an object with an `error` in it.
    pub(super) fn of(value: &Value) -> Self {
        let body = ErrorBody::of(value);
        let about = value["error"]["event_id"].as_str().filter(|id| !id.is_empty());
        Self {
            code: body.code().unwrap_or_default().to_owned(),
            words: body.words(),
            spent: body.spent(),
            about: about.map(str::to_owned),
        }
    }

    /// Whether no session is possible until something is fixed.
    pub(super) fn is_final(&self) -> bool {
        self.spent || matches!(self.code.as_str(), "invalid_api_key" | "model_not_found")
    }

    /// The error for the user.
    pub(super) fn error(&self, provider: &str) -> EngineError {
        let said = &self.words;
        match self.code.as_str() {
            "invalid_api_key" => EngineError::Refused(format!(
                "provider {provider} rejected the key; check or renew it"
            )),
            "model_not_found" => EngineError::Refused(format!(
                "provider {provider} does not have that model{said}; fix [realtime] model"
            )),
            "content_filter" => EngineError::Refused(format!(
                "provider {provider}: its content filter rejected this{said}; rephrase it"
            )),
            _ if self.spent => EngineError::Refused(format!(
                "provider {provider}: the quota is used up{said}; check the plan and billing"
            )),
            "rate_limit_exceeded" | "slow_down" | "server_is_overloaded" => {
                EngineError::Overloaded {
                    message: format!("provider {provider} is overloaded{said}; wait a moment"),
                    retry_after: None,
                }
            }
            _ => EngineError::Broken(format!("provider {provider} failed{said}; ask again")),
        }
    }
}

/// The error of an answer that ended without one.
pub(super) fn broke_off(provider: &str) -> EngineError {
    EngineError::Broken(format!("provider {provider} broke off; ask again"))
}
