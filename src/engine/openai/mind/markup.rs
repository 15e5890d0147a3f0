//! Removes what models write into their words that is not meant to be read: thoughts, tool calls as
//! text, and special tokens of their templates. Works on the stream, however it is split.

use serde_json::Value;

use crate::base::CallId;
use crate::dialog::Call;

/// Openings of thoughts. The tag depends on the model family; any closing tag ends any of them.
const THOUGHTS: [&str; 10] = [
    "<think>",
    "<thinking>",
    "<thought>",
    "<thoughts>",
    "<reasoning>",
    "<|think|>",
    "[think]",
    "◁think▷",
    "<|channel|>analysis<|message|>",
    "<|channel|>commentary<|message|>",
];

/// Closings of thoughts.
const THOUGHT_ENDS: [&str; 9] = [
    "</think>",
    "</thinking>",
    "</thought>",
    "</thoughts>",
    "</reasoning>",
    "[/think]",
    "◁/think▷",
    "<|channel|>final<|message|>",
    "<|end|>",
];

/// Opening and closings of tool calls written as text; without a closing, a call extends to the end
/// of the answer.
const CALLS: [(&str, &[&str]); 7] = [
    ("<tool_call>", &["</tool_call>"]),
    ("<tool_calls>", &["</tool_calls>"]),
    ("<function_call>", &["</function_call>"]),
    ("<function=", &["</function>"]),
    ("<|tool_call|>", &["<|/tool_call|>", "</tool_call>"]),
    ("[tool_calls]", &[]),
    ("<|python_tag|>", &["<|eom_id|>", "<|eot_id|>"]),
];

/// Special tokens of templates, which mean nothing to anybody else.
const MARKS: [&str; 12] = [
    "<|start|>assistant",
    "<|channel|>final<|message|>",
    "<|im_start|>assistant",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<end_of_turn>",
    "</s>",
];

/// The longest of all of them, in bytes.
const LONGEST: usize = 40;

/// The most that is held back of an answer that may be a call, in bytes.
const KEPT: usize = 32 * 1024;

/// Parses one answer.
#[derive(Debug)]
pub(super) struct Markup {
    /// The available tools.
    tools: Vec<String>,
    state: State,
    /// Text not decided yet.
    rest: String,
    /// Whether words were handed out.
    begun: bool,
    /// Whether something was removed before the next word.
    gap: bool,
    /// Code fences in what was handed out.
    fences: usize,
    /// The last character handed out.
    last: Option<char>,
    /// What was found besides words.
    pub(super) found: Found,
}

/// What an answer contained besides words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Thoughts.
    pub(super) thought: bool,
    /// The end of thoughts whose beginning the template had written.
    pub(super) open_thought: bool,
    /// A call of an unknown tool, or an unreadable one.
    pub(super) odd_call: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing but white space so far.
    Start,
    Words,
    Thought,
    /// Possibly thoughts without an opening tag: everything is held back until they end.
    Unopened,
    /// A call, by its row in [`CALLS`].
    Call(usize),
    /// An answer that begins like the bare JSON of a call.
    Bare,
}

/// A parsed piece of an answer.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    Words(String),
    Call(Call),
}

impl Markup {
    /// For an answer of a model that may call `tools`. `unopened` says that its template opens its
    /// thoughts for it.
    pub(super) fn new(tools: Vec<String>, unopened: bool) -> Self {
        let state = if unopened { State::Unopened } else { State::Start };
        let (rest, found) = (String::new(), Found::default());
        Self { tools, state, rest, begun: false, gap: false, fences: 0, last: None, found }
    }

    /// The thoughts come in a field of their own, so none are among the words.
    pub(super) fn thinks_elsewhere(&mut self) {
        if self.state == State::Unopened {
            self.state = State::Start;
        }
    }

    /// Takes the next words.
    pub(super) fn push(&mut self, words: &str, out: &mut Vec<Piece>) {
        self.rest.push_str(words);
        while self.step(out) {}
    }

