use std::future::Future;
use std::pin::Pin;

use futures::Stream;

/// Work under way with one result; dropping it is cancelling it.
pub type Job<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Work under way with many results; dropping it is cancelling it.
pub type Flow<T> = Pin<Box<dyn Stream<Item = T> + Send>>;
