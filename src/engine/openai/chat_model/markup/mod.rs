//! Removes what models write into their words that is not meant to be read: thoughts, tool calls as
//! text, and special tokens of their templates. Works on the stream, however it is split.

mod calls;

use self::calls::calls;
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
    fences: Fences,
    /// The last character handed out.
    last: Option<char>,
    /// What was found besides words.
    pub(super) found: Found,
}

/// Code fences in a text that comes in pieces, which may cut a fence.
#[derive(Clone, Copy, Debug, Default)]
struct Fences {
    count: usize,
    /// Backticks at the end that are not a whole fence yet.
    ticks: usize,
}

impl Fences {
    /// The fences with `text` behind them.
    fn after(mut self, text: &str) -> Self {
        for letter in text.chars() {
            self.ticks = if letter == '`' { self.ticks + 1 } else { 0 };
            if self.ticks == 3 {
                (self.count, self.ticks) = (self.count + 1, 0);
            }
        }
        self
    }

    /// Whether what follows is inside code.
    fn open(self) -> bool {
        self.count % 2 == 1
    }
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
        Self {
            tools,
            state,
            rest,
            begun: false,
            gap: false,
            fences: Fences::default(),
            last: None,
            found,
        }
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
        let last = before.chars().next_back().or(self.last);
        self.fences.after(before).open() || last == Some('`')
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
        self.fences = self.fences.after(words);
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

#[cfg(test)]
mod tests;
