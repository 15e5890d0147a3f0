//! The slots of a grammar: what a kind of slot takes, and which arguments it gives.

use serde_json::{Map, Value};

use super::clock::{self, Day, Scope, When};
use super::lexer::Token;
use super::measure;
use super::number::{self, plain};
use super::open::{self, Span};
use super::scan::Scan;
use super::sum;
use super::tables::Unit;
use super::{length, lexer};

/// The kinds of slots that a grammar file can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Kind {
    Length,
    Clock,
    When,
    Moment,
    Forecast,
    Calendar,
    Number,
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

/// All kinds with the names they have in grammar files and the argument they give by default.
/// Several arguments are named where a kind gives several.
pub(super) const KINDS: &[(Kind, &str, &str)] = &[
    (Kind::Length, "length", "seconds"),
    (Kind::Clock, "clock", "time"),
    (Kind::When, "when", "time, day"),
    (Kind::Moment, "moment", "time, day, in_seconds"),
    (Kind::Forecast, "forecast_day", "day"),
    (Kind::Calendar, "calendar_day", "day"),
    (Kind::Number, "number", "value"),
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

/// What a slot took.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Taken {
    Seconds(f64),
    Time(String),
    When(When),
    Day(Day),
    Number(f64),
    Quantity(f64, Vec<Unit>),
    Unit(Vec<Unit>),
    Amount(f64, Box<str>),
    Currency(Box<str>),
    Expression(String),
    /// Words from the given token on.
    Words(usize),
}

/// One way a slot can match.
#[derive(Clone, Debug)]
pub(super) struct Match {
    pub(super) end: usize,
    pub(super) cost: u32,
    pub(super) taken: Taken,
}

/// A small charge for a reading that only a context can confirm.
const LOOSE_COST: u32 = 2;

