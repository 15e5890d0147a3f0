//! Changes of an iCalendar file as text: whatever is not changed stays as it was written, line by
//! line, with what only other programs understand.

use std::ops::Range;

use jiff::civil::{Date, DateTime};
use jiff::{Span, ToSpan, Zoned};

use super::ics::{Event, Occurrence};

/// The length of an event that took whole days and gets a clock time, in minutes.
const MINUTES: i64 = 60;

/// The file without `what`: this repetition alone, or, with `all`, every one. `None` if the file is
/// not written as such files are.
pub(super) fn removed(text: &str, what: &Occurrence, all: bool) -> Option<String> {
    if all {
        return without(text, &what.kin);
    }
    match &what.series {
        None => without(text, &[what.part]),
        Some(series) => {
            let next = edited(text, series.part, |event| event.except(series.at))?;
            if what.part == series.part { Some(next) } else { without(&next, &[what.part]) }
        }
    }
}

/// The file with `what` at another time; of a repeated event this repetition alone.
pub(super) fn moved(text: &str, what: &Occurrence, to: &Event) -> Option<String> {
    match what.series.as_ref().filter(|series| series.part == what.part) {
        None => edited(text, what.part, |event| event.put(to, what)),
        Some(series) => {
            let at = block(text, what.part)?;
            let mut copy = Lines::read(&text[at.clone()])?;
            copy.single(series.at)?;
            copy.put(to, what)?;
            Some(format!("{}{}{}", &text[..at.end], copy.text(), &text[at.end..]))
        }
    }
}

/// The file with all times of `what` later by `by`, on the wall clock on which it was written, and
/// by `days` as the calendar counts. `None` if it repeats on days that cannot be moved like that.
pub(super) fn shifted(text: &str, what: &Occurrence, by: Span, days: i32) -> Option<String> {
    let mut next = text.to_owned();
    for part in &what.kin {
        next = edited(&next, *part, |event| event.shift(by, days))?;
    }
    Some(next)
}

/// A rule of days, later by `by` and `days`.
fn shifted_rule(rule: &str, by: Span, days: i32) -> Option<String> {
    const WEEK: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    let parts = rule.split(';').map(|part| {
        let (name, value) = part.split_once('=')?;
        Some(match name.to_ascii_uppercase().as_str() {
            "UNTIL" => format!("UNTIL={}", later(value, by)?),
            // "Every Tuesday" becomes every Thursday; "Tuesday and Friday" or "the first Tuesday"
            // is not that simple.
            "BYDAY" if days != 0 => {
                let at = WEEK.iter().position(|day| value.eq_ignore_ascii_case(day))?;
                format!("BYDAY={}", WEEK[(at as i32 + days).rem_euclid(7) as usize])
            }
            name if days != 0 && name.starts_with("BY") => return None,
            _ => part.to_owned(),
        })
    });
    parts.collect::<Option<Vec<_>>>().map(|parts| parts.join(";"))
}

/// A point in time as it is written, later by `by`.
fn later(value: &str, by: Span) -> Option<String> {
    let value = value.trim();
    let (bare, utc) = value.strip_suffix('Z').map_or((value, ""), |bare| (bare, "Z"));
    if let Ok(date) = Date::strptime("%Y%m%d", bare) {
        let at = date.at(0, 0, 0, 0).checked_add(by).ok()?;
        return Some(at.strftime("%Y%m%d").to_string());
    }
    let at = DateTime::strptime("%Y%m%dT%H%M%S", bare).ok()?.checked_add(by).ok()?;
    Some(format!("{}{utc}", at.strftime("%Y%m%dT%H%M%S")))
}

/// The places of the `VEVENT`s in `text`, each with the end of its last line.
fn blocks(text: &str) -> Vec<Range<usize>> {
    let (mut all, mut open, mut at) = (Vec::new(), None, 0);
    for line in text.split_inclusive('\n') {
        let plain = line.trim_end();
        if plain.eq_ignore_ascii_case("BEGIN:VEVENT") {
            open = Some(at);
        } else if plain.eq_ignore_ascii_case("END:VEVENT")
            && let Some(begin) = open.take()
        {
            all.push(begin..at + line.len());
        }
        at += line.len();
    }
    all
}

