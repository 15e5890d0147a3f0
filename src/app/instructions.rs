//! A chat model's instructions: who it is, how it speaks, and what it knows.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::StartError;
use crate::base::Epoch;
use crate::config::Context;
use crate::dialog::{Item, Picture};

/// Who aloud is, unless the configuration says otherwise.
const PERSONA: &str = "You are aloud, a voice assistant.";

/// How it speaks, and when it uses tools.
const MANNER: &str = "Your words are spoken: answer in one to three short plain sentences, \
    without lists, markdown, links or emoji. Use the tools for the time, dates, weather, timers, \
    alarms, units, sums and the volume; never guess what a tool can tell. When you did not \
    understand, ask briefly.";

/// The largest context file, in bytes: about 60,000 tokens, as much as is useful in a conversation.
const LARGEST: u64 = 256 * 1024;

/// The contents of the configured context.
#[derive(Debug)]
pub(super) struct Told {
    /// Who aloud is, how it speaks, and what it knows.
    pub(super) instructions: Arc<str>,
    /// The same without who it is, for a persona of its own.
    rest: String,
    /// Earlier messages.
    pub(super) messages: Vec<Item>,
}

/// Reads a context.
///
/// # Errors
/// [`StartError::Context`] when a file cannot be read, is not text or is too long.
pub(super) fn read_all(context: &Context) -> Result<Told, StartError> {
    let persona = context.persona.as_deref().unwrap_or(PERSONA);
    let mut text = MANNER.to_owned();
    if !context.facts.is_empty() {
        text.push_str("\n\nWhat you know:");
        for fact in &context.facts {
            text.push_str(&format!("\n- {}", fact.trim()));
        }
    }
    let mut messages = Vec::new();
    for file in &context.files {
        let (name, words) = read(file)?;
        match conversation(&words) {
            Some(said) => {
                for (at, message) in said.iter().enumerate() {
                    let odd = |why: &str| StartError::Context {
                        missing: false,
                        message: format!("{name}: message {}: {why}", at + 1),
                    };
                    take(message, &mut text, &mut messages).map_err(|why| odd(&why))?;
                }
            }
            None => text.push_str(&format!("\n\nFrom {name}:\n{}", words.trim())),
        }
    }
    Ok(Told { instructions: format!("{persona} {text}").into(), rest: text, messages })
}

impl Told {
    /// The instructions for `persona` instead of the configured one.
    pub(super) fn spoken_by(&self, persona: &str) -> Arc<str> {
        format!("{persona} {}", self.rest).into()
    }
}

/// `instructions` with the earlier messages, for a model that takes no conversation.
pub(super) fn with_before(instructions: &str, before: &[Item]) -> Arc<str> {
    let mut text = format!("{instructions}\n\nWhat was said before:");
    for item in before {
        match item {
            Item::User { text: words, .. } => text.push_str(&format!("\nUser: {words}")),
            Item::Reply { text: words, .. } | Item::Notice { text: words } => {
                text.push_str(&format!("\nYou: {words}"));
            }
            Item::Call { .. } | Item::Outcome(_) | Item::Picture(_) => {}
        }
    }
    text.into()
}

/// The messages of a file that contains a conversation: an array of objects with roles, bare or as
/// the `messages` of a request.
fn conversation(text: &str) -> Option<Vec<Value>> {
    let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    let list = value.as_array().or_else(|| value["messages"].as_array())?;
    let all = !list.is_empty() && list.iter().all(|message| message["role"].is_string());
    all.then(|| list.clone())
}

/// Adds one message, to the instructions or as an item.
fn take(message: &Value, instructions: &mut String, items: &mut Vec<Item>) -> Result<(), String> {
    let content = &message["content"];
    let mut words: Vec<&str> = content.as_str().into_iter().collect();
    let mut pictures = Vec::new();
    for part in content.as_array().into_iter().flatten() {
        words.extend(part["text"].as_str());
        let address = &part["image_url"];
        pictures.extend(address["url"].as_str().or_else(|| address.as_str()));
    }
    let text = words.join("\n").trim().to_owned();
    if text.is_empty() && pictures.is_empty() {
        return Err("it has no content; write \"content\": \"TEXT\"".to_owned());
    }
    match message["role"].as_str().unwrap_or_default() {
        "system" | "developer" => instructions.push_str(&format!("\n\n{text}")),
        "user" => {
            let pictures = pictures.into_iter().map(|url| Picture::from(url.to_owned()));
            items.extend(pictures.map(Item::Picture));
            items.push(Item::User { utterance: None, text });
        }
        "assistant" => items.push(Item::Reply { epoch: Epoch::NONE, text, interrupted: false }),
        other => {
            return Err(format!(
                "the role \"{other}\" is unknown; write system, developer, user or assistant"
            ));
        }
    }
    Ok(())
}

