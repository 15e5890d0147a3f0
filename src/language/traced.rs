/// Where a rule's match ends, and what is read instead.
pub(crate) type Match = Option<(usize, String)>;

/// Text on its way from what was written to what is read aloud, in which every character knows its
/// place in the original.
///
/// So sound can be traced back to the sentence even after "7:30" has become "seven thirty".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traced {
    /// The characters.
    chars: Vec<char>,
    /// For each character a byte offset in the original text; never decreasing.
    from: Vec<u32>,
}

impl Traced {
    /// `text` as it is written. Texts end at 4 GB.
    pub(crate) fn new(text: &str) -> Self {
        let mut traced = Self::default();
        traced.push_written(text, 0);
        traced
    }

    /// Appends a part of the original that begins at its byte `from`.
    pub(crate) fn push_written(&mut self, text: &str, from: usize) {
        for (at, c) in text.char_indices() {
            self.push(c, u32::try_from(from + at).unwrap_or(u32::MAX));
        }
    }

    /// The characters.
    pub(crate) fn chars(&self) -> &[char] {
        &self.chars
    }

    /// The original's byte offset for each character.
    pub(crate) fn from(&self) -> &[u32] {
        &self.from
    }

    pub(crate) fn len(&self) -> usize {
        self.chars.len()
    }

    /// Appends a character for the original's byte `from`.
    pub(crate) fn push(&mut self, c: char, from: u32) {
        self.chars.push(c);
        self.from.push(from);
    }

    /// Replaces the last character.
    pub(crate) fn replace_last(&mut self, c: char) {
        if let Some(last) = self.chars.last_mut() {
            *last = c;
        }
    }

    /// Appends characters that all stand for the byte `from`.
    pub(crate) fn push_str(&mut self, text: &str, from: u32) {
        for c in text.chars() {
            self.push(c, from);
        }
    }

    /// Appends the characters `from..to` of `other`.
    pub(crate) fn push_part(&mut self, other: &Self, from: usize, to: usize) {
        self.chars.extend_from_slice(&other.chars[from..to]);
        self.from.extend_from_slice(&other.from[from..to]);
    }

    /// The characters `from..to`.
    pub(crate) fn part(&self, from: usize, to: usize) -> Self {
        let mut part = Self::default();
        part.push_part(self, from, to);
        part
    }

    /// Goes through the text once, like a regular expression's `sub`: if `rule` matches at a
    /// character, the characters up to the end of the match are replaced; elsewhere they stay. An
    /// empty match counts as none.
    pub(crate) fn rewrite(&mut self, rule: impl Fn(&[char], usize) -> Match) {
        let mut out = Self::default();
        let mut kept = 0;
        let mut at = 0;
        while at < self.len() {
            match rule(&self.chars, at) {
                Some((end, words)) if end > at => {
                    out.push_part(self, kept, at);
                    out.push_str(&words, self.from[at]);
                    kept = end;
                    at = end;
                }
                Some(_) | None => at += 1,
            }
        }
        if kept == 0 {
            return;
        }
        out.push_part(self, kept, self.len());
        *self = out;
    }

    /// Collapses every run of white space to one space, and trims both ends.
    pub(crate) fn squeeze(&mut self) {
        let mut out = Self::default();
        for (c, from) in self.chars.iter().zip(&self.from) {
            if !c.is_whitespace() {
                out.push(*c, *from);
            } else if out.chars.last().is_some_and(|last| *last != ' ') {
                out.push(' ', *from);
            }
        }
        if out.chars.last() == Some(&' ') {
            out.chars.pop();
            out.from.pop();
        }
        *self = out;
    }

    /// The characters as one string.
    #[cfg(test)]
    pub(crate) fn text(&self) -> String {
        self.chars.iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_replace_others_stand_for_where_these_began() {
        let mut text = Traced::new("at  7:30 \n é ok ");
        text.rewrite(|chars, at| {
            chars[at..].starts_with(&['7', ':', '3', '0']).then(|| (at + 4, "half".to_owned()))
        });
        text.squeeze();
        assert_eq!(text.text(), "at half é ok");
        assert_eq!(text.from(), [0, 1, 2, 4, 4, 4, 4, 8, 11, 13, 14, 15]);
    }

    #[test]
    fn a_rule_that_matches_nothing_changes_nothing() {
        let mut text = Traced::new("as it is");
        text.rewrite(|_, at| Some((at, "x".to_owned())));
        assert_eq!(text, Traced::new("as it is"));
    }
}
