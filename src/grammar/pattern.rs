//! The notation of one line of a grammar, and its tree.
//!
//! ```text
//! (set|start) [a] timer for {length} [called {label:name}]     <part>
//! ```

use std::collections::HashMap;

use super::lexer::{Vocabulary, WordId};
use super::slot::{KINDS, Slot};

/// How deeply parts may be nested.
const MOST_DEPTH: u8 = 12;

/// The tree of a line.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Pattern {
    Word(WordId),
    /// An index into the line's list of slots.
    Slot(usize),
    /// A comma, colon or full stop in the sentence; takes no token.
    Pause,
    Seq(Vec<Pattern>),
    Any(Vec<Pattern>),
    /// Zero or more repetitions.
    Many(Box<Pattern>),
}

impl Pattern {
    /// The same tree with its slot indices shifted.
    fn shifted(&self, by: usize) -> Self {
        match self {
            Self::Slot(slot) => Self::Slot(slot + by),
            Self::Word(_) | Self::Pause => self.clone(),
            Self::Seq(items) => Self::Seq(items.iter().map(|p| p.shifted(by)).collect()),
            Self::Any(items) => Self::Any(items.iter().map(|p| p.shifted(by)).collect()),
            Self::Many(item) => Self::Many(Box::new(item.shifted(by))),
        }
    }

    /// Whether it matches the empty sentence.
    pub(super) fn takes_nothing(&self) -> bool {
        match self {
            Self::Word(_) | Self::Slot(_) => false,
            Self::Pause | Self::Many(_) => true,
            Self::Seq(items) => items.iter().all(Self::takes_nothing),
            Self::Any(items) => items.iter().any(Self::takes_nothing),
        }
    }
}

/// The named parts of a grammar: as written, and those already read.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) written: HashMap<String, String>,
    read: HashMap<String, (Pattern, Vec<Slot>)>,
}

/// Reads lines of a grammar.
pub(super) struct Reader<'a> {
    pub(super) words: &'a mut Vocabulary,
    pub(super) parts: &'a mut Parts,
    pub(super) slots: Vec<Slot>,
}

impl Reader<'_> {
    /// Reads one line. The error is a sentence for the author of the file.
    pub(super) fn read(&mut self, line: &str) -> Result<Pattern, String> {
        self.line(line, 0)
    }

    fn line(&mut self, line: &str, depth: u8) -> Result<Pattern, String> {
        if depth > MOST_DEPTH {
            return Err("the parts contain each other".into());
        }
        let mut rest = line;
        let pattern = self.choice(&mut rest, depth)?;
        match rest.chars().next() {
            None => Ok(pattern),
            Some(c) => Err(format!("\"{c}\" closes nothing in \"{line}\"")),
        }
    }

    /// Alternatives up to the end or a closing bracket, which stays in `rest`.
    fn choice(&mut self, rest: &mut &str, depth: u8) -> Result<Pattern, String> {
        let mut options = vec![self.sequence(rest, depth)?];
        while let Some(after) = rest.strip_prefix('|') {
            *rest = after;
            options.push(self.sequence(rest, depth)?);
        }
        Ok(match options.len() {
            1 => options.remove(0),
            _ => Pattern::Any(options),
        })
    }

    /// A named part, with its slots added to those of the line. Each part is read once.
    fn part(&mut self, name: &str, depth: u8) -> Result<Pattern, String> {
        let offset = self.slots.len();
        if let Some((pattern, slots)) = self.parts.read.get(name) {
            self.slots.extend_from_slice(slots);
            return Ok(pattern.shifted(offset));
        }
        let written = self.parts.written.get(name).cloned();
        let written =
            written.ok_or_else(|| format!("there is no part \"{name}\" under [parts]"))?;
        let outer = std::mem::take(&mut self.slots);
        let pattern = self.line(&written, depth + 1);
        let slots = std::mem::replace(&mut self.slots, outer);
        let pattern = pattern?;
        self.slots.extend_from_slice(&slots);
        let shifted = pattern.shifted(offset);
        self.parts.read.insert(name.to_owned(), (pattern, slots));
        Ok(shifted)
    }

    fn sequence(&mut self, rest: &mut &str, depth: u8) -> Result<Pattern, String> {
        let mut out = Vec::new();
        loop {
            *rest = rest.trim_start();
            let Some(c) = rest.chars().next() else { break };
            match c {
                '|' | ')' | ']' => break,
                '(' | '[' => {
                    *rest = &rest[1..];
                    let inner = self.choice(rest, depth)?;
                    let close = if c == '(' { ')' } else { ']' };
                    *rest = rest
                        .strip_prefix(close)
                        .ok_or_else(|| format!("\"{c}\" has no \"{close}\""))?;
                    let may_miss = c == '[';
                    out.push(match (inner, may_miss) {
                        (inner, false) => inner,
                        (Pattern::Any(mut options), true) => {
                            options.push(Pattern::Seq(Vec::new()));
                            Pattern::Any(options)
                        }
                        (inner, true) => Pattern::Any(vec![inner, Pattern::Seq(Vec::new())]),
                    });
                }
                '<' => {
                    let name = bracketed(rest, '>')?;
                    out.push(self.part(name, depth)?);
                }
                '{' => {
                    let slot = slot(bracketed(rest, '}')?)?;
                    self.slots.push(slot);
                    out.push(Pattern::Slot(self.slots.len() - 1));
                }
                ':' => {
                    *rest = &rest[1..];
                    out.push(Pattern::Pause);
                }
                '*' => {
                    *rest = &rest[1..];
                    let Some(last) = out.pop() else {
                        return Err("\"*\" repeats nothing".into());
                    };
                    // Repeating something empty would never end.
                    if last.takes_nothing() {
                        return Err("\"*\" repeats something that may be nothing".into());
                    }
                    out.push(Pattern::Many(Box::new(last)));
                }
                '}' | '>' => return Err(format!("\"{c}\" closes nothing")),
                _ => self.literal(rest, &mut out),
            }
        }
        Ok(if out.len() == 1 { out.remove(0) } else { Pattern::Seq(out) })
    }

    /// Plain words up to the next sign of the notation, tokenized like sentences.
    fn literal(&mut self, rest: &mut &str, out: &mut Vec<Pattern>) {
        let end = rest
            .find(['*', ':', '(', ')', '[', ']', '<', '>', '{', '}', '|'])
            .unwrap_or(rest.len());
        let (mut text, after) = rest.split_at(end);
        *rest = after;
        // The possessive "'s" right after a slot.
        if let Some(more) = text.strip_prefix("'s") {
            out.push(Pattern::Word(self.words.intern("'s")));
            text = more;
        }
        for token in self.words.lex(text).unwrap_or_default() {
            let word = Pattern::Word(self.words.intern(&token.text));
            // "The timer's done": the possessive "'s" may be "is" after any word.
            out.push(match token.text.as_str() {
                "is" => Pattern::Any(vec![word, Pattern::Word(self.words.intern("'s"))]),
                _ => word,
            });
        }
    }
}

