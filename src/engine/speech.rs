//! Speaks words as they come.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures::StreamExt;

use super::prose::Prose;
use super::speech_queue::SpeechQueue;
use super::{Chunk, Delta, EngineError, Said, Synthesizer};
use crate::base::{Epoch, Flow};

/// Sentences that may wait for the synthesizer while one is spoken: a few pages, so that a reply is
/// on the screen as it is written. Beyond that the reply is not read any further, so that a runaway
/// reply costs no memory.
const SENTENCES_AHEAD: usize = 256;

/// Speaks `text` under `epoch`, as [`speak`] does.
pub(super) fn announce(
    voice: Option<Arc<dyn Synthesizer>>,
    epoch: Epoch,
    text: String,
    held: Arc<AtomicBool>,
) -> Flow<Said> {
    let words = Box::pin(futures::stream::iter([Ok(Delta::Text(text))]));
    let said = speak(voice, epoch, words, held);
    // Nobody writes an announcement.
    Box::pin(said.filter(|said| std::future::ready(!matches!(said, Said::FirstWords(_)))))
}

/// Speaks `deltas` under `epoch`, each sentence while the next is read. Makes no sound while `held`
/// is set; whoever changes it must poll the flow afterwards.
pub(super) fn speak(
    voice: Option<Arc<dyn Synthesizer>>,
    epoch: Epoch,
    mut deltas: Flow<Result<Delta, EngineError>>,
    held: Arc<AtomicBool>,
) -> Flow<Said> {
    Box::pin(async_stream::stream! {
        let mut prose = Prose::new(voice.as_ref().map(|voice| voice.alphabet()).unwrap_or_default());
        let mut queue = SpeechQueue::new(voice);
        let mut cited: Vec<String> = Vec::new();
        let mut reading = true;
        let mut first = true;
        loop {
            if !reading && queue.is_empty() {
                yield Said::Done(epoch);
                return;
            }
            let hungry = reading && queue.behind() < SENTENCES_AHEAD;
            let speaking = !queue.is_empty();
            let next = tokio::select! {
                biased;
                delta = deltas.next(), if hungry => Next::Delta(delta),
                chunk = next_sound(&mut queue, &held), if speaking => Next::Chunk(chunk),
            };
            let begins = matches!(&next, Next::Delta(Some(Ok(Delta::Text(_) | Delta::Sound(_)))));
            if begins && std::mem::take(&mut first) {
                yield Said::FirstWords(epoch);
            }
            match next {
                Next::Delta(Some(Ok(Delta::Text(text)))) => {
                    queue.extend(prose.push(&text));
                    yield Said::Written { epoch, text };
                }
                Next::Delta(Some(Ok(Delta::Sound(chunk)))) => yield Said::Chunk { epoch, chunk },
                Next::Delta(Some(Ok(Delta::Call(call)))) => yield Said::Call { epoch, call },
                Next::Delta(Some(Ok(Delta::Source(source)))) => {
                    if !cited.contains(&source.url) {
                        cited.push(source.url.clone());
                        yield Said::Source { epoch, source };
                    }
                }
                Next::Delta(Some(Err(error))) => {
                    // What was read before the failure is spoken first.
                    queue.extend(prose.finish());
                    while let Some(Ok(chunk)) = next_sound(&mut queue, &held).await {
                        yield Said::Chunk { epoch, chunk };
                    }
                    yield Said::Failed { epoch, error };
                    return;
                }
                Next::Delta(None) => {
                    reading = false;
                    queue.extend(prose.finish());
                }
                Next::Chunk(Some(Ok(chunk))) => yield Said::Chunk { epoch, chunk },
                Next::Chunk(Some(Err(error))) => {
                    yield Said::Failed { epoch, error };
                    return;
                }
                Next::Chunk(None) => {}
            }
            for source in prose.sources() {
                if !cited.contains(&source.url) {
                    cited.push(source.url.clone());
                    yield Said::Source { epoch, source };
                }
            }
            for note in prose.notes() {
                yield Said::Note(note);
            }
        }
    })
}

/// The next sound, unless enough is waiting.
async fn next_sound(
    queue: &mut SpeechQueue,
    held: &AtomicBool,
) -> Option<Result<Chunk, EngineError>> {
    poll_fn(|cx| if held.load(Ordering::Relaxed) { Poll::Pending } else { queue.poll(cx) }).await
}

enum Next {
    Delta(Option<Result<Delta, EngineError>>),
    Chunk(Option<Result<Chunk, EngineError>>),
}

#[cfg(test)]
mod tests {
    use std::task::Context;

    use super::*;

    /// A voice that never makes a sound.
    struct Silent;

    impl Synthesizer for Silent {
        fn speak(&self, _: String) -> Flow<Result<Chunk, EngineError>> {
            Box::pin(futures::stream::pending())
        }
    }

    #[test]
    fn a_reply_is_written_to_its_end_while_its_first_sentence_waits_for_the_voice() {
        let lines = ["# Plan\n", "\n1. **Eat**.\n2. Sl", "eep. Then go.", " And rest. Bye."];
        let deltas = lines.map(|line| Ok(Delta::Text(line.to_owned())));
        let deltas = Box::pin(futures::stream::iter(deltas));
        let mut said = speak(Some(Arc::new(Silent)), Epoch(7), deltas, Arc::default());
        let mut written = String::new();
        let mut cx = Context::from_waker(futures::task::noop_waker_ref());
        while let Poll::Ready(Some(next)) = said.as_mut().poll_next(&mut cx) {
            if let Said::Written { epoch: Epoch(7), text } = next {
                written.push_str(&text);
            } else {
                assert_eq!(next, Said::FirstWords(Epoch(7)));
            }
        }
        assert_eq!(written, lines.concat());
    }

    /// A voice that returns everything at once.
    struct Quick;

    impl Synthesizer for Quick {
        fn speak(&self, text: String) -> Flow<Result<Chunk, EngineError>> {
            let chunk = Chunk { pcm: vec![0.1], rate: crate::base::SPEAKER_RATE, text };
            Box::pin(futures::stream::iter([Ok(chunk)]))
        }
    }

    #[test]
    fn only_sound_is_held_back_never_words_and_calls() {
        let call = crate::dialog::Call {
            id: crate::base::CallId("1".into()),
            name: "stop".into(),
            arguments: "{}".into(),
        };
        let text = "One. Two. Three.".to_owned();
        let deltas = [Ok(Delta::Text(text)), Ok(Delta::Call(call))];
        let held = Arc::new(AtomicBool::new(true));
        let deltas = Box::pin(futures::stream::iter(deltas));
        let mut said = speak(Some(Arc::new(Quick)), Epoch(7), deltas, Arc::clone(&held));
        let mut cx = Context::from_waker(futures::task::noop_waker_ref());
        let mut next = || said.as_mut().poll_next(&mut cx);
        assert!(matches!(next(), Poll::Ready(Some(Said::FirstWords(_)))));
        assert!(matches!(next(), Poll::Ready(Some(Said::Written { .. }))));
        assert!(matches!(next(), Poll::Ready(Some(Said::Call { .. }))));
        assert_eq!(next(), Poll::Pending, "the sound waits");
        held.store(false, Ordering::Relaxed);
        assert!(matches!(next(), Poll::Ready(Some(Said::Chunk { .. }))));
    }
}
