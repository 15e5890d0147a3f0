use reqwest::Response;
use serde_json::Value;

use super::reply::{Fault, Reading};
use crate::engine::openai::Http;
use crate::engine::openai::http::is;
use crate::engine::openai::stream::Stream;
use crate::engine::{Delta, EngineError};

/// A reply as it arrives: complete, or as a stream.
pub(super) enum Replies<'a> {
    Whole(&'a Http, Option<Response>),
    Stream(Box<Stream>, Ending),
}

/// How far the end of a stream was processed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Open,
    Over,
}

/// The result of reading on.
pub(super) enum Step {
    /// There is more.
    More,
    /// It is complete.
    Over,
    /// It cannot be read.
    Fault(Fault),
    /// The connection was lost.
    Lost(EngineError),
}

impl<'a> Replies<'a> {
    pub(super) fn new(http: &'a Http, response: Response) -> Self {
        if is(&response, "json") && !is(&response, "jsonl") {
            Self::Whole(http, Some(response))
        } else {
            Self::Stream(Box::new(Stream::new(http, response)), Ending::Open)
        }
    }

    /// Takes in what comes next, and appends the result to `out`.
    pub(super) async fn next(&mut self, reading: &mut dyn Reading, out: &mut Vec<Delta>) -> Step {
        let read = match self {
            Self::Whole(http, response) => match response.take() {
                None => return Step::Over,
                Some(response) => match http.json::<Value>(response).await {
                    Ok(value) => reading.whole(&value, out).and_then(|()| reading.finish(out)),
                    Err(error) => return Step::Lost(error),
                },
            },
            Self::Stream(_, Ending::Over) => return Step::Over,
            Self::Stream(stream, ending) => match stream.next().await {
                Ok(Some(event)) => {
                    let read = reading.event(&event, out);
                    if read.is_ok() && !reading.done() {
                        return Step::More;
                    }
                    *ending = Ending::Over;
                    read.and_then(|()| reading.finish(out))
                }
                Ok(None) => {
                    *ending = Ending::Over;
                    reading.finish(out)
                }
                // Only the end marker was lost.
                Err(_) if reading.complete() => {
                    *ending = Ending::Over;
                    reading.finish(out)
                }
                Err(error) => return Step::Lost(error),
            },
        };
        match read {
            Ok(()) => Step::Over,
            Err(fault) => Step::Fault(fault),
        }
    }

    /// The last event was seen.
    pub(super) fn close(self) {
        match self {
            Self::Whole(..) => {}
            Self::Stream(stream, _) => stream.close(),
        }
    }
}
