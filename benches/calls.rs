//! What aloud adds to a tool call: from the call as a model made it to its tool, and to the answer of
//! an MCP server.
//!
//! ```text
//! cargo bench --bench calls [-- COMMAND ARGUMENTS...]
//! ```
//!
//! `COMMAND` starts an MCP server with a tool `echo` that takes a `message`; `scripts/calls` gives
//! server-everything. Its own time is taken by the same requests without aloud.
//! Goal: 2 ms to the tool, 3 ms over the server's own time.

#![expect(clippy::print_stdout, reason = "a bench speaks to its reader")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aloud::base::{CallId, Epoch, Moment};
use aloud::dialog::{Call, Effect};
use aloud::tool::mcp::{Link, Server, Servers};
use aloud::tool::permission::{Permissions, Ruling};
use aloud::tool::{Registry, ToolCx, ToolOutput, arguments, function};
use anyhow::{Context, bail};
use serde_json::{Value, json};

const CALLS: usize = 500;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let command: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    println!("to a tool           {}", row(to_a_tool().await?));
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
