//! The use of providers' models, and its cost: a file of lines for each month.
//!
//! ```text
//! engines ─▶ Meter ─▶ write ─▶ STATE/usage/2026-11.jsonl ─▶ read ─▶ Sums ─▶ with Prices, a cost
//! ```
//!
//! **Invariant:** a line is written whole or not at all, even by several programs at once.
//! **Invariant:** no price is made up: a model costs what the user has entered, and a model without
//! a price is reported as such.
//! Deliberately absent: limits; to cap spending, set a limit at the provider.

mod price;

pub use price::Price;

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::base::WallClock;
use crate::engine::{Spent, Usage};

/// Upper bound for a month, in bytes; a larger file is not ours.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// One line.
#[derive(Serialize, Deserialize)]
struct Entry {
    at: Timestamp,
    model: String,
    #[serde(flatten)]
    usage: Usage,
}

/// The use of each model, by its name `PROVIDER/MODEL`.
pub type Sums = BTreeMap<String, Usage>;

/// Uses waiting to be written. Beyond that, the newest are dropped, with a log message.
const WAITING: usize = 256;

/// The folder in which uses are recorded. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ledger {
    folder: PathBuf,
    zone: TimeZone,
    clock: WallClock,
    waiting: Arc<Mutex<Vec<Spent>>>,
}

/// The result of reading.
#[derive(Debug, Default)]
pub struct Found {
    /// The sums.
    pub sums: Sums,
    /// Lines that are not ours, and files that cannot be read.
    pub unread: Vec<String>,
}

impl Ledger {
    /// The one in `folder`, with months and days as in `zone`. Nothing is created before the first
    /// use.
    pub fn new(folder: PathBuf, zone: TimeZone, clock: WallClock) -> Self {
        Self { folder, zone, clock, waiting: Arc::default() }
    }

    /// Records a use off the async threads; what is not written when the program ends is left for
    /// [`Ledger::flush`].
    pub fn note(&self, spent: Spent) {
        let mut waiting = self.waiting();
        if waiting.len() == WAITING {
            tracing::warn!("usage of {} was not recorded: the disk is too slow", spent.model);
            return;
        }
        waiting.push(spent);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let ledger = self.clone();
            runtime.spawn_blocking(move || ledger.flush());
        }
    }

    /// Writes what is waiting.
    pub fn flush(&self) {
        let waiting = std::mem::take(&mut *self.waiting());
        for spent in waiting {
            if let Err(error) = self.write(&spent) {
                tracing::warn!("usage cannot be recorded in {}: {error}", self.folder.display());
            }
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Spent>> {
        // No holder of this lock can panic halfway.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, spent: &Spent) -> io::Result<()> {
        let at = self.clock.now();
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let entry = Entry { at, model: spent.model.clone(), usage: spent.usage };
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        let path = self.page(at.to_zoned(self.zone.clone()).date());
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        // One call: lines of two programs never mix.
        file.write_all(&line)
    }

    /// The use from the day `from` to the day `to`, both inclusive.
    pub fn read(&self, from: Date, to: Date) -> Found {
        let mut found = Found::default();
        let mut month = from.first_of_month();
        while month <= to {
            self.read_page(&self.page(month), from, to, &mut found);
            let Ok(next) = month.checked_add(jiff::Span::new().months(1)) else { break };
            month = next;
        }
        found
    }

    /// The day of the first use, if there was one.
    pub fn begin(&self) -> Option<Date> {
        let pages = fs::read_dir(&self.folder).ok()?.flatten();
        let months = pages.filter_map(|page| {
            let name = page.file_name().into_string().ok()?;
            format!("{}-01", name.strip_suffix(".jsonl")?).parse().ok()
        });
        months.min()
    }

    fn page(&self, day: Date) -> PathBuf {
        self.folder.join(format!("{:04}-{:02}.jsonl", day.year(), day.month()))
    }

    fn read_page(&self, path: &Path, from: Date, to: Date, found: &mut Found) {
        let text = match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Ok(meta) if meta.len() > MAX_BYTES => {
                Err("it is too large to be a usage file".to_owned())
            }
            Ok(_) | Err(_) => fs::read(path).map_err(|error| error.to_string()),
        };
        let text = match text {
            Ok(text) => text,
            Err(why) => return found.unread.push(format!("{}: {why}", path.display())),
        };
        let lines = text.split(|byte| *byte == b'\n').enumerate();
        for (number, line) in lines.filter(|(_, line)| !line.is_empty()) {
            let Ok(entry) = serde_json::from_slice::<Entry>(line) else {
                found.unread.push(format!("{}:{}: not a usage record", path.display(), number + 1));
                continue;
            };
            let day = entry.at.to_zoned(self.zone.clone()).date();
            if (from..=to).contains(&day) {
                *found.sums.entry(entry.model).or_default() += entry.usage;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(model: &str, text_in: u64) -> Spent {
        Spent { model: model.into(), usage: Usage { text_in, ..Usage::request() } }
    }

    #[test]
    fn uses_are_summed_by_model_over_days_and_months() {
        let dir = tempfile::tempdir().unwrap();
        let clock = WallClock::fixed("2026-10-31T23:59:59Z".parse().unwrap());
        let ledger = Ledger::new(dir.path().join("usage"), TimeZone::UTC, clock.clone());
        let write = |spent| {
            ledger.note(spent);
            ledger.flush();
        };
        let day = |text: &str| text.parse::<Date>().unwrap();
        assert_eq!(ledger.begin(), None);
        assert!(ledger.read(day("2026-10-01"), day("2026-11-30")).sums.is_empty());
        write(spent("x/a", 1));
        clock.set("2026-11-01T00:00:01Z".parse().unwrap());
        write(spent("x/a", 10));
        write(spent("x/b", 100));
        let sums = |from, to| {
            let found = ledger.read(day(from), day(to));
            assert_eq!(found.unread, Vec::<String>::new());
            found
                .sums
                .into_iter()
                .map(|(model, u)| (model, u.requests, u.text_in))
                .collect::<Vec<_>>()
        };
        assert_eq!(sums("2026-10-31", "2026-10-31"), [("x/a".to_owned(), 1, 1)]);
        let both = [("x/a".to_owned(), 2, 11), ("x/b".to_owned(), 1, 100)];
        assert_eq!(sums("2026-10-01", "2026-11-30"), both);
        assert_eq!(ledger.begin(), Some(day("2026-10-01")));
    }

    #[test]
    fn a_broken_line_is_told_and_costs_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let clock = WallClock::fixed("2026-11-24T12:00:00Z".parse().unwrap());
        let ledger = Ledger::new(dir.path().to_owned(), TimeZone::UTC, clock);
        ledger.write(&spent("x/a", 1)).unwrap();
        let path = dir.path().join("2026-11.jsonl");
        let mut text = fs::read_to_string(&path).unwrap();
        text.push_str("{\"at\": \"20\n");
        fs::write(&path, text).unwrap();
        ledger.write(&spent("x/a", 2)).unwrap();
        let day = "2026-11-24".parse().unwrap();
        let found = ledger.read(day, day);
        assert_eq!(found.sums["x/a"].text_in, 3);
        assert_eq!(found.unread.len(), 1);
        assert!(
            found.unread[0].ends_with("2026-11.jsonl:2: not a usage record"),
            "{:?}",
            found.unread
        );
    }
}
