use std::sync::Arc;

use jiff::{Timestamp, ToSpan};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::book::{Book, Entry, MAX_ENTRIES, Saved, What};
use super::{RingKind, Ringer, Settings, Tool, ToolError, ToolOutput, arguments, function, say};
use crate::base::WallClock;
use crate::dialog::Effect;

/// The longest timer: a year. What lies further off is a date, not a timer.
const LONGEST: u64 = 365 * 86_400;

/// The longest label, in characters.
pub(super) const LONGEST_LABEL: u32 = 100;

/// What tools that change the book share.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) book: Book,
    pub(super) wall: WallClock,
    pub(super) ringer: Ringer,
}

impl Desk {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { book: settings.book.clone(), wall: settings.wall.clone(), ringer: settings.ringer }
    }

    /// Runs `work` on a thread that may wait for the disk, with the newest book.
    pub(super) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce(&Self, Timestamp) -> Result<T, ToolError> + Send + 'static,
    ) -> Result<T, ToolError> {
        let work = move || {
            self.book.reload_if_changed();
            work(&self, self.wall.now())
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result,
            Err(error) => Err(ToolError::Fatal(format!("The book of timers broke down: {error}."))),
        }
    }

    /// The sentence that something was set, or why it will not ring.
    pub(super) fn set(&self, saved: &Saved, noun: &str, done: String) -> Result<String, ToolError> {
        match (self.ringer, saved) {
            (Ringer::Here | Ringer::Elsewhere, Saved::Yes) => Ok(done),
            (Ringer::Nobody, Saved::Yes) => Ok(format!(
                "{done} But no aloud service is running that would ring it: start one with \"aloud daemon\"."
            )),
            (Ringer::Here, Saved::No(reason)) => Ok(format!(
                "{done} It could not be saved, because {reason}, so it is lost when aloud ends."
            )),
            (Ringer::Elsewhere | Ringer::Nobody, Saved::No(reason)) => Err(ToolError::Tell(
                format!("The {noun} could not be set, because it could not be saved: {reason}."),
            )),
        }
    }

    /// The sentence that something was cancelled, or that it may ring after all.
    pub(super) fn cancelled(&self, saved: &Saved, done: String) -> Result<String, ToolError> {
        match (self.ringer, saved) {
            (_, Saved::Yes) => Ok(done),
            (Ringer::Here, Saved::No(reason)) => Ok(format!(
                "{done} That could not be saved, because {reason}, so it may come back when aloud starts again."
            )),
            (Ringer::Elsewhere | Ringer::Nobody, Saved::No(reason)) => {
                Err(ToolError::Tell(format!(
                    "That could not be cancelled, because the change could not be saved: {reason}."
                )))
            }
        }
    }
}

pub(super) fn full() -> ToolError {
    ToolError::Tell(format!(
        "There are {MAX_ENTRIES} timers and alarms already. Cancel some first."
    ))
}

#[derive(Deserialize)]
struct SetTimer {
    seconds: u64,
    label: Option<String>,
}

#[derive(Deserialize)]
struct CancelTimer {
    label: Option<String>,
    seconds: Option<u64>,
    #[serde(default)]
    all: bool,
}

pub(crate) fn tools(settings: &Settings) -> [Arc<dyn Tool>; 3] {
    let desk = Desk::new(settings);
    let label =
        |text: &str| json!({"type": "string", "maxLength": LONGEST_LABEL, "description": text});
    let set = {
        let desk = desk.clone();
        function(
            "set_timer",
            "Starts a countdown that rings aloud when it ends.",
            Effect::Writes,
            arguments(
                &["seconds"],
                json!({
                    "seconds": {
                        "type": "integer", "minimum": 1, "maximum": LONGEST,
                        "description": "Its length in whole seconds; 10 minutes are 600.",
                    },
                    "label": label("What it is for, only when said: \"beans\" for \"a timer for the beans\"."),
                }),
            ),
            move |arguments: SetTimer, _| {
                desk.clone().run(move |desk, now| set_timer(desk, now, arguments))
            },
        )
    };
    let list = {
        let desk = desk.clone();
        function(
            "list_timers",
            "Says which timers run and how much time is left on each.",
            Effect::Reads,
            arguments(&[], json!({})),
            move |_: Map<String, Value>, _| {
                desk.clone().run(|desk, now| Ok(list_timers(&desk.book, now)))
            },
        )
    };
    let cancel = function(
        "cancel_timer",
        "Ends a timer: the one with that label, the one of that length, all of them, or without \
         an argument the one that rings or was set last.",
        Effect::Writes,
        arguments(
            &[],
            json!({
                "label": label("The label of the timer, only when said."),
                "seconds": {
                    "type": "integer", "minimum": 1, "maximum": LONGEST,
                    "description": "The length it was set for, only when said.",
                },
                "all": {"type": "boolean", "description": "true for all timers."},
            }),
        ),
        move |arguments: CancelTimer, _| {
            desk.clone().run(move |desk, now| cancel_timer(desk, now, &arguments))
        },
    );
    [set, list, cancel]
}

