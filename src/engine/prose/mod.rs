//! Prose: what a model writes for a reader, cut into sentences that a voice can speak.
//!
//! ```text
//! deltas ─▶ cut (where a sentence, a row, a line of code ends) ─▶ inline (its words) ─▶ Passage
//! ```
//!
//! Markdown is parsed before anything is cut, so a link or a code block is never torn apart,
//! wherever the deltas end. Links are spoken as their text, URLs as their site; citations go to the
//! list of sources, code is announced and left to the screen, tables are read row by row, emoji are
//! silent. Numbers and units stay as written: how to read them is up to the voice.
//!
//! **Invariant:** the written texts of all passages, concatenated, are what the model wrote.
//! **Invariant:** how the text was split into deltas does not change the passages, white space
//! aside.
//! **Invariant:** text that a voice cannot read is announced, never silently skipped.

mod address;
mod cut;
mod inline;
mod script;

use cut::{Cutter, Kind};
pub use script::Alphabet;

use super::Source;
use crate::language::german;
use crate::language::traced::Traced;

/// Spoken in place of a code block.
const CODE: &str = "The code is on the screen. ";

/// The stage between a model's tokens and the voice: takes text as it is written and returns each
/// sentence as soon as it is complete.
#[derive(Debug)]
pub struct Prose {
    rest: String,
    cutter: Cutter,
    alphabet: Alphabet,
    sources: Vec<Source>,
    notes: Vec<String>,
    /// Scripts that the listener already knows about.
    told: Vec<&'static str>,
    noted: Vec<&'static str>,
}

/// A sentence, or another piece that is spoken at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    written: String,
    spoken: Traced,
}

impl Prose {
    /// For a voice that reads `alphabet`.
    pub fn new(alphabet: Alphabet) -> Self {
        Self {
            rest: String::new(),
            cutter: Cutter::default(),
            alphabet,
            sources: Vec::new(),
            notes: Vec::new(),
            told: Vec::new(),
            noted: Vec::new(),
        }
    }

    /// Adds text, and returns the passages that it completes.
    pub fn push(&mut self, text: &str) -> Vec<Passage> {
        self.rest.push_str(text);
        self.cut(false)
    }

    /// The last passages, complete or not.
    pub fn finish(&mut self) -> Vec<Passage> {
        let passages = self.cut(true);
        self.rest.clear();
        self.cutter = Cutter::default();
        passages
    }

    /// The sources cited since the last call.
    pub fn sources(&mut self) -> Vec<Source> {
        std::mem::take(&mut self.sources)
    }

    /// What the user should read about the text since the last call, in whole sentences.
    pub fn notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    fn cut(&mut self, finished: bool) -> Vec<Passage> {
        let rest = std::mem::take(&mut self.rest);
        let mut passages = Vec::new();
        let mut done = 0;
        while let Some(piece) = self.cutter.next(&rest[done..], finished) {
            let written = &rest[done..done + piece.len];
            done += piece.len;
            passages.push(self.passage(written, piece.kind));
        }
        rest[done..].clone_into(&mut self.rest);
        passages
    }

    fn passage(&mut self, written: &str, kind: Kind) -> Passage {
        let mut spoken = match kind {
            Kind::Line => inline::line(written, &mut self.sources),
            Kind::Sentence => inline::sentence(written, &mut self.sources),
            Kind::Row => inline::row(written, &mut self.sources),
            Kind::Fence => {
                let mut announced = Traced::default();
                announced.push_str(CODE, 0);
                announced
            }
            Kind::Reference => {
                self.sources.extend(address::reference_source(written));
                Traced::default()
            }
            Kind::Silent => Traced::default(),
        };
        if self.alphabet == Alphabet::Latin {
            self.readable(&mut spoken);
        }
        Passage { written: written.to_owned(), spoken }
    }

