use std::collections::VecDeque;

use reqwest::Response;

use super::Http;
use super::http::read_out;
use super::sse::Events;
use crate::engine::EngineError;

/// The events of one response, in order; buffers no more than the network delivers at once.
pub(super) struct Stream {
    http: Http,
    response: Response,
    events: Events,
    ready: VecDeque<String>,
    /// How it ended, once it has.
    end: Option<Result<(), EngineError>>,
}

impl Stream {
    pub(super) fn new(http: &Http, response: Response) -> Self {
        let (http, events) = (http.clone(), Events::default());
        Self { http, response, events, ready: VecDeque::new(), end: None }
    }

    /// The data of the next event; `None` when the response has ended.
    ///
    /// # Errors
    /// [`EngineError::Broken`] when the connection is lost, nothing arrives for too long, or the
    /// data are not events; after all events that came before.
    pub(super) async fn next(&mut self) -> Result<Option<String>, EngineError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            if let Some(end) = self.end.clone() {
                return end.map(|()| None);
            }
            let mut fresh = Vec::new();
            let read = match self.response.chunk().await {
                Ok(Some(bytes)) => self.events.push(&bytes, &mut fresh),
                Ok(None) => {
                    self.end = Some(Ok(()));
                    self.events.finish(&mut fresh)
                }
                Err(error) => {
                    self.end = Some(Err(self.http.lost(&error)));
                    Ok(())
                }
            };
            if let Err(error) = read {
                self.end = Some(Err(self.http.broken(&error.to_string())));
            }
            self.ready.extend(fresh);
        }
    }

    /// The last event was seen: reads the rest of the response, so that its connection can be
    /// reused.
    pub(super) fn close(self) {
        read_out(self.response);
    }
}