fn block(text: &str, number: usize) -> Option<Range<usize>> {
    blocks(text).into_iter().nth(number)
}

fn without(text: &str, parts: &[usize]) -> Option<String> {
    let mut next = text.to_owned();
    let all = blocks(text);
    let mut gone: Vec<Range<usize>> =
        parts.iter().map(|part| all.get(*part).cloned()).collect::<Option<_>>()?;
    gone.sort_by_key(|place| std::cmp::Reverse(place.start));
    gone.into_iter().for_each(|place| next.replace_range(place, ""));
    Some(next)
}

/// `text` with a change in one `VEVENT`.
fn edited(
    text: &str,
    number: usize,
    change: impl FnOnce(&mut Lines) -> Option<()>,
) -> Option<String> {
    let at = block(text, number)?;
    let mut lines = Lines::read(&text[at.clone()])?;
    change(&mut lines)?;
    Some(format!("{}{}{}", &text[..at.start], lines.text(), &text[at.end..]))
}

/// The lines of a `VEVENT`, each with the lines that continue it.
struct Lines {
    lines: Vec<String>,
    /// How lines end in this file.
    end: &'static str,
}

impl Lines {
    fn read(block: &str) -> Option<Self> {
        let mut lines: Vec<String> = Vec::new();
        for line in block.split_inclusive('\n') {
            if line.starts_with([' ', '\t']) {
                lines.last_mut()?.push_str(line);
            } else {
                lines.push(line.to_owned());
            }
        }
        let end = if block.contains("\r\n") { "\r\n" } else { "\n" };
        Some(Self { lines, end })
    }

    fn text(&self) -> String {
        self.lines.concat()
    }

