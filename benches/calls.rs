//! What aloud adds to a tool call: from the call as a model made it to its tool, in a whole turn of a
//! chat model and in one about the weather, and to the answer of an MCP server.
//!
//! ```text
//! cargo bench --bench calls [-- COMMAND ARGUMENTS...]
//! ```
//!
//! `COMMAND` starts an MCP server with a tool `echo` that takes a `message`; `scripts/calls` gives
//! server-everything. Its own time is taken by the same requests without aloud.
//! Goal: 2 ms to the tool, 20 ms over the delays of the weather's services, 3 ms over the server's own
//! time.

#![expect(clippy::print_stdout, reason = "a bench speaks to its reader")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on fails")]

#[path = "../tests/provider/contract.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod contract;
#[path = "../tests/provider/reply.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod reply;
#[path = "../tests/provider/server.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod server;
#[path = "../tests/provider/tools.rs"]
#[allow(clippy::disallowed_methods, dead_code, reason = "the tests use it")]
mod tools;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aloud::base::{CallId, Clock, Epoch, LocalZone, Moment, Volume, WallClock};
use aloud::dialog::{Call, Effect};
use aloud::drive::{Driver, Parts, Question};
use aloud::engine::local::Templates;
use aloud::engine::openai::{
    Address, Auth, ChatModel, ChatSettings, Http, TranscriptionModel, TranscriptionSettings,
};
use aloud::engine::{Cascade, Engines, Notes, Responder};
use aloud::tool::mcp::{Link, Server, Servers};
use aloud::tool::permission::{Permissions, Ruling};
use aloud::tool::{
    BaseUrl, Book, Pad, Registry, Ringer, Settings, ToolCx, ToolOutput, arguments, builtin,
    function,
};
use anyhow::{Context, bail};
use serde_json::{Value, json};

const CALLS: usize = 500;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let command: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    println!("to a tool           {}", row(to_a_tool().await?));
    println!("last token to tool  {}", row(from_the_last_token().await));
    println!("weather over delays {}", row(weather().await));
    if command.is_empty() {
        return Ok(());
    }
    let own = by_itself(&command)?;
    let ours = through_aloud(&command).await?;
    println!("an MCP server alone {}", row(own.clone()));
    println!("through aloud       {}", row(ours.clone()));
    let more = median(&ours).saturating_sub(median(&own));
    println!("aloud adds          {:.2} ms at the median", more.as_secs_f64() * 1e3);
    Ok(())
}

/// From a call to the first line of its tool: permission, schema, and the registry.
async fn to_a_tool() -> anyhow::Result<Vec<Duration>> {
    let begun = Arc::new(Mutex::new(None));
    let parameters = arguments(&["message"], json!({"message": {"type": "string"}}));
    let note = Arc::clone(&begun);
    let tool = function("note", "Notes.", Effect::Writes, parameters, move |_: Value, _| {
        if let Ok(mut begun) = note.lock() {
            *begun = Some(now());
        }
        async { Ok(ToolOutput::new(json!({}), "")) }
    });
    let tools = Registry::new([tool]);
    let mut permissions = Permissions::default();
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let start = now();
        let (call, cx) = call("note");
        if permissions.rule(&tools, Epoch(1), &call, &cx) != Ruling::Run {
            bail!("it does not run");
        }
        tools.call(&call, cx).await;
        let at = begun.lock().ok().and_then(|begun| *begun).context("it was not called")?;
        times.push(at - start);
    }
    Ok(times)
}

/// A driver that answers one typed question without a sound.
fn driver(chat: Arc<dyn Responder>, tools: Registry, text: &str) -> Driver {
    let path = aloud::audio::path(Volume::new(100));
    let address = Address::v1("http://127.0.0.1:9/v1").unwrap();
    let http = Http::new("none", address, Auth::None, WAIT).unwrap();
    let ear = TranscriptionModel::new(http, "none", TranscriptionSettings::default());
    let engines = Engines { transcribe: Arc::new(ear), chat, speak: None };
    Driver::new(Parts {
        clock: Clock::start(),
        tongue: aloud::tool::Tongue::default(),
        setup: aloud::turn::Setup::default(),
        partner: Box::new(Cascade::new(engines, None)),
        instructions: "Answer.".into(),
        tools,
        permissions: Permissions::default(),
        book: None,
        volume: Volume::new(100),
        feed: path.feed,
        shared: path.shared,
        ear: None,
        early: None,
        turn_ends: None,
        words: Vec::new(),
        personas: std::collections::BTreeMap::new(),
        sound: None,
        rest: None,
        question: Some(Question::Text { text: text.to_owned(), pictures: Vec::new() }),
        record: None,
        spending: aloud::engine::Meter::default(),
        meter: false,
        earcons: false,
    })
}

