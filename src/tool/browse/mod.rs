//! The web: a page as text, and a search by SearXNG (<https://docs.searxng.org/dev/search_api.html>).
//!
//! **Invariant:** no page is fetched from this machine, its network or any other that is not on the
//! public internet, unless the user allows it (`guard`).
//! **Invariant:** what a page says never acts: the results are words of others.

mod guard;

use std::sync::{Arc, OnceLock};

use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::json;

use super::disk::aside;
use super::web::{self, Web, WebError};
use super::{BaseUrl, Settings, Tool, ToolError, ToolOutput, arguments, function};
use crate::dialog::Effect;
use crate::net::{self, TlsFault};

/// The longest page, in bytes.
const MOST: usize = 4 * 1024 * 1024;

/// How much of a page a model gets, in characters: some 2,000 tokens.
const GIVEN: usize = 8_000;

/// Characters of a line of a page; the breaks within a paragraph are no more than that.
const WIDTH: usize = 200;

/// How much is said without a model, in characters.
const SAID: usize = 300;

/// How many results of a search a model gets.
const RESULTS: usize = 6;

/// What may be fetched, and where to search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrowseSettings {
    /// Whether pages may be read.
    pub pages: bool,
    /// Also from private addresses.
    pub private: bool,
    /// The SearXNG to search with, if there is one.
    pub search: Option<BaseUrl>,
}

#[derive(Deserialize)]
struct Read {
    url: String,
}

#[derive(Deserialize)]
struct Search {
    query: String,
}

#[derive(Deserialize)]
struct Found {
    results: Vec<Hit>,
}

#[derive(Deserialize)]
struct Hit {
    #[serde(default)]
    title: String,
    url: String,
    #[serde(default)]
    content: String,
}

/// `read_page` and `web_search`, as far as they are configured.
pub(crate) fn tools(settings: &Settings) -> Vec<Arc<dyn Tool>> {
    let BrowseSettings { pages, private, search } = settings.browse.clone();
    let read = pages.then(|| {
        let client = Arc::new(OnceLock::new());
        function::foreign(function(
            "read_page",
            "Reads a page of the web as text. Give its address.",
            Effect::Reads,
            arguments(
                &["url"],
                json!({"url": {
                    "type": "string", "maxLength": 2000,
                    "description": "The address: https://example.org/page.",
                }}),
            ),
            move |wish: Read, _| {
                let client = Arc::clone(&client);
                async move {
                    let client = client.get_or_init(|| pages_client(private));
                    match client {
                        Ok(client) => read(client, &wish.url, private).await,
                        Err(fault) => {
                            let error = WebError::Encryption(*fault);
                            Err(refused(error.tell("the web", "read_page")))
                        }
                    }
                }
            },
        ))
    });
    let search = search.map(|base| {
        let web = Arc::new(Web::default());
        function::foreign(function(
            "web_search",
            "Searches the web and returns titles, addresses and excerpts.",
            Effect::Reads,
            arguments(
                &["query"],
                json!({"query": {"type": "string", "maxLength": 300, "description": "What to search for."}}),
            ),
            move |wish: Search, _| {
                let (web, base) = (Arc::clone(&web), base.clone());
                async move { search_for(&web, &base, &wish.query).await }
            },
        ))
    });
    read.into_iter().chain(search).collect()
}

/// The client for pages. If only the public internet is allowed, it looks up names itself and uses
/// no proxy, which could fetch from anywhere.
fn pages_client(private: bool) -> Result<Client, TlsFault> {
    net::client(true, || {
        let builder = web::builder().redirect(guard::redirects(private));
        if private { builder } else { builder.dns_resolver(guard::resolver()).no_proxy() }
    })
}

async fn read(client: &Client, address: &str, private: bool) -> Result<ToolOutput, ToolError> {
    let address = address.trim();
    let whole = if address.contains("://") { address.into() } else { format!("https://{address}") };
    let url: Url =
        whole.parse().map_err(|_| refused(format!("{address} is not a web address.")))?;
    if !guard::allowed(&url, private) {
        return Err(refused(format!(
            "I may not read {address}: it is not on the public internet. The user can allow it with \
             private under tools.read_page in the configuration."
        )));
    }
    let host = url.host_str().unwrap_or_default().to_owned();
    let told = |error: WebError| {
        refused(format!("I could not read the page, because {}", error.tell(&host, "read_page")))
    };
    let (kind, body) = web::page(client.get(url.clone()), MOST).await.map_err(told)?;
    let text = match kind.as_deref() {
        Some(kind) if kind.contains("html") => {
            let plain = || html2text::config::plain_no_decorate();
            let text = aside(move || plain().string_from_read(body.as_slice(), WIDTH)).await?;
            text.map_err(|_| told(WebError::Nonsense))?
        }
        Some(kind)
            if kind.starts_with("text/") || kind.contains("json") || kind.contains("xml") =>
        {
            String::from_utf8_lossy(&body).into_owned()
        }
        Some(kind) => return Err(refused(format!("{address} is no text but {kind}."))),
        None => String::from_utf8_lossy(&body).into_owned(),
    };
    let text = squeezed(&text);
    if text.is_empty() {
        return Err(refused(format!("There is no text on {address}.")));
    }
    let cut = text.chars().count() > GIVEN;
    let say: String = text.chars().take(SAID).collect();
    let text: String = text.chars().take(GIVEN).collect();
    Ok(ToolOutput::new(json!({"url": url.as_str(), "text": text, "cut": cut}), say))
}

async fn search_for(web: &Web, base: &BaseUrl, query: &str) -> Result<ToolOutput, ToolError> {
    let parameters = [("q", query.trim().to_owned()), ("format", "json".to_owned())];
    let found: Found = web.json(base, "/search", &parameters).await.map_err(|error| {
        let text = error.tell("the search", "web_search");
        refused(format!("I could not search, because {text}"))
    })?;
    let hits: Vec<_> = found
        .results
        .iter()
        .take(RESULTS)
        .map(|hit| json!({"title": squeezed(&hit.title), "url": hit.url, "excerpt": squeezed(&hit.content)}))
        .collect();
    let say = match found.results.first() {
        None => format!("I found nothing about {}.", query.trim()),
        Some(hit) => {
            let excerpt: String = squeezed(&hit.content).chars().take(SAID).collect();
            let from = hit.url.parse::<Url>().ok();
            let from = from.as_ref().and_then(Url::host_str).unwrap_or("a page");
            format!("According to {}: {excerpt}", from.trim_start_matches("www."))
        }
    };
    Ok(ToolOutput::new(json!({"results": hits}), say))
}

fn refused(text: String) -> ToolError {
    ToolError::Tell(text)
}

/// `text` without runs of blanks and of empty lines.
fn squeezed(text: &str) -> String {
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}
