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
    /// Speak these words, and answer once they were heard.
    Say {
        /// The words.
        text: String,
    },
    /// Ask the user, and return what they say.
    AskUser {
        /// The question.
        text: String,
        /// How long to wait for an answer once it has been asked, in seconds.
        timeout_s: u32,
    },
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
            #[serde(default)]
            wait: bool,
        }
        let word: Word = serde_json::from_str(line)
            .map_err(|error| format!("not a request: {error}; send {{\"cmd\":\"status\"}}"))?;
        match word.cmd.as_str() {
            "status" => Ok(Self::Status),
            "events" => Ok(Self::Events),
            "reload" => Ok(Self::Reload),
            "say" if word.wait => {
                let Say { text } = serde_json::from_str(line)
                    .map_err(|error| format!("not a request: {error}"))?;
                Ok(Self::Say { text })
            }
            "ask_user" => {
                let AskUser { text, timeout_s } = serde_json::from_str(line)
                    .map_err(|error| format!("not a request: {error}"))?;
                Ok(Self::AskUser { text, timeout_s })
            }
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
            Self::Say { text } => {
                serde_json::json!({"cmd": "say", "text": text, "wait": true}).to_string()
            }
            Self::AskUser { text, timeout_s } => {
                serde_json::json!({"cmd": "ask_user", "text": text, "timeout_s": timeout_s})
                    .to_string()
            }
            // A request is made of strings, which always serialize.
            Self::Ask(request) => serde_json::to_string(request).unwrap_or_default(),
        }
    }
}

/// The arguments of `say` that waits.
#[derive(Deserialize)]
struct Say {
    text: String,
}

/// The arguments of `ask_user`.
#[derive(Deserialize)]
struct AskUser {
    text: String,
    #[serde(default = "answer_s")]
    timeout_s: u32,
}

/// How long an answer is waited for unless the client says it.
fn answer_s() -> u32 {
    ANSWER_S
}

/// How long the user's answer is waited for unless the client says it, in seconds.
pub const ANSWER_S: u32 = 30;

/// The answer to one line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether it succeeded.
    pub ok: bool,
    /// Why not; a sentence with the next step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the user said, if they were asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<String>,
    /// The state, if it was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<serde_json::Value>,
}

impl Answer {
    pub(super) fn done() -> Self {
        Self { ok: true, error: None, heard: None, status: None }
    }

    pub(super) fn refused(why: impl ToString) -> Self {
        Self { ok: false, error: Some(why.to_string()), heard: None, status: None }
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
            Line::Say { text: "Done.".into() },
            Line::AskUser { text: "Deploy \"now\"?".into(), timeout_s: 5 },
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
