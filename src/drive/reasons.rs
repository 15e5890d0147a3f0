use jiff::Timestamp;
use serde::Serialize;

/// The last time something happened, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// When.
    pub at: Timestamp,
    /// A sentence for the user.
    pub why: String,
}

/// Why aloud last did what people wonder about; for `aloud why`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reasons {
    /// Why it woke, or heard its wake word and did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub woke: Option<Reason>,
    /// Why it took the user for done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Reason>,
    /// Why a reply was cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<Reason>,
    /// Why there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent: Option<Reason>,
}
