//! What a chat model is told besides the conversation: who it is, and what it may rest on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Unfit;
use crate::config::Context;

/// Who aloud is, where the configuration names nobody else.
const PERSONA: &str = "You are aloud, a voice assistant.";

/// How it speaks, and when it uses tools.
const MANNER: &str = "Your words are spoken: answer in one to three short plain sentences, \
    without lists, markdown, links or emoji. Use the tools for the time, dates, weather, timers, \
    alarms, units, sums and the volume; never guess what a tool can tell. When you did not \
    understand, ask briefly.";

/// The largest file of context, in bytes: about 60,000 tokens, as much as is of use in a talk.
const LARGEST: u64 = 256 * 1024;

/// The instructions for a context.
///
/// # Errors
/// [`Unfit::Context`] when a file cannot be read, is no text or is too long.
pub(super) fn instructions(context: &Context) -> Result<Arc<str>, Unfit> {
    let persona = context.persona.as_deref().unwrap_or(PERSONA);
    let mut text = format!("{persona} {MANNER}");
    if !context.facts.is_empty() {
        text.push_str("\n\nWhat you know:");
        for fact in &context.facts {
            text.push_str(&format!("\n- {}", fact.trim()));
        }
    }
    for file in &context.files {
        let (name, words) = read(file)?;
        text.push_str(&format!("\n\nFrom {name}:\n{}", words.trim()));
    }
    Ok(text.into())
}

/// The name and the text of a file; `-` is standard input.
fn read(file: &PathBuf) -> Result<(String, String), Unfit> {
    let stdin = file == Path::new("-");
    let shown = if stdin { "standard input".into() } else { file.display().to_string() };
    let unread = |error: std::io::Error| Unfit::Context {
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
    let text = String::from_utf8(bytes).map_err(|_| Unfit::Context {
        missing: false,
        message: format!("{shown} is not UTF-8 text; give a text file"),
    })?;
    let name = file.file_name().map_or(shown, |name| name.to_string_lossy().into_owned());
    Ok((name, text))
}

fn too_long(shown: &str) -> Unfit {
    Unfit::Context {
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
        let text = instructions(&context).unwrap();
        assert!(text.starts_with("You are a sailor. Your words are spoken"), "{text}");
        assert!(text.ends_with(
            "\n\nWhat you know:\n- The dog is called Rex.\n\nFrom notes.txt:\nThe gate code is 4711."
        ));
        context.files = vec![dir.path().join("none.txt")];
        assert!(matches!(instructions(&context), Err(Unfit::Context { missing: true, .. })));
        let long = dir.path().join("long.txt");
        std::fs::write(&long, vec![b'a'; 300 * 1024]).unwrap();
        context.files = vec![long];
        assert!(instructions(&context).unwrap_err().to_string().contains("longer than 256 kB"));
    }
}
