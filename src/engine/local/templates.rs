//! The grammar as a responder: a call, then what its tool says; or a short honest answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::stream;
use serde_json::Value;

use super::earlier::{
    CALLS, NO_ANSWER, NO_REQUEST, NO_WISH, before, call_of, called_here, is_ours, last_said,
    last_said_joined, said_latest,
};
use super::foreign;
use super::once_more::once_more;
use super::question::{is_question, is_statement};
use super::told::{closing, fresh, is_there, results};
use crate::base::{CallId, Flow, Job};
use crate::dialog::{Call, Item, Prompt};
use crate::engine::{Delta, EngineError, Responder};
use crate::grammar::{Before, Ending, Grammar, Language, Meaning, ParsedCall};
use crate::language::german;

/// Appended to both the first time.
const TRY_HELP: &str = "Say \"help\" to hear what I can do.";
/// The answer to a known command whose tool is missing, if the grammar has no words for that.
const NO_TOOL: &str = "I understand that, but I can't do it yet.";
/// The answer to a transcript without words.
const NO_WORDS: &str = "I didn't catch that.";
/// End of a tool's question when it needs the user's town.
const WHICH_TOWN: &str = "Which town?";

/// Finds the name of a model server on this machine.
pub type Nearby = Arc<dyn Fn() -> Job<Option<&'static str>> + Send + Sync>;

/// Counts calls, so that their ids are unique within a process.
#[derive(Debug, Default)]
struct Counter(AtomicU64);

impl Counter {
    /// A call id that no item of `items` uses.
    fn next(&self, items: &[Item]) -> CallId {
        loop {
            let number = self.0.fetch_add(1, Ordering::Relaxed);
            let id = CallId(format!("{CALLS}{number}"));
            let used = items.iter().any(|item| match item {
                Item::Call { call, .. } => call.id == id,
                Item::Outcome(outcome) => outcome.id == id,
                Item::User { .. } | Item::Reply { .. } | Item::Picture(_) | Item::Notice { .. } => {
                    false
                }
            });
            if !used {
                return id;
            }
        }
    }
}

/// The grammar as a responder. Creating one builds a [`Grammar`]; share it.
#[derive(Default)]
pub struct Templates {
    grammar: Grammar,
    calls: Counter,
    nearby: Option<Nearby>,
}

/// The next step of a reply.
enum Step {
    Give(Vec<Delta>),
    /// The question needs a chat model, and the user has not been told so yet.
    Advise,
}

impl Templates {
    /// Answers by `grammar`.
    pub fn new(grammar: Grammar) -> Self {
        Self { grammar, calls: Counter::default(), nearby: None }
    }

    /// Names a model server on this machine when saying that one is needed.
    #[must_use]
    pub fn with_nearby(self, nearby: Nearby) -> Self {
        Self { nearby: Some(nearby), ..self }
    }

    /// The grammar by which it answers.
    pub(super) fn grammar(&self) -> &Grammar {
        &self.grammar
    }

    /// How complete `text` is, as the words of somebody who has paused.
    pub fn ending(&self, text: &str) -> Ending {
        self.grammar.ending(text)
    }

    /// The next step of the reply to `prompt` if templates are certain of it: an unambiguous
    /// command, or the result of such a call. `None` leaves it to a chat model.
    pub fn certain(&self, prompt: &Prompt) -> Option<Vec<Delta>> {
        let (text, after) = prompt.last_turn()?;
        if !after.is_empty() {
            return called_here(after)
                .then(|| self.worded(prompt, results(&self.grammar, prompt, after)));
        }
        let deltas = self.asked(prompt).or_else(|| self.act(self.grammar.certain(text)?, prompt));
        deltas.map(|deltas| self.worded(prompt, deltas))
    }

    /// `deltas` in the language of the sentence that they answer.
    fn worded(&self, prompt: &Prompt, mut deltas: Vec<Delta>) -> Vec<Delta> {
        let ours = self.is_german(prompt);
        for delta in &mut deltas {
            if let Delta::Text(text) = delta
                && (ours || self.grammar.speaks_german() && text == foreign::NO_GERMAN)
            {
                *text = german::answer(text);
            }
        }
        deltas
    }