/// Everything that a slot of `kind` can take at `at`. The order is the order of preference among
/// matches of one cost: longer ones first.
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
        Kind::Clock => {
            for (end, when) in clock::whens(scan, at, Scope::Alarm) {
                if let (Some(time), None) = (when.time, when.day) {
                    push(end, 0, Taken::Time(time.text()));
                }
            }
        }
        Kind::When | Kind::Moment => {
            let scope = if kind == Kind::When { Scope::Alarm } else { Scope::Reminder };
            for (end, when) in clock::whens(scan, at, scope) {
                if storable(when.day) {
                    push(end, 0, Taken::When(when));
                }
            }
        }
        Kind::Forecast | Kind::Calendar => {
            for (end, day, _) in clock::days(scan, at) {
                let weather = kind == Kind::Forecast;
                let fits = match day {
                    Day::Yesterday => !weather,
                    Day::Weekend | Day::Weekends => weather,
                    Day::Weekdays | Day::Daily => false,
                    Day::Today
                    | Day::Tomorrow
                    | Day::Monday
                    | Day::Tuesday
                    | Day::Wednesday
                    | Day::Thursday
                    | Day::Friday
                    | Day::Saturday
                    | Day::Sunday => true,
                };
                if fits {
                    push(end, 0, Taken::Day(day));
                    // "on monday no tuesday".
                    if let Some(next) = scan.correction(end) {
                        for (end, day, _) in clock::days(scan, next) {
                            push(end, 0, Taken::Day(day));
                        }
                    }
                }
            }
        }
        Kind::Number | Kind::Level => {
            for r in number::numbers(scan, scan.about(at)) {
                let cost = if r.loose { LOOSE_COST } else { 0 };
                if kind == Kind::Number {
                    push(r.end, cost, Taken::Number(r.value));
                } else if (0.0..=100.0).contains(&r.value) && r.value.fract() == 0.0 {
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
    // A match must go forward, or the matcher could stand still.
    let mut i = first;
    while i < out.len() {
        if out[i].end > at { i += 1 } else { drop(out.remove(i)) }
    }
}

/// "the rice no the pasta": the cost of what was dropped, and where the label begins anew.
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

/// Whether alarms and reminders can hold a day: not one that is over, nor one weekend.
fn storable(day: Option<Day>) -> bool {
    match day {
        Some(Day::Yesterday) => false,
        None
        | Some(
            Day::Today
            | Day::Tomorrow
            | Day::Monday
            | Day::Tuesday
            | Day::Wednesday
            | Day::Thursday
            | Day::Friday
            | Day::Saturday
            | Day::Sunday
            | Day::Weekend
            | Day::Weekdays
            | Day::Weekends
            | Day::Daily,
        ) => true,
    }
}

/// A slot as it stands in a line of the grammar.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slot {
    pub(super) kind: Kind,
    /// The argument it fills; `None` for the kind's own. One that begins with `_` is no argument
    /// but only a name for `with`.
    pub(super) name: Option<Box<str>>,
}

impl Slot {
    /// Adds the arguments that `taken` gives. `None` when it gives none that a tool can use.
    pub(super) fn fill(
        &self,
        scan: &Scan<'_>,
        taken: &Taken,
        end: usize,
        into: &mut Map<String, Value>,
    ) -> Option<()> {
        let own = |default: &str| self.name.as_deref().unwrap_or(default).to_owned();
        match taken {
            Taken::Seconds(seconds) => {
                let seconds = seconds.round();
                if !(1.0..=31_622_400.0).contains(&seconds) {
                    return None;
                }
                into.insert(own("seconds"), number::json(seconds));
            }
            Taken::Time(time) => {
                into.insert(own("time"), Value::from(time.as_str()));
            }
            Taken::When(when) => {
                if let Some(time) = when.time {
                    into.insert("time".into(), Value::from(time.text()));
                }
                if let Some(day) = when.day {
                    // An alarm "on the weekend" rings on each of its days.
                    let day = if day == Day::Weekend { Day::Weekends } else { day };
                    into.insert("day".into(), Value::from(day.name()));
                }
                if let Some(seconds) = when.in_seconds {
                    into.insert("in_seconds".into(), number::json(seconds.round()));
                }
            }
            Taken::Day(day) => {
                let day = if *day == Day::Weekends { Day::Weekend } else { *day };
                into.insert(own("day"), Value::from(day.name()));
            }
            Taken::Number(value) => {
                into.insert(
                    own(if self.kind == Kind::Level { "level" } else { "value" }),
                    number::json(*value),
                );
            }
            // Units and currencies are settled together at the end, see `settle`.
            Taken::Quantity(value, _) => {
                into.insert("value".into(), number::json(*value));
            }
            Taken::Unit(_) => {}
            Taken::Amount(value, code) => {
                into.insert("amount".into(), number::json(*value));
                into.insert("from".into(), Value::from(&**code));
            }
            Taken::Currency(code) => {
                into.insert(own("to"), Value::from(&**code));
            }
            Taken::Expression(text) => {
                into.insert(own("expression"), Value::from(text.as_str()));
            }
            Taken::Words(start) => {
                let said = || lexer::spoken(scan.source, scan.tokens, *start, end);
                let (default, text) = match self.kind {
                    Kind::Clause => return Some(()),
                    Kind::Place | Kind::KnownPlace => {
                        ("location", open::place_name(scan.source, scan.tokens, *start, end))
                    }
                    Kind::Task => ("text", open::text(scan, *start, end, false)),
                    Kind::Text => ("text", open::text(scan, *start, end, true)),
                    Kind::Item => ("item", said()),
                    Kind::List => ("list", said()),
                    Kind::Label | Kind::Name => ("label", said()),
                    Kind::Length
                    | Kind::Clock
                    | Kind::When
                    | Kind::Moment
                    | Kind::Forecast
                    | Kind::Calendar
                    | Kind::Number
                    | Kind::Level
                    | Kind::Quantity
                    | Kind::Unit
                    | Kind::Amount
                    | Kind::Currency
                    | Kind::Sum
                    | Kind::Term => {
                        return None;
                    }
                };
                into.insert(own(default), Value::from(text));
            }
        }
        Some(())
    }
}

/// Chooses what two unit words mean: the first pair of one dimension that are not the same unit.
/// Arguments `from` and `to` are added; `None` when the words measure different things.
pub(super) fn settle(from: &[Unit], to: &[Unit], into: &mut Map<String, Value>) -> Option<()> {
    let pair = from
        .iter()
        .flat_map(|f| to.iter().map(move |t| (f, t)))
        .find(|(f, t)| f.dimension == t.dimension && f.name != t.name)?;
    into.insert("from".into(), Value::from(&*pair.0.name));
    into.insert("to".into(), Value::from(&*pair.1.name));
    Some(())
}

/// The words of a match for use inside a fixed argument of the grammar.
pub(super) fn as_text(taken: &Taken, source: &str, tokens: &[Token], end: usize) -> String {
    match taken {
        Taken::Seconds(value) | Taken::Number(value) => plain(*value),
        Taken::Time(text) | Taken::Expression(text) => text.clone(),
        Taken::When(_) => String::new(),
        Taken::Day(day) => day.name().to_owned(),
        Taken::Quantity(value, _) | Taken::Amount(value, _) => plain(*value),
        Taken::Unit(units) => units.first().map(|u| u.name.to_string()).unwrap_or_default(),
        Taken::Currency(code) => code.to_string(),
        Taken::Words(start) => lexer::spoken(source, tokens, *start, end),
    }
}
