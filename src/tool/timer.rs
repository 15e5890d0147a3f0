use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::book::{Diary, Entry, Now, RingKind, Run, Saved, What};
use super::book_access::{
    BookAccess, LONGEST_LABEL, Picked, Which, clean_label, full, labelled, pick, readable,
    same_label,
};
use super::timer_words::{ask_which, left, left_words, length, over, with_left};
use super::{Ringer, Settings, Tool, ToolError, ToolOutput, arguments, function, said, say};
use crate::dialog::Effect;

/// The longest timer, in seconds: a year. Anything further away is a date, not a timer.
pub(super) const LONGEST: u64 = 365 * 86_400;

/// From this length on, in seconds, a timer with a name that the user never used before may have
/// been misheard, and nobody would notice for hours.
const UNLIKELY: u64 = 4 * 3_600;

/// A longer timer is unlikely in any case: "45 days from now" hardly means one.
const DAY: u64 = 24 * 3_600;

#[derive(Deserialize)]
struct SetTimer {
    seconds: u64,
    label: Option<String>,
    #[serde(default)]
    sure: bool,
}

#[derive(Deserialize)]
struct CancelTimer {
    label: Option<String>,
    seconds: Option<u64>,
    which: Option<Which>,
    #[serde(default)]
    all: bool,
    except: Option<String>,
}

#[derive(Deserialize)]
struct ChangeTimer {
    add_seconds: Option<i64>,
    times: Option<f64>,
    seconds: Option<u64>,
    action: Option<Action>,
    label: Option<String>,
    of_seconds: Option<u64>,
    which: Option<Which>,
    to_label: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Pause,
    Resume,
    Restart,
}

pub(crate) fn tools(settings: &Settings) -> [Arc<dyn Tool>; 4] {
    let access = BookAccess::new(settings);
    let label =
        |text: &str| json!({"type": "string", "maxLength": LONGEST_LABEL, "description": text});
    let length = |text: &str| json!({"type": "integer", "minimum": 1, "maximum": LONGEST, "description": text});
    let which = json!({
        "type": "string", "enum": Which::NAMES,
        "description": "One of several, only when said: by the order in which they were set, or the next to end.",
    });
    let set = {
        let access = access.clone();
        function(
            "set_timer",
            "Starts a countdown that rings aloud when it ends.",
            Effect::Writes,
            arguments(
                &["seconds"],
                json!({
                    "seconds": length("Its length in whole seconds; 10 minutes are 600."),
                    "label": label("What it is for, only when said: \"beans\" for \"a timer for the beans\"."),
                    "sure": {
                        "type": "boolean",
                        "description": "true once the user has said yes to a timer that was asked about.",
                    },
                }),
            ),
            move |arguments: SetTimer, cx| {
                access.clone().run(move |access, diary, now| {
                    set_timer(access, diary, now, arguments, cx.said.as_deref())
                })
            },
        )
    };
    let list = {
        let access = access.clone();
        function(
            "list_timers",
            "Says which timers run and how much time is left on each.",
            Effect::Reads,
            arguments(&[], json!({})),
            move |_: Map<String, Value>, cx| {
                access.clone().run(move |_, diary, now| {
                    readable(diary)?;
                    Ok(list_timers(diary, now, cx.said.as_deref()))
                })
            },
        )
    };
    let cancel = {
        let access = access.clone();
        function(
            "cancel_timer",
            "Ends a timer: the one with that label, of that length or at that place, all of them, \
             or without an argument the one that rings or the only one.",
            Effect::Writes,
            arguments(
                &[],
                json!({
                    "label": label("The label of the timer, only when said."),
                    "seconds": length("The length it was set for, only when said."),
                    "which": which,
                    "all": {"type": "boolean", "description": "true for all timers."},
                    "except": label("With all: the label of the one that is to go on."),
                }),
            ),
            move |arguments: CancelTimer, _| {
                access
                    .clone()
                    .run(move |access, diary, now| cancel_timer(access, diary, now, &arguments))
            },
        )
    };
    let change = function(
        "change_timer",
        "Changes a running timer: adds time to it, sets it to another length, doubles it, pauses it, \
         lets it go on, starts it again from its full length, or renames it. Give one of add_seconds, \
         times, seconds, action and to_label.",
        Effect::Writes,
        arguments(
            &[],
            json!({
                "add_seconds": {
                    "type": "integer", "minimum": -(LONGEST as i64), "maximum": LONGEST,
                    "description": "Seconds more; a negative number takes time off.",
                },
                "times": {
                    "type": "number", "minimum": 0.1, "maximum": 10,
                    "description": "How many times as long it is to be: 2 doubles it.",
                },
                "seconds": length("Its new length from now on, in whole seconds."),
                "action": {
                    "type": "string", "enum": ["pause", "resume", "restart"],
                    "description": "restart begins again with the full length.",
                },
                "label": label("The label of the timer, only when said."),
                "of_seconds": length("The length that the timer was set for, only when said."),
                "which": which,
                "to_label": label("Its new label."),
            }),
        ),
        move |arguments: ChangeTimer, cx| {
            access.clone().run(move |access, diary, now| {
                change_timer(access, diary, now, &arguments, cx.said.as_deref())
            })
        },
    );
    [set, list, cancel, change]
}

