//! Language: how people write and say numbers, times, dates, lengths, money, units and names.
//!
//! ```text
//! tools ─▶ english::say ─▶ written words ─▶ english::spell ─▶ words as they are said
//! ```
//!
//! Each language has a folder of its own: `say` writes what a tool has to tell, `spell` turns what
//! was written into the words that a voice reads, `number` knows the number words. `traced`
//! keeps, for each letter of a rewritten text, the place in the original that it stands for.
//!
//! **Invariant:** everything here is a pure function of its arguments.
//! Absent on purpose: what a sentence means (that is the grammar's), and phonemes (the voice's).

pub mod english;
pub(crate) mod scan;
pub(crate) mod traced;
