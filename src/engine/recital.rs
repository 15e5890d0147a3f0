use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::{Chunk, EngineError, Synthesizer, spoken};
use crate::base::{Flow, SPEAKER_RATE};

/// Sentences asked of the synthesizer at once: the one that is spoken, and the next, so that its
/// first sound is here when the one before ends.
const ASKED: usize = 2;

/// Seconds of a sentence that are kept while the one before it is still being handed out. A line
/// that has more waits, and its connection with it.
const KEPT: usize = 10;

/// Turns sentences into sound, in their order and without a gap between them.
pub(super) struct Recital {
    voice: Option<Arc<dyn Synthesizer>>,
    /// Not asked for yet.
    waiting: VecDeque<String>,
    /// The first one is handed out.
    lines: VecDeque<Line>,
}

/// One sentence on its way to sound.
struct Line {
    sound: Flow<Result<Chunk, EngineError>>,
    kept: VecDeque<Result<Chunk, EngineError>>,
    samples: usize,
    ended: bool,
}

impl Recital {
    /// Speaks with `voice`; without one, a sentence becomes a chunk of words alone.
    pub(super) fn new(voice: Option<Arc<dyn Synthesizer>>) -> Self {
        Self { voice, waiting: VecDeque::new(), lines: VecDeque::new() }
    }

    /// Adds sentences at the end.
    pub(super) fn extend(&mut self, sentences: impl IntoIterator<Item = String>) {
        self.waiting.extend(sentences);
        while self.lines.len() < ASKED
            && let Some(sentence) = self.waiting.pop_front()
        {
            self.lines.extend(self.line(sentence));
        }
    }

    /// How many sentences wait behind the one that is handed out.
    pub(super) fn behind(&self) -> usize {
        (self.lines.len() + self.waiting.len()).saturating_sub(1)
    }

    /// Whether everything was handed out.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    fn line(&self, sentence: String) -> Option<Line> {
        let sound: Flow<_> = match &self.voice {
            Some(voice) => {
                let words = spoken(&sentence);
                if words.trim().is_empty() {
                    return None;
                }
                voice.speak(words)
            }
            None => {
                let chunk = Chunk { pcm: Vec::new(), rate: SPEAKER_RATE, text: sentence };
                Box::pin(futures::stream::iter([Ok(chunk)]))
            }
        };
        Some(Line { sound, kept: VecDeque::new(), samples: 0, ended: false })
    }

    /// The next chunk; `Ready(None)` when there is no sentence left.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Chunk, EngineError>>> {
        loop {
            for line in self.lines.iter_mut().skip(1) {
                line.gather(cx);
            }
            let Some(line) = self.lines.front_mut() else { return Poll::Ready(None) };
            if let Some(chunk) = line.kept.pop_front() {
                return Poll::Ready(Some(chunk));
            }
            if !line.ended {
                match line.sound.as_mut().poll_next(cx) {
                    Poll::Ready(Some(chunk)) => return Poll::Ready(Some(chunk)),
                    Poll::Ready(None) => line.ended = true,
                    Poll::Pending => return Poll::Pending,
                }
            }
            self.lines.pop_front();
            self.extend([]);
        }
    }
}

impl Line {
    /// Takes what has come of a sentence that is not its turn yet.
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