    /// The answer is over.
    pub(super) fn finish(&mut self, out: &mut Vec<Piece>) {
        // What waits for more gets no more.
        let rest = std::mem::take(&mut self.rest);
        match self.state {
            State::Start | State::Words => self.words(&rest, out),
            // No closing tag came, so they were words.
            State::Unopened => self.words(rest.trim_start(), out),
            State::Thought => {}
            State::Call(row) => self.call(row, &rest, out),
            State::Bare => match self.bare(&rest) {
                Some(calls) => out.extend(calls.into_iter().map(Piece::Call)),
                None => self.words(&rest, out),
            },
        }
    }

    /// Decides on the beginning of the rest; false if more text is needed.
    fn step(&mut self, out: &mut Vec<Piece>) -> bool {
        match self.state {
            State::Start => self.start(),
            State::Words => self.step_words(out),
            State::Thought => match first(&self.rest, &THOUGHT_ENDS) {
                Some((at, mark)) => {
                    self.drop_to(at + mark);
                    self.found.thought = true;
                    self.state = State::Words;
                    true
                }
                None => {
                    self.found.thought |= !self.rest.trim().is_empty();
                    let keep = floor(&self.rest, self.rest.len().saturating_sub(LONGEST));
                    self.rest.drain(..keep);
                    false
                }
            },
            State::Unopened => {
                if let Some((at, mark)) = first(&self.rest, &THOUGHT_ENDS) {
                    self.drop_to(at + mark);
                    self.found = Found { thought: true, open_thought: true, odd_call: None };
                    self.state = State::Words;
                    return true;
                }
                let long = self.rest.len() > KEPT * 8;
                if long
                    || first(&self.rest, &THOUGHTS)
                        .is_some_and(|(at, _)| self.rest[..at].trim().is_empty())
                {
                    self.state = State::Start;
                    return true;
                }
                false
            }
            State::Call(row) => {
                let Some((at, mark)) = first(&self.rest, CALLS[row].1) else {
                    return false;
                };
                let body = self.rest[..at].to_owned();
                self.drop_to(at + mark);
                self.state = State::Words;
                self.call(row, &body, out);
                true
            }
            State::Bare => {
                if self.rest.len() > KEPT {
                    self.state = State::Words;
                    return true;
                }
                false
            }
        }
    }

    fn start(&mut self) -> bool {
        let text = self.rest.trim_start();
        if text.is_empty() {
            return false;
        }
        let inside = match text.strip_prefix("```") {
            Some(fenced) => match fenced.split_once('\n') {
                Some((_, inside)) => inside,
                None => return fenced.len() > LONGEST && self.go(State::Words),
            },
            None if "```".starts_with(text) => return false,
            None => text,
        };
        let inside = inside.trim_start();
        let inside = inside.strip_prefix('[').map_or(inside, str::trim_start);
        if inside.is_empty() {
            return false;
        }
        // An answer that begins with a brace is hardly meant to be spoken.
        let bare = inside.starts_with('{') && !self.tools.is_empty();
        self.go(if bare { State::Bare } else { State::Words })
    }

    fn go(&mut self, state: State) -> bool {
        self.state = state;
        true
    }

    fn step_words(&mut self, out: &mut Vec<Piece>) -> bool {
        let calls = CALLS.map(|(begin, _)| begin);
        let all = [&THOUGHTS[..], &THOUGHT_ENDS[..], &calls[..], &MARKS[..]];
        let found = all.iter().enumerate().filter_map(|(kind, marks)| {
            let (at, mark) = first(&self.rest, marks)?;
            Some((at, kind, mark))
        });
        // Of two that begin at the same place, the longer one counts.
        let found = found.min_by_key(|(at, _, mark)| (*at, std::cmp::Reverse(*mark)));
        let Some((at, kind, mark)) = found else {
            let keep = self.undecided(&all);
            let words: String = self.rest.drain(..keep).collect();
            self.words(&words, out);
            return false;
        };
        let before: String = self.rest[..at].to_owned();
        let name = self.rest[at..at + mark].to_lowercase();
        if self.code(&before) {
            // The answer talks about the tag.
            let words: String = self.rest.drain(..at + mark).collect();
            self.words(&words, out);
            return true;
        }
        self.rest.drain(..at + mark);
        self.words(&before, out);
        self.gap = true;
        match kind {
            0 => {
                self.state = State::Thought;
                self.found.thought = true;
            }
            1 if name.starts_with("<|") => {}
            1 => self.found.open_thought = true,
            2 => self.state = State::Call(calls.iter().position(|call| *call == name).unwrap_or(0)),
            _ => {}
        }
        true
    }

