//! `snooze`: what rings, rings again later.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::book::{Diary, EntryId, Now, RingKind, Run, What};
use super::book_access::{BookAccess, full};
use super::{Settings, Tool, ToolError, ToolOutput, arguments, function, say};
use crate::dialog::Effect;

/// The default snooze in seconds: nine minutes, as on bedside clocks since the 1950s.
pub(crate) const SNOOZE: u64 = 9 * 60;

/// The longest snooze in seconds: a day.
pub(crate) const LONGEST_SNOOZE: u64 = 86_400;

#[derive(Deserialize)]
struct Snooze {
    seconds: Option<u64>,
}

pub(crate) fn tool(settings: &Settings) -> Arc<dyn Tool> {
    let access = BookAccess::new(settings);
    function(
        "snooze",
        "Puts off the timer or alarm that rings, or has just rung: it rings again later.",
        Effect::Writes,
        arguments(
            &[],
            json!({"seconds": {
                "type": "integer", "minimum": 1, "maximum": LONGEST_SNOOZE,
                "description": "How long, in whole seconds; only when said.",
            }}),
        ),
        move |arguments: Snooze, _| {
            access.clone().run(move |access, diary, now| {
                let seconds = arguments.seconds.unwrap_or(SNOOZE);
                let (say, saved) = put_off(diary, now, seconds)?;
                let say = access.set(&saved, "snooze", say)?;
                Ok(ToolOutput::new(json!({"seconds": seconds}), say))
            })
        },
    )
}

/// Snoozes what rings, or what was answered a moment ago. Returns the sentence for the user.
pub(crate) fn put_off(
    diary: &mut Diary,
    now: &Now,
    seconds: u64,
) -> Result<(String, super::Saved), ToolError> {
    let seconds = seconds.clamp(1, LONGEST_SNOOZE);
    let ringing = diary.ringing(now);
    let ids: Vec<EntryId> = ringing.iter().map(|ring| ring.id).collect();
    let mut what: Vec<(Option<String>, RingKind)> =
        ringing.into_iter().map(|ring| (ring.label, ring.kind)).collect();
    if what.is_empty() {
        what.extend(diary.rang(now).into_iter().next().map(|rang| (rang.label, rang.what)));
    }
    if what.is_empty() {
        return Err(ToolError::Tell("Nothing is ringing.".into()));
    }
    let too_far = || ToolError::Tell("That is further off than the calendar goes.".into());
    let run = Run::start(now, seconds * 1_000_000).ok_or_else(too_far)?;
    // The new entries come first: what cannot be snoozed keeps ringing.
    let mut saved = super::Saved::Yes;
    let mut names = Vec::new();
    for (label, of) in what {
        names.push(of.name(label.as_deref()));
        (_, saved) = diary.add(label, now, What::Snoozed { of, run }).map_err(|_| full())?;
    }
    if !ids.is_empty() {
        diary.end(&ids, true, now);
    }
    // Once is enough: saying "snooze" twice adds no second ring.
    diary.hush();
    let verb = if names.len() == 1 { "rings" } else { "ring" };
    let (names, span) = (say::list(&names), say::span(seconds));
    Ok((format!("Okay, your {names} {verb} again in {span}."), saved))
}