fn set_timer(desk: &Desk, now: Timestamp, arguments: SetTimer) -> Result<ToolOutput, ToolError> {
    let SetTimer { seconds, label } = arguments;
    let label = clean_label(label, "timer");
    let seconds = seconds.clamp(1, LONGEST);
    let due = now
        .checked_add((seconds as i64).seconds())
        .map_err(|_| ToolError::Tell("That is further off than the calendar goes.".into()))?;
    let (entry, saved) =
        desk.book.add(label, now, What::Timer { seconds, due }).map_err(|_| full())?;
    let length = say::span(seconds);
    let done = match &entry.label {
        Some(label) => say::sentence(&format!("{label} timer set for {length}.")),
        None => format!("Timer set for {length}."),
    };
    let say = desk.set(&saved, "timer", done)?;
    let data = json!({
        "label": entry.label, "seconds": seconds, "rings_at": due.to_zoned(desk.book.zone().clone()).strftime("%FT%T%:z").to_string(),
        "saved": saved == Saved::Yes, "will_ring": desk.ringer != Ringer::Nobody,
    });
    Ok(ToolOutput::new(data, say))
}

fn list_timers(book: &Book, now: Timestamp) -> ToolOutput {
    let timers: Vec<Entry> = book.entries().into_iter().filter(Entry::is_timer).collect();
    let data: Vec<Value> = timers
        .iter()
        .map(|timer| json!({"label": timer.label, "seconds": length(timer), "seconds_left": left(timer, now)}))
        .collect();
    let say = match timers.as_slice() {
        [] => "No timer is running.".into(),
        [only] => format!("Your {} has {}.", only.name(), left_words(only, now)),
        several => {
            let words: Vec<String> = several
                .iter()
                .map(|timer| format!("the {} with {}", timer.name(), left_words(timer, now)))
                .collect();
            format!("You have {}: {}.", say::count(several.len(), "timer"), say::list(&words))
        }
    };
    ToolOutput::new(json!({"timers": data}), say)
}

fn cancel_timer(desk: &Desk, now: Timestamp, wish: &CancelTimer) -> Result<ToolOutput, ToolError> {
    let wanted = clean_label(wish.label.clone(), "timer");
    let fits = |label: Option<&str>, seconds: u64| {
        wanted.as_deref().is_none_or(|wanted| label.is_some_and(|label| same_label(wanted, label)))
            && wish.seconds.is_none_or(|wanted| wanted == seconds)
    };
    // What rings is what is meant: another timer must not fall for it.
    let rang = desk.book.ringing(now).into_iter().find_map(|rang| match rang.what {
        RingKind::Timer { seconds } if !wish.all && fits(rang.label.as_deref(), seconds) => {
            Some(rang.what.name(rang.label.as_deref()))
        }
        RingKind::Timer { .. } | RingKind::Alarm { .. } => None,
    });
    let running_fits =
        |entry: &Entry| entry.is_timer() && fits(entry.label.as_deref(), length(entry));
    let explicit = wanted.is_some() || wish.seconds.is_some();
    if let Some(name) = rang
        && !(explicit && desk.book.entries().iter().any(running_fits))
    {
        desk.book.hush();
        return Ok(ToolOutput::new(
            json!({"ended": [name]}),
            format!("Okay, your {name} is over."),
        ));
    }
    let (gone, saved) = desk.book.remove(|entries| {
        let timers = entries.iter().filter(|entry| entry.is_timer());
        if wish.all {
            return timers.map(|timer| timer.id).collect();
        }
        let last =
            timers.filter(|timer| running_fits(timer)).max_by_key(|timer| (timer.set, timer.id));
        last.map(|timer| timer.id).into_iter().collect()
    });
    let rest: Vec<Entry> = desk.book.entries().into_iter().filter(Entry::is_timer).collect();
    let done = match gone.as_slice() {
        [] => return Err(ToolError::Tell(none_fits(&rest, wanted.as_deref(), wish.seconds))),
        [only] if rest.is_empty() || explicit => format!("Your {} is cancelled.", only.name()),
        [only] => format!(
            "I cancelled the timer you set last, your {}. {} still running.",
            only.name(),
            match rest.as_slice() {
                [one] => format!("Your {} is", one.name()),
                several => format!("{} are", say::count(several.len(), "timer")),
            }
        ),
        [_, _] => "Both timers are cancelled.".into(),
        several => format!("All {} are cancelled.", say::count(several.len(), "timer")),
    };
    let say = desk.cancelled(&saved, done)?;
    let names: Vec<String> = gone.iter().map(Entry::name).collect();
    Ok(ToolOutput::new(json!({"ended": names}), say))
}

