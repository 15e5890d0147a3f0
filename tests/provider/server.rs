//! A provider on the loopback that answers as a test says, one piece at a time.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use aloud::base::{Clock, Moment};
use serde_json::Value;

use crate::contract::{self, Contract};
use crate::reply::Reply;

/// How long a test waits for something that must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A provider over HTTP/1.1. Every request is recorded, and checked against the vendor's own types
/// when the server is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    contract: Contract,
}

struct Shared {
    clock: Clock,
    state: Mutex<State>,
    changed: Condvar,
    /// The server to forward requests to.
    upstream: Option<SocketAddr>,
}

/// Makes the reply to a request without a queued one.
type Answer = Box<dyn FnMut(&Request) -> Reply + Send>;

#[derive(Default)]
struct State {
    answer: Option<Answer>,
    replies: VecDeque<(Option<String>, Reply)>,
    requests: Vec<Request>,
    connections: usize,
    /// Replies that were written to their end.
    written: usize,
    strays: Vec<String>,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// When it was complete.
    pub(crate) at: Moment,
    /// The connection it came over, counted from one.
    pub(crate) connection: usize,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The body as text, lossily converted.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The fields of a form in order; for a file its name, its type and its first bytes.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        let body = self.text();
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

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }
}

impl Server {
    /// A server whose requests must match the current contract.
    pub(crate) fn start() -> Self {
        Self::with(Contract::Present, None)
    }

    /// The same, with an answer for every request; see [`Server::answer`].
    pub(crate) fn answering(answer: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        let server = Self::start();
        server.answer(answer);
        server
    }

    /// A server whose requests must match the old contract.
    pub(crate) fn of_old() -> Self {
        Self::with(Contract::Old, None)
    }

    /// A server that forwards to another one: everything is recorded and checked.
    pub(crate) fn before(upstream: SocketAddr) -> Self {
        Self::with(Contract::Present, Some(upstream))
    }

    fn with(contract: Contract, upstream: Option<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (clock, state, changed) = (Clock::start(), Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { clock, state, changed, upstream });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&serving);
                std::thread::spawn(move || shared.serve(stream));
            }
        });
        Self { address, shared, contract }
    }

    /// Its URL, without a path.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its base URL, as in a configuration.
    pub(crate) fn base(&self) -> String {
        format!("{}/v1", self.origin())
    }

    /// Queues the answer to the next request that has no other one.
    pub(crate) fn reply(&self, reply: Reply) -> &Self {
        self.shared.lock().replies.push_back((None, reply));
        self
    }

    /// Queues the answer to the next request whose path ends like this.
    pub(crate) fn reply_to(&self, path: &str, reply: Reply) -> &Self {
        self.shared.lock().replies.push_back((Some(path.to_owned()), reply));
        self
    }

    /// Answers every request without a queued answer. Requests are answered one after the other, so
    /// that an answer may depend on earlier ones.
    pub(crate) fn answer(&self, answer: impl FnMut(&Request) -> Reply + Send + 'static) -> &Self {
        self.shared.lock().answer = Some(Box::new(answer));
        self
    }

    /// The requests so far, without those that only open a connection.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.lock().calls()
    }

    /// Waits until there are `count` requests.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Request> {
        let (state, wait) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), PATIENCE, |state| state.calls().len() < count)
            .unwrap();
        let calls = state.calls();
        drop(state);
        assert!(!wait.timed_out(), "{} of {count} requests came: {calls:#?}", calls.len());
        calls
    }

    /// The answer of the server behind this one; not recorded.
    pub(crate) fn send(&self, method: &str, target: &str, body: &Value) -> String {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let request = Request {
            method: method.into(),
            target: target.into(),
            headers: vec![("content-type".into(), "application/json".into())],
            body,
            at: self.shared.clock.now(),
            connection: 0,
        };
        let mut answer = Vec::new();
        pass(&request, self.shared.upstream.unwrap(), &mut answer).unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 2"), "{answer}");
        if !head.to_lowercase().contains("transfer-encoding: chunked") {
            return body.to_owned();
        }
        let mut whole = String::new();
        let mut rest = body;
        while let Some((size, more)) = rest.split_once("\r\n") {
            let size = usize::from_str_radix(size, 16).unwrap();
            whole.push_str(&more[..size]);
            rest = more[size..].trim_start_matches("\r\n");
        }
        whole
    }

    /// Waits for the first request, on any thread.
    pub(crate) fn comes(&self) -> impl FnOnce() + Send + use<> {
        let shared = Arc::clone(&self.shared);
        move || {
            let none = |state: &mut State| state.calls().is_empty();
            let (state, wait) =
                shared.changed.wait_timeout_while(shared.lock(), PATIENCE, none).unwrap();
            drop(state);
            assert!(!wait.timed_out(), "no request has come");
        }
    }

    /// Waits until every request so far has been answered to its end.
    pub(crate) fn ended(&self) -> impl FnOnce() + Send + use<> {
        let shared = Arc::clone(&self.shared);
        move || {
            let open = |state: &mut State| state.written < state.requests.len();
            let (state, wait) =
                shared.changed.wait_timeout_while(shared.lock(), PATIENCE, open).unwrap();
            drop(state);
            assert!(!wait.timed_out(), "a reply has not come to its end");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let state = self.shared.lock();
        assert_eq!(state.strays, Vec::<String>::new(), "nobody had an answer ready for these");
        let requests = state.requests.clone();
        drop(state);
        contract::hold(self.contract, &requests);
    }
}

