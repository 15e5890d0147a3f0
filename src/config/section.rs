//! Typed reading of one table: each call names a key, checks it, and records the result.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use reqwest::Url;

use super::table::{Entry, Located, Table, Value};
use super::{Feature, ModelName, Origin, Problem, Speculate};
use crate::keys::Shortcut;

/// What reading collects besides the settings.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) problems: Vec<Problem>,
    pub(super) shown: Vec<Shown>,
    /// The home folder, for `~/`.
    pub(super) home: Option<PathBuf>,
}

/// The resulting value of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) section: String,
    pub(super) key: String,
    /// In TOML; `None` if it is not set and has no default.
    pub(super) value: Option<String>,
    pub(super) origin: Origin,
}

/// One of the words that a key may have.
pub(super) struct Choice<T> {
    pub(super) word: &'static str,
    pub(super) value: T,
    /// The feature that it needs, if that may be missing.
    pub(super) needs: Option<Feature>,
}

/// One table being read. [`Section::end`] reports the keys that nobody asked for.
pub(super) struct Section<'t, 'r> {
    table: Option<&'t Table>,
    name: String,
    known: Vec<String>,
    report: &'r mut Report,
}

/// What is wrong with a value, and what would be right.
pub(super) type Wrong = (String, String);

impl<'t, 'r> Section<'t, 'r> {
    pub(super) fn root(table: &'t Table, report: &'r mut Report) -> Self {
        Self { table: Some(table), name: String::new(), known: Vec::new(), report }
    }

    /// The table `key` in this one; an empty one if it is absent.
    pub(super) fn section(&mut self, key: &str) -> Section<'t, '_> {
        let name = self.path(key);
        let table = match self.entry(key) {
            Some(Entry { value: Located { value: Value::Table(table), .. }, .. }) => Some(table),
            Some(Entry { value, .. }) => {
                let wrong = (
                    format!("it is {}", value.value.kind()),
                    format!("write [{name}] and its keys"),
                );
                self.wrong(&value.at, key, wrong);
                None
            }
            None => None,
        };
        Section { table, name, known: Vec::new(), report: self.report }
    }

    /// The names of the keys in this table, which are the user's own.
    pub(super) fn names(&self) -> Vec<String> {
        self.table.map(|table| table.0.keys().cloned().collect()).unwrap_or_default()
    }

    /// The names of those that are tables themselves.
    pub(super) fn tables(&self) -> Vec<String> {
        let table = |(name, entry): (&String, &Entry)| {
            matches!(entry.value.value, Value::Table(_)).then(|| name.clone())
        };
        self.table.map(|of| of.0.iter().filter_map(table).collect()).unwrap_or_default()
    }

    /// Where this table begins.
    pub(super) fn at(&self) -> Origin {
        let first = self.table.and_then(|table| table.0.values().map(|e| e.key_at.clone()).min());
        first.unwrap_or(Origin::Default)
    }

