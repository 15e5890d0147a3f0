//! A provider over TLS: with HTTP/2 and HTTP/1.1, trusted or not.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use aloud::base::{Utterance, UtteranceId};
use aloud::engine::openai::{
    Address, Auth, ChatModel, ChatSettings, Http, SpeechModel, SpeechSettings, TranscriptionModel,
    TranscriptionSettings,
};
use aloud::engine::{Delta, Notes, Responder, Synthesizer, Transcriber};
use futures::StreamExt;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use crate::authority::Authority;
use crate::home::{Home, KEY, Told, provider};
use crate::mind::{prompt, user};
use crate::reply::{Reply, delta};
use crate::server::{PATIENCE, Server};

/// A provider over TLS. Its chat pauses after the first sentence.
struct Secure {
    address: SocketAddr,
    seen: Arc<Watched>,
    /// A permit for each chat that may continue.
    breath: Arc<Semaphore>,
}

/// What was seen, and a signal for each request.
type Watched = (Mutex<Seen>, Condvar);

#[derive(Clone, Debug, Default, PartialEq)]
struct Seen {
    /// Connections, and those with a complete handshake.
    connections: usize,
    handshakes: usize,
    requests: Vec<Asked>,
}

#[derive(Clone, Debug, PartialEq)]
struct Asked {
    what: String,
    version: Version,
    key: String,
    connection: usize,
    /// Connections opened when it came.
    handshakes: usize,
}

impl Secure {
    fn start(tls: TlsAcceptor) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, breath) = (Arc::<Watched>::default(), Arc::new(Semaphore::new(0)));
        let (all, breathing) = (Arc::clone(&seen), Arc::clone(&breath));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    let number = {
                        let mut seen = all.0.lock().unwrap();
                        seen.connections += 1;
                        seen.connections
                    };
                    let (tls, seen, breath) =
                        (tls.clone(), Arc::clone(&all), Arc::clone(&breathing));
                    tokio::spawn(async move {
                        let Ok(stream) = tls.accept(stream).await else { return };
                        seen.0.lock().unwrap().handshakes += 1;
                        let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                        let answer = service_fn(move |request| {
                            answer(request, number, Arc::clone(&seen), Arc::clone(&breath))
                        });
                        let io = TokioIo::new(stream);
                        // How a connection ends is up to the client.
                        if two {
                            let made =
                                hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                            let _ = made.serve_connection(io, answer).await;
                        } else {
                            let made = hyper::server::conn::http1::Builder::new();
                            let _ = made.serve_connection(io, answer).await;
                        }
                    });
                }
            });
        });
        Self { address, seen, breath }
    }

    fn base(&self) -> String {
        format!("https://{}/v1", self.address)
    }

    fn seen(&self) -> Seen {
        self.seen.0.lock().unwrap().clone()
    }

    /// Waits until this many requests have come.
    fn wait_for(&self, count: usize) {
        let seen = self.seen.0.lock().unwrap();
        let few = |seen: &mut Seen| seen.requests.len() < count;
        let (seen, late) = self.seen.1.wait_timeout_while(seen, PATIENCE, few).unwrap();
        assert!(!late.timed_out(), "no {count} requests: {seen:?}");
    }
}

type Body = UnsyncBoxBody<Bytes, Infallible>;

async fn answer(
    request: Request<Incoming>,
    connection: usize,
    seen: Arc<Watched>,
    breath: Arc<Semaphore>,
) -> Result<Response<Body>, Infallible> {
    let what = format!("{} {}", request.method(), request.uri().path());
    let key = request.headers().get("authorization");
    let key = key.map_or("", |key| key.to_str().unwrap()).to_owned();
    {
        let mut log = seen.0.lock().unwrap();
        let (version, handshakes) = (request.version(), log.handshakes);
        log.requests.push(Asked { what: what.clone(), version, key, connection, handshakes });
        seen.1.notify_all();
    }
    let _ = request.into_body().collect().await;
    let (kind, pieces, held) = match what.as_str() {
        CHAT => {
            let event = |words: &str| format!("data: {}\n\n", delta(&json!({ "content": words })));
            let stop = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
            let end = format!("{}data: {stop}\n\ndata: [DONE]\n\n", event("It is sunny."));
            (
                "text/event-stream",
                vec![event("Good morning. ").into_bytes(), end.into_bytes()],
                true,
            )
        }
        TRANSCRIPTION => {
            let body = json!({ "text": "How is it outside?" }).to_string();
            ("application/json", vec![body.into_bytes()], false)
        }
        SPEECH => ("audio/pcm", vec![vec![0; 4_800]], false),
        _ => ("application/json", Vec::new(), false),
    };
    let body = async_stream::stream! {
        for (n, piece) in pieces.into_iter().enumerate() {
            if held && n > 0 {
                breath.acquire().await.unwrap().forget();
            }
            yield Ok(Frame::data(Bytes::from(piece)));
        }
    };
    let body = StreamBody::new(body).boxed_unsync();
    Ok(Response::builder().header("content-type", kind).body(body).unwrap())
}

