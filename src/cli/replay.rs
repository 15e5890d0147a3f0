use std::path::Path;

use super::exit::{Code, Failure};
use super::{Outcome, print};
use crate::dialog::History;
use crate::turn::{Entry, Setup, replay};

/// Runs a recorded session through a fresh machine and prints each command with its moment, then
/// the resulting history.
pub(super) fn run(file: &Path) -> Outcome {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::new(Code::NoInput, format!("cannot read {}: {error}", file.display()))
    })?;
    let bad = |line: usize, error: serde_json::Error| {
        let file = file.display();
        Failure::new(
            Code::Data,
            format!(
                "{file}:{line}: not a recorded session: {error}; make one with \"aloud daemon --record FILE\""
            ),
        )
    };
    let mut lines = text.lines().enumerate();
    let (_, first) = lines.next().ok_or_else(|| {
        Failure::new(
            Code::Data,
            format!("{} is empty; make one with \"aloud daemon --record FILE\"", file.display()),
        )
    })?;
    let setup: Setup = serde_json::from_str(first).map_err(|error| bad(1, error))?;
    let entries: Vec<Entry> = lines
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(at, line)| serde_json::from_str(line).map_err(|error| bad(at + 1, error)))
        .collect::<Result<_, _>>()?;
    let (orders, machine) = replay(setup, History::default(), entries);
    for (at, command) in orders {
        print::json(&serde_json::json!({ "at": at, "command": command }))?;
    }
    for item in machine.history().items() {
        print::json(&serde_json::json!({ "history": item }))?;
    }
    Ok(())
}
