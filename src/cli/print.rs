use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use super::exit::{Code, Failure};

/// Prints a line of output for the reader.
pub(super) fn line(text: impl Display) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(Failure::from)
}

/// Prints `bytes` as they are.
pub(super) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(Failure::from)
}

/// Prints a value as one line of JSON.
pub(super) fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(|error| Failure::new(Code::Bug, error))?;
    line(text)
}

/// Reports a problem on stderr.
pub(super) fn trouble(text: &str) {
    // If stderr is gone, nobody can be told.
    let _ = writeln!(io::stderr().lock(), "aloud: {text}");
}

/// Prints a remark on stderr.
pub(super) fn aside(text: impl Display) {
    // As above.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints words of a line as they come.
pub(super) fn words(text: &str) {
    let mut out = io::stdout().lock();
    // A reader that is gone is noticed at the end of the line.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Rows as a table: columns as wide as their widest cell, separated by two spaces.
pub(super) fn table(rows: &[Vec<String>]) -> Result<(), Failure> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    for row in rows {
        let mut text = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', width + 2 - cell.chars().count()));
        }
        line(text.trim_end())?;
    }
    Ok(())
}

/// The words of the command line, or all of standard input if there are none.
pub(super) fn words_or_stdin(words: &[String], what: &str) -> Result<String, Failure> {
    let text = if words.is_empty() {
        if io::stdin().is_terminal() {
            return Err(Failure::new(Code::Usage, format!("{what}; see --help")));
        }
        io::read_to_string(io::stdin()).map_err(|error| {
            if error.kind() == io::ErrorKind::InvalidData {
                let why = "standard input is not UTF-8 text";
                return Failure::new(Code::Data, why);
            }
            Failure::from(error)
        })?
    } else {
        words.join(" ")
    };
    if text.trim().is_empty() {
        return Err(Failure::new(Code::Usage, format!("{what}; the text is empty")));
    }
    Ok(text.trim().to_owned())
}
