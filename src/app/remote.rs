//! The remote models named in the configuration, and when they are retired.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::civil::Date;

use super::App;
use super::painter::painting;
use crate::base::WallClock;
use crate::config::{ModelName, Partner, ProviderKind};
use crate::engine::openai::Http;
use crate::engine::openai::models::{Model, WARNING_DAYS, ending, models, named};

/// How long a list of models may take. Nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The configuration key of the image model.
const IMAGE: &str = "[image] model";

/// The configuration key of the speech model.
const SPEAK: &str = "[cascade] speak";

/// A remote model with the configuration key that names it.
type Use = (&'static str, ModelName);

/// The remote models in use, each with the key that names it.
pub fn remote_models(app: &App) -> Vec<Use> {
    let settings = &app.config.settings;
    let mut all: Vec<Use> = Vec::new();
    match settings.partner {
        Partner::Cascade => {
            let cascade = &settings.cascade;
            for (key, names) in [
                ("[cascade] transcribe", &cascade.transcribe),
                ("[cascade] chat", &cascade.chat),
                (SPEAK, &cascade.speak),
            ] {
                all.extend(names.iter().map(|name| (key, name.clone())));
            }
        }
        Partner::AudioChat => {
            let models = settings.audio_chat.models.iter();
            all.extend(models.map(|name| ("[audio_chat] model", name.clone())));
        }
        Partner::Realtime => {
            let models = settings.realtime.models.iter();
            all.extend(models.map(|name| ("[realtime] model", name.clone())));
        }
    }
    all.extend(painting(app).map(|name| (IMAGE, name.clone())));
    all.retain(|(_, name)| app.kind(&name.provider) != ProviderKind::Local);
    all
}

/// The providers whose models are worth listing: those in use, and those with a key.
pub fn remote_providers(app: &App) -> Vec<String> {
    let used: Vec<String> = remote_models(app).into_iter().map(|(_, name)| name.provider).collect();
    let keyed = |name: &String| app.account(name).is_ok_and(|http| http.keyed());
    let all = app.config.settings.providers.keys();
    all.filter(|name| used.contains(name) || keyed(name)).cloned().collect()
}

/// Prepares the check of the models in use at start; see [`Outlook::warnings`].
pub fn outlook(app: &App) -> Outlook {
    let mut uses: BTreeMap<String, Vec<Use>> = BTreeMap::new();
    let chosen = app.config.is_set("image", "model");
    let mut first = None;
    for (key, name) in remote_models(app) {
        // Pictures are rare, and a painter that nobody chose is ours to replace.
        if key == IMAGE && !chosen {
            continue;
        }
        // Our default voice is replaced in time, and its successors may be missing.
        if key == SPEAK && !app.config.is_set("cascade", "speak") {
            first = first.or_else(|| app.is_first_choice(&name).then(|| name.clone()));
            uses.entry(name.provider).or_default();
            continue;
        }
        uses.entry(name.provider.clone()).or_default().push((key, name));
    }
    let providers = uses.into_iter().filter_map(|(provider, uses)| {
        // A key that cannot be read is reported when it is needed.
        let http = app.account(&provider).ok()?;
        // Azure lists models, but is addressed by deployment names.
        let complete = app.kind(&provider) != ProviderKind::Azure;
        Some((http, complete, uses))
    });
    let ended = Arc::clone(&app.speech_ended);
    Outlook { providers: providers.collect(), first, ended }
}

/// Which models to look up at which providers.
pub struct Outlook {
    providers: Vec<(Http, bool, Vec<Use>)>,
    /// Our default voice, and the flag to set when it is retired.
    first: Option<ModelName>,
    ended: Arc<AtomicBool>,
}

impl Outlook {
    /// A sentence for each model in use that is retired within [`WARNING_DAYS`] or not offered.
    /// Empty if the list of models is not available: then more important things fail too, and are
    /// reported.
    pub async fn warnings(self) -> Vec<String> {
        let zoned = WallClock::System.now().to_zoned(jiff::tz::TimeZone::system());
        let (first, today) = (&self.first, zoned.date());
        let asked = self.providers.into_iter().map(async |(http, complete, uses)| {
            match tokio::time::timeout(PATIENCE, models(&http)).await {
                Ok(Ok(models)) => {
                    if first.as_ref().is_some_and(|name| gone(name, http.name(), &models, today)) {
                        self.ended.store(true, Ordering::Relaxed);
                    }
                    warnings(&models, complete, &uses, today)
                }
                Ok(Err(error)) => {
                    tracing::debug!(%error, "no list of models");
                    Vec::new()
                }
                Err(_) => Vec::new(),
            }
        });
        futures::future::join_all(asked).await.concat()
    }
}

/// Whether `provider`, which offers `models`, no longer has `name`.
fn gone(name: &ModelName, provider: &str, models: &[Model], today: Date) -> bool {
    let left = |model: &Model| model.days_left(today).is_none_or(|left| left >= 0);
    name.provider == provider && !models.is_empty() && !named(models, &name.model).is_some_and(left)
}

fn warnings(models: &[Model], complete: bool, uses: &[Use], today: Date) -> Vec<String> {
    let ending = ending(models, today, WARNING_DAYS);
    let warning = |(key, name): &Use| {
        let Some(model) = named(models, &name.model) else {
            let provider = &name.provider;
            // A server that lists nothing may still know it.
            return (complete && !models.is_empty()).then(|| {
                format!(
                    "{name} ({key}) is not offered by provider {provider}; run \"aloud models --remote\" and choose another"
                )
            });
        };
        let end = ending.iter().find(|ending| ending.id == model.id)?.ends?;
        let when = days(model.days_left(today)?);
        Some(format!(
            "{name} ({key}) {when} ({end}); run \"aloud models --remote\" and choose another"
        ))
    };
    uses.iter().filter_map(warning).collect()
}

/// When a model with `left` days ends.
pub fn days(left: i32) -> String {
    match left {
        ..0 => "has ended".into(),
        0 => "ends today".into(),
        1 => "ends tomorrow".into(),
        _ => format!("ends in {left} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(id: &str, ends: Option<&str>) -> Model {
        Model { id: id.into(), owner: None, ends: ends.map(|day| day.parse().unwrap()) }
    }

    fn use_of(model: &str) -> Use {
        ("[cascade] chat", ModelName { provider: "openai".into(), model: model.into() })
    }

    #[test]
    fn what_ends_soon_or_is_not_there_is_told() {
        let offered = [
            model("lasting", None),
            model("later", Some("2027-06-01")),
            model("soon", Some("2027-01-14")),
            model("gone", Some("2026-11-01")),
        ];
        let uses = ["lasting", "later", "soon", "gone", "unknown"].map(use_of);
        let today = "2026-11-24".parse().unwrap();
        assert_eq!(
            warnings(&offered, true, &uses, today),
            [
                "openai/soon ([cascade] chat) ends in 51 days (2027-01-14); run \"aloud models --remote\" and choose another",
                "openai/gone ([cascade] chat) has ended (2026-11-01); run \"aloud models --remote\" and choose another",
                "openai/unknown ([cascade] chat) is not offered by provider openai; run \"aloud models --remote\" and choose another",
            ]
        );
        assert_eq!(warnings(&offered, false, &uses[4..], today), Vec::<String>::new());
        assert_eq!(warnings(&[], true, &uses, today), Vec::<String>::new());
    }
}
