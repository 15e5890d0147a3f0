/// Cuts a stream of text into sentences, each as soon as it is complete, so that the first one is
/// spoken while the rest is still written.
///
/// A sentence ends at `.`, `!`, `?`, `…` or `:` before white space, or at a line's end; not after an
/// abbreviation, an initial or inside a number. Lists and headings of a model that writes markdown
/// end at their line. The pieces, joined, are the text.
#[derive(Clone, Debug, Default)]
pub struct Sentences {
    rest: String,
    scanned: usize,
}

/// A sentence longer than this many bytes is cut at its next comma or space, so that a synthesizer
/// never gets a page at once.
const LONGEST: usize = 400;

/// Words before a full stop that do not end a sentence.
const ABBREVIATIONS: [&str; 24] = [
    "mr", "mrs", "ms", "dr", "prof", "st", "vs", "etc", "e.g", "i.e", "a.m", "p.m", "no", "approx",
    "dept", "est", "fig", "inc", "jr", "sr", "ltd", "co", "u.s", "u.k",
];

impl Sentences {
    /// Adds text as it was written, and hands out the sentences that it completes.
    pub fn push(&mut self, text: &str) -> Vec<String> {
        self.rest.push_str(text);
        let mut whole = Vec::new();
        while let Some(end) = self.boundary() {
            let tail = self.rest.split_off(end);
            whole.push(std::mem::replace(&mut self.rest, tail));
            self.scanned = 0;
        }
        whole.retain(|sentence| !sentence.is_empty());
        whole
    }

    /// The last sentence, complete or not.
    pub fn finish(&mut self) -> Option<String> {
        self.scanned = 0;
        let rest = std::mem::take(&mut self.rest);
        (!rest.trim().is_empty()).then_some(rest)
    }

    /// The byte where the first sentence of `rest` ends, its trailing white space included.
    fn boundary(&mut self) -> Option<usize> {
        let text = self.rest.as_str();
        let mut chars = text[self.scanned..].char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let at = self.scanned + at;
            let after = at + c.len_utf8();
            let Some(&(_, next)) = chars.peek() else {
                // What follows decides, so the last character waits for it.
                self.scanned = at;
                return None;
            };
            let ends = match c {
                '\n' => !text[..at].trim().is_empty(),
                '.' => next.is_whitespace() && !abbreviated(&text[..at]),
                '!' | '?' | '…' | '。' => !matches!(next, '!' | '?' | '"' | '”' | ')' | '\''),
                ':' => next == '\n',
                '"' | '”' | ')' => next.is_whitespace() && text[..at].ends_with(['.', '!', '?']),
                ',' | ';' | ' ' => at > LONGEST && !next.is_whitespace(),
                _ => false,
            };
            if ends {
                let tail = &text[after..];
                let spaces = tail.len() - tail.trim_start().len();
                return Some(after + spaces);
            }
        }
        None
    }
}

/// Whether the full stop after `before` belongs to a word: an abbreviation, an initial, a list number.
fn abbreviated(before: &str) -> bool {
    let start = before.rfind(|c: char| c.is_whitespace() || c == '(').map_or(0, |i| i + 1);
    let word = &before[start..];
    let lower = word.to_lowercase();
    if matches!(lower.as_str(), "a.m" | "p.m") {
        // Most often the last words of a sentence about a time; splitting there costs nothing.
        return false;
    }
    let initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase) && word != "I";
    let numbered = before[..start].trim().is_empty() && word.chars().all(|c| c.is_ascii_digit());
    initial || (numbered && !word.is_empty()) || ABBREVIATIONS.contains(&lower.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<String> {
        let mut sentences = Sentences::default();
        let mut all = sentences.push(text);
        all.extend(sentences.finish());
        all
    }

    #[test]
    fn a_sentence_is_handed_out_with_the_character_that_completes_it() {
        let mut sentences = Sentences::default();
        assert!(sentences.push("It is 3.").is_empty());
        assert!(sentences.push("5 degrees.").is_empty());
        assert_eq!(sentences.push(" Take"), ["It is 3.5 degrees. "]);
        assert_eq!(sentences.push(" a coat!\n"), ["Take a coat!\n"]);
        assert_eq!(sentences.push("Or two"), Vec::<String>::new());
        assert_eq!(sentences.finish().as_deref(), Some("Or two"));
    }

    #[test]
    fn abbreviations_initials_and_numbers_do_not_end_a_sentence() {
        assert_eq!(
            cut("Dr. Smith met J. R. Brown at 7.30. They left."),
            ["Dr. Smith met J. R. Brown at 7.30. ", "They left."]
        );
        assert_eq!(cut("1. Eggs\n2. Milk\n"), ["1. Eggs\n", "2. Milk\n"]);
    }

    #[test]
    fn however_the_text_is_split_the_sentences_are_the_same_and_lose_nothing() {
        let text = "Well... really?! \"Yes.\" he said. E.g. this: one, two. Ünïcödé… fine\n\nEnd";
        let whole = cut(text);
        assert_eq!(whole.concat(), text);
        let mut sentences = Sentences::default();
        let mut bits = Vec::new();
        for c in text.chars() {
            bits.extend(sentences.push(c.encode_utf8(&mut [0; 4])));
        }
        bits.extend(sentences.finish());
        assert_eq!(bits, whole);
    }

    #[test]
    fn a_page_without_a_full_stop_is_cut() {
        let text = "word ".repeat(1000);
        let sentences = cut(&text);
        assert!(sentences.iter().all(|s| s.len() < 2 * LONGEST), "{:?}", sentences[0].len());
        assert_eq!(sentences.concat(), text);
    }
}
