//! German: sentences read for the grammar, and answers written for a person.
//!
//! ```text
//! "um halb acht" ─▶ read ─▶ "at 07:30" ─▶ german.toml (grammar) ─▶ tool ─▶ "Alarm set for 7:30 AM today."
//!                                          answer ◀─ answers.toml ◀────────┘
//!                                             └─▶ "Wecker gestellt: heute um 7:30 Uhr."
//! ```
//!
//! `read` writes numbers, times, days and lengths of time as the slots of the grammar know them, and
//! leaves all other words. `answer` is a catalogue, as translators of programs use: the English
//! sentences of the tools with their German ones, in `answers.toml`.
//!
//! `words` takes compounds apart ("Nudeltimer"), `detect` tells German from English, `follow` reads what
//! leans on the sentence before. `written`, `rings`, `things`, `weather` and `fault` are what the values
//! of answers are made of.
//!
//! **Invariant:** a German hour is one of twenty-four, unless the part of the day is named or a reminder
//! says a mere hour.
//! **Invariant:** an answer outside the catalogue stays as it is: true words in the wrong language
//! are better than none.
//! Deliberately absent: spelling out for a German voice.

mod answer;
mod detect;
mod fault;
mod follow;
mod moment;
mod number;
mod read;
mod rings;
mod things;
mod weather;
mod words;
mod written;

pub use answer::answer;
pub use detect::{denies, has_english, is_english, is_german, looks_german};
pub use follow::follow;
pub use read::{Sentence, read};
