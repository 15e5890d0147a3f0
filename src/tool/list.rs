use std::sync::Arc;

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::disk::on_disk;
use super::items::items;
use super::pad::{Pad, Sheet};
use super::{Settings, Tool, ToolError, ToolOutput, arguments, day, function, said, say, wish};
use crate::dialog::Effect;

/// The list that is meant if none was named and there are none, or several.
const USUAL: &str = "shopping";

/// Names of one and the same list, unless there are several of them.
const SHOPPING: [&str; 3] = [USUAL, "grocery", "groceries"];

/// How many items are read out at once; the rest are counted. Nobody remembers more.
const READ: usize = 7;

#[derive(Deserialize)]
struct Add {
    list: Option<String>,
    item: String,
    day: Option<String>,
    date: Option<String>,
}

#[derive(Deserialize)]
struct Remove {
    list: Option<String>,
    item: String,
}

#[derive(Deserialize)]
struct One {
    list: Option<String>,
}

#[derive(Deserialize)]
struct Clear {
    list: Option<String>,
    #[serde(default)]
    sure: bool,
}

pub(crate) fn tools(settings: &Arc<Settings>) -> Vec<Arc<dyn Tool>> {
    let name = || {
        json!({
            "type": "string", "maxLength": 100,
            "description": "The list's name without the word list: \"shopping\". Without it the only list.",
        })
    };
    let item = |text: &str| json!({"type": "string", "maxLength": 300, "description": text});
    let pad = || settings.pad.clone();
    let tool = Tools { pad: pad() };
    vec![
        tool.make(
            "add_to_list",
            "Adds something to a list, which is created if there is none of that name.",
            Effect::Writes,
            arguments(
                &["item"],
                json!({
                    "list": name(), "item": item("What to add, in the user's words."),
                    "day": item("The day it is for: tomorrow, a weekday; only when said."),
                    "date": item("YYYY-MM-DD, for a day that is said as a date."),
                }),
            ),
            {
                let settings = Arc::clone(settings);
                move |pad, wish: Add, said| {
                    let today = settings.wall.now().to_zoned(settings.zone()).date();
                    let item = said::as_said(&wish.item, said);
                    add(pad, Add { item, ..wish }, today)
                }
            },
        ),
        tool.make(
            "read_list",
            "Says what is on a list.",
            Effect::Reads,
            arguments(&[], json!({"list": name()})),
            |pad, wish, _| read(pad, wish),
        ),
        tool.make(
            "remove_from_list",
            "Takes something off a list.",
            Effect::Writes,
            arguments(&["item"], json!({"list": name(), "item": item("What to take off, in the user's words.")})),
            |pad, wish, _| remove(pad, wish),
        ),
        tool.make(
            "clear_list",
            "Takes everything off a list. It asks first: call it again with sure once the user has said yes.",
            Effect::Writes,
            arguments(&[], json!({
                "list": name(),
                "sure": {"type": "boolean", "description": "true once the user has said yes."},
            })),
            |pad, wish, _| clear(pad, wish),
        ),
        tool.make(
            "create_list",
            "Creates an empty list.",
            Effect::Writes,
            arguments(&["list"], json!({"list": name()})),
            |pad, wish, _| create(pad, wish),
        ),
        tool.make(
            "list_lists",
            "Says which lists there are.",
            Effect::Reads,
            arguments(&[], json!({})),
            |pad, wish, _| lists(pad, wish),
        ),
    ]
}

struct Tools {
    pad: Pad,
}

impl Tools {
    /// A tool that works on the pad, on a thread that may wait for a disk.
    fn make<A: serde::de::DeserializeOwned + Send + 'static>(
        &self,
        name: &str,
        description: &str,
        effect: Effect,
        parameters: Value,
        run: impl Fn(&Pad, A, Option<&str>) -> Result<ToolOutput, ToolError> + Send + Sync + 'static,
    ) -> Arc<dyn Tool> {
        let (pad, run) = (self.pad.clone(), Arc::new(run));
        function(name, description, effect, parameters, move |arguments: A, cx| {
            let (pad, run) = (pad.clone(), Arc::clone(&run));
            on_disk(move || run(&pad, arguments, cx.said.as_deref()))
        })
    }
}

