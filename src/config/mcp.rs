//! `[mcp.NAME]`: servers of the Model Context Protocol.

use std::collections::BTreeMap;

use super::Origin;
use super::section::{Section, web_address};

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct McpServer {
    /// The program and its arguments; empty for a server with an address.
    pub command: Vec<String>,
    /// Its address; `None` for a program.
    pub url: Option<String>,
    /// Variables for the program. `${NAME}` stands for one of ours, here and in headers.
    pub env: BTreeMap<String, String>,
    /// Headers for the address.
    pub headers: BTreeMap<String, String>,
    /// How long a call may take, in seconds; 1..=600.
    pub timeout_s: u32,
    /// Whether it is used.
    pub enabled: bool,
}

pub(super) fn read(mut of: Section<'_, '_>) -> BTreeMap<String, McpServer> {
    let mut all = BTreeMap::new();
    for name in of.names() {
        if !is_name(&name) {
            let next = "use letters, digits, - and _".to_owned();
            let at = of.place(&name).unwrap_or(Origin::Default);
            of.wrong(&at, &format!("{name:?}"), ("not a server's name".into(), next));
        }
        let server = server(of.section(&name));
        all.insert(name, server);
    }
    of.end();
    all
}

/// Whether `name` can name a server.
pub fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !name.is_empty() && name.chars().all(fits)
}

fn server(mut of: Section<'_, '_>) -> McpServer {
    let command =
        of.list("command", "a program and its arguments", Vec::new(), |text| Ok(text.to_owned()));
    let url = of.maybe("url", "an address such as \"http://127.0.0.1:3000/mcp\"", |text, _| {
        web_address(text)
    });
    let (env, headers) = (texts(of.section("env")), texts(of.section("headers")));
    let timeout_s = of.whole("timeout_s", 1..=600, "seconds", 30);
    let enabled = of.flag("enabled", true);
    let clean = of.clean("command") && of.clean("url");
    if command.is_empty() == url.is_none() && clean {
        let what = if url.is_some() { "url is set too" } else { "it is missing, and so is url" };
        let next = "write command = [\"PROGRAM\", \"ARGUMENT\"] or url = \"http://...\"".to_owned();
        let at = of.at();
        of.wrong(&at, "command", (what.into(), next));
    }
    of.end();
    McpServer { command, url, env, headers, timeout_s, enabled }
}

/// A table of texts.
fn texts(mut of: Section<'_, '_>) -> BTreeMap<String, String> {
    let texts = of
        .names()
        .into_iter()
        .filter_map(|name| {
            let text = of.maybe(&name, "text", |text, _| Ok(text.to_owned()))?;
            Some((name, text))
        })
        .collect();
    of.end();
    texts
}