impl State {
    fn calls(&self) -> Vec<Request> {
        self.requests.iter().filter(|request| request.method != "HEAD").cloned().collect()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Answers the requests of one connection until either side closes it.
    fn serve(&self, stream: TcpStream) {
        stream.set_nodelay(true).unwrap();
        let connection = {
            let mut state = self.lock();
            state.connections += 1;
            state.connections
        };
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut stream = stream;
        while let Some(request) = self.read(&mut reader, connection) {
            let reply = self.note(request.clone());
            let went_on = match self.upstream {
                Some(upstream) => {
                    let _ = pass(&request, upstream, &mut stream);
                    false
                }
                None => reply.write(&mut stream).unwrap_or(false),
            };
            self.lock().written += 1;
            self.changed.notify_all();
            if !went_on {
                return;
            }
        }
    }

    fn read(&self, reader: &mut BufReader<TcpStream>, connection: usize) -> Option<Request> {
        let line = line(reader)?;
        let mut words = line.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = Vec::new();
        loop {
            let line = self::line(reader)?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':')?;
            headers.push((name.to_lowercase(), value.trim().to_owned()));
        }
        let find = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, v)| v.clone());
        let mut body = Vec::new();
        if find("transfer-encoding").is_some_and(|coding| coding == "chunked") {
            loop {
                let size = usize::from_str_radix(&self::line(reader)?, 16).ok()?;
                let mut chunk = vec![0; size];
                reader.read_exact(&mut chunk).ok()?;
                body.append(&mut chunk);
                self::line(reader)?;
                if size == 0 {
                    break;
                }
            }
        } else if let Some(length) = find("content-length") {
            body = vec![0; length.parse().ok()?];
            reader.read_exact(&mut body).ok()?;
        }
        let at = self.clock.now();
        Some(Request { method, target, headers, body, at, connection })
    }

    /// Records a request and finds its answer.
    fn note(&self, request: Request) -> Reply {
        let mut state = self.lock();
        let opens = request.method == "HEAD";
        let name = format!("{} {}", request.method, request.target);
        let path = request.path().to_owned();
        state.requests.push(request.clone());
        self.changed.notify_all();
        if opens {
            return Reply::of(405);
        }
        let fits = |of: &Option<String>| of.as_ref().is_none_or(|end| path.ends_with(end.as_str()));
        // An answer queued for this path takes precedence over one for any.
        let own = state.replies.iter().position(|(of, _)| of.is_some() && fits(of));
        let at = own.or_else(|| state.replies.iter().position(|(of, _)| fits(of)));
        match at.and_then(|at| state.replies.remove(at)) {
            Some((_, reply)) => reply,
            None if self.upstream.is_some() => Reply::of(200),
            None => {
                if let Some(answer) = &mut state.answer {
                    return answer(&request);
                }
                state.strays.push(name);
                Reply::error(418, "no_reply", "the test has no reply for this")
            }
        }
    }
}

/// One line without its end; `None` when the connection has ended.
fn line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    Some(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Forwards a request, and its answer as it arrives.
fn pass(request: &Request, upstream: SocketAddr, back: &mut impl Write) -> std::io::Result<()> {
    let mut on = TcpStream::connect(upstream)?;
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
    let skipped = ["host", "connection", "content-length", "transfer-encoding"];
    for (name, value) in request.headers.iter().filter(|(name, _)| !skipped.contains(&&**name)) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let length = request.body.len();
    head.push_str(&format!(
        "host: {upstream}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    ));
    on.write_all(head.as_bytes())?;
    on.write_all(&request.body)?;
    std::io::copy(&mut on, back)?;
    back.flush()
}
