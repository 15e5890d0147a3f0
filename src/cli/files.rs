//! Files at a provider: listing, uploading, removing.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;

use super::exit::{Code, Failure};
use super::{Outcome, print};
use crate::app::App;
use crate::config::Environment;
use crate::engine::openai::Http;
use crate::engine::openai::files::{self, Kept};

/// Files at a provider.
#[derive(Debug, Subcommand)]
pub(crate) enum Files {
    /// List the files, the newest first.
    List {
        /// Only those uploaded for this purpose: fine-tune, vision, user_data, …
        #[arg(long)]
        purpose: Option<String>,
        /// Print one JSON object per file.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Upload files; prints their ids.
    Upload {
        /// The files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// What they are for: fine-tune, vision, user_data, batch, assistants, evals.
        #[arg(long, default_value = "user_data")]
        purpose: String,
        /// Print one JSON object per file.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Remove files.
    Remove {
        /// Their ids, as `aloud files list` prints them.
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Which provider [default: the one that answers questions, or openai].
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
}

impl Place {
    fn account(&self, app: &App) -> Result<Http, Failure> {
        let mut chat = app.config.settings.cascade.chat.iter().map(|name| name.provider.as_str());
        let usual = chat.find(|name| *name != "local").unwrap_or("openai");
        Ok(app.account(self.provider.as_deref().unwrap_or(usual))?)
    }
}

/// Lists, uploads or removes files.
pub(super) async fn run(file: Option<&Path>, env: &Environment, args: Files) -> Outcome {
    let app = App::open(file, env)?;
    match args {
        Files::List { purpose, json, place } => {
            let all = files::list(&place.account(&app)?, purpose.as_deref()).await?;
            list(&all, json)
        }
        Files::Upload { files, purpose, json, place } => {
            // Nothing is uploaded if one of them is missing.
            if let Some(none) = files.iter().find(|file| !file.is_file()) {
                let why = format!("there is no file {}; check the path", none.display());
                return Err(Failure::new(Code::NoInput, why));
            }
            let http = place.account(&app)?;
            for file in &files {
                let sent = files::upload(&http, file, &purpose).await?;
                print::aside(format!("{} uploaded", file.display()));
                if json { print::json(&sent.raw)? } else { print::line(&sent.id)? }
            }
            Ok(())
        }
        Files::Remove { ids, place } => {
            let http = place.account(&app)?;
            for id in &ids {
                files::remove(&http, id).await?;
                print::line(format!("{id}: removed"))?;
            }
            Ok(())
        }
    }
}

fn list(files: &[Kept], json: bool) -> Outcome {
    if json {
        return files.iter().try_for_each(|file| print::json(&file.raw));
    }
    if files.is_empty() {
        return print::line("There are no files.");
    }
    let mut rows = vec![["FILE", "SIZE", "UPLOADED", "PURPOSE", "NAME"].map(String::from).to_vec()];
    rows.extend(files.iter().map(|file| {
        let at = file.created.map(|at| at.to_zoned(TimeZone::system()));
        let at = at.map_or_else(String::new, |at| at.strftime("%Y-%m-%d %H:%M").to_string());
        vec![file.id.clone(), file.size(), at, file.purpose.clone(), file.name.clone()]
    }));
    print::table(&rows)
}
