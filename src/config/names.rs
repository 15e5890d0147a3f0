//! Names of models, and of the values a key may have, shared by all sections.

use super::section::{Choice, Section, Wrong, near};
use super::settings::{ModelName, Provider, ProviderKind};
use crate::models::{Manifest, Role};

/// The grammar as a local chat model.
pub(super) const TEMPLATES: &str = "templates";

pub(super) const fn word<T>(word: &'static str, value: T) -> Choice<T> {
    Choice { word, value, needs: None }
}

/// The models of a job, in order of preference: at least one.
pub(super) fn some(
    of: &mut Section<'_, '_>,
    key: &'static str,
    wanted: &str,
    default: Vec<ModelName>,
    check: impl Fn(&str) -> Result<ModelName, Wrong>,
) -> Vec<ModelName> {
    let models = of.list(key, wanted, default, check);
    if models.is_empty()
        && let Some(at) = of.place(key)
        && of.clean(key)
    {
        of.wrong(&at, key, ("the list is empty".into(), format!("write {wanted}")));
    }
    models
}

/// The key `model` of a job that no local model does; OpenAI's `default` if unset.
pub(super) fn remote_models(
    of: &mut Section<'_, '_>,
    providers: &Providers,
    default: &str,
) -> Vec<ModelName> {
    let example = format!("openai/{default}");
    let wanted = format!("a model, such as \"{example}\", or a list of models");
    let check = |text: &str| {
        let name = model_name(text, Role::Chat, providers, TEMPLATES);
        let Ok(name) = name.as_ref() else {
            // A list of local models does not help here.
            return name.map_err(|(what, next)| match next.contains("local/") {
                true => (what, format!("write {wanted}")),
                false => (what, next),
            });
        };
        match providers.get(&name.provider).map(|provider| provider.kind) {
            Some(ProviderKind::Local) | None => {
                Err(("no local model does this".to_owned(), format!("write {wanted}")))
            }
            Some(ProviderKind::OpenAi | ProviderKind::Azure | ProviderKind::Compatible) => {
                Ok(name.clone())
            }
        }
    };
    let default = ModelName { provider: "openai".into(), model: default.into() };
    some(of, "model", &wanted, vec![default], check)
}

pub(super) type Providers = std::collections::BTreeMap<String, Provider>;

pub(super) fn split(text: &str) -> Option<ModelName> {
    let (provider, model) = text.split_once('/')?;
    let full = !provider.is_empty() && !model.trim().is_empty();
    full.then(|| ModelName { provider: provider.into(), model: model.into() })
}

pub(super) fn model_name(
    text: &str,
    role: Role,
    providers: &Providers,
    example: &str,
) -> Result<ModelName, Wrong> {
    let Some(name) = split(text) else {
        let next = format!("write PROVIDER/MODEL, such as \"local/{example}\"");
        return Err((format!("\"{text}\" is not a model"), next));
    };
    let Some(provider) = providers.get(&name.provider) else {
        let next = match near(&name.provider, providers.keys().map(String::as_str)) {
            Some(near) => format!("did you mean \"{near}/{}\"?", name.model),
            None => {
                format!("add [providers.{}], or write \"local/{example}\"", name.provider)
            }
        };
        return Err((format!("there is no provider \"{}\"", name.provider), next));
    };
    match provider.kind {
        ProviderKind::Local => local_model(name, role),
        ProviderKind::OpenAi | ProviderKind::Azure | ProviderKind::Compatible => Ok(name),
    }
}

/// Whether this machine has an engine for `name`, whether or not its files are installed.
fn local_model(name: ModelName, role: Role) -> Result<ModelName, Wrong> {
    let manifest = Manifest::embedded().map(|m| m.models.as_slice()).unwrap_or_default();
    let known = manifest.iter().map(|m| (m.name.as_str(), m.role)).chain([(TEMPLATES, Role::Chat)]);
    let fits: Vec<&str> = known.clone().filter(|(_, r)| *r == role).map(|(n, _)| n).collect();
    if fits.contains(&name.model.as_str()) {
        return Ok(name);
    }
    let what = match known.clone().find(|(known, _)| *known == name.model) {
        Some((_, other)) => {
            format!("\"{name}\" does something else ({}, not {})", other.word(), role.word())
        }
        None => format!("there is no local model \"{}\" for this", name.model),
    };
    let next = match near(&name.model, fits.iter().copied()) {
        Some(near) => format!("did you mean \"local/{near}\"?"),
        None => format!("write \"local/{}\"", fits.join("\" or \"local/")),
    };
    Err((what, next))
}
