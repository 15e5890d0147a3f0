//! The models of a provider, and their retirement dates.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;

use super::http::Http;
use crate::engine::EngineError;

/// The user is warned this many days before a model is retired.
pub const WARNING_DAYS: i32 = 60;

/// A model that a provider offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its name in requests.
    pub id: String,
    /// Its owner, in the provider's words.
    pub owner: Option<String>,
    /// The day on which it is retired, if the provider names one.
    pub ends: Option<Date>,
}

impl Model {
    /// Days from `today` until it is retired, negative afterwards; `None` if no date is known.
    pub fn days_left(&self, today: Date) -> Option<i32> {
        let span = today.until(self.ends?).ok()?;
        Some(span.get_days())
    }
}

/// The models of a provider, by name.
///
/// # Errors
/// [`EngineError`] when it does not answer, refuses, or does not answer with a list.
pub async fn models(http: &Http) -> Result<Vec<Model>, EngineError> {
    let response = http.get("models").await?;
    let list: List = http.json(response).await?;
    let mut models: Vec<Model> = list.data.into_iter().filter_map(Entry::model).collect();
    models.sort_by(|a, b| a.id.cmp(&b.id));
    models.dedup_by(|a, b| a.id == b.id);
    Ok(models)
}

/// Those of `models` that are retired within `days` of `today` or already, earliest first.
pub fn ending(models: &[Model], today: Date, days: i32) -> Vec<&Model> {
    let soon = |model: &&Model| model.days_left(today).is_some_and(|left| left <= days);
    let mut ending: Vec<&Model> = models.iter().filter(soon).collect();
    ending.sort_by_key(|model| model.ends);
    ending
}

/// The model among `models` that requests mean by `name`: some servers accept a name without the
/// tag that they list it with.
pub fn named<'a>(models: &'a [Model], name: &str) -> Option<&'a Model> {
    let latest = format!("{name}:latest");
    let by = |id: &str| models.iter().find(|model| model.id == id);
    by(name).or_else(|| by(&latest))
}

#[derive(Deserialize)]
struct List {
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: Option<String>,
    owned_by: Option<Value>,
    shutdown_date: Option<Value>,
    /// Azure's form: `{"inference": SECONDS}`.
    deprecation: Option<Value>,
}

impl Entry {
    fn model(self) -> Option<Model> {
        let day = self.shutdown_date.as_ref().and_then(Value::as_str);
        let day = day.and_then(|day| day.get(..10).unwrap_or(day).parse().ok());
        let seconds = || self.deprecation.as_ref()?["inference"].as_i64();
        let ends = day.or_else(|| {
            let at = Timestamp::from_second(seconds()?).ok()?;
            Some(at.to_zoned(TimeZone::UTC).date())
        });
        let owner = self.owned_by.as_ref().and_then(Value::as_str).map(str::to_owned);
        Some(Model { id: self.id.filter(|id| !id.is_empty())?, owner, ends })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(list: Value) -> Vec<Model> {
        let list: List = serde_json::from_value(list).unwrap();
        list.data.into_iter().filter_map(Entry::model).collect()
    }

    #[test]
    fn ends_are_read_in_both_forms_and_the_next_comes_first() {
        let models = read(json!({"object": "list", "data": [
            {"id": "lasting", "owned_by": "openai", "shutdown_date": null},
            {"id": "late", "shutdown_date": "2027-01-24"},
            {"id": "soon", "shutdown_date": "2027-01-14"},
            {"id": "dated", "deprecation": {"inference": 1_797_000_000}},
            {"id": "gone", "shutdown_date": "2026-10-23T00:00:00Z"},
            {"id": "odd", "owned_by": 7, "shutdown_date": "soon"},
            {"object": "model"},
        ]}));
        assert_eq!(models.len(), 6);
        let today = "2026-11-24".parse().unwrap();
        let names: Vec<_> = ending(&models, today, 60).iter().map(|m| &*m.id).collect();
        assert_eq!(names, ["gone", "dated", "soon"]);
        assert_eq!(models[2].days_left(today), Some(51));
        assert_eq!(models[4].days_left(today), Some(-32));
        assert_eq!(models[0].days_left(today), None);
    }

    #[test]
    fn a_tag_may_be_left_out() {
        let models = read(json!({"data": [{"id": "llama3.2:latest"}, {"id": "phi"}]}));
        assert!(named(&models, "llama3.2").is_some() && named(&models, "phi").is_some());
        assert!(named(&models, "llama3").is_none());
    }
}
