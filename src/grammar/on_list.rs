//! What is said of a list after something was put on it: "eggs too", "not bread, butter", "read it".

use serde_json::Value;

use super::lexer::Token;
use super::lines::Lines;
use super::talk::Talk;
use super::{Meaning, ParsedCall};

/// Words that begin a wish to put something on a list, and to take something off it.
const PUT: &[&str] =
    &["add", "put", "also add", "also put", "and add", "and put", "get", "we need"];
const TAKE: &[&str] =
    &["remove", "take", "delete", "cross", "strike", "scratch", "tick", "check", "drop"];

/// "Add eggs too", "and butter", "take milk off", "read it": `sentence` said of the list of `call`.
pub(super) fn about_list(grammar: &Lines, call: &ParsedCall, sentence: &str) -> Option<Meaning> {
    let lists = ["add_to_list", "read_list", "remove_from_list", "create_list"];
    if !lists.contains(&call.tool.as_str()) {
        return None;
    }
    let name = call.arguments.get("list").and_then(Value::as_str).unwrap_or("shopping");
    let list = format!("the {name} list");
    let meant = |sentence: &str| super::sentence::understand(grammar, sentence);
    let its = |sentence: &str| {
        let (Meaning::Calls(calls), _) = meant(sentence)? else { return None };
        let one = |call: &ParsedCall| call.tool.contains("_list");
        calls.iter().all(one).then_some(Meaning::Calls(calls))
    };
    let lower = sentence.to_lowercase();
    if let Some((at, the)) = ["the list", "that list", "this list"]
        .iter()
        .find_map(|the| lower.find(the).map(|at| (at, the.len())))
        && let (Some(head), Some(tail)) = (lower.get(..at), lower.get(at + the..))
    {
        return its(&format!("{head}{list}{tail}"));
    }
    if let Some(named) = replaced(sentence, &["it", "that", "there"], &list) {
        return its(&named);
    }
    if let Some((Meaning::Calls(_) | Meaning::Answer(_) | Meaning::Ask { .. }, _)) = meant(sentence)
    {
        return None;
    }
    let said = sentence.trim_end_matches(|c: char| !c.is_alphanumeric());
    let bare = [" too", " as well", " also"].iter().find_map(|tail| said.strip_suffix(tail));
    let bare = bare.unwrap_or(said);
    let rest = |word: &&str| {
        let (head, rest) = (bare.get(..word.len())?, bare.get(word.len()..)?);
        (head.eq_ignore_ascii_case(word) && rest.starts_with(' ')).then(|| rest.trim())
    };
    if TAKE.iter().any(|word| rest(word).is_some()) {
        let bare = bare.strip_suffix(" off").or(bare.strip_suffix(" out")).unwrap_or(bare);
        return its(&format!("{bare} off {list}")).or_else(|| its(&format!("{bare} from {list}")));
    }
    let said_to = ["add", "put", "also add", "also put", "and add", "and put"];
    let named = said_to.iter().find_map(rest).filter(|item| !item.ends_with(" to taste"));
    let loose = || PUT.iter().chain(&["and", "also"]).find_map(rest).filter(|item| is_thing(item));
    let item = named.or_else(loose).or_else(|| {
        // "Eggs too"; a tent, when asked what should go on the new list.
        let thing = bare.split_whitespace().count() <= 6 && is_thing(bare);
        (thing && (bare.len() < said.len() || call.tool == "create_list")).then_some(bare)
    })?;
    // "Tent to camping."
    let item = [" to ", " on ", " onto "]
        .iter()
        .find_map(|to| item.to_lowercase().ends_with(&format!("{to}{name}")).then_some(to.len()))
        .and_then(|to| item.get(..item.len() - to - name.len()))
        .unwrap_or(item);
    its(&format!("add {item} to {list}"))
}

/// Words that no thing on a list has, but talk does: "me too", "and I think so", "it's late as well".
const NO_THING: &[&str] = &[
    "i", "me", "you", "we", "us", "he", "she", "they", "it", "that", "this", "so", "what", "who",
    "how", "why", "when", "where", "which", "is", "are", "was", "were", "am", "be", "do", "does",
    "did", "can", "could", "no", "not", "nothing", "thank", "thanks", "yes", "okay", "ok", "right",
    "sorry", "will", "would", "said", "says", "think", "go", "goes", "going", "here", "there",
    "have", "has", "had", "never", "later", "now", "then", "please",
];

/// Whether `text` may be a thing on a list.
fn is_thing(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words = || lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let talk = words().any(|word| NO_THING.contains(&word))
        || words().next() == Some("to")
        || lower.ends_with(" to taste");
    !talk && words().next().is_some()
}

/// "No, not bread, butter", "I meant butter": the last item off the list, and another on it.
pub(super) fn other_item(
    talk: &Talk<'_>,
    call: &ParsedCall,
    tokens: &[Token],
    from: usize,
) -> Option<Meaning> {
    let item = call.arguments.get("item").and_then(Value::as_str)?;
    let said = words(tokens);
    let rest = words(tokens.get(from..)?);
    let denied = rest.strip_prefix(&format!("not {}", item.to_lowercase()));
    let denied = denied.map(|new| new.trim_start().trim_start_matches("but ").trim());
    let meant = ["i meant", "i mean", "i said", "make that"];
    let meant = meant.iter().any(|lead| said.contains(lead)).then_some(rest.as_str());
    let new = denied.or(meant).filter(|new| is_thing(new))?;
    if new.split(' ').count() > 4 || talk.meaning(tokens.get(from..)?).is_some() {
        return None;
    }
    let off = ParsedCall { tool: "remove_from_list".into(), arguments: call.arguments.clone() };
    let mut on = call.clone();
    on.arguments.as_object_mut()?.insert("item".into(), Value::from(new));
    Some(Meaning::Calls(vec![off, on]))
}

/// `sentence` with `by` in place of the first of `words`; `None` if it has none.
pub(super) fn replaced(sentence: &str, words: &[&str], by: &str) -> Option<String> {
    let mut found = false;
    let all: Vec<String> = sentence
        .split_whitespace()
        .map(|word| {
            let bare = word.trim_end_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
            let it = !found && words.contains(&bare.as_str());
            found |= it;
            if it { by.to_owned() } else { word.to_owned() }
        })
        .collect();
    found.then(|| all.join(" "))
}

/// The words of `tokens`.
pub(super) fn words(tokens: &[Token]) -> String {
    let words: Vec<&str> = tokens.iter().map(|t| t.text.as_str()).collect();
    words.join(" ")
}
