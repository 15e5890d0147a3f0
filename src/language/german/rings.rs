//! Names of timers and alarms in German.

use super::written::{capital, clock, length, row};

/// "10 minute timer" is "10-Minuten-Timer", "Tee timer" is "Tee-Timer".
pub(super) fn timer(text: &str) -> Option<String> {
    let name = text.strip_suffix(" timer")?;
    if name.contains(['.', ';']) || name.contains(" and ") && length(name).is_none() {
        return None;
    }
    let name = name.strip_prefix("snoozed ").unwrap_or(name);
    Some(match length(name) {
        // "10 Minuten", "1 Stunde und 30 Minuten".
        Some(length) if length.contains(" und ") => format!("Timer auf {length}"),
        // One also has a plural here: "1-Minuten-Timer".
        Some(length) => {
            let many = length.replace("Sekunde", "Sekunden").replace("Minute", "Minuten");
            let many = many.replace("Stunde", "Stunden").replace("nn", "n");
            format!("{}-Timer", many.replace(' ', "-"))
        }
        None => format!("{}-Timer", capital(name)),
    })
}

/// "the Tee timer with 3 minutes left and the 10 minute timer, paused with 1 minute left".
pub(super) fn timers(text: &str) -> Option<String> {
    let text = text.strip_prefix("the ")?;
    let each = text.split(" and the ").flat_map(|part| part.split(", the "));
    let all: Option<Vec<String>> = each
        .map(|one| {
            if let Some(name) = one.strip_suffix(", which is ringing") {
                return Some(format!("{}, der gerade klingelt", timer(name)?));
            }
            let (name, left) = one.strip_suffix(" left")?.split_once(" with ")?;
            match name.strip_suffix(", paused") {
                Some(name) => Some(format!("{}, angehalten mit {}", timer(name)?, length(left)?)),
                None => {
                    let name = name.strip_prefix("snoozed ").unwrap_or(name);
                    Some(format!("{} mit noch {}", timer(name)?, length(left)?))
                }
            }
        })
        .collect();
    row(&all?)
}

/// A timer or an alarm: "pasta timer", "7 AM alarm", "gym alarm".
pub(super) fn ring(text: &str) -> Option<String> {
    let Some(name) = text.strip_suffix(" alarm") else { return timer(text) };
    Some(match clock(name) {
        Some(clock) => format!("{}-Wecker", clock.replace(' ', "-")),
        None => format!("{}-Wecker", capital(name)),
    })
}

/// Names of several, each perhaps with "your" or "the" before it.
pub(super) fn rings(text: &str) -> Option<String> {
    let bare = |name: &str| {
        let name = name.strip_prefix("your ").or_else(|| name.strip_prefix("the ")).unwrap_or(name);
        ring(name)
    };
    if let Some(one) = bare(text) {
        return Some(one);
    }
    // "1 hour and 5 minute timer" has an "and" of its own.
    let (first, rest) = text
        .match_indices(", ")
        .map(|(at, sign)| (&text[..at], &text[at + sign.len()..]))
        .chain(
            text.match_indices(" and ").map(|(at, sign)| (&text[..at], &text[at + sign.len()..])),
        )
        .find(|(first, _)| bare(first).is_some())?;
    let joint = if text[first.len()..].starts_with(',') { ", " } else { " und " };
    Some(format!("{}{joint}{}", bare(first)?, rings(rest)?))
}