fn add(pad: &Pad, mut wish: Add, today: Date) -> Result<ToolOutput, ToolError> {
    let mut list = found(pad, wish.list)?;
    let mut wanted = items(&wish.item);
    wish::settle_day(&mut wish.day, &mut wish.date, today)?;
    let due = match (&wish.date, &wish.day) {
        (Some(text), _) => Some(day::date(text, today, false)),
        (None, Some(name)) => Some(day::day(name, today)),
        (None, None) => None,
    };
    let unknown = || ToolError::Tell("I don't know that day. Which one?".into());
    let due = due.map(|due| due.ok_or_else(unknown)).transpose()?;
    if let Some(due) = due {
        // Tomorrow is another day; the date is still right then.
        wanted = wanted.iter().map(|item| format!("{item} ({})", say::date(due))).collect();
    }
    if wanted.is_empty() {
        return Err(ToolError::Tell("What should I add?".into()));
    }
    let there: Vec<String> = list.items().into_iter().map(str::to_owned).collect();
    let (old, new): (Vec<String>, Vec<String>) =
        wanted.into_iter().partition(|item| there.iter().any(|there| same(there, item)));
    for item in &new {
        list.add(item);
    }
    if !new.is_empty() {
        list.save()?;
    }
    let name = &list.name;
    let say = match (new.as_slice(), old.as_slice()) {
        ([], old) => {
            let verb = if old.len() == 1 { "is" } else { "are" };
            say::sentence(&format!("{} {verb} already on your {name} list.", say::list(old)))
        }
        (new, []) => format!("I added {} to your {name} list.", say::list(new)),
        (new, old) => format!(
            "I added {} to your {name} list; {} {} there already.",
            say::list(new),
            say::list(old),
            if old.len() == 1 { "was" } else { "were" }
        ),
    };
    let say = match due {
        // They may have meant a reminder.
        Some(_) => format!("{say} A list does not remind you; for that, say remind me."),
        None => say,
    };
    Ok(ToolOutput::new(json!({"list": name, "added": new, "already_there": old}), say))
}

fn read(pad: &Pad, wish: One) -> Result<ToolOutput, ToolError> {
    let list = found(pad, wish.list)?;
    let items = list.items();
    let name = &list.name;
    let say = match items.as_slice() {
        [] if !list.exists() => format!("There is no {name} list yet."),
        [] => format!("Your {name} list is empty."),
        [only] => format!("On your {name} list is {only}."),
        all if all.len() <= READ => format!(
            "There are {} on your {name} list: {}.",
            say::count(all.len(), "thing"),
            say::list(&all.iter().map(ToString::to_string).collect::<Vec<_>>())
        ),
        all => format!(
            "There are {} on your {name} list: {}, and {} more.",
            say::count(all.len(), "thing"),
            all[..READ].join(", "),
            all.len() - READ
        ),
    };
    Ok(ToolOutput::new(json!({"list": name, "items": items}), say))
}

fn remove(pad: &Pad, wish: Remove) -> Result<ToolOutput, ToolError> {
    let named = wish.list.is_some();
    let mut list = found(pad, wish.list)?;
    let mut gone = Vec::new();
    let mut absent = Vec::new();
    let last = list.items().last().map(|last| (*last).to_owned());
    for item in items(&wish.item) {
        let item = match (&last, item.to_lowercase().as_str()) {
            (Some(last), "last item" | "last one" | "last thing" | "last entry") => last.clone(),
            (_, _) => item,
        };
        let exact = list.remove(|there| same(there, &item));
        // "The milk" takes "oat milk" off, if nothing else is meant by it.
        let about: Vec<String> = list
            .items()
            .into_iter()
            .filter(|there| contains(there, &item))
            .map(str::to_owned)
            .collect();
        match (exact.as_slice(), about.as_slice()) {
            ([], [only]) => gone.extend(list.remove(|there| there == only)),
            ([], _) => absent.push(item),
            _ => gone.extend(exact),
        }
    }
    let name = &list.name;
    if gone.is_empty() {
        let elsewhere = if named { None } else { only_on(pad, name, &absent)? };
        return match elsewhere {
            Some(list) => remove(pad, Remove { list: Some(list), item: wish.item }),
            None => Err(ToolError::Tell(format!(
                "I can't find {} on your {name} list.",
                say::list(&absent)
            ))),
        };
    }
    list.save()?;
    let mut say = format!("I took {} off your {name} list.", say::list(&gone));
    if !absent.is_empty() {
        let verb = if absent.len() == 1 { "is" } else { "are" };
        say += &format!(" {}", say::sentence(&format!("{} {verb} not on it.", say::list(&absent))));
    }
    Ok(ToolOutput::new(json!({"list": name, "removed": gone, "not_there": absent}), say))
}

