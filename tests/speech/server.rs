//! A server on the loopback that answers as it is told, piece by piece.

#![allow(dead_code, reason = "the tests use one part of it, a bench another")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What a client asked.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The fields of a form in their order; of a file its name, its type and how it begins.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        let body = String::from_utf8_lossy(&self.body);
        let boundary = body.lines().next().unwrap().to_owned();
        let parts = body.split(boundary.as_str()).skip(1).filter(|part| !part.starts_with("--"));
        parts
            .map(|part| {
                let (head, value) = part.trim_start().split_once("\r\n\r\n").unwrap();
                let name = head.split("name=\"").nth(1).unwrap().split('"').next().unwrap();
                let file = head.split_once("filename=\"").map(|(_, rest)| {
                    let (file, rest) = rest.split_once('"').unwrap();
                    format!("{file} {} {}", rest.trim(), value.get(..4).unwrap_or(""))
                });
                (name.to_owned(), file.unwrap_or_else(|| value.trim_end().to_owned()))
            })
            .collect()
    }
}

/// What is answered.
pub(crate) struct Reply {
    status: u16,
    kind: &'static str,
    pieces: Vec<Piece>,
}

/// A part of an answer.
pub(crate) enum Piece {
    /// Bytes, sent at once.
    Bytes(Vec<u8>),
    /// Nothing for so long.
    Wait(Duration),
    /// Nothing until somebody opens the gate.
    Gate(Arc<Notify>),
    /// This happens.
    Do(Box<dyn FnOnce() + Send>),
    /// The connection is lost.
    Lost,
}

impl Reply {
    pub(crate) fn new(status: u16, kind: &'static str, pieces: Vec<Piece>) -> Self {
        Self { status, kind, pieces }
    }

    pub(crate) fn of(kind: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, kind, vec![Piece::Bytes(body.into())])
    }

    pub(crate) fn stream(pieces: Vec<Piece>) -> Self {
        Self::new(200, "text/event-stream", pieces)
    }
}

/// An event of a stream.
pub(crate) fn event(data: &serde_json::Value) -> Piece {
    Piece::Bytes(format!("data: {data}\n\n").into_bytes())
}

/// A running server.
pub(crate) struct Server {
    pub(crate) base: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers every request with what `answer` makes of it. Runs until its runtime ends.
    pub(crate) async fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/v1", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (answer, kept) = (Arc::new(answer), Arc::clone(&requests));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, kept) = (Arc::clone(&answer), Arc::clone(&kept));
                tokio::spawn(async move {
                    // A client that has gone away is no fault.
                    let _ = serve(stream, &*answer, &kept).await;
                });
            }
        });
        Self { base, requests }
    }

    /// What was asked so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    answer: &(dyn Fn(&Request) -> Reply + Send + Sync),
    kept: &Mutex<Vec<Request>>,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut read = Vec::new();
    loop {
        let head = loop {
            if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        };
        let text = String::from_utf8_lossy(&read[..head]).to_lowercase();
        let length = text.split("content-length: ").nth(1);
        let length = length.and_then(|rest| rest.lines().next()?.parse().ok()).unwrap_or(0);
        let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
        while read.len() < head + length {
            if stream.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        }
        let body = read.drain(..head + length).skip(head).collect();
        let request = Request { path, body };
        let Reply { status, kind, pieces } = answer(&request);
        kept.lock().unwrap().push(request);
        let head = format!(
            "HTTP/1.1 {status} -\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        for piece in pieces {
            match piece {
                Piece::Bytes(bytes) => {
                    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
                    chunk.extend_from_slice(&bytes);
                    chunk.extend_from_slice(b"\r\n");
                    stream.write_all(&chunk).await?;
                }
                Piece::Wait(span) => tokio::time::sleep(span).await,
                Piece::Gate(gate) => gate.notified().await,
                Piece::Do(act) => act(),
                Piece::Lost => return Ok(()),
            }
        }
        stream.write_all(b"0\r\n\r\n").await?;
    }
}