    /// Reports every key of this table that nobody asked for.
    pub(super) fn end(self) {
        let Some(table) = self.table else { return };
        for (key, entry) in &table.0 {
            if self.known.contains(key) {
                continue;
            }
            let near = near(key, self.known.iter().map(String::as_str));
            let is_table = matches!(entry.value.value, Value::Table(_));
            let (what, list) = match (is_table, self.name.is_empty()) {
                (true, true) => ("no such section", "sections"),
                (_, true) => ("it is outside any section", "sections"),
                (_, false) => ("no such key", "keys"),
            };
            let next = match near {
                Some(near) if self.name.is_empty() => format!("did you mean [{near}]?"),
                Some(near) => format!("did you mean {near}?"),
                None => format!("the {list} here are {}", self.known.join(", ")),
            };
            let at = entry.key_at.clone();
            let dot = if self.name.is_empty() { "" } else { "." };
            let key = format!("{}{dot}{key}", self.name);
            self.report.problems.push(Problem { at, key, what: what.into(), next });
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &str, default: bool) -> bool {
        self.read(key, "true or false", default, |value, _| {
            if let Value::Flag(flag) = value.value { Ok(flag) } else { Err(None) }
        })
    }

    /// `true` or `false`, or "free".
    pub(super) fn speculate(&mut self, key: &str) -> Speculate {
        let always = Speculate::If(true);
        self.read(key, "true or false, or \"free\"", always, |value, _| match &value.value {
            Value::Flag(flag) => Ok(Speculate::If(*flag)),
            Value::Text(text) if text == "free" => Ok(Speculate::Free),
            Value::Text(_)
            | Value::Whole(_)
            | Value::Fraction(_)
            | Value::List(_)
            | Value::Table(_)
            | Value::Other(_) => Err(None),
        })
    }

    /// A whole number of `unit` in `range`.
    pub(super) fn whole(
        &mut self,
        key: &str,
        range: RangeInclusive<u32>,
        unit: &str,
        default: u32,
    ) -> u32 {
        let (from, to) = (range.start(), range.end());
        let space = if unit.is_empty() { "" } else { " " };
        let wanted = format!("a whole number from {from} to {to}{space}{unit}");
        self.read(key, &wanted, default, |value, _| {
            let Value::Whole(whole) = value.value else { return Err(None) };
            let fits = u32::try_from(whole).ok().filter(|fits| range.contains(fits));
            fits.ok_or_else(|| Some(format!("{whole} is out of range")))
        })
    }

    /// A number in `range`, whole or not; no default.
    pub(super) fn fraction(&mut self, key: &str, range: RangeInclusive<f64>) -> Option<f64> {
        let wanted = format!("a number from {} to {}", range.start(), range.end());
        self.read(key, &wanted, None, |value, _| {
            let number = match value.value {
                Value::Fraction(number) => number,
                // Exact for every whole number that can be in range.
                Value::Whole(whole) => whole as f64,
                Value::Text(_)
                | Value::Flag(_)
                | Value::List(_)
                | Value::Table(_)
                | Value::Other(_) => {
                    return Err(None);
                }
            };
            let fits = range.contains(&number);
            fits.then_some(Some(number)).ok_or_else(|| Some(format!("{number} is out of range")))
        })
    }

    /// A whole number in `range`; no default.
    pub(super) fn maybe_whole(&mut self, key: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        self.read(key, &wanted, None, |value, _| {
            let Value::Whole(whole) = value.value else { return Err(None) };
            let fits = u32::try_from(whole).ok().filter(|fits| range.contains(fits));
            fits.map(Some).ok_or_else(|| Some(format!("{whole} is out of range")))
        })
    }

    /// Text that is not empty; no default.
    pub(super) fn words(&mut self, key: &str, wanted: &str) -> Option<String> {
        self.maybe(key, wanted, |text, _| match text.trim() {
            "" => Err("it is empty".to_owned()),
            text => Ok(text.to_owned()),
        })
    }

    /// One of a few words; no default.
    pub(super) fn maybe_word(&mut self, key: &str, words: &[&str]) -> Option<String> {
        let wanted = format!("\"{}\"", words.join("\" or \""));
        self.maybe(key, &wanted, |text, _| {
            if words.contains(&text) {
                return Ok(text.to_owned());
            }
            let near = near(text, words.iter().copied());
            let near = near.map(|n| format!(" (did you mean \"{n}\"?)")).unwrap_or_default();
            Err(format!("\"{text}\" is not a valid choice{near}"))
        })
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy + Default>(
        &mut self,
        key: &str,
        choices: &[Choice<T>],
        default: &str,
    ) -> T {
        let built = |c: &&Choice<T>| c.needs.is_none_or(Feature::built);
        let words = choices.iter().filter(built).map(|c| format!("\"{}\"", c.word));
        let wanted = words.collect::<Vec<_>>().join(" or ");
        let word = self.read(key, &wanted, default.to_owned(), |value, _| {
            let word = value.text().ok_or(None)?;
            match choices.iter().find(|c| c.word == word) {
                Some(c) if built(&c) => Ok(word.to_owned()),
                Some(_) => Err(Some(format!("\"{word}\" is not available yet"))),
                None => {
                    let near = near(word, choices.iter().filter(built).map(|c| c.word));
                    let near =
                        near.map(|n| format!(" (did you mean \"{n}\"?)")).unwrap_or_default();
                    Err(Some(format!("\"{word}\" is not a valid choice{near}")))
                }
            }
        });
        let chosen = choices.iter().find(|c| c.word == word);
        chosen.map(|c| c.value).unwrap_or_default()
    }

    /// Text that `check` accepts.
    pub(super) fn text(
        &mut self,
        key: &str,
        wanted: &str,
        default: &str,
        check: impl Fn(&str) -> Result<String, String>,
    ) -> String {
        self.read(key, wanted, default.to_owned(), |value, _| {
            check(value.text().ok_or(None)?).map_err(Some)
        })
    }

    /// Text that `check` accepts; no default.
    pub(super) fn maybe<T: Show + Clone>(
        &mut self,
        key: &str,
        wanted: &str,
        check: impl Fn(&str, Option<&Path>) -> Result<T, String>,
    ) -> Option<T> {
        self.read(key, wanted, None, |value, home| {
            check(value.text().ok_or(None)?, home).map(Some).map_err(Some)
        })
    }

    /// A list of texts that `check` accepts, or a single one.
    pub(super) fn list<T: Show + Clone>(
        &mut self,
        key: &str,
        wanted: &str,
        default: Vec<T>,
        check: impl Fn(&str) -> Result<T, Wrong>,
    ) -> Vec<T> {
        let entry = self.entry(key).map(|entry| &entry.value);
        let items = match entry {
            None => {
                self.show(key, Some(&default), Origin::Default);
                return default;
            }
            Some(Located { value: Value::List(list), .. }) => list.iter().collect(),
            Some(one) => vec![one],
        };
        let mut good = Vec::new();
        let mut wrong = Vec::new();
        for item in items {
            match item.text().map(&check) {
                Some(Ok(value)) => good.push(value),
                Some(Err(what)) => wrong.push((item.at.clone(), what)),
                None => wrong.push((
                    item.at.clone(),
                    (format!("it is {}", item.value.kind()), format!("write {wanted}")),
                )),
            }
        }
        for (at, what) in wrong {
            self.wrong(&at, key, what);
        }
        let at = entry.map_or(Origin::Default, |entry| entry.at.clone());
        self.show(key, Some(&good), at);
        good
    }

    /// The origin of the value of `key`.
    pub(super) fn place(&self, key: &str) -> Option<Origin> {
        Some(self.table?.0.get(key)?.value.at.clone())
    }

    /// Whether no mistake with `key` is known.
    pub(super) fn clean(&self, key: &str) -> bool {
        let path = self.path(key);
        self.report.problems.iter().all(|problem| problem.key != path)
    }

    /// The path `text`, with the home folder in place of `~/`.
    pub(super) fn expand(&self, text: &str) -> PathBuf {
        match (text.strip_prefix("~/"), &self.report.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(text),
        }
    }

    /// Reports a mistake with `key` at `at`.
    pub(super) fn wrong(&mut self, at: &Origin, key: &str, (what, next): Wrong) {
        let key = self.path(key);
        self.report.problems.push(Problem { at: at.clone(), key, what, next });
    }

    fn read<T: Show + Clone>(
        &mut self,
        key: &str,
        wanted: &str,
        default: T,
        parse: impl Fn(&Located, Option<&Path>) -> Result<T, Option<String>>,
    ) -> T {
        let Some(entry) = self.entry(key) else {
            self.show(key, Some(&default), Origin::Default);
            return default;
        };
        let value = &entry.value;
        match parse(value, self.report.home.as_deref()) {
            Ok(read) => {
                self.show(key, Some(&read), value.at.clone());
                read
            }
            Err(what) => {
                let what = what.unwrap_or_else(|| format!("it is {}", value.value.kind()));
                self.wrong(&value.at, key, (what, format!("write {wanted}")));
                default
            }
        }
    }

    fn entry(&mut self, key: &str) -> Option<&'t Entry> {
        if !self.known.iter().any(|known| known == key) {
            self.known.push(key.to_owned());
        }
        self.table?.0.get(key)
    }

    fn show<T: Show>(&mut self, key: &str, value: Option<&T>, origin: Origin) {
        let value = value.and_then(Show::toml);
        let (section, key) = (self.name.clone(), key.to_owned());
        self.report.shown.push(Shown { section, key, value, origin });
    }

    fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }
}

