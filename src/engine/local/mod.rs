//! Local engines: no key, no account, no service.
//!
//! ```text
//! order ─▶ Worker (a thread per model) ─▶ Model::answer ─▶ Session (onnxruntime) ─▶ Replies ─▶ Flow
//!               loads it first, unloads it when idle          checks the stop flag at each step
//! ```
//!
//! [`Silero`], which listens all the time, needs neither onnxruntime nor a file.
//! [`SpeechEmbedding`] runs on the thread of whoever listens with it.
//!
//! **Invariant:** one process loads one onnxruntime, and none before a model is needed.
//! **Invariant:** a model lives on a thread made for it or for listening, never in the async pool.
//! **Invariant:** a dropped flow stops its model at the next step, even inside an inference.
//! **Invariant:** a missing or truncated file is [`EngineError::Unreachable`] and names the next
//! step.
//! Deliberately absent: where model files come from (see `models`), and batching: there is one
//! user.
//!
//! [`EngineError::Unreachable`]: crate::engine::EngineError::Unreachable

pub mod hibari;
pub mod moonshine;
mod once_more;

mod earlier;
mod embedding;
mod foreign;
mod question;
mod readings;
mod runtime;
mod silero;
mod smart_turn;
mod suppressor;
mod templates;
mod told;
mod worker;

pub use embedding::SpeechEmbedding;
pub use runtime::Runtime;
pub use silero::{Silero, WINDOW};
pub use smart_turn::SmartTurn;
pub use templates::{Nearby, Templates};
pub use worker::{Model, Replies, Stopped, WAITING_ANSWERS, WAITING_ORDERS, Worker};
