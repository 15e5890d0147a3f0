//! Finds where a piece of markdown ends that can be spoken by itself.

/// A sentence longer than this many bytes is cut at its next comma or space, so that a voice never
/// gets a page at once.
const LONGEST: usize = 400;

/// The longest link, code span or tag, in bytes; an opening mark not closed by then is an ordinary
/// character.
const LONGEST_SPAN: usize = 1_000;

/// A line with fewer characters than this was broken on purpose, as in a list or an address.
const WRAPPED: usize = 40;

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A sentence at the start of a line, which may have a mark: a heading, a list item.
    Line,
    /// A sentence that continues a line.
    Sentence,
    /// A row of a table.
    Row,
    /// The line that opens a code block.
    Fence,
    /// `[name]: address`.
    Reference,
    /// A line of code, a rule, the line under a table's header.
    Silent,
}

/// A piece at the start of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    /// Its length in bytes, including surrounding white space.
    pub(super) len: usize,
}

/// The state of the document at the start of the text.
#[derive(Debug)]
pub(super) struct Cutter {
    /// The next character begins a line.
    fresh: bool,
    /// The mark of the open code block, and its length.
    fence: Option<(char, usize)>,
    /// The previous line was a row of a table.
    table: bool,
}

impl Default for Cutter {
    fn default() -> Self {
        Self { fresh: true, fence: None, table: false }
    }
}

impl Cutter {
    /// The first piece of `text`; `None` if more text is needed, or nothing is left. With
    /// `finished` no more will come.
    pub(super) fn next(&mut self, text: &str, finished: bool) -> Option<Piece> {
        let body = text.trim_start();
        if body.is_empty() {
            return None;
        }
        let lead = text.len() - body.len();
        // A piece includes the end of its line, so this is a blank line.
        self.table &= !text[..lead].contains('\n');
        let fresh = self.fresh || text[..lead].contains('\n');
        let piece = if fresh || self.fence.is_some() {
            self.line(body, finished)?
        } else {
            let len = sentence_end(body, finished)?;
            Piece { kind: Kind::Sentence, len }
        };
        let len = lead + piece.len;
        self.fresh = text[text[..len].trim_end().len()..len].contains('\n');
        Some(Piece { kind: piece.kind, len })
    }

    /// The first piece of a text that begins a line.
    fn line(&mut self, text: &str, finished: bool) -> Option<Piece> {
        let newline = text.find('\n');
        let line = text[..newline.unwrap_or(text.len())].trim_end();
        let complete = newline.is_some() || finished;
        let whole =
            |kind| complete.then_some(Piece { kind, len: newline.map_or(text.len(), |at| at + 1) });
        if let Some((mark, length)) = self.fence {
            let closing = line.chars().all(|c| c == mark) && line.len() >= length;
            let piece = whole(Kind::Silent)?;
            if closing {
                self.fence = None;
            }
            return Some(piece);
        }
        if line.len() < LONGEST && !complete && line.chars().all(is_mark) {
            return None;
        }
        if let Some(fence) = opens_code(line) {
            let piece = whole(Kind::Fence)?;
            self.fence = Some(fence);
            return Some(piece);
        }
        if line.chars().all(is_mark) {
            return whole(Kind::Silent);
        }
        if let Some(row) = self.is_row(line, newline.map(|at| &text[at + 1..]), finished) {
            if !row {
                self.table = false;
            } else {
                let piece = whole(Kind::Row)?;
                self.table = true;
                return Some(piece);
            }
        } else {
            return None;
        }
        if let Some((name, target)) = super::address::reference(line) {
            // It takes the whole line to tell.
            if !complete {
                return None;
            }
            if name.starts_with('^') || super::address::is_target(target) {
                return whole(Kind::Reference);
            }
        }
        Some(Piece { kind: Kind::Line, len: sentence_end(text, finished)? })
    }

