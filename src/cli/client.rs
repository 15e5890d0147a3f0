use std::time::Duration;

use super::exit::{Code, Failure};
use super::{Outcome, print};
use crate::config::{Environment, Paths};
use crate::control::{Client, ClientError};
use crate::drive::Request;

/// How long the service may take to end.
const GOODBYE: Duration = Duration::from_secs(3);

async fn connect(env: &Environment) -> Result<Client, Failure> {
    Ok(Client::connect(&Paths::of(env).socket()).await?)
}

/// Sends a request to the running service.
pub(super) async fn ask(env: &Environment, request: Request) -> Outcome {
    Ok(connect(env).await?.ask(request).await?)
}

/// Has the running service reload its configuration.
pub(super) async fn reload(env: &Environment) -> Outcome {
    Ok(connect(env).await?.reload().await?)
}

/// Stops the running service, and waits until it has ended.
pub(super) async fn quit(env: &Environment) -> Outcome {
    let mut client = connect(env).await?;
    client.ask(Request::Quit).await?;
    let ended = async {
        // The socket closes with the process.
        while matches!(client.event().await, Ok(Some(_))) {}
    };
    tokio::time::timeout(GOODBYE, ended).await.map_err(|_| {
        Failure::new(
            Code::TryAgain,
            "the service is still shutting down; check with \"aloud status\"",
        )
    })
}

/// Shows the state of the running service.
pub(super) async fn status(env: &Environment, json: bool) -> Outcome {
    let status = connect(env).await?.status().await?;
    if json {
        return print::json(&status);
    }
    print::table(&rows(&status))
}

/// Why the service last did what people wonder about.
pub(super) async fn why(env: &Environment, json: bool) -> Outcome {
    let status = connect(env).await?.status().await?;
    let why = &status["why"];
    if json {
        return print::json(why);
    }
    let kinds = [
        ("woke", "woke"),
        ("took you for done", "ended"),
        ("cut a reply", "cut"),
        ("gave no answer", "silent"),
    ];
    let mut rows = Vec::new();
    for (what, key) in kinds {
        let Some(reason) = why[key]["why"].as_str() else { continue };
        let at = why[key]["at"].as_str().and_then(|at| at.parse::<jiff::Timestamp>().ok());
        let at = at.map_or_else(String::new, |at| {
            at.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S").to_string()
        });
        rows.push(vec![at, what.to_owned(), reason.to_owned()]);
    }
    if rows.is_empty() {
        return print::line("Nothing to explain yet.");
    }
    print::table(&rows)
}

/// The state for a person: what it is doing, with what, and what is wrong.
fn rows(status: &serde_json::Value) -> Vec<Vec<String>> {
    let text = |key: &str| status[key].as_str().map(str::to_owned);
    let count = |key: &str| status[key].as_u64().unwrap_or(0);
    let mode = match status["mode"].as_str() {
        Some("open") => "hands-free",
        Some("wake") => "wake word",
        _ => "push-to-talk",
    };
    let muted = status["muted"].as_bool() == Some(true);
    let microphone = match text("input") {
        Some(input) if muted => format!("{input} (muted)"),
        Some(input) => input,
        // Nothing records: its device is not open.
        None if muted => "muted; the device is closed".to_owned(),
        None => "none found; run \"aloud devices\"".to_owned(),
    };
    let output = text("output").unwrap_or_else(|| "none found; run \"aloud devices\"".to_owned());
    let mut rows = vec![
        ("now", doing(status)),
        ("mode", mode.to_owned()),
        ("microphone", microphone),
        ("speaker", format!("{output}, volume {} %", count("volume"))),
        (
            "timers",
            match count("timers") {
                0 => "none".to_owned(),
                n => format!("{n} set; see \"aloud timers\""),
            },
        ),
        ("turns", count("turns").to_string()),
    ];
    let lost = count("lost_samples");
    if lost > 0 {
        rows.push(("lost sound", format!("{:.1} s of microphone", lost as f64 / 48_000.0)));
    }
    if let Some(trouble) = text("trouble") {
        rows.push(("problem", trouble));
    }
    rows.push((
        "version",
        format!("{} (process {})", text("version").unwrap_or_default(), count("pid")),
    ));
    rows.into_iter().map(|(key, value)| vec![key.to_owned(), value]).collect()
}

/// What it is doing right now, in a word or two; what rings is named.
fn doing(status: &serde_json::Value) -> String {
    let text = match status["state"].as_str() {
        Some("ringing") => {
            let names: Vec<&str> = status["ringing"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|n| n.as_str())
                .collect();
            return format!("ringing: {}; \"aloud stop\" or \"aloud snooze\"", names.join(", "));
        }
        Some("ready") if status["ear"].as_str() == Some("open") => "waiting for you to speak",
        Some("ready") | None => "idle",
        Some(other) => other,
    };
    text.to_owned()
}

/// Prints the events of the running service, until it ends or the reader is gone.
pub(super) async fn events(env: &Environment) -> Outcome {
    let mut client = connect(env).await?;
    print::line(client.watch().await?)?;
    while let Some(line) = client.event().await? {
        print::line(line)?;
    }
    Ok(())
}

/// Speaks through the running service; `false` if none is running.
pub(super) async fn say(env: &Environment, text: &str) -> Result<bool, Failure> {
    match Client::reach(&Paths::of(env).socket()).await {
        Ok(mut client) => {
            client.ask(Request::Say { text: text.to_owned() }).await?;
            Ok(true)
        }
        Err(ClientError::Absent(_) | ClientError::Silent(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_rings_is_the_first_thing_that_status_tells() {
        let ringing = json!({"state": "ringing", "ringing": ["pasta timer"], "mouth": "speaking"});
        assert_eq!(
            rows(&ringing)[0],
            ["now", "ringing: pasta timer; \"aloud stop\" or \"aloud snooze\""]
        );
        assert_eq!(
            rows(&json!({"state": "ready", "ear": "open"}))[0][1],
            "waiting for you to speak"
        );
        assert_eq!(rows(&json!({"state": "ready", "ear": "shut"}))[0][1], "idle");
        assert_eq!(rows(&json!({"state": "thinking", "ear": "shut"}))[0][1], "thinking");
    }
}
