use std::path::Path;
use std::time::Duration;

use super::args::{ModelFiles, Models};
use super::exit::{Code, Failure};
use super::{Outcome, print};
use crate::app::{self, App, days};
use crate::base::WallClock;
use crate::config::Environment;
use crate::engine::openai::models::{Model, WARNING_DAYS, models, named};
use crate::models::{Bars, FileState, Listing, ModelError, State, Store};

/// How long a provider may take to list its models.
const PATIENCE: Duration = Duration::from_secs(30);

/// Lists, fetches, verifies or removes model files, or lists what providers offer.
pub(super) async fn run(file: Option<&Path>, env: &Environment, args: Models) -> Outcome {
    let app = App::open(file, env)?;
    let store = &app.store;
    match args.command {
        None if args.remote => remote(&app, args.provider, args.json).await,
        None => list(&store.list()?, args.json),
        Some(command) => files(store, command).await,
    }
}

async fn files(store: &Store, command: ModelFiles) -> Outcome {
    match command {
        ModelFiles::List(args) => list(&store.list()?, args.json),
        ModelFiles::Fetch { names } => {
            let mut bars = Bars::on_stderr();
            store.fetch(&names, &mut |step| bars.show(&step)).await?;
            print::line(format!("the models are in {}", store.dir().display()))
        }
        ModelFiles::Verify { names } => {
            let listings = store.verify(&names)?;
            list(&listings, false)?;
            let bad = listings.iter().find(|listing| listing.state() != State::Whole);
            match bad {
                None => Ok(()),
                Some(listing) => Err(Failure::new(
                    Code::Unavailable,
                    format!(
                        "model \"{0}\" is damaged; run \"aloud models fetch {0}\"",
                        listing.model.name
                    ),
                )),
            }
        }
        ModelFiles::Remove { names } => {
            for name in names {
                let bytes = store.remove(&name)?;
                print::line(format!("{name}: {} freed", size(bytes)))?;
            }
            Ok(())
        }
    }
}

/// Lists what `provider` offers, or all that are in use or have a key.
async fn remote(app: &App, provider: Option<String>, json: bool) -> Outcome {
    let providers = provider.map_or_else(|| app::remote_providers(app), |name| vec![name]);
    if providers.is_empty() {
        return Err(Failure::new(
            Code::Unavailable,
            "no provider is configured; set OPENAI_API_KEY, or give --provider",
        ));
    }
    let today = WallClock::System.now().to_zoned(jiff::tz::TimeZone::system()).date();
    let used = app::remote_models(app);
    let mut rows = vec![["MODEL", "ENDS", ""].map(String::from).to_vec()];
    let mut failed = None;
    for provider in &providers {
        let offered = match offered(app, provider).await {
            Ok(offered) => offered,
            Err(failure) if providers.len() == 1 => return Err(failure),
            Err(failure) => {
                // The others are still listed.
                print::trouble(&failure.message);
                failed.get_or_insert(failure.code);
                continue;
            }
        };
        let in_use = |model: &Model| {
            used.iter().any(|(_, name)| {
                name.provider == *provider
                    && named(&offered, &name.model).is_some_and(|used| used.id == model.id)
            })
        };
        for model in &offered {
            let left = model.days_left(today);
            let ending = left.is_some_and(|left| left <= WARNING_DAYS);
            if json {
                print::json(&serde_json::json!({
                    "provider": provider, "id": model.id, "owned_by": model.owner,
                    "shutdown_date": model.ends, "days_left": left, "ending": ending,
                    "in_use": in_use(model),
                }))?;
                continue;
            }
            let ends = model.ends.map_or_else(String::new, |day| day.to_string());
            let soon = left.filter(|_| ending).map(days);
            let notes: Vec<String> =
                soon.into_iter().chain(in_use(model).then(|| "in use".into())).collect();
            rows.push(vec![format!("{provider}/{}", model.id), ends, notes.join(", ")]);
        }
    }
    if !json {
        print::table(&rows)?;
    }
    failed
        .map_or(Ok(()), |code| Err(Failure::new(code, "some providers did not list their models")))
}

async fn offered(app: &App, provider: &str) -> Result<Vec<Model>, Failure> {
    let http = app.account(provider)?;
    match tokio::time::timeout(PATIENCE, models(&http)).await {
        Ok(offered) => Ok(offered?),
        Err(_) => Err(Failure::new(
            Code::Unavailable,
            format!("provider {provider} took too long to list its models; try again later"),
        )),
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

/// Bytes for a person: whole megabytes from 1 MB on.
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
