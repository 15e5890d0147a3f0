//! iCalendar files (RFC 5545): which events are when, and how a new one is written.

use std::collections::HashSet;

use icalendar::parser::{Component as Part, Property as Field, read_calendar, unfold};
use icalendar::{Component as _, Event as Written, Property};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Zoned};
use rrule::RRuleSet;

/// The most repetitions of an event that are counted: a daily one of a century.
const MOST: usize = 40_000;

/// An event on a day, or one of the repetitions of one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    pub(super) title: String,
    pub(super) place: Option<String>,
    /// In local time; midnight of an event that takes whole days.
    pub(super) start: Zoned,
    pub(super) end: Zoned,
    pub(super) all_day: bool,
}

/// An event with its place in the file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Occurrence {
    pub(super) event: Event,
    /// Which `VEVENT` of the file it is, from zero.
    pub(super) part: usize,
    /// The zone in which its begin is written.
    pub(super) zone: TimeZone,
    /// The event that it repeats, if it does.
    pub(super) series: Option<Series>,
    /// Its own parts of the file: those with the same `UID`, or it alone.
    pub(super) kin: Vec<usize>,
}

/// Which repetition of an event it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Series {
    /// Which `VEVENT` has the rule.
    pub(super) part: usize,
    /// When it would begin by the rule, on the wall clock of that event.
    pub(super) at: DateTime,
}

/// A point in time as it is written: a wall clock somewhere, or a date.
struct Point {
    at: DateTime,
    zone: TimeZone,
    all_day: bool,
}

impl Point {
    fn zoned(&self, at: DateTime, here: &TimeZone) -> Option<Zoned> {
        at.to_zoned(self.zone.clone()).ok().map(|at| at.with_time_zone(here.clone()))
    }
}

/// The events of the file `text` that touch the time from `from` to `to`, the first one first.
///
/// # Errors
/// That it is no calendar.
pub(super) fn events(text: &str, from: &Zoned, to: &Zoned) -> Result<Vec<Event>, String> {
    let found = occurrences(text, from, to)?;
    Ok(found.into_iter().map(|found| found.event).collect())
}

/// As [`events`], each with its place in the file.
///
/// # Errors
/// As [`events`].
pub(super) fn occurrences(text: &str, from: &Zoned, to: &Zoned) -> Result<Vec<Occurrence>, String> {
    let here = from.time_zone();
    let unfolded = unfold(text);
    let calendar = read_calendar(&unfolded).map_err(|_| "it is no iCalendar file".to_owned())?;
    let parts = || calendar.components.iter().filter(|part| part.name == "VEVENT");
    // A changed repetition is an event of its own, which says which one it replaces.
    let replaced: HashSet<(String, Timestamp)> = parts()
        .filter_map(|part| {
            let id = point(part.find_prop("RECURRENCE-ID")?, here)?;
            Some((value(part, "UID")?, id.zoned(id.at, here)?.timestamp()))
        })
        .collect();
    let mut found = Vec::new();
    for (number, part) in parts().enumerate() {
        if value(part, "STATUS").as_deref() == Some("CANCELLED") {
            continue;
        }
        let Some(start) = part.find_prop("DTSTART").and_then(|field| point(field, here)) else {
            continue;
        };
        let Some(length) = length(part, &start, here) else { continue };
        let (uid, single) = (value(part, "UID"), part.find_prop("RECURRENCE-ID").is_some());
        let title = value(part, "SUMMARY").filter(|title| !title.trim().is_empty());
        let same = |other: &Part<'_>| uid.is_some() && value(other, "UID") == uid;
        let kin = parts().enumerate().filter(|(n, other)| *n == number || same(other));
        let kin: Vec<usize> = kin.map(|(n, _)| n).collect();
        let replaces = single.then(|| {
            let rule = parts().enumerate().find(|(_, other)| same(other) && repeats(other))?;
            let start = point(rule.1.find_prop("DTSTART")?, here)?;
            let id = point(part.find_prop("RECURRENCE-ID")?, here)?;
            let at = id.zoned(id.at, &start.zone)?.datetime();
            Some(Series { part: rule.0, at })
        });
        let replaces = replaces.flatten();
        for at in repetitions(part, &start, to, here) {
            let (Some(begins), Ok(ends)) = (start.zoned(at, here), at.checked_add(length)) else {
                continue;
            };
            let Some(ends) = start.zoned(ends, here) else { continue };
            let gone = !single
                && uid
                    .as_ref()
                    .is_some_and(|uid| replaced.contains(&(uid.clone(), begins.timestamp())));
            if !gone && begins < *to && (ends > *from || begins >= *from) {
                let event = Event {
                    title: title.clone().unwrap_or_else(|| "an event without a name".into()),
                    place: value(part, "LOCATION").filter(|place| !place.is_empty()),
                    start: begins,
                    end: ends,
                    all_day: start.all_day,
                };
                let rule = (!single && repeats(part)).then_some(Series { part: number, at });
                found.push(Occurrence {
                    event,
                    part: number,
                    zone: start.zone.clone(),
                    series: replaces.clone().or(rule),
                    kin: kin.clone(),
                });
            }
        }
    }
    found.sort_by(|a: &Occurrence, b| {
        let (a, b) = (&a.event, &b.event);
        a.start.cmp(&b.start).then_with(|| a.title.cmp(&b.title))
    });
    Ok(found)
}

