//! What a server has besides its tools, as it is listed and described to a model.

use std::time::Duration;

use rmcp::ServiceError;

/// How many of one kind are described to a model.
pub(super) const NAMED: usize = 40;

/// How long what is said of each is, in characters.
const SAID: usize = 120;

/// How long the server may take to list them.
const LIST: Duration = Duration::from_secs(30);

/// What `all` of `server` gives, which are its `things`; a server that does not tell is left without.
pub(super) async fn listed<T>(
    server: &str,
    things: &str,
    all: impl Future<Output = Result<T, ServiceError>>,
) -> Option<T> {
    match tokio::time::timeout(LIST, all).await {
        Ok(Ok(all)) => Some(all),
        Ok(Err(error)) => {
            tracing::warn!("the MCP server {server} did not list its {things}: {error}");
            None
        }
        Err(_) => {
            tracing::warn!("the MCP server {server} did not list its {things} in time");
            None
        }
    }
}

/// `about` on one line, cut to its beginning.
pub(super) fn short(about: &str) -> String {
    let about: String = about.chars().take(SAID).collect();
    about.split_whitespace().collect::<Vec<_>>().join(" ")
}
