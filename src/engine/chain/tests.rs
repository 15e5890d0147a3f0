use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc::Receiver;

use super::*;
use crate::base::{Rate, UtteranceId};

/// Answers the first request with the first list, and so on; the last list is repeated. An
/// empty list never answers.
struct Fixed<T> {
    answers: Vec<Vec<Result<T, EngineError>>>,
    asked: AtomicUsize,
    hears: bool,
}

impl<T: Clone + Send + Sync + 'static> Fixed<T> {
    fn new(answers: Vec<Vec<Result<T, EngineError>>>) -> Arc<Self> {
        Arc::new(Self { answers, asked: AtomicUsize::new(0), hears: false })
    }

    fn next(&self) -> Flow<Result<T, EngineError>> {
        let at = self.asked.fetch_add(1, Ordering::Relaxed).min(self.answers.len() - 1);
        match self.answers[at].as_slice() {
            [] => Box::pin(futures::stream::pending()),
            answers => Box::pin(futures::stream::iter(answers.to_vec())),
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Responder for Fixed<Delta> {
    fn respond(&self, _: Prompt) -> Flow<Result<Delta, EngineError>> {
        self.next()
    }

    fn hears(&self) -> bool {
        self.hears
    }
}

impl Transcriber for Fixed<Transcript> {
    fn transcribe(&self, _: Utterance) -> Flow<Result<Transcript, EngineError>> {
        self.next()
    }
}

impl Synthesizer for Fixed<Chunk> {
    fn speak(&self, _: String) -> Flow<Result<Chunk, EngineError>> {
        self.next()
    }
}

fn text(words: &str) -> Result<Delta, EngineError> {
    Ok(Delta::Text(words.into()))
}

fn down<T>(why: &str) -> Result<T, EngineError> {
    Err(EngineError::Unreachable(why.into()))
}

fn responders(responders: &[&Arc<Fixed<Delta>>]) -> (Chain<dyn Responder>, Receiver<String>) {
    let (notes, read) = Notes::new();
    let named = |(at, mind): (usize, &&Arc<Fixed<Delta>>)| {
        (format!("p{at}/m"), Arc::clone(mind) as Arc<dyn Responder>)
    };
    let named = responders.iter().enumerate().map(named).collect();
    (Chain::of_responders(named, notes, Clock::start()), read)
}

fn prompt() -> Prompt {
    Prompt { instructions: "".into(), items: Vec::new(), tools: [].into(), sounds: Vec::new() }
}

async fn answer(chain: &Chain<dyn Responder>) -> Vec<Result<Delta, EngineError>> {
    chain.respond(prompt()).collect().await
}

fn told(notes: &mut Receiver<String>) -> Vec<String> {
    std::iter::from_fn(|| notes.try_recv().ok()).collect()
}

#[tokio::test]
async fn the_next_one_answers_only_where_nothing_was_said_yet() {
    let chain = |answers: Vec<Vec<Result<Delta, EngineError>>>| {
        let all: Vec<_> = answers.into_iter().map(|a| Fixed::new(vec![a])).collect();
        responders(&all.iter().collect::<Vec<_>>()).0
    };
    assert_eq!(answer(&chain(vec![vec![down("a")], vec![text("hi")]])).await, [text("hi")]);
    let broken = vec![text("I thi"), down("a")];
    assert_eq!(answer(&chain(vec![broken.clone(), vec![text("hi")]])).await, broken);
    let all_down = chain(vec![vec![down("a; wait")], vec![down("b")]]);
    assert_eq!(answer(&all_down).await, [down("a; wait")]);
}

#[tokio::test]
async fn the_user_reads_once_who_stands_in_and_why_and_the_dead_one_is_passed_over() {
    let dead = Fixed::new(vec![vec![down("provider p0 rejected the key; renew it")]]);
    let late = Fixed::new(vec![vec![down("it has no model; run \"x\"")]]);
    let well = Fixed::new(vec![vec![text("hi")]]);
    let (chain, mut notes) = responders(&[&dead, &late, &well]);
    for _ in 0..3 {
        assert_eq!(answer(&chain).await, [text("hi")]);
    }
    assert_eq!(
        told(&mut notes),
        [
            "p0 rejected the key; p2/m answers instead",
            "p1/m: it has no model; p2/m answers instead"
        ]
    );
    assert_eq!((dead.asked(), late.asked(), well.asked()), (1, 1, 3));
}

#[tokio::test]
async fn when_all_rest_all_are_asked_and_who_is_back_is_told() {
    let first = Fixed::new(vec![vec![down("p0 is busy; wait")], vec![text("back")]]);
    let second = Fixed::new(vec![vec![text("hi")], vec![down("p1 is gone; fix it")]]);
    let (chain, mut notes) = responders(&[&first, &second]);
    assert_eq!(answer(&chain).await, [text("hi")]);
    // The fallback fails too: nobody works.
    assert_eq!(answer(&chain).await, [down("p1 is gone; fix it")]);
    assert_eq!(answer(&chain).await, [text("back")]);
    let told = told(&mut notes);
    assert_eq!(told, ["p0 is busy; p1/m answers instead", "p0/m answers again"]);
}

#[test]
fn a_rest_lasts_as_long_as_the_provider_says_within_bounds() {
    let at = Moment::from_millis;
    let busy = |seconds| EngineError::Overloaded {
        message: String::new(),
        retry_after: Some(Duration::from_secs(seconds)),
    };
    let rest_after = |error| {
        let mut standing = Standing::default();
        standing.failed(at(1_000), &error);
        (1..=2_000).find(|s| !standing.rests(at(1_000 + s * 1_000)))
    };
    assert_eq!(rest_after(EngineError::Unreachable(String::new())), Some(30));
    assert_eq!(rest_after(busy(1)), Some(30));
    assert_eq!(rest_after(busy(60)), Some(60));
    assert_eq!(rest_after(busy(100_000)), Some(600));
}

#[tokio::test(start_paused = true)]
async fn who_gives_nothing_for_too_long_has_failed() {
    let mute = Fixed::new(vec![vec![]]);
    let well = Fixed::new(vec![vec![text("hi")]]);
    let (chain, mut notes) = responders(&[&mute, &well]);
    assert_eq!(answer(&chain).await, [text("hi")]);
    assert_eq!(told(&mut notes), ["p0/m gave no output for 18 s; p1/m answers instead"]);
}

#[tokio::test]
async fn an_ear_that_breaks_off_after_half_a_sentence_is_stood_in_for() {
    let broken = vec![Ok(Transcript::part("set a")), down("a/ear broke off: no network; wait")];
    let transcribers: Vec<(String, Arc<dyn Transcriber>)> = vec![
        ("a/ear".into(), Fixed::new(vec![broken])),
        ("b/ear".into(), Fixed::new(vec![vec![Ok(Transcript::whole("set a timer"))]])),
    ];
    let (notes, mut read) = Notes::new();
    let chain = Chain::of_transcribers(transcribers, notes, Clock::start());
    let utterance = Utterance { id: UtteranceId(1), span: 0..1, pcm: [0.0].into() };
    let heard: Vec<_> = chain.transcribe(utterance).collect().await;
    assert_eq!(heard, [Ok(Transcript::part("set a")), Ok(Transcript::whole("set a timer"))]);
    assert_eq!(told(&mut read), ["a/ear broke off: no network; b/ear listens instead"]);
}

#[tokio::test]
async fn another_voice_speaks_the_sentence_that_the_first_one_cannot() {
    let chunk = Chunk { pcm: vec![0.5], rate: Rate(24_000), text: "Yes.".into() };
    let synthesizers: Vec<(String, Arc<dyn Synthesizer>)> = vec![
        ("a/v".into(), Fixed::new(vec![vec![down("a has no credit; pay")]])),
        ("b/v".into(), Fixed::new(vec![vec![Ok(chunk.clone())]])),
    ];
    let (notes, mut read) = Notes::new();
    let chain = Chain::of_synthesizers(synthesizers, notes, Clock::start());
    let said: Vec<_> = chain.speak("Yes.".into()).collect().await;
    assert_eq!(said, [Ok(chunk)]);
    assert_eq!(told(&mut read), ["a has no credit; b/v speaks instead"]);
}

#[test]
fn a_chain_hears_only_where_all_hear() {
    let deaf = Fixed::new(vec![vec![text("")]]);
    let hears = Arc::new(Fixed { answers: vec![], asked: AtomicUsize::new(0), hears: true });
    assert!(responders(&[&hears, &hears]).0.hears());
    assert!(!responders(&[&hears, &deaf]).0.hears());
}
