use std::io::{self, BufRead, Read};

use serde_json::Value;

/// The longest example, in bytes. Pictures in base64 make examples long; a file without line ends
/// must not fill the memory.
const LONGEST: usize = 64 * 1024 * 1024;

/// A piece of a file.
pub(super) enum Piece {
    /// JSON, on lines `first` to `last`.
    Value { first: u64, last: u64, value: Value },
    /// Invalid input.
    Bad { line: u64, why: String },
    /// Nothing.
    Blank { line: u64 },
    /// The examples are items of one list, which begins here.
    List { line: u64 },
    /// A comma after the following example.
    Comma { line: u64 },
}

/// Reads the next line into `line`, without its line end. True if it was read completely, false if
/// it is too long and its rest was skipped; `None` at the end.
pub(super) fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    if input.by_ref().take(LONGEST as u64 + 1).read_until(b'\n', line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') || line.len() <= LONGEST {
        return Ok(Some(true));
    }
    loop {
        let buffer = input.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let (used, over) = match end {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        input.consume(used);
        if over {
            return Ok(Some(false));
        }
    }
}

/// Finds the values in the lines of a file, even if they span several lines or are in a list, as in
/// files written by hand or by other programs.
#[derive(Default)]
pub(super) struct Splitter {
    pending: Option<Pending>,
    /// Inside a list that spans the lines.
    list: bool,
    begun: bool,
}

/// A value that has begun and not ended.
struct Pending {
    first: u64,
    text: Vec<u8>,
    depth: Depth,
}

impl Splitter {
    /// Takes the next line; see [`next_line`].
    pub(super) fn line(&mut self, number: u64, line: &[u8], whole: bool, out: &mut Vec<Piece>) {
        if !whole {
            self.finish(out);
            let why = format!("longer than {} MB", LONGEST / 1024 / 1024);
            out.push(Piece::Bad { line: number, why });
            return;
        }
        let mut text = line.trim_ascii();
        if number == 1 {
            text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii();
        }
        if let Some(pending) = &mut self.pending {
            // After a truncated line the next example must not be swallowed.
            if stands_alone(text) {
                self.finish(out);
            } else {
                pending.text.push(b'\n');
                pending.text.extend_from_slice(text);
                pending.depth.feed(text);
                if pending.depth.closed() || pending.text.len() > LONGEST {
                    self.close(number, out);
                }
                return;
            }
        }
        if text.is_empty() {
            // Inside a list lines mean nothing.
            if !self.list {
                out.push(Piece::Blank { line: number });
            }
            return;
        }
        let begins = !std::mem::replace(&mut self.begun, true);
        if begins && text[0] == b'[' && serde_json::from_slice::<Value>(text).is_err() {
            self.list = true;
            out.push(Piece::List { line: number });
            text = text[1..].trim_ascii();
        }
        if self.list && matches!(text, b"" | b"]" | b",") {
            return;
        }
        let mut depth = Depth::default();
        depth.feed(text);
        self.pending = Some(Pending { first: number, text: text.to_vec(), depth });
        if depth.closed() || !matches!(text[0], b'{' | b'[') {
            self.close(number, out);
        }
    }

    /// The file has ended, or what follows is unrelated to the pending value.
    pub(super) fn finish(&mut self, out: &mut Vec<Piece>) {
        if let Some(pending) = self.pending.take() {
            let why = "not JSON: the example is cut off".to_owned();
            out.push(Piece::Bad { line: pending.first, why });
        }
    }

    /// The pending value ends on line `last`.
    fn close(&mut self, last: u64, out: &mut Vec<Piece>) {
        let Some(Pending { first, text, .. }) = self.pending.take() else { return };
        let text = text.as_slice();
        let bare = text.strip_suffix(b",").map(<[u8]>::trim_ascii_end);
        // The list's closing bracket may follow its last item.
        let bare = bare.or_else(|| text.strip_suffix(b"]").filter(|_| self.list));
        let value = match (serde_json::from_slice(text), bare.map(serde_json::from_slice)) {
            (Ok(value), _) => value,
            (Err(_), Some(Ok(value))) => {
                if !self.list {
                    out.push(Piece::Comma { line: last });
                }
                value
            }
            (Err(error), _) => {
                out.push(Piece::Bad { line: first, why: why(text, &error) });
                return;
            }
        };
        out.push(Piece::Value { first, last, value });
    }
}

fn why(text: &[u8], error: &serde_json::Error) -> String {
    if std::str::from_utf8(text).is_err() {
        return "not UTF-8 text; save the file as UTF-8".into();
    }
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or(&words);
    format!("not JSON: {words} (line {} of the example, column {})", error.line(), error.column())
}

/// Whether `line` is a complete example, whatever precedes it.
fn stands_alone(line: &[u8]) -> bool {
    if line.first() != Some(&b'{') {
        return false;
    }
    let line = line.strip_suffix(b",").unwrap_or(line);
    serde_json::from_slice::<Value>(line)
        .is_ok_and(|value| value.get("messages").is_some() || value.get("prompt").is_some())
}

/// The nesting depth of brackets, outside of strings.
#[derive(Clone, Copy, Default)]
struct Depth {
    open: i64,
    text: bool,
    escaped: bool,
}

impl Depth {
    fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match (self.text, byte) {
                (true, _) if self.escaped => self.escaped = false,
                (true, b'\\') => self.escaped = true,
                (true, b'"') => self.text = false,
                (false, b'"') => self.text = true,
                (false, b'{' | b'[') => self.open += 1,
                (false, b'}' | b']') => self.open -= 1,
                (true | false, _) => {}
            }
        }
    }

    fn closed(self) -> bool {
        self.open <= 0 && !self.text
    }
}
