//! English: its number words, and numbers, times, dates, money and units, both written and said.

mod clock;
mod code;
mod consent;
mod measure;
pub mod number;
mod roman;
pub(crate) mod say;
mod size;
pub(crate) mod spell;
pub(crate) mod waiting;
pub(crate) mod words;

pub use consent::consent;
