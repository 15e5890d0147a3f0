//! The slots of a grammar: what each kind takes, and the arguments it fills.

use serde_json::{Map, Value};

use super::clock::{self, Scope, When, put_when};
use super::day;
use super::each;
use super::length;
use super::measure;
use super::named::{Day, Sort};
use super::number;
use super::open::{self, Span};
use super::scan::Scan;
use super::sum;
use super::tables::Unit;
use super::words::spoken;

/// The kinds of slots that a grammar file can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Kind {
    Length,
    More,
    Countdown,
    Lengths,
    Labels,
    Range,
    Which,
    Clock,
    When,
    Definite,
    Whens,
    Schedule,
    Occasion,
    Moment,
    Forecast,
    Calendar,
    Number,
    Price,
    Level,
    Quantity,
    Unit,
    Amount,
    Currency,
    Sum,
    Term,
    Place,
    KnownPlace,
    Label,
    Name,
    Item,
    List,
    Task,
    Text,
    Clause,
}

impl Kind {
    /// Whether it takes words that are on no list.
    pub(super) fn takes_any_words(self) -> bool {
        use Kind::{Clause, Item, Label, Labels, List, Name, Place, Task, Text};
        matches!(self, Labels | Place | Label | Name | Item | List | Task | Text | Clause)
    }
}

/// All kinds with their names in grammar files and the argument that they fill by default. Several
/// arguments are named if a kind fills several.
pub(super) const KINDS: &[(Kind, &str, &str)] = &[
    (Kind::Length, "length", "seconds"),
    (Kind::More, "more", "seconds"),
    (Kind::Countdown, "countdown", "seconds"),
    (Kind::Lengths, "lengths", "seconds"),
    (Kind::Labels, "labels", "label"),
    (Kind::Range, "range", "seconds"),
    (Kind::Which, "which", "which"),
    (Kind::Clock, "clock", "time"),
    (Kind::When, "when", "time, day, date, repeat"),
    (Kind::Definite, "definite", "time, day, date, repeat"),
    (Kind::Whens, "whens", "time, day, date, repeat"),
    (Kind::Schedule, "schedule", "time, day, date, repeat"),
    (Kind::Occasion, "occasion", "time, day, date"),
    (Kind::Moment, "moment", "time, day, in_seconds"),
    (Kind::Forecast, "forecast_day", "day, date"),
    (Kind::Calendar, "calendar_day", "day, date"),
    (Kind::Number, "number", "value"),
    (Kind::Price, "price", "value"),
    (Kind::Level, "level", "level"),
    (Kind::Quantity, "quantity", "value, from"),
    (Kind::Unit, "unit", "to"),
    (Kind::Amount, "amount", "amount, from"),
    (Kind::Currency, "currency", "to"),
    (Kind::Sum, "sum", "expression"),
    (Kind::Term, "term", "expression"),
    (Kind::Place, "place", "location"),
    (Kind::KnownPlace, "known_place", "location"),
    (Kind::Label, "label", "label"),
    (Kind::Name, "name", "label"),
    (Kind::Item, "item", "item"),
    (Kind::List, "list", "list"),
    (Kind::Task, "task", "text"),
    (Kind::Text, "text", "text"),
    (Kind::Clause, "clause", ""),
];

/// A slot in a line of the grammar.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slot {
    pub(super) kind: Kind,
    /// The argument it fills; `None` for the kind's own. One that begins with `_` is not an
    /// argument but only a name for `with`; with `-` in front a number is negated.
    pub(super) name: Option<Box<str>>,
}

/// What a slot took.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Taken {
    Seconds(f64),
    /// The open choice begins at this token.
    Range(usize),
    /// Arguments of several calls.
    Each(Vec<Map<String, Value>>),
    /// The name of a place among several.
    Which(&'static str),
    Time(String),
    When(When),
    Day(Day),
    Number(f64),
    Quantity(f64, Vec<Unit>),
    Unit(Vec<Unit>),
    Amount(f64, Box<str>),
    Currency(Box<str>),
    Expression(String),
    /// Words from this token on.
    Words(usize),
}

/// One possible match of a slot.
#[derive(Clone, Debug)]
pub(super) struct Match {
    pub(super) end: usize,
    pub(super) cost: u32,
    pub(super) taken: Taken,
}

/// The argument that holds those of several calls, until the line makes calls of them.
pub(super) const EACH: &str = "each";

/// How one of several is named, and what tools call it.
const WHICH: [(&str, &str); 15] = [
    ("first", "first"),
    ("1st", "first"),
    ("oldest", "first"),
    ("second", "second"),
    ("2nd", "second"),
    ("third", "third"),
    ("3rd", "third"),
    ("last", "last"),
    ("latest", "last"),
    ("newest", "last"),
    ("longest", "longest"),
    ("longer", "longest"),
    ("next", "next"),
    ("shortest", "next"),
    ("shorter", "next"),
];