    /// Removes what the voice cannot read; if nothing is left of a passage, it becomes a sentence
    /// that says so, once per script.
    fn readable(&mut self, spoken: &mut Traced) {
        let german = || {
            let text: String = spoken.chars().iter().collect();
            german::is_german(&text).then_some(script::GERMAN)
        };
        let Some(found) = script::unreadable(spoken.chars()).or_else(german) else { return };
        let why = format!("{}, which this voice can't read.", found.name);
        if !self.noted.contains(&found.name) {
            self.noted.push(found.name);
            let how_much = if found.all { "This text" } else { "Some of this text" };
            self.notes.push(format!("{how_much} is in {why}"));
        }
        if !found.all {
            script::leave_out(spoken);
            return;
        }
        *spoken = Traced::default();
        if !self.told.contains(&found.name) {
            self.told.push(found.name);
            spoken.push_str(&format!("That is in {why} "), 0);
        }
    }
}

impl Passage {
    /// A passage that is spoken as written.
    pub fn plain(text: &str) -> Self {
        Self { written: text.to_owned(), spoken: Traced::new(text) }
    }

    /// What the model wrote, for the screen and the history.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// What the voice gets; without a letter or a digit there is nothing to speak.
    pub fn spoken(&self) -> String {
        self.spoken.chars().iter().collect()
    }

    /// Tracks the voice through the passage.
    pub(super) fn follow(&self) -> Follower {
        let chars = self.spoken.chars();
        let from = self.spoken.from();
        let mut marks = Vec::with_capacity(chars.len());
        let (mut said, mut latest) = (0, 0);
        for (at, c) in chars.iter().enumerate() {
            said += c.len_utf8();
            let start = from[at] as usize;
            let same = |other: Option<&u32>| other == Some(&from[at]);
            let alone = !same(from.get(at + 1)) && !same(at.checked_sub(1).map(|at| &from[at]));
            let as_written =
                alone && self.written.get(start..).is_some_and(|rest| rest.starts_with(*c));
            let end = if as_written {
                start + c.len_utf8()
            } else {
                let next = from[at..].iter().find(|next| **next != from[at]);
                next.map_or(self.written.len(), |next| *next as usize)
            };
            latest = end.max(latest);
            marks.push((said, latest));
        }
        let plain = chars.iter().copied().eq(self.written.chars());
        Follower { written: self.written.clone(), marks, plain, said: 0, given: 0 }
    }
}

/// Returns the written text of a passage as its sound arrives.
#[derive(Debug)]
pub(super) struct Follower {
    written: String,
    /// For each spoken character, where it ends in bytes of the spoken and of the written text.
    marks: Vec<(usize, usize)>,
    /// The spoken text equals the written one.
    plain: bool,
    /// Bytes spoken and bytes returned.
    said: usize,
    given: usize,
}

impl Follower {
    /// The written text of the next words `said` by the voice.
    pub(super) fn written(&mut self, said: String) -> String {
        if self.plain {
            self.given = (self.given + said.len()).min(self.written.len());
            return said;
        }
        self.said += said.len();
        let end = match self.marks.last() {
            Some((all, _)) if self.said >= *all => self.written.len(),
            Some(_) | None => {
                let past = self.marks.partition_point(|(spoken, _)| *spoken <= self.said);
                past.checked_sub(1).map_or(0, |last| self.marks[last].1)
            }
        };
        let end = end.max(self.given);
        let text = self.written.get(self.given..end).unwrap_or_default().to_owned();
        self.given = end;
        text
    }

    /// What was not returned yet, once the voice has ended.
    pub(super) fn rest(&mut self) -> Option<String> {
        let rest = self.written.get(self.given..).filter(|_| !self.plain)?.to_owned();
        self.given = self.written.len();
        (!rest.is_empty()).then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, alphabet: Alphabet) -> (Vec<Passage>, Prose) {
        let mut prose = Prose::new(alphabet);
        let mut passages = prose.push(text);
        passages.extend(prose.finish());
        (passages, prose)
    }

    /// The spoken form of `text`, sentence by sentence.
    fn spoken(text: &str) -> Vec<String> {
        let (passages, _) = read(text, Alphabet::Any);
        let spoken = passages.iter().map(|passage| passage.spoken().trim().to_owned());
        spoken.filter(|words| !words.is_empty()).collect()
    }

