//! The user's desktop: opening programs and web addresses, and the clipboard.
//!
//! ```text
//! open "the calculator" ─▶ entry::all (.desktop files) ─▶ find ─▶ start: a process group of its own
//! open "github.com"     ─▶ address ─▶ xdg-open, or the desktop portal
//! clipboard             ─▶ wl-paste, xclip or xsel
//! ```
//!
//! **Invariant:** nothing said reaches a shell: a name only selects one of the installed programs,
//! and only addresses of http and https are opened.
//! **Invariant:** a program sees the variables of a desktop, never our keys, and outlives us.
//! **Invariant:** what is on the clipboard never acts: it is words of others.
//! Deliberately absent: closing programs, and opening files.

mod address;
mod clipboard;
mod entry;
mod find;
mod start;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use zbus::connection::Builder;

use self::entry::Entry;
use self::find::Found;
use super::disk::aside;
use super::{Settings, Tool, ToolError, ToolOutput, arguments, function, say};
use crate::dialog::Effect;

/// How many programs are named when several fit.
const NAMED: usize = 3;

/// The desktop that aloud belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DesktopSettings {
    /// The environment: where programs, the screen, the bus and the user's files are.
    pub env: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Open {
    what: String,
}

/// `open`, `read_clipboard` and `copy_text`, if there is a desktop to look for.
pub(crate) fn tools(settings: &Settings) -> Vec<Arc<dyn Tool>> {
    let Some(DesktopSettings { env }) = settings.desktop.clone() else { return Vec::new() };
    let env = Arc::new(env);
    let open = function(
        "open",
        "Opens a program or a web address on the user's screen.",
        Effect::Writes,
        arguments(
            &["what"],
            json!({"what": {
                "type": "string", "minLength": 1, "maxLength": 2000,
                "description": "The name of the program, as said (\"calculator\"), or the address \
                    (\"https://example.org/page\").",
            }}),
        ),
        {
            let env = Arc::clone(&env);
            move |wish: Open, _| {
                let env = Arc::clone(&env);
                async move { open(&wish.what, &env).await }
            }
        },
    );
    [open].into_iter().chain(clipboard::tools(&env)).collect()
}

/// Whether there is a screen to show anything on.
fn screen(env: &BTreeMap<String, String>) -> Result<(), ToolError> {
    let set = |name: &str| env.get(name).is_some_and(|value| !value.is_empty());
    if set("WAYLAND_DISPLAY") || set("DISPLAY") {
        return Ok(());
    }
    Err(ToolError::Tell(
        "I see no screen: neither WAYLAND_DISPLAY nor DISPLAY is set. Start me from your desktop, or \
         run: systemctl --user import-environment WAYLAND_DISPLAY DISPLAY, then: systemctl --user \
         restart aloud."
            .into(),
    ))
}

async fn open(what: &str, env: &Arc<BTreeMap<String, String>>) -> Result<ToolOutput, ToolError> {
    screen(env)?;
    if let Some(url) = address::address(what).map_err(ToolError::Tell)? {
        return open_address(&url, env).await;
    }
    let all = Arc::clone(env);
    let (entries, defaults) =
        aside(move || (entry::all(&data(&all), &all), defaults(&all))).await?;
    let named = |some: &[&Entry]| -> Vec<String> {
        some.iter().take(NAMED).map(|entry| entry.name.clone()).collect()
    };
    let said = what.trim();
    let entry = match find::find(&entries, said, &defaults) {
        Found::One(entry) => entry,
        Found::Several(some) => {
            let names = named(&some);
            return Err(ToolError::Tell(format!(
                "{said} may be {}. Say which one to open.",
                say::list(&names)
            )));
        }
        Found::None(near) => {
            let near = match near.as_slice() {
                [] => String::new(),
                near => format!(" There is {}.", say::list(&named(near))),
            };
            return Err(ToolError::Tell(format!("I find no program called {said}.{near}")));
        }
    };
    let command = if entry.terminal { in_terminal(entry, env)? } else { entry.command.clone() };
    let started = start::start(&command, entry.folder.as_deref(), env).await;
    started.map_err(|why| {
        ToolError::Tell(format!(
            "{} does not start: {why}. Try \"{}\" in a terminal.",
            entry.name,
            command.join(" ")
        ))
    })?;
    let data = json!({"opened": entry.name, "id": entry.id});
    Ok(ToolOutput::new(data, format!("Opening {}.", entry.name)))
}

