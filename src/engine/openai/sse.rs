use serde_json::{Value, json};

/// The longest event, in bytes: a partial image in base64 fits, a runaway stream does not.
pub(super) const EVENT_LIMIT: usize = 32 * 1024 * 1024;

/// Why a stream of events cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    /// One event is longer than 32 MB.
    #[error("an event of more than {EVENT_LIMIT} bytes")]
    TooLong,
    /// An event's data is not UTF-8.
    #[error("an event that is not UTF-8 text")]
    NotText,
}

/// Splits a body into server-sent events, however the network split it.
///
/// Lines end with LF, CRLF or CR, comments and unknown fields are skipped, `data` lines of one
/// event are joined with a newline, and a byte-order mark at the start is dropped, as in the HTML
/// standard (section 9.2.6). Bytes are kept as bytes until an event is complete, so a character may
/// be split anywhere. Event names are dropped, because these protocols repeat them in the data,
/// except `error`, which some servers say nowhere else: it comes out as `{"error": DATA}`. Events
/// of white space alone, which some servers send as keep-alives, are skipped.
#[derive(Debug, Default)]
pub struct Events {
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    /// The current event is named `error`.
    is_error: bool,
    /// The last byte was a CR: a directly following LF belongs to it.
    after_cr: bool,
    begun: bool,
}

impl Events {
    /// Takes the next bytes and appends the data of every event that they complete.
    ///
    /// # Errors
    /// [`SseError`]; the stream cannot be read any further.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<String>) -> Result<(), SseError> {
        for &byte in bytes {
            let after_cr = std::mem::take(&mut self.after_cr);
            match byte {
                b'\n' if after_cr => {}
                b'\n' => self.end_line(out)?,
                b'\r' => {
                    self.after_cr = true;
                    self.end_line(out)?;
                }
                _ => {
                    if self.line.len() + self.data.len() >= EVENT_LIMIT {
                        return Err(SseError::TooLong);
                    }
                    self.line.push(byte);
                }
            }
        }
        Ok(())
    }

    /// The stream has ended: appends an event without its final empty line, which servers that
    /// close early leave behind.
    ///
    /// # Errors
    /// As [`Events::push`].
    pub fn finish(&mut self, out: &mut Vec<String>) -> Result<(), SseError> {
        if !self.line.is_empty() {
            self.end_line(out)?;
        }
        self.end_line(out)
    }

    fn end_line(&mut self, out: &mut Vec<String>) -> Result<(), SseError> {
        let line = std::mem::take(&mut self.line);
        let mut line = line.as_slice();
        if !std::mem::replace(&mut self.begun, true) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            let is_error = std::mem::take(&mut self.is_error);
            if std::mem::take(&mut self.has_data) {
                let data = std::mem::take(&mut self.data);
                let data = String::from_utf8(data).map_err(|_| SseError::NotText)?;
                let blank = data.trim().is_empty();
                match is_error {
                    true if !blank => out.push(error(&data)),
                    true => out.push(error("no reason given")),
                    false if !blank => out.push(data),
                    false => {}
                }
            }
            return Ok(());
        }
        if let Some(name) = line.strip_prefix(b"event:") {
            self.is_error = name.trim_ascii() == b"error";
            return Ok(());
        }
        let Some(value) = line.strip_prefix(b"data") else { return Ok(()) };
        let value = match value {
            [] => value,
            [b':', b' ', rest @ ..] | [b':', rest @ ..] => rest,
            // A field whose name only begins with "data".
            _ => return Ok(()),
        };
        if self.has_data {
            self.data.push(b'\n');
        }
        self.has_data = true;
        self.data.extend_from_slice(value);
        Ok(())
    }
}

/// The data of an event named `error`, wrapped so that it says so itself.
fn error(data: &str) -> String {
    match serde_json::from_str::<Value>(data) {
        Ok(value) if !value["error"].is_null() => data.to_owned(),
        Ok(value) => json!({ "error": value }).to_string(),
        Err(_) => json!({ "error": data }).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(body: &[u8], cut: usize) -> Vec<String> {
        let mut events = Events::default();
        let mut out = Vec::new();
        for piece in body.chunks(cut.max(1)) {
            events.push(piece, &mut out).unwrap();
        }
        events.finish(&mut out).unwrap();
        out
    }

    #[test]
    fn events_are_found_whatever_ends_the_lines() {
        for end in ["\n", "\r\n", "\r"] {
            let body = [
                "\u{feff}: hello",
                "event: x",
                "data: {\"a\":1}",
                "id: 7",
                "",
                "data:two",
                "data: lines",
                "",
                "datum: no",
                "",
                "data: [DONE]",
                "",
            ]
            .join(end);
            for cut in [1, 2, 3, 1000] {
                assert_eq!(
                    read(body.as_bytes(), cut),
                    ["{\"a\":1}", "two\nlines", "[DONE]"],
                    "{end:?} {cut}"
                );
            }
        }
    }

    #[test]
    fn a_character_may_be_cut_anywhere_and_bad_text_is_told() {
        let body = "data: \u{1f600}é\n\n".as_bytes();
        for cut in 1..body.len() {
            assert_eq!(read(body, cut), ["\u{1f600}é"]);
        }
        let mut out = Vec::new();
        assert_eq!(Events::default().push(b"data: \xff\n\n", &mut out), Err(SseError::NotText));
    }

    #[test]
    fn an_event_named_error_says_so_and_blank_ones_are_skipped() {
        let body = b"data: \n\nevent: error\ndata: {\"message\":\"no\"}\n\nevent: error\ndata: full\n\nevent: x\ndata: 1\n\n";
        assert_eq!(
            read(body, 7),
            ["{\"error\":{\"message\":\"no\"}}", "{\"error\":\"full\"}", "1"]
        );
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_give_the_same_and_never_panic(
            body in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'), Just(b'd'), 32u8..127], 0..300),
            cut in 1usize..40,
        ) {
            prop_assert_eq!(read(&body, cut), read(&body, 1000));
        }
    }
}