    #[test]
    fn a_sentence_is_handed_out_with_the_character_that_completes_it() {
        let mut prose = Prose::new(Alphabet::Any);
        let mut push = |text| -> Vec<String> {
            prose.push(text).iter().map(|passage| passage.written().to_owned()).collect()
        };
        assert!(push("It is 3.").is_empty());
        assert!(push("5 degrees.").is_empty());
        assert_eq!(push(" Take"), ["It is 3.5 degrees. "]);
        assert_eq!(push(" a coat!\n"), ["Take a coat!\n"]);
        assert_eq!(push("Or two"), Vec::<String>::new());
        assert_eq!(prose.finish(), [Passage::plain("Or two")]);
    }

    #[test]
    fn abbreviations_initials_and_numbers_do_not_end_a_sentence() {
        for (text, sentences) in [
            (
                "Dr. Smith met J. R. Brown at 7.30. They left.",
                &["Dr. Smith met J. R. Brown at 7.30.", "They left."][..],
            ),
            ("1. Eggs\n2. Milk\n", &["1. Eggs", "2. Milk"]),
            ("The answer is no. We wait.", &["The answer is no.", "We wait."]),
            ("See no. 5 and No. 7. Done.", &["See no. 5 and No. 7.", "Done."]),
            ("It closes at 5 p.m. on Monday.", &["It closes at 5 p.m. on Monday."]),
            ("It closes at 5 p.m. Come early.", &["It closes at 5 p.m.", "Come early."]),
            ("Eggs, milk, etc. are here. Ok.", &["Eggs, milk, etc. are here.", "Ok."]),
            ("Since Jan. 5 it rains. Still.", &["Since Jan. 5 it rains.", "Still."]),
            ("(\"Yes.\") Good. 'No.' Bad.", &["(\"Yes.\")", "Good.", "'No.'", "Bad."]),
            ("Really?! Yes… no.", &["Really?!", "Yes…", "no."]),
        ] {
            assert_eq!(spoken(text), sentences, "{text}");
        }
    }

    #[test]
    fn marks_for_the_eye_are_not_spoken() {
        for (written, said) in [
            ("It is **very** _cold_ and `windy`.", &["It is very cold and windy."][..]),
            ("## Weather\n- rain\n- wind\n", &["Weather", "rain", "wind"]),
            ("2 * 3 is 6, and 2*3 too.", &["2 * 3 is 6, and 2*3 too."]),
            ("Use snake_case.", &["Use snake_case."]),
            ("---\nDone.", &["Done."]),
            ("Title\n=====\nText.", &["Title", "Text."]),
            ("A | B\n", &["A | B"]),
            ("Nothing to change, Dr. Smith.", &["Nothing to change, Dr. Smith."]),
            ("**First. Second.** Third.", &["First.", "Second.", "Third."]),
            ("> - [ ] *Buy* ~~milk~~\n", &["Buy milk"]),
            ("It costs &lt;5 \\* 3 <b>now</b>.", &["It costs <5 * 3 now."]),
            ("Done 🎉👍🏽! ✅ Next ☀️ and 1️⃣.", &["Done!", "Next and 1."]),
            ("It is .5 percent :) and .NET.", &["It is .5 percent :) and .NET."]),
            (
                "A long line that a writer wrapped at about seventy letters\ngoes on here.\nNew.",
                &[
                    "A long line that a writer wrapped at about seventy letters goes on here.",
                    "New.",
                ],
            ),
        ] {
            assert_eq!(spoken(written), said, "{written}");
        }
    }

