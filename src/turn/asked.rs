use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use super::judge::Evidence;
use super::{MAX_PARTS, Revision};
use crate::base::{Moment, UtteranceId};
use crate::dialog::{Item, Picture, Start};

/// What the user has said and nobody has answered, oldest part first. Parts that arrive before the
/// reply sounds are answered together, so that no spoken word is dropped.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Asked {
    parts: Vec<Part>,
}

/// One utterance or typed line.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    /// `None` for typed text.
    revision: Option<Revision>,
    /// When it was said.
    span: Range<Moment>,
    /// False while the user may still continue this utterance.
    firm: bool,
    /// Set if it began over a reply, when a murmur means nothing: until then its words decide
    /// whether it is one. After that it counts as more.
    aside: Option<Moment>,
    /// How much of it is certainly voice, and whether a key vouched for it.
    voiced: Option<Duration>,
    held: bool,
    /// How it came in.
    start: Start,
    words: Words,
    /// The pictures that the words are about.
    pictures: Vec<Picture>,
}

#[derive(Clone, Debug, PartialEq)]
enum Words {
    /// Waiting for the transcript.
    Awaited {
        until: Moment,
    },
    Known(String),
    /// Something was said but not understood.
    Unclear,
}

/// An utterance as committed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spoken {
    pub(super) span: Range<Moment>,
    /// Set if it began over a reply: until then its words decide what it is.
    pub(super) aside: Option<Moment>,
    /// How much of it is certainly voice.
    pub(super) voiced: Option<Duration>,
    /// Whether a key vouched for it.
    pub(super) held: bool,
    /// How it came in.
    pub(super) start: Start,
}

impl Spoken {
    /// The evidence for words of this `certainty`.
    pub(super) fn evidence(&self, certainty: Option<f32>) -> Evidence {
        Evidence { voiced: self.voiced, certainty, held: self.held }
    }
}

impl Asked {
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether all of it was typed: whoever asks reads the answer.
    pub(super) fn is_typed(&self) -> bool {
        self.parts.iter().all(|part| part.revision.is_none())
    }

    pub(super) fn is_full(&self) -> bool {
        self.parts.len() >= MAX_PARTS
    }

    /// Adds what was said; `until` is the deadline of its transcript.
    pub(super) fn commit(&mut self, revision: Revision, spoken: Spoken, firm: bool, until: Moment) {
        let Spoken { span, aside, voiced, held, start } = spoken;
        let (revision, pictures) = (Some(revision), Vec::new());
        let words = Words::Awaited { until };
        self.parts.push(Part { revision, span, firm, aside, voiced, held, start, words, pictures });
    }

    /// How the utterance of `revision` was said.
    pub(super) fn spoken(&self, revision: Revision) -> Option<Spoken> {
        let part = self.parts.iter().find(|part| part.revision == Some(revision))?;
        let Part { span, aside, voiced, held, start, .. } = part;
        let (span, aside, voiced) = (span.clone(), *aside, *voiced);
        Some(Spoken { span, aside, voiced, held: *held, start: *start })
    }

    pub(super) fn type_in(
        &mut self,
        at: Moment,
        text: String,
        pictures: Vec<Picture>,
        start: Start,
    ) {
        let words = Words::Known(text);
        let (revision, span, aside) = (None, at..at, None);
        let (firm, voiced, held) = (true, None, true);
        self.parts.push(Part { revision, span, firm, aside, voiced, held, start, words, pictures });
    }

    /// How all of it came in.
    pub(super) fn starts(&self) -> BTreeSet<Start> {
        self.parts.iter().map(|part| part.start).collect()
    }

    /// Time from the last part of this to the first of `more`; `None` if either is empty.
    pub(super) fn since(&self, more: &Self) -> Option<Duration> {
        let (last, next) = (self.parts.last()?, more.parts.first()?);
        Some(next.span.start.since(last.span.end))
    }

    /// Whether a transcript of `revision` is still wanted.
    pub(super) fn awaits(&self, revision: Revision) -> bool {
        self.parts.iter().any(|part| {
            part.revision == Some(revision) && matches!(part.words, Words::Awaited { .. })
        })
    }

    /// Takes the words of a revision for which [`Asked::awaits`] is true.
    pub(super) fn learn(&mut self, revision: Revision, text: &str) {
        for part in self.parts.iter_mut().filter(|part| part.revision == Some(revision)) {
            part.words = Words::Known(text.trim().to_owned());
        }
    }

