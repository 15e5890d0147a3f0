//! What is put on a list, as it is said: one thing, or several.

/// Pairs that are one item, although "and" stands between them.
const PAIRS: &[&str] = &[
    "mac and cheese",
    "macaroni and cheese",
    "salt and vinegar",
    "fish and chips",
    "bread and butter",
    "peanut butter and jelly",
    "half and half",
    "cookies and cream",
    "rice and beans",
    "pork and beans",
    "surf and turf",
    "head and shoulders",
    "arm and hammer",
    "salt and pepper",
    "oil and vinegar",
    "sour cream and onion",
    "ham and cheese",
    "bubble and squeak",
    "gin and tonic",
    "rum and coke",
];

/// Words in front of an item that are not part of it.
const ARTICLES: &[&str] = &["and ", "a ", "an ", "the ", "some ", "more "];

const NUMBERS: &[&str] =
    &["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "half"];

/// The items of "milk, eggs and bread".
pub(super) fn items(text: &str) -> Vec<String> {
    let text = text.trim().trim_end_matches(['.', '!']);
    let one = |text: &str| {
        let mut text = text.trim();
        while !is_measured(text)
            && let Some(rest) = ARTICLES.iter().find_map(|article| {
                let start = text.get(..article.len())?;
                start.eq_ignore_ascii_case(article).then(|| text[article.len()..].trim())
            })
        {
            text = rest;
        }
        (!text.is_empty()).then(|| text.to_owned())
    };
    let whole = |text: &str| {
        let text = text.to_lowercase();
        PAIRS.iter().any(|pair| text.ends_with(pair))
    };
    // German lists have an "und".
    let german = text.contains(" und ");
    let text = text.replace(" und ", " and ");
    let mut all = Vec::new();
    let text = parted(&text);
    for part in text.split(',') {
        let words = part.split(" and ").map(|side| side.split_whitespace().count());
        // "Call Ann and ask about the keys" is one task; "milk and brown bread" are two things, and
        // so are "a dozen eggs and a bottle of wine".
        let short = words.clone().all(|words| words <= 3) || part.split(" and ").all(is_counted);
        if part.contains(" and ") && short && !whole(part) {
            all.extend(part.split(" and ").filter_map(one));
        } else {
            let german = part.contains(" and ") && german;
            all.extend(one(&if german { part.replace(" and ", " und ") } else { part.to_owned() }));
        }
    }
    all
}

/// `text` with commas that nobody spoke: "two pints of milk a loaf of bread" are two things.
fn parted(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let mut out = String::new();
    let mut start = 0;
    for (at, word) in words.iter().enumerate() {
        // "A loaf of", "three bags of".
        let measure = words.get(at + 2).is_some_and(|of| of.eq_ignore_ascii_case("of"));
        let begins = measure && is_counted(&words[at..].join(" "));
        if begins && at > start + 2 && is_counted(&words[start..].join(" ")) {
            let open = words[at - 1].eq_ignore_ascii_case("and") || out.ends_with(',');
            out += if open { "" } else { "," };
            start = at;
        }
        if at > 0 {
            out.push(' ');
        }
        out += word;
    }
    out
}

/// Whether `text` begins as a thing does, not a task: "a loaf of bread", "two lemons".
fn is_counted(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    let first = text.split(' ').next().unwrap_or_default();
    let number = first.parse::<f64>().is_ok() || NUMBERS.contains(&first);
    number || ARTICLES.iter().any(|article| text.starts_with(article))
}

/// Whether the article of `text` is its amount: "a dozen eggs", "a bottle of wine".
fn is_measured(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let article = words.next().is_some_and(|word| word.eq_ignore_ascii_case("a"));
    let amount = words.next().is_some_and(|word| {
        ["dozen", "couple", "few", "half"].iter().any(|amount| word.eq_ignore_ascii_case(amount))
    });
    article && (amount || words.next().is_some_and(|word| word.eq_ignore_ascii_case("of")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_things_are_several_items_and_a_task_is_one() {
        for (text, want) in [
            ("milk", vec!["milk"]),
            ("milk and eggs", vec!["milk", "eggs"]),
            ("milk, eggs, and a loaf of bread", vec!["milk", "eggs", "a loaf of bread"]),
            ("a dozen eggs and a bottle of wine", vec!["a dozen eggs", "a bottle of wine"]),
            ("two lemons and a bag of red onions", vec!["two lemons", "a bag of red onions"]),
            (
                "two pints of milk a loaf of bread and some butter",
                vec!["two pints of milk", "a loaf of bread", "butter"],
            ),
            ("half a pint of cream", vec!["half a pint of cream"]),
            ("take a picture of a bag of rice", vec!["take a picture of a bag of rice"]),
            ("mac and cheese", vec!["mac and cheese"]),
            ("some salt and vinegar", vec!["salt and vinegar"]),
            (
                "call the plumber about the leak and ask for a price",
                vec!["call the plumber about the leak and ask for a price"],
            ),
            ("Eier, Milch und Brot", vec!["Eier", "Milch", "Brot"]),
            (
                "die Heizung prüfen lassen und Anna fragen",
                vec!["die Heizung prüfen lassen und Anna fragen"],
            ),
            ("Dune.", vec!["Dune"]),
            ("", vec![]),
        ] {
            assert_eq!(items(text), want, "{text}");
        }
    }
}
