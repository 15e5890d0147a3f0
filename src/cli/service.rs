use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::args::Service;
use super::exit::{Code, Failure};
use super::{Outcome, print};
use crate::config::{Config, Environment, KeySource, Paths};

/// The user units, from the source tree.
const UNITS: [(&str, &str); 2] = [
    ("aloud.service", include_str!("../../systemd/aloud.service")),
    ("aloud.socket", include_str!("../../systemd/aloud.socket")),
];

/// The desktop entry by which the desktop's portal knows who asks for keys.
const ENTRY: &str = "org.aloud.aloud.desktop";

/// Variables of this shell that a service needs, besides those of aloud itself.
const CARRIED: [&str; 8] = [
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "AZURE_OPENAI_API_KEY",
    "AZURE_OPENAI_ENDPOINT",
    "SSL_CERT_FILE",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
];

/// Writes or removes the user units. Starting them is up to the service manager.
pub(super) fn run(file: Option<&Path>, env: &Environment, args: &Service) -> Outcome {
    let folder = folder(env)?;
    let kept = Paths::of(env).config.with_file_name("environment");
    match args {
        Service::Install => {
            let config = Config::load(env, file)?;
            let variables = carried(env, &config);
            // Variables of another shell survive installing from this one.
            let before = before(&kept, &variables);
            let named = file.map(Path::to_owned).or_else(|| env.os("ALOUD_CONFIG").map(Into::into));
            let named = named.map(std::path::absolute).transpose()?;
            write_units(
                &folder,
                named.as_deref(),
                (!variables.is_empty() || !before.is_empty()).then_some(&*kept),
            )?;
            write_entry(&entry(env))?;
            match &config.file {
                Some(path) => print::line(format!("the service reads {}", path.display()))?,
                None => {
                    print::line("there is no configuration file; the service uses the defaults")?
                }
            }
            if !before.is_empty() {
                let names: Vec<_> = before.iter().map(|(name, _)| name.as_str()).collect();
                print::line(format!("kept as it was in {}: {}", kept.display(), names.join(", ")))?;
            }
            if !variables.is_empty() {
                write_variables(&kept, &variables, &before)
                    .map_err(|error| cannot(&kept, &error))?;
                let names: Vec<_> = variables.iter().map(|(name, _)| name.as_str()).collect();
                print::line(format!(
                    "copied from this shell to {} (only you can read it), where the service finds them: {}",
                    kept.display(),
                    names.join(", ")
                ))?;
            }
            for (name, provider) in &config.settings.providers {
                if let Some(KeySource::File(path)) = &provider.api_key {
                    print::line(format!("the key of {name} stays in {}", path.display()))?;
                }
                if let Some(KeySource::Keyring(entry)) = &provider.api_key {
                    print::line(format!("the key of {name} stays in the keyring, as \"{entry}\""))?;
                }
            }
            print::line(
                "now run: systemctl --user daemon-reload && systemctl --user enable --now aloud.socket aloud.service",
            )
        }
        Service::Uninstall => {
            let ours = [kept, entry(env)];
            for path in UNITS.map(|(name, _)| folder.join(name)).iter().chain(&ours) {
                if remove(path)? {
                    print::line(format!("removed {}", path.display()))?;
                }
            }
            print::line("now run: systemctl --user daemon-reload")
        }
    }
}

