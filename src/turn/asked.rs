use std::ops::Range;
use std::time::Duration;

use super::judge::Evidence;
use super::{Cut, MAX_PARTS};
use crate::base::{Moment, UtteranceId};
use crate::dialog::{Item, Picture};

/// What the user said and nobody has answered, oldest part first. Parts that come before the
/// reply sounds are answered together, so that no spoken word is dropped.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Asked {
    parts: Vec<Part>,
}

/// One utterance or typed line.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    /// `None` for typed text.
    cut: Option<Cut>,
    /// When it was said.
    span: Range<Moment>,
    /// False while the user may go on with this very utterance.
    firm: bool,
    /// Where it began over a reply, so that a murmur says nothing: until when its words decide
    /// whether it is one. Later it is taken for more.
    aside: Option<Moment>,
    /// How much of it is voice beyond doubt, and whether a key vouched for it.
    voiced: Option<Duration>,
    held: bool,
    words: Words,
    /// What the words are about.
    pictures: Vec<Picture>,
}

#[derive(Clone, Debug, PartialEq)]
enum Words {
    /// The transcript is awaited.
    Awaited {
        until: Moment,
    },
    Known(String),
    /// Something was said and not understood.
    Unclear,
}

/// An utterance as it is committed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spoken {
    pub(super) span: Range<Moment>,
    /// Set for what began over a reply: until when its words decide what it is.
    pub(super) aside: Option<Moment>,
    /// How much of it is voice beyond doubt.
    pub(super) voiced: Option<Duration>,
    /// Whether a key vouched for it.
    pub(super) held: bool,
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

    pub(super) fn is_full(&self) -> bool {
        self.parts.len() >= MAX_PARTS
    }

    /// Adds what was said; `until` is when its transcript should have come.
    pub(super) fn commit(&mut self, cut: Cut, spoken: Spoken, firm: bool, until: Moment) {
        let Spoken { span, aside, voiced, held } = spoken;
        let (cut, pictures) = (Some(cut), Vec::new());
        let words = Words::Awaited { until };
        self.parts.push(Part { cut, span, firm, aside, voiced, held, words, pictures });
    }

    /// How the utterance of `cut` was said.
    pub(super) fn spoken(&self, cut: Cut) -> Option<Spoken> {
        let part = self.parts.iter().find(|part| part.cut == Some(cut))?;
        let Part { span, aside, voiced, held, .. } = part;
        Some(Spoken { span: span.clone(), aside: *aside, voiced: *voiced, held: *held })
    }

    pub(super) fn type_in(&mut self, at: Moment, text: String, pictures: Vec<Picture>) {
        let words = Words::Known(text);
        let (cut, span, aside) = (None, at..at, None);
        let (firm, voiced, held) = (true, None, true);
        self.parts.push(Part { cut, span, firm, aside, voiced, held, words, pictures });
    }

    /// How long after the last of this the first of `more` was said; `None` where either is empty.
    pub(super) fn since(&self, more: &Self) -> Option<Duration> {
        let (last, next) = (self.parts.last()?, more.parts.first()?);
        Some(next.span.start.since(last.span.end))
    }

    /// Whether a transcript of `cut` is still of use.
    pub(super) fn awaits(&self, cut: Cut) -> bool {
        self.parts
            .iter()
            .any(|part| part.cut == Some(cut) && matches!(part.words, Words::Awaited { .. }))
    }

    /// Takes the words of what [`Asked::awaits`] them.
    pub(super) fn learn(&mut self, cut: Cut, text: &str) {
        for part in self.parts.iter_mut().filter(|part| part.cut == Some(cut)) {
            part.words = Words::Known(text.trim().to_owned());
        }
    }

    /// The words of what [`Asked::awaits`] them were not understood.
    pub(super) fn miss(&mut self, cut: Cut) {
        for part in self.parts.iter_mut().filter(|part| part.cut == Some(cut)) {
            part.words = Words::Unclear;
        }
    }

    /// Removes the part of `cut`.
    pub(super) fn forget(&mut self, cut: Cut) {
        self.parts.retain(|part| part.cut != Some(cut));
    }

    /// The part that the user may still go on with.
    pub(super) fn tentative(&self) -> Option<Cut> {
        self.parts.iter().find(|part| !part.firm).and_then(|part| part.cut)
    }

    /// The user has ended `utterance`. False when there is no part of it.
    pub(super) fn make_firm(&mut self, utterance: UtteranceId) -> bool {
        let of_it = |part: &&mut Part| part.cut.is_some_and(|cut| cut.utterance == utterance);
        let part = self.parts.iter_mut().filter(of_it).find(|part| !part.firm);
        part.map(|part| part.firm = true).is_some()
    }

    /// Removes firm parts that turned out to hold no words; whether one of them was speech that was
    /// not understood.
    pub(super) fn prune(&mut self) -> bool {
        let missed = self.parts.iter().any(|part| part.firm && part.words == Words::Unclear);
        self.parts.retain(|part| !(part.firm && part.words.is_blank()));
        missed
    }

    /// Whether it can be answered: there are words, and none are awaited.
    pub(super) fn is_known(&self) -> bool {
        let awaited = |part: &Part| matches!(part.words, Words::Awaited { .. });
        !self.parts.iter().any(awaited) && !self.text().is_empty()
    }

    /// Whether it can be answered by one who hears it: there is something, and none of it waits to
    /// be told from a murmur.
    pub(super) fn is_audible(&self, now: Moment) -> bool {
        let in_doubt = self.doubt().is_some_and(|until| now < until);
        !in_doubt && !self.parts.iter().all(|part| part.words.is_blank())
    }

    /// What was in doubt until `now` is taken for more than a murmur.
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

    /// Puts what was asked before in front of this.
    pub(super) fn prepend(&mut self, mut earlier: Self) {
        earlier.parts.append(&mut self.parts);
        self.parts = earlier.parts;
    }

    /// The cuts whose transcripts are awaited.
    pub(super) fn awaited(&self) -> Vec<Cut> {
        let awaited = |part: &&Part| matches!(part.words, Words::Awaited { .. });
        self.parts.iter().filter(awaited).filter_map(|part| part.cut).collect()
    }

    /// The cuts whose transcripts should have come by `now`.
    pub(super) fn overdue(&self, now: Moment) -> Vec<Cut> {
        let late = |part: &&Part| matches!(part.words, Words::Awaited { until } if until <= now);
        self.parts.iter().filter(late).filter_map(|part| part.cut).collect()
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        let until = |part: &Part| match part.words {
            Words::Awaited { until } => Some(until),
            Words::Known(_) | Words::Unclear => None,
        };
        self.parts.iter().filter_map(until).min()
    }

    /// The entries of a history: the pictures, then all words as one. Sound makes an entry even
    /// without words: they may be filled in later, or never where the partner hears by itself.
    pub(super) fn items(&self) -> Vec<Item> {
        let text = self.text();
        if text.is_empty() && self.parts.iter().all(|part| part.cut.is_none()) {
            return Vec::new();
        }
        let pictures = self.parts.iter().flat_map(|part| &part.pictures);
        let mut items: Vec<Item> = pictures.cloned().map(Item::Picture).collect();
        let utterance = self.parts.iter().rev().find_map(|part| part.cut);
        items.push(Item::User { utterance: utterance.map(|cut| cut.utterance), text });
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
    /// Whether it is certain that these say nothing.
    fn is_blank(&self) -> bool {
        match self {
            Self::Awaited { .. } => false,
            Self::Known(text) => text.is_empty(),
            Self::Unclear => true,
        }
    }
}