const TRANSCRIPTION: &str = "POST /v1/audio/transcriptions";
const CHAT: &str = "POST /v1/chat/completions";
const SPEECH: &str = "POST /v1/audio/speech";

const BOTH: [(&[&str], Version); 2] =
    [(&["h2", "http/1.1"], Version::HTTP_2), (&["http/1.1"], Version::HTTP_11)];

#[test]
fn a_sentence_is_spoken_while_the_next_is_written_over_both_versions_of_the_protocol() {
    for (protocols, version) in BOTH {
        let authority = Authority::new();
        let server = Secure::start(authority.server("127.0.0.1", protocols));
        let cascade = "chat = \"x/m\"\nspeak = \"x/tts-1\"";
        let home = Home::with(&provider("x", &server.base()), cascade);
        let mut asked = home.command(&["ask", "hello", "--out", "answer.wav"]);
        let asked = asked.env("SSL_CERT_FILE", authority.file(&home.path("")));
        let child = asked.spawn().unwrap();
        // The chat pauses in the middle until the voice was asked for its first sentence.
        server.wait_for(2);
        server.breath.add_permits(1);
        let told = Told::of(&child.wait_with_output().unwrap());
        assert_eq!(told.printed, "Good morning. It is sunny.\n", "{}", told.aside);
        let seen = server.seen();
        let key = format!("Bearer {KEY}");
        for (what, asked) in [CHAT, SPEECH, SPEECH].into_iter().zip(&seen.requests) {
            assert_eq!((asked.what.as_str(), asked.version, &asked.key), (what, version, &key));
        }
        assert_eq!(seen.requests.len(), 3);
        if version == Version::HTTP_2 {
            // Everything concurrent uses one connection.
            assert_eq!((seen.connections, seen.handshakes), (1, 1));
        }
        let wav = hound::WavReader::open(home.path("answer.wav")).unwrap();
        let seconds = f64::from(wav.duration()) / f64::from(wav.spec().sample_rate);
        assert!((seconds - 0.2).abs() < 0.02, "{seconds} s of two times 0.1 s");
    }
}

/// Where the client of the next test finds its server; set only in its own process.
const PLACE: &str = "ALOUD_TEST_SECURE_BASE";

#[test]
fn the_handshake_is_over_before_the_turn_and_serves_all_of_it() {
    // A process reads its trusted authorities from the environment, so the client is a process of
    // its own: this test again.
    if let Ok(base) = std::env::var(PLACE) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(turn(&base));
    }
    for (protocols, version) in BOTH {
        let authority = Authority::new();
        let server = Secure::start(authority.server("127.0.0.1", protocols));
        server.breath.add_permits(1);
        let folder = tempfile::tempdir().unwrap();
        let name = "secure::the_handshake_is_over_before_the_turn_and_serves_all_of_it";
        let told = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env("SSL_CERT_FILE", authority.file(folder.path()))
            .env(PLACE, server.base())
            .output()
            .unwrap();
        std::io::stderr().write_all(&told.stderr).unwrap();
        assert!(told.status.success());
        let calls = ["HEAD /v1/models", TRANSCRIPTION, CHAT, SPEECH];
        let key = format!("Bearer {KEY}");
        let requests = calls.map(|what| {
            let (what, key) = (what.to_owned(), key.clone());
            Asked { what, version, key, connection: 1, handshakes: 1 }
        });
        let seen = Seen { connections: 1, handshakes: 1, requests: requests.to_vec() };
        assert_eq!(server.seen(), seen);
    }
}