fn set_timer(
    access: &BookAccess,
    diary: &mut Diary,
    now: &Now,
    arguments: SetTimer,
    said: Option<&str>,
) -> Result<ToolOutput, ToolError> {
    let SetTimer { seconds, label, sure } = arguments;
    let label = clean_label(label, "timer").map(|label| said::as_said(&label, said));
    let seconds = seconds.clamp(1, LONGEST);
    let unlikely = |label: &&str| !sure && seconds >= UNLIKELY && !diary.has_named(label);
    if let Some(label) = label.as_deref().filter(unlikely) {
        let data = json!({
            "asked": true,
            "next": "No timer was set. Call it again with sure set once the user says yes.",
        });
        let length = say::span_before_noun(seconds);
        return Ok(ToolOutput::new(
            data,
            format!("A {length} timer called {label}. Is that right?"),
        ));
    }
    if label.is_none() && !sure && seconds > DAY {
        let data = json!({
            "asked": true,
            "next": "No timer was set. Call it again with sure set once the user says yes.",
        });
        let ask = format!("A timer for {}. Is that right?", say::span(seconds));
        return Ok(ToolOutput::new(data, ask));
    }
    let run = Run::start(now, seconds * 1_000_000).ok_or_else(too_far)?;
    let (entry, saved) = diary.add(label, now, What::Timer { seconds, run }).map_err(|_| full())?;
    let length = say::span(seconds);
    let done = match &entry.label {
        Some(label) => say::sentence(&format!("{label} timer set for {length}.")),
        None => format!("Timer set for {length}."),
    };
    let say = access.set(&saved, "timer", done)?;
    let rings_at = entry.due(now).map(|due| due.to_zoned(now.zone.clone()));
    let data = json!({
        "label": entry.label, "seconds": seconds,
        "rings_at": rings_at.map(|at| at.strftime("%FT%T%:z").to_string()),
        "saved": saved == Saved::Yes, "will_ring": access.ringer != Ringer::Nobody,
    });
    Ok(ToolOutput::new(data, say))
}

/// Lists the timers; of several the one that was asked about by name comes alone.
fn list_timers(diary: &Diary, now: &Now, said: Option<&str>) -> ToolOutput {
    let timers = timers(diary, now);
    let data: Vec<Value> = timers
        .iter()
        .map(|timer| {
            let paused = timer.run().is_some_and(Run::paused);
            json!({
                "label": timer.label, "seconds": length(timer), "seconds_left": left(timer, now),
                "paused": paused,
            })
        })
        .collect();
    let labels = || timers.iter().filter_map(|timer| timer.label.as_deref());
    let meant = said.and_then(|said| said::named(said, labels()));
    let meant = timers.iter().filter(|timer| meant.is_none() || timer.label.as_deref() == meant);
    let meant: Vec<Entry> = meant.cloned().collect();
    let say = match meant.as_slice() {
        [] => "No timer is running.".into(),
        [only] if left(only, now) == 0 => format!("Your {} is ringing.", only.name()),
        [only] => format!("Your {} has {}.", only.name(), left_words(only, now)),
        several => format!(
            "You have {}: {}.",
            say::count(several.len(), "timer"),
            say::list(&several.iter().map(|timer| with_left(timer, now)).collect::<Vec<_>>())
        ),
    };
    ToolOutput::new(json!({"timers": data}), say)
}

