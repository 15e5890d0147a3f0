use serde::{Deserialize, Serialize};

use crate::drive::Request;

/// The longest line accepted from a client, in bytes; a longer one is answered and ends the
/// connection.
pub const LINE_LIMIT: usize = 256 * 1024;

/// One line from a client.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// A request for the driver.
    Ask(Request),
    /// Report the state.
    Status,
    /// Report everything from now on.
    Events,
    /// Reload the configuration.
    Reload,
}

impl Line {
    /// Parses one line.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(line: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Word {
            cmd: String,
        }
        let word: Word = serde_json::from_str(line)
            .map_err(|error| format!("not a request: {error}; send {{\"cmd\":\"status\"}}"))?;
        match word.cmd.as_str() {
            "status" => Ok(Self::Status),
            "events" => Ok(Self::Events),
            "reload" => Ok(Self::Reload),
            _ => serde_json::from_str(line)
                .map(Self::Ask)
                .map_err(|error| format!("not a request: {error}")),
        }
    }

    /// The line as text, without its newline.
    pub fn print(&self) -> String {
        match self {
            Self::Status => r#"{"cmd":"status"}"#.into(),
            Self::Events => r#"{"cmd":"events"}"#.into(),
            Self::Reload => r#"{"cmd":"reload"}"#.into(),
            // A request is made of strings, which always serialize.
            Self::Ask(request) => serde_json::to_string(request).unwrap_or_default(),
        }
    }
}

/// The answer to one line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether it succeeded.
    pub ok: bool,
    /// Why not; a sentence with the next step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The state, if it was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<serde_json::Value>,
}

impl Answer {
    pub(super) fn done() -> Self {
        Self { ok: true, error: None, status: None }
    }

    pub(super) fn refused(why: impl ToString) -> Self {
        Self { ok: false, error: Some(why.to_string()), status: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back_as_it_was_written() {
        for line in [
            Line::Status,
            Line::Events,
            Line::Reload,
            Line::Ask(Request::Press),
            Line::Ask(Request::Say { text: "a \"quoted\"\nline".into() }),
        ] {
            assert_eq!(Line::parse(&line.print()), Ok(line));
        }
    }

    #[test]
    fn a_bad_line_is_told_what_is_wrong() {
        let error = Line::parse("press").unwrap_err();
        assert!(error.contains("not a request"), "{error}");
        let error = Line::parse(r#"{"cmd":"dance"}"#).unwrap_err();
        assert!(error.contains("dance"), "{error}");
        let error = Line::parse(r#"{"cmd":"say"}"#).unwrap_err();
        assert!(error.contains("text"), "{error}");
    }
}
