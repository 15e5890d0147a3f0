use std::sync::Arc;

use jiff::civil::DateTime;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::alarm_days::clock_time;
use super::alarm_when::{Repeat, When, settled, too_far};
use super::alarm_words::{when, whens};
use super::book::{Days, Diary, Entry, Now, Run, Saved, What};
use super::book_access::{BookAccess, Picked, Which, full, labelled, pick, readable};
use super::said::names_half;
use super::timer::LONGEST;
use super::{Ringer, Settings, Tool, ToolError, ToolOutput, arguments, function, said, say};
use crate::dialog::Effect;

/// The longest text of a reminder, in characters.
const LONGEST_TEXT: u32 = 200;

/// How many reminders are read out; the rest are counted.
const READ: usize = 5;

#[derive(Deserialize)]
struct AddReminder {
    text: String,
    in_seconds: Option<u64>,
    time: Option<String>,
    day: Option<String>,
    date: Option<String>,
    repeat: Option<Repeat>,
    #[serde(default)]
    instead: bool,
}

#[derive(Deserialize)]
struct CancelReminder {
    text: Option<String>,
    which: Option<Which>,
    #[serde(default)]
    all: bool,
}

pub(crate) fn tools(settings: &Settings) -> [Arc<dyn Tool>; 3] {
    let access = BookAccess::new(settings);
    let text = |length: u32, text: &str| json!({"type": "string", "maxLength": length, "description": text});
    let add = {
        let access = access.clone();
        function(
            "add_reminder",
            "Stores something to remind the user of, aloud, after a while or at a time. Give \
             in_seconds, or time and day; without any of them the user is asked.",
            Effect::Writes,
            arguments(
                &["text"],
                json!({
                    "text": text(LONGEST_TEXT, "What is to be done, without \"to\" in front: \"call the dentist\"."),
                    "in_seconds": {
                        "type": "integer", "minimum": 1, "maximum": LONGEST,
                        "description": "Seconds from now, for \"in ten minutes\".",
                    },
                    "time": {
                        "type": "string", "maxLength": 40, "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
                        "description": "HH:MM, 24 hours, only when said.",
                    },
                    "day": text(120, "today, tomorrow, a weekday, several of them, weekdays, weekends or every day; only when said."),
                    "date": text(40, "YYYY-MM-DD, MM-DD or DD, for a day that is said as a date."),
                    "repeat": {
                        "type": "string", "maxLength": 40, "pattern": Repeat::PATTERN,
                        "description": "Only when said: daily, weekly on the weekdays of day, monthly or yearly on date, \"every 2 weeks\" or \"every 20 minutes\".",
                    },
                    "instead": {"type": "boolean", "description": "true where it takes the place of the reminder set last."},
                }),
            ),
            move |arguments: AddReminder, cx| {
                access.clone().run(move |access, diary, now| {
                    add_reminder(access, diary, now, arguments, cx.said.as_deref())
                })
            },
        )
    };
    let list = {
        let access = access.clone();
        function(
            "list_reminders",
            "Says what the user is going to be reminded of.",
            Effect::Reads,
            arguments(&[], json!({})),
            move |_: Map<String, Value>, _| {
                access.clone().run(|_, diary, now| {
                    readable(diary)?;
                    Ok(list_reminders(diary, now))
                })
            },
        )
    };
    let cancel = function(
        "cancel_reminder",
        "Removes a reminder: the one about that, the one at that place, all of them, or without an \
         argument the one that rings or the only one.",
        Effect::Writes,
        arguments(
            &[],
            json!({
                "text": text(LONGEST_TEXT, "What the reminder is about, or words of it; only when said."),
                "which": {
                    "type": "string", "enum": Which::NAMES,
                    "description": "One of several, only when said: by the order in which they were set, or the next to come.",
                },
                "all": {"type": "boolean", "description": "true for all reminders."},
            }),
        ),
        move |arguments: CancelReminder, _| {
            access
                .clone()
                .run(move |access, diary, now| cancel_reminder(access, diary, now, &arguments))
        },
    );
    [add, list, cancel]
}

