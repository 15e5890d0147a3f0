use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::{screen, start};
use crate::dialog::Effect;
use crate::tool::{Tool, ToolError, ToolOutput, arguments, function, process};

/// How long a program of the clipboard may take; the program that owns the text must answer it.
const PATIENCE: Duration = Duration::from_secs(3);

/// The most of the clipboard that is read, in bytes, and that a model gets, in characters.
const MOST: u64 = 1024 * 1024;
const GIVEN: usize = 8_000;

/// How much is said, in characters: about 25 seconds.
const SAID: usize = 350;

/// A program that reads or writes the clipboard.
struct Program {
    wayland: bool,
    paste: (&'static str, &'static [&'static str]),
    copy: (&'static str, &'static [&'static str]),
    package: &'static str,
}

/// Programs, not a library: what `wl-copy` and `xclip` put on the clipboard is still there when we
/// have ended, and neither Wayland's nor X11's protocols have to be spoken here.
const PROGRAMS: [Program; 3] = [
    Program {
        wayland: true,
        paste: ("wl-paste", &["--no-newline", "--type", "text"]),
        copy: ("wl-copy", &["--type", "text/plain;charset=utf-8"]),
        package: "wl-clipboard",
    },
    Program {
        wayland: false,
        paste: ("xclip", &["-selection", "clipboard", "-out", "-target", "UTF8_STRING"]),
        copy: ("xclip", &["-selection", "clipboard", "-in"]),
        package: "xclip",
    },
    Program {
        wayland: false,
        paste: ("xsel", &["--clipboard", "--output"]),
        copy: ("xsel", &["--clipboard", "--input"]),
        package: "xsel",
    },
];

#[derive(Deserialize)]
struct Copy {
    text: Option<String>,
}

/// `read_clipboard` and `copy_text`.
pub(super) fn tools(env: &Arc<BTreeMap<String, String>>) -> [Arc<dyn Tool>; 2] {
    let (reads, writes) = (Arc::clone(env), Arc::clone(env));
    let read = function::foreign(function(
        "read_clipboard",
        "Reads the text on the user's clipboard.",
        Effect::Reads,
        arguments(&[], json!({})),
        move |_: Map<String, Value>, _| {
            let env = Arc::clone(&reads);
            async move { read(&env).await }
        },
    ));
    let copy = function(
        "copy_text",
        "Puts a text on the user's clipboard: the one given, or else your last answer.",
        Effect::Writes,
        arguments(
            &[],
            json!({"text": {
                "type": "string", "maxLength": 100_000,
                "description": "The text; leave it out for the last answer.",
            }}),
        ),
        move |wish: Copy, cx| {
            let env = Arc::clone(&writes);
            async move {
                let (text, say) = match (wish.text, cx.last_reply) {
                    (Some(text), _) => (text, "It's on the clipboard."),
                    (None, Some(last)) => (last, "My last answer is on the clipboard."),
                    (None, None) => {
                        return Err(ToolError::Tell("I have not said anything yet.".into()));
                    }
                };
                copy(&env, &text).await?;
                Ok(ToolOutput::new(json!({"copied": text}), say))
            }
        },
    );
    [read, copy]
}

async fn read(env: &BTreeMap<String, String>) -> Result<ToolOutput, ToolError> {
    let program = program(env, |program| program.paste.0)?;
    let (name, arguments) = program.paste;
    let mut child = command(name, arguments, env)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(name, &error.to_string()))?;
    let mut bytes = Vec::new();
    let work = async {
        if let Some(out) = child.stdout.take() {
            out.take(MOST).read_to_end(&mut bytes).await?;
        }
        child.wait().await
    };
    let ended = tokio::time::timeout(PATIENCE, work).await;
    let status = ended.map_err(|_| slow())?.map_err(|error| failed(name, &error.to_string()))?;
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    // All of these programs fail when there is nothing, or nothing but a picture.
    if text.is_empty() || !status.success() {
        return Ok(ToolOutput::new(json!({"text": ""}), "There is no text on the clipboard."));
    }
    let given: String = text.chars().take(GIVEN).collect();
    let cut = given.len() < text.len();
    Ok(ToolOutput::new(json!({"text": given, "cut": cut}), shortened(&text)))
}

async fn copy(env: &BTreeMap<String, String>, text: &str) -> Result<(), ToolError> {
    let program = program(env, |program| program.copy.0)?;
    let (name, arguments) = program.copy;
    // Its output stays closed: the part of it that keeps the text would hold a pipe open.
    let mut child = command(name, arguments, env)
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| failed(name, &error.to_string()))?;
    let work = async {
        if let Some(id) = child.id() {
            // The part of it that keeps the text, which begins when it has the text, moves along.
            start::move_out(id, name, env).await;
        }
        if let Some(mut input) = child.stdin.take() {
            input.write_all(text.as_bytes()).await?;
        }
        child.wait().await
    };
    let ended = tokio::time::timeout(PATIENCE, work).await;
    let status = ended.map_err(|_| slow())?.map_err(|error| failed(name, &error.to_string()))?;
    if status.success() { Ok(()) } else { Err(failed(name, &status.to_string())) }
}

fn command(name: &str, arguments: &[&str], env: &BTreeMap<String, String>) -> Command {
    let mut command = process::desktop_command(name, env);
    command.args(arguments).kill_on_drop(true);
    command
}

/// The first installed program that fits the screen. `of` names the part that is needed.
fn program(
    env: &BTreeMap<String, String>,
    of: impl Fn(&Program) -> &'static str,
) -> Result<&'static Program, ToolError> {
    screen(env)?;
    let set = |name: &str| env.get(name).is_some_and(|value| !value.is_empty());
    let fits =
        |program: &&Program| set(if program.wayland { "WAYLAND_DISPLAY" } else { "DISPLAY" });
    let mut fitting = PROGRAMS.iter().filter(fits);
    let there = fitting.clone().find(|program| start::found(of(program), env).is_some());
    there.ok_or_else(|| {
        let package = fitting.next().map_or("xclip", |program| program.package);
        ToolError::Tell(format!(
            "I can't reach the clipboard: the program for it is missing. Install {package}."
        ))
    })
}

fn failed(name: &str, why: &str) -> ToolError {
    ToolError::Tell(format!(
        "I can't reach the clipboard: {name} failed ({why}). Try it in a terminal."
    ))
}

fn slow() -> ToolError {
    ToolError::Tell(
        "The clipboard does not answer: the program that holds the text hangs. Copy it again."
            .into(),
    )
}

/// The beginning of a long text, up to a word.
fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((end, _)) = line.char_indices().nth(SAID) else { return line };
    let head = line[..end].rsplit_once(' ').map_or(&line[..end], |(head, _)| head);
    format!("{head} ... And there is more.")
}
