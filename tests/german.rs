//! German: labelled sentences, answers, and an evening through the real tools.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::sync::Arc;

use aloud::base::{CallId, Epoch, LocalZone, Volume, WallClock};
use aloud::dialog::{Call, Item, Outcome, Prompt};
use aloud::engine::local::Templates;
use aloud::engine::{Delta, Responder};
use aloud::grammar::{Grammar, Language, Meaning};
use aloud::tool::{Book, Pad, Registry, Ringer, Settings, ToolCx, builtin};
use futures::StreamExt;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

const GERMAN: &str = include_str!("data/commands_german.jsonl");

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn bilingual() -> Grammar {
    Grammar::new().speaking(&["en".to_owned(), "de".to_owned()])
}

fn tools(folder: &tempfile::TempDir) -> Registry {
    let path = folder.path().join("timers.json");
    // Tuesday, 3 November 2026, 15:42.
    let wall = WallClock::fixed("2026-11-03T15:42:00Z".parse().unwrap());
    let book = Book::open(&path, wall, LocalZone::fixed(TimeZone::UTC));
    let pad = Pad::new(folder.path().join("lists"));
    builtin(Settings::new(book, Ringer::Here, Volume::new(50), pad))
}

async fn call(tools: &Registry, call: &Call, said: &str, last: Option<String>) -> Outcome {
    let cx = ToolCx { last_reply: last, said: Some(said.to_owned()), ..ToolCx::default() };
    tools.call(call, cx).await.outcome
}