    /// How much of the rest is certainly words: not what may be the beginning of a tag.
    fn undecided(&self, all: &[&[&str]]) -> usize {
        let from = floor(&self.rest, self.rest.len().saturating_sub(LONGEST));
        let starts = self.rest[from..].char_indices().filter(|(_, c)| matches!(c, '<' | '[' | '◁'));
        for (at, _) in starts {
            let tail = self.rest[from + at..].to_lowercase();
            if all.iter().flat_map(|marks| marks.iter()).any(|mark| mark.starts_with(&tail)) {
                return from + at;
            }
        }
        self.rest.len()
    }

    /// Whether text after `before` is inside code.
    fn code(&self, before: &str) -> bool {
        let fences = self.fences + before.matches("```").count();
        let last = before.chars().next_back().or(self.last);
        fences % 2 == 1 || last == Some('`')
    }

    fn words(&mut self, words: &str, out: &mut Vec<Piece>) {
        let gap = std::mem::take(&mut self.gap);
        let words = match (self.begun, gap) {
            (false, _) => words.trim_start(),
            (true, true) if self.last.is_some_and(char::is_whitespace) => words.trim_start(),
            (true, _) => words,
        };
        if words.is_empty() {
            self.gap = gap;
            return;
        }
        self.begun = true;
        self.fences += words.matches("```").count();
        self.last = words.chars().next_back();
        out.push(Piece::Words(words.to_owned()));
    }

    fn call(&mut self, row: usize, body: &str, out: &mut Vec<Piece>) {
        self.gap = true;
        let whole = if CALLS[row].0 == "<function=" {
            format!("<function={body}")
        } else {
            body.to_owned()
        };
        let calls = calls(&whole);
        if calls.is_empty() {
            self.found.odd_call.get_or_insert_with(|| "that cannot be read".to_owned());
        }
        for call in calls {
            if self.tools.contains(&call.name) {
                out.push(Piece::Call(call));
            } else {
                let name = call.name;
                self.found
                    .odd_call
                    .get_or_insert_with(|| format!("to \"{name}\", which is not a tool here"));
            }
        }
    }

    /// The calls in an answer of bare JSON, if it consists only of calls.
    fn bare(&self, text: &str) -> Option<Vec<Call>> {
        let calls = calls(text);
        let fits = !calls.is_empty() && calls.iter().all(|call| self.tools.contains(&call.name));
        fits.then_some(calls)
    }

    fn drop_to(&mut self, end: usize) {
        self.rest.drain(..end);
        self.gap = true;
    }
}

/// The first of `marks` in `text`: its position and length. Case is ignored.
fn first(text: &str, marks: &[&str]) -> Option<(usize, usize)> {
    let found = text.char_indices().filter(|(_, c)| matches!(c, '<' | '[' | '◁'));
    let at = |at: usize| {
        let fits = |mark: &&&str| {
            text.as_bytes()
                .get(at..at + mark.len())
                .is_some_and(|piece| piece.eq_ignore_ascii_case(mark.as_bytes()))
        };
        let longest = marks.iter().filter(fits).map(|mark| mark.len()).max()?;
        Some((at, longest))
    };
    found.map(|(start, _)| start).find_map(at)
}