/// The name and the text of a file; `-` is standard input.
fn read(file: &PathBuf) -> Result<(String, String), StartError> {
    let stdin = file == Path::new("-");
    let shown = if stdin { "standard input".into() } else { file.display().to_string() };
    let unread = |error: std::io::Error| StartError::Context {
        missing: error.kind() == std::io::ErrorKind::NotFound,
        message: format!("cannot read {shown}: {error}; give a text file"),
    };
    let bytes = if stdin {
        let mut bytes = Vec::new();
        let limit = std::io::Read::take(std::io::stdin().lock(), LARGEST + 1);
        std::io::Read::read_to_end(&mut { limit }, &mut bytes).map_err(unread)?;
        bytes
    } else {
        let length = std::fs::metadata(file).map_err(unread)?.len();
        if length > LARGEST {
            return Err(too_long(&shown));
        }
        std::fs::read(file).map_err(unread)?
    };
    if bytes.len() as u64 > LARGEST {
        return Err(too_long(&shown));
    }
    let text = String::from_utf8(bytes).map_err(|_| StartError::Context {
        missing: false,
        message: format!("{shown} is not UTF-8 text; give a text file"),
    })?;
    let name = file.file_name().map_or(shown, |name| name.to_string_lossy().into_owned());
    Ok((name, text))
}

fn too_long(shown: &str) -> StartError {
    StartError::Context {
        missing: false,
        message: format!(
            "{shown} is longer than {} kB; give only the part that matters",
            LARGEST / 1024
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persona_facts_and_files_are_told_and_bad_files_refused() {
        let dir = tempfile::tempdir().unwrap();
        let notes = dir.path().join("notes.txt");
        std::fs::write(&notes, "The gate code is 4711.\n").unwrap();
        let mut context = Context {
            persona: Some("You are a sailor.".into()),
            facts: vec!["The dog is called Rex.".into()],
            files: vec![notes],
        };
        let instructions = |context: &Context| read_all(context);
        let text = instructions(&context).unwrap().instructions;
        assert!(text.starts_with("You are a sailor. Your words are spoken"), "{text}");
        assert!(text.ends_with(
            "\n\nWhat you know:\n- The dog is called Rex.\n\nFrom notes.txt:\nThe gate code is 4711."
        ));
        let cook = instructions(&context).unwrap().spoken_by("You are a cook.");
        assert_eq!(*cook, text.replace("You are a sailor.", "You are a cook."));
        context.files = vec![dir.path().join("none.txt")];
        assert!(matches!(instructions(&context), Err(StartError::Context { missing: true, .. })));
        let long = dir.path().join("long.txt");
        std::fs::write(&long, vec![b'a'; 300 * 1024]).unwrap();
        context.files = vec![long];
        assert!(instructions(&context).unwrap_err().to_string().contains("longer than 256 kB"));
    }

    #[test]
    fn messages_keep_their_roles() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("context.json");
        let read = |text: &str| {
            std::fs::write(&file, text).unwrap();
            read_all(&Context { files: vec![file.clone()], ..Context::default() })
        };
        let told = read(
            r#"[{"role": "system", "content": "You are a vet."},
                {"role": "user", "content": "My dog is called Piet."},
                {"role": "assistant", "content": [{"type": "text", "text": "Noted."}]}]"#,
        )
        .unwrap();
        assert!(told.instructions.ends_with("\n\nYou are a vet."), "{}", told.instructions);
        let user = Item::User { utterance: None, text: "My dog is called Piet.".into() };
        let reply = Item::Reply { epoch: Epoch::NONE, text: "Noted.".into(), interrupted: false };
        assert_eq!(told.messages, [user, reply]);
        assert!(
            with_before("x", &told.messages)
                .ends_with("\nUser: My dog is called Piet.\nYou: Noted.")
        );
        let odd = read(r#"[{"role": "user", "content": "a"}, {"role": "tool", "content": "b"}]"#);
        assert!(odd.unwrap_err().to_string().contains("message 2: the role \"tool\""));
        // Other JSON is plain text.
        assert!(read("[1, 2]").unwrap().instructions.ends_with("[1, 2]"));
    }
}