/// What the service needs of this shell's environment: keys stored nowhere else, and settings of
/// aloud.
fn carried(env: &Environment, config: &Config) -> Vec<(String, String)> {
    let keys = config.settings.providers.values().filter_map(|provider| match &provider.api_key {
        Some(KeySource::Env(name)) => Some(name.as_str()),
        Some(KeySource::File(_) | KeySource::Credential(_) | KeySource::Keyring(_)) | None => None,
    });
    let own = env.names("ALOUD_").filter(|name| name.contains("__") || *name == "ALOUD_LOG");
    let mut names: Vec<&str> = CARRIED.into_iter().chain(keys).chain(own).collect();
    names.sort_unstable();
    names.dedup();
    let set = names.into_iter().filter_map(|name| Some((name, env.get(name)?)));
    set.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn write_units(folder: &Path, config: Option<&Path>, variables: Option<&Path>) -> Outcome {
    let me = std::env::current_exe()?;
    fs::create_dir_all(folder).map_err(|error| cannot(folder, &error))?;
    let mut lines = format!("ExecStart={} daemon", quoted(&me.display().to_string()));
    if let Some(config) = config {
        let setting = format!("ALOUD_CONFIG={}", config.display());
        lines.push_str(&format!("\nEnvironment={}", quoted(&setting)));
    }
    if let Some(variables) = variables {
        // The file name cannot be quoted; a missing file is no error.
        let path = variables.display().to_string().replace('%', "%%");
        lines.push_str(&format!("\nEnvironmentFile=-{path}"));
    }
    for (name, text) in UNITS {
        let path = folder.join(name);
        let text = text.replace("ExecStart=aloud daemon", &lines);
        let reload = format!("ExecReload={} reload", quoted(&me.display().to_string()));
        let text = text.replace("ExecReload=aloud reload", &reload);
        fs::write(&path, text).map_err(|error| cannot(&path, &error))?;
        print::line(format!("wrote {}", path.display()))?;
    }
    Ok(())
}

/// Where the desktop entry belongs.
fn entry(env: &Environment) -> PathBuf {
    // The folder of the user's data, which ours is in.
    let data = Paths::of(env).lists;
    let data = data.ancestors().nth(2).unwrap_or(&data);
    data.join("applications").join(ENTRY)
}

/// Writes the desktop entry, which no menu shows.
fn write_entry(path: &Path) -> Outcome {
    let me = std::env::current_exe()?;
    let text = format!(
        "[Desktop Entry]\nType=Application\nName=aloud\nComment=Voice assistant\nExec={} daemon\nNoDisplay=true\n",
        quoted(&me.display().to_string())
    );
    fs::create_dir_all(path.parent().unwrap_or(path)).map_err(|error| cannot(path, &error))?;
    fs::write(path, text).map_err(|error| cannot(path, &error))?;
    print::line(format!("wrote {}", path.display()))
}

/// `text` as one word of a unit.
fn quoted(text: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "/._-=+:".contains(c);
    if text.chars().all(safe) {
        return text.to_owned();
    }
    let mut word = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => word.extend(['\\', c]),
            '%' | '$' => word.extend([c, c]),
            _ => word.push(c),
        }
    }
    word.push('"');
    word
}

/// The variables already in the file `path` that are not among `variables`: names, and whole lines.
fn before(path: &Path, variables: &[(String, String)]) -> Vec<(String, String)> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let named = text.lines().filter_map(|line| Some((line.split_once('=')?.0, line)));
    named
        .filter(|(name, _)| !name.starts_with('#') && variables.iter().all(|(new, _)| new != name))
        .map(|(name, line)| (name.to_owned(), line.to_owned()))
        .collect()
}

/// Writes `variables` in systemd's format, after the lines `before`, readable by their owner alone.
fn write_variables(
    path: &Path,
    variables: &[(String, String)],
    before: &[(String, String)],
) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)?;
    let mut text = String::from("# Written by \"aloud service install\", for the service.\n");
    for (_, line) in before {
        text.push_str(line);
        text.push('\n');
    }
    for (name, value) in variables {
        let mut inside = String::new();
        for c in value.chars() {
            if matches!(c, '"' | '\\' | '$' | '`') {
                inside.push('\\');
            }
            inside.push(c);
        }
        text.push_str(&format!("{name}=\"{inside}\"\n"));
    }
    // It is never readable by others, not even for a moment.
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.as_file().set_permissions(fs::Permissions::from_mode(0o600))?;
    draft.write_all(text.as_bytes())?;
    draft.persist(path).map(drop).map_err(|error| error.error)
}

/// Removes the file `path`; false if there is none.
fn remove(path: &Path) -> Result<bool, Failure> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(cannot(path, &error)),
    }
}

fn folder(env: &Environment) -> Result<PathBuf, Failure> {
    let base = env.os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = base.or_else(|| env.os("HOME").map(|home| PathBuf::from(home).join(".config")));
    base.map(|base| base.join("systemd/user"))
        .ok_or_else(|| Failure::new(Code::CannotCreate, "no home folder; set HOME"))
}

fn cannot(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    Failure::new(
        Code::CannotCreate,
        format!("cannot change {path}: {error}; check the folder's owner and permissions"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_shell_had_stays_and_what_this_one_has_is_renewed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("environment");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        write_variables(&file, &[pair("A", "1"), pair("B", "two \"$x\"")], &[]).unwrap();
        let new = [pair("A", "3")];
        write_variables(&file, &new, &before(&file, &new)).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let lines: Vec<_> = text.lines().skip(1).collect();
        assert_eq!(lines, ["B=\"two \\\"\\$x\\\"\"", "A=\"3\""]);
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn words_of_a_unit_are_quoted_where_they_must_be() {
        assert_eq!(quoted("/usr/bin/aloud"), "/usr/bin/aloud");
        assert_eq!(quoted("A=/my files/50%"), "\"A=/my files/50%%\"");
        assert_eq!(quoted("a\"b\\c$d"), "\"a\\\"b\\\\c$$d\"");
    }
}
