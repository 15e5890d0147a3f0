use super::App;
use super::keys::{self, Key};
use crate::config::KeySource;
use crate::tool::{BaseUrl, CalendarSettings, CalendarSource, HouseSettings, MqttSettings};

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
    let password = match keys::key(&app.env, "mqtt", settings.password.as_ref()) {
        Ok(Key::None) if settings.password.is_none() => Ok(None),
        Ok(Key::Known(password)) => Ok(Some(password)),
        Ok(Key::None | Key::Asked(_)) | Err(_) => {
            Err("I have no password for the MQTT broker. Set \
            password_file or password_env under tools.mqtt in the configuration."
                .to_owned())
        }
    };
    Some(MqttSettings {
        host: settings.host.clone(),
        port: settings.port,
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
    CalendarSettings {
        file: Some(tools.calendar.clone()),
        others: tools.calendars.iter().map(other).collect(),
    }
}

/// The feeds of the news; they were checked when the configuration was read.
pub(super) fn feeds(app: &App) -> Vec<reqwest::Url> {
    app.config.settings.tools.feeds.iter().filter_map(|feed| feed.parse().ok()).collect()
}