/// The one list besides `name` that holds all of `items`.
fn only_on(pad: &Pad, name: &str, items: &[String]) -> Result<Option<String>, ToolError> {
    let mut holds = Vec::new();
    for other in pad.names()?.into_iter().filter(|other| other != name) {
        let list = pad.list(&other)?;
        let there = list.items();
        if items.iter().all(|item| there.iter().any(|there| contains(there, item))) {
            holds.push(other);
        }
    }
    Ok(if holds.len() == 1 { holds.pop() } else { None })
}

fn clear(pad: &Pad, wish: Clear) -> Result<ToolOutput, ToolError> {
    let mut list = found(pad, wish.list)?;
    let count = list.items().len();
    let name = list.name.clone();
    if count == 0 {
        return Ok(ToolOutput::new(json!({"list": name}), format!("Your {name} list is empty.")));
    }
    if !wish.sure {
        let data = json!({
            "asked": true, "list": name, "items": count,
            "next": "Nothing was removed. Call it again with sure set once the user says yes.",
        });
        let things = say::count(count, "thing");
        let say = format!("That takes {things} off your {name} list. Shall I clear it?");
        return Ok(ToolOutput::new(data, say));
    }
    list.remove(|_| true);
    list.save()?;
    Ok(ToolOutput::new(
        json!({"list": name, "removed": count}),
        format!("Your {name} list is empty now."),
    ))
}

fn create(pad: &Pad, wish: One) -> Result<ToolOutput, ToolError> {
    let mut list = found(pad, wish.list)?;
    let name = list.name.clone();
    if list.exists() {
        let count = say::count(list.items().len(), "thing");
        let say = format!("You have a {name} list already, with {count} on it.");
        return Ok(ToolOutput::new(json!({"list": name, "created": false}), say));
    }
    list.begin();
    list.save()?;
    let say = format!("You have a {name} list now. What should go on it?");
    Ok(ToolOutput::new(json!({"list": name, "created": true}), say))
}

fn lists(pad: &Pad, _: Map<String, Value>) -> Result<ToolOutput, ToolError> {
    let names = pad.names()?;
    let say = match names.as_slice() {
        [] => "You have no lists yet.".into(),
        [only] => format!("You have one list, {only}."),
        several => {
            format!("You have {}: {}.", say::count(several.len(), "list"), say::list(several))
        }
    };
    Ok(ToolOutput::new(json!({"lists": names}), say))
}

/// The list called `name`; without a name the only one there is, else the usual one.
fn found(pad: &Pad, name: Option<String>) -> Result<Sheet, ToolError> {
    let name = name.filter(|name| !name.trim().is_empty());
    let name = match name {
        Some(name) => name,
        None => match pad.names()?.as_slice() {
            [only] => only.clone(),
            _ => USUAL.to_owned(),
        },
    };
    let name = name.trim().to_lowercase();
    let list = pad.list(name.strip_suffix(" list").unwrap_or(&name))?;
    if list.exists() || !SHOPPING.contains(&list.name.as_str()) {
        return Ok(list);
    }
    // People call it now one thing, now another.
    for other in SHOPPING {
        let other = pad.list(other)?;
        if other.exists() {
            return Ok(other);
        }
    }
    Ok(list)
}

/// Whether two items are one: "egg" and "Eggs".
fn same(a: &str, b: &str) -> bool {
    stems(a) == stems(b)
}

fn contains(all: &str, some: &str) -> bool {
    let all = stems(all);
    let some = stems(some);
    !some.is_empty() && some.iter().all(|word| all.contains(word))
}

fn stems(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word.trim_end_matches('s').to_owned()).collect()
}
