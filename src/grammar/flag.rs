//! Word flags: sets of words that slots and rules ask about.

/// Ignored anywhere.
pub(super) const SKIP: u32 = 1;
/// Not part of a place's name.
pub(super) const NO_PLACE: u32 = 1 << 1;
/// Not part of a label.
pub(super) const NO_LABEL: u32 = 1 << 2;
/// Text does not end with it.
pub(super) const NO_END: u32 = 1 << 3;
/// May be inside a place's name, but not at its ends.
pub(super) const PLACE_LINK: u32 = 1 << 4;
/// May begin a clause that only explains.
pub(super) const CLAUSE: u32 = 1 << 5;
/// Forbids treating a clause as an explanation.
pub(super) const NO_CLAUSE: u32 = 1 << 6;
/// Not a list item by itself.
pub(super) const NO_ITEM: u32 = 1 << 7;
/// Makes number slots start one word later: "about", "like".
pub(super) const ABOUT: u32 = 1 << 8;
/// Left out if the sentence is not understood with it.
pub(super) const FILLER: u32 = 1 << 9;
/// Separates a command from a clause that explains it, as a pause does: "so", "because".
pub(super) const CONJUNCTION: u32 = 1 << 10;
/// Not a place's name by itself: "city", "spring".
pub(super) const NO_PLACE_ALONE: u32 = 1 << 11;
/// Not part of the label of a timer or alarm: a number, a date.
pub(super) const NO_TIMER_LABEL: u32 = 1 << 12;
/// The abbreviation of a state or country after a town: "IL", "DE".
pub(super) const REGION: u32 = 1 << 13;
/// A sentence hardly ever ends with it: "the", "and", "of".
pub(super) const OPEN: u32 = 1 << 14;
/// May end a question, though open otherwise: "where are you from?"
pub(super) const STRANDED: u32 = 1 << 15;
/// Before it a question may end with a stranded word: "you", "it".
pub(super) const PRONOUN: u32 = 1 << 16;
/// Begins a question: "what", "where".
pub(super) const QUESTION: u32 = 1 << 17;
/// A verb that ends an indirect question: "is", "does".
pub(super) const VERB: u32 = 1 << 18;
/// Never replaced by what it sounds like, because it turns a sentence around: "not", "he".
pub(super) const BELIEVED: u32 = 1 << 19;
