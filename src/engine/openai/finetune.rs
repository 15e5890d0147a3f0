//! Fine-tuning jobs.

use jiff::Timestamp;
use reqwest::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::Http;
use super::refusal::Declined;
use crate::engine::EngineError;

/// Entries per page of a list.
const PAGE: usize = 100;

/// Pages read of one list.
const PAGES: usize = 20;

/// A fine-tuning order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// The base model.
    pub model: String,
    /// Id of the training file at the provider.
    pub training: String,
    /// Id of the validation file, if any.
    pub validation: Option<String>,
    /// A suffix for the name of the new model.
    pub suffix: Option<String>,
    /// Makes jobs reproducible.
    pub seed: Option<u64>,
}

/// A job as reported by the provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its name in requests.
    pub id: String,
    /// The base model.
    pub model: String,
    /// Its state.
    pub state: State,
    /// The new model, once it exists.
    pub made: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Everything the provider reports.
    pub raw: Value,
}

/// The state of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Waiting or running, in the provider's words.
    Open(String),
    /// The model is ready.
    Succeeded,
    /// There will be no model.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
}

impl State {
    fn of(word: &str) -> Self {
        match word {
            "succeeded" => Self::Succeeded,
            "failed" => Self::Failed,
            "cancelled" | "canceled" => Self::Cancelled,
            other => Self::Open(other.to_owned()),
        }
    }

    /// The provider's word for it.
    pub fn word(&self) -> &str {
        match self {
            Self::Open(word) => word,
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more will happen.
    pub fn over(&self) -> bool {
        match self {
            Self::Open(_) => false,
            Self::Succeeded | Self::Failed | Self::Cancelled => true,
        }
    }
}

/// An event of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Identifies it; empty on servers that assign none.
    pub id: String,
    /// When.
    pub at: Option<Timestamp>,
    /// `info`, `warn` or `error`.
    pub level: String,
    /// The message.
    pub message: String,
    /// Everything the provider reports.
    pub raw: Value,
}

/// The fine-tuning endpoint of a provider.
#[derive(Clone, Debug)]
pub struct Tuning {
    http: Http,
    /// `/fine-tunes`, the predecessor of `/fine_tuning/jobs`.
    legacy: bool,
}

impl Tuning {
    /// At the provider of `http`; with the first API if `legacy` is set.
    pub fn new(http: Http, legacy: bool) -> Self {
        Self { http, legacy }
    }

    /// Creates a job.
    ///
    /// # Errors
    /// As any request.
    pub async fn create(&self, order: &Order) -> Result<Job, EngineError> {
        let mut body = json!({ "training_file": order.training, "model": order.model });
        if let Some(file) = &order.validation {
            body["validation_file"] = json!(file);
        }
        if let Some(suffix) = &order.suffix {
            body["suffix"] = json!(suffix);
        }
        // The first API has no seed.
        if let Some(seed) = order.seed.filter(|_| !self.legacy) {
            body["seed"] = json!(seed);
        }
        // Never retried: an order whose answer is lost must not become two jobs.
        let answer = self.http.without_retries().post(self.root(), None, &body).await;
        self.job(answer).await
    }

    /// The jobs, newest first.
    ///
    /// # Errors
    /// As any request.
    pub async fn list(&self) -> Result<Vec<Job>, EngineError> {
        let jobs = self.pages(self.root()).await?;
        let mut jobs: Vec<Job> = jobs.into_iter().filter_map(job).collect();
        jobs.sort_by_key(|job| std::cmp::Reverse(job.created));
        Ok(jobs)
    }

    /// One job.
    ///
    /// # Errors
    /// As any request.
    pub async fn get(&self, id: &str) -> Result<Job, EngineError> {
        let answer = self.http.get(&self.path(id, "")).await;
        self.job(answer).await
    }

    /// The events of a job, oldest first.
    ///
    /// # Errors
    /// As any request.
    pub async fn events(&self, id: &str) -> Result<Vec<Event>, EngineError> {
        let mut events: Vec<Event> =
            self.pages(&self.path(id, "/events")).await?.into_iter().map(event).collect();
        // They come newest first, and within one second in no defined order.
        events.reverse();
        events.sort_by_key(|event| event.at);
        Ok(events)
    }

    /// The checkpoints of the new model that can be used by themselves, as reported by the
    /// provider.
    ///
    /// # Errors
    /// As any request.
    pub async fn checkpoints(&self, id: &str) -> Result<Vec<Value>, EngineError> {
        self.pages(&self.path(id, "/checkpoints")).await
    }

