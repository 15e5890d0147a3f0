//! `[tools.mqtt]`: a broker, and what may be sent there.

use std::collections::BTreeMap;

use super::providers::variable;
use super::section::{Section, path};
use super::tools::Mqtt;
use super::{KeySource, Origin};

/// The port of unencrypted MQTT.
const PORT: u16 = 1883;

pub(super) fn read(mut of: Section<'_, '_>) -> Option<Mqtt> {
    let broker = of.maybe("url", "an address such as \"mqtt://localhost:1883\"", |text, _| {
        address(text).map(|_| text.to_owned())
    });
    let user = of.words("user", "a user name");
    let variable = of.maybe("password_env", "the name of an environment variable", variable);
    let file = of.maybe("password_file", "an absolute path, or one with ~/", path);
    if let (Some(_), Some(_), Some(at)) = (&variable, &file, of.place("password_file")) {
        let wrong = ("password_env is set too".to_owned(), "keep one of them".to_owned());
        of.wrong(&at, "password_file", wrong);
    }
    let topics = pairs(of.section("topics"), "a topic such as \"home/lamp/set\"", topic);
    let said = pairs(of.section("say"), "a topic's name and a message: \"lamp ON\"", |text| {
        Ok(text.to_owned())
    });
    let mut say = BTreeMap::new();
    for (sentence, text) in said {
        // Names may have blanks: the longest that fits.
        let name = topics.keys().filter(|name| {
            text.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with(' '))
        });
        match name.max_by_key(|name| name.len()) {
            Some(name) => {
                let message = text[name.len()..].trim().to_owned();
                say.insert(sentence, (name.clone(), message));
            }
            None => {
                let section = of.section("say");
                let at = section.place(&sentence).unwrap_or(Origin::Default);
                let next = "begin it with a name of topics, then the message: \"lamp ON\"";
                let wrong = (format!("\"{text}\" names no topic"), next.to_owned());
                of.section("say").wrong(&at, &sentence, wrong);
            }
        }
    }
    of.end();
    let (host, port) = address(&broker?).ok()?;
    let password = file.map(KeySource::File).or(variable.map(KeySource::Env));
    Some(Mqtt { host, port, user, password, topics, say })
}

/// The host and the port of `mqtt://HOST:PORT`.
fn address(text: &str) -> Result<(String, u16), String> {
    let url = reqwest::Url::parse(text.trim()).map_err(|e| format!("not an address ({e})"))?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    match url.scheme() {
        "mqtt" | "tcp" if host.is_empty() || !bare => Err("not mqtt://HOST:PORT".into()),
        "mqtt" | "tcp" if !url.username().is_empty() || url.password().is_some() => {
            Err("an address must not contain a password; use user and password_file".into())
        }
        "mqtt" | "tcp" => Ok((host, url.port().unwrap_or(PORT))),
        _ => Err("not an mqtt:// address; encrypted connections are not supported".into()),
    }
}

/// A topic that can be published to.
fn topic(text: &str) -> Result<String, String> {
    match text {
        "" => Err("it is empty".into()),
        text if text.contains(['+', '#', '\0']) => {
            Err("+ and # are for reading from several topics, not for sending".into())
        }
        text => Ok(text.to_owned()),
    }
}

/// A table of texts that `check` accepts.
fn pairs(
    mut of: Section<'_, '_>,
    wanted: &str,
    check: impl Fn(&str) -> Result<String, String>,
) -> BTreeMap<String, String> {
    let texts = of.names().into_iter().filter_map(|name| {
        let text = of.maybe(&name, wanted, |text, _| check(text))?;
        Some((name, text))
    });
    let texts = texts.collect();
    of.end();
    texts
}
