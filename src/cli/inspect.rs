use std::path::Path;

use serde_json::json;

use super::exit::{Code, Failure};
use super::{Outcome, print};
use crate::app::App;
use crate::audio::{self, DeviceInfo, Side};
use crate::config::Environment;

/// Lists microphones and speakers.
pub(super) fn devices(file: Option<&Path>, env: &Environment, as_json: bool) -> Outcome {
    let devices = audio::devices()?;
    // A broken configuration must not prevent looking up the right name.
    let settings = App::open(file, env).map(|app| app.devices()).unwrap_or_default();
    let used = |device: &DeviceInfo| {
        audio::chosen(&settings, device.side, &devices).is_ok_and(|found| found == Some(device))
    };
    if as_json {
        for device in &devices {
            print::json(&json!({
                "side": word(device.side), "id": device.id, "name": device.name,
                "default": device.default, "monitor": device.monitor_of.is_some(),
                "used": used(device),
            }))?;
        }
        return Ok(());
    }
    let mut rows = Vec::new();
    for side in [Side::Input, Side::Output] {
        rows.push(vec![format!("{}s:", word(side))]);
        for device in devices.iter().filter(|device| device.side == side) {
            let mark = if device.default { "*" } else { " " };
            let note = match (used(device), &device.monitor_of) {
                (true, None) => "used by aloud",
                (true, Some(_)) => "used by aloud; a monitor: it hears a speaker, not you",
                (false, None) => "",
                (false, Some(_)) => "a monitor: it hears a speaker, not you",
            };
            rows.push(vec![
                format!("  {mark} {}", device.name),
                device.id.clone(),
                note.to_owned(),
            ]);
        }
        if let Err(why) = audio::chosen(&settings, side, &devices) {
            rows.push(vec![format!("  {why}")]);
        }
    }
    // A line with one cell may be as long as it likes.
    for part in rows.chunk_by(|a, b| (a.len() == 1) == (b.len() == 1)) {
        print::table(part)?;
    }
    print::line("* is the system's default; put a name or an id into [audio] input or output")
}

fn word(side: Side) -> String {
    side.to_string()
}

/// Lists timers, alarms and reminders.
pub(super) fn timers(file: Option<&Path>, env: &Environment, as_json: bool) -> Outcome {
    let app = App::open(file, env)?;
    let book = app.book();
    let reading = book.read().map_err(|error| Failure::new(Code::Unavailable, error))?;
    for trouble in &reading.view.news {
        print::trouble(trouble);
    }
    if reading.unreadable.is_some() {
        let what = "cannot tell what is set; make the file readable and try again";
        return Err(Failure::new(Code::Io, what));
    }
    let (now, entries) = (book.now(), reading.view.entries);
    if as_json {
        for entry in &entries {
            print::json(entry)?;
        }
        for missed in &reading.view.missed {
            print::json(&serde_json::json!({ "missed": missed }))?;
        }
        return Ok(());
    }
    let missed = |rang: &crate::tool::Rang| print::line(rang.missed(&now));
    if entries.is_empty() {
        print::line("no timers, alarms or reminders are set")?;
        return reading.view.missed.iter().try_for_each(missed);
    }
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| {
            let due = entry.due(&now).map(|due| due.to_zoned(now.zone.clone()));
            let due = due.map_or_else(
                || "paused".into(),
                |due| due.strftime("%a %e %b, %H:%M:%S").to_string(),
            );
            vec![entry.title(), due]
        })
        .collect();
    print::table(&rows)?;
    reading.view.missed.iter().try_for_each(missed)
}