/// From the last token of a chat model's answer, on the wire, to the first line of the tool.
async fn from_the_last_token() -> Vec<Duration> {
    let sent = Arc::new(Mutex::new(now()));
    let marked = Arc::clone(&sent);
    let server = server::Server::answering(move |request| {
        let told = request.json()["messages"].to_string().contains("\"role\":\"tool\"");
        if told {
            return reply::Reply::says("Done.");
        }
        let marked = Arc::clone(&marked);
        let function = json!({"name": "note", "arguments": "{\"message\": \"good evening\"}"});
        let call = json!({"index": 0, "id": "a", "type": "function", "function": function});
        reply::Reply::stream()
            .event(&reply::delta(&json!({"tool_calls": [call]})))
            .act(move || *marked.lock().unwrap() = now())
            .stop("tool_calls")
            .done()
    });
    let base = server.base();
    let http = Http::new("bench", Address::v1(&base).unwrap(), Auth::None, WAIT).unwrap();
    let (notes, _told) = Notes::new();
    let chat = Arc::new(ChatModel::new(http, "a-model", ChatSettings::default(), notes));
    let begun = Arc::new(Mutex::new(now()));
    let mut times = Vec::new();
    for turn in 0..=TURNS {
        let note = Arc::clone(&begun);
        let parameters = arguments(&["message"], json!({"message": {"type": "string"}}));
        let tool = function("note", "Notes.", Effect::Writes, parameters, move |_: Value, _| {
            *note.lock().unwrap() = now();
            async { Ok(ToolOutput::new(json!({}), "")) }
        });
        let chat = Arc::clone(&chat) as Arc<dyn Responder>;
        let done = driver(chat, Registry::new([tool]), "note that").run().await;
        assert!(done.troubles.is_empty(), "{:?}", done.troubles);
        // The first opens the connection.
        if turn > 0 {
            times.push(*begun.lock().unwrap() - *sent.lock().unwrap());
        }
    }
    times
}

/// What a whole turn about the weather takes besides the delays of its two services.
async fn weather() -> Vec<Duration> {
    let server = server::Server::answering(|request| {
        let body = if request.path().starts_with("/v1/search") { PLACE } else { FORECAST };
        let body: Value = serde_json::from_str(body).unwrap();
        std::thread::park_timeout(DELAY);
        reply::Reply::json(&body)
    });
    let base = server.base();
    let base = base.trim_end_matches("/v1");
    // The tests check requests against the contract of providers; here the server stays to the end.
    std::mem::forget(server);
    let mut times = Vec::new();
    for turn in 0..=TURNS {
        let folder =
            std::env::temp_dir().join(format!("aloud-bench-{}-{turn}", std::process::id()));
        let zone = LocalZone::fixed(jiff::tz::TimeZone::UTC);
        let book = Book::in_memory(WallClock::System, zone);
        let pad = Pad::new(folder);
        let mut settings = Settings::new(book, Ringer::Nobody, Volume::new(50), pad);
        settings.weather.base_url = BaseUrl::parse(base).unwrap();
        settings.weather.geocoding_url = BaseUrl::parse(base).unwrap();
        let tools = builtin(settings);
        let driver = driver(Arc::new(Templates::default()), tools, "what's the weather in Paris");
        let start = now();
        let done = driver.run().await;
        let took = now() - start;
        let said = done.history.last_said().unwrap_or_default().to_owned();
        assert!(said.contains("21 degrees"), "{said}");
        if turn > 0 {
            times.push(took.saturating_sub(DELAY * 2));
        }
    }
    times
}

/// The delay of each of the weather's services.
const DELAY: Duration = Duration::from_millis(50);

/// How long an answer is waited for.
const WAIT: Duration = Duration::from_secs(5);

/// Turns measured, after one that opens the connections.
const TURNS: usize = 100;

async fn through_aloud(command: &[String]) -> anyhow::Result<Vec<Duration>> {
    let shared = std::env::vars().collect();
    let link = Link::Program { command: command.to_vec(), shared, env: Default::default() };
    let server = Server { name: "bench".into(), link, patience: Duration::from_secs(30) };
    let servers = Servers::start(vec![server], Vec::new(), |note| println!("{note}"));
    let tools = Registry::new([]).with_live(servers.shelf(), |_| true);
    servers.ready(Duration::from_secs(60)).await;
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let start = now();
        let (call, cx) = call("echo");
        if !tools.call(&call, cx).await.outcome.ok {
            bail!("the server has no echo");
        }
        times.push(start.elapsed());
    }
    Ok(times)
}

/// The same calls as lines of JSON.
fn by_itself(command: &[String]) -> anyhow::Result<Vec<Duration>> {
    let [program, rest @ ..] = command else { bail!("no command") };
    let mut child = Command::new(program)
        .args(rest)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut to = child.stdin.take().context("no input")?;
    let mut from = BufReader::new(child.stdout.take().context("no output")?);
    let mut ask = |id: usize, method: &str, params: Value| -> anyhow::Result<()> {
        writeln!(
            to,
            "{}",
            json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
        )?;
        loop {
            let mut line = String::new();
            if from.read_line(&mut line)? == 0 {
                bail!("the server has ended");
            }
            let answer: Value = serde_json::from_str(&line)?;
            if answer["id"] == id {
                return Ok(());
            }
        }
    };
    let about = json!({"name": "bench", "version": "1"});
    let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": about});
    ask(0, "initialize", hello)?;
    let mut times = Vec::new();
    for id in 1..=CALLS {
        let start = now();
        ask(id, "tools/call", json!({"name": "echo", "arguments": {"message": "good evening"}}))?;
        times.push(start.elapsed());
    }
    child.kill()?;
    child.wait()?;
    Ok(times)
}

fn call(name: &str) -> (Call, ToolCx) {
    let arguments = r#"{"message": "good evening"}"#.to_owned();
    let call = Call { id: CallId("bench".into()), name: name.into(), arguments };
    (call, ToolCx { now: Moment::ZERO, ..ToolCx::default() })
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn now() -> Instant {
    Instant::now()
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn row(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at =
        |part: usize| times.get(times.len() * part / 100).map_or(0.0, |t| t.as_secs_f64() * 1e3);
    format!("{:.3} ms at the median, {:.3} ms at p95 of {} calls", at(50), at(95), times.len())
}

/// Answers in Open-Meteo's format.
const PLACE: &str = include_str!("../tests/data/weather/place.json");
const FORECAST: &str = include_str!("../tests/data/weather/forecast.json");
