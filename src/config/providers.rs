//! `[providers.NAME]`, and the built-in providers.

use super::names::{Providers, word};
use super::section::{Section, path, web_address};
use super::settings::{AuthScheme, KeySource, Provider, ProviderKind};
use super::{Environment, Origin};

/// The address of provider `openai`.
pub const OPENAI: &str = "https://api.openai.com/v1";

pub(super) fn read(mut of: Section<'_, '_>, env: &Environment) -> Providers {
    let mut all = Providers::new();
    for name in ["local", "openai", "azure", "ollama", "llama-server"] {
        if let Some(provider) = implied(name, env) {
            all.insert(name.to_owned(), provider);
        }
    }
    for name in of.names() {
        // A slash ends the name in PROVIDER/MODEL, and variable names have only letters and digits.
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(fits) {
            let next = "use letters, digits, - and _".to_owned();
            let at = of.place(&name).unwrap_or(Origin::Default);
            of.wrong(&at, &format!("{name:?}"), ("not a provider name".into(), next));
        }
        let provider = provider(of.section(&name), &name, env);
        all.insert(name, provider);
    }
    of.end();
    all
}

/// A built-in provider.
fn implied(name: &str, env: &Environment) -> Option<Provider> {
    let key = |variable: &str| Some(KeySource::Env(variable.to_owned()));
    let (kind, base_url, api_key) = match name {
        "local" => (ProviderKind::Local, None, None),
        "openai" => {
            let base = env.get("OPENAI_BASE_URL").unwrap_or(OPENAI);
            (ProviderKind::OpenAi, Some(base), key("OPENAI_API_KEY"))
        }
        "azure" => {
            let base = env.get("AZURE_OPENAI_ENDPOINT")?;
            (ProviderKind::Azure, Some(base), key("AZURE_OPENAI_API_KEY"))
        }
        // Their usual addresses; both take any key or none.
        "ollama" => (ProviderKind::Compatible, Some("http://127.0.0.1:11434/v1"), None),
        "llama-server" => (ProviderKind::Compatible, Some("http://127.0.0.1:8080/v1"), None),
        _ => return None,
    };
    let base_url = base_url.map(|url| url.trim_end_matches('/').to_owned());
    Some(Provider { kind, base_url, api_key, api_version: None, auth: AuthScheme::Auto })
}

fn provider(mut of: Section<'_, '_>, name: &str, env: &Environment) -> Provider {
    let by_name = match name {
        "local" => "local",
        "openai" => "openai",
        "azure" => "azure",
        _ => "compatible",
    };
    let kinds = [
        word("local", ProviderKind::Local),
        word("openai", ProviderKind::OpenAi),
        word("azure", ProviderKind::Azure),
        word("compatible", ProviderKind::Compatible),
    ];
    let at = of.place("kind").unwrap_or_else(|| of.at());
    let kind = of.choice("kind", &kinds, by_name);
    let by_itself = implied(by_name, env);
    let base_url =
        of.maybe("base_url", "an address such as \"http://127.0.0.1:11434/v1\"", |t, _| {
            web_address(t)
        });
    let base_url = base_url.or_else(|| by_itself.as_ref()?.base_url.clone());
    let needs_url = matches!(kind, ProviderKind::Azure | ProviderKind::Compatible);
    if needs_url && base_url.is_none() && of.clean("base_url") {
        let next = "write base_url = \"http://HOST:PORT/v1\"".to_owned();
        of.wrong(&at, "base_url", ("it is missing".into(), next));
    }
    let api_key = key(&mut of).or_else(|| by_itself.and_then(|provider| provider.api_key));
    let api_version = of.maybe("api_version", "text such as \"2025-04-01-preview\"", |t, _| {
        if t.is_empty() { Err("it is empty".to_owned()) } else { Ok(t.to_owned()) }
    });
    let ways = [
        word("auto", AuthScheme::Auto),
        word("bearer", AuthScheme::Bearer),
        word("api-key", AuthScheme::ApiKey),
    ];
    let auth = of.choice("auth", &ways, "auto");
    of.end();
    Provider { kind, base_url, api_key, api_version, auth }
}

/// The source of the key: one of four, which exclude each other.
fn key(of: &mut Section<'_, '_>) -> Option<KeySource> {
    let variable = of.maybe("api_key_env", "the name of an environment variable", variable);
    let file = of.maybe("api_key_file", "an absolute path, or one with ~/", path);
    let named = |text: &str, _: Option<&std::path::Path>| {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if text.is_empty() || text.len() > 64 || text.starts_with('.') || !text.chars().all(fits) {
            Err("not a name (do not put the key itself here)".to_owned())
        } else {
            Ok(text.to_owned())
        }
    };
    let credential = of.maybe("api_key_credential", "the name of a systemd credential", named);
    let keyring = of.maybe("api_key_keyring", "the name it has in the keyring", named);
    let places = ["api_key_env", "api_key_file", "api_key_credential", "api_key_keyring"];
    let set: Vec<_> = places.iter().filter_map(|key| Some((*key, of.place(key)?))).collect();
    if let [(first, _), .., (last, at)] = &set[..] {
        let wrong = (format!("{first} is set too"), "keep one of them".into());
        of.wrong(at, last, wrong);
    }
    file.map(KeySource::File)
        .or(credential.map(KeySource::Credential))
        .or(keyring.map(KeySource::Keyring))
        .or(variable.map(KeySource::Env))
}

/// The name of an environment variable with a key. Somebody who puts the key itself there must not
/// see it again in a message.
pub(super) fn variable(text: &str, _: Option<&std::path::Path>) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.is_empty() || text.len() > 64 || !text.chars().all(fits) {
        Err("not a variable name (do not put the key itself here)".to_owned())
    } else {
        Ok(text.to_owned())
    }
}