    /// Whether `line` is a row of a table, given the `next` line; `None` while that is unknown.
    fn is_row(&self, line: &str, next: Option<&str>, finished: bool) -> Option<bool> {
        if line.starts_with('|') {
            return Some(true);
        }
        if !line.contains('|') {
            // A bar may still come, but outside a table words are not held back for it.
            let open = self.table && next.is_none() && !finished;
            return (!open).then_some(false);
        }
        if self.table {
            return Some(true);
        }
        let Some(next) = next else { return finished.then_some(false) };
        let under = next.split('\n').next().unwrap_or_default().trim();
        let open = !next.contains('\n') && !finished;
        let ruled = under.chars().all(|c| matches!(c, '-' | '|' | ':' | ' '));
        if open && ruled {
            return None;
        }
        Some(ruled && under.contains('-') && under.contains('|'))
    }
}

/// A character that only marks the kind of line.
fn is_mark(c: char) -> bool {
    matches!(c, '`' | '~' | '-' | '=' | '*' | '_' | '|' | ':' | '+' | '#' | '>' | ' ')
}

/// The mark of the code block that `line` opens, and its length.
fn opens_code(line: &str) -> Option<(char, usize)> {
    ['`', '~'].into_iter().find_map(|mark| {
        let name = line.trim_start_matches(mark);
        let length = line.len() - name.len();
        (length >= 3 && !name.contains(mark)).then_some((mark, length))
    })
}

/// The byte where the first sentence of `text` ends, including its trailing white space.
fn sentence_end(text: &str, finished: bool) -> Option<usize> {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let mut after = at + c.len_utf8();
        let next = text[after..].chars().next();
        match c {
            '`' | '[' | '<' | '【' => match span(text, at, finished) {
                Span::Whole(end) => after = end,
                Span::Open if !finished => return None,
                Span::Open | Span::Letter => {}
            },
            '\n' => match breaks(&text[..at], &text[after..], finished) {
                Some(true) => return Some(past_space(text, after)),
                Some(false) => {}
                None => return None,
            },
            '.' | '!' | '?' | '…' => {
                after = past_marks(text, after);
                match text[after..].chars().next() {
                    None if !finished => return None,
                    None => break,
                    Some(next) if !next.is_whitespace() => {}
                    Some(_) => match ends(text, at, after, finished) {
                        Some(true) => return Some(past_space(text, after)),
                        Some(false) => {}
                        None => return None,
                    },
                }
            }
            '。' | '！' | '？' => {
                after = past_marks(text, after);
                if after == text.len() && !finished {
                    return None;
                }
                return Some(past_space(text, after));
            }
            ',' | ';' | ' ' if at > LONGEST => match next {
                None if !finished => return None,
                Some(next) if !next.is_whitespace() => return Some(after),
                Some(_) | None => {}
            },
            _ => {}
        }
        at = after;
    }
    finished.then_some(text.len())
}

/// A stretch in which no sentence ends.
enum Span {
    /// It ends at this byte.
    Whole(usize),
    /// Its end has not arrived yet.
    Open,
    /// The mark opens nothing.
    Letter,
}

/// The code span, link, tag or citation that the mark at `at` opens.
fn span(text: &str, at: usize, finished: bool) -> Span {
    let mut rest = &text[at..];
    let full = rest.len() >= LONGEST_SPAN;
    if full {
        let mut end = LONGEST_SPAN;
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        rest = &rest[..end];
    }
    // No span crosses a blank line, and a tag not even a line end.
    let paragraph = rest.find("\n\n");
    let rest = &rest[..paragraph.unwrap_or(rest.len())];
    let open = if full || paragraph.is_some() || finished { Span::Letter } else { Span::Open };
    let length = match rest.chars().next() {
        Some('`') => {
            let run = rest.len() - rest.trim_start_matches('`').len();
            if run == rest.len() {
                return open;
            }
            code_end(rest, run)
        }
        Some('【') => rest.find('】').map(|end| end + '】'.len_utf8()),
        Some('<') => {
            let known = rest[1..].chars().next();
            if known.is_some_and(|c| !c.is_ascii_alphabetic() && !matches!(c, '/' | '!')) {
                return Span::Letter;
            }
            match rest.find(['>', '\n']) {
                Some(end) if rest[end..].starts_with('>') => Some(end + 1),
                Some(_) => return Span::Letter,
                None => None,
            }
        }
        Some(_) => match closing(rest, '[', ']') {
            Some(end) => match rest[end..].chars().next() {
                Some('(') => closing(&rest[end..], '(', ')').map(|length| end + length),
                Some(_) => Some(end),
                None => return open,
            },
            None => None,
        },
        None => None,
    };
    length.map_or(open, |length| Span::Whole(at + length))
}