impl Located {
    /// The text, or what a variable held before it was parsed as a number.
    pub(super) fn text(&self) -> Option<&str> {
        match (&self.value, &self.raw) {
            (Value::Text(text), _) => Some(text),
            (
                Value::Whole(_) | Value::Flag(_) | Value::Fraction(_) | Value::Other(_),
                Some(raw),
            ) => Some(raw),
            _ => None,
        }
    }
}

/// A value in TOML syntax.
pub(super) trait Show {
    /// The text of the value; `None` if it is not set.
    fn toml(&self) -> Option<String>;
}

impl Show for bool {
    fn toml(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Show for Speculate {
    fn toml(&self) -> Option<String> {
        match self {
            Self::If(flag) => flag.toml(),
            Self::Free => "free".to_owned().toml(),
        }
    }
}

impl Show for u32 {
    fn toml(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Show for f64 {
    fn toml(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Show for String {
    fn toml(&self) -> Option<String> {
        Some(quoted(self))
    }
}

impl Show for Shortcut {
    fn toml(&self) -> Option<String> {
        Some(quoted(self))
    }
}

impl Show for ModelName {
    fn toml(&self) -> Option<String> {
        Some(quoted(self))
    }
}

impl Show for PathBuf {
    fn toml(&self) -> Option<String> {
        Some(quoted(&self.display()))
    }
}

impl<T: Show> Show for Option<T> {
    fn toml(&self) -> Option<String> {
        self.as_ref().and_then(Show::toml)
    }
}

impl<T: Show> Show for Vec<T> {
    fn toml(&self) -> Option<String> {
        let items: Vec<String> = self.iter().filter_map(Show::toml).collect();
        Some(format!("[{}]", items.join(", ")))
    }
}

/// `text` as a basic string of TOML.
pub(super) fn quoted(text: &impl Display) -> String {
    toml::Value::String(text.to_string()).to_string()
}

/// The word most similar to `word`, if any is similar.
pub(super) fn near<'a>(word: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let scored = words.map(|known| (strsim::jaro_winkler(known, &word), known));
    let best = scored.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0));
    best.map(|(_, known)| known)
}

/// A URL without user, password, query or trailing slash.
pub(super) fn web_address(text: &str) -> Result<String, String> {
    let url = Url::parse(text.trim()).map_err(|e| format!("not a web address ({e})"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("not an http or https address".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address must not contain a password".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("the address must end before any ? or #".into());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// An absolute path; `~/` is the home folder.
pub(super) fn path(text: &str, home: Option<&Path>) -> Result<PathBuf, String> {
    let path = match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        (Some(_), None) => return Err("there is no home folder for ~".into()),
        (None, _) => PathBuf::from(text),
    };
    if path.is_absolute() {
        Ok(path)
    } else {
        Err(format!("\"{text}\" depends on the current folder"))
    }
}
