use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::StreamExt;

use super::prose::Passage;
use super::{Chunk, EngineError, Synthesizer};
use crate::base::{Flow, SPEAKER_RATE};

/// Sentences requested from the synthesizer at once: the current one and the next, so that the next
/// sound is ready when the current one ends.
const ASKED: usize = 2;

/// Seconds of a sentence that are buffered while the previous one is still being handed out. Beyond
/// that its connection is not read.
const KEPT: usize = 10;

/// Turns sentences into sound, in order and without a gap between them.
pub(super) struct SpeechQueue {
    voice: Option<Arc<dyn Synthesizer>>,
    /// Not requested yet.
    waiting: VecDeque<Passage>,
    /// The first one is being handed out.
    lines: VecDeque<Line>,
}

/// One sentence being spoken.
struct Line {
    sound: Flow<Result<Chunk, EngineError>>,
    kept: VecDeque<Result<Chunk, EngineError>>,
    samples: usize,
    ended: bool,
}

impl SpeechQueue {
    /// Speaks with `voice`; without one, a sentence becomes a chunk of words alone.
    pub(super) fn new(voice: Option<Arc<dyn Synthesizer>>) -> Self {
        Self { voice, waiting: VecDeque::new(), lines: VecDeque::new() }
    }

    /// Adds sentences at the end.
    pub(super) fn extend(&mut self, passages: impl IntoIterator<Item = Passage>) {
        self.waiting.extend(passages);
        while self.lines.len() < ASKED
            && let Some(passage) = self.waiting.pop_front()
        {
            self.lines.push_back(self.line(&passage));
        }
    }

    /// How many sentences wait behind the current one.
    pub(super) fn behind(&self) -> usize {
        (self.lines.len() + self.waiting.len()).saturating_sub(1)
    }

    /// Whether everything was handed out.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    fn line(&self, passage: &Passage) -> Line {
        let spoken = passage.spoken();
        let silent = |text: String| Chunk { pcm: Vec::new(), rate: SPEAKER_RATE, text };
        let sound: Flow<_> = match &self.voice {
            Some(voice) if spoken.contains(char::is_alphanumeric) => {
                let mut sound = voice.speak(spoken);
                let mut follower = passage.follow();
                Box::pin(async_stream::stream! {
                    while let Some(chunk) = sound.next().await {
                        let broken = chunk.is_err();
                        yield chunk.map(|chunk| {
                            let text = follower.written(chunk.text);
                            Chunk { text, ..chunk }
                        });
                        if broken {
                            return;
                        }
                    }
                    if let Some(rest) = follower.rest() {
                        yield Ok(silent(rest));
                    }
                })
            }
            // Words that are only shown appear once what precedes them was said.
            Some(_) | None => {
                Box::pin(futures::stream::iter([Ok(silent(passage.written().to_owned()))]))
            }
        };
        Line { sound, kept: VecDeque::new(), samples: 0, ended: false }
    }

    /// The next chunk; `Ready(None)` if there is no sentence left.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Chunk, EngineError>>> {
        loop {
            let mut lines = self.lines.iter_mut();
            let Some(line) = lines.next() else { return Poll::Ready(None) };
            // The first one is polled first: it gets the connection that is already open.
            let chunk = line.next(cx);
            lines.for_each(|line| line.gather(cx));
            match chunk {
                Poll::Ready(None) => {
                    self.lines.pop_front();
                    self.extend([]);
                }
                Poll::Pending => return Poll::Pending,
                Poll::Ready(chunk) => return Poll::Ready(chunk),
            }
        }
    }
}

impl Line {
    /// The next chunk of the current sentence.
    fn next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Chunk, EngineError>>> {
        if let Some(chunk) = self.kept.pop_front() {
            return Poll::Ready(Some(chunk));
        }
        if self.ended {
            return Poll::Ready(None);
        }
        self.sound.as_mut().poll_next(cx)
    }