fn add_reminder(
    access: &BookAccess,
    diary: &mut Diary,
    now: &Now,
    wish: AddReminder,
    said: Option<&str>,
) -> Result<ToolOutput, ToolError> {
    let about = said::as_said(wish.text.trim().trim_end_matches(['.', '!']), said);
    let about = yours(&about);
    if about.is_empty() {
        return Err(ToolError::Tell("What should I remind you of?".into()));
    }
    let repeats = wish.repeat.is_some() || wish.day.as_deref().is_some_and(comes_again);
    if let Some(limit) = limit(&about).filter(|_| repeats) {
        return Err(ToolError::Tell(format!(
            "I did not understand \"{limit}\", so I did nothing. Please say it another way."
        )));
    }
    let last = reminders(diary, now).into_iter().max_by_key(|reminder| reminder.id);
    let last = last.filter(|_| wish.instead);
    // "Move it to eleven" does not say the name again.
    let kept = last.as_ref().and_then(|last| last.label.clone());
    let about = kept.filter(|kept| kept.to_lowercase() == about.to_lowercase()).unwrap_or(about);
    if let Some(seconds) = wish.in_seconds {
        let run = Run::start(now, seconds.clamp(1, LONGEST) * 1_000_000).ok_or_else(too_far)?;
        let what = What::Timer { seconds, run };
        let (entry, saved) = diary.remind(about.clone(), now, what).map_err(|_| full())?;
        let done = format!("I'll remind you in {}: {about}.", say::span(seconds));
        replace(diary, last, &saved);
        return answer(access, now, &[entry], &saved, done);
    }
    let timed = wish.time.is_some() || wish.day.is_some() || wish.date.is_some();
    if let Some(repeat) = wish.repeat.filter(|_| !timed)
        && let Some((first, days)) = often(repeat, now)
    {
        let what = What::Alarm { time: first.time(), days, since: now.wall, skip: None };
        let (entry, saved) = diary.remind(about.clone(), now, what).map_err(|_| full())?;
        replace(diary, last, &saved);
        let done = format!(
            "I'll remind you {}, first at {}: {about}.",
            when(&entry, now.today()),
            say::clock(first.time())
        );
        return answer(access, now, &[entry], &saved, done);
    }
    let dated = wish.day.is_some() || wish.date.is_some() || wish.repeat.is_some();
    let part = said.and_then(|said| part_of_day(said, &wish.text));
    let time = match (wish.time, part) {
        (Some(time), _) => time,
        (None, Some(hour)) => format!("{hour:02}:00"),
        // A day without a time means its morning, but today that may be over.
        (None, None) if dated && wish.day.as_deref() != Some("today") => format!("{MORNING:02}:00"),
        (None, None) if dated => {
            return Err(ToolError::Tell("At what time today should I remind you?".into()));
        }
        (None, None) => {
            return Err(ToolError::Tell(format!("When should I remind you? That was: {about}.")));
        }
    };
    let elsewhen = dated && wish.day.as_deref() != Some("today");
    let time = if elsewhen { by_day(time, said)? } else { time };
    let wanted = When { time, day: wish.day, date: wish.date, repeat: wish.repeat };
    let (time, days) = settled(wanted, said, now)?;
    let (mut set, mut saved) = (Vec::new(), Saved::Yes);
    for days in days {
        let what = What::Alarm { time, days, since: now.wall, skip: None };
        let (entry, kept) = diary.remind(about.clone(), now, what).map_err(|_| full())?;
        saved = kept;
        set.push(entry);
    }
    replace(diary, last, &saved);
    let done = format!("I'll remind you at {}: {about}.", whens(&set, time, now.today()));
    answer(access, now, &set, &saved, done)
}

/// Whether a day in words means more than one: "every day", "monday and friday".
fn comes_again(day: &str) -> bool {
    ["every", "each", "week", "daily", ",", " and "].iter().any(|again| day.contains(again))
}

/// The words at the end of a reminder's text that limit on which days it comes: "except Friday",
/// "until the 5th", "for two weeks". They were misunderstood.
fn limit(text: &str) -> Option<&str> {
    const BEGINS: [&str; 6] =
        [" except ", " but not ", " until ", " till ", " starting ", " beginning "];
    let lower = text.to_ascii_lowercase();
    let words = |from: usize| lower[from..].split(|c: char| !c.is_alphanumeric());
    let timed = |at: &usize| {
        words(*at).any(|word| {
            let one = word.strip_suffix('s').unwrap_or(word);
            let ordinal = word.len() > 2 && word[..word.len() - 2].parse::<u8>().is_ok();
            ordinal
                || MONTHS.contains(&word)
                || say::weekday_named(one).is_some()
                || SPANS.contains(&one)
        })
    };
    let days = BEGINS.iter().filter_map(|begins| lower.rfind(begins)).find(timed);
    // "For two weeks", but not "for the week" or "for Monday".
    let span = lower.rfind(" for ").filter(|at| {
        let mut words = words(*at).filter(|word| !matches!(*word, "" | "for" | "the"));
        let count = words.next().unwrap_or_default();
        let counted = count.parse::<u16>().is_ok() || COUNTS.contains(&count);
        counted && words.any(|word| SPANS.contains(&word.strip_suffix('s').unwrap_or(word)))
    });
    days.or(span).map(|at| text[at..].trim())
}