fn none_fits(running: &[Entry], label: Option<&str>, seconds: Option<u64>) -> String {
    let wanted = match (label, seconds) {
        (Some(label), _) => format!("{label} timer"),
        (None, Some(seconds)) => format!("{} timer", say::span_before_noun(seconds)),
        (None, None) => return "No timer is running.".into(),
    };
    let names: Vec<String> = running.iter().map(|timer| format!("your {}", timer.name())).collect();
    match names.len() {
        0 => format!("There is no {wanted}. No timer is running."),
        1 => format!("There is no {wanted}. Only {} is running.", names[0]),
        _ => format!("There is no {wanted}. Running are {}.", say::list(&names)),
    }
}

fn length(timer: &Entry) -> u64 {
    match timer.what {
        What::Timer { seconds, .. } => seconds,
        What::Alarm { .. } => 0,
    }
}

/// Seconds left, rounded up as on a kitchen clock; zero when it has run out.
fn left(timer: &Entry, now: Timestamp) -> u64 {
    let What::Timer { due, .. } = timer.what else { return 0 };
    u64::try_from(due.duration_since(now).as_millis()).unwrap_or(0).div_ceil(1_000)
}

fn left_words(timer: &Entry, now: Timestamp) -> String {
    let left = left(timer, now);
    if left > 0 {
        return format!("{} left", say::about(left));
    }
    "run out".into()
}

/// A label as it is kept: lower case, without article and without the noun itself.
pub(super) fn clean_label(label: Option<String>, noun: &str) -> Option<String> {
    let label = label?.trim().trim_end_matches(['.', '!', '?']).to_lowercase();
    let label = ["the ", "a ", "an ", "my "]
        .iter()
        .find_map(|article| label.strip_prefix(article))
        .unwrap_or(&label);
    let label = label.strip_suffix(noun).filter(|rest| rest.ends_with(' ')).unwrap_or(label).trim();
    (!label.is_empty() && label != noun).then(|| label.to_owned())
}

/// Whether two labels mean the same: "egg" and "eggs", "pasta" and "pasta sauce".
pub(super) fn same_label(a: &str, b: &str) -> bool {
    let words = |label: &str| -> Vec<String> {
        let words = label.to_lowercase();
        words.split_whitespace().map(|word| word.trim_end_matches('s').to_owned()).collect()
    };
    let (a, b) = (words(a), words(b));
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    !short.is_empty() && short.iter().all(|word| long.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_kept_without_article_and_noun() {
        let clean = |label: &str| clean_label(Some(label.into()), "timer");
        assert_eq!(clean("The Beans").as_deref(), Some("beans"));
        assert_eq!(clean("pasta timer.").as_deref(), Some("pasta"));
        assert_eq!(clean("timer"), None);
        assert_eq!(clean("a timer"), None);
        assert_eq!(clean("  "), None);
        assert_eq!(clean("egg-timer").as_deref(), Some("egg-timer"));
    }

    #[test]
    fn labels_match_as_people_mean_them() {
        for (a, b) in [("egg", "eggs"), ("Pasta", "pasta sauce"), ("tea", "tea")] {
            assert!(same_label(a, b) && same_label(b, a), "{a} {b}");
        }
        for (a, b) in [("tea", "steak"), ("pasta", "pizza"), ("", "tea")] {
            assert!(!same_label(a, b), "{a} {b}");
        }
    }
}