fn repeats(part: &Part<'_>) -> bool {
    ["RRULE", "RDATE"].iter().any(|name| part.find_prop(name).is_some())
}

/// When the event begins each time, by the wall clock of its own zone.
fn repetitions(part: &Part<'_>, start: &Point, to: &Zoned, here: &TimeZone) -> Vec<DateTime> {
    let mut all = vec![start.at];
    if let Some(rule) = value(part, "RRULE") {
        // The rule is counted on a clock without a zone, so that nine o'clock stays nine o'clock
        // and any zone will do.
        let rule = format!(
            "DTSTART:{}Z\nRRULE:{}",
            start.at.strftime("%Y%m%dT%H%M%S"),
            until_local(&rule, start)
        );
        match rule.parse::<RRuleSet>() {
            Ok(set) => {
                let last = to.with_time_zone(start.zone.clone()).datetime();
                let wall = |second| Timestamp::from_second(second).ok();
                let wall = |second| wall(second).map(|at| at.to_zoned(TimeZone::UTC).datetime());
                let times = set.into_iter().filter_map(|at| wall(at.timestamp()));
                all = times.take(MOST).take_while(|at| *at <= last).collect();
            }
            Err(error) => {
                tracing::warn!(%error, "an event repeats in a way that is not understood")
            }
        }
    }
    let listed = |name: &str| -> Vec<DateTime> {
        let fields = part.properties.iter().filter(|field| field.name == name);
        fields.flat_map(|field| points(field, here)).map(|point| point.at).collect()
    };
    all.extend(listed("RDATE"));
    let without = listed("EXDATE");
    all.retain(|at| !without.contains(at) && !without.contains(&at.date().at(0, 0, 0, 0)));
    all.sort_unstable();
    all.dedup();
    all
}

/// `rule`, its end as the event's own wall clock shows it: it is written in UTC.
fn until_local(rule: &str, start: &Point) -> String {
    let parts = rule.split(';').map(|part| {
        let until = part.strip_prefix("UNTIL=").and_then(|until| {
            let utc = DateTime::strptime("%Y%m%dT%H%M%SZ", until).ok()?;
            let local = utc.to_zoned(TimeZone::UTC).ok()?.with_time_zone(start.zone.clone());
            Some(format!("UNTIL={}", local.strftime("%Y%m%dT%H%M%SZ")))
        });
        let date = part.strip_prefix("UNTIL=").filter(|until| until.len() == 8);
        // The rest of that day belongs to it.
        let date = date.map(|date| format!("UNTIL={date}T235959Z"));
        until.or(date).unwrap_or_else(|| part.to_owned())
    });
    parts.collect::<Vec<_>>().join(";")
}