/// Words of days, without the ending of the plural.
const SPANS: [&str; 6] = ["day", "week", "weekend", "month", "year", "tomorrow"];
const COUNTS: [&str; 11] =
    ["a", "next", "two", "three", "four", "five", "six", "seven", "ten", "few", "couple"];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The first time and the days of what comes every so many minutes or hours from now.
fn often(repeat: Repeat, now: &Now) -> Option<(DateTime, Days)> {
    let here = now.wall.to_zoned(now.zone.clone());
    let first = here.checked_add(repeat.from(here.date()).interval()?).ok()?;
    let first = first.round(jiff::Unit::Second).ok()?;
    Some((first.datetime(), Days::Cycle(repeat.from(first.date()))))
}

/// Removes the old reminder once the new one exists.
fn replace(diary: &mut Diary, old: Option<Entry>, saved: &Saved) {
    if let Some(old) = old.filter(|_| *saved == Saved::Yes) {
        diary.remove(|_| vec![old.id]);
    }
}

fn answer(
    access: &BookAccess,
    now: &Now,
    set: &[Entry],
    saved: &Saved,
    done: String,
) -> Result<ToolOutput, ToolError> {
    let mut data = match set {
        [only] => as_data(only, now),
        several => {
            json!({"reminders": several.iter().map(|one| as_data(one, now)).collect::<Vec<_>>()})
        }
    };
    data["saved"] = json!(*saved == Saved::Yes);
    data["will_ring"] = json!(access.ringer != Ringer::Nobody);
    Ok(ToolOutput::new(data, access.set(saved, "reminder", done)?))
}

fn list_reminders(diary: &Diary, now: &Now) -> ToolOutput {
    let all = reminders(diary, now);
    let data: Vec<Value> = all.iter().map(|one| as_data(one, now)).collect();
    let say = match all.as_slice() {
        [] => "You have no reminders.".into(),
        [only] => format!("You have one reminder, {}.", words(only, now)),
        several => {
            let mut told: Vec<String> =
                several.iter().take(READ).map(|one| words(one, now)).collect();
            if several.len() > READ {
                told.push(format!("and {} more", several.len() - READ));
            }
            format!("You have {}: {}.", say::count(several.len(), "reminder"), told.join("; "))
        }
    };
    ToolOutput::new(json!({"reminders": data}), say)
}

fn cancel_reminder(
    access: &BookAccess,
    diary: &mut Diary,
    now: &Now,
    wish: &CancelReminder,
) -> Result<ToolOutput, ToolError> {
    let wanted = wish.text.as_deref().map(yours).filter(|text| !text.is_empty());
    if wanted.is_none() && wish.which.is_none() {
        // "The reminder" is the one that is ringing.
        let ringing: Vec<_> = diary
            .ringing(now)
            .into_iter()
            .filter(|ring| ring.kind == super::RingKind::Reminder)
            .collect();
        if !ringing.is_empty() && !wish.all {
            let ids: Vec<_> = ringing.iter().map(|ring| ring.id).collect();
            let saved = diary.end(&ids, true, now);
            diary.hush();
            let say = access.changed(&saved, "Okay.".into())?;
            return Ok(ToolOutput::new(json!({"ended": ids.len()}), say));
        }
    }
    readable(diary)?;
    let all = reminders(diary, now);
    let fitting = labelled(all.clone(), wanted.as_deref());
    let none = || {
        ToolError::Tell(match (&wanted, all.as_slice()) {
            (_, []) => "You have no reminders.".into(),
            (Some(text), _) => format!("There is no reminder about {text}."),
            (None, _) => "There is no such reminder.".into(),
        })
    };
    let chosen = match pick(fitting, wish.which, wish.all, now) {
        Picked::None => return Err(none()),
        Picked::These(chosen) => chosen,
        Picked::Unclear(several) => {
            let names: Vec<String> = several.iter().map(|one| words(one, now)).collect();
            return Err(ToolError::Tell(format!(
                "You have {}: {}. Which one?",
                say::count(several.len(), "reminder"),
                names.join("; ")
            )));
        }
    };
    let ids: Vec<_> = chosen.iter().map(|one| one.id).collect();
    let (gone, saved) = diary.remove(|_| ids);
    let done = match gone.as_slice() {
        [] => return Err(none()),
        [only] => format!("I won't remind you: {}.", about(only)),
        several => format!("{} are cancelled.", say::count(several.len(), "reminder")),
    };
    let ended: Vec<&str> = gone.iter().map(about).collect();
    Ok(ToolOutput::new(json!({ "ended": ended }), access.changed(&saved, done)?))
}

