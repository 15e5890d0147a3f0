//! Fine-tuning: checking data, ordering and following jobs.

mod check;
mod follow;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::exit::{Code, Failure};
use super::{Outcome, print};
use crate::app::App;
use crate::base::WallClock;
use crate::config::Environment;
use crate::engine::EngineError;
use crate::engine::openai::defaults;
use crate::engine::openai::files::upload;
use crate::engine::openai::finetune::{Job, Order, State, Tuning};
use crate::engine::openai::training::Form;

/// Fine-tunes a model.
#[derive(Debug, Subcommand)]
pub(crate) enum Finetune {
    /// Check training data line by line.
    Check {
        /// Training data: JSONL, one example per line.
        file: PathBuf,
        /// Write the examples that are good or can be fixed to this new file.
        #[arg(long, value_name = "OUT")]
        convert: Option<PathBuf>,
        /// Model the data is meant for [default: a chat model].
        #[arg(long)]
        model: Option<String>,
    },
    /// Check the data, upload it and start a job.
    Create {
        /// Training data, or the id of an uploaded file.
        #[arg(value_name = "FILE|FILE_ID")]
        data: String,
        /// Base model [default: gpt-4.1-mini-2025-04-14, while OpenAI still tunes it].
        #[arg(long)]
        model: Option<String>,
        /// Suffix for the new model's name.
        #[arg(long)]
        suffix: Option<String>,
        /// Seed, to repeat a job.
        #[arg(long)]
        seed: Option<u64>,
        /// Validation data, or the id of an uploaded file.
        #[arg(long, value_name = "FILE|FILE_ID")]
        validation: Option<String>,
        /// Follow the job until it finishes.
        #[arg(long)]
        follow: bool,
        /// Print the job as JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// List jobs, newest first.
    List {
        /// Print one JSON object per job.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Show a job's progress.
    Status {
        /// The job.
        id: String,
        /// Print events as they happen, until the job finishes.
        #[arg(long)]
        follow: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        /// List the checkpoints that can be used as models.
        #[arg(long, conflicts_with = "follow")]
        checkpoints: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Cancel a job.
    Cancel(One),
    /// Pause a job.
    Pause(One),
    /// Resume a paused job.
    Resume(One),
}

#[derive(Debug, Args)]
pub(crate) struct One {
    /// The job.
    id: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Provider [default: the one configured for chat, or openai].
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Use the old /fine-tunes API, for servers that still have it.
    #[arg(long)]
    legacy: bool,
}

impl Place {
    fn provider(&self, app: &App) -> String {
        let usual = || {
            let mut names = app.config.settings.cascade.chat.iter().map(|name| &name.provider);
            names.find(|name| *name != "local").cloned()
        };
        self.provider.clone().or_else(usual).unwrap_or_else(|| "openai".to_owned())
    }

    fn tuning(&self, app: &App) -> Result<Tuning, Failure> {
        Ok(Tuning::new(app.account(&self.provider(app))?, self.legacy))
    }
}

/// Checks data, or creates, lists, follows or ends jobs.
pub(super) async fn run(file: Option<&Path>, env: &Environment, args: Finetune) -> Outcome {
    match args {
        Finetune::Check { file, convert, model } => {
            let form = model.map_or(Form::Messages, |model| Form::of(&model));
            check::run(&file, convert.as_deref(), form)
        }
        Finetune::Create { data, model, suffix, seed, validation, follow, json, place } => {
            let app = App::open(file, env)?;
            let model = base(model, WallClock::System.now().to_zoned(TimeZone::system()).date())?;
            let order = Order {
                training: sent(&app, &place, &data, &model).await?,
                validation: match validation {
                    Some(data) => Some(sent(&app, &place, &data, &model).await?),
                    None => None,
                },
                model,
                suffix,
                seed,
            };
            let tuning = place.tuning(&app)?;
            let job = tuning.create(&order).await?;
            if follow {
                return follow::run(&tuning, &job.id, json).await;
            }
            let id = &job.id;
            print::aside(format!("watch it with \"aloud finetune status {id} --follow\""));
            if json { print::json(&job.raw) } else { print::line(id) }
        }
        Finetune::List { json, place } => {
            let app = App::open(file, env)?;
            list(&place.tuning(&app)?.list().await?, json)
        }
        Finetune::Status { id, follow, json, checkpoints, place } => {
            let app = App::open(file, env)?;
            let tuning = place.tuning(&app)?;
            if checkpoints {
                return stages(&tuning.checkpoints(&id).await?, json);
            }
            if follow {
                return follow::run(&tuning, &id, json).await;
            }
            let job = tuning.get(&id).await?;
            if json {
                print::json(&job.raw)?
            } else {
                facts(&job)?
            }
            ended(&job)
        }
        Finetune::Cancel(one) => {
            let app = App::open(file, env)?;
            changed(one.place.tuning(&app)?.cancel(&one.id).await)
        }
        Finetune::Pause(one) => {
            let app = App::open(file, env)?;
            changed(one.place.tuning(&app)?.pause(&one.id).await)
        }
        Finetune::Resume(one) => {
            let app = App::open(file, env)?;
            changed(one.place.tuning(&app)?.resume(&one.id).await)
        }
    }
}

/// The model to tune: the named one, or our default as long as its vendor offers it for
/// fine-tuning.
fn base(named: Option<String>, today: Date) -> Result<String, Failure> {
    if let Some(model) = named {
        return Ok(model);
    }
    if today >= defaults::TUNING_ENDS {
        let why = format!(
            "OpenAI has taken no new fine-tuning jobs since {}; for another server, name its model with --model",
            defaults::TUNING_ENDS.strftime("%-d %B %Y")
        );
        return Err(Failure::new(Code::Usage, why));
    }
    print::aside(format!(
        "warning: {} ends on {}, and so does every model tuned from it",
        defaults::TUNE,
        defaults::TUNE_ENDS.strftime("%-d %B %Y")
    ));
    Ok(defaults::TUNE.to_owned())
}

/// The file id for `data`: an uploaded file, or one that is uploaded now.
async fn sent(app: &App, place: &Place, data: &str, model: &str) -> Result<String, Failure> {
    let path = Path::new(data);
    if !path.exists() {
        if data.starts_with("file-") {
            return Ok(data.to_owned());
        }
        let why = format!("no file {data}; give a file, or the id of an uploaded one");
        return Err(Failure::new(Code::NoInput, why));
    }
    check::before(path, Form::of(model))?;
    let http = app.account(&place.provider(app))?;
    let file = upload(&http, path, "fine-tune").await?;
    print::aside(format!("{data} uploaded as {}", file.id));
    Ok(file.id)
}

fn changed(job: Result<Job, EngineError>) -> Outcome {
    let job = job?;
    print::line(format!("{}: {}", job.id, job.state.word()))
}

fn list(jobs: &[Job], json: bool) -> Outcome {
    if json {
        return jobs.iter().try_for_each(|job| print::json(&job.raw));
    }
    if jobs.is_empty() {
        return print::line("no jobs");
    }
    let mut rows = vec![["JOB", "STATE", "CREATED", "MODEL", "RESULT"].map(String::from).to_vec()];
    rows.extend(jobs.iter().map(|job| {
        vec![
            job.id.clone(),
            job.state.word().to_owned(),
            created(job),
            job.model.clone(),
            job.made.clone().unwrap_or_default(),
        ]
    }));
    print::table(&rows)
}

/// The day and time at which a job was created.
fn created(job: &Job) -> String {
    let local = |at: jiff::Timestamp| at.to_zoned(TimeZone::system());
    job.created.map_or_else(String::new, |at| local(at).strftime("%Y-%m-%d %H:%M").to_string())
}

fn facts(job: &Job) -> Outcome {
    let mut rows = vec![
        ("job", job.id.clone()),
        ("state", job.state.word().to_owned()),
        ("created", created(job)),
        ("model", job.model.clone()),
    ];
    rows.extend(job.made.clone().map(|made| ("result", made)));
    rows.extend(job.error.clone().map(|error| ("error", error)));
    let rows: Vec<_> = rows.into_iter().map(|(key, value)| vec![key.to_owned(), value]).collect();
    print::table(&rows)
}

fn stages(stages: &[serde_json::Value], json: bool) -> Outcome {
    if json {
        return stages.iter().try_for_each(print::json);
    }
    if stages.is_empty() {
        return print::line("no checkpoints yet");
    }
    let mut rows = vec![["STEP", "MODEL", "LOSS"].map(String::from).to_vec()];
    rows.extend(stages.iter().map(|stage| {
        let made = stage["fine_tuned_model_checkpoint"].as_str().unwrap_or_default();
        let loss = &stage["metrics"]["full_valid_loss"];
        let loss = if loss.is_null() { &stage["metrics"]["train_loss"] } else { loss };
        let loss = if loss.is_null() { String::new() } else { loss.to_string() };
        vec![stage["step_number"].to_string(), made.to_owned(), loss]
    }));
    print::table(&rows)
}

/// The exit status of a job.
fn ended(job: &Job) -> Outcome {
    let id = &job.id;
    let why = match &job.state {
        State::Open(_) | State::Succeeded => return Ok(()),
        State::Cancelled => format!("job {id} was cancelled; start it again to continue"),
        State::Failed => {
            let why = job.error.as_deref().unwrap_or("the provider gave no reason");
            let why = why.trim_end_matches('.');
            format!("job {id} failed: {why}; fix the data and start it again")
        }
    };
    Err(Failure::new(Code::Unavailable, why))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_model_that_can_no_longer_be_tuned_is_not_ordered_by_default() {
        let default = |today| base(None, today);
        assert_eq!(
            default(date(2027, 1, 5)).map_err(|failure| failure.code),
            Ok(defaults::TUNE.to_owned())
        );
        let refused = default(date(2027, 1, 6)).expect_err("it is over");
        assert_eq!(refused.code, Code::Usage);
        assert!(refused.message.contains("since 6 January 2027"), "{refused}");
        let named = base(Some("mine".to_owned()), date(2028, 1, 1));
        assert_eq!(named.map_err(|failure| failure.code), Ok("mine".to_owned()));
    }
}