fn length(part: &Part<'_>, start: &Point, here: &TimeZone) -> Option<Span> {
    if let Some(end) = part.find_prop("DTEND").and_then(|field| point(field, here)) {
        let end = end.zoned(end.at, &start.zone)?.datetime();
        return start.at.until(end).ok();
    }
    if let Some(duration) = value(part, "DURATION") {
        return duration.parse().ok();
    }
    Some(if start.all_day { 1.day() } else { Span::new() })
}

fn value(part: &Part<'_>, name: &str) -> Option<String> {
    let text = part.find_prop(name)?.val.as_str();
    let plain = text.replace("\\n", " ").replace("\\N", " ");
    let plain = plain.replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\");
    Some(plain.trim().to_owned())
}

fn point(field: &Field<'_>, here: &TimeZone) -> Option<Point> {
    points(field, here).into_iter().next()
}

/// The points that `field` lists.
fn points(field: &Field<'_>, here: &TimeZone) -> Vec<Point> {
    let named = field.params.iter().find(|param| param.key == "TZID");
    let named = named.and_then(|param| param.val.as_ref()).and_then(|name| {
        // Some programs write names of their own; then the event is taken to be here.
        TimeZone::get(name.as_str().trim_matches('"')).ok()
    });
    let zone = named.unwrap_or_else(|| here.clone());
    let read = |text: &str| {
        if let Ok(date) = Date::strptime("%Y%m%d", text) {
            return Some(Point { at: date.at(0, 0, 0, 0), zone: here.clone(), all_day: true });
        }
        let (text, zone) = match text.strip_suffix('Z') {
            Some(utc) => (utc, TimeZone::UTC),
            None => (text, zone.clone()),
        };
        let at = DateTime::strptime("%Y%m%dT%H%M%S", text).ok()?;
        Some(Point { at, zone, all_day: false })
    };
    field.val.as_str().split(',').filter_map(|text| read(text.trim())).collect()
}

