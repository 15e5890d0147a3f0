//! One request to a server: it is cancelled there if nobody waits for it any more, and the server
//! may tell how far it is.

use std::sync::Arc;

use futures::StreamExt;
use rmcp::handler::client::progress::ProgressDispatcher;
use rmcp::model::{
    CancelledNotificationParam, ClientRequest, ProgressNotificationParam, RequestId, ServerResult,
};
use rmcp::service::{Peer, PeerRequestOptions, RoleClient, ServiceError};

use crate::tool::{Progress, Step};

/// Who is told about which request of a connection.
pub(super) type Steps = Arc<ProgressDispatcher>;

/// Sends `request` and waits for its result; meanwhile `progress` is told what the server tells.
pub(super) async fn ask(
    peer: &Peer<RoleClient>,
    request: ClientRequest,
    steps: &Steps,
    progress: &Progress,
) -> Result<ServerResult, ServiceError> {
    let options = PeerRequestOptions::no_options();
    let handle = peer.send_request_with_option(request, options).await?;
    let mut told = steps.subscribe(handle.progress_token.clone()).await;
    let mut waiting = Waiting { peer: peer.clone(), id: Some(handle.id.clone()) };
    let mut result = Box::pin(handle.await_response());
    loop {
        tokio::select! {
            biased;
            result = &mut result => {
                waiting.id = None;
                return result;
            }
            Some(step) = told.next() => progress.tell(as_step(step)),
        }
    }
}

fn as_step(told: ProgressNotificationParam) -> Step {
    let total = told.total.filter(|total| *total > 0.0);
    let done = total.map(|total| (told.progress / total).clamp(0.0, 1.0) as f32);
    Step { done, message: told.message }
}

/// A request that is waited for. Dropped before its result is there, it is cancelled.
struct Waiting {
    peer: Peer<RoleClient>,
    id: Option<RequestId>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let reason = Some("nobody waits for it any more".to_owned());
        let params = CancelledNotificationParam::new(Some(id), reason);
        // Without a runtime the connection is gone, too.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let peer = self.peer.clone();
            drop(runtime.spawn(async move { peer.notify_cancelled(params).await }));
        }
    }
}