    /// Whether the last turn of `prompt` is in German.
    fn is_german(&self, prompt: &Prompt) -> bool {
        let mut said = said_latest(&prompt.items);
        let last = said.next();
        last.is_some_and(|last| self.grammar.language_after(last, said) == Language::German)
    }

    /// The next step if it only depends on the previous turn, which is all that templates know of
    /// the conversation: the answer to a question that one of their tools asked, and the results of
    /// their tools.
    pub fn asked(&self, prompt: &Prompt) -> Option<Vec<Delta>> {
        let (text, _) = prompt.last_turn().filter(|(_, after)| after.is_empty())?;
        self.town(text, prompt).or_else(|| self.act(self.follows(text, prompt)?, prompt))
    }

    /// What follows up a command of ours: a correction of it, or the answer to its question.
    fn follows(&self, text: &str, prompt: &Prompt) -> Option<Meaning> {
        before(prompt).and_then(|(before, _)| self.grammar.follow(&before, text))
    }

    /// Handles the answer to "Which town?": the town is remembered, and the tool that asked is
    /// called again. `None` if nothing asked, or the answer is not a town.
    fn town(&self, text: &str, prompt: &Prompt) -> Option<Vec<Delta>> {
        let at = prompt.items.iter().rposition(|item| matches!(item, Item::User { .. }))?;
        let before = &prompt.items[..at];
        let Item::Reply { text: question, .. } = before.last()? else { return None };
        if !question.trim_end().ends_with(WHICH_TOWN) {
            return None;
        }
        // "I live in Ludlow" is an answer too; any other command is not.
        if let Some(Meaning::Calls(calls)) = self.grammar.understand(text)
            && calls.iter().any(|call| call.tool != "set_home")
        {
            return None;
        }
        let town = self.grammar.town(text)?;
        let call = before.iter().rev().find_map(call_of).filter(|call| is_ours(call))?;
        let mut arguments: serde_json::Value = serde_json::from_str(&call.arguments).ok()?;
        arguments.as_object_mut()?.insert("location".into(), town.clone().into());
        let home = ParsedCall {
            tool: "set_home".into(),
            arguments: serde_json::json!({ "location": town }),
        };
        let again = ParsedCall { tool: call.name.clone(), arguments };
        self.all_calls(vec![home, again.clone()], prompt)
            .or_else(|| self.all_calls(vec![again], prompt))
    }

    /// The first calls of the reply to `prompt` if they are only likely, for want of a reachable
    /// chat model.
    pub fn likely(&self, prompt: &Prompt) -> Option<Vec<Delta>> {
        let (text, _) = prompt.last_turn().filter(|(_, after)| after.is_empty())?;
        match self.grammar.understand(text)? {
            Meaning::Calls(calls) => self.all_calls(calls, prompt),
            Meaning::Ask { .. }
            | Meaning::Unclear(_)
            | Meaning::Answer(_)
            | Meaning::Refusal(_)
            | Meaning::Nothing => None,
        }
    }

    /// The result of `meaning` if it asks nothing back and everything it needs is there.
    fn act(&self, meaning: Meaning, prompt: &Prompt) -> Option<Vec<Delta>> {
        match meaning {
            Meaning::Calls(calls) => self.all_calls(calls, prompt),
            Meaning::Answer(answer) => Some(vec![Delta::Text(fresh(&answer, prompt))]),
            Meaning::Ask { .. } | Meaning::Unclear(_) | Meaning::Refusal(_) | Meaning::Nothing => {
                None
            }
        }
    }

    /// The calls, if all their tools exist.
    fn all_calls(&self, calls: Vec<ParsedCall>, prompt: &Prompt) -> Option<Vec<Delta>> {
        let there = |call: &ParsedCall| is_there(call, prompt);
        if calls.iter().all(there) { self.calls(calls, prompt).ok() } else { None }
    }

