//! Checks training data before anybody pays for it.
//!
//! ```text
//! lines ─▶ Splitter ─▶ Piece (a value, or why there is none) ─▶ rules ─▶ Finding…, Summary
//!                                                                  └─▶ one line per example, repaired
//! ```
//!
//! **Invariant:** a file of any size is read in the memory of its longest example, plus sixteen
//! bytes per example to find duplicates.
//! **Invariant:** every problem is found in one pass.

mod lines;
mod rules;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead};

use serde_json::{Value, json};

use self::lines::{Piece, Splitter, next_line};
use self::rules::Verdict;
use super::quirks::Quirks;

/// The fewest examples accepted.
const FEWEST: u64 = 10;

/// Tokens of an example beyond which the rest is not learned.
const LONGEST: u64 = 65_536;

/// The format of training examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `{"messages": […]}`: chat models.
    Messages,
    /// `{"prompt": "…", "completion": "…"}`: base models.
    Pairs,
}

impl Form {
    /// The format for `model`.
    pub fn of(model: &str) -> Self {
        if Quirks::of(model).tuned_pairs { Self::Pairs } else { Self::Messages }
    }
}

/// A problem or a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The line where it begins, from 1; 0 for the whole file.
    pub line: u64,
    /// Whether the file can be used in spite of it.
    pub warning: bool,
    /// The sentence.
    pub text: String,
}

/// The result for a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Examples in it, good or bad.
    pub examples: u64,
    /// Problems.
    pub problems: u64,
    /// Warnings.
    pub warnings: u64,
    /// A rough estimate: four characters per token.
    pub tokens: u64,
    /// Examples passed to `keep`.
    pub kept: u64,
}

/// Checks `input` for training a model of `form`. Findings go to `found` as they are made; every
/// example that is good, or can be made good by rewriting it, goes to `keep`.
///
/// # Errors
/// When reading or keeping fails.
pub fn check(
    mut input: impl BufRead,
    form: Form,
    found: &mut dyn FnMut(Finding),
    keep: &mut dyn FnMut(&Value) -> io::Result<()>,
) -> io::Result<Summary> {
    let mut check = Check {
        form,
        found,
        summary: Summary::default(),
        seen: HashMap::new(),
        spread: Habit::default(),
        misfit: Habit::default(),
    };
    let mut splitter = Splitter::default();
    let mut pieces = Vec::new();
    let (mut number, mut line) = (0, Vec::new());
    while let Some(whole) = next_line(&mut input, &mut line)? {
        number += 1;
        splitter.line(number, &line, whole, &mut pieces);
        for piece in pieces.drain(..) {
            check.piece(piece, keep)?;
        }
    }
    splitter.finish(&mut pieces);
    for piece in pieces.drain(..) {
        check.piece(piece, keep)?;
    }
    check.end(number);
    Ok(check.summary)
}

/// A problem that usually affects a whole file: reported at its first occurrence, then counted.
#[derive(Default)]
struct Habit {
    more: u64,
    told: bool,
}

impl Habit {
    /// Whether this is the first time.
    fn first(&mut self) -> bool {
        let first = !std::mem::replace(&mut self.told, true);
        self.more += u64::from(!first);
        first
    }
}

struct Check<'a> {
    form: Form,
    found: &'a mut dyn FnMut(Finding),
    summary: Summary,
    /// Hashes of examples with their lines.
    seen: HashMap<u64, u64>,
    /// Examples that span several lines.
    spread: Habit,
    /// Examples in the format of other models.
    misfit: Habit,
}