/// A turn as in the cascade: everything is warmed while the user speaks, then one engine after the
/// other is asked.
async fn turn(base: &str) {
    let (address, auth) = (Address::v1(base).unwrap(), Auth::Bearer(KEY.into()));
    let http = Http::new("x", address, auth, Duration::from_secs(20)).unwrap();
    let (tell, _notes) = Notes::new();
    let ear = TranscriptionModel::new(http.clone(), "whisper-1", TranscriptionSettings::default());
    let mind = ChatModel::new(http.clone(), "m", ChatSettings::default(), tell);
    let settings = SpeechSettings { voice: "alloy".into(), instructions: None, speed: None };
    let voice = SpeechModel::new(http, "tts-1", settings);
    let warmed = futures::future::join_all([ear.warm(), mind.warm(), voice.warm()]).await;
    assert_eq!(warmed, [Ok(()), Ok(()), Ok(())]);
    for _ in 0..50 {
        // The connection returns to the pool; a user speaks for longer than that.
        tokio::task::yield_now().await;
    }
    let utterance =
        Utterance { id: UtteranceId(1), span: 0..16_000, pcm: Arc::from(vec![0.1; 16_000]) };
    let heard: Vec<_> = ear.transcribe(utterance).collect().await;
    let heard = heard.last().unwrap().as_ref().unwrap().text.clone();
    assert_eq!(heard, "How is it outside?");
    let mut words = String::new();
    let mut deltas = mind.respond(prompt(vec![user(&heard)]));
    while let Some(delta) = deltas.next().await {
        if let Ok(Delta::Text(more)) = delta {
            words.push_str(&more);
        }
    }
    drop(deltas);
    assert_eq!(words, "Good morning. It is sunny.");
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    let sound: Vec<_> = voice.speak(words).collect().await;
    let samples: usize = sound.iter().map(|chunk| chunk.as_ref().unwrap().pcm.len()).sum();
    assert_eq!(samples, 2_400);
}

#[test]
fn a_certificate_that_cannot_be_trusted_is_refused_with_the_next_step_and_the_key_kept() {
    let (ours, another) = (Authority::new(), Authority::new());
    let folder = tempfile::tempdir().unwrap();
    let trusted = ours.file(folder.path());
    let nowhere = folder.path().join("nothing.pem");
    for (authority, name, file, words) in [
        (
            &another,
            "127.0.0.1",
            &trusted,
            "a certificate from an unknown authority; check its base_url, or set SSL_CERT_FILE to the file of your own authority",
        ),
        (&ours, "provider.example", &trusted, "a certificate for another host; fix its base_url"),
        (
            &ours,
            "127.0.0.1",
            &nowhere,
            "no certificates can be read on this machine; check SSL_CERT_FILE",
        ),
    ] {
        let server = Secure::start(authority.server(name, &["h2", "http/1.1"]));
        let home = Home::with(&provider("x", &server.base()), r#"chat = "x/m""#);
        let told =
            Told::of(&home.command(&["ask", "hello"]).env("SSL_CERT_FILE", file).output().unwrap());
        told.fails(77, &["provider x (127.0.0.1)", words]);
        let seen = server.seen();
        assert_eq!((seen.handshakes, seen.requests), (0, Vec::new()), "{words}");
        // Not retried: it would fail again.
        assert!(seen.connections <= 1, "{words}");
    }
}

#[test]
fn a_server_that_does_not_encrypt_is_told_apart_and_needs_no_certificates() {
    let server = Server::start();
    let nowhere = std::path::Path::new("/nonexistent/authority.pem");
    server.reply(Reply::stream().words("Hi.").stop("stop").done());
    let home = Home::at(&server);
    let output = home.command(&["ask", "hello"]).env("SSL_CERT_FILE", nowhere).output().unwrap();
    assert_eq!(Told::of(&output).printed, "Hi.\n");
    assert_eq!(server.requests().len(), 1);
    // Like most servers, this one answers a TLS handshake in plain text.
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://{}/v1", plain.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = plain.accept().unwrap();
        let mut hello = [0; 4_096];
        let length = stream.read(&mut hello).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n").unwrap();
        hello[..length].to_vec()
    });
    let authority = Authority::new();
    let home = Home::with(&provider("x", &base), r#"chat = "x/m""#);
    let file = authority.file(&home.path(""));
    let output = home.command(&["ask", "hello"]).env("SSL_CERT_FILE", file).output().unwrap();
    let words = "does not use TLS there; check whether its base_url starts with http or https";
    Told::of(&output).fails(77, &["provider x", words]);
    let hello = String::from_utf8_lossy(&serving.join().unwrap()).into_owned();
    assert!(!hello.contains(KEY), "the key was sent");
}