    #[test]
    fn links_are_spoken_by_their_text_addresses_by_their_site() {
        for (written, said) in [
            ("See [the page](https://a.example/x_(y)) now.", "See the page now."),
            ("See [the forecast](https://example.com/a_b?q=1)", "See the forecast"),
            ("See [a. b! c?](https://example.com/?q=1 \"T\") now.", "See a. b! c? now."),
            ("Our site is www.example.com.", "Our site is example dot com."),
            ("More at https://www.a-b.example/b?c=d.", "More at a b dot example."),
            ("At http://192.168.0.1:8080/x", "At 192 dot 168 dot 0 dot 1"),
            ("<https://docs.rs/x> is it", "docs dot rs is it"),
            ("[https://docs.rs/x](https://docs.rs/x) is it", "docs dot rs is it"),
            ("Rain. ([a.example](https://a.example/?utm_source=openai))", "Rain."),
            ("It rains (https://a.example).", "It rains."),
            ("(https://a.example) Fine", "Fine"),
            ("So it is【4:0†source】 said [1][2, 3].", "So it is said."),
            ("So it is said[^1], twice [[2]](https://a.example).", "So it is said, twice."),
            ("It is so\u{e200}cite\u{e202}turn0search0\u{e201}.", "It is so."),
            ("![a cat](data:image/png;base64,AAAA)", "a cat"),
            ("Write to me@example.com.", "Write to me@example.com."),
        ] {
            assert_eq!(spoken(written).join(" "), said, "{written}");
        }
    }

    #[test]
    fn what_is_cited_is_listed() {
        let text = "Rain ([Met](https://met.example/a)), says [1](https://b.example).\n\n\
                    [2]: https://c.example \"The page\"\n[^3]: Something else.\n";
        let (passages, mut prose) = read(text, Alphabet::Any);
        let spoken: String = passages.iter().map(Passage::spoken).collect();
        assert_eq!(spoken.trim(), "Rain, says.");
        let source = |title: &str, url: &str| Source { title: title.into(), url: url.into() };
        assert_eq!(
            prose.sources(),
            [
                source("Met", "https://met.example/a"),
                source("", "https://b.example"),
                source("The page", "https://c.example"),
            ]
        );
        assert_eq!(prose.sources(), []);
    }

    #[test]
    fn code_is_announced_and_tables_are_read_by_rows() {
        assert_eq!(
            spoken("Try this:\n```rust\nlet x = 1;\n\n# no. heading\n```\nThat is all."),
            ["Try this:", "The code is on the screen.", "That is all."]
        );
        assert_eq!(spoken("```a b` c``` is code."), ["a b c is code."]);
        assert_eq!(spoken("~~~\nopen"), ["The code is on the screen."]);
        let table = "| Day | Sky |\n|---|:-:|\n| Monday | **rain** |\n| Tuesday | [sun](https://a.example) |\n\nOk.";
        let rows = ["Day, Sky.", "Monday, rain.", "Tuesday, sun.", "Ok."];
        assert_eq!(spoken(table), rows);
        let bare = "Day | Sky\n--- | ---\nMonday | rain\nTuesday | sun\n\nOk.";
        assert_eq!(spoken(bare), rows);
    }

    /// A bit of everything, to be split anywhere.
    const PAGE: &str = "# Weather. Today\n\nWell... really?! \"Yes.\" he said. E.g. this: one, two. \
        See [the *forecast*. It is good](https://example.com/a_b?q=1&r=(2)). **Bold. And on** no. 5.\n\
        \n* one\n* two `a. b`\n  1. three\n\n```sh\nls | wc. Now!\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n\
        a | b\n--|--\n3 | 4\n\nÜnïcödé… fine 🎉 [1] (https://x.example/y). <b>x. y</b> 日本。はい。\n\n\
        [1]: https://x.example/z \"Z\"\n---\nThis line goes on and on for more than forty letters\nand on. End";

