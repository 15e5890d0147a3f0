//! Mirrors the server's conversation, so that it can be made to match the prompt.

use std::collections::HashSet;

use serde_json::Value;

use super::Dialect;
use super::wire::{self, Role};
use crate::base::{CallId, Epoch, UtteranceId};
use crate::dialog::{Item, Picture};

/// Characters of history for a fresh session: about 6,000 tokens. Older turns are left out, whole
/// ones at a time.
const BUDGET: usize = 24_000;

/// The last turns whose tool calls a fresh session also gets. For older ones the words are enough.
const CALLS_OF: usize = 3;

/// The items of the server's conversation, in its order.
#[derive(Clone, Debug)]
pub(super) struct Mirror {
    entries: Vec<Entry>,
    made: u64,
    /// The number of this session in the conversation, the calls named in it, and those handed out.
    session: u32,
    named: HashSet<String>,
    given: HashSet<String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    what: What,
    /// The server's id for it; `None` while unknown, or for what was left out.
    id: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    Sound(Sound),
    /// Words of the user. Those spoken to another session or partner keep their utterance id.
    Text(Option<UtteranceId>, String),
    Reply(Epoch),
    /// With the id by which the server knows it.
    Call(Epoch, CallId, String),
    Outcome(Epoch, CallId),
    Notice(String),
    Picture(Picture),
}

/// An item with the user's sound.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sound {
    pub(super) utterance: UtteranceId,
    pub(super) revision: u32,
    /// Where it ends in the stream.
    pub(super) end: u64,
    /// Nobody wants it as it is; if the user went on, it is the beginning of the next revision.
    pub(super) loose: bool,
    pub(super) words: String,
    /// Whether the transcript is final, and whether it was reported.
    pub(super) known: bool,
    pub(super) told: bool,
}

impl Sound {
    /// What was said in `revision` of `utterance`, up to `end` in the stream.
    pub(super) fn new(utterance: UtteranceId, revision: u32, end: u64) -> Self {
        let (words, loose, known, told) = (String::new(), false, false, false);
        Self { utterance, revision, end, loose, words, known, told }
    }
}

impl Mirror {
    /// The empty conversation of the session with this number.
    pub(super) fn new(session: u32) -> Self {
        let (named, given) = (HashSet::new(), HashSet::new());
        Self { entries: Vec::new(), made: 0, session, named, given }
    }

    /// The input buffer becomes the item `sound`; its id comes later.
    pub(super) fn commit(&mut self, sound: Sound) {
        self.entries.push(Entry { what: What::Sound(sound), id: None });
    }

    /// Sets the server's id for the earliest committed sound of `utterance` that has none.
    pub(super) fn name(&mut self, utterance: UtteranceId, id: String) {
        let mut entries = self.entries.iter_mut();
        if let Some(entry) = entries.find(|entry| entry.waits(utterance)) {
            entry.id = Some(id);
        }
    }

    /// The server made no item of the newest sound of `utterance`.
    pub(super) fn refuse(&mut self, utterance: UtteranceId) {
        if let Some(at) = self.entries.iter().rposition(|entry| entry.waits(utterance)) {
            self.entries.remove(at);
        }
    }

    /// The sound items of `utterance`, in order.
    pub(super) fn sounds(&mut self, utterance: UtteranceId) -> impl Iterator<Item = &mut Sound> {
        let sounds = self.entries.iter_mut().filter_map(|entry| entry.what.sound_mut());
        sounds.filter(move |sound| sound.utterance == utterance)
    }

    /// The sound item with the server's id `id`.
    pub(super) fn sound(&mut self, id: &str) -> Option<&mut Sound> {
        let named = |entry: &&mut Entry| entry.id.as_deref() == Some(id);
        self.entries.iter_mut().find(named)?.what.sound_mut()
    }

    /// The words so far of the utterance that continues at `position` in the stream.
    pub(super) fn before(&self, position: u64) -> Vec<String> {
        let sounds = || self.entries.iter().filter_map(|entry| entry.what.sound());
        let Some(last) = sounds().find(|sound| sound.end == position) else { return Vec::new() };
        let same = sounds().filter(|sound| sound.utterance == last.utterance);
        same.map(|sound| sound.words.trim().to_owned()).collect()
    }

    /// Removes the sounds for which `unwanted` is true; returns the ids to delete.
    pub(super) fn drop_sounds(&mut self, unwanted: impl Fn(&Sound) -> bool) -> Vec<String> {
        self.remove(|entry| entry.what.sound().is_some_and(&unwanted))
    }

