use std::collections::HashSet;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::{ended, facts};
use crate::cli::{Outcome, print};
use crate::engine::EngineError;
use crate::engine::openai::finetune::{Event, Job, Tuning};

/// The wait before the next poll after an event; it doubles while nothing happens or the provider
/// does not answer.
const SHORTEST: Duration = Duration::from_secs(1);

/// The longest wait. A job takes from minutes to hours.
const LONGEST: Duration = Duration::from_secs(16);

/// Consecutive polls that may fail, each after the client's own retries: a job outlives a network
/// failure of several minutes.
const MISSES: u32 = 12;

/// Prints the events of the job `id` until it ends.
pub(super) async fn run(tuning: &Tuning, id: &str, json: bool) -> Outcome {
    let mut seen = HashSet::new();
    let (mut wait, mut misses) = (SHORTEST, 0);
    let mut state = String::new();
    loop {
        match look(tuning, id).await {
            Ok((job, events)) => {
                misses = 0;
                let mut news = false;
                for event in &events {
                    if seen.insert(key(event)) {
                        news = true;
                        if json { print::json(&event.raw)? } else { print::line(line(event))? }
                    }
                }
                if job.state.word() != state {
                    news = true;
                    state = job.state.word().to_owned();
                    if !json {
                        print::aside(format!("{id}: {state}"));
                    }
                }
                if job.state.over() {
                    if json {
                        print::json(&job.raw)?
                    } else {
                        facts(&job)?
                    }
                    return ended(&job);
                }
                wait = if news { SHORTEST } else { (wait * 2).min(LONGEST) };
            }
            Err(EngineError::Refused(why)) => return Err(EngineError::Refused(why).into()),
            // It was never seen: there may be no such job.
            Err(error) if state.is_empty() || misses >= MISSES => return Err(error.into()),
            Err(error) => {
                misses += 1;
                wait = (wait * 2).min(LONGEST);
                print::trouble(&format!("{error}; retrying"));
            }
        }
        tokio::time::sleep(wait).await;
    }
}

async fn look(tuning: &Tuning, id: &str) -> Result<(Job, Vec<Event>), EngineError> {
    // The job first: nothing happens after its end, so no event is missed.
    let job = tuning.get(id).await?;
    Ok((job, tuning.events(id).await?))
}

/// Identifies an event, even on servers that assign no ids.
fn key(event: &Event) -> String {
    if event.id.is_empty() { event.raw.to_string() } else { event.id.clone() }
}

fn line(event: &Event) -> String {
    let at = event.at.map(|at| at.to_zoned(TimeZone::system()).strftime("%H:%M:%S ").to_string());
    let level = match event.level.as_str() {
        "" | "info" => String::new(),
        level => format!("{level}: "),
    };
    format!("{}{level}{}", at.unwrap_or_default(), event.message)
}