    #[test]
    fn however_the_text_is_split_the_passages_are_the_same_and_lose_nothing() {
        let spoken = |passages: &[Passage]| -> Vec<String> {
            let words = passages.iter().map(|passage| passage.spoken().trim().to_owned());
            words.filter(|words| !words.is_empty()).collect()
        };
        let (whole, mut first) = read(PAGE, Alphabet::Latin);
        let joined =
            |passages: &[Passage]| -> String { passages.iter().map(Passage::written).collect() };
        assert_eq!(joined(&whole), PAGE);
        let sources = first.sources();
        let letters: Vec<char> = PAGE.chars().collect();
        for length in 1..40 {
            let mut prose = Prose::new(Alphabet::Latin);
            let mut passages = Vec::new();
            for part in letters.chunks(length) {
                passages.extend(prose.push(&part.iter().collect::<String>()));
            }
            passages.extend(prose.finish());
            assert_eq!(joined(&passages), PAGE);
            assert_eq!(spoken(&passages), spoken(&whole), "in parts of {length}");
            assert_eq!(prose.sources(), sources);
        }
        // Split once, at every character.
        for (at, _) in PAGE.char_indices() {
            let mut prose = Prose::new(Alphabet::Latin);
            let mut passages = prose.push(&PAGE[..at]);
            passages.extend(prose.push(&PAGE[at..]));
            passages.extend(prose.finish());
            assert_eq!(spoken(&passages), spoken(&whole), "torn at {at}");
        }
    }

    #[test]
    fn a_page_without_a_full_stop_is_cut() {
        for text in ["word ".repeat(1_000), "[".repeat(5_000), "`a ".repeat(2_000)] {
            let (passages, _) = read(&text, Alphabet::Any);
            let written: String = passages.iter().map(Passage::written).collect();
            assert_eq!(written, text);
        }
        let (passages, _) = read(&"word ".repeat(1_000), Alphabet::Any);
        assert!(passages.iter().all(|passage| passage.written().len() < 800));
    }

    #[test]
    fn a_writing_that_the_voice_cannot_read_is_told_once_and_the_rest_is_read() {
        let read = |text: &str| {
            let (passages, mut prose) = read(text, Alphabet::Latin);
            let spoken: String = passages.iter().map(Passage::spoken).collect();
            (spoken.trim().to_owned(), prose.notes())
        };
        let note = |text: &str| vec![text.to_owned()];
        assert_eq!(
            read("Привет мир. Ещё раз. Good."),
            (
                "That is in Cyrillic, which this voice can't read. Good.".into(),
                note("This text is in Cyrillic, which this voice can't read.")
            )
        );
        assert_eq!(
            read("Tokyo (東京) is said «Москва, Россия», and π is 3.").0,
            "Tokyo is said «», and π is 3."
        );
        assert_eq!(read("こんにちは世界。").0, "That is in Japanese, which this voice can't read.");
        assert_eq!(read("Ελλάδα 2026").0, "That is in Greek, which this voice can't read.");
        assert_eq!(
            read("Der Timer läuft noch zehn Minuten. Das ist alles.").0,
            "That is in German, which this voice can't read."
        );
        let names = "Otto von Bismarck ate a Bratwurst in Uhlandstraße.";
        assert_eq!(read(names).0, names);
        assert_eq!(read("Tout va bien, 5 µm, naïve Ω.").1, Vec::<String>::new());
        assert_eq!(
            read("| имя | цена |\n|---|---|\n| чай | 3 |\n").0,
            "That is in Cyrillic, which this voice can't read."
        );
    }

    #[test]
    fn the_written_text_comes_back_with_the_words_that_were_said() {
        let (passages, _) =
            read("It is **very cold** at https://a.example/b today. ", Alphabet::Any);
        let mut follower = passages[0].follow();
        let mut written = |said: &str| follower.written(said.to_owned());
        assert_eq!(written("It is "), "It is ");
        assert_eq!(written("ve"), "**ve");
        assert_eq!(written("ry "), "ry ");
        assert_eq!(written("cold "), "cold** ");
        assert_eq!(written("at "), "at ");
        assert_eq!(written("a dot "), "https://a.example/b");
        assert_eq!(written("example "), " ");
        assert_eq!(written("today. "), "today. ");
        assert_eq!(follower.rest(), None);
        let mut short = passages[0].follow();
        assert_eq!(short.written("It is".into()), "It is");
        assert_eq!(short.rest().as_deref(), Some(" **very cold** at https://a.example/b today. "));
    }
}