    /// The server has begun an item of the reply of `epoch`.
    pub(super) fn reply(&mut self, epoch: Epoch, id: &str) {
        self.add(What::Reply(epoch), id);
    }

    /// The server has begun its call `call`, as its item `id`. Returns the call's id in the
    /// conversation: a server may restart its numbering in each session, and the outcome of one
    /// call must not pass for that of another.
    pub(super) fn call(&mut self, epoch: Epoch, call: &str, id: &str) -> CallId {
        let entry = self.entries.iter_mut().find(|entry| entry.id.as_deref() == Some(id));
        if let Some(What::Call(of, known, name)) = entry.map(|entry| &mut entry.what)
            && *of == epoch
            && (name == call || name == id)
        {
            // Until the server sends the call id, the item id replaces it.
            call.clone_into(name);
            return known.clone();
        }
        let known = self.unused(call);
        self.add(What::Call(epoch, known.clone(), call.to_owned()), id);
        known
    }

    /// The server's call `call` is complete and is handed out, under an id not used before.
    pub(super) fn hand_out(&mut self, epoch: Epoch, call: &str, id: Option<&str>) -> CallId {
        let known = match id {
            Some(id) => self.call(epoch, call, id),
            None => self.unused(call),
        };
        let known = if self.given.contains(&known.0) { self.unused(call) } else { known };
        self.given.insert(known.0.clone());
        known
    }

    /// An id for the server's call `call` that no other call of the conversation has.
    fn unused(&mut self, call: &str) -> CallId {
        let nth = |count: u32| match (self.session, count) {
            (1, 1) => call.to_owned(),
            (session, count) => format!("{call}_{session}_{count}"),
        };
        let taken = |name: &str| {
            self.named.contains(name)
                || self.entries.iter().any(|e| e.what.call().is_some_and(|call| call.0 == name))
        };
        let mut count = 1;
        let mut name = nth(count);
        while taken(&name) {
            count += 1;
            name = nth(count);
        }
        self.named.insert(name.clone());
        CallId(name)
    }

    /// Removes everything that belongs to `epoch`; returns the ids to delete.
    pub(super) fn drop_epoch(&mut self, epoch: Epoch) -> Vec<String> {
        self.remove(|entry| entry.what.epoch() == Some(epoch))
    }

    /// Removes the item with the server's id `id`.
    pub(super) fn drop_item(&mut self, id: &str) {
        self.entries.retain(|entry| entry.id.as_deref() != Some(id));
    }

    fn add(&mut self, what: What, id: &str) {
        if self.entries.iter().all(|entry| entry.id.as_deref() != Some(id)) {
            self.entries.push(Entry { what, id: Some(id.to_owned()) });
        }
    }

    fn remove(&mut self, unwanted: impl Fn(&Entry) -> bool) -> Vec<String> {
        let (gone, kept) = std::mem::take(&mut self.entries).into_iter().partition(unwanted);
        self.entries = kept;
        let gone: Vec<Entry> = gone;
        gone.into_iter().filter_map(|entry| entry.id).collect()
    }

    /// The events that make the conversation match `items`: missing items are created in their
    /// place, and sound that turned out not to be a question is deleted.
    ///
    /// Only this direction matters: what was not heard is removed as soon as that is known, and
    /// what the history has forgotten may stay at the server.
    pub(super) fn follow(&mut self, dialect: Dialect, items: &[Item]) -> Vec<Value> {
        let from = begin(items);
        let calls_from = turn(items, CALLS_OF);
        let mut events = Vec::new();
        let mut taken = vec![false; self.entries.len()];
        // Where the next missing item belongs.
        let mut place = 0;
        for (number, item) in items.iter().enumerate() {
            let at = match item {
                Item::User { utterance: Some(utterance), text } => {
                    let asked = Some(*utterance);
                    let found = self.entries.iter().rposition(|entry| entry.what.asks() == asked);
                    if let Some(at) = found {
                        let rest = self.lump(place, at, text, &mut events, &mut taken);
                        place = place.max(rest.at + 1);
                        if !rest.typed.is_empty() {
                            let typed = Item::User { utterance: None, text: rest.typed };
                            let at = self.find(&typed, place, &taken);
                            place =
                                self.put(dialect, &typed, at, place, true, &mut events, &mut taken);
                        }
                        continue;
                    }
                    None
                }
                Item::User { utterance: None, .. }
                | Item::Reply { .. }
                | Item::Call { .. }
                | Item::Outcome(_)
                | Item::Picture(_)
                | Item::Notice { .. } => self.find(item, place, &taken),
            };
            let call = matches!(item, Item::Call { .. } | Item::Outcome(_));
            let wanted = number >= if call { calls_from.max(from) } else { from };
            place = self.put(dialect, item, at, place, wanted, &mut events, &mut taken);
        }
        events
    }

