use super::table::Table;

/// The tagger's Penn Treebank tags, in byte order.
///
/// Among equal scores the later one wins, as `max` over (score, tag) does in the original.
pub(super) const TAGS: [&str; 50] = [
    "$", "''", ",", "-LRB-", "-RRB-", ".", ":", "ADD", "AFX", "CC", "CD", "DT", "EX", "FW", "HYPH",
    "IN", "JJ", "JJR", "JJS", "LS", "MD", "NFP", "NN", "NNP", "NNPS", "NNS", "PDT", "POS", "PRP",
    "PRP$", "RB", "RBR", "RBS", "RP", "SYM", "TO", "UH", "VB", "VBD", "VBG", "VBN", "VBP", "VBZ",
    "WDT", "WP", "WP$", "WRB", "XX", "_SP", "``",
];

const START: [&str; 2] = ["-START2-", "-START-"];
const END: [&str; 2] = ["-END-", "-END2-"];

/// The averaged-perceptron part-of-speech tagger of hibari-tts (`tagger.py`).
///
/// A word with one dominant tag is answered from a dictionary, every other from sums of weights.
/// The file's weights are tenths, so integers hold them exactly; they are summed in order and in
/// floating point like the original, since that decides near ties.
#[derive(Debug, Default)]
pub(super) struct Tagger {
    /// Word to one byte: the index of its tag in [`TAGS`].
    pub(super) known: Table,
    /// The words named by features; rarer ones are replaced by their shape.
    pub(super) vocabulary: Table,
    /// Feature to entries of three bytes: the tag's index, then its weight in tenths (little-endian
    /// i16).
    pub(super) weights: Table,
}

impl Tagger {
    /// One tag for each of `words`, none of which is empty.
    pub(super) fn tag(&self, words: &[&str]) -> Vec<&'static str> {
        let window: Vec<String> = START
            .iter()
            .map(|word| (*word).to_owned())
            .chain(words.iter().map(|word| self.window_word(word)))
            .chain(END.iter().map(|word| (*word).to_owned()))
            .collect();
        let mut tags: Vec<&'static str> = Vec::with_capacity(words.len());
        for (i, word) in words.iter().enumerate() {
            let before = |n: usize| match i.checked_sub(n) {
                Some(at) => tags[at],
                None => START[2 - (n - i).min(2)],
            };
            let tag = match self.known.get(word).and_then(|value| value.first()) {
                Some(at) => TAGS[usize::from(*at) % TAGS.len()],
                None => self.predict(i, word, &window, before(1), before(2)),
            };
            tags.push(tag);
        }
        tags
    }

    fn window_word(&self, word: &str) -> String {
        let plain = plain(word);
        if self.vocabulary.contains(&plain) { plain } else { format!("<{}>", shape(word)) }
    }

    fn predict(
        &self,
        i: usize,
        word: &str,
        window: &[String],
        last: &str,
        before_last: &str,
    ) -> &'static str {
        let mut scores = [0_f64; TAGS.len()];
        let mut any = false;
        let mut add = |feature: &str| {
            for entry in self.weights.get(feature).unwrap_or_default().chunks_exact(3) {
                let weight = i16::from_le_bytes([entry[1], entry[2]]);
                scores[usize::from(entry[0]) % TAGS.len()] += f64::from(weight) / 10.0;
                any = true;
            }
        };
        let at = i + 2;
        let first: String = word.chars().take(1).collect();
        add("b");
        add(&format!("s3={}", end(word)));
        add(&format!("p1={first}"));
        add(&format!("w={}", window[at]));
        add(&format!("sh={}", shape(word)));
        add(if i == 0 { "i0" } else { "i+" });
        add(&format!("t-1={last}"));
        add(&format!("t-2={before_last}"));
        add(&format!("t-12={last},{before_last}"));
        add(&format!("w-1={}", window[at - 1]));
        add(&format!("s3-1={}", end(&window[at - 1])));
        add(&format!("w-2={}", window[at - 2]));
        add(&format!("w+1={}", window[at + 1]));
        add(&format!("s3+1={}", end(&window[at + 1])));
        add(&format!("w+2={}", window[at + 2]));
        if !any {
            return "NN";
        }
        let best = scores.iter().enumerate().max_by(|one, other| one.1.total_cmp(other.1));
        best.map_or("NN", |(place, _)| TAGS[place])
    }
}

/// The last three letters.
fn end(word: &str) -> &str {
    let at = word.char_indices().rev().nth(2).map_or(0, |(at, _)| at);
    &word[at..]
}

/// A word as it appears in features.
fn plain(word: &str) -> String {
    let first_is = |test: fn(&char) -> bool| word.chars().next().as_ref().is_some_and(test);
    if word.contains('-') && !word.starts_with('-') {
        "!HYPHEN".to_owned()
    } else if word.chars().count() == 4 && word.chars().all(|c| c.is_ascii_digit()) {
        "!YEAR".to_owned()
    } else if first_is(char::is_ascii_digit) {
        "!DIGITS".to_owned()
    } else {
        word.to_lowercase()
    }
}

/// The kinds of characters in a word.
fn shape(word: &str) -> String {
    let mut chars = word.chars();
    let all_letters = word.chars().all(char::is_alphabetic);
    let cased = |test: fn(char) -> bool, other: fn(char) -> bool| {
        word.chars().any(test) && !word.chars().any(other)
    };
    if all_letters {
        let lower_tail = word.chars().skip(1).any(char::is_lowercase)
            && !word.chars().skip(1).any(char::is_uppercase);
        let kind = if cased(char::is_lowercase, char::is_uppercase) {
            "x"
        } else if cased(char::is_uppercase, char::is_lowercase) {
            if word.chars().count() > 1 { "XX" } else { "X1" }
        } else if chars.next().is_some_and(char::is_uppercase) && lower_tail {
            "Xx"
        } else {
            "xX"
        };
        return kind.to_owned();
    }
    if word.chars().all(|c| c.is_ascii_digit()) {
        return "d".to_owned();
    }
    let letter = |c: char| match c {
        c if c.is_numeric() => 'd',
        c if c.is_alphabetic() => 'x',
        c => c,
    };
    word.chars().take(4).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tags_are_in_order_so_that_ties_fall_as_in_the_original() {
        assert!(TAGS.is_sorted());
    }

    #[test]
    fn shapes() {
        for (word, kind) in [
            ("cat", "x"),
            ("USB", "XX"),
            ("I", "X1"),
            ("Rome", "Xx"),
            ("iPhone", "xX"),
            ("1999", "d"),
            ("7th", "dxx"),
            ("a.m.", "x.x."),
        ] {
            assert_eq!(shape(word), kind, "{word}");
        }
        assert_eq!((end("produced"), end("is"), end("été")), ("ced", "is", "été"));
    }

    #[test]
    fn weights_decide_and_the_dictionary_comes_first() {
        let mut tagger = Tagger::default();
        let place = |tag: &str| TAGS.iter().position(|t| *t == tag).unwrap() as u8;
        let entry = |tag: &str, weight: i16| {
            let [low, high] = weight.to_le_bytes();
            [place(tag), low, high]
        };
        tagger.known.insert("the", &[place("DT")]);
        tagger.weights.insert("t-1=DT", &[entry("NN", 30), entry("VB", -20)].concat());
        tagger.weights.insert("t-1=-START-", &entry("VB", 5));
        assert_eq!(tagger.tag(&["read", "the", "read"]), ["VB", "DT", "NN"]);
        assert_eq!(Tagger::default().tag(&["x"]), ["NN"]);
    }
}
