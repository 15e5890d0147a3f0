//! What a request for an alarm leaves open, settled by the clock: the date of a named day, and the
//! half of the day.

use jiff::Zoned;
use jiff::civil::{Date, Time};

use super::{ToolError, day, said};

/// Somebody who asks to be woken at seven at least this many hours before seven in the evening
/// means the morning; later it means a nap.
const NAP_HOURS: i64 = 3;

/// Turns days relative to today into a date of the form YYYY-MM-DD, and so dates without a year.
/// Other days are unchanged.
///
/// # Errors
/// A date that does not exist, in words.
pub(super) fn settle_day(
    day: &mut Option<String>,
    date: &mut Option<String>,
    today: Date,
) -> Result<(), ToolError> {
    if let Some(text) = date {
        let Some(found) = day::date(text, today, false) else {
            if let Some(misfit) = day::misfit(text, today) {
                return Err(ToolError::Tell(misfit));
            }
            return Err(ToolError::Tell(format!(
                "There is no date {text}. Say it as a month and a day, like December 3rd."
            )));
        };
        *text = found.to_string();
        return Ok(());
    }
    let reckoned = |name: &&String| {
        let name = name.to_lowercase();
        name.starts_with("next ") || name.starts_with("in ") || name.split(' ').count() > 2
    };
    if let Some(found) = day.as_ref().filter(reckoned).and_then(|name| day::day(name, today)) {
        *date = Some(found.to_string());
        *day = None;
    }
    Ok(())
}

/// The intended time, and its date if that is not the named day: "4:30" in the afternoon is the
/// next one, "12 tonight" is the coming midnight. `said` is what the user said; without it the time
/// is taken as written.
pub(super) fn settle_time(
    time: Time,
    day: Option<&str>,
    dated: bool,
    said: Option<&str>,
    now: &Zoned,
) -> (Time, Option<Date>) {
    let over = |time: Time| time <= now.time();
    let today = day.is_some_and(|day| day.eq_ignore_ascii_case("today"));
    let tomorrow = now.date().tomorrow().ok();
    // The night belongs to the evening before it.
    let night = said.is_some_and(said::names_night) && time.hour() < 5;
    if today && over(time) && (night || time == Time::midnight()) {
        return (time, tomorrow);
    }
    let open = said.is_some_and(|said| !said::names_half(said));
    if !open || dated || (day.is_some() && !today) || !(1..=12).contains(&time.hour()) {
        return (time, None);
    }
    let hour = time.hour() % 12;
    let at = |hour: i8| Time::new(hour, time.minute(), 0, 0).unwrap_or(time);
    let (morning, evening) = (at(hour), at(hour + 12));
    if today {
        return (if over(morning) { evening } else { morning }, None);
    }
    let next = if !over(morning) {
        morning
    } else if !over(evening) {
        evening
    } else {
        morning
    };
    let hours = i64::from(next.hour()) - i64::from(now.hour());
    let asleep = said.is_some_and(said::wakes) && (4..=11).contains(&hour);
    if asleep && next == evening && hours >= NAP_HOURS { (morning, None) } else { (next, None) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 3:25 in the afternoon of a Monday.
    fn now() -> Zoned {
        "2026-11-30T15:25:00+00:00[UTC]".parse().unwrap()
    }

    fn time(written: &str, day: Option<&str>, said: &str) -> String {
        let (time, date) = settle_time(written.parse().unwrap(), day, false, Some(said), &now());
        let date = date.map(|date| format!(" {date}")).unwrap_or_default();
        format!("{}{date}", time.strftime("%H:%M"))
    }

    #[test]
    fn a_bare_time_is_the_next_one() {
        for (written, day, said, want) in [
            ("04:30", None, "set an alarm for 4:30", "16:30"),
            ("03:00", None, "set an alarm for 3", "03:00"),
            ("04:30", None, "set an alarm for 4:30 am", "04:30"),
            ("04:30", None, "set an alarm for 4:30 in the morning", "04:30"),
            ("04:00", Some("today"), "set an alarm for 4 today", "16:00"),
            ("05:00", Some("today"), "5 o'clock today", "17:00"),
            ("02:00", Some("today"), "2 today", "14:00"),
            ("04:30", Some("tomorrow"), "4:30 tomorrow", "04:30"),
            ("16:30", None, "set an alarm for 16:30", "16:30"),
            ("12:00", None, "set an alarm for 12", "00:00"),
            ("07:00", None, "wake me at 7", "07:00"),
            ("04:30", None, "wake me at 4:30", "16:30"),
            ("00:00", Some("today"), "set an alarm for 12 tonight", "00:00 2026-12-01"),
            ("00:30", Some("today"), "12:30 tonight", "00:30 2026-12-01"),
            ("21:00", Some("today"), "9 tonight", "21:00"),
        ] {
            assert_eq!(time(written, day, said), want, "{said}");
        }
        let (untold, _) = settle_time(Time::constant(4, 30, 0, 0), None, false, None, &now());
        assert_eq!(untold, Time::constant(4, 30, 0, 0));
    }

    #[test]
    fn days_that_need_a_calendar_become_dates() {
        let settled = |day: Option<&str>, date: Option<&str>| {
            let (mut day, mut date) = (day.map(str::to_owned), date.map(str::to_owned));
            settle_day(&mut day, &mut date, now().date()).map(|()| (day, date))
        };
        let some = |text: &str| Some(text.to_owned());
        for (day, date, want) in [
            (Some("next monday"), None, (None, some("2026-12-07"))),
            (Some("in 2 days"), None, (None, some("2026-12-02"))),
            (Some("monday next week"), None, (None, some("2026-12-07"))),
            (Some("friday in 1 week"), None, (None, some("2026-12-11"))),
            (Some("monday"), None, (some("monday"), None)),
            (Some("every day"), None, (some("every day"), None)),
            (Some("monday, wednesday, friday"), None, (some("monday, wednesday, friday"), None)),
            (None, Some("12-03"), (None, some("2026-12-03"))),
            (None, Some("24"), (None, some("2026-12-24"))),
            (None, None, (None, None)),
        ] {
            assert_eq!(settled(day, date), Ok(want));
        }
        assert!(settled(None, Some("02-30")).is_err());
    }
}