    /// The sounds between `place` and `at` were asked together as `text`: deletes those that are
    /// not part of it, and returns where the last one is now and the words that were typed.
    fn lump(
        &mut self,
        place: usize,
        at: usize,
        text: &str,
        events: &mut Vec<Value>,
        taken: &mut Vec<bool>,
    ) -> Lump {
        let mut typed = text.to_owned();
        let asked = self.entries[at].what.sound().map(|sound| sound.utterance);
        let mut index = place.min(at);
        let mut at = at;
        while index <= at {
            if let Some(sound) = self.entries[index].what.sound()
                && sound.known
                && !sound.words.is_empty()
            {
                if typed.contains(&sound.words) {
                    typed = typed.replacen(&sound.words, "", 1);
                } else if sound.told && asked != Some(sound.utterance) {
                    // The user had gone on, or was silenced: this was never asked.
                    let gone = self.entries.remove(index);
                    taken.remove(index);
                    events.extend(gone.id.map(|id| wire::delete(&id)));
                    at -= 1;
                    continue;
                } else if index == at {
                    // The transcript differs from the text; it is the same sound.
                    typed.clear();
                }
            }
            index += 1;
        }
        // A text that was never sound looks the same.
        if matches!(self.entries[at].what, What::Text(..)) {
            typed.clear();
        }
        Lump { at, typed: typed.split_whitespace().collect::<Vec<_>>().join(" ") }
    }

    /// Where an item other than sound already is.
    fn find(&self, item: &Item, place: usize, taken: &[bool]) -> Option<usize> {
        let free = |at: &usize| !taken[*at];
        let is = |wanted: What| move |at: &usize| self.entries[*at].what == wanted;
        let all = 0..self.entries.len();
        // Items with an id are found anywhere; words only where they can belong.
        match item {
            Item::User { utterance, text } => (place..self.entries.len())
                .filter(free)
                .find(is(What::Text(*utterance, text.clone()))),
            Item::Notice { text } => {
                (place..self.entries.len()).filter(free).find(is(What::Notice(text.clone())))
            }
            Item::Picture(picture) => {
                (place..self.entries.len()).filter(free).find(is(What::Picture(picture.clone())))
            }
            Item::Reply { epoch, .. } => all.into_iter().filter(free).find(is(What::Reply(*epoch))),
            Item::Call { call, .. } => {
                all.into_iter().find(|at| self.entries[*at].what.call() == Some(&call.id))
            }
            Item::Outcome(outcome) => {
                all.into_iter().find(|at| self.entries[*at].what.outcome() == Some(&outcome.id))
            }
        }
    }

    /// Creates `item` at `place` unless it is already `at`; returns where the next one belongs.
    #[expect(clippy::too_many_arguments, reason = "the state of one walk along the items")]
    fn put(
        &mut self,
        dialect: Dialect,
        item: &Item,
        at: Option<usize>,
        place: usize,
        wanted: bool,
        events: &mut Vec<Value>,
        taken: &mut Vec<bool>,
    ) -> usize {
        if let Some(at) = at {
            taken[at] = true;
            return place.max(at + 1);
        }
        if let Item::User { text, .. } = item
            && text.is_empty()
        {
            // Its words are not known yet; it gets its place once they are.
            return place;
        }
        let id = format!("aloud_{}", self.made);
        let says = |role, text: &str| Some(wire::message(dialect, &id, role, text));
        let (what, made) = match item {
            Item::User { utterance, text } => {
                (What::Text(*utterance, text.clone()), says(Role::User, text))
            }
            Item::Reply { epoch, text, .. } => (What::Reply(*epoch), says(Role::Assistant, text)),
            Item::Notice { text } => (What::Notice(text.clone()), says(Role::Assistant, text)),
            Item::Picture(picture) => {
                (What::Picture(picture.clone()), wire::picture(dialect, &id, &picture.0))
            }
            Item::Call { epoch, call } => {
                // An id that the server gives to no call of its own.
                let name = format!("aloud_call_{}", self.made);
                let made = wire::function_call(&id, &name, call);
                (What::Call(*epoch, call.id.clone(), name), Some(made))
            }
            Item::Outcome(outcome) => {
                let of = |entry: &Entry| entry.what.named(&outcome.id);
                let Some((epoch, name)) = self.entries.iter().find_map(of) else { return place };
                let made = wire::function_call_output(&id, &name, &outcome.output);
                (What::Outcome(epoch, outcome.id.clone()), Some(made))
            }
        };
        let made = made.filter(|_| wanted);
        let entry = Entry { what, id: made.as_ref().map(|_| id) };
        if let Some(made) = made {
            self.made += 1;
            let before = self.entries[..place].iter().rev().find_map(|entry| entry.id.as_deref());
            let last =
                self.entries[place..].iter().all(|entry| entry.id.is_none() && !entry.sounds());
            let previous = if last { None } else { Some(before.unwrap_or("root")) };
            events.push(wire::create(made, previous));
        }
        self.entries.insert(place, entry);
        taken.insert(place, true);
        place + 1
    }
}

