//! The news: headlines of RSS, Atom and JSON feeds.

use std::sync::Arc;

use futures::future::join_all;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};

use super::web::{Web, WebError};
use super::zone::fold;
use super::{Settings, Tool, ToolError, ToolOutput, arguments, function};
use crate::dialog::Effect;

/// How many headlines are said, and how many a model gets.
const SAID: usize = 3;
const GIVEN: usize = 15;

/// The longest feed, in bytes.
const MOST: usize = 4 * 1024 * 1024;

#[derive(Deserialize)]
struct Arguments {
    topic: Option<String>,
}

/// One piece of news.
struct Piece {
    title: String,
    summary: String,
    url: Option<String>,
}

/// `get_news`; none without feeds.
pub(crate) fn tool(settings: &Settings) -> Option<Arc<dyn Tool>> {
    let feeds: Arc<[Url]> = settings.feeds.clone().into();
    let web = Arc::new(Web::default());
    if feeds.is_empty() {
        return None;
    }
    let topic = json!({"topic": {
        "type": "string", "maxLength": 100,
        "description": "What the news is to be about, only when said: \"football\".",
    }});
    Some(function(
        "get_news",
        "Tells the latest headlines, or those about a topic.",
        Effect::Reads,
        arguments(&[], topic),
        move |arguments: Arguments, _| news(Arc::clone(&web), Arc::clone(&feeds), arguments),
    ))
}

async fn news(
    web: Arc<Web>,
    feeds: Arc<[Url]>,
    arguments: Arguments,
) -> Result<ToolOutput, ToolError> {
    let read = join_all(feeds.iter().map(|url| read(&web, url))).await;
    let mut problem = None;
    let mut all = Vec::new();
    for (feed, url) in read.into_iter().zip(feeds.iter()) {
        match feed {
            Ok(pieces) => all.push(pieces.into_iter()),
            Err(error) => {
                tracing::warn!(?error, %url, "a feed could not be read");
                problem = Some((error, url.host_str().unwrap_or_default()));
            }
        }
    }
    if let (true, Some((error, host))) = (all.is_empty(), problem) {
        let text = error.tell(host, "news");
        return Err(ToolError::Tell(format!("I could not get the news, because {text}")));
    }
    let topic = arguments.topic.as_deref().map(str::trim).filter(|topic| !topic.is_empty());
    let words: Vec<String> =
        topic.map(fold).unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    let about = |piece: &Piece| {
        let text = format!(" {} ", fold(&format!("{} {}", piece.title, piece.summary)));
        words.iter().all(|word| text.contains(&format!(" {word}")))
    };
    // One of each feed in turn, so that no broadcaster has all the words.
    let mut pieces: Vec<Piece> = Vec::new();
    while !all.is_empty() {
        all.retain_mut(|feed| match feed.next() {
            Some(piece) => {
                let known = pieces.iter().any(|known| known.title == piece.title);
                if !known && about(&piece) {
                    pieces.push(piece);
                }
                true
            }
            None => false,
        });
    }
    if pieces.is_empty() {
        return Err(ToolError::Tell(match topic {
            Some(topic) => format!("I found no news about {topic}."),
            None => "There is no news in the feeds.".into(),
        }));
    }
    let said: Vec<String> = pieces.iter().take(SAID).map(|piece| ended(&piece.title)).collect();
    let mut say = said.join(" ");
    match pieces.len().saturating_sub(SAID) {
        0 => {}
        1 => say.push_str(" And one more."),
        more => say.push_str(&format!(" And {more} more.")),
    }
    let given: Vec<Value> = pieces
        .iter()
        .take(GIVEN)
        .map(|piece| json!({"title": piece.title, "summary": piece.summary, "url": piece.url}))
        .collect();
    Ok(ToolOutput::new(json!({"headlines": given, "found": pieces.len()}), say))
}

async fn read(web: &Web, url: &Url) -> Result<Vec<Piece>, WebError> {
    let body = web.fetch(url, MOST).await?;
    let feed = feed_rs::parser::parse(body.as_slice()).map_err(|error| {
        tracing::warn!(%error, %url, "not a feed");
        WebError::Nonsense
    })?;
    let piece = |entry: feed_rs::model::Entry| {
        let title = plain(&entry.title?.content);
        let summary = entry.summary.map(|summary| plain(&summary.content)).unwrap_or_default();
        let url = entry.links.into_iter().next().map(|link| link.href);
        (!title.is_empty()).then_some(Piece { title, summary, url })
    };
    Ok(feed.entries.into_iter().filter_map(piece).collect())
}

/// Text without tags, in single blanks, of a few hundred letters at most.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut tag = false;
    for letter in text.chars() {
        match letter {
            '<' => tag = true,
            '>' if tag => {
                tag = false;
                out.push(' ');
            }
            _ if tag => {}
            letter => out.push(letter),
        }
    }
    let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(400).collect()
}

/// `title` as a sentence.
fn ended(title: &str) -> String {
    let ends = title.ends_with(['.', '!', '?', '…', '"', '”']);
    if ends { title.to_owned() } else { format!("{title}.") }
}