/// The end of the code span opened by a run of `run` backticks.
fn code_end(text: &str, run: usize) -> Option<usize> {
    let mut at = run;
    while let Some(found) = text[at..].find('`') {
        let from = at + found;
        let closing = text[from..].len() - text[from..].trim_start_matches('`').len();
        at = from + closing;
        if closing == run {
            return Some(at);
        }
    }
    None
}

/// The byte after the bracket that closes the first one of `text`.
fn closing(text: &str, opens: char, closes: char) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        if c == opens {
            depth += 1;
        } else if c == closes {
            depth -= 1;
            if depth == 0 {
                return Some(at + c.len_utf8());
            }
        }
    }
    None
}

/// Past further marks at a sentence's end: closing quotes, brackets and emphasis.
fn past_marks(text: &str, at: usize) -> usize {
    let rest = text[at..].trim_start_matches([
        '.', '!', '?', '…', '。', '！', '？', '"', '”', '’', '\'', ')', ']', '*', '_', '~', '」',
    ]);
    text.len() - rest.len()
}

fn past_space(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start().len()
}

/// Whether a line end also ends the sentence: not if a wrapped paragraph continues.
fn breaks(before: &str, after: &str, finished: bool) -> Option<bool> {
    let line = before.rsplit('\n').next().unwrap_or_default();
    if line.chars().count() < WRAPPED || line.trim_start().starts_with(['#', '|']) {
        return Some(true);
    }
    match after.trim_start_matches([' ', '\t']).chars().next() {
        Some(next) => Some(!next.is_lowercase()),
        None if finished => Some(true),
        None => None,
    }
}

/// Titles and the like, which are followed by a name or an explanation.
const NEVER: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "mt", "gen", "gov", "sen", "rep", "capt", "lt", "col",
    "sgt", "rev", "hon", "vs", "e.g", "i.e", "cf", "al",
];

/// Abbreviations of what is numbered: no end before a digit.
const COUNTING: &[&str] = &[
    "no", "nos", "fig", "figs", "vol", "vols", "ch", "sec", "art", "p", "pp", "approx", "est",
    "ca", "apt", "ste", "rm", "bldg", "ext", "tel", "jan", "feb", "mar", "apr", "jun", "jul",
    "aug", "sep", "sept", "oct", "nov", "dec",
];

/// Abbreviations that may end a sentence: an end if a capital letter follows.
const EITHER: &[&str] = &[
    "etc", "inc", "jr", "sr", "ltd", "co", "corp", "dept", "u.s", "u.k", "u.n", "a.m", "p.m",
    "ave", "rd", "blvd", "ph.d", "m.d", "b.c", "a.d", "min", "max", "hr", "hrs", "ft", "lb", "lbs",
    "oz", "approx", "est",
];

/// Whether the mark at `at`, whose closing marks end at `after`, ends a sentence; `None` while what
/// follows is unknown.
fn ends(text: &str, at: usize, after: usize, finished: bool) -> Option<bool> {
    if &text[at..after] != "." {
        return Some(true);
    }
    let before = &text[..at];
    let start = before.rfind(|c: char| c.is_whitespace() || c == '(').map_or(0, |i| i + 1);
    let word = before[start..].trim_start_matches(['"', '“', '\'', '‘', '*', '_', '[', '#', '-']);
    let lower = word.to_lowercase();
    let initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase) && word != "I";
    let first = before[..start].trim().chars().all(is_mark);
    let numbered = first && !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
    if initial || numbered || NEVER.contains(&lower.as_str()) {
        return Some(false);
    }
    let counting = COUNTING.contains(&lower.as_str());
    let either = EITHER.contains(&lower.as_str());
    if !counting && !either {
        return Some(true);
    }
    match text[after..].trim_start().chars().next() {
        None => finished.then_some(true),
        Some(next) if counting && (next.is_ascii_digit() || next == '#') => Some(false),
        Some(next) => Some(!either || !next.is_lowercase()),
    }
}
