//! `[tools.mqtt]`: a broker, and what may be sent there.

use std::collections::BTreeMap;

use super::Origin;
use super::secret::password;
use super::section::Section;
use super::tools::Mqtt;

/// The ports of MQTT, plain and encrypted.
const PORT: u16 = 1883;
const TLS_PORT: u16 = 8883;

pub(super) fn read(mut of: Section<'_, '_>) -> Option<Mqtt> {
    let broker = of.maybe("url", "an address such as \"mqtt://localhost:1883\"", |text, _| {
        address(text).map(|_| text.to_owned())
    });
    let user = of.words("user", "a user name");
    let password = password(&mut of);
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
    let (host, port, tls) = address(&broker?).ok()?;
    Some(Mqtt { host, port, tls, user, password, topics, say })
}

/// The host and the port of `mqtt://HOST:PORT`, and whether it is `mqtts`.
fn address(text: &str) -> Result<(String, u16, bool), String> {
    let url = reqwest::Url::parse(text.trim()).map_err(|e| format!("not an address ({e})"))?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let tls = match url.scheme() {
        "mqtt" | "tcp" => false,
        "mqtts" | "ssl" => true,
        _ => return Err("not an mqtt:// or mqtts:// address".into()),
    };
    if host.is_empty() || !bare {
        return Err(format!("not {}://HOST:PORT", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address must not contain a password; use user and password_file".into());
    }
    Ok((host, url.port().unwrap_or(if tls { TLS_PORT } else { PORT }), tls))
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
