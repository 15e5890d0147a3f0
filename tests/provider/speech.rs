//! Engines that hear and speak, called without the program around them.

use aloud::base::Flow;
use aloud::engine::EngineError;
use aloud::engine::openai::{Address, Auth, Http};
use futures::StreamExt;

use crate::home::KEY;
use crate::reply::Reply;
use crate::server::{PATIENCE, Server};

/// A server that answers every request with `reply`, and a client of it that does not retry.
pub(crate) fn answers(reply: Reply) -> (Server, Http) {
    let server = Server::answering(move |_| reply.clone());
    let address = Address::v1(&server.base()).unwrap();
    let http =
        Http::new("acme", address, Auth::Bearer(KEY.into()), PATIENCE).unwrap().without_retries();
    (server, http)
}

/// All items.
pub(crate) async fn all<T>(flow: Flow<T>) -> Vec<T> {
    tokio::time::timeout(PATIENCE, flow.collect()).await.unwrap()
}

/// The next item.
pub(crate) async fn next<T>(flow: &mut Flow<T>) -> Option<T> {
    tokio::time::timeout(PATIENCE, flow.next()).await.unwrap()
}

/// Why it failed, after this many good items.
pub(crate) fn failure<T: std::fmt::Debug>(
    mut items: Vec<Result<T, EngineError>>,
    good: usize,
) -> String {
    assert_eq!(items.len(), good + 1, "{items:?}");
    items.pop().unwrap().unwrap_err().to_string()
}
