//! What was said: items, history, and the prompt made of it.
//!
//! ```text
//! user ─▶ Item::User      reply ─▶ Item::Reply (cut to what was heard)      call ─▶ Item::Call ─▶ Item::Outcome
//! ```
//!
//! **Invariant:** every call in a history has exactly one outcome once its reply is over.
//! **Invariant:** a reply in a history holds no word that the user did not hear.
//! Deliberately absent: model names, wire formats, token counts; those belong to engines.

mod history;
mod item;
mod picture;
mod prompt;
mod start;

pub use history::{History, MAX_ITEMS, MAX_PICTURES};
pub use item::{Call, Heard, Item, Outcome, Picture};
pub use picture::PictureKind;
pub use prompt::{Effect, Prompt, ToolSpec};
pub use start::Start;