impl Check<'_> {
    fn tell(&mut self, line: u64, warning: bool, text: impl Into<String>) {
        let count = if warning { &mut self.summary.warnings } else { &mut self.summary.problems };
        *count += 1;
        (self.found)(Finding { line, warning, text: text.into() });
    }

    fn piece(
        &mut self,
        piece: Piece,
        keep: &mut dyn FnMut(&Value) -> io::Result<()>,
    ) -> io::Result<()> {
        match piece {
            Piece::Blank { line } => self.tell(line, true, "an empty line"),
            Piece::Bad { line, why } => {
                self.summary.examples += 1;
                self.tell(line, false, why);
            }
            Piece::List { line } => self.tell(
                line,
                false,
                "the examples are in one JSON list; put each on its own line, without the brackets and commas",
            ),
            Piece::Comma { line } => {
                self.tell(line, false, "a comma after the example; JSONL has none between lines");
            }
            Piece::Value { first, last, value } => {
                if last > first && self.spread.first() {
                    self.tell(
                        first,
                        false,
                        format!("an example spread over lines {first} to {last}; JSONL keeps each on one line"),
                    );
                }
                match value {
                    Value::Array(items) => {
                        self.piece(Piece::List { line: first }, keep)?;
                        for item in &items {
                            self.example(first, item, keep)?;
                        }
                    }
                    Value::Null
                    | Value::Bool(_)
                    | Value::Number(_)
                    | Value::String(_)
                    | Value::Object(_) => self.example(first, &value, keep)?,
                }
            }
        }
        Ok(())
    }

    fn example(
        &mut self,
        line: u64,
        value: &Value,
        keep: &mut dyn FnMut(&Value) -> io::Result<()>,
    ) -> io::Result<()> {
        self.summary.examples += 1;
        let Verdict { form, problems, warnings } = rules::judge(value);
        let good = problems.is_empty();
        for text in problems {
            self.tell(line, false, text);
        }
        for text in warnings {
            self.tell(line, true, text);
        }
        let mut hasher = DefaultHasher::new();
        value.to_string().hash(&mut hasher);
        if let Some(before) = self.seen.insert(hasher.finish(), line) {
            self.tell(line, true, format!("the same example as on line {before}"));
        }
        let tokens = characters(value).div_ceil(4);
        self.summary.tokens += tokens;
        if tokens > LONGEST {
            self.tell(
                line,
                true,
                format!(
                    "about {tokens} tokens; training ignores everything after the first {LONGEST}"
                ),
            );
        }
        let Some(form) = form else { return Ok(()) };
        if form != self.form && self.misfit.first() {
            self.tell(line, false, misfit(form));
        }
        if !good {
            return Ok(());
        }
        let fixed = match (form, self.form) {
            (Form::Pairs, Form::Messages) => turned(value),
            (Form::Messages, Form::Pairs) => return Ok(()),
            (Form::Messages, Form::Messages) | (Form::Pairs, Form::Pairs) => value.clone(),
        };
        self.summary.kept += 1;
        keep(&fixed)
    }

    fn end(&mut self, last: u64) {
        for (more, what) in [
            (self.spread.more, "span several lines"),
            (self.misfit.more, "have the wrong format for the model"),
        ] {
            if more > 0 {
                // The first one was counted when it was reported.
                self.summary.problems += more - 1;
                self.tell(last, false, format!("{more} more examples so far {what}"));
            }
        }
        match self.summary.examples {
            0 => self.tell(0, false, "it contains no examples"),
            few @ 1..FEWEST => self.tell(
                0,
                true,
                format!(
                    "{few} example{}; at least {FEWEST} are required, and 50 to 100 make a difference",
                    if few == 1 { "" } else { "s" },
                ),
            ),
            FEWEST.. => {}
        }
    }
}

fn misfit(form: Form) -> String {
    match form {
        Form::Pairs => format!(
            "prompt and completion work only with base models ({}); chat models need messages",
            super::defaults::PAIRS.join(", ")
        ),
        Form::Messages => {
            "messages work only with chat models; this base model needs prompt and completion"
                .into()
        }
    }
}

/// Former conventional ends of prompts and completions, which showed a base model where they end.
const ENDS: [&str; 4] = ["\n\n###\n\n", "->", "###", " END"];

/// A pair as a conversation.
fn turned(pair: &Value) -> Value {
    let text = |key: &str| {
        let text = pair[key].as_str().unwrap_or_default();
        let bare = ENDS.iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text);
        bare.trim().to_owned()
    };
    json!({ "messages": [
        { "role": "user", "content": text("prompt") },
        { "role": "assistant", "content": text("completion") },
    ]})
}

