//! Reads keys: once, when a provider is first used. Only its client keeps them. Files are read at
//! once; a keyring is asked in the background, and only requests that need the key wait for it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::base::Job;
use crate::config::{CREDENTIALS, Environment, KeySource};
use crate::engine::EngineError;

/// How long the keyring may take to return a key: it may have to ask the user for a password.
const LOOKUP: Duration = Duration::from_secs(10);

/// How long it may take to search for an entry, which asks for no password.
const SEARCH: Duration = Duration::from_secs(2);

/// A key, or a pending request for it.
pub(super) enum Key {
    /// There is none.
    None,
    /// This one.
    Known(String),
    /// The keyring was asked for it.
    Asked(Job<Result<String, EngineError>>),
}

/// The key of the provider `name`.
///
/// # Errors
/// [`EngineError::Refused`] if the configured place holds no key.
pub(super) fn key(
    env: &Environment,
    name: &str,
    source: Option<&KeySource>,
) -> Result<Key, EngineError> {
    let text = match source {
        None => None,
        Some(KeySource::Env(variable)) => match env.get(variable) {
            Some(key) => Some(key.to_owned()),
            None => credential(env, &variable.to_lowercase())
                .filter(|f| f.is_file())
                .map_or(Ok(None), |file| read(name, &file, "the credential").map(Some))?,
        },
        Some(KeySource::File(path)) => Some(read(name, path, "api_key_file")?),
        Some(KeySource::Credential(credential_name)) => {
            let file = credential(env, credential_name).ok_or_else(|| {
                EngineError::Refused(format!(
                    "provider {name}: systemd passes no credentials to aloud; add LoadCredential={credential_name}:FILE to its unit"
                ))
            })?;
            Some(read(name, &file, "api_key_credential")?)
        }
        Some(KeySource::Keyring(entry)) => return Ok(Key::Asked(ask(name, entry))),
    };
    let key = text.map(|key| bare(&key).to_owned()).filter(|key| !key.is_empty());
    Ok(key.map_or(Key::None, Key::Known))
}

/// Asks the keyring on a thread of its own: it may have to ask the user, and nothing else should
/// wait.
fn ask(name: &str, entry: &str) -> Job<Result<String, EngineError>> {
    let (tell, answer) = tokio::sync::oneshot::channel();
    let (provider, asked) = (name.to_owned(), entry.to_owned());
    let asking = std::thread::Builder::new().name("keyring".into()).spawn(move || {
        let key = keyring(&provider, &asked).map(|key| bare(&key).to_owned());
        // If the program ends before, nobody waits any more.
        let _ = tell.send(key);
    });
    let lost = EngineError::Refused(format!("provider {name}: the keyring cannot be asked"));
    Box::pin(async move {
        match asking {
            Ok(_) => answer.await.unwrap_or(Err(lost)),
            Err(_) => Err(lost),
        }
    })
}

/// A key without what editors and shells put around it: white space, a byte order mark, quotes.
fn bare(key: &str) -> &str {
    let key = key.trim().trim_start_matches('\u{feff}').trim();
    [('"', '"'), ('\'', '\''), ('“', '”'), ('‘', '’')]
        .iter()
        .find_map(|(open, close)| key.strip_prefix(*open)?.strip_suffix(*close))
        .map_or(key, str::trim)
}

/// The file of the systemd credential `name`, if there are credentials.
fn credential(env: &Environment, name: &str) -> Option<PathBuf> {
    env.os(CREDENTIALS).map(|dir| Path::new(dir).join(name))
}

fn read(name: &str, path: &Path, fix: &str) -> Result<String, EngineError> {
    std::fs::read_to_string(path).map_err(|error| {
        EngineError::Refused(format!(
            "cannot read the key of provider {name} from {}: {error}; fix {fix}",
            path.display()
        ))
    })
}

/// Asks the desktop's keyring through libsecret's command, which returns the key through a pipe.
fn keyring(name: &str, entry: &str) -> Result<String, EngineError> {
    let none = |why: String| EngineError::Refused(format!("provider {name}: {why}"));
    let silent = || none("the keyring did not answer in time; unlock it and try again".into());
    let asked = secret_tool("lookup", entry, LOOKUP).map_err(|why| {
        none(format!(
            "its key is in the keyring, but secret-tool cannot be run ({why}); install libsecret's tools (package \"libsecret-tools\")"
        ))
    })?;
    let output = asked.ok_or_else(silent)?;
    if output.status.success() {
        let unfit = |_| none("the keyring entry is not a key; store it again".into());
        return String::from_utf8(output.stdout).map_err(unfit);
    }
    // It reports when the keyring does not answer, and nothing when there is no such key.
    if let Some(why) = String::from_utf8_lossy(&output.stderr).lines().rfind(|l| !l.is_empty()) {
        let why = why.trim_start_matches("secret-tool: ");
        return Err(none(format!(
            "no keyring answers ({why}); start one, such as gnome-keyring, or use api_key_file"
        )));
    }
    // A locked keyring still reports that it has such an entry.
    match secret_tool("search", entry, SEARCH) {
        Ok(Some(found)) if !found.stdout.is_empty() => {
            Err(none("the keyring is locked; unlock it and try again".into()))
        }
        Ok(Some(_)) | Err(_) => Err(none(format!(
            "the keyring has no such key; run \"secret-tool store --label aloud service aloud provider {entry}\""
        ))),
        Ok(None) => Err(silent()),
    }
}

/// The output of libsecret's command; `None` if it takes too long.
fn secret_tool(what: &str, entry: &str, limit: Duration) -> std::io::Result<Option<Output>> {
    let child = Command::new("secret-tool")
        .args([what, "service", "aloud", "provider", entry])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (tell, answer) = mpsc::channel();
    std::thread::spawn(move || {
        // A late answer has no receiver.
        let _ = tell.send(child.wait_with_output());
    });
    answer.recv_timeout(limit).ok().transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_in_each_of_its_places() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("openai_api_key"), "sk-cred\n").unwrap();
        let env: Environment =
            [("A_KEY", "sk-env".to_owned()), (CREDENTIALS, dir.path().display().to_string())]
                .into_iter()
                .collect();
        let find = |source: KeySource| match key(&env, "x", Some(&source))? {
            Key::None => Ok(None),
            Key::Known(key) => Ok(Some(key)),
            Key::Asked(_) => panic!("no keyring is asked"),
        };
        let some = |key: &str| Ok::<_, EngineError>(Some(key.to_owned()));
        assert_eq!(find(KeySource::Env("A_KEY".into())), some("sk-env"));
        assert_eq!(find(KeySource::Env("OPENAI_API_KEY".into())), some("sk-cred"));
        assert_eq!(find(KeySource::Env("OTHER_KEY".into())), Ok(None));
        assert_eq!(find(KeySource::Credential("openai_api_key".into())), some("sk-cred"));
        assert_eq!(find(KeySource::File(dir.path().join("openai_api_key"))), some("sk-cred"));
        for written in ["\u{feff}sk-file\r\n", "\"sk-file\"", " 'sk-file' \n", "“sk-file”"] {
            std::fs::write(dir.path().join("quoted"), written).unwrap();
            let file = KeySource::File(dir.path().join("quoted"));
            assert_eq!(find(file), some("sk-file"), "{written}");
        }
        let missing = find(KeySource::File(dir.path().join("no"))).unwrap_err().to_string();
        assert!(missing.ends_with("; fix api_key_file"), "{missing}");
    }
}