    /// The calls whose tools exist, with what to say about the others; only that if none exists.
    fn calls(&self, calls: Vec<ParsedCall>, prompt: &Prompt) -> Result<Vec<Delta>, String> {
        let (calls, missing): (Vec<_>, Vec<_>) =
            calls.into_iter().partition(|call| is_there(call, prompt));
        let mut missing: Vec<&str> = missing
            .iter()
            .map(|call| self.grammar.missing(&call.tool).unwrap_or(NO_TOOL))
            .collect();
        missing.dedup();
        if calls.iter().all(|call| call.said().is_some()) && !missing.is_empty() {
            return Err(missing.join(" "));
        }
        let call = |call: ParsedCall| Call {
            id: self.calls.next(&prompt.items),
            name: call.tool,
            arguments: call.arguments.to_string(),
        };
        // What was asked for behind a call is said behind its result.
        let closing = closing(&self.grammar, prompt);
        let (say, calls): (Vec<_>, Vec<_>) =
            calls.into_iter().partition(|call| call.said().is_some());
        let say = say.iter().filter_map(ParsedCall::said).map(|text| fresh(text, prompt));
        let say = say.filter(|text| !closing.contains(text));
        let say = missing.into_iter().map(str::to_owned).chain(say);
        let text = say.collect::<Vec<_>>().join(" ");
        let text = (!text.is_empty()).then_some(Delta::Text(text));
        Ok(text
            .into_iter()
            .chain(calls.into_iter().map(|parsed| Delta::Call(call(parsed))))
            .collect())
    }

    /// The meaning of `text` after what was said and done before.
    fn meant(&self, text: &str, prompt: &Prompt) -> Option<Meaning> {
        let called = before(prompt).and_then(|(before, _)| match before {
            Before::Done(call) => Some(call),
            Before::Open(_) | Before::Unsure(_) | Before::Asked(_) => None,
        });
        if let Some(meaning) = once_more(&self.grammar, text, &prompt.items, called) {
            return Some(meaning);
        }
        // "15 or 50 minutes?"
        if let Some(said) = last_said(prompt)
            && self
                .grammar
                .understand(text)
                .is_none_or(|meaning| !matches!(meaning, Meaning::Calls(_)))
            && let Some(sentence) = self.grammar.settled(&said, text)
        {
            return self.grammar.understand(&sentence);
        }
        let mut asked = false;
        let before = before(prompt).or_else(|| {
            // A question of ours is not in the history, but what it was about is: "set a timer", or
            // "set a timer" and "for the eggs".
            let (last, said) = (last_said(prompt)?, last_said_joined(prompt));
            let (call, said) =
                [Some(last), said].into_iter().flatten().find_map(|said| {
                    match self.grammar.understand(&said)? {
                        Meaning::Ask { call, .. } => Some((call, said)),
                        Meaning::Calls(_)
                        | Meaning::Unclear(_)
                        | Meaning::Answer(_)
                        | Meaning::Refusal(_)
                        | Meaning::Nothing => None,
                    }
                })?;
            asked = true;
            Some((Before::Open(call), said))
        });
        let Some((before, said)) = before else { return self.grammar.understand(text) };
        if asked && let Some(calls) = self.at_that_time(&said, text) {
            return Some(Meaning::Calls(calls));
        }
        if let Some(meaning) = self.grammar.follow(&before, text) {
            // A name alone is no timer yet.
            let short = |call: &ParsedCall| {
                call.tool == "set_timer" && call.arguments.get("seconds").is_none()
            };
            if matches!(&meaning, Meaning::Calls(calls) if asked && calls.iter().any(short)) {
                return self.grammar.understand(&format!("{said} {text}")).or(Some(meaning));
            }
            return Some(meaning);
        }
        let meaning = self.grammar.understand(text);
        // "Thanks" after something that failed does not ask for it again.
        let done = matches!(meaning, Some(Meaning::Calls(_) | Meaning::Answer(_)));
        if done || !matches!(before, Before::Open(_)) {
            return meaning;
        }
        // "Set a timer." "For the pasta, ten minutes."
        match self.grammar.understand(&format!("{said} {text}")) {
            Some(Meaning::Calls(calls)) => Some(Meaning::Calls(calls)),
            Some(_) | None => meaning,
        }
    }

