use std::path::Path;

use clap::Args;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::json;

use super::exit::{Code, Failure};
use super::{Outcome, print};
use crate::app::App;
use crate::base::WallClock;
use crate::config::Environment;
use crate::engine::Usage;

/// Which days to show; the current month by default.
#[derive(Debug, Args)]
pub(crate) struct Period {
    /// The last COUNT days, including today.
    #[arg(long, value_name = "COUNT", group = "period", value_parser = clap::value_parser!(u16).range(1..))]
    days: Option<u16>,
    /// A month, such as 2026-11.
    #[arg(long, value_name = "YEAR-MONTH", group = "period")]
    month: Option<String>,
    /// Everything on record.
    #[arg(long, group = "period")]
    all: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// A model's row.
#[derive(Serialize)]
struct Row {
    model: String,
    #[serde(flatten)]
    usage: Usage,
    /// `None` if no price is set.
    cost: Option<f64>,
}

/// Prints the use of each model, and its cost if a price is set.
pub(super) fn run(file: Option<&Path>, env: &Environment, period: &Period) -> Outcome {
    let app = App::open(file, env)?;
    let today = WallClock::System.now().to_zoned(jiff::tz::TimeZone::system()).date();
    let (from, to) = period.days(today, app.ledger().begin())?;
    let found = app.ledger().read(from, to);
    for unread in &found.unread {
        print::trouble(&format!("left out: {unread}"));
    }
    let prices = &app.config.settings.prices;
    let rows: Vec<Row> = found
        .sums
        .into_iter()
        .map(|(model, usage)| {
            let cost = prices.get(&model).map(|price| price.of(&usage));
            Row { model, usage, cost }
        })
        .collect();
    let cost: f64 = rows.iter().filter_map(|row| row.cost).sum();
    let cost = (cost * 1e6).round() / 1e6;
    if period.json {
        let priced = rows.iter().any(|row| row.cost.is_some()).then_some(cost);
        return print::json(&json!({ "from": from, "to": to, "models": rows, "cost": priced }));
    }
    if rows.is_empty() {
        return print::line(format!("no usage from {from} to {to}"));
    }
    print::line(format!("{from} to {to}"))?;
    let cells = |row: &Row| {
        let cost = row.cost.map_or_else(|| "-".to_owned(), |cost| format!("{cost:.4}"));
        vec![row.model.clone(), cost, words(&row.usage)]
    };
    print::table(&rows.iter().map(cells).collect::<Vec<_>>())?;
    let unpriced = rows.iter().find(|row| row.cost.is_none());
    match unpriced {
        None => print::line(format!("cost: {cost:.4}")),
        Some(row) => {
            if rows.iter().any(|row| row.cost.is_some()) {
                print::line(format!("cost: {cost:.4}, not counting models without a price"))?;
            }
            let model = &row.model;
            print::line(format!("set prices with [prices.\"{model}\"] in the configuration"))
        }
    }
}

impl Period {
    /// The first and the last day. `begin` is the first day on record.
    fn days(&self, today: Date, begin: Option<Date>) -> Result<(Date, Date), Failure> {
        if let Some(month) = &self.month {
            let first: Option<Date> = format!("{month}-01").parse().ok();
            let first = first.filter(|_| month.len() == 7).ok_or_else(|| {
                Failure::new(
                    Code::Usage,
                    format!(
                        "\"{month}\" is not a month; write it like {}",
                        today.strftime("%Y-%m")
                    ),
                )
            })?;
            return Ok((first, first.last_of_month()));
        }
        if let Some(days) = self.days {
            let back = jiff::Span::new().days(i64::from(days) - 1);
            let from = today.checked_sub(back).unwrap_or(Date::MIN);
            return Ok((from, today));
        }
        let first = today.first_of_month();
        Ok((if self.all { begin.unwrap_or(first) } else { first }, today))
    }
}

/// A use in words, without the zeros.
fn words(usage: &Usage) -> String {
    let mut parts =
        vec![format!("{} request{}", usage.requests, if usage.requests == 1 { "" } else { "s" })];
    let tokens = [
        (usage.text_in, "text in"),
        (usage.audio_in, "sound in"),
        (usage.image_in, "pictures in"),
        (usage.cached_in, "cached"),
        (usage.text_out, "text out"),
        (usage.audio_out, "sound out"),
        (usage.image_out, "pictures out"),
        (usage.characters, "characters spoken"),
        (usage.pictures, "pictures made"),
    ];
    parts.extend(
        tokens
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}")),
    );
    if usage.seconds_in > 0.0 {
        parts.push(format!("{:.1} s heard", usage.seconds_in));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_period_is_this_month_or_what_is_named() {
        let of = |days, month: Option<&str>, all| {
            let month = month.map(str::to_owned);
            let period = Period { days, month, all, json: false };
            period.days(day("2026-11-24"), Some(day("2026-09-01"))).ok()
        };
        assert_eq!(of(None, None, false), Some((day("2026-11-01"), day("2026-11-24"))));
        assert_eq!(of(Some(1), None, false), Some((day("2026-11-24"), day("2026-11-24"))));
        assert_eq!(of(Some(30), None, false), Some((day("2026-10-26"), day("2026-11-24"))));
        assert_eq!(of(None, Some("2026-02"), false), Some((day("2026-02-01"), day("2026-02-28"))));
        assert_eq!(of(None, None, true), Some((day("2026-09-01"), day("2026-11-24"))));
        assert_eq!(of(None, Some("2026-2"), false), None);
        assert_eq!(of(None, Some("2026-13"), false), None);
    }
}