/// The sentences of which the meaning is not the labelled one.
#[tokio::test]
async fn labelled_sentences_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    let tools = tools(&folder);
    let grammar = bilingual();
    let (mut wrong, mut commands, mut nothing) = (Vec::new(), 0, 0);
    for row in rows(GERMAN) {
        let sentence = row["text"].as_str().unwrap();
        let parsed = grammar.parse(sentence);
        if row["tool"] == "none" {
            nothing += 1;
            // Not a word of English is guessed into it either.
            let near = grammar.nearest(sentence);
            let asks = matches!(grammar.understand(sentence), Some(Meaning::Calls(_)));
            if parsed.is_some() || asks || near.is_some() {
                wrong.push(format!("acted: {sentence}: {parsed:?} {near:?}"));
            }
            continue;
        }
        commands += 1;
        if grammar.language(sentence) != Language::German && !matches!(sentence, "Stopp" | "Halt") {
            wrong.push(format!("not German: {sentence}"));
        }
        let mut wanted = row["arguments"].clone();
        let mut got = parsed.as_ref().map(|call| call.arguments.clone()).unwrap_or_default();
        if let Some(result) = wanted["result"].as_f64() {
            let sum = Call {
                id: CallId("sum".into()),
                name: "calculate".into(),
                arguments: got.to_string(),
            };
            let output = call(&tools, &sum, sentence, None).await.output;
            let data: Value = serde_json::from_str(&output).unwrap_or_default();
            got = json!({ "result": data["result"] });
            wanted = json!({ "result": result });
        }
        let number = |value: &Value| value.as_f64().map_or(value.clone(), |n| json!(n));
        let plain = |value: &Value| -> Value {
            let map = value.as_object().cloned().unwrap_or_default();
            map.iter().map(|(name, value)| (name.clone(), number(value))).collect()
        };
        let tool = parsed.as_ref().map(|call| call.tool.as_str());
        if tool != row["tool"].as_str() || plain(&got) != plain(&wanted) {
            wrong.push(format!("{sentence}: {parsed:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(commands >= 190 && nothing >= 60, "{commands} commands, {nothing} others");
}

/// Words with which an answer is not German, beside those of names and quoted words.
const ENGLISH: &[&str] = &[
    "the",
    "your",
    "you",
    "is",
    "are",
    "has",
    "have",
    "set",
    "for",
    "at",
    "on",
    "of",
    "to",
    "and",
    "no",
    "not",
    "there",
    "it",
    "it's",
    "i'll",
    "i",
    "can't",
    "left",
    "that",
    "that's",
    "this",
    "alarm",
    "reminder",
    "today",
    "tomorrow",
    "minutes",
    "hours",
    "percent",
    "degrees",
    "list",
    "cancelled",
    "ringing",
    "rings",
];

/// What of `answer` is English.
fn english(answer: &str) -> Vec<String> {
    answer
        .split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .map(str::to_lowercase)
        .filter(|word| ENGLISH.contains(&word.as_str()))
        .collect()
}

/// Every labelled sentence, said to the real tools by somebody who has nothing yet, one thing of each
/// kind, and two: no answer has English in it.
#[tokio::test]
async fn tools_answer_german_sentences_in_german() {
    const ONE: &[&str] = &[
        "Stell einen Nudeltimer auf zehn Minuten",
        "Weck mich morgen um sieben",
        "Erinnere mich am Freitag um 18 Uhr an den Müll",
        "Setz Butter auf die Einkaufsliste",
        "Setz Socken auf die Packliste",
        "Notiere: Die Heizung rauscht",
    ];
    const TWO: &[&str] = &[
        "Stell einen Timer auf eine Stunde und fünf Minuten",
        "Weck mich werktags um halb acht",
        "Stell einen Wecker auf 22 Uhr, der Sport heißt",
        "Erinnere mich jeden Monat am 15. um zehn an die Rechnung",
        "Setz Milch und Eier auf die Einkaufsliste",
        "Leg eine Liste namens Urlaub an",
        "Notiere: Zahnarzt anrufen",
    ];
    let templates = Arc::new(Templates::new(bilingual()));
    let grammar = bilingual();
    let mut asked = std::collections::BTreeSet::new();
    let sentences: Vec<String> = rows(GERMAN)
        .into_iter()
        // The weather and the news come over the network, and programs are the machine's own.
        .filter(|row| {
            let tool = row["tool"].as_str().unwrap();
            let given = row["arguments"].as_object().cloned().unwrap_or_default();
            let names: Vec<&String> = given.keys().collect();
            !matches!(tool, "none" | "stop" | "get_weather" | "get_news" | "open")
                && asked.insert(format!("{tool} {names:?} {}", row["arguments"]["which"]))
        })
        .map(|row| row["text"].as_str().unwrap().to_owned())
        .collect();
    let mut wrong = Vec::new();
    let mut answers = std::collections::BTreeSet::new();
    for before in [vec![], ONE.to_vec(), [ONE, TWO].concat()] {
        let before: Vec<(&str, Call)> = before
            .into_iter()
            .map(|said| {
                let parsed = grammar.parse(said).unwrap();
                let id = CallId(said.to_owned());
                (said, Call { id, name: parsed.tool, arguments: parsed.arguments.to_string() })
            })
            .collect();
        for sentence in &sentences {
            let mut evening = Evening::with(templates.clone());
            for (said, done) in &before {
                call(&evening.tools, done, said, None).await;
            }
            let reply = evening.says(sentence).await;
            let found = english(&reply);
            if reply.is_empty() || !found.is_empty() {
                wrong.push(format!("{sentence} -> {reply} {found:?}"));
            }
            answers.insert(reply);
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(answers.len() > 110, "{} answers", answers.len());
}

#[test]
fn english_stays_english_beside_german() {
    let (alone, both) = (Grammar::new(), bilingual());
    for list in [include_str!("data/commands_dev.jsonl"), include_str!("data/commands_own.jsonl")] {
        for row in rows(list) {
            let sentence = row["text"].as_str().unwrap();
            assert_eq!(both.understand(sentence), alone.understand(sentence), "{sentence}");
        }
    }
}

/// A sentence in neither language is in that of the conversation.
#[tokio::test]
async fn what_is_in_no_language_is_in_that_of_the_conversation() {
    let mut evening = Evening::new();
    let talk = [
        ("Buchstabiere Haus", "H, A, U, S."),
        ("Timer", "Das kann ich nicht. Sag „Hilfe“, dann sage ich dir, was ich kann."),
        ("Set a timer", "For how long?"),
        ("10:30", "Timer set for 10 minutes and 30 seconds."),
        ("Weck mich", "Auf wie viel Uhr?"),
        ("7:30", "Wecker gestellt: morgen um 7:30 Uhr."),
    ];
    evening.goes(&talk).await;
}

#[test]
fn without_german_in_the_configuration_nothing_german_acts() {
    let english = Grammar::new().speaking(&["en".to_owned()]);
    assert_eq!(english.parse("Stell einen Timer auf zehn Minuten"), None);
    assert_eq!(english.language("Stell einen Timer auf zehn Minuten"), Language::English);
}

/// Someone who talks to the templates and real tools.
struct Evening {
    templates: Arc<Templates>,
    tools: Registry,
    items: Vec<Item>,
    last: Option<String>,
    _folder: tempfile::TempDir,
}

impl Evening {
    fn new() -> Self {
        Self::with(Arc::new(Templates::new(bilingual())))
    }

    fn with(templates: Arc<Templates>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { templates, tools: tools(&folder), items: Vec::new(), last: None, _folder: folder }
    }

    /// Asserts the answers to a conversation.
    async fn goes(&mut self, talk: &[(&str, &str)]) {
        let mut wrong = Vec::new();
        for (said, wanted) in talk {
            let reply = self.says(said).await;
            if reply != *wanted {
                wrong.push(format!("{said} -> {reply} (wanted {wanted})"));
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
    }

    async fn says(&mut self, text: &str) -> String {
        self.items.push(Item::User { utterance: None, text: text.into() });
        let mut reply = String::new();
        for _ in 0..4 {
            let prompt = Prompt {
                items: self.items.clone(),
                tools: self.tools.specs(),
                instructions: "".into(),
                sounds: Vec::new(),
            };
            let deltas: Vec<_> = self.templates.respond(prompt).collect().await;
            let mut called = false;
            for delta in deltas {
                match delta.unwrap() {
                    Delta::Text(text) => reply.push_str(&text),
                    Delta::Call(asked) => {
                        called = true;
                        self.items.push(Item::Call { epoch: Epoch(1), call: asked.clone() });
                        let done = call(&self.tools, &asked, text, self.last.clone()).await;
                        self.items.push(Item::Outcome(done));
                    }
                    Delta::Sound(_) | Delta::Source(_) => unreachable!("templates only write"),
                }
            }
            if !called {
                break;
            }
        }
        self.items.push(Item::Reply { epoch: Epoch(1), text: reply.clone(), interrupted: false });
        self.last = Some(reply.clone());
        reply
    }
}

#[tokio::test]
async fn an_evening_in_german() {
    let mut evening = Evening::new();
    let talk = [
        ("Stell einen Timer auf fünf Minuten.", "Timer auf 5 Minuten gestellt."),
        ("Nein, zehn Minuten.", "Dein 5-Minuten-Timer läuft jetzt noch 10 Minuten."),
        ("Wie lange läuft der Timer noch?", "Dein 10-Minuten-Timer läuft noch 10 Minuten."),
        ("Noch fünf Minuten.", "Dein 10-Minuten-Timer läuft jetzt noch 15 Minuten."),
        ("Halt den Timer an.", "Dein 15-Minuten-Timer ist angehalten, es bleiben 15 Minuten."),
        ("Lass den Timer weiterlaufen.", "Dein 15-Minuten-Timer läuft weiter, noch 15 Minuten."),
        (
            "Stell keinen Timer.",
            "Das kann ich nicht. Sag „Hilfe“, dann sage ich dir, was ich kann.",
        ),
        ("Stell einen Timer für den Tee auf vier Minuten.", "Timer „Tee“ auf 4 Minuten gestellt."),
        ("Lösch ihn.", "Dein Tee-Timer ist gelöscht."),
        ("Lösch den Timer.", "Dein 15-Minuten-Timer ist gelöscht."),
        ("Welche Timer laufen?", "Es läuft kein Timer."),
        ("Stell einen Timer.", "Wie lange soll der Timer laufen?"),
        ("Anderthalb Stunden.", "Timer auf 1 Stunde und 30 Minuten gestellt."),
        ("Weck mich werktags um halb sieben.", "Wecker gestellt: werktags um 6:30 Uhr."),
        (
            "Weck mich jeden zweiten Freitag um 16 Uhr.",
            "Wecker gestellt: jeden zweiten Freitag um 16 Uhr.",
        ),
        ("Lösch alle Wecker.", "Beide Wecker sind gelöscht."),
        ("Weck mich übermorgen um neun.", "Wecker gestellt: am Donnerstag um 9 Uhr."),
        ("Mach lauter.", "Lautstärke 60 Prozent."),
        ("Stell die Lautstärke auf dreißig Prozent.", "Lautstärke auf 30 Prozent gestellt."),
        (
            "Stell die Lautstärke auf hundert Prozent.",
            "Das ist sehr laut: von 30 auf 100 Prozent. Soll ich?",
        ),
        ("Nein.", "Gut, ich lasse es so."),
        (
            "Setz zwei Liter Milch auf die Einkaufsliste.",
            "Notiert auf der Einkaufsliste: zwei Liter Milch.",
        ),
        ("Was steht auf der Einkaufsliste?", "Auf der Einkaufsliste steht zwei Liter Milch."),
        (
            "Leere die Einkaufsliste.",
            "Damit verschwindet ein Eintrag von der Einkaufsliste. Soll ich sie leeren?",
        ),
        ("Ja.", "Die Einkaufsliste ist jetzt leer."),
        (
            "Erinnere mich in zwanzig Minuten daran, Oma anzurufen.",
            "Ich erinnere dich in 20 Minuten: Oma anzurufen.",
        ),
        (
            "Erinnere mich morgen um acht daran, den Müll rauszubringen.",
            "Ich erinnere dich morgen um 8 Uhr: den Müll rauszubringen.",
        ),
        ("Lösch ihn.", "Ich erinnere dich nicht: den Müll rauszubringen."),
        ("Was ist fünf geteilt durch zwei?", "Das ist 2,5."),
        ("Sag das nochmal.", "Das ist 2,5."),
        ("Sing etwas.", "Das kann ich nicht. Sag „Hilfe“, dann sage ich dir, was ich kann."),
        (
            "Verschieb den Wecker auf acht.",
            "Wecker verschoben: statt um 9 Uhr jetzt am Donnerstag um 8 Uhr.",
        ),
        (
            "Stell den Wecker eine halbe Stunde später.",
            "Wecker verschoben: statt um 8 Uhr jetzt am Donnerstag um 8:30 Uhr.",
        ),
        ("Wie viele Fuß sind zwei Meter?", "2 Meter sind ungefähr 6,56 Fuß."),
        ("Notiere: Der Klempner kommt um acht.", "Notiert: Der Klempner kommt um acht."),
        ("Was habe ich notiert?", "Der Klempner kommt um acht."),
        ("Setz Socken auf die Packliste.", "Notiert auf der Packliste: Socken."),
        ("Welche Listen habe ich?", "Du hast 2 Listen: Packliste und Einkaufsliste."),
        (
            "Erinnere mich jeden ersten Montag im Monat um neun an die Miete.",
            "Ich erinnere dich am ersten Montag jeden Monats um 9 Uhr: Miete.",
        ),
        (
            "Stell einen Timer auf drei Minuten und setz Milch auf die Einkaufsliste.",
            "Timer auf 3 Minuten gestellt. Notiert auf der Einkaufsliste: Milch.",
        ),
        (
            "Erinnere mich morgen um acht an die Wäsche und stell die Lautstärke auf 30 Prozent.",
            "Ich erinnere dich morgen um 8 Uhr: Wäsche. Lautstärke auf 30 Prozent gestellt.",
        ),
        ("Buchstabiere Rhythmus.", "R, H, Y, T, H, M, U, S."),
        ("Ruf Mama an.", "Telefonieren kann ich nicht."),
        ("Stell einen Pizzatimer auf zwölf Minuten.", "Timer „Pizza“ auf 12 Minuten gestellt."),
        ("Lösch den ersten Timer.", "Dein Timer auf 1 Stunde und 30 Minuten ist gelöscht."),
        ("Wie lange braucht die Pizza noch?", "Dein Pizza-Timer läuft noch 12 Minuten."),
        ("Lösch den Pizza-Timer.", "Dein Pizza-Timer ist gelöscht."),
        ("Lösch den Timer.", "Dein 3-Minuten-Timer ist gelöscht."),
        ("Danke.", "Gern geschehen."),
        ("Stell einen Timer auf drei Minuten.", "Timer auf 3 Minuten gestellt."),
        ("Und noch einen für acht Minuten.", "Timer auf 8 Minuten gestellt."),
        ("Set a timer for 5 minutes.", "Timer set for 5 minutes."),
    ];
    evening.goes(&talk).await;
}