    /// The places of the properties `name` of the event itself, not of an alarm in it.
    fn places(&self, name: &str) -> Vec<usize> {
        let mut depth = 0;
        let mut found = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            let head: &str = line.split([':', ';']).next().unwrap_or_default().trim();
            depth += i32::from(head.eq_ignore_ascii_case("BEGIN"));
            if depth == 1 && head.eq_ignore_ascii_case(name) {
                found.push(at);
            }
            depth -= i32::from(head.eq_ignore_ascii_case("END"));
        }
        found
    }

    fn remove(&mut self, names: &[&str]) {
        for name in names {
            for at in self.places(name).into_iter().rev() {
                self.lines.remove(at);
            }
        }
    }

    /// How the begin is written: what stands between the name and the value, and the value.
    fn start(&self) -> Option<(usize, String, String)> {
        let at = *self.places("DTSTART").first()?;
        let line = self.lines[at].replace("\r\n ", "").replace("\n ", "");
        let (head, value) = line.trim_end().rsplit_once(':')?;
        Some((at, head.get("DTSTART".len()..)?.to_owned(), value.to_owned()))
    }

    /// The line `name` with the point `at`, written as the begin is.
    fn written(&self, name: &str, at: DateTime) -> Option<String> {
        let (_, parameters, value) = self.start()?;
        let at = match (value.len(), value.ends_with('Z')) {
            (8, _) => at.strftime("%Y%m%d"),
            (_, true) => at.strftime("%Y%m%dT%H%M%SZ"),
            (_, false) => at.strftime("%Y%m%dT%H%M%S"),
        };
        Some(format!("{name}{parameters}:{at}{}", self.end))
    }

    /// Everything that says when it is, later by `by`.
    fn shift(&mut self, by: Span, days: i32) -> Option<()> {
        for name in ["DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE", "RRULE"] {
            for at in self.places(name) {
                let line = self.lines[at].replace("\r\n ", "").replace("\n ", "");
                let (head, value) = match name {
                    "RRULE" => line.trim_end().split_once(':')?,
                    _ => line.trim_end().rsplit_once(':')?,
                };
                let value = match name {
                    "RRULE" => shifted_rule(value, by, days)?,
                    _ => {
                        let all = value.split(',').map(|value| later(value, by));
                        all.collect::<Option<Vec<_>>>()?.join(",")
                    }
                };
                self.lines[at] = format!("{head}:{value}{}", self.end);
            }
        }
        Some(())
    }

    /// Leaves out the repetition that begins at `at`.
    fn except(&mut self, at: DateTime) -> Option<()> {
        let line = self.written("EXDATE", at)?;
        let (after, ..) = self.start()?;
        self.lines.insert(after + 1, line);
        Some(())
    }

    /// Makes it the repetition that would begin at `at`, and no other.
    fn single(&mut self, at: DateTime) -> Option<()> {
        let line = self.written("RECURRENCE-ID", at)?;
        self.remove(&["RRULE", "RDATE", "EXDATE", "EXRULE"]);
        let (after, ..) = self.start()?;
        self.lines.insert(after + 1, line);
        Some(())
    }

    /// Puts it to the time of `to`, in the zone in which it was written.
    fn put(&mut self, to: &Event, was: &Occurrence) -> Option<()> {
        let (at, _, value) = self.start()?;
        let whole_days = value.len() == 8;
        let lasts = !self.places("DURATION").is_empty();
        let clock = |at: &Zoned| at.with_time_zone(was.zone.clone()).datetime();
        let (start, end) = if whole_days && !to.all_day {
            self.remove(&["DURATION"]);
            let zone = to.start.time_zone().iana_name().filter(|name| *name != "UTC");
            let line = |name: &str, at: &Zoned| match zone {
                Some(zone) => {
                    format!("{name};TZID={zone}:{}{}", at.strftime("%Y%m%dT%H%M%S"), self.end)
                }
                None => format!("{name}:{}{}", at.timestamp().strftime("%Y%m%dT%H%M%SZ"), self.end),
            };
            let end = to.start.checked_add(MINUTES.minutes()).ok()?;
            (line("DTSTART", &to.start), Some(line("DTEND", &end)))
        } else {
            let end = !lasts && !self.places("DTEND").is_empty();
            let end = if end { Some(self.written("DTEND", clock(&to.end))?) } else { None };
            (self.written("DTSTART", clock(&to.start))?, end)
        };
        self.lines[at] = start;
        if let Some(end) = end {
            self.remove(&["DTEND"]);
            let (at, ..) = self.start()?;
            self.lines.insert(at + 1, end);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::ics::occurrences;
    use super::*;

    fn at(text: &str) -> Zoned {
        format!("{text}[Europe/Berlin]").parse().unwrap()
    }

    /// What begins from 30 November to 13 December 2026: "Mon 30 09:00 Standup".
    fn all(text: &str) -> Vec<Occurrence> {
        occurrences(text, &at("2026-11-30T00:00"), &at("2026-12-14T00:00")).unwrap()
    }

    fn shown(text: &str) -> Vec<String> {
        let show = |one: &Occurrence| {
            let seconds =
                one.event.end.timestamp().as_second() - one.event.start.timestamp().as_second();
            let start = one.event.start.strftime("%a %d %H:%M");
            format!("{start} {} {}", seconds / 60, one.event.title)
        };
        all(text).iter().map(show).collect()
    }

    const FILE: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-WR-CALNAME:Mine\r\n\
        BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Standup\r\nX-COLOR:red\r\n\
        DTSTART;TZID=America/New_York:20261130T090000\r\nDURATION:PT15M\r\n\
        RRULE:FREQ=DAILY;COUNT=3\r\n\
        BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nDURATION:PT1M\r\nEND:VALARM\r\n\
        END:VEVENT\r\n\
        BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID;TZID=Europe/Berlin:20261201T150000\r\n\
        SUMMARY:Standup\r\nDTSTART:20261201T110000Z\r\nDURATION:PT15M\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nUID:2\r\nSUMMARY:A very long title that goes on on \r\n the next line\r\n\
        DTSTART:20261203T080000Z\r\nDTEND:20261203T090000Z\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nUID:3\r\nSUMMARY:Fair\r\nDTSTART;VALUE=DATE:20261204\r\nEND:VEVENT\r\n\
        END:VCALENDAR\r\n";

    const LONG: &str = "A very long title that goes on on the next line";

    #[test]
    fn one_repetition_is_removed_or_all_of_them() {
        let before = shown(FILE);
        assert_eq!(
            before,
            [
                "Mon 30 15:00 15 Standup",
                "Tue 01 12:00 15 Standup",
                "Wed 02 15:00 15 Standup",
                &format!("Thu 03 09:00 60 {LONG}"),
                "Fri 04 00:00 1440 Fair",
            ]
        );
        for gone in 0..before.len() {
            let after = removed(FILE, &all(FILE)[gone], false).unwrap();
            let mut rest = before.clone();
            rest.remove(gone);
            assert_eq!(shown(&after), rest, "{after}");
            assert!(after.contains("X-WR-CALNAME:Mine"));
        }
        let none = removed(FILE, &all(FILE)[1], true).unwrap();
        assert_eq!(shown(&none), before[3..]);
    }

    #[test]
    fn a_moved_event_keeps_its_length_its_zone_and_all_else() {
        for (n, wanted, written) in [
            (0, "Mon 30 17:30 15 Standup", "DTSTART;TZID=America/New_York:20261130T113000\r\n"),
            (1, "Mon 30 17:30 15 Standup", "DTSTART:20261130T163000Z\r\n"),
            (3, &format!("Mon 30 17:30 60 {LONG}"), "DTEND:20261130T173000Z\r\n"),
            (4, "Mon 30 17:30 60 Fair", "DTSTART;TZID=Europe/Berlin:20261130T173000\r\n"),
        ] {
            let what = &all(FILE)[n];
            let start = at("2026-11-30T17:30");
            let length = what.event.start.until(&what.event.end).unwrap();
            let end = start.checked_add(length).unwrap();
            let to = Event { start, end, all_day: false, ..what.event.clone() };
            let after = moved(FILE, what, &to).unwrap();
            let mut rest = shown(FILE);
            rest.remove(n);
            let mut now = shown(&after);
            let new =
                now.iter().position(|line| line == wanted).unwrap_or_else(|| panic!("{now:?}"));
            now.remove(new);
            assert_eq!(now, rest);
            assert!(after.contains(written), "{after}");
            // What was not changed is written as before.
            for line in FILE.lines().filter(|line| line.starts_with("X-") || line.starts_with(' '))
            {
                assert!(after.contains(line));
            }
        }
    }

    #[test]
    fn a_whole_series_is_moved_with_its_exceptions() {
        let by = |hours: i64| Span::new().hours(hours);
        let after = shifted(FILE, &all(FILE)[0], by(2), 0).unwrap();
        let wanted =
            ["Mon 30 17:00 15 Standup", "Tue 01 14:00 15 Standup", "Wed 02 17:00 15 Standup"];
        assert_eq!(shown(&after)[..3], wanted);
        assert_eq!(shown(&after)[3..], shown(FILE)[3..]);
        let yoga = |rule: &str| {
            format!(
                "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:9\r\nSUMMARY:Yoga\r\nDTSTART:20261201T180000Z\r\n\
                 DTEND:20261201T190000Z\r\nRRULE:{rule}\r\nEXDATE:20261208T180000Z\r\nEND:VEVENT\r\n\
                 END:VCALENDAR\r\n"
            )
        };
        let weekly = yoga("FREQ=WEEKLY;BYDAY=TU;UNTIL=20261213T000000Z");
        let two = Span::new().days(2);
        let after = shifted(&weekly, &all(&weekly)[0], two, 2).unwrap();
        assert!(after.contains("RRULE:FREQ=WEEKLY;BYDAY=TH;UNTIL=20261215T000000Z\r\n"), "{after}");
        assert!(after.contains("EXDATE:20261210T180000Z"), "{after}");
        let often = yoga("FREQ=WEEKLY;BYDAY=TU,FR");
        assert_eq!(shifted(&often, &all(&often)[0], two, 2), None);
        assert!(shifted(&often, &all(&often)[0], by(1), 0).is_some());
    }

    #[test]
    fn whole_days_stay_whole_days() {
        let what = &all(FILE)[4];
        let (start, end) = (at("2026-12-08T00:00"), at("2026-12-09T00:00"));
        let after = moved(FILE, what, &Event { start, end, ..what.event.clone() }).unwrap();
        assert!(after.contains("DTSTART;VALUE=DATE:20261208\r\n"), "{after}");
        assert_eq!(shown(&after).last().unwrap(), "Tue 08 00:00 1440 Fair");
    }
}