/// The command of a program that needs a terminal, in one.
fn in_terminal(entry: &Entry, env: &BTreeMap<String, String>) -> Result<Vec<String>, ToolError> {
    // The user's choice, then the desktop's, then the distribution's.
    let own = env.get("TERMINAL").map(|terminal| (terminal.as_str(), Some("-e")));
    let known = [("xdg-terminal-exec", None), ("x-terminal-emulator", Some("-e"))];
    let mut all = own.into_iter().chain(known);
    let Some((terminal, before)) = all.find(|(name, _)| start::found(name, env).is_some()) else {
        return Err(ToolError::Tell(format!(
            "{} runs in a terminal, and I know of none. Install xdg-terminal-exec, or set TERMINAL.",
            entry.name
        )));
    };
    let words = [terminal].into_iter().chain(before).map(str::to_owned);
    Ok(words.chain(entry.command.clone()).collect())
}

async fn open_address(
    url: &reqwest::Url,
    env: &BTreeMap<String, String>,
) -> Result<ToolOutput, ToolError> {
    let host = url.host_str().unwrap_or_default().trim_start_matches("www.").to_owned();
    let command = ["xdg-open".to_owned(), url.to_string()];
    let opened = if start::found("xdg-open", env).is_some() {
        start::start(&command, None, env).await
    } else {
        by_portal(url, env).await.map_err(|why| {
            tracing::debug!("the desktop portal: {why}");
            "there is neither xdg-open nor a desktop portal. Install xdg-utils".to_owned()
        })
    };
    opened.map_err(|why| ToolError::Tell(format!("I could not open {host}: {why}.")))?;
    Ok(ToolOutput::new(json!({"opened": url.as_str()}), format!("Opening {host}.")))
}

/// See <https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.OpenURI.html>.
async fn by_portal(url: &reqwest::Url, env: &BTreeMap<String, String>) -> Result<(), String> {
    let address = start::bus(env).ok_or("there is no session bus")?;
    let asked = async {
        let bus = Builder::address(address.as_str()).build().await?;
        let options: HashMap<&str, zbus::Variant<'_>> = HashMap::new();
        bus.call_method(
            Some("org.freedesktop.portal.Desktop"),
            "/org/freedesktop/portal/desktop",
            Some("org.freedesktop.portal.OpenURI"),
            "OpenURI",
            &("", url.as_str(), options),
        )
        .await
    };
    let answer = tokio::time::timeout(start::MANAGER, asked).await;
    answer.map_err(|_| "no answer".to_owned())?.map(drop).map_err(|error| error.to_string())
}

/// The folders with programs, by the XDG Base Directory Specification, and those where flatpak and
/// snap put theirs, which a service's environment often lacks.
fn data(env: &BTreeMap<String, String>) -> Vec<PathBuf> {
    let home = env.get("HOME").map(PathBuf::from);
    let own = env.get("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let own = own.or(home.as_ref().map(|home| home.join(".local/share")));
    let shared = env.get("XDG_DATA_DIRS").filter(|dirs| !dirs.is_empty());
    let shared = shared.map_or("/usr/local/share:/usr/share", String::as_str);
    let stores = ["/var/lib/flatpak/exports/share", "/var/lib/snapd/desktop"].map(PathBuf::from);
    let store = own.as_ref().map(|own| own.join("flatpak/exports/share"));
    let mut all: Vec<PathBuf> = own.into_iter().chain(std::env::split_paths(shared)).collect();
    for folder in store.into_iter().chain(stores) {
        if !all.contains(&folder) {
            all.push(folder);
        }
    }
    all
}

/// The programs that the user has chosen for pages, mail and folders, by their ids.
fn defaults(env: &BTreeMap<String, String>) -> Vec<String> {
    const KINDS: [&str; 3] =
        ["x-scheme-handler/https", "x-scheme-handler/mailto", "inode/directory"];
    let config = env.get("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = config.or(env.get("HOME").map(|home| PathBuf::from(home).join(".config")));
    let Some(text) = config.and_then(|dir| std::fs::read_to_string(dir.join("mimeapps.list")).ok())
    else {
        return Vec::new();
    };
    let lines = text.lines().map(str::trim).skip_while(|line| *line != "[Default Applications]");
    let lines = lines.skip(1).take_while(|line| !line.starts_with('['));
    let chosen = lines.filter_map(|line| line.split_once('='));
    let chosen = chosen.filter(|(kind, _)| KINDS.contains(&kind.trim()));
    let first =
        chosen.filter_map(|(_, ids)| ids.trim().split(';').next()?.strip_suffix(".desktop"));
    first.map(str::to_owned).collect()
}
