use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Usage of a model, in the units that providers count. Zeros are not written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Requests, or answers of a session.
    pub requests: u64,
    /// Text tokens read, without cached ones.
    #[serde(skip_serializing_if = "none")]
    pub text_in: u64,
    /// Audio tokens heard, without cached ones.
    #[serde(skip_serializing_if = "none")]
    pub audio_in: u64,
    /// Image tokens seen, without cached ones.
    #[serde(skip_serializing_if = "none")]
    pub image_in: u64,
    /// Cached tokens of all kinds, which are cheaper.
    #[serde(skip_serializing_if = "none")]
    pub cached_in: u64,
    /// Text tokens written, including reasoning.
    #[serde(skip_serializing_if = "none")]
    pub text_out: u64,
    /// Audio tokens spoken.
    #[serde(skip_serializing_if = "none")]
    pub audio_out: u64,
    /// Image tokens made.
    #[serde(skip_serializing_if = "none")]
    pub image_out: u64,
    /// Seconds of sound heard, if counted instead of tokens.
    #[serde(skip_serializing_if = "silent")]
    pub seconds_in: f64,
    /// Characters spoken, if counted instead of tokens.
    #[serde(skip_serializing_if = "none")]
    pub characters: u64,
    /// Pictures made.
    #[serde(skip_serializing_if = "none")]
    pub pictures: u64,
}

fn none(count: &u64) -> bool {
    *count == 0
}

fn silent(seconds: &f64) -> bool {
    *seconds == 0.0
}

impl Usage {
    /// One request about which no more is known.
    pub fn request() -> Self {
        Self { requests: 1, ..Self::default() }
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, more: Self) {
        self.requests += more.requests;
        self.text_in += more.text_in;
        self.audio_in += more.audio_in;
        self.image_in += more.image_in;
        self.cached_in += more.cached_in;
        self.text_out += more.text_out;
        self.audio_out += more.audio_out;
        self.image_out += more.image_out;
        self.seconds_in += more.seconds_in;
        self.characters += more.characters;
        self.pictures += more.pictures;
    }
}

/// One limit of an account, as last reported by the provider.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Limit {
    /// `requests`, `tokens` or another.
    pub name: String,
    /// How much there is.
    pub limit: Option<u64>,
    /// What is left of it.
    pub remaining: Option<u64>,
    /// Seconds until it is full again.
    pub reset_seconds: Option<f64>,
}

/// One use of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Spent {
    /// `PROVIDER/MODEL`.
    pub model: String,
    /// What was used.
    pub usage: Usage,
}

/// Usage since start, and what is left.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Spending {
    /// Of all models together.
    pub usage: Usage,
    /// What that cost, in the user's currency, as far as prices are known; absent if none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// The limits of each provider that reports them.
    pub limits: BTreeMap<String, Vec<Limit>>,
}

/// Counts the engines' usage. Cheap to clone; clones count together.
#[derive(Clone, Default)]
pub struct Meter {
    spending: Arc<Mutex<Spending>>,
    sink: Option<Arc<dyn Fn(Spent) + Send + Sync>>,
    price: Option<Arc<Price>>,
}

/// The cost of a use of a model (`PROVIDER/MODEL`), if it is known.
type Price = dyn Fn(&str, &Usage) -> Option<f64> + Send + Sync;

impl std::fmt::Debug for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Meter({:?})", self.spending())
    }
}

impl Meter {
    /// Passes every use on to `sink`, which must not block.
    pub fn new(sink: impl Fn(Spent) + Send + Sync + 'static) -> Self {
        Self { sink: Some(Arc::new(sink)), ..Self::default() }
    }

    /// Sums the cost, too: `price` knows what a use of a model (`PROVIDER/MODEL`) costs.
    #[must_use]
    pub fn priced(
        self,
        price: impl Fn(&str, &Usage) -> Option<f64> + Send + Sync + 'static,
    ) -> Self {
        Self { price: Some(Arc::new(price)), ..self }
    }

    /// Counts one use of `model` (`PROVIDER/MODEL`).
    pub fn count(&self, model: &str, usage: Usage) {
        let cost = self.price.as_ref().and_then(|price| price(model, &usage));
        let mut spending = self.spending();
        spending.usage += usage;
        if let Some(cost) = cost {
            *spending.cost.get_or_insert(0.0) += cost;
        }
        drop(spending);
        if let Some(sink) = &self.sink {
            sink(Spent { model: model.to_owned(), usage });
        }
    }

    /// Records the limits reported by `provider`.
    pub fn limits(&self, provider: &str, limits: Vec<Limit>) {
        if !limits.is_empty() {
            self.spending().limits.insert(provider.to_owned(), limits);
        }
    }

    /// The totals so far.
    pub fn so_far(&self) -> Spending {
        self.spending().clone()
    }

    fn spending(&self) -> std::sync::MutexGuard<'_, Spending> {
        // No holder of this lock can panic halfway.
        self.spending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