fn cancel_timer(
    access: &BookAccess,
    diary: &mut Diary,
    now: &Now,
    wish: &CancelTimer,
) -> Result<ToolOutput, ToolError> {
    let wanted = clean_label(wish.label.clone(), "timer");
    let explicit = wanted.is_some() || wish.seconds.is_some() || wish.which.is_some();
    let fits = |label: Option<&str>, kind: RingKind| match kind {
        RingKind::Timer { seconds } => {
            wanted.as_deref().is_none_or(|wanted| label.is_some_and(|l| same_label(wanted, l)))
                && wish.seconds.is_none_or(|wanted| wanted == seconds)
        }
        RingKind::Alarm { .. } | RingKind::Reminder => false,
    };
    // "The timer" is the one that is ringing: no other must be cancelled instead.
    if !wish.all && wish.which.is_none() {
        let ringing = diary.ringing(now);
        let meant: Vec<_> =
            ringing.iter().filter(|ring| fits(ring.label.as_deref(), ring.kind)).collect();
        if !meant.is_empty() {
            let names: Vec<String> = meant.iter().map(|ring| ring.name()).collect();
            let ids: Vec<_> = meant.iter().map(|ring| ring.id).collect();
            let saved = diary.end(&ids, true, now);
            diary.hush();
            return Ok(ToolOutput::new(
                json!({"ended": names}),
                access.changed(&saved, over(&names))?,
            ));
        }
    }
    readable(diary)?;
    let all = timers(diary, now);
    let mut fitting = labelled(all.clone(), wanted.as_deref());
    fitting.retain(|timer| wish.seconds.is_none_or(|wanted| wanted == length(timer)));
    if let Some(kept) = clean_label(wish.except.clone(), "timer") {
        let kept = labelled(all.clone(), Some(&kept));
        let Some(first) = kept.first() else {
            let name = wish.except.as_deref();
            return Err(ToolError::Tell(none_fits(&all, name, wish)));
        };
        fitting.retain(|timer| kept.iter().all(|kept| kept.id != timer.id));
        if fitting.is_empty() {
            let name = first.name();
            return Err(ToolError::Tell(format!("Only your {name} is running, and it goes on.")));
        }
    }
    if fitting.is_empty() || !explicit {
        // Answered a moment ago, by a key or a word: that is the one meant.
        let rang = diary.rang(now).into_iter().find(|r| fits(r.label.as_deref(), r.what));
        if let Some(rang) = rang.filter(|_| !wish.all && wish.which.is_none()) {
            diary.hush();
            let names = [rang.name()];
            return Ok(ToolOutput::new(json!({"ended": names}), over(&names)));
        }
    }
    let chosen = match pick(fitting, wish.which, wish.all, now) {
        Picked::None => return Err(ToolError::Tell(none_fits(&all, wanted.as_deref(), wish))),
        Picked::Unclear(several) => return Err(ToolError::Tell(ask_which(&several, now))),
        Picked::These(chosen) => chosen,
    };
    let ids: Vec<_> = chosen.iter().map(|timer| timer.id).collect();
    let (gone, saved) = diary.remove(|_| ids);
    let done = match gone.as_slice() {
        [] => return Err(ToolError::Tell(none_fits(&all, wanted.as_deref(), wish))),
        [only] => format!("Your {} is cancelled.", only.name()),
        [_, _] if gone.len() == all.len() => "Both timers are cancelled.".into(),
        several if several.len() == all.len() => {
            format!("All {} are cancelled.", say::count(several.len(), "timer"))
        }
        several => {
            let names: Vec<String> = several.iter().map(Entry::name).collect();
            format!("Your {} are cancelled.", say::list(&names))
        }
    };
    let say = access.changed(&saved, done)?;
    let names: Vec<String> = gone.iter().map(Entry::name).collect();
    Ok(ToolOutput::new(json!({"ended": names}), say))
}

fn change_timer(
    access: &BookAccess,
    diary: &mut Diary,
    now: &Now,
    wish: &ChangeTimer,
    said: Option<&str>,
) -> Result<ToolOutput, ToolError> {
    readable(diary)?;
    let all = timers(diary, now);
    let wanted = clean_label(wish.label.clone(), "timer");
    let mut fitting = labelled(all.clone(), wanted.as_deref());
    fitting.retain(|timer| wish.of_seconds.is_none_or(|wanted| wanted == length(timer)));
    // A paused timer cannot be paused, and a running one not resumed.
    let able: Vec<Entry> = fitting
        .iter()
        .filter(|timer| {
            let paused = timer.run().is_some_and(Run::paused);
            match wish.action {
                Some(Action::Pause) => !paused && left(timer, now) > 0,
                Some(Action::Resume) => paused,
                Some(Action::Restart) | None => true,
            }
        })
        .cloned()
        .collect();
    let timer = match pick(able, wish.which, false, now) {
        Picked::These(chosen) => chosen.into_iter().next(),
        Picked::Unclear(several) => return Err(ToolError::Tell(ask_which(&several, now))),
        Picked::None => None,
    };
    let Some(timer) = timer else {
        let say = match (fitting.as_slice(), wish.action) {
            ([only], Some(Action::Pause)) if left(only, now) > 0 => {
                format!("Your {} is already paused.", only.name())
            }
            ([only], Some(Action::Resume)) => {
                format!("Your {} is not paused; it has {}.", only.name(), left_words(only, now))
            }
            ([_, ..], Some(Action::Resume)) => "No timer is paused.".into(),
            (_, _) => {
                let cancel = CancelTimer {
                    label: None,
                    seconds: wish.of_seconds,
                    which: wish.which,
                    all: false,
                    except: None,
                };
                none_fits(&all, wanted.as_deref(), &cancel)
            }
        };
        return Err(ToolError::Tell(say));
    };
    if let Some(label) = clean_label(wish.to_label.clone(), "timer") {
        let label = said::as_said(&label, said);
        let (_, saved) = diary.replace(Entry { label: Some(label.clone()), ..timer.clone() });
        let done = format!("Your {} is called {label} now.", timer.name());
        return Ok(ToolOutput::new(json!({"label": label}), access.changed(&saved, done)?));
    }
    let (run, what) = changed(&timer, now, wish)?;
    let new = Entry { what, ..timer.clone() };
    let (there, saved) = diary.replace(new.clone());
    if !there {
        return Err(ToolError::Tell("That timer has just ended.".into()));
    }
    let name = timer.name();
    let done = match (wish.action, run) {
        (Some(Action::Pause), _) | (_, Run::Paused { .. }) => {
            format!("Your {name} is paused with {}.", left_words(&new, now))
        }
        (Some(Action::Resume), _) => {
            format!("Your {name} goes on with {}.", left_words(&new, now))
        }
        (Some(Action::Restart), _) => {
            format!("Your {name} starts again with {}.", say::span(length(&new)))
        }
        (None, _) => format!("Your {name} now has {}.", left_words(&new, now)),
    };
    let say = access.changed(&saved, done)?;
    let data = json!({
        "label": new.label, "seconds": length(&new), "seconds_left": left(&new, now),
        "paused": run.paused(),
    });
    Ok(ToolOutput::new(data, say))
}

