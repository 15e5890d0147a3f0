//! Questions about what was just done: "did you cancel it?"

use serde_json::Value;

use super::lexer::Token;
use super::{Meaning, ParsedCall};

/// "Did you cancel it?", asked of what was just done: what there is answers it.
pub(super) fn asked_back(call: &ParsedCall, tokens: &[Token]) -> Option<Meaning> {
    const DONE: &[&str] = &[
        "set", "start", "cancel", "stop", "delete", "remove", "change", "add", "put", "save",
        "note", "write", "do", "get", "got", "move", "turn", "take", "make", "pause",
    ];
    let said: Vec<&str> = tokens.iter().map(|t| t.text.as_str()).collect();
    let (["did" | "have", "you", rest @ ..] | ["did", "it", rest @ ..]) = said.as_slice() else {
        return None;
    };
    let rest = rest.strip_prefix(&["really"]).or(rest.strip_prefix(&["just"])).unwrap_or(rest);
    // "Did you make the dinner?" is about something else.
    const THINGS: &[&str] = &["it", "that", "this", "them", "timer", "alarm", "reminder", "note"];
    let item = call.arguments.get("item").and_then(Value::as_str).unwrap_or_default();
    let named = |word: &&str| item.split(' ').any(|one| one.eq_ignore_ascii_case(word));
    let about = rest.iter().skip(1).any(|word| THINGS.contains(word) || named(word));
    if !rest.first().is_some_and(|verb| DONE.contains(verb)) || !about || rest.len() > 6 {
        return None;
    }
    let tool = match call.tool.as_str() {
        "set_timer" | "change_timer" | "cancel_timer" => "list_timers",
        "set_alarm" | "change_alarm" | "cancel_alarm" => "list_alarms",
        "add_reminder" | "cancel_reminder" => "list_reminders",
        "add_to_list" | "remove_from_list" | "clear_list" => "read_list",
        "add_note" | "remove_note" => "read_notes",
        "set_volume" => "set_volume",
        _ => return None,
    };
    let list = call.arguments.get("list").filter(|_| tool == "read_list");
    let arguments = list.map(|list| ("list".to_owned(), list.clone())).into_iter().collect();
    Some(Meaning::Calls(vec![ParsedCall {
        tool: tool.into(),
        arguments: Value::Object(arguments),
    }]))
}