/// The last character boundary at or before `at`.
fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The calls in `text`, as JSON in one of its formats or in the tags of one template. Their ids are
/// empty.
fn calls(text: &str) -> Vec<Call> {
    let text = text.trim();
    let text = match text.strip_prefix("```") {
        Some(fenced) => fenced.split_once('\n').map_or("", |(_, inside)| inside),
        None => text,
    };
    let text = text.trim().trim_end_matches("```").trim();
    if let Some(at) = text.find("<function=") {
        return text[at..].split("<function=").skip(1).filter_map(tagged).collect();
    }
    let mut values: Vec<Value> = Vec::new();
    // Models often forget the last brace.
    for end in ["", "}", "}}"] {
        let whole = format!("{text}{end}");
        values =
            serde_json::Deserializer::from_str(&whole).into_iter().map_while(Result::ok).collect();
        if !values.is_empty() {
            break;
        }
    }
    let lists = values.into_iter().map(|value| match value.as_array() {
        Some(list) => list.clone(),
        None => vec![value],
    });
    lists.flatten().filter_map(|value| of_json(&value)).collect()
}

/// `{"name": …, "arguments": …}` and variants.
fn of_json(value: &Value) -> Option<Call> {
    let function = if value["function"].is_object() { &value["function"] } else { value };
    let name =
        ["name", "function", "tool", "tool_name"].iter().find_map(|key| function[*key].as_str())?;
    let arguments = ["arguments", "parameters", "args", "input"].iter().map(|key| &function[*key]);
    let arguments = arguments.into_iter().find(|value| !value.is_null());
    let arguments = match arguments {
        None => "{}".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    Some(Call { id: CallId(String::new()), name: name.to_owned(), arguments })
}

/// `NAME>{…}</function>`, or with a tag for each parameter.
fn tagged(text: &str) -> Option<Call> {
    let (name, body) = text.split_once('>')?;
    let body = body.split("</function>").next().unwrap_or(body).trim();
    let arguments = if body.contains("<parameter=") {
        let mut all = serde_json::Map::new();
        for part in body.split("<parameter=").skip(1) {
            let (key, value) = part.split_once('>')?;
            let value = value.split("</parameter>").next().unwrap_or(value).trim();
            let read =
                serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
            all.insert(key.trim().to_owned(), read);
        }
        Value::Object(all).to_string()
    } else if body.is_empty() {
        "{}".to_owned()
    } else {
        body.to_owned()
    };
    Some(Call { id: CallId(String::new()), name: name.trim().to_owned(), arguments })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_with(text: &str, cut: usize, unopened: bool) -> (String, Vec<(String, String)>, Found) {
        let tools = vec!["get_time".to_owned(), "set_timer".to_owned()];
        let mut markup = Markup::new(tools, unopened);
        let mut pieces = Vec::new();
        let letters: Vec<char> = text.chars().collect();
        for piece in letters.chunks(cut) {
            markup.push(&piece.iter().collect::<String>(), &mut pieces);
        }
        markup.finish(&mut pieces);
        let (mut words, mut calls) = (String::new(), Vec::new());
        for piece in pieces {
            match piece {
                Piece::Words(more) => words.push_str(&more),
                Piece::Call(call) => calls.push((call.name, call.arguments)),
            }
        }
        (words, calls, markup.found)
    }

    fn read(text: &str) -> (String, Vec<(String, String)>, Found) {
        let whole = read_with(text, 1_000, false);
        for cut in [1, 2, 3, 5, 7] {
            assert_eq!(read_with(text, cut, false), whole, "{text} in pieces of {cut}");
        }
        whole
    }

    fn words(text: &str) -> String {
        read(text).0
    }

    #[test]
    fn thoughts_are_not_words() {
        assert_eq!(words("<think>Hm. 3 < 4?</think>\n\nHello."), "Hello.");
        assert_eq!(words("<THINKING>a</thinking>Hello."), "Hello.");
        assert_eq!(words("Hello <think>x</think> there."), "Hello there.");
        assert_eq!(words("<think>\n\n</think>\n\nHi"), "Hi");
        assert_eq!(words("[THINK]a[/THINK]Hi"), "Hi");
        assert_eq!(
            words(
                "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Hi.<|return|>"
            ),
            "Hi."
        );
        let (text, _, found) = read("<think>and on and on");
        assert!(text.is_empty() && found.thought);
    }

    #[test]
    fn what_only_looks_like_it_is_said() {
        for plain in [
            "3 < 4 and [1] is <b>bold</b>.",
            "Write `<think>` to think.",
            "```html\n<think>\n```\nSo.",
            "a <thin line",
            "x [TOOL",
            "{\"a\": 1} is JSON.",
            "[Laughs] Hello.",
            "{\"name\": \"nobody\", \"arguments\": {}}",
            "```\ncode\n```",
        ] {
            assert_eq!(words(plain), plain);
        }
    }

    #[test]
    fn a_thought_that_the_template_began_is_known_by_its_end() {
        let (text, _, found) = read_with("Hm, so.</think>Hello.", 3, true);
        assert_eq!((text.as_str(), found.open_thought), ("Hello.", true));
        assert_eq!(read_with("Hello.", 3, true).0, "Hello.");
        assert_eq!(read_with("<think>a</think>Hello.", 3, true).0, "Hello.");
        let (_, _, found) = read("Hm, so.</think>Hello.");
        assert!(found.open_thought);
    }

    #[test]
    fn calls_that_are_written_as_text_are_made() {
        let call = |name: &str, arguments: &str| vec![(name.to_owned(), arguments.to_owned())];
        for text in [
            "<tool_call>\n{\"name\": \"get_time\", \"arguments\": {\"city\": \"Paris\"}}\n</tool_call>",
            "<tool_call>{\"name\": \"get_time\", \"arguments\": {\"city\": \"Paris\"}}",
            "<tool_call>{\"name\": \"get_time\", \"arguments\": {\"city\": \"Paris\"}</tool_call>",
            "<function=get_time>{\"city\":\"Paris\"}</function>",
            "<tool_call><function=get_time><parameter=city>\nParis\n</parameter></function></tool_call>",
            "[TOOL_CALLS][{\"name\": \"get_time\", \"arguments\": {\"city\": \"Paris\"}}]",
            "<|python_tag|>{\"name\": \"get_time\", \"parameters\": {\"city\": \"Paris\"}}<|eom_id|>",
            "{\"name\": \"get_time\", \"parameters\": {\"city\": \"Paris\"}}",
            "```json\n{\"name\": \"get_time\", \"arguments\": {\"city\": \"Paris\"}}\n```",
            "{\"type\":\"function\",\"function\":{\"name\":\"get_time\",\"arguments\":\"{\\\"city\\\":\\\"Paris\\\"}\"}}",
        ] {
            let (said, calls, found) = read(text);
            assert_eq!(
                (said.as_str(), calls),
                ("", call("get_time", "{\"city\":\"Paris\"}")),
                "{text}"
            );
            assert_eq!(found.odd_call, None);
        }
        let (said, calls, _) = read(
            "Let me see. <tool_call>{\"name\":\"get_time\"}</tool_call> <tool_call>{\"name\":\"set_timer\",\"arguments\":{\"seconds\":5}}</tool_call>",
        );
        assert_eq!((said.as_str(), calls.len()), ("Let me see. ", 2));
        let (said, calls, found) = read("<tool_call>{\"name\":\"fly\"}</tool_call>");
        assert!(said.is_empty() && calls.is_empty());
        assert_eq!(found.odd_call.unwrap(), "to \"fly\", which is not a tool here");
    }

    proptest! {
        #[test]
        fn however_it_is_cut_it_is_the_same(
            pieces in proptest::collection::vec(prop_oneof![
                Just("<think>"), Just("</think>"), Just("<tool_call>"), Just("</tool_call>"),
                Just("{\"name\":\"get_time\"}"), Just("<"), Just("[TOOL_"), Just("`"), Just("word "), Just("◁"), Just("é"),
            ], 0..12),
            cut in 1usize..9,
        ) {
            let text = pieces.concat();
            prop_assert_eq!(read_with(&text, cut, false), read_with(&text, 10_000, false));
        }
    }
}