impl Entry {
    const fn sounds(&self) -> bool {
        matches!(self.what, What::Sound(_))
    }

    /// Whether it is sound of `utterance` without a server id yet.
    fn waits(&self, utterance: UtteranceId) -> bool {
        self.id.is_none() && self.what.sound().is_some_and(|sound| sound.utterance == utterance)
    }
}

impl What {
    const fn sound(&self) -> Option<&Sound> {
        match self {
            Self::Sound(sound) => Some(sound),
            Self::Text(..)
            | Self::Reply(_)
            | Self::Call(..)
            | Self::Outcome(..)
            | Self::Notice(_)
            | Self::Picture(_) => None,
        }
    }

    const fn sound_mut(&mut self) -> Option<&mut Sound> {
        match self {
            Self::Sound(sound) => Some(sound),
            Self::Text(..)
            | Self::Reply(_)
            | Self::Call(..)
            | Self::Outcome(..)
            | Self::Notice(_)
            | Self::Picture(_) => None,
        }
    }

    /// The utterance behind it, as sound or as words.
    const fn asks(&self) -> Option<UtteranceId> {
        match self {
            Self::Sound(sound) if !sound.loose => Some(sound.utterance),
            Self::Text(utterance, _) => *utterance,
            Self::Sound(_)
            | Self::Reply(_)
            | Self::Call(..)
            | Self::Outcome(..)
            | Self::Notice(_)
            | Self::Picture(_) => None,
        }
    }

    /// The attempt that it belongs to.
    const fn epoch(&self) -> Option<Epoch> {
        match self {
            Self::Reply(epoch) | Self::Call(epoch, ..) | Self::Outcome(epoch, _) => Some(*epoch),
            Self::Sound(_) | Self::Text(..) | Self::Notice(_) | Self::Picture(_) => None,
        }
    }

    /// The call that it is.
    fn call(&self) -> Option<&CallId> {
        if let Self::Call(_, id, _) = self { Some(id) } else { None }
    }

    /// The epoch of the call `of`, and the server's id for it.
    fn named(&self, of: &CallId) -> Option<(Epoch, String)> {
        match self {
            Self::Call(epoch, id, name) if id == of => Some((*epoch, name.clone())),
            Self::Sound(_)
            | Self::Text(..)
            | Self::Reply(_)
            | Self::Call(..)
            | Self::Outcome(..)
            | Self::Notice(_)
            | Self::Picture(_) => None,
        }
    }

    /// The call whose outcome it is.
    fn outcome(&self) -> Option<&CallId> {
        if let Self::Outcome(_, id) = self { Some(id) } else { None }
    }
}

/// What was asked together.
struct Lump {
    at: usize,
    typed: String,
}

/// The first item of the history that fits into a fresh session, at the start of a turn.
fn begin(items: &[Item]) -> usize {
    let mut left = BUDGET;
    let fits = items.iter().rev().take_while(|item| {
        let length = match item {
            Item::User { text, .. } | Item::Reply { text, .. } | Item::Notice { text } => {
                text.len()
            }
            Item::Call { call, .. } => call.arguments.len(),
            Item::Outcome(outcome) => outcome.output.len(),
            // By its size in tokens, not in bytes.
            Item::Picture(_) => 2_000,
        };
        left = left.saturating_sub(length + 8);
        left > 0
    });
    let from = items.len() - fits.count();
    let begins = |item: &Item| matches!(item, Item::User { .. } | Item::Notice { .. });
    if from == 0 { 0 } else { from + items[from..].iter().position(begins).unwrap_or(0) }
}

/// The start of the turn `count` turns from the end.
fn turn(items: &[Item], count: usize) -> usize {
    let user = |(at, item): (usize, &Item)| matches!(item, Item::User { .. }).then_some(at);
    items.iter().enumerate().rev().filter_map(user).nth(count.saturating_sub(1)).unwrap_or(0)
}