    /// Buffers what has arrived of a sentence whose turn has not come.
    fn gather(&mut self, cx: &mut Context<'_>) {
        while !self.ended {
            let rate = self.kept.iter().flatten().map(|chunk| chunk.rate.0).next().unwrap_or(1);
            if self.samples > KEPT * rate as usize && rate > 1 {
                return;
            }
            match self.sound.as_mut().poll_next(cx) {
                Poll::Ready(Some(chunk)) => {
                    self.samples += chunk.as_ref().map_or(0, |chunk| chunk.pcm.len());
                    self.kept.push_back(chunk);
                }
                Poll::Ready(None) => self.ended = true,
                Poll::Pending => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures::task::noop_waker_ref;
    use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

    use super::*;
    use crate::base::Rate;

    type Sound = Result<Chunk, EngineError>;

    /// A voice whose every sentence waits for the test; the request goes out with the first poll,
    /// as over a network.
    #[derive(Default)]
    struct Gated(Mutex<Vec<(String, Option<UnboundedSender<Sound>>)>>);

    impl Gated {
        /// The sentences whose requests are out.
        fn asked(&self) -> Vec<String> {
            self.0.lock().unwrap().iter().map(|(sentence, _)| sentence.clone()).collect()
        }

        fn give(&self, at: usize, sound: Sound) {
            self.0.lock().unwrap()[at].1.as_ref().unwrap().send(sound).unwrap();
        }

        fn end(&self, at: usize) {
            self.0.lock().unwrap()[at].1 = None;
        }

        /// Whether nobody waits for the sentence any longer.
        fn dropped(&self, at: usize) -> bool {
            self.0.lock().unwrap()[at].1.as_ref().is_none_or(UnboundedSender::is_closed)
        }
    }

    struct Shared(Arc<Gated>);

    impl Synthesizer for Shared {
        fn speak(&self, sentence: String) -> Flow<Sound> {
            let gated = Arc::clone(&self.0);
            Box::pin(async_stream::stream! {
                let (give, mut take): (_, UnboundedReceiver<Sound>) = unbounded_channel();
                gated.0.lock().unwrap().push((sentence, Some(give)));
                while let Some(sound) = take.recv().await {
                    yield sound;
                }
            })
        }
    }

    fn recital(sentences: &[&str]) -> (Arc<Gated>, SpeechQueue) {
        let voice = Arc::new(Gated::default());
        let mut recital = SpeechQueue::new(Some(Arc::new(Shared(Arc::clone(&voice)))));
        recital.extend(sentences.iter().map(|sentence| Passage::plain(sentence)));
        (voice, recital)
    }

    fn chunk(text: &str) -> Sound {
        Ok(Chunk { pcm: vec![0.5; 240], rate: Rate(24_000), text: text.into() })
    }

    /// What is ready now.
    fn poll(recital: &mut SpeechQueue) -> Option<Sound> {
        match recital.poll(&mut Context::from_waker(noop_waker_ref())) {
            Poll::Ready(item) => item,
            Poll::Pending => None,
        }
    }

    #[test]
    fn the_next_sentence_is_asked_for_while_this_one_is_spoken_and_follows_without_a_gap() {
        let (voice, mut recital) = recital(&["One.", "Two.", "Three."]);
        assert_eq!(poll(&mut recital), None);
        assert_eq!(voice.asked(), ["One.", "Two."]);
        voice.give(1, chunk("Two."));
        assert_eq!(poll(&mut recital), None);
        voice.give(0, chunk("One."));
        assert_eq!(poll(&mut recital), Some(chunk("One.")));
        assert_eq!(voice.asked().len(), 2);
        voice.end(0);
        // One poll takes the sound that is ready, and requests the next.
        assert_eq!(poll(&mut recital), Some(chunk("Two.")));
        assert_eq!(poll(&mut recital), None);
        assert_eq!(voice.asked()[2], "Three.");
    }

    #[test]
    fn a_cut_drops_what_sounds_and_what_was_asked_ahead() {
        let (voice, mut recital) = recital(&["One.", "Two."]);
        poll(&mut recital);
        assert!(!voice.dropped(0) && !voice.dropped(1));
        drop(recital);
        assert!(voice.dropped(0) && voice.dropped(1));
    }

    #[test]
    fn a_sentence_that_fails_early_waits_until_the_one_before_it_was_said() {
        let (voice, mut recital) = recital(&["One.", "Two."]);
        poll(&mut recital);
        let lost = || Err(EngineError::Broken("lost".into()));
        voice.give(1, lost());
        voice.end(1);
        for _ in 0..2 {
            assert_eq!(poll(&mut recital), None);
            voice.give(0, chunk("One."));
            assert_eq!(poll(&mut recital), Some(chunk("One.")));
        }
        voice.end(0);
        assert_eq!(poll(&mut recital), Some(lost()));
        assert_eq!(poll(&mut recital), None);
        assert!(recital.is_empty());
    }

    #[test]
    fn a_sentence_without_an_end_is_not_kept_in_memory_while_it_waits() {
        /// Returns a second of sound per poll; the first sentence never begins.
        struct Endless(Arc<Mutex<usize>>);
        impl Synthesizer for Endless {
            fn speak(&self, sentence: String) -> Flow<Sound> {
                if sentence == "One." {
                    return Box::pin(futures::stream::pending());
                }
                let taken = Arc::clone(&self.0);
                Box::pin(futures::stream::repeat_with(move || {
                    *taken.lock().unwrap() += 1;
                    Ok(Chunk { pcm: vec![0.0; 24_000], rate: Rate(24_000), text: String::new() })
                }))
            }
        }
        let taken = Arc::new(Mutex::new(0));
        let mut recital = SpeechQueue::new(Some(Arc::new(Endless(Arc::clone(&taken)))));
        recital.extend(["One.", "Two."].map(Passage::plain));
        for _ in 0..100 {
            assert_eq!(poll(&mut recital), None);
        }
        assert_eq!(*taken.lock().unwrap(), KEPT + 1);
    }
}
