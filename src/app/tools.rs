//! The tools by the configuration: built in, of the user, and of MCP servers.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{App, StartError, house, painter};
use crate::config::{self, Environment, McpServer};
use crate::drive::Question;
use crate::engine::Notes;
use crate::tool::mcp::{Health, Link, Server, Servers};
use crate::tool::{self, Book, Registry, Ringer};

/// How long a single question waits for MCP servers to start.
const READY: Duration = Duration::from_secs(10);

/// See [`App::tools`].
pub(super) fn registry(
    app: &App,
    book: &Book,
    ringer: Ringer,
    notes: &Notes,
) -> Result<Registry, StartError> {
    let weather = &app.config.settings.tools.get_weather;
    let tools = &app.config.settings.tools;
    let pad = tool::Pad::new(tools.lists.clone());
    let mut settings = tool::Settings::new(book.clone(), ringer, app.volume.clone(), pad);
    settings.currency.base_url =
        tool::BaseUrl::parse(&tools.rates_url).map_err(StartError::Tool)?;
    settings.currency.file = Some(app.config.paths.state.join("rates.json"));
    settings.weather.base_url =
        tool::BaseUrl::parse(&weather.base_url).map_err(StartError::Tool)?;
    settings.weather.geocoding_url =
        tool::BaseUrl::parse(&weather.geocoding_url).map_err(StartError::Tool)?;
    settings.weather.air_quality_url =
        tool::BaseUrl::parse(&weather.air_quality_url).map_err(StartError::Tool)?;
    settings.weather.location.clone_from(&weather.location);
    settings.home = tool::Home::at(app.config.paths.state.join("home"));
    settings.weather.units = match weather.units {
        config::Units::Auto => tool::Units::of_locale(&app.locale),
        config::Units::Metric => tool::Units::Metric,
        config::Units::Us => tool::Units::Us,
    };
    settings.house = house::house(app).map_err(StartError::Tool)?;
    settings.mqtt = house::mqtt(app);
    settings.feeds = house::feeds(app);
    settings.calendar = house::calendars(app);
    settings.desktop = Some(tool::DesktopSettings { env: app.env.all() });
    let search = tools.search_url.as_deref().map(tool::BaseUrl::parse);
    settings.browse = tool::BrowseSettings {
        pages: true,
        private: tools.private_pages,
        search: search.transpose().map_err(StartError::Tool)?,
    };
    let pictures = tool::pictures(&painter::pictures(app, notes));
    let all = pictures.into_iter().fold(tool::builtin(settings), |all, tool| all.with(tool));
    let own = app.own();
    own.problems.iter().for_each(|problem| notes.tell(problem.clone()));
    // They come last, so that they replace tools of ours that have their names.
    let all = own.tools.iter().cloned().fold(all, |all, tool| all.with(tool));
    let all = all.only(|name| tools.allows(name));
    let Some(servers) = servers(app, &all, notes) else { return Ok(all) };
    let tools = tools.clone();
    Ok(all.with_live(servers.shelf(), move |name| tools.allows(name)))
}

/// The MCP servers, started by the first call; `None` if none is configured.
fn servers<'a>(app: &'a App, tools: &Registry, notes: &Notes) -> Option<&'a Servers> {
    let used = app.config.settings.mcp.iter().filter(|(_, server)| server.enabled);
    let used: Vec<Server> = used.map(|(name, server)| expanded(name, server, &app.env)).collect();
    if used.is_empty() {
        return None;
    }
    let taken = tools.specs().iter().map(|spec| spec.name.clone()).collect();
    let notes = notes.clone();
    Some(app.servers.get_or_init(|| Servers::start(used, taken, move |note| notes.tell(note))))
}

/// `tools` once the MCP servers are up, for a command that asks once.
pub(crate) async fn ready(app: &App, tools: Registry) -> Registry {
    if let Some(servers) = app.servers.get() {
        servers.ready(READY).await;
    }
    tools
}

/// `tools` for one question. Servers are not waited for if it is a command that the templates carry
/// out, or if nobody else is there to answer it.
pub(super) async fn for_one(
    app: &App,
    question: &Question,
    tools: Registry,
) -> Result<Registry, StartError> {
    // Without a chat model only sentences of the user's own can name a server's tool.
    let own = app.config.settings.templates.file.is_some();
    let known = match question {
        Question::Say(_) => true,
        Question::Heard(_) => app.wants_a_chat_model() && !own,
        Question::Text { text, pictures } => {
            (app.wants_a_chat_model() && !own)
                || (pictures.is_empty() && app.commands(text, tools.specs())?)
        }
    };
    Ok(if known { tools } else { ready(app, tools).await })
}

/// Starts the MCP servers and tells the state of each, after a while.
///
/// # Errors
/// As [`App::tools`].
pub(crate) async fn health(app: &App) -> Result<BTreeMap<String, Health>, StartError> {
    let (notes, _told) = Notes::new();
    ready(app, app.tools(&app.book(), Ringer::Nobody, &notes)?).await;
    Ok(app.servers.get().map(Servers::states).unwrap_or_default())
}

/// A server with the variables of the environment in place of `${NAME}`.
fn expanded(name: &str, server: &McpServer, env: &Environment) -> Server {
    let text = |text: &String| expand(text, env);
    let all = |texts: &BTreeMap<String, String>| {
        texts.iter().map(|(key, value)| (key.clone(), text(value))).collect()
    };
    let link = match &server.url {
        Some(url) => Link::Http { url: url.clone(), headers: all(&server.headers) },
        None => Link::Program {
            command: server.command.iter().map(text).collect(),
            shared: env.all(),
            env: all(&server.env),
        },
    };
    let patience = Duration::from_secs(server.timeout_s.into());
    Server { name: name.to_owned(), link, patience }
}

/// `text` with the values of variables in place of `${NAME}`, which other programs also write as
/// `${env:NAME}`; nothing for one that is not set.
fn expand(text: &str, env: &Environment) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, after)) = after.split_once('}') else { break };
        out.push_str(before);
        let name = name.strip_prefix("env:").unwrap_or(name);
        let value = env.get(name);
        if value.is_none() {
            tracing::warn!("{name} is named in [mcp] and not set in the environment");
        }
        out.push_str(value.unwrap_or_default());
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_stand_in_texts() {
        let env = Environment::from_iter([("TOKEN", "abc")]);
        assert_eq!(expand("Bearer ${TOKEN}!", &env), "Bearer abc!");
        assert_eq!(expand("${env:TOKEN}${NONE}x${", &env), "abcx${");
    }
}