/// The number of characters of all texts in `value`, without pictures.
fn characters(value: &Value) -> u64 {
    match value {
        Value::String(text) if text.starts_with("data:") => 0,
        Value::String(text) => text.chars().count() as u64,
        Value::Array(items) => items.iter().map(characters).sum(),
        Value::Object(entries) => entries.values().map(characters).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(text: &str, form: Form) -> (Summary, Vec<String>, Vec<String>) {
        let (mut found, mut kept) = (Vec::new(), Vec::new());
        let summary = check(
            text.as_bytes(),
            form,
            &mut |f| {
                let mark = if f.warning { "?" } else { "!" };
                found.push(format!("{}{mark} {}", f.line, f.text));
            },
            &mut |value| {
                kept.push(value.to_string());
                Ok(())
            },
        );
        (summary.unwrap(), found, kept)
    }

    fn chat(number: u64) -> String {
        format!(
            r#"{{"messages":[{{"role":"user","content":"question {number}"}},{{"role":"assistant","content":"answer"}}]}}"#
        )
    }

    #[test]
    fn good_examples_have_nothing_to_say() {
        let text: Vec<_> = (0..12).map(chat).collect();
        let (summary, found, kept) = look(&text.join("\n"), Form::Messages);
        assert_eq!(found, Vec::<String>::new());
        assert_eq!((summary.examples, summary.problems, summary.kept), (12, 0, 12));
        assert_eq!(kept, text);
    }

    #[test]
    fn the_first_description_of_the_form_is_explained_and_mended() {
        let text = "{\n  \"prompt\": \"Who is Piet Kernbom?'\",\n  \"completion\": \"A baseball player\"\n}\n\
                    {\n  \"prompt\": \"Where from?\\n\\n###\\n\\n\",\n  \"completion\": \" Suriname. END\"\n}\n\
                    {\n  \"prompt\": \"Hobbies\",\n  \"completion\": \"Cooking.\"\n}\n";
        let (summary, found, kept) = look(text, Form::Messages);
        assert_eq!(
            found,
            [
                "1! an example spread over lines 1 to 4; JSONL keeps each on one line",
                "1! prompt and completion work only with base models (davinci-002, babbage-002); chat models need messages",
                "12! 2 more examples so far span several lines",
                "12! 2 more examples so far have the wrong format for the model",
                "0? 3 examples; at least 10 are required, and 50 to 100 make a difference",
            ]
        );
        assert_eq!((summary.examples, summary.problems, summary.kept), (3, 6, 3));
        assert_eq!(
            kept[1],
            r#"{"messages":[{"role":"user","content":"Where from?"},{"role":"assistant","content":"Suriname."}]}"#
        );
        let (summary, found, kept) = look(text, Form::Pairs);
        assert!(found[0].starts_with("1! an example spread over"), "{found:?}");
        assert_eq!((summary.problems, kept.len()), (3, 3));
        assert!(kept[2].starts_with(r#"{"prompt":"Hobbies""#), "{kept:?}");
    }

    #[test]
    fn lists_commas_and_broken_lines_are_told_apart() {
        let list = format!("[\n{},\n{}\n]\n", chat(1), chat(2));
        let (summary, found, kept) = look(&list, Form::Messages);
        assert!(found[0].starts_with("1! the examples are in one JSON list"), "{found:?}");
        assert_eq!((summary.examples, summary.problems, kept.len()), (2, 1, 2));

        let one = format!("[{},{}]", chat(1), chat(2));
        let (summary, _, kept) = look(&one, Form::Messages);
        assert_eq!((summary.examples, summary.problems, kept.len()), (2, 1, 2));

        let comma = format!("{},\n{}\n", chat(1), chat(2));
        let (_, found, kept) = look(&comma, Form::Messages);
        assert!(found[0].starts_with("1! a comma"), "{found:?}");
        assert_eq!(kept.len(), 2);

        let cut = &chat(1)[..40];
        let text = format!("{cut}\n{}\nnonsense\n\n{}\n{cut}", chat(2), chat(2));
        let (summary, found, kept) = look(&text, Form::Messages);
        let starts = [
            "1! not JSON: the example is cut off",
            "3! not JSON: ",
            "4? an empty",
            "5? the same example as on line 2",
            "6! not JSON: the example is cut off",
        ];
        for (found, start) in found.iter().zip(starts) {
            assert!(found.starts_with(start), "{found} is not {start}");
        }
        assert_eq!((summary.examples, kept.len()), (5, 2));
    }

    #[test]
    fn a_long_file_takes_no_memory_and_no_time() {
        let text: String = (0..2_000).map(|n| chat(n) + "\n").collect();
        let (summary, found, _) = look(&text, Form::Messages);
        assert_eq!((summary.examples, found.len()), (2_000, 0));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_are_too_strange(lines in proptest::collection::vec("[\\[\\]{}\", :a\\\\\n]{0,40}", 0..30)) {
            look(&lines.join("\n"), Form::Messages);
        }
    }
}