/// All reminders, next to come first.
fn reminders(diary: &Diary, now: &Now) -> Vec<Entry> {
    diary.entries(now).into_iter().filter(Entry::is_reminder).collect()
}

fn about(reminder: &Entry) -> &str {
    reminder.label.as_deref().unwrap_or_default()
}

/// "9 AM tomorrow, call the dentist".
fn words(reminder: &Entry, now: &Now) -> String {
    let at = match (reminder.what, reminder.due(now)) {
        (What::Alarm { .. }, _) => when(reminder, now.today()),
        (What::Timer { .. } | What::Snoozed { .. }, Some(due)) => {
            let due = due.to_zoned(now.zone.clone());
            // Seconds are of no interest here.
            let near = due.round(jiff::Unit::Minute).unwrap_or(due);
            format!("{} {}", say::clock(near.time()), say::day_from(near.date(), now.today()))
        }
        (What::Timer { .. } | What::Snoozed { .. }, None) => "some day".into(),
    };
    format!("{at}, {}", about(reminder))
}

fn as_data(reminder: &Entry, now: &Now) -> Value {
    let rings_at = reminder.due(now).map(|due| due.to_zoned(now.zone.clone()));
    json!({
        "text": about(reminder),
        "rings_at": rings_at.map(|at| at.strftime("%FT%T%:z").to_string()),
    })
}

/// The hours that mean the afternoon, of a reminder on another day.
const AFTERNOON: std::ops::RangeInclusive<i8> = 1..=5;

/// The time as people mean it who are awake then: "tomorrow at 4" is in the afternoon, unless the
/// half of the day was said.
fn by_day(text: String, said: Option<&str>) -> Result<String, ToolError> {
    let time = clock_time(&text)?;
    let open = said.is_some_and(|said| !names_half(said));
    let afternoon = open && AFTERNOON.contains(&time.hour());
    Ok(if afternoon { format!("{:02}:{:02}", time.hour() + 12, time.minute()) } else { text })
}

/// The hour that stands for a morning, and for a day without a time.
const MORNING: i8 = 9;

/// The hour that a part of the day stands for, if no time was said. "Say good morning to Ann" names
/// none: what the reminder is about does not count.
fn part_of_day(said: &str, about: &str) -> Option<i8> {
    let words = |text: &str| -> Vec<String> {
        let lower = text.to_lowercase();
        lower.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect()
    };
    let (said, about) = (words(said), words(about));
    // "Abend" is also the end of "Freitagabend".
    let is = |word: &str, part: &str| {
        word == part || word.strip_suffix(part).is_some_and(|day| day.ends_with("tag"))
    };
    let named = |parts: &[&str]| {
        said.iter().any(|word| parts.iter().any(|part| is(word, part)) && !about.contains(word))
    };
    if named(&["morning", "früh", "vormittag"]) {
        Some(MORNING)
    } else if named(&["mittag"]) {
        Some(12)
    } else if named(&["afternoon", "nachmittag"]) {
        Some(15)
    } else if named(&["evening", "tonight", "abend"]) {
        Some(19)
    } else if named(&["night", "nacht"]) {
        Some(21)
    } else {
        None
    }
}

/// What the user said of themselves, as it is said to them: "call my mum" becomes "call your mum".
fn yours(text: &str) -> String {
    let turned = |word: &str| {
        match word {
            "my" => "your",
            "mine" => "yours",
            "myself" => "yourself",
            "me" => "you",
            "i" | "I" => "you",
            "i'm" | "I'm" => "you're",
            "our" => "your",
            other => return other.to_owned(),
        }
        .to_owned()
    };
    text.split_whitespace().map(turned).collect::<Vec<_>>().join(" ")
}