    /// "An alarm for the evening." "At 8.": the part of the day named before the question applies
    /// to the answer.
    fn at_that_time(&self, said: &str, text: &str) -> Option<Vec<ParsedCall>> {
        const PARTS: &[&str] = &["morning", "afternoon", "evening", "night", "tonight"];
        let lower = said.to_lowercase();
        let words = lower.split(|c: char| !c.is_alphanumeric());
        if !words.into_iter().any(|word| PARTS.contains(&word)) {
            return None;
        }
        let said = said.trim_end_matches(|c: char| !c.is_alphanumeric());
        let mut calls =
            [format!("{said} at {text}"), format!("{said} {text}")].iter().find_map(|both| {
                match self.grammar.understand(both) {
                    Some(Meaning::Calls(calls)) => Some(calls),
                    Some(_) | None => None,
                }
            })?;
        for call in &mut calls {
            if call.tool == "set_alarm" {
                call.arguments.as_object_mut()?.insert("exact".into(), Value::from(true));
            }
        }
        Some(calls)
    }

    /// The next step of the reply to `prompt`; nothing if there is nothing left to say.
    fn reply(&self, prompt: &Prompt) -> Step {
        let Some((text, after)) = prompt.last_turn() else { return Step::Give(Vec::new()) };
        if after.iter().any(|item| matches!(item, Item::Call { .. } | Item::Outcome(_))) {
            return Step::Give(results(&self.grammar, prompt, after));
        }
        let say = |text: &str| Step::Give(vec![Delta::Text(text.to_owned())]);
        if !text.chars().any(char::is_alphanumeric) {
            return say(NO_WORDS);
        }
        if let Some(deltas) = self.town(text, prompt) {
            return Step::Give(deltas);
        }
        let meant = match self.meant(text, prompt) {
            // It may have been misheard.
            unknown @ (None | Some(Meaning::Nothing | Meaning::Unclear(_))) => {
                match self.grammar.nearest(text) {
                    Some((near, meaning)) => {
                        tracing::info!("\"{text}\" was taken for \"{near}\"");
                        Some(meaning)
                    }
                    None => unknown,
                }
            }
            meant => meant,
        };
        match meant {
            Some(Meaning::Calls(calls)) => match self.calls(calls, prompt) {
                Ok(deltas) => Step::Give(deltas),
                Err(missing) => say(&missing),
            },
            Some(Meaning::Ask { question, .. }) => say(&question),
            Some(Meaning::Answer(text)) => say(&fresh(&text, prompt)),
            Some(Meaning::Unclear(text) | Meaning::Refusal(text)) => say(&text),
            // What sounds German gets no apology in Italian.
            Some(Meaning::Nothing) | None if self.is_german(prompt) => say(foreign::NO_GERMAN),
            Some(Meaning::Nothing) | None => refuse(text, &prompt.items),
        }
    }
}

impl Responder for Templates {
    fn respond(&self, prompt: Prompt) -> Flow<Result<Delta, EngineError>> {
        match self.reply(&prompt) {
            Step::Give(deltas) => {
                Box::pin(stream::iter(self.worded(&prompt, deltas).into_iter().map(Ok)))
            }
            Step::Advise => {
                let nearby = self.nearby.clone();
                Box::pin(stream::once(async move {
                    let server = match nearby {
                        Some(look) => look().await,
                        None => None,
                    };
                    Ok(Delta::Text(advice(server)))
                }))
            }
        }
    }
}

/// The answer to a sentence that matches no template.
fn refuse(text: &str, items: &[Item]) -> Step {
    if let Some(apology) = foreign::apology(text) {
        return Step::Give(vec![Delta::Text(apology.to_owned())]);
    }
    let said = |start: &str| {
        items.iter().any(|item| matches!(item, Item::Reply { text, .. } if text.starts_with(start)))
    };
    if is_question(text) && !said(NO_ANSWER) {
        return Step::Advise;
    }
    let known = said(NO_ANSWER) || said(NO_WISH) || said(NO_REQUEST);
    let no = if is_statement(text) { NO_REQUEST } else { NO_WISH };
    let text = if known { no.to_owned() } else { format!("{no} {TRY_HELP}") };
    Step::Give(vec![Delta::Text(text)])
}

/// The answer to the first question that needs a chat model.
fn advice(server: Option<&str>) -> String {
    let server = match server {
        Some("ollama") => ", or choose Ollama, which runs on this computer",
        Some(_) => ", or choose the model server that runs on this computer",
        None => "",
    };
    format!("{NO_ANSWER} A chat model could: set an OpenAI API key{server}.")
}
