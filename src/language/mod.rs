//! Language: how people write and say numbers, times, dates, durations, money, units and names.
//!
//! ```text
//! tools ─▶ english::say ─▶ written words ─▶ english::spell ─▶ words as they are said
//! ```
//!
//! Each language has a folder of its own: `say` writes a tool's answer, `spell` turns written text
//! into the words that a voice reads, `number` has the number words. `traced` keeps, for each
//! character of a rewritten text, its place in the original.
//!
//! **Invariant:** everything here is a pure function of its arguments.
//! Deliberately absent: what a sentence means (see the grammar), and phonemes (see the voice).

pub mod english;
pub mod german;
pub(crate) mod scan;
pub(crate) mod traced;
