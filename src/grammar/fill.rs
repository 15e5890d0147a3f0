//! Turns slots into the arguments of a call.

use serde_json::{Map, Value};

use super::clock::{put_day, put_when};
use super::lexer::Token;
use super::named::Sort;
use super::number::{self, plain};
use super::open;
use super::scan::Scan;
use super::slot::{EACH, Kind, Slot, Taken};
use super::tables::Unit;
use super::words;

impl Slot {
    /// Adds the arguments in `taken`. `None` if none is usable by a tool.
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
                let name = own("seconds");
                match name.strip_prefix('-') {
                    Some(name) => into.insert(name.to_owned(), number::json(-seconds)),
                    None => into.insert(name, number::json(seconds)),
                };
            }
            Taken::Which(which) => {
                into.insert(own("which"), Value::from(*which));
            }
            Taken::Time(time) => {
                into.insert(own("time"), Value::from(time.as_str()));
            }
            Taken::When(when) if self.name.is_some() => {
                let mut own = Map::new();
                put_when(when, false, &mut own);
                for (name, value) in own {
                    let before = self.name.as_deref().unwrap_or_default();
                    into.insert(format!("{before}_{name}"), value);
                }
            }
            Taken::When(when) => {
                let mut own = Map::new();
                put_when(
                    when,
                    matches!(
                        self.kind,
                        Kind::When | Kind::Definite | Kind::Schedule | Kind::Moment
                    ),
                    &mut own,
                );
                // A reminder for "next monday" is for the coming Monday.
                if self.kind == Kind::Moment
                    && let Some(day) =
                        when.day.as_ref().and_then(|day| day.name().strip_prefix("next "))
                {
                    own.insert("day".into(), Value::from(day));
                }
                // "Remind me tomorrow to call john at 5" names the moment in two places; in "remind
                // me at 5 to leave at 6" the second belongs to what is to be done.
                let names = |map: &Map<String, Value>, name: &str| map.contains_key(name);
                let days = |map: &Map<String, Value>| names(map, "day") || names(map, "date");
                let twice = own.keys().any(|name| into.contains_key(name))
                    || days(&own) && days(into)
                    || names(&own, "in_seconds") && (names(into, "time") || days(into))
                    || names(into, "in_seconds") && (names(&own, "time") || days(&own));
                if twice {
                    return None;
                }
                into.append(&mut own);
            }
            Taken::Each(all) => {
                let all = all.iter().cloned().map(Value::Object);
                into.insert(EACH.to_owned(), Value::Array(all.collect()));
            }
            // An open choice is not an argument; the line asks for it.
            Taken::Range(_) => {}
            Taken::Day(day) if self.kind == Kind::Calendar && self.name.is_none() => {
                put_day(day, into);
            }
            // The weather on a date; "today or the fifth" is not the fifth.
            Taken::Day(day) if self.kind == Kind::Forecast && day.sort() == Sort::Date => {
                if self.name.is_some() || into.contains_key("day") || into.contains_key("date") {
                    return None;
                }
                put_day(day, into);
            }
            Taken::Day(day) => {
                if into.contains_key("date") {
                    return None;
                }
                let name = match day.name() {
                    "weekends" | "this weekend" => "weekend",
                    name => name.strip_prefix("next ").unwrap_or(name),
                };
                let name = Value::from(name);
                // "Today or tomorrow" is not tomorrow.
                if into.insert(own("day"), name.clone()).is_some_and(|old| old != name) {
                    return None;
                }
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
                let said = || words::spoken(scan.source, scan.tokens, *start, end);
                let (default, text) = match self.kind {
                    Kind::Clause => return Some(()),
                    Kind::Place | Kind::KnownPlace => {
                        ("location", open::place_name(scan, *start, end))
                    }
                    Kind::Task => ("text", open::text(scan, *start, end, false)),
                    Kind::Text => ("text", open::text(scan, *start, end, true)),
                    Kind::Item => ("item", said()),
                    Kind::List => ("list", said()),
                    Kind::Label | Kind::Name => ("label", said()),
                    Kind::Length
                    | Kind::More
                    | Kind::Countdown
                    | Kind::Lengths
                    | Kind::Labels
                    | Kind::Range
                    | Kind::Which
                    | Kind::Clock
                    | Kind::When
                    | Kind::Definite
                    | Kind::Whens
                    | Kind::Schedule
                    | Kind::Occasion
                    | Kind::Moment
                    | Kind::Forecast
                    | Kind::Calendar
                    | Kind::Number
                    | Kind::Price
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
                let text = Value::from(text);
                // "In London or Paris" is not Paris.
                let old = into.insert(own(default), text.clone());
                if default == "location" && old.is_some_and(|old| old != text) {
                    return None;
                }
            }
        }
        Some(())
    }
}

/// Decides what two unit words mean: the first pair of one dimension that are not the same unit.
/// Adds the arguments `from` and `to`; `None` if the words measure different things.
pub(super) fn settle(from: &[Unit], to: &[Unit], into: &mut Map<String, Value>) -> Option<()> {
    let mut pairs = from.iter().flat_map(|f| to.iter().map(move |t| (f, t)));
    // The minutes in "2 hours and 15 minutes" are already included.
    let counted = into.get("value").and_then(Value::as_f64).is_some_and(|value| value > 1.0);
    let pair = pairs
        .clone()
        .find(|(f, t)| f.dimension == t.dimension && f.name != t.name)
        .or_else(|| pairs.find(|(f, t)| counted && f.name == t.name))?;
    into.insert("from".into(), Value::from(&*pair.0.name));
    into.insert("to".into(), Value::from(&*pair.1.name));
    Some(())
}

/// The words of a match, for use inside a fixed argument of the grammar.
pub(super) fn as_text(taken: &Taken, source: &str, tokens: &[Token], end: usize) -> String {
    match taken {
        Taken::Seconds(value) | Taken::Number(value) => plain(*value),
        Taken::Which(which) => (*which).to_owned(),
        Taken::Time(text) | Taken::Expression(text) => text.clone(),
        Taken::When(_) | Taken::Each(_) => String::new(),
        Taken::Range(start) => words::spoken(source, tokens, *start, end),
        Taken::Day(day) => day.name().to_owned(),
        Taken::Quantity(value, _) | Taken::Amount(value, _) => plain(*value),
        Taken::Unit(units) => units.first().map(|u| u.name.to_string()).unwrap_or_default(),
        Taken::Currency(code) => code.to_string(),
        Taken::Words(start) => words::spoken(source, tokens, *start, end),
    }
}
