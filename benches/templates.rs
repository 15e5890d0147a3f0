//! The cost of understanding a sentence: `cargo bench --bench templates`.
//!
//! The budget is 50 us per sentence, so that the overhead of an answer besides inference stays
//! small.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench talks and may panic")]

use std::sync::LazyLock;

use aloud::grammar::Grammar;
use divan::Bencher;
use divan::counter::ItemsCount;
use serde_json::Value;

static TEMPLATES: LazyLock<Grammar> = LazyLock::new(Grammar::new);

/// All labelled sentences, commands and talk.
static SENTENCES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let given = include_str!("../tests/data/commands_dev.jsonl");
    let own = include_str!("../tests/data/commands_own.jsonl");
    let text = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        row["text"].as_str().unwrap().to_owned()
    };
    given.lines().chain(own.lines()).map(text).collect()
});

fn main() {
    println!("budget: 50 us a sentence (items are sentences); reading the grammar: 100 ms once");
    divan::main();
}

/// Reading and compiling the grammar.
#[divan::bench(sample_count = 10)]
fn start() -> Grammar {
    Grammar::new()
}

/// All sentences, one after the other.
#[divan::bench]
fn all(bencher: Bencher<'_, '_>) {
    LazyLock::force(&TEMPLATES);
    bencher
        .counter(ItemsCount::new(SENTENCES.len()))
        .bench(|| SENTENCES.iter().filter(|sentence| TEMPLATES.parse(sentence).is_some()).count());
}

/// The German sentences, with English beside German.
#[divan::bench]
fn german(bencher: Bencher<'_, '_>) {
    let both = Grammar::new().speaking(&["en".to_owned(), "de".to_owned()]);
    let list = include_str!("../tests/data/commands_german.jsonl");
    let text = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        row["text"].as_str().unwrap().to_owned()
    };
    let sentences: Vec<String> = list.lines().map(text).collect();
    bencher
        .counter(ItemsCount::new(sentences.len()))
        .bench(|| sentences.iter().filter(|sentence| both.parse(sentence).is_some()).count());
}

/// One sentence each: terse, polite, corrected, and the most expensive kind that random word storms
/// found.
#[divan::bench(args = [
    "stop",
    "set a timer for ten minutes",
    "could you tell me what eighty four divided by seven is",
    "um cancel the rice timer no wait the pasta timer please",
    "I'm going to Oslo on Friday, what's the weather there",
    "we were ten minutes late and he said that it was going to rain in the afternoon anyway",
    "york pm sorry sum ( milk paris the note of shopping of in alarm new actually - new 5 of milk \
     square 10 double actually that plus note milk to morning wait to square to that three mean",
])]
fn one(bencher: Bencher<'_, '_>, sentence: &str) {
    LazyLock::force(&TEMPLATES);
    bencher.bench(|| TEMPLATES.parse(divan::black_box(sentence)));
}