    /// The words of a revision for which [`Asked::awaits`] is true were not understood.
    pub(super) fn miss(&mut self, revision: Revision) {
        for part in self.parts.iter_mut().filter(|part| part.revision == Some(revision)) {
            part.words = Words::Unclear;
        }
    }

    /// Removes the part of `revision`.
    pub(super) fn forget(&mut self, revision: Revision) {
        self.parts.retain(|part| part.revision != Some(revision));
    }

    /// The part that the user may still continue.
    pub(super) fn tentative(&self) -> Option<Revision> {
        self.parts.iter().find(|part| !part.firm).and_then(|part| part.revision)
    }

    /// The user has ended `utterance`. False if no part belongs to it.
    pub(super) fn make_firm(&mut self, utterance: UtteranceId) -> bool {
        let of_it = |part: &&mut Part| {
            part.revision.is_some_and(|revision| revision.utterance == utterance)
        };
        let part = self.parts.iter_mut().filter(of_it).find(|part| !part.firm);
        part.map(|part| part.firm = true).is_some()
    }

    /// Removes firm parts that turned out to have no words; whether one of them was speech that was
    /// not understood.
    pub(super) fn prune(&mut self) -> bool {
        let missed = self.parts.iter().any(|part| part.firm && part.words == Words::Unclear);
        self.parts.retain(|part| !(part.firm && part.words.is_blank()));
        missed
    }

    /// Whether a partner that reads can answer: there are words, and no transcript is missing.
    pub(super) fn is_known(&self) -> bool {
        let awaited = |part: &Part| matches!(part.words, Words::Awaited { .. });
        !self.parts.iter().any(awaited) && !self.text().is_empty()
    }

    /// Whether a partner that hears can answer: there is something, and none of it might still be a
    /// murmur.
    pub(super) fn is_audible(&self, now: Moment) -> bool {
        let in_doubt = self.doubt().is_some_and(|until| now < until);
        !in_doubt && !self.parts.iter().all(|part| part.words.is_blank())
    }

    /// Whatever was in doubt until `now` counts as more than a murmur.
    pub(super) fn end_doubts(&mut self, now: Moment) {
        for part in &mut self.parts {
            part.aside = part.aside.filter(|until| *until > now);
        }
    }

    /// Until when something said over a reply may turn out to be a murmur.
    pub(super) fn doubt(&self) -> Option<Moment> {
        let waits = |part: &&Part| matches!(part.words, Words::Awaited { .. });
        self.parts.iter().filter(waits).filter_map(|part| part.aside).max()
    }

    /// Puts an earlier question in front of this one.
    pub(super) fn prepend(&mut self, mut earlier: Self) {
        earlier.parts.append(&mut self.parts);
        self.parts = earlier.parts;
    }

    /// The cuts still waiting for a transcript.
    pub(super) fn awaited(&self) -> Vec<Revision> {
        let awaited = |part: &&Part| matches!(part.words, Words::Awaited { .. });
        self.parts.iter().filter(awaited).filter_map(|part| part.revision).collect()
    }

    /// The cuts whose transcript is overdue at `now`.
    pub(super) fn overdue(&self, now: Moment) -> Vec<Revision> {
        let late = |part: &&Part| matches!(part.words, Words::Awaited { until } if until <= now);
        self.parts.iter().filter(late).filter_map(|part| part.revision).collect()
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        let until = |part: &Part| match part.words {
            Words::Awaited { until } => Some(until),
            Words::Known(_) | Words::Unclear => None,
        };
        self.parts.iter().filter_map(until).min()
    }

    /// The history entries: the pictures, then all words as one. Sound makes an entry even without
    /// words: they may be filled in later, or never if the partner hears by itself.
    pub(super) fn items(&self) -> Vec<Item> {
        let text = self.text();
        if text.is_empty() && self.parts.iter().all(|part| part.revision.is_none()) {
            return Vec::new();
        }
        let pictures = self.parts.iter().flat_map(|part| &part.pictures);
        let mut items: Vec<Item> = pictures.cloned().map(Item::Picture).collect();
        let utterance = self.parts.iter().rev().find_map(|part| part.revision);
        items.push(Item::User { utterance: utterance.map(|revision| revision.utterance), text });
        items
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for part in &self.parts {
            if let Words::Known(words) = &part.words
                && !words.is_empty()
            {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(words);
            }
        }
        text
    }
}

impl Words {
    /// Whether it certainly says nothing.
    fn is_blank(&self) -> bool {
        match self {
            Self::Awaited { .. } => false,
            Self::Known(text) => text.is_empty(),
            Self::Unclear => true,
        }
    }
}