/// The file `text` with one more event, called `uid`; a new file if it is empty. `now` stamps it.
pub(super) fn with(text: &str, event: &Event, uid: &str, now: Timestamp) -> String {
    let stamp = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut written = Written::new();
    written.uid(&format!("{uid}@aloud"));
    written.summary(&event.title);
    written.append_property(Property::new("DTSTAMP", &stamp));
    for (name, at) in [("DTSTART", &event.start), ("DTEND", &event.end)] {
        let wall = at.strftime("%Y%m%dT%H%M%S").to_string();
        let mut field = match (event.all_day, at.time_zone().iana_name()) {
            (true, _) => Property::new(name, at.strftime("%Y%m%d").to_string()),
            (false, Some("UTC") | None) => {
                Property::new(name, at.timestamp().strftime("%Y%m%dT%H%M%SZ").to_string())
            }
            (false, Some(_)) => Property::new(name, wall),
        };
        if event.all_day {
            field.add_parameter("VALUE", "DATE");
        } else if let Some(zone) = at.time_zone().iana_name().filter(|zone| *zone != "UTC") {
            field.add_parameter("TZID", zone);
        }
        written.append_property(field.done());
    }
    let event = written.done().to_string();
    let empty = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//aloud//EN\r\nEND:VCALENDAR\r\n";
    let text = if text.trim().is_empty() { empty } else { text };
    match text.rfind("END:VCALENDAR") {
        Some(end) => format!("{}{}\r\n{}", &text[..end], event.trim_end(), &text[end..]),
        None => format!("{text}\r\n{}\r\n", event.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Zoned {
        text.parse().unwrap()
    }

    fn titles(text: &str, from: &str, to: &str) -> Vec<String> {
        let events = events(text, &at(from), &at(to)).unwrap();
        events.iter().map(|e| format!("{} {}", e.start.strftime("%a %d %H:%M"), e.title)).collect()
    }

    /// A calendar with these lines in one event each.
    fn calendar(events: &[&str]) -> String {
        let events: String = events
            .iter()
            .map(|lines| {
                format!("BEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\n", lines.replace('\n', "\r\n"))
            })
            .collect();
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n")
    }

    #[test]
    fn a_weekly_event_keeps_its_clock_over_the_end_of_summer_time() {
        let text = calendar(&[
            "UID:1\nSUMMARY:Choir\\, tenors\nDTSTART;TZID=Europe/Berlin:20261019T190000\nDTEND;TZID=Europe/Berlin:20261019T210000\nRRULE:FREQ=WEEKLY;UNTIL=20261102T180000Z\nEXDATE;TZID=Europe/Berlin:20261102T190000",
        ]);
        assert_eq!(
            titles(&text, "2026-10-01T00:00[Europe/Berlin]", "2026-12-01T00:00[Europe/Berlin]"),
            ["Mon 19 19:00 Choir, tenors", "Mon 26 19:00 Choir, tenors"]
        );
    }

    #[test]
    fn a_moved_repetition_and_a_cancelled_one_are_where_they_were_put() {
        let text = calendar(&[
            "UID:1\nSUMMARY:Standup\nDTSTART:20261130T090000Z\nDURATION:PT15M\nRRULE:FREQ=DAILY;COUNT=3",
            "UID:1\nRECURRENCE-ID:20261201T090000Z\nSUMMARY:Standup\nDTSTART:20261201T110000Z\nDURATION:PT15M",
            "UID:2\nSTATUS:CANCELLED\nSUMMARY:Gone\nDTSTART:20261201T120000Z",
        ]);
        assert_eq!(
            titles(&text, "2026-11-30T00:00[UTC]", "2026-12-05T00:00[UTC]"),
            ["Mon 30 09:00 Standup", "Tue 01 11:00 Standup", "Wed 02 09:00 Standup"]
        );
    }

    #[test]
    fn a_day_off_is_a_whole_day_wherever_it_is_read() {
        let text = calendar(&["UID:1\nSUMMARY:Day off\nDTSTART;VALUE=DATE:20261201"]);
        let found =
            events(&text, &at("2026-12-01T08:00[Asia/Tokyo]"), &at("2026-12-02T00:00[Asia/Tokyo]"));
        let found = found.unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].all_day);
        assert_eq!(found[0].start, at("2026-12-01T00:00[Asia/Tokyo]"));
        assert!(titles(&text, "2026-12-02T00:00[UTC]", "2026-12-03T00:00[UTC]").is_empty());
    }

    #[test]
    fn what_is_written_reads_back_and_the_rest_of_the_file_stays() {
        let before = calendar(&["UID:1\nSUMMARY:Old\nDTSTART:20261201T090000Z\nX-COLOR:red"]);
        let start = at("2026-12-04T15:00[Europe/Berlin]");
        let event = Event {
            title: "Dentist; bring X-rays, and a very long list of things that nobody remembers"
                .into(),
            place: None,
            end: start.checked_add(1.hour()).unwrap(),
            start,
            all_day: false,
        };
        let now = "2026-11-27T10:00:00Z".parse().unwrap();
        for text in ["", &before] {
            let after = with(text, &event, "1", now);
            let found = events(
                &after,
                &at("2026-12-04T00:00[Europe/Berlin]"),
                &at("2026-12-05T00:00[Europe/Berlin]"),
            );
            assert_eq!(found.unwrap(), std::slice::from_ref(&event));
            assert_eq!(after.contains("X-COLOR:red"), !text.is_empty());
        }
    }

    #[test]
    fn what_is_no_calendar_is_told() {
        assert!(
            events("<html>", &at("2026-12-04T00:00[UTC]"), &at("2026-12-05T00:00[UTC]")).is_err()
        );
    }
}
