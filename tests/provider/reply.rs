//! A test server's answer, part by part.

use std::io::Write;
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex};

use serde_json::{Value, json};

use crate::server::PATIENCE;

/// A server's answer, part by part.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    parts: Vec<Part>,
    /// Whether it is sent in chunks, each of them immediately; otherwise its length is announced.
    chunked: bool,
    /// Holds back even its first byte.
    late: Option<Gate>,
}

#[derive(Clone, Debug)]
enum Part {
    Bytes(Vec<u8>),
    /// The same bytes this many times.
    Many(Vec<u8>, usize),
    Hold(Gate),
    Act(Act),
    Cut,
}

/// Something that happens at its place in an answer.
#[derive(Clone)]
struct Act(Arc<dyn Fn() + Send + Sync>);

impl std::fmt::Debug for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Act")
    }
}

impl Reply {
    /// An empty answer.
    pub(crate) fn of(status: u16) -> Self {
        Self { status, headers: Vec::new(), parts: Vec::new(), chunked: false, late: None }
    }

    /// No answer: the connection is closed.
    pub(crate) fn none() -> Self {
        Self::of(0)
    }

    /// A JSON value.
    pub(crate) fn json(value: &Value) -> Self {
        Self::whole("application/json", value.to_string())
    }

    /// An error in the vendor's format.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let error = json!({"message": message, "type": "error", "param": null, "code": code});
        let mut reply = Self::json(&json!({ "error": error }));
        reply.status = status;
        reply
    }

    /// Bytes of this media type.
    pub(crate) fn whole(kind: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self::of(200).header("content-type", kind).bytes(bytes)
    }

    /// The start of a stream of events.
    pub(crate) fn stream() -> Self {
        let mut reply = Self::of(200).header("content-type", "text/event-stream; charset=utf-8");
        reply.chunked = true;
        reply
    }

    /// The start of a body that comes in pieces, of any type.
    pub(crate) fn pieces(kind: &str) -> Self {
        let mut reply = Self::of(200).header("content-type", kind);
        reply.chunked = true;
        reply
    }

    /// A chat reply that says `words` and stops properly.
    pub(crate) fn says(words: &str) -> Self {
        Self::stream().words(words).stop("stop").done()
    }

    /// A chat reply that calls tools: `(id, name, arguments)`.
    pub(crate) fn calls(calls: &[(&str, &str, &str)]) -> Self {
        let mut reply = Self::stream();
        for (index, (id, name, arguments)) in calls.iter().enumerate() {
            reply = reply.event(&delta(&json!({"tool_calls": [{
                "index": index, "id": id, "type": "function",
                "function": {"name": name, "arguments": arguments},
            }]})));
        }
        reply.stop("tool_calls").done()
    }

    /// A reply of the Responses protocol that says `words`.
    pub(crate) fn responds(words: &str) -> Self {
        Self::stream()
            .event(&json!({"type": "response.created", "response": {"id": "resp_1", "status": "in_progress", "output": []}}))
            .event(&json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "item_id": "msg_1", "delta": words}))
            .event(&json!({"type": "response.completed", "response": {"id": "resp_1", "status": "completed", "error": null, "output": [
                {"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text", "text": words, "annotations": []}]},
            ]}}))
    }

    /// The same with another status.
    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.parts.push(Part::Bytes(bytes.into()));
        self
    }

    pub(crate) fn many(mut self, bytes: impl Into<Vec<u8>>, times: usize) -> Self {
        self.parts.push(Part::Many(bytes.into(), times));
        self
    }

    /// One event with this data.
    pub(crate) fn event(self, data: &Value) -> Self {
        self.bytes(format!("data: {data}\n\n"))
    }

    /// A chunk of a chat reply with these words.
    pub(crate) fn words(self, words: &str) -> Self {
        self.event(&delta(&json!({ "content": words })))
    }

    /// The chunk of a chat reply with the reason why it stops.
    pub(crate) fn stop(self, reason: &str) -> Self {
        self.event(&json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": {}, "finish_reason": reason}],
        }))
    }

    /// The mark at the end of a stream.
    pub(crate) fn done(self) -> Self {
        self.bytes("data: [DONE]\n\n")
    }

    /// Nothing more until the gate is open.
    pub(crate) fn hold(mut self, gate: &Gate) -> Self {
        self.parts.push(Part::Hold(gate.clone()));
        self
    }

    /// Not even a first byte until the gate is open.
    pub(crate) fn late(mut self, gate: &Gate) -> Self {
        self.late = Some(gate.clone());
        self
    }

    /// Runs `act` when everything before it was sent.
    pub(crate) fn act(mut self, act: impl Fn() + Send + Sync + 'static) -> Self {
        self.parts.push(Part::Act(Act(Arc::new(act))));
        self
    }

    /// The connection breaks here.
    pub(crate) fn cut(mut self) -> Self {
        self.parts.push(Part::Cut);
        self
    }

    /// Writes it; whether the connection may be reused.
    pub(crate) fn write(&self, stream: &mut TcpStream) -> std::io::Result<bool> {
        if let Some(gate) = &self.late {
            gate.wait();
        }
        if self.status == 0 {
            stream.shutdown(std::net::Shutdown::Both)?;
            return Ok(false);
        }
        let mut head = format!("HTTP/1.1 {} Told\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let length: usize = self
            .parts
            .iter()
            .map(|part| match part {
                Part::Bytes(bytes) => bytes.len(),
                Part::Many(bytes, times) => bytes.len() * times,
                Part::Hold(_) | Part::Act(_) | Part::Cut => 0,
            })
            .sum();
        head.push_str(&match (self.chunked, self.cuts()) {
            (true, _) => "transfer-encoding: chunked\r\n\r\n".to_owned(),
            // A cut reply was meant to be longer.
            (false, cut) => format!("content-length: {}\r\n\r\n", length + usize::from(cut)),
        });
        stream.write_all(head.as_bytes())?;
        for part in &self.parts {
            match part {
                Part::Bytes(bytes) => self.chunk(stream, bytes)?,
                Part::Many(bytes, times) => {
                    for _ in 0..*times {
                        self.chunk(stream, bytes)?;
                    }
                }
                Part::Hold(gate) => gate.wait(),
                Part::Act(act) => (act.0)(),
                Part::Cut => {
                    stream.shutdown(std::net::Shutdown::Both)?;
                    return Ok(false);
                }
            }
        }
        if self.chunked {
            stream.write_all(b"0\r\n\r\n")?;
        }
        Ok(true)
    }

    fn chunk(&self, stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
        if !self.chunked {
            return stream.write_all(bytes);
        }
        let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
        framed.extend_from_slice(bytes);
        framed.extend_from_slice(b"\r\n");
        stream.write_all(&framed)
    }

    fn cuts(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Cut))
    }
}

/// A chunk of a chat reply.
pub(crate) fn delta(delta: &Value) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": null}],
    })
}

/// Holds a reply back until a test opens it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<(Mutex<(bool, bool)>, Condvar)>);

impl Gate {
    /// Lets the reply continue.
    pub(crate) fn open(&self) {
        self.set(|state| state.1 = true);
    }

    /// Waits until a reply has reached it: everything before the gate was sent.
    pub(crate) fn reached(&self) {
        let (state, changed) = &*self.0;
        let state = state.lock().unwrap();
        let (state, wait) = changed.wait_timeout_while(state, PATIENCE, |state| !state.0).unwrap();
        drop(state);
        assert!(!wait.timed_out(), "no reply came to the gate");
    }

    fn wait(&self) {
        self.set(|state| state.0 = true);
        let (state, changed) = &*self.0;
        // A gate that is never opened stalls the reply for as long as the test runs.
        drop(changed.wait_while(state.lock().unwrap(), |state| !state.1).unwrap());
    }

    fn set(&self, change: impl FnOnce(&mut (bool, bool))) {
        let (state, changed) = &*self.0;
        change(&mut state.lock().unwrap());
        changed.notify_all();
    }
}
