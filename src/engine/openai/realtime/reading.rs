//! Compares what a voice says with what it was given to say.

/// A sentence, and how far it was read.
///
/// As long as the words match, they come out as written, with all punctuation and figures; from the
/// first mismatch on they come out as spoken.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// The words of the sentence not read yet, each with the white space after it.
    words: Vec<String>,
    at: usize,
    /// What was said and is not decided yet.
    open: String,
    said: String,
    differs: bool,
    /// Whether the output so far ends with white space; true before the first word.
    spaced: bool,
}

impl Reading {
    pub(super) fn of(sentence: &str) -> Self {
        let words = sentence.split_inclusive(char::is_whitespace).map(str::to_owned).collect();
        Self {
            words,
            at: 0,
            open: String::new(),
            said: String::new(),
            differs: false,
            spaced: true,
        }
    }

    /// Takes more of what is said; returns the words that are now certain.
    pub(super) fn push(&mut self, said: &str) -> String {
        self.said.push_str(said);
        self.open.push_str(said);
        self.take(false)
    }

    /// Nothing more is said.
    pub(super) fn finish(&mut self) -> String {
        let mut words = self.take(true);
        let open = std::mem::take(&mut self.open);
        let missing = self.words[self.at..].iter().any(|word| !letters(word).is_empty());
        if !letters(&open).is_empty() || missing {
            self.differs = true;
            // Lone punctuation belongs to the previous word, which came out with its own.
            if !letters(&open).is_empty() {
                words.push_str(&open);
            }
        } else {
            // Punctuation that nobody speaks.
            words.extend(self.words.drain(self.at..));
        }
        words
    }

    /// The whole sentence, as if it had been read.
    pub(super) fn all(&self) -> String {
        self.words.concat()
    }

    /// Whether something else was said.
    pub(super) const fn differs(&self) -> bool {
        self.differs
    }

    /// Everything that was said.
    pub(super) fn said(&self) -> &str {
        &self.said
    }

    fn take(&mut self, over: bool) -> String {
        let before = self.differs;
        let mut out = String::new();
        while !self.differs && !letters(&self.open).is_empty() {
            // Words without letters go with the next one.
            let Some(next) =
                (self.at..self.words.len()).find(|at| !letters(&self.words[*at]).is_empty())
            else {
                self.differs = true;
                break;
            };
            match follows(&letters(&self.words[next]), &self.open, over) {
                Follows::Wait => break,
                Follows::No => self.differs = true,
                Follows::Yes(end) => {
                    self.open.drain(..end);
                    out.extend(self.words[self.at..=next].iter().map(String::as_str));
                    self.at = next + 1;
                }
            }
        }
        if self.differs {
            if before {
                out.push_str(&self.open);
            } else {
                // Leading punctuation belongs to the previous word, which came out with its own.
                let open = self.open.trim_start_matches(|c: char| !c.is_alphanumeric());
                let spaced = out.chars().next_back().map_or(self.spaced, char::is_whitespace);
                if !spaced && !open.is_empty() {
                    out.push(' ');
                }
                out.push_str(open);
            }
            self.open.clear();
        }
        if let Some(last) = out.chars().next_back() {
            self.spaced = last.is_whitespace();
        }
        out
    }
}

enum Follows {
    /// The word was said; it took this many bytes of what was said.
    Yes(usize),
    No,
    /// Not certain yet.
    Wait,
}

/// Whether `said` begins with a word of these letters.
fn follows(word: &str, said: &str, over: bool) -> Follows {
    let mut wanted = word.chars();
    let mut next = wanted.next();
    for (at, c) in said.char_indices() {
        if !c.is_alphanumeric() {
            if next.is_none() {
                return Follows::Yes(at);
            }
            continue;
        }
        for c in c.to_lowercase() {
            if next != Some(c) {
                return Follows::No;
            }
            next = wanted.next();
        }
    }
    match (next, over) {
        (None, true) => Follows::Yes(said.len()),
        (Some(_), true) => Follows::No,
        (_, false) => Follows::Wait,
    }
}

/// The letters and digits of a word.
fn letters(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The output of a sentence that is read as `said`, in pieces of `cut` letters.
    fn read(sentence: &str, said: &str, cut: usize) -> (String, bool) {
        let mut reading = Reading::of(sentence);
        let letters: Vec<char> = said.chars().collect();
        let mut words = String::new();
        for piece in letters.chunks(cut) {
            words.push_str(&reading.push(&piece.iter().collect::<String>()));
        }
        words.push_str(&reading.finish());
        (words, reading.differs())
    }

    #[test]
    fn what_is_read_word_for_word_comes_out_as_it_was_given() {
        let sentence = "It’s “ten-minute” tea — don't wait, 5 cups! ";
        for said in [
            sentence,
            "It's ten minute tea, dont wait 5 cups",
            "its TEN-MINUTE tea... don't wait; 5 cups.",
        ] {
            for cut in [1, 3, 100] {
                assert_eq!(read(sentence, said, cut), (sentence.to_owned(), false), "{said} {cut}");
            }
        }
    }

    #[test]
    fn what_is_read_otherwise_comes_out_as_it_was_said() {
        for cut in [1, 4, 100] {
            assert_eq!(read("What time is it?", "It is ten.", cut), ("It is ten.".into(), true));
            assert_eq!(
                read("The ten left at noon.", "The tenth left early.", cut),
                ("The tenth left early.".into(), true)
            );
            assert_eq!(read("Yes. I will.", "Yes.", cut), ("Yes. ".into(), true));
            assert_eq!(read("Yes.", "Yes. Of course.", cut), ("Yes. Of course.".into(), true));
        }
    }
}