    /// Cancels a job.
    ///
    /// # Errors
    /// As any request.
    pub async fn cancel(&self, id: &str) -> Result<Job, EngineError> {
        self.order(id, "/cancel").await
    }

    /// Pauses a job.
    ///
    /// # Errors
    /// As any request.
    pub async fn pause(&self, id: &str) -> Result<Job, EngineError> {
        self.order(id, "/pause").await
    }

    /// Resumes a paused job.
    ///
    /// # Errors
    /// As any request.
    pub async fn resume(&self, id: &str) -> Result<Job, EngineError> {
        self.order(id, "/resume").await
    }

    async fn order(&self, id: &str, what: &str) -> Result<Job, EngineError> {
        let answer = self.http.post(&self.path(id, what), None, &Value::Null).await;
        self.job(answer).await
    }

    fn root(&self) -> &'static str {
        if self.legacy { "fine-tunes" } else { "fine_tuning/jobs" }
    }

    fn path(&self, id: &str, what: &str) -> String {
        // A slash or question mark in an id would turn it into another call.
        let id = id.replace(['/', '?'], "");
        format!("{}/{id}{what}", self.root())
    }

    async fn job(&self, answer: Result<Response, Declined>) -> Result<Job, EngineError> {
        let response = answer.map_err(|declined| self.declined(declined))?;
        job(self.http.json(response).await?).ok_or_else(|| self.http.broken("it returned no job"))
    }

    /// All entries of a list, page by page.
    async fn pages(&self, path: &str) -> Result<Vec<Value>, EngineError> {
        #[derive(Deserialize)]
        struct Page {
            data: Vec<Value>,
            has_more: Option<bool>,
        }
        let mut all: Vec<Value> = Vec::new();
        for _ in 0..PAGES {
            let after = all.last().and_then(|last| last["id"].as_str());
            let path = match (self.legacy, after) {
                (true, _) => path.to_owned(),
                (false, None) => format!("{path}?limit={PAGE}"),
                (false, Some(after)) => format!("{path}?limit={PAGE}&after={after}"),
            };
            let response = self.http.get(&path).await.map_err(|d| self.declined(d))?;
            let page: Page = self.http.json(response).await?;
            // A server without paging repeats the same page.
            let repeats = page.data.first().is_some_and(|first| all.contains(first));
            let more = page.has_more == Some(true) && !page.data.is_empty() && !repeats;
            if !repeats {
                all.extend(page.data);
            }
            if !more || self.legacy {
                break;
            }
        }
        Ok(all)
    }

    fn declined(&self, declined: Declined) -> EngineError {
        let name = self.http.name();
        match (self.legacy, declined.no_such_call()) {
            (true, true) => EngineError::Unreachable(format!(
                "provider {name} has no such job, or its /fine-tunes API has become /fine_tuning/jobs; try without --legacy"
            )),
            (false, true) => EngineError::Unreachable(format!(
                "provider {name} has no such job, or no fine-tuning; see \"aloud finetune list\", or give --legacy for an old server"
            )),
            (_, false) => declined.error,
        }
    }
}

fn job(raw: Value) -> Option<Job> {
    let text = |key: &str| raw[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    Some(Job {
        id: text("id")?,
        model: text("model").unwrap_or_default(),
        state: State::of(raw["status"].as_str().unwrap_or("unknown")),
        made: text("fine_tuned_model"),
        error: raw["error"]["message"].as_str().map(str::to_owned),
        created: time(&raw["created_at"]),
        raw,
    })
}

fn event(raw: Value) -> Event {
    let text = |key: &str| raw[key].as_str().unwrap_or_default().to_owned();
    Event {
        id: text("id"),
        at: time(&raw["created_at"]),
        level: text("level"),
        message: text("message"),
        raw,
    }
}

fn time(seconds: &Value) -> Option<Timestamp> {
    Timestamp::from_second(seconds.as_i64()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_of_both_interfaces_are_read() {
        let now = json!({
            "object": "fine_tuning.job", "id": "ftjob-1", "model": "m", "status": "running",
            "fine_tuned_model": null, "error": {}, "created_at": 1_700_000_000,
        });
        let now = job(now).unwrap();
        assert_eq!((now.state, now.made, now.error), (State::Open("running".into()), None, None));
        let first = json!({
            "object": "fine-tune", "id": "ft-1", "model": "m", "status": "succeeded",
            "fine_tuned_model": "m:ft-personal-2023",
        });
        let first = job(first).unwrap();
        assert!(first.state.over());
        assert_eq!(first.made.as_deref(), Some("m:ft-personal-2023"));
        assert_eq!(job(json!({"status": "running"})), None);
    }
}
