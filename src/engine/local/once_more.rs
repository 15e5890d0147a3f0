//! "Another one" after a joke, "again" after a coin was tossed: the same once more.

use super::earlier::said_latest;
use crate::dialog::Item;
use crate::grammar::{Grammar, Meaning, ParsedCall};

/// Words that ask for another of what there is more than one of.
const ANOTHER: &[&str] = &[
    "another",
    "another one",
    "and another",
    "and another one",
    "one more",
    "and one more",
    "tell me another",
    "tell me another one",
    "give me another",
    "give me another one",
    "a different one",
    "got another",
    "more",
];
/// Words that repeat what depends on chance. After words they ask to hear those again.
const AGAIN: &[&str] = &[
    "again",
    "once more",
    "one more time",
    "and again",
    "do it again",
    "do that again",
    "try again",
    "try it again",
    "roll again",
    "roll it again",
    "roll them again",
    "flip again",
    "flip it again",
    "toss it again",
    "pick again",
    "pick another",
    "pick another one",
    "choose again",
];
/// The tools whose result is another each time.
const CHANCE: &[&str] = &["flip_coin", "roll_dice", "pick_number", "choose"];

/// The meaning of `text`, the last of `items`, if it asks for the same as before once more; what was
/// done then is `called`.
pub(super) fn once_more(
    grammar: &Grammar,
    text: &str,
    items: &[Item],
    called: Option<ParsedCall>,
) -> Option<Meaning> {
    let (another, again) = kind(text);
    if !another && !again {
        return None;
    }
    if let Some(call) = called {
        // "A bit louder." "Again."
        let louder = call.tool == "set_volume" && call.arguments.get("change").is_some();
        let fits = louder || CHANCE.contains(&call.tool.as_str());
        return fits.then(|| Meaning::Calls(vec![call]));
    }
    // The last words are `text`.
    // "Another one." "One more." are about the joke before them.
    let first = said_latest(items).skip(1).find(|text| kind(text) == (false, false))?;
    match grammar.understand(first)? {
        Meaning::Answer(answer) if another && answer.contains('|') => Some(Meaning::Answer(answer)),
        Meaning::Answer(_)
        | Meaning::Calls(_)
        | Meaning::Ask { .. }
        | Meaning::Unclear(_)
        | Meaning::Refusal(_)
        | Meaning::Nothing => None,
    }
}

/// Whether `text` asks for another, and whether to do it again.
fn kind(text: &str) -> (bool, bool) {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(str::to_lowercase).filter(|word| word != "please").collect();
    let said = words.join(" ");
    (ANOTHER.contains(&said.as_str()), AGAIN.contains(&said.as_str()))
}
