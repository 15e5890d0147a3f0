use std::path::Path;

use super::args::Models;
use super::exit::{Code, Failure};
use super::{Outcome, print};
use crate::app::App;
use crate::config::Environment;
use crate::models::{Bars, FileState, Listing, ModelError, State};

/// Lists, fetches, verifies or removes model files.
pub(super) async fn run(file: Option<&Path>, env: &Environment, args: Models) -> Outcome {
    let app = App::open(file, env)?;
    let store = &app.store;
    match args {
        Models::List(args) => list(&store.list()?, args.json),
        Models::Fetch { names } => {
            let mut bars = Bars::on_stderr();
            store.fetch(&names, &mut |step| bars.show(&step)).await?;
            print::line(format!("the models are in {}", store.dir().display()))
        }
        Models::Verify { names } => {
            let listings = store.verify(&names)?;
            list(&listings, false)?;
            let bad = listings.iter().find(|listing| listing.state() != State::Whole);
            match bad {
                None => Ok(()),
                Some(listing) => Err(Failure::new(
                    Code::Unavailable,
                    format!(
                        "model \"{0}\" is not whole; run \"aloud models fetch {0}\"",
                        listing.model.name
                    ),
                )),
            }
        }
        Models::Remove { names } => {
            for name in names {
                let bytes = store.remove(&name)?;
                print::line(format!("{name}: {} freed", size(bytes)))?;
            }
            Ok(())
        }
    }
}

fn list(listings: &[Listing<'_>], json: bool) -> Outcome {
    if json {
        for listing in listings {
            let files: Vec<_> = listing
                .files
                .iter()
                .map(|(file, state)| {
                    serde_json::json!({
                        "name": file.name, "bytes": file.bytes, "sha256": file.sha256,
                        "licence": file.licence, "state": word(*state),
                    })
                })
                .collect();
            print::json(&serde_json::json!({
                "name": listing.model.name,
                "job": listing.model.role.word(),
                "bytes": listing.model.bytes(),
                "state": state(listing.state()),
                "files": files,
            }))?;
        }
        return Ok(());
    }
    let mut rows = vec![["MODEL", "JOB", "SIZE", "STATE", "LICENCE"].map(String::from).to_vec()];
    for listing in listings {
        rows.push(vec![
            listing.model.name.clone(),
            listing.model.role.word().to_owned(),
            size(listing.model.bytes()),
            state(listing.state()).to_owned(),
            listing.model.licences().join(", "),
        ]);
    }
    print::table(&rows)
}

fn state(state: State) -> &'static str {
    match state {
        State::Whole => "here",
        State::Missing => "not here",
        State::Part => "in part",
        State::Damaged => "damaged",
        State::NotForThisMachine => "not for this processor",
    }
}

fn word(state: FileState) -> &'static str {
    match state {
        FileState::Missing => "missing",
        FileState::Part { .. } => "part",
        FileState::Cut { .. } => "cut",
        FileState::WrongHash => "damaged",
        FileState::Whole => "whole",
    }
}

/// Bytes for a person: whole megabytes from one on.
fn size(bytes: u64) -> String {
    if bytes >= 1_000_000 {
        format!("{} MB", (bytes + 500_000) / 1_000_000)
    } else {
        format!("{} kB", bytes.div_ceil(1000))
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        Self::of_code(error.exit_code(), error)
    }
}
