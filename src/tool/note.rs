use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::disk::on_disk;
use super::{Settings, Tool, ToolError, ToolOutput, arguments, function, said, say};
use crate::base::WallClock;
use crate::dialog::Effect;

/// How many notes are read out, newest first; the rest are counted.
const READ: usize = 3;

#[derive(Deserialize)]
struct Add {
    text: String,
}

#[derive(Deserialize)]
struct About {
    about: Option<String>,
}

/// `add_note`, `read_notes` and `remove_note`: dated lines in `notes.md`.
pub(crate) fn tools(settings: &Settings) -> [Arc<dyn Tool>; 3] {
    let text = |text: &str| json!({"type": "string", "maxLength": 2_000, "description": text});
    let add = {
        let (pad, wall, book) =
            (settings.pad.clone(), settings.wall.clone(), settings.book.clone());
        function(
            "add_note",
            "Stores a note.",
            Effect::Writes,
            arguments(&["text"], json!({"text": text("The note, in the user's words.")})),
            move |wish: Add, cx| {
                let pad = pad.clone();
                let at = stamp(&wall, book.zone());
                on_disk(move || {
                    let note = wish.text.split_whitespace().collect::<Vec<_>>().join(" ");
                    let note = said::as_said(&note, cx.said.as_deref());
                    if note.is_empty() {
                        return Err(ToolError::Tell("What should I note?".into()));
                    }
                    let mut notes = pad.notes()?;
                    notes.add(&format!("{at} {note}"));
                    notes.save()?;
                    Ok(ToolOutput::new(json!({"note": note}), format!("Noted: {}.", ended(&note))))
                })
            },
        )
    };
    let read = {
        let pad = settings.pad.clone();
        function(
            "read_notes",
            "Reads the latest notes, or those about something.",
            Effect::Reads,
            arguments(&[], json!({"about": text("Words of the note, only when said.")})),
            move |wish: About, _| {
                let pad = pad.clone();
                on_disk(move || {
                    let notes = pad.notes()?;
                    let fitting = about(&notes.items(), wish.about.as_deref());
                    let say = match (fitting.as_slice(), &wish.about) {
                        ([], Some(about)) => format!("There is no note about {about}."),
                        ([], None) => "You have no notes.".into(),
                        ([only], _) => format!("{}.", ended(&say::sentence(only))),
                        (several, _) => {
                            let told: Vec<String> = several
                                .iter()
                                .take(READ)
                                .map(|note| ended(note).to_owned())
                                .collect();
                            let more = several.len().saturating_sub(READ);
                            let more =
                                if more > 0 { format!(", and {more} more") } else { String::new() };
                            format!(
                                "You have {}: {}{more}.",
                                say::count(several.len(), "note"),
                                told.join("; ")
                            )
                        }
                    };
                    Ok(ToolOutput::new(json!({"notes": fitting}), say))
                })
            },
        )
    };
    let remove = {
        let pad = settings.pad.clone();
        function(
            "remove_note",
            "Removes the latest note, or the one about something.",
            Effect::Writes,
            arguments(&[], json!({"about": text("Words of the note, only when said.")})),
            move |wish: About, _| {
                let pad = pad.clone();
                on_disk(move || {
                    let mut notes = pad.notes()?;
                    let fitting = about(&notes.items(), wish.about.as_deref());
                    let Some(last) = fitting.first().cloned() else {
                        return Err(ToolError::Tell(match wish.about {
                            Some(about) => format!("There is no note about {about}."),
                            None => "You have no notes.".into(),
                        }));
                    };
                    notes.remove(|note| text_of(note) == last);
                    notes.save()?;
                    let say = format!("That note is gone: {}.", ended(&last));
                    Ok(ToolOutput::new(json!({"removed": last}), say))
                })
            },
        )
    };
    [add, read, remove]
}

/// The notes with all words of `about`, newest first, without their dates.
fn about(notes: &[&str], about: Option<&str>) -> Vec<String> {
    let wanted = about.unwrap_or_default().to_lowercase();
    let fits = |note: &str| {
        let note = note.to_lowercase();
        wanted
            .split_whitespace()
            .filter(|word| !matches!(*word, "the" | "my" | "a"))
            .all(|word| note.contains(word))
    };
    notes.iter().rev().map(|note| text_of(note).to_owned()).filter(|note| fits(note)).collect()
}

/// A note without the date in front of it.
fn text_of(note: &str) -> &str {
    let dated =
        note.get(..16).is_some_and(|at| jiff::civil::DateTime::strptime("%F %H:%M", at).is_ok());
    if dated { note[16..].trim() } else { note }
}

fn ended(note: &str) -> &str {
    note.trim_end_matches(['.', '!'])
}

fn stamp(wall: &WallClock, zone: jiff::tz::TimeZone) -> String {
    wall.now().to_zoned(zone).strftime("%F %H:%M").to_string()
}