/// What the countdown of `timer` becomes.
fn changed(timer: &Entry, now: &Now, wish: &ChangeTimer) -> Result<(Run, What), ToolError> {
    let was = timer.run().unwrap_or(Run::Paused { left_ms: 0 });
    let left = was.left(now).max(0) as u64;
    let full = length(timer);
    let count = |micros: u64| Run::start(now, micros).ok_or_else(too_far);
    let stand = |micros: u64| Run::Paused { left_ms: micros.div_ceil(1_000) };
    // What has passed of it has passed: doubled, ten minutes of which two are over have eighteen left.
    let more = wish.times.map(|times| ((times - 1.0) * full as f64).round() as i64);
    let (seconds, run) = match (wish.add_seconds.or(more), wish.seconds, wish.action) {
        (Some(add), None, None) => {
            let new = i64::try_from(left).unwrap_or(i64::MAX).saturating_add(add * 1_000_000);
            let new = u64::try_from(new).unwrap_or(0);
            if new == 0 {
                return Err(ToolError::Tell(format!(
                    "Your {} has only {}. Say \"cancel the timer\" to end it.",
                    timer.name(),
                    left_words(timer, now)
                )));
            }
            if new > LONGEST * 1_000_000 {
                return Err(too_far());
            }
            let run = if was.paused() { stand(new) } else { count(new)? };
            (full.saturating_add_signed(add).max(1), run)
        }
        (None, Some(seconds), None) => {
            let new = seconds * 1_000_000;
            (seconds, if was.paused() { stand(new) } else { count(new)? })
        }
        (None, None, Some(Action::Pause)) => (full, stand(left)),
        (None, None, Some(Action::Resume)) => (full, count(left)?),
        (None, None, Some(Action::Restart)) => (full, count(full * 1_000_000)?),
        (_, _, _) => {
            return Err(ToolError::Tell(
                "Say one thing: how much to add, the new length, or pause, resume or restart."
                    .into(),
            ));
        }
    };
    Ok((run, What::Timer { seconds, run }))
}

fn timers(diary: &Diary, now: &Now) -> Vec<Entry> {
    diary.entries(now).into_iter().filter(Entry::is_timer).collect()
}

fn too_far() -> ToolError {
    ToolError::Tell("That is further off than a timer can be: the longest one is a year.".into())
}

fn none_fits(running: &[Entry], label: Option<&str>, wish: &CancelTimer) -> String {
    let wanted = match (label, wish.seconds, wish.which) {
        (Some(label), _, _) => format!("{label} timer"),
        (None, Some(seconds), _) => format!("{} timer", say::span_before_noun(seconds)),
        (None, None, Some(Which::Second)) if !running.is_empty() => "second timer".into(),
        (None, None, Some(Which::Third)) if !running.is_empty() => "third timer".into(),
        (None, None, _) => return "No timer is running.".into(),
    };
    let names: Vec<String> = running.iter().map(|timer| format!("your {}", timer.name())).collect();
    match names.len() {
        0 => format!("There is no {wanted}. No timer is running."),
        1 => format!("There is no {wanted}. Only {} is running.", names[0]),
        _ => format!("There is no {wanted}. Running are {}.", say::list(&names)),
    }
}
