//! The file and the variables as one tree in which each value knows where it comes from.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::{Environment, Origin, Problem};

/// The prefix of all variables of aloud.
pub(super) const PREFIX: &str = "ALOUD_";

/// A table: its keys, each with its place and value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Table(pub(super) BTreeMap<String, Entry>);

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// The place of the key.
    pub(super) key_at: Origin,
    pub(super) value: Located,
}

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Located {
    pub(super) at: Origin,
    pub(super) value: Value,
    /// The text of the variable, in case the key wants text and gets `ALOUD_AUDIO__INPUT=3`.
    pub(super) raw: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Whole(i128),
    Flag(bool),
    Fraction(f64),
    List(Vec<Located>),
    Table(Table),
    /// A date or time, which no key wants.
    Other(&'static str),
}

impl Value {
    /// Its type, as a sentence names it.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Whole(_) => "a whole number",
            Self::Flag(_) => "true or false",
            Self::Fraction(_) => "a fraction",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other(kind) => kind,
        }
    }
}

/// Parses a file. Continues after a syntax error, so that later mistakes are found too; nothing is
/// read from a line that has one.
pub(super) fn parse(text: &str, problems: &mut Vec<Problem>) -> Table {
    let lines = Lines::of(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut broken = Vec::new();
    for error in errors {
        let at = lines.origin(error.span().unwrap_or_default());
        if let Origin::File { line, .. } = at {
            // The parser may report the same slip more than once.
            if broken.contains(&line) {
                continue;
            }
            broken.push(line);
        }
        let what = error.message().lines().collect::<Vec<_>>().join(", ");
        problems.push(Problem {
            at,
            key: String::new(),
            what: format!("not valid TOML ({what})"),
            next: "write KEY = VALUE under a [SECTION], text in double quotes".into(),
        });
    }
    Reading { lines, broken }.table(document.get_ref())
}

struct Reading {
    lines: Lines,
    broken: Vec<usize>,
}

impl Reading {
    fn table(&self, table: &DeTable<'_>) -> Table {
        let entries = table.iter().filter_map(|(key, value)| {
            let key_at = self.lines.origin(key.span());
            let is_table = value.get_ref().is_table();
            if let Origin::File { line, .. } = key_at
                && self.broken.contains(&line)
                && !is_table
            {
                return None;
            }
            let value = self.value(value.get_ref(), value.span());
            Some((key.get_ref().to_string(), Entry { key_at, value }))
        });
        Table(entries.collect())
    }

    fn value(&self, value: &DeValue<'_>, span: Range<usize>) -> Located {
        let at = self.lines.origin(span);
        let value = match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(whole) => i128::from_str_radix(whole.as_str(), whole.radix())
                .map_or(Value::Other("a number with too many digits"), Value::Whole),
            DeValue::Float(number) => {
                number.as_str().parse().map_or(Value::Other("not a number"), Value::Fraction)
            }
            DeValue::Boolean(flag) => Value::Flag(*flag),
            DeValue::Datetime(_) => Value::Other("a date or time"),
            DeValue::Array(list) => {
                Value::List(list.iter().map(|v| self.value(v.get_ref(), v.span())).collect())
            }
            DeValue::Table(table) => Value::Table(self.table(table)),
        };
        Located { at, value, raw: None }
    }
}

/// Overlays the variables `ALOUD_SECTION__KEY` on `table`.
pub(super) fn overlay(table: &mut Table, env: &Environment, problems: &mut Vec<Problem>) {
    for name in env.names(PREFIX) {
        let path = name.trim_start_matches(PREFIX);
        if !path.contains("__") {
            continue;
        }
        let at = Origin::Variable(name.to_owned());
        let Some(raw) = env.get(name) else {
            let next = "write it in UTF-8".to_owned();
            let what = "its value is not Unicode".to_owned();
            problems.push(Problem { at, key: String::new(), what, next });
            continue;
        };
        let segments: Vec<&str> = path.split("__").collect();
        put(table, &segments, variable(raw, &at));
    }
}

/// A variable's value: parsed as TOML if it is valid TOML, else plain text.
fn variable(raw: &str, at: &Origin) -> Located {
    let mut located = match DeValue::parse(raw) {
        Ok(value) => {
            Reading { lines: Lines::of(raw), broken: Vec::new() }.value(value.get_ref(), 0..0)
        }
        Err(_) => Located { at: at.clone(), value: Value::Text(raw.to_owned()), raw: None },
    };
    relocate(&mut located, at);
    located.raw = Some(raw.to_owned());
    located
}

/// Replaces places inside a variable's value by the variable, since they are of no use to anybody.
fn relocate(located: &mut Located, at: &Origin) {
    located.at = at.clone();
    match &mut located.value {
        Value::List(list) => list.iter_mut().for_each(|value| relocate(value, at)),
        Value::Table(table) => {
            for entry in table.0.values_mut() {
                entry.key_at = at.clone();
                relocate(&mut entry.value, at);
            }
        }
        Value::Text(_)
        | Value::Whole(_)
        | Value::Flag(_)
        | Value::Fraction(_)
        | Value::Other(_) => {}
    }
}

fn put(table: &mut Table, path: &[&str], value: Located) {
    let Some((first, rest)) = path.split_first() else { return };
    // A user-defined name may have capitals and hyphens, which a variable name cannot express.
    let upper = |key: &str| key.to_uppercase().replace('-', "_");
    let known = table.0.keys().find(|key| upper(key) == *first).cloned();
    let key = known.unwrap_or_else(|| first.to_lowercase());
    let at = value.at.clone();
    if rest.is_empty() {
        table.0.insert(key, Entry { key_at: at, value });
        return;
    }
    let fresh = || Located { at: at.clone(), value: Value::Table(Table::default()), raw: None };
    let entry = table.0.entry(key).or_insert_with(|| Entry { key_at: at.clone(), value: fresh() });
    // If the file has no table here, the file's own mistake is reported, and this variable ignored.
    if let Value::Table(inner) = &mut entry.value.value {
        put(inner, rest, value);
    }
}

/// Where lines begin, to turn a byte position into line and column.
struct Lines {
    text: String,
    starts: Vec<usize>,
}

impl Lines {
    fn of(text: &str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        Self { text: text.to_owned(), starts: starts.collect() }
    }

    fn origin(&self, span: Range<usize>) -> Origin {
        let at = span.start.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= at);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = self.text.get(start..at).unwrap_or_default();
        Origin::File { line, column: before.chars().count() + 1 }
    }
}
