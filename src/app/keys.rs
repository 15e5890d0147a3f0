//! Where keys are read: once, when a provider is first used, and kept nowhere but in its client.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::config::{CREDENTIALS, Environment, KeySource};
use crate::engine::EngineError;

/// How long the keyring may take: it may ask the user for a password first.
const KEYRING: Duration = Duration::from_secs(30);

/// The key of the provider `name`; none when nothing is set where it is looked for.
///
/// # Errors
/// [`EngineError::Refused`] when the place that the configuration names has no key.
pub(super) fn key(
    env: &Environment,
    name: &str,
    source: Option<&KeySource>,
) -> Result<Option<String>, EngineError> {
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
                    "provider {name}: systemd hands no credentials to this program; add LoadCredential={credential_name}:FILE to its unit"
                ))
            })?;
            Some(read(name, &file, "api_key_credential")?)
        }
        Some(KeySource::Keyring(entry)) => Some(keyring(name, entry)?),
    };
    Ok(text.map(|key| key.trim().to_owned()).filter(|key| !key.is_empty()))
}

/// The file of the systemd credential `name`, where there are any.
fn credential(env: &Environment, name: &str) -> Option<PathBuf> {
    env.os(CREDENTIALS).map(|dir| Path::new(dir).join(name))
}

fn read(name: &str, path: &Path, mend: &str) -> Result<String, EngineError> {
    std::fs::read_to_string(path).map_err(|error| {
        EngineError::Refused(format!(
            "the key of provider {name} cannot be read from {}: {error}; mend {mend}",
            path.display()
        ))
    })
}

/// Asks the desktop's keyring through libsecret's own command.
fn keyring(name: &str, entry: &str) -> Result<String, EngineError> {
    let none = |why: &str| {
        EngineError::Refused(format!(
            "provider {name}: {why}; run \"secret-tool store --label aloud service aloud provider {entry}\""
        ))
    };
    let child = Command::new("secret-tool")
        .args(["lookup", "service", "aloud", "provider", entry])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|_| none("the keyring needs secret-tool (libsecret), which is not installed"))?;
    let (tell, answer) = mpsc::channel();
    std::thread::spawn(move || {
        // Nobody waits any more when the answer comes too late.
        let _ = tell.send(child.wait_with_output());
    });
    match answer.recv_timeout(KEYRING) {
        Ok(Ok(output)) if output.status.success() => {
            String::from_utf8(output.stdout).map_err(|_| none("what the keyring holds is no key"))
        }
        Ok(_) => Err(none("the keyring holds no key of that name")),
        Err(_) => Err(none("the keyring did not answer in time")),
    }
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
        let find = |source: KeySource| key(&env, "x", Some(&source));
        let some = |key: &str| Ok(Some(key.to_owned()));
        assert_eq!(find(KeySource::Env("A_KEY".into())), some("sk-env"));
        assert_eq!(find(KeySource::Env("OPENAI_API_KEY".into())), some("sk-cred"));
        assert_eq!(find(KeySource::Env("OTHER_KEY".into())), Ok(None));
        assert_eq!(find(KeySource::Credential("openai_api_key".into())), some("sk-cred"));
        assert_eq!(find(KeySource::File(dir.path().join("openai_api_key"))), some("sk-cred"));
        let missing = find(KeySource::File(dir.path().join("no"))).unwrap_err().to_string();
        assert!(missing.ends_with("; mend api_key_file"), "{missing}");
    }
}