/// The cost of a reading that needs a context to confirm it.
const LOOSE_COST: u32 = 2;

/// Everything that a slot of `kind` can take at `at`, in order of preference among matches of equal
/// cost: longer ones first.
pub(super) fn matches(scan: &Scan<'_>, kind: Kind, at: usize, out: &mut Vec<Match>) {
    if at >= scan.tokens.len() {
        return;
    }
    let first = out.len();
    let mut push = |end: usize, cost: u32, taken: Taken| out.push(Match { end, cost, taken });
    match kind {
        Kind::Length => {
            for (end, seconds) in length::lengths(scan, at) {
                push(end, 0, Taken::Seconds(seconds));
            }
        }
        Kind::More => {
            const MORE: &[&str] = &["more", "another", "extra", "additional"];
            for (end, seconds) in length::lengths(scan, at) {
                if (at..end).any(|i| MORE.contains(&scan.text(i))) {
                    push(end, 0, Taken::Seconds(seconds));
                }
            }
        }
        Kind::Countdown => {
            for (end, seconds) in length::countdowns(scan, at) {
                push(end, 0, Taken::Seconds(seconds));
            }
        }
        Kind::Lengths => {
            for (end, all) in each::lengths(scan, at) {
                let all = all.into_iter().map(|one| {
                    let mut arguments = Map::new();
                    arguments.insert("seconds".into(), number::json(one.seconds.round()));
                    if let Some(label) = one.label {
                        let said = spoken(scan.source, scan.tokens, label.start, label.end);
                        arguments.insert("label".into(), Value::from(said));
                    }
                    arguments
                });
                push(end, 0, Taken::Each(all.collect()));
            }
        }
        Kind::Labels => {
            for (end, cost, all) in each::labels(scan, at) {
                let all = all.into_iter().map(|label| {
                    let said = spoken(scan.source, scan.tokens, label.start, label.end);
                    Map::from_iter([("label".to_owned(), Value::from(said))])
                });
                push(end, cost, Taken::Each(all.collect()));
            }
        }
        Kind::Range => {
            if let Some((end, ..)) = length::range(scan, at) {
                push(end, 0, Taken::Range(at));
            }
        }
        Kind::Which => {
            for (said, which) in WHICH {
                if let Some(end) = scan.words(at, said) {
                    push(end, 0, Taken::Which(which));
                }
            }
        }
        Kind::Clock => {
            for (end, when) in clock::whens(scan, at, Scope::Alarm) {
                if let (Some(time), None) = (when.time, when.day) {
                    push(end, 0, Taken::Time(time.text()));
                }
            }
        }
        Kind::When | Kind::Definite | Kind::Moment | Kind::Schedule | Kind::Occasion => {
            let scope = if kind == Kind::Moment {
                Scope::Reminder
            } else if matches!(kind, Kind::When | Kind::Definite) {
                Scope::Alarm
            } else {
                Scope::Schedule
            };
            let open = |when: &When| when.time.is_some_and(clock::Time::open);
            for (end, when) in clock::whens(scan, at, scope) {
                if storable(&when) && !(kind == Kind::Definite && open(&when)) {
                    push(end, 0, Taken::When(when));
                }
            }
        }
        Kind::Whens => {
            for (end, all) in each::whens(scan, at) {
                if all.iter().all(storable) {
                    let arguments = all.iter().map(|when| {
                        let mut arguments = Map::new();
                        put_when(when, true, &mut arguments);
                        arguments
                    });
                    push(end, 0, Taken::Each(arguments.collect()));
                }
            }
        }
        Kind::Forecast | Kind::Calendar => {
            for (end, day, _) in day::days(scan, at) {
                let weather = kind == Kind::Forecast;
                let fits = match day.sort() {
                    _ if day.repeat().is_some() => false,
                    Sort::Plain => true,
                    Sort::Past => !weather,
                    Sort::Date | Sort::Reckoned => true,
                    Sort::Weekend => weather,
                    Sort::Recurring => weather && day.name() == "weekends",
                    Sort::Weekly => false,
                };
                if fits {
                    push(end, 0, Taken::Day(day));
                    // "on monday no tuesday".
                    if let Some(next) = scan.correction(end) {
                        for (end, day, _) in day::days(scan, next) {
                            push(end, 0, Taken::Day(day));
                        }
                    }
                }
            }
        }
        Kind::Price => {
            if let Some((end, value)) = number::price(scan, at) {
                push(end, 0, Taken::Number(value));
            }
        }
        Kind::Number | Kind::Level => {
            for r in number::numbers(scan, scan.about(at)) {
                let cost = if r.loose { LOOSE_COST } else { 0 };
                if kind == Kind::Number {
                    push(r.end, cost, Taken::Number(r.value));
                } else if (0.0..=100.0).contains(&r.value) && r.value.fract() == 0.0 {
                    let tenths = scan.skip(r.end, &["out of ten", "out of 10", "of ten", "of 10"]);
                    if tenths > r.end && r.value <= 10.0 {
                        push(tenths, cost, Taken::Number(r.value * 10.0));
                    }
                    let end = scan.skip(r.end, &["percent", "per cent"]);
                    push(end, cost, Taken::Number(r.value));
                    push(r.end, cost, Taken::Number(r.value));
                }
            }
        }
        Kind::Quantity => {
            for (end, value, units) in measure::quantities(scan, at) {
                push(end, 0, Taken::Quantity(value, units));
                if let Some(next) = scan.correction(end) {
                    for (end, value, units) in measure::quantities(scan, next) {
                        push(end, 0, Taken::Quantity(value, units));
                    }
                }
            }
        }
        Kind::Unit => {
            let from = scan.skip(at, &["degrees", "a", "an"]);
            for from in [at, from] {
                for (end, units) in measure::units(scan, from) {
                    push(end, 0, Taken::Unit(units));
                    if let Some(next) = scan.correction(end) {
                        for (end, units) in measure::units(scan, next) {
                            push(end, 0, Taken::Unit(units));
                        }
                    }
                }
                if from == at && scan.skip(at, &["degrees", "a", "an"]) == at {
                    break;
                }
            }
        }
        Kind::Amount => {
            for (end, value, codes) in measure::amounts(scan, at) {
                for code in codes {
                    push(end, 0, Taken::Amount(value, code));
                }
                if let Some(next) = scan.correction(end) {
                    for (end, value, codes) in measure::amounts(scan, next) {
                        for code in codes {
                            push(end, 0, Taken::Amount(value, code));
                        }
                    }
                }
            }
        }
        Kind::Currency => {
            let from = scan.skip(at, &["the", "a"]);
            for (end, code) in measure::currencies(scan, from) {
                push(end, 0, Taken::Currency(code));
                if let Some(next) = scan.correction(end) {
                    for (end, code) in measure::currencies(scan, next) {
                        push(end, 0, Taken::Currency(code));
                    }
                }
            }
        }
        Kind::Sum | Kind::Term => {
            for e in sum::expressions(scan, at) {
                if kind == Kind::Term || e.operations > 0 {
                    push(e.end, 0, Taken::Expression(e.text));
                }
            }
        }
        Kind::Place => words(open::places(scan, at, false), &mut push),
        Kind::KnownPlace => words(open::places(scan, at, true), &mut push),
        Kind::Label => {
            words(open::labels(scan, at), &mut push);
            if let Some((middle, next)) = corrected_label(scan, at) {
                let spans = open::labels(scan, next).into_iter();
                words(
                    spans.map(|(end, cost, start)| (end, cost + middle, start)).collect(),
                    &mut push,
                );
            }
        }
        Kind::Name => words(open::names(scan, at), &mut push),
        Kind::Item => words(open::items(scan, at), &mut push),
        Kind::List => words(open::lists(scan, at), &mut push),
        Kind::Task | Kind::Text => words(open::texts(scan, at), &mut push),
        Kind::Clause => {
            for end in at + 1..=scan.tokens.len() {
                push(end, open::WORD_COST * (end - at) as u32, Taken::Words(at));
            }
        }
    }
    // A match must make progress, or the matcher could loop.
    let mut i = first;
    while i < out.len() {
        if out[i].end > at { i += 1 } else { drop(out.remove(i)) }
    }
}

/// "the rice no the pasta": the cost of what was dropped, and where the new label begins.
fn corrected_label(scan: &Scan<'_>, at: usize) -> Option<(u32, usize)> {
    open::labels(scan, at).into_iter().find_map(|(end, cost, _)| {
        scan.correction(end).map(|next| (cost, scan.skip(next, &["for"])))
    })
}

fn words(spans: Vec<Span>, push: &mut impl FnMut(usize, u32, Taken)) {
    for (end, cost, start) in spans {
        push(end, cost, Taken::Words(start));
    }
}

/// Whether alarms and reminders accept it: no day in the past, nor in a past century.
fn storable(when: &When) -> bool {
    let past = |day: &Day| {
        day.sort() == Sort::Past || day.name().starts_with("1") && day.name().len() == 10
    };
    !when.day.as_ref().is_some_and(past)
}
