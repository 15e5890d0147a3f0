use serde_json::Value;

use crate::language::english::say;

/// What calls of built-in tools do, after "Shall I"; `{x}` is an argument, and a part in brackets is
/// left out without it.
const DEEDS: &[(&str, &str)] = &[
    ("set_timer", "set a timer[ called {label}][ for {seconds}]"),
    ("cancel_timer", "cancel the timer[ {label}]"),
    ("change_timer", "change the timer[ {label}]"),
    ("set_alarm", "set an alarm[ for {time}][ on {day}]"),
    ("change_alarm", "change the alarm[ {label}][ at {time}][ to {to_time}]"),
    ("cancel_alarm", "cancel the alarm[ at {time}][ on {day}]"),
    ("add_reminder", "remind you[ to {text}]"),
    ("add_to_list", "add[ {item}] to the list[ {list}]"),
    ("remove_from_list", "remove[ {item}] from the list[ {list}]"),
    ("control_home", "[{action} ][{what}]"),
    ("clear_list", "delete everything on the list[ {list}]"),
    ("delete_list", "delete the list[ {list}]"),
    ("add_note", "take the note[ {text}]"),
    ("set_volume", "change the volume[ to {level} percent]"),
    ("media_control", "[{action} ]the music"),
    ("add_event", "add[ {title}] to your calendar"),
    ("move_event", "move[ {about}] on your calendar"),
    ("remove_event", "remove[ {about}] from your calendar"),
    ("publish", "send[ {message}][ to {topic}]"),
    ("open", "open[ {what}]"),
    ("copy_text", "put the text on the clipboard[: {text}]"),
    ("generate_image", "make a picture[ of {prompt}]"),
];

/// Arguments that are said, at most, and characters of each.
const MOST_ARGUMENTS: usize = 4;
const MOST_CHARACTERS: usize = 80;

/// The question before a call: "Shall I delete the list groceries?" A call of a tool that is not
/// built in names its arguments, so that a yes is to what is going to happen.
pub(super) fn question(name: &str, arguments: &Value) -> String {
    format!("Shall I {}?", deed(name, arguments))
}

/// What a call does, after "Shall I".
pub(super) fn deed(name: &str, arguments: &Value) -> String {
    let deed = DEEDS.iter().find(|(tool, _)| *tool == name);
    match deed {
        Some((_, pattern)) => filled(pattern, arguments),
        None => {
            let said = said(arguments);
            let with = if said.is_empty() { String::new() } else { format!(" with {said}") };
            format!("use {}{with}", title(name))
        }
    }
}

/// A tool's name as it is said: "read page".
pub(super) fn title(name: &str) -> String {
    name.replace(['_', '-'], " ")
}

/// `pattern` with its arguments.
fn filled(pattern: &str, arguments: &Value) -> String {
    let mut out = String::new();
    for part in pattern.split_inclusive(']') {
        let (before, optional) = part.split_once('[').unwrap_or((part, ""));
        out.push_str(before);
        let optional = optional.trim_end_matches(']');
        let name = optional.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
        if let Some((name, _)) = name
            && let Some(value) = value(name, &arguments[name])
        {
            out.push_str(&optional.replace(&format!("{{{name}}}"), &value));
        }
    }
    out
}

/// An argument as it is said.
fn value(name: &str, value: &Value) -> Option<String> {
    match (name, value.as_u64()) {
        ("seconds", Some(seconds)) => Some(say::span(seconds)),
        _ => short(value),
    }
}

/// The arguments as they are said: "path notes, recursive true".
fn said(arguments: &Value) -> String {
    let pairs = arguments.as_object().into_iter().flatten();
    let pairs =
        pairs.filter_map(|(name, value)| Some(format!("{} {}", title(name), short(value)?)));
    pairs.take(MOST_ARGUMENTS).collect::<Vec<_>>().join(", ")
}

/// A value in a few words, on one line; `None` for nothing.
fn short(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = line.chars().take(MOST_CHARACTERS).collect();
    let more = if cut.len() < line.len() { " and more" } else { "" };
    (!cut.is_empty()).then(|| format!("{cut}{more}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_question_says_what_would_be_done() {
        for (name, arguments, wanted) in [
            ("delete_list", json!({"list": "groceries"}), "Shall I delete the list groceries?"),
            ("add_to_list", json!({"item": "milk"}), "Shall I add milk to the list?"),
            ("cancel_alarm", json!({}), "Shall I cancel the alarm?"),
            (
                "write_file",
                json!({"path": "a b.txt", "force": true}),
                "Shall I use write file with path a b.txt, force true?",
            ),
            ("reboot", json!({}), "Shall I use reboot?"),
        ] {
            assert_eq!(question(name, &arguments), wanted);
        }
    }

    #[test]
    fn a_long_argument_is_cut_and_says_so() {
        let asked = question("send", &json!({"text": "word ".repeat(100)}));
        assert!(asked.len() < 150 && asked.ends_with(" and more?"), "{asked}");
    }
}
