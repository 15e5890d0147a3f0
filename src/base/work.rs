use std::future::Future;
use std::pin::Pin;

use futures::Stream;

/// Work in progress with one result; dropping it cancels it.
pub type Job<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Work in progress with many results; dropping it cancels it.
pub type Flow<T> = Pin<Box<dyn Stream<Item = T> + Send>>;
