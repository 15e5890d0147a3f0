//! Pages and searches of the web, from servers on the loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use aloud::base::{CallId, LocalZone, Moment, Volume, WallClock};
use aloud::dialog::{Call, Outcome};
use aloud::tool::{
    BaseUrl, Book, BrowseSettings, Pad, Registry, Ringer, Settings, ToolCx, builtin,
};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Answers every request with what `answer` makes of its first line: headers and body.
async fn server(answer: fn(&str) -> String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 8192];
            let length = stream.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let line = request.lines().next().unwrap_or_default();
            stream.write_all(answer(line).as_bytes()).await.unwrap();
        }
    });
    address
}

fn ok(kind: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

fn tools(browse: BrowseSettings) -> Registry {
    let folder = tempfile::tempdir().unwrap();
    let zone = LocalZone::fixed(TimeZone::UTC);
    let book = Book::open(&folder.path().join("timers.json"), WallClock::System, zone);
    let pad = Pad::new(folder.path().join("lists"));
    let mut settings = Settings::new(book, Ringer::Here, Volume::new(50), pad);
    settings.browse = browse;
    builtin(settings)
}

async fn call(tools: &Registry, name: &str, arguments: Value) -> Outcome {
    let call = Call { id: CallId("1".into()), name: name.into(), arguments: arguments.to_string() };
    let cx = ToolCx { now: Moment::ZERO, ..ToolCx::default() };
    tools.call(&call, cx).await.outcome
}

#[tokio::test]
async fn a_page_is_read_as_text_and_its_words_are_those_of_others() {
    let address = server(|line| match line {
        line if line.contains("/moved") => {
            "HTTP/1.1 302 Found\r\nLocation: /page\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".into()
        }
        line if line.contains("/picture") => ok("image/png", "png"),
        _ => ok(
            "text/html; charset=utf-8",
            "<html><head><title>Tides</title><script>steal()</script></head><body><h1>High tide</h1>\
             <p>Today at <b>noon</b>.</p></body></html>",
        ),
    })
    .await;
    let tools = tools(BrowseSettings { pages: true, private: true, search: None });
    assert!(tools.is_foreign("read_page"));
    for path in ["page", "moved"] {
        let read = call(&tools, "read_page", json!({"url": format!("{address}/{path}")})).await;
        assert!(read.ok && read.output.contains("Today at noon."), "{read:?}");
        assert!(!read.output.contains("steal"), "{read:?}");
    }
    let picture = call(&tools, "read_page", json!({"url": format!("{address}/picture")})).await;
    assert!(!picture.ok && picture.say.contains("image/png"), "{picture:?}");
}

#[tokio::test]
async fn no_page_is_read_from_this_machine_or_its_network() {
    let address = server(|_| ok("text/plain", "the router's password")).await;
    let port = address.rsplit_once(':').unwrap().1.to_owned();
    let tools = tools(BrowseSettings { pages: true, private: false, search: None });
    for url in [
        address,
        // By name, as an address hidden in a number, and as the loopback of the other protocol.
        format!("http://localhost:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        "http://169.254.169.254/latest/meta-data/".into(),
        "file:///etc/passwd".into(),
    ] {
        let read = call(&tools, "read_page", json!({"url": url})).await;
        assert!(!read.ok && !read.output.contains("password"), "{url}: {read:?}");
    }
}

#[tokio::test]
async fn a_search_brings_titles_addresses_and_excerpts() {
    let address = server(|line| {
        assert!(line.starts_with("GET /search?q=high%20tide&format=json "), "{line}");
        let hit = json!({"title": "Tides", "url": "https://www.example.org/t", "content": "High tide is at noon."});
        ok("application/json", &json!({"query": "high tide", "results": [hit]}).to_string())
    })
    .await;
    let search = Some(BaseUrl::parse(&address).unwrap());
    let tools = tools(BrowseSettings { pages: false, private: false, search });
    let found = call(&tools, "web_search", json!({"query": "high tide"})).await;
    assert_eq!(found.say, "According to example.org: High tide is at noon.");
    assert!(found.output.contains("https://www.example.org/t"), "{found:?}");
    assert!(tools.is_foreign("web_search") && tools.effect("read_page").is_none());
}
