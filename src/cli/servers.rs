//! `aloud tools add` and `aloud tools import`: MCP servers for the configuration file.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::exit::{Code, Failure};
use super::{Outcome, print};
use crate::app::App;
use crate::config::{self, Environment};

/// The customary file of other programs; VS Code calls the servers `servers`.
#[derive(Deserialize)]
struct Customary {
    #[serde(rename = "mcpServers", alias = "servers")]
    servers: BTreeMap<String, serde_json::Value>,
}

/// A server in it.
#[derive(Deserialize)]
struct Entry {
    command: Option<String>,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(alias = "serverUrl", alias = "httpUrl")]
    url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(rename = "type", alias = "transport")]
    kind: Option<String>,
    #[serde(default)]
    disabled: bool,
}

/// Adds one server.
pub(super) fn add(
    file: Option<&Path>,
    env: &Environment,
    name: String,
    what: Vec<String>,
) -> Outcome {
    let app = App::open(file, env)?;
    if !config::is_server_name(&name) {
        let what = format!("\"{name}\" is not a name; use letters, digits, - and _");
        return Err(Failure::new(Code::Usage, what));
    }
    if app.config.settings.mcp.contains_key(&name) {
        let what =
            format!("there is a server {name} already; choose another name, or edit [mcp.{name}]");
        return Err(Failure::new(Code::Usage, what));
    }
    let table = match &what[..] {
        [url] if url.starts_with("http://") || url.starts_with("https://") => {
            format!("url = {}\n", text(url))
        }
        command => format!("command = {}\n", list(command)),
    };
    let path = place(&app, file, env);
    append(&path, &format!("\n[mcp.{name}]\n{table}"))?;
    print::line(format!("{name} is in {}; \"aloud tools list\" shows its tools", path.display()))?;
    restart()
}

/// Takes over the servers of another program's file.
pub(super) fn import(file: Option<&Path>, env: &Environment, from: &Path) -> Outcome {
    let app = App::open(file, env)?;
    let shown = from.display();
    let json = read(from).map_err(|error| {
        let code = if error.kind() == io::ErrorKind::NotFound { Code::NoInput } else { Code::Io };
        Failure::new(code, format!("cannot read {shown}: {error}"))
    })?;
    let customary: Customary = serde_json::from_str(&json).map_err(|error| {
        let what = format!("{shown} is no list of MCP servers ({error}); it needs \"mcpServers\"");
        Failure::new(Code::Data, what)
    })?;
    let mut tables = String::new();
    let mut taken: Vec<String> = app.config.settings.mcp.keys().cloned().collect();
    let mut imported = 0;
    for (given, entry) in customary.servers {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let name: String = given.chars().map(|c| if fits(c) { c } else { '-' }).collect();
        let entry: Entry = match serde_json::from_value(entry) {
            Ok(entry) => entry,
            Err(error) => {
                print::trouble(&format!("{given} is skipped: {error}"));
                continue;
            }
        };
        let why = if !config::is_server_name(&name) {
            Some("it has no name")
        } else if taken.contains(&name) {
            Some("there is one of that name already")
        } else if entry.kind.as_deref() == Some("sse") {
            Some("the old SSE transport is not supported; use its streamable HTTP address")
        } else if entry.command.is_none() && entry.url.is_none() {
            Some("it has neither a command nor a url")
        } else {
            None
        };
        if let Some(why) = why {
            print::trouble(&format!("{given} is skipped: {why}"));
            continue;
        }
        tables.push_str(&table(&name, &entry));
        print::line(format!("{name}: imported"))?;
        taken.push(name);
        imported += 1;
    }
    if imported == 0 {
        return Err(Failure::new(Code::Data, format!("{shown} has no server to import")));
    }
    let path = place(&app, file, env);
    append(&path, &tables)?;
    print::line(format!("they are in {}; \"aloud tools list\" shows their tools", path.display()))?;
    restart()
}

/// A server as a table of the configuration.
fn table(name: &str, entry: &Entry) -> String {
    let mut table = format!("\n[mcp.{name}]\n");
    match (&entry.command, &entry.url) {
        (Some(command), _) => {
            let all: Vec<String> = [command].into_iter().chain(&entry.args).cloned().collect();
            table += &format!("command = {}\n", list(&all));
        }
        (None, url) => table += &format!("url = {}\n", text(url.as_deref().unwrap_or_default())),
    }
    for (key, texts) in [("env", &entry.env), ("headers", &entry.headers)] {
        if !texts.is_empty() {
            let pairs =
                texts.iter().map(|(name, value)| format!("{} = {}", text(name), text(value)));
            table += &format!("{key} = {{ {} }}\n", pairs.collect::<Vec<_>>().join(", "));
        }
    }
    if entry.disabled {
        table += "enabled = false\n";
    }
    table
}

/// A text as TOML writes it.
fn text(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|one| text(one)).collect();
    format!("[{}]", texts.join(", "))
}

/// The configuration file in use, which may not exist yet.
fn place(app: &App, file: Option<&Path>, env: &Environment) -> PathBuf {
    let named = file.map(Path::to_owned).or_else(|| env.os("ALOUD_CONFIG").map(Into::into));
    named.unwrap_or_else(|| app.config.paths.config.clone())
}

fn read(from: &Path) -> io::Result<String> {
    if from == Path::new("-") {
        let mut all = String::new();
        io::stdin().read_to_string(&mut all)?;
        return Ok(all);
    }
    fs::read_to_string(from)
}

/// Appends to the file; comments and everything else in it stay as they are.
fn append(path: &Path, tables: &str) -> Result<(), Failure> {
    let write = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let before = fs::read_to_string(path).unwrap_or_default();
        let gap = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(format!("{gap}{tables}").as_bytes())
    };
    write().map_err(|error: io::Error| {
        Failure::new(Code::CannotCreate, format!("cannot write {}: {error}", path.display()))
    })
}

/// What a running service needs.
fn restart() -> Outcome {
    print::aside("a running service sees it after a restart");
    Ok(())
}
