use serde::{Deserialize, Serialize};

/// How the words that began a turn came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// They were typed.
    Typed,
    /// They were said while the talk key was held.
    Key,
    /// They were said after a wake word, or to a reply that followed one.
    Wake,
    /// They were said to a microphone that is always open.
    Microphone,
    /// Another program sent them to the service.
    Client,
}

impl Start {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Typed, Self::Key, Self::Wake, Self::Microphone, Self::Client];

    /// Its name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Typed => "typed",
            Self::Key => "key",
            Self::Wake => "wake",
            Self::Microphone => "microphone",
            Self::Client => "client",
        }
    }
}
