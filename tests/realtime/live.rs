//! An ear that hears the user while they speak, and what happens when it fails.

use std::sync::Arc;
use std::sync::Mutex;

use aloud::base::{FRAME_SAMPLES, Flow, Frame, Utterance, UtteranceId};
use aloud::dialog::Prompt;
use aloud::engine::openai::realtime::{Dialect, Scribe, Server};
use aloud::engine::openai::{Address, Auth};
use aloud::engine::{
    Cascade, Delta, EngineError, Engines, Order, Partner, Responder, Said, Transcriber, Transcript,
};

use crate::host::{Host, House, PATIENCE};
use crate::strict::says::question;

/// Answers nothing.
struct Silent;

impl Responder for Silent {
    fn respond(&self, _: Prompt) -> Flow<Result<Delta, EngineError>> {
        Box::pin(futures::stream::empty())
    }
}

/// The ear behind, which remembers its utterances.
#[derive(Default)]
struct Behind(Mutex<Vec<Utterance>>);

impl Transcriber for Behind {
    fn transcribe(&self, utterance: Utterance) -> Flow<Result<Transcript, EngineError>> {
        self.0.lock().unwrap().push(utterance);
        Box::pin(futures::stream::iter([Ok(Transcript::whole("heard behind"))]))
    }
}

/// A cascade whose live ear is at `host`, and the ear behind it.
fn cascade(host: &Host) -> (Cascade, Arc<Behind>) {
    let address = Address::v1(&host.base()).unwrap();
    let server = Server::new("test", &address, "m", Auth::Bearer("mine".into())).unwrap();
    let scribe = Scribe::new(server, "test", "m", Vec::new(), Vec::new(), host.clock);
    let behind = Arc::new(Behind::default());
    let engines = Engines { transcribe: behind.clone(), chat: Arc::new(Silent), speak: None };
    (Cascade::new(engines, None).with_ear(Box::new(scribe.listen())), behind)
}

const OPEN: House = House { dialect: Dialect::Ga, wants_beta: false, key: None };

/// The sound of `number`, from `start` of the stream on.
fn utterance(id: u32, start: u64, number: u32, ms: usize) -> Utterance {
    let pcm = question(number, ms);
    let span = start..start + pcm.len() as u64;
    Utterance { id: UtteranceId(id), span, pcm: Arc::from(pcm) }
}

/// Speaks all of `utterance` from sample `from` on, as it would come from a microphone.
fn speak(cascade: &mut Cascade, utterance: &Utterance, from: usize) {
    for (n, piece) in utterance.pcm[from..].chunks_exact(FRAME_SAMPLES).enumerate() {
        let start = utterance.span.start + (from + n * FRAME_SAMPLES) as u64;
        let samples = piece.try_into().unwrap();
        cascade.order(Order::Hear(Box::new(Frame { start, samples })));
    }
}

async fn said(cascade: &mut Cascade) -> Said {
    tokio::time::timeout(PATIENCE, cascade.said()).await.expect("something is said")
}

fn transcript(id: u32, revision: u32, text: &str, last: bool) -> Said {
    let (utterance, result) = (UtteranceId(id), Ok(text.to_owned()));
    Said::Transcript { utterance, revision, result, certainty: None, last }
}

#[tokio::test]
async fn words_are_shown_while_the_user_speaks_and_the_commit_brings_the_rest() {
    let host = Host::start(OPEN, crate::talk::brain);
    let (mut cascade, behind) = cascade(&host);
    assert!(cascade.streams() && !cascade.hears());
    cascade.order(Order::Prepare);
    for turn in 1..4 {
        let utterance = utterance(turn, u64::from(turn) * 160_000, 7, 700);
        speak(&mut cascade, &utterance, 0);
        // Nothing was committed yet.
        assert_eq!(said(&mut cascade).await, Said::Hearing("question".into()));
        cascade.order(Order::Commit { utterance, revision: 0 });
        assert_eq!(said(&mut cascade).await, transcript(turn, 0, "question 7", false));
        assert_eq!(said(&mut cascade).await, transcript(turn, 0, "question 7", true));
    }
    // One session for all of them.
    assert_eq!(host.seen.lock().unwrap().requests.len(), 1);
    assert_eq!(host.complaints(), Vec::<String>::new());
    assert_eq!(behind.0.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn who_goes_on_after_a_pause_is_written_down_as_a_whole() {
    let host = Host::start(OPEN, crate::talk::brain);
    let (mut cascade, _) = cascade(&host);
    let first = utterance(1, 16_000, 7, 700);
    speak(&mut cascade, &first, 0);
    assert_eq!(said(&mut cascade).await, Said::Hearing("question".into()));
    cascade.order(Order::Commit { utterance: first.clone(), revision: 0 });
    while said(&mut cascade).await != transcript(1, 0, "question 7", false) {}
    cascade.order(Order::Forget { utterance: first.id, revision: 0 });
    let mut pcm = first.pcm.to_vec();
    pcm.extend(question(5, 700));
    let whole = Utterance {
        id: first.id,
        span: first.span.start..first.span.start + pcm.len() as u64,
        pcm: Arc::from(pcm),
    };
    speak(&mut cascade, &whole, first.pcm.len());
    let words = loop {
        if let Said::Hearing(words) = said(&mut cascade).await {
            break words;
        }
    };
    assert_eq!(words, "question 7 question");
    cascade.order(Order::Commit { utterance: whole, revision: 1 });
    while said(&mut cascade).await != transcript(1, 1, "question 7 question 5", true) {}
    assert_eq!(host.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn what_the_live_ear_cannot_write_another_one_hears_whole() {
    let house = House { key: Some("another"), ..OPEN };
    let host = Host::start(house, crate::talk::brain);
    let (mut cascade, behind) = cascade(&host);
    for turn in 1..3 {
        let utterance = utterance(turn, u64::from(turn) * 160_000, 7, 700);
        speak(&mut cascade, &utterance, 0);
        cascade.order(Order::Commit { utterance: utterance.clone(), revision: 0 });
        if turn == 1 {
            // The user is told, once.
            let why =
                "provider test rejected the key; what you say is transcribed after you finish";
            assert_eq!(said(&mut cascade).await, Said::Note(why.into()));
        }
        assert_eq!(said(&mut cascade).await, transcript(turn, 0, "heard behind", true));
        let given = behind.0.lock().unwrap().pop().unwrap();
        assert_eq!((given.id, given.pcm), (utterance.id, utterance.pcm));
    }
    // A refused key is not sent again at every turn.
    assert_eq!(host.seen.lock().unwrap().requests.len(), 1);
}

#[tokio::test]
async fn a_line_that_drops_in_the_middle_costs_no_word() {
    let host = Host::start(OPEN, crate::talk::brain);
    let (mut cascade, behind) = cascade(&host);
    let utterance = utterance(1, 16_000, 7, 700);
    speak(&mut cascade, &utterance, 0);
    assert_eq!(said(&mut cascade).await, Said::Hearing("question".into()));
    host.drop_lines();
    cascade.order(Order::Commit { utterance, revision: 0 });
    while said(&mut cascade).await != transcript(1, 0, "question 7", true) {}
    assert_eq!(host.seen.lock().unwrap().requests.len(), 2);
    assert_eq!(behind.0.lock().unwrap().len(), 0);
}
