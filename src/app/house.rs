use super::App;
use super::keys::{self, Key};
use crate::config::KeySource;
use crate::tool::{
    BaseUrl, CalendarServer, CalendarSettings, CalendarSource, HouseSettings, MqttSettings,
};

/// Home Assistant, if it is configured. A token that cannot be read is reported by the tools, so that
/// everything else starts without it.
///
/// # Errors
/// What is wrong with its address.
pub(super) fn house(app: &App) -> Result<Option<HouseSettings>, String> {
    let Some(settings) = &app.config.settings.tools.home_assistant else { return Ok(None) };
    let url = BaseUrl::parse(&settings.url)?;
    let token = match (
        keys::key(&app.env, "home_assistant", Some(&settings.token)),
        &settings.token,
    ) {
        (Ok(Key::Known(token)), _) => Ok(token),
        (_, KeySource::File(path)) => Err(format!(
            "I have no token for Home Assistant: {} cannot be read or is empty. Create a long-lived \
             access token in your profile there, and put it into that file.",
            path.display()
        )),
        (_, KeySource::Env(name)) => Err(format!(
            "I have no token for Home Assistant: the variable {name} is not set. Create a long-lived \
             access token in your profile there, and put it into that variable."
        )),
        (_, KeySource::Credential(_) | KeySource::Keyring(_)) => {
            Err("I have no token for Home Assistant.".into())
        }
    };
    Ok(Some(HouseSettings { url, token }))
}

/// The broker of MQTT, if one is configured. A password that cannot be read is told by the tool.
pub(super) fn mqtt(app: &App) -> Option<MqttSettings> {
    let settings = app.config.settings.tools.mqtt.as_ref()?;
    let password = secret(app, "mqtt", settings.password.as_ref(), "the MQTT broker");
    Some(MqttSettings {
        host: settings.host.clone(),
        port: settings.port,
        tls: settings.tls,
        user: settings.user.clone(),
        password,
        topics: settings.topics.clone(),
    })
}

/// The calendars; they were checked when the configuration was read.
pub(super) fn calendars(app: &App) -> CalendarSettings {
    let tools = &app.config.settings.tools;
    let other = |text: &String| match text.parse() {
        Ok(url) if text.starts_with("http") => CalendarSource::Web(url),
        Ok(_) | Err(_) => CalendarSource::File(text.into()),
    };
    let server = tools.caldav.as_ref().and_then(|server| {
        let password = secret(app, "calendar", server.password.as_ref(), "the calendar's server");
        Some(CalendarServer { url: server.url.parse().ok()?, user: server.user.clone(), password })
    });
    CalendarSettings {
        file: Some(tools.calendar.clone()),
        server,
        others: tools.calendars.iter().map(other).collect(),
    }
}

/// The feeds of the news; they were checked when the configuration was read.
pub(super) fn feeds(app: &App) -> Vec<reqwest::Url> {
    app.config.settings.tools.feeds.iter().filter_map(|feed| feed.parse().ok()).collect()
}

/// A password of the section `tools.NAME`, or a sentence that says that it cannot be read.
fn secret(
    app: &App,
    name: &str,
    source: Option<&KeySource>,
    whose: &str,
) -> Result<Option<String>, String> {
    match keys::key(&app.env, name, source) {
        Ok(Key::None) if source.is_none() => Ok(None),
        Ok(Key::Known(password)) => Ok(Some(password)),
        Ok(Key::None | Key::Asked(_)) | Err(_) => Err(format!(
            "I have no password for {whose}. Set password_file or password_env under tools.{name} in \
             the configuration."
        )),
    }
}