/// Takes `<name>` or `{slot}` off the front of `rest`.
fn bracketed<'s>(rest: &mut &'s str, close: char) -> Result<&'s str, String> {
    let inside = &rest[1..];
    let end = inside.find(close).ok_or_else(|| format!("\"{}\" has no \"{close}\"", &rest[..1]))?;
    *rest = &inside[end + 1..];
    Ok(inside[..end].trim())
}

fn slot(text: &str) -> Result<Slot, String> {
    let (name, kind) = match text.split_once(':') {
        Some((name, kind)) => (Some(name.trim()), kind.trim()),
        None => (None, text),
    };
    let Some((kind, ..)) = KINDS.iter().find(|(_, k, _)| *k == kind) else {
        let all: Vec<_> = KINDS.iter().map(|(_, k, _)| *k).collect();
        return Err(format!("\"{kind}\" is no kind of slot; there are {}", all.join(", ")));
    };
    Ok(Slot { kind: *kind, name: name.map(Into::into) })
}

/// All word sequences that match a pattern without slots, at most `most`.
pub(super) fn sequences(pattern: &Pattern, most: usize) -> Result<Vec<Vec<WordId>>, String> {
    let out = match pattern {
        Pattern::Word(id) => vec![vec![*id]],
        Pattern::Slot(_) | Pattern::Pause | Pattern::Many(_) => {
            return Err("a list of phrases holds no slots, pauses or repetitions".into());
        }
        Pattern::Any(options) => {
            let mut out = Vec::new();
            for option in options {
                out.extend(sequences(option, most)?);
            }
            out
        }
        Pattern::Seq(items) => {
            let mut out = vec![Vec::new()];
            for item in items {
                let tails = sequences(item, most)?;
                out = out
                    .iter()
                    .flat_map(|head: &Vec<WordId>| {
                        tails.iter().map(move |tail| [head.as_slice(), tail].concat())
                    })
                    .take(most + 1)
                    .collect();
            }
            out
        }
    };
    if out.len() > most {
        return Err(format!("it stands for more than {most} phrases; part it"));
    }
    Ok(out)
}
