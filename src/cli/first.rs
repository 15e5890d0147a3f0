//! The first start of the chat: asks once, on one screen, who should answer.

use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::terminal;

use super::exit::{Code, Failure};
use crate::config::{self, Environment, Paths};
use crate::engine::EngineError;
use crate::engine::openai::models::models;
use crate::engine::openai::{Address, Auth, Http, Neighbour};

/// Variables that already say who answers.
const SETTLED: [&str; 5] = [
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "AZURE_OPENAI_ENDPOINT",
    "ALOUD_CONFIG",
    "ALOUD_PARTNER__KIND",
];

/// How long a key is tried; a slow network does not keep anybody from starting.
const CHECK: Duration = Duration::from_secs(5);

/// Wrong answers to one question before the default is taken.
const TRIES: usize = 3;

/// Who answers.
#[derive(Clone, PartialEq, Eq)]
enum Choice {
    /// The built-in engines.
    Inside,
    /// A model server on this machine, and one of its models.
    Neighbour(String, String),
    /// OpenAI, with this key.
    OpenAi(String),
}

/// Whether nothing says yet who answers: no configuration, no key.
pub(super) fn wanted(env: &Environment) -> bool {
    let told = SETTLED.iter().any(|name| env.get(name).is_some())
        || env.names("ALOUD_CASCADE__").next().is_some();
    !told && !Paths::of(env).config.exists()
}

/// Asks who should answer, and saves it, so that it is asked only once.
///
/// # Errors
/// When the terminal cannot be used, or the configuration cannot be written.
pub(super) async fn ask(env: &Environment) -> Result<(), Failure> {
    let neighbours = crate::engine::openai::neighbours().await;
    let paths = Paths::of(env);
    let mut out = io::stdout();
    let choice = loop {
        let chosen = choose(&mut io::stdin().lock(), &mut out, &neighbours, &secret)?;
        let Some(choice) = chosen else {
            return Err(Failure::new(
                Code::Interrupted,
                "nothing was chosen; start again, or use --yes",
            ));
        };
        match &choice {
            Choice::Inside | Choice::Neighbour(..) => break choice,
            Choice::OpenAi(key) => match checked(config::OPENAI, key).await {
                Checked::Good => break choice,
                Checked::Unknown(why) => {
                    writeln!(out, "The key could not be checked: {why}.")?;
                    break choice;
                }
                Checked::Bad(why) => writeln!(out, "That did not work: {why}.\n")?,
            },
        }
    };
    write(&paths, &choice)?;
    let kept = match choice {
        Choice::OpenAi(_) => {
            format!(", the key in {} (only you can read it)", key_file(&paths).display())
        }
        Choice::Inside | Choice::Neighbour(..) => String::new(),
    };
    writeln!(out, "\nSaved in {}{kept}.\n", paths.config.display())?;
    Ok(())
}

/// The question; `None` when the input ends without an answer.
fn choose(
    input: &mut impl BufRead,
    out: &mut impl Write,
    neighbours: &[Neighbour],
    secret: &dyn Fn() -> io::Result<Option<String>>,
) -> io::Result<Option<Choice>> {
    let mut choices = vec![(
        "Built-in engines: timers, alarms, weather, sums, units. Free and offline.".to_owned(),
        Some(Choice::Inside),
    )];
    for neighbour in neighbours {
        if let Some(model) = neighbour.models.first() {
            choices.push((
                format!(
                    "{} on this machine ({model}): conversation too, still offline.",
                    neighbour.name
                ),
                Some(Choice::Neighbour(neighbour.name.to_owned(), model.clone())),
            ));
        }
    }
    choices.push(("OpenAI, with your API key: conversation and natural voices.".to_owned(), None));
    writeln!(out, "Welcome to aloud. Who should answer you?\n")?;
    for (at, (text, _)) in choices.iter().enumerate() {
        writeln!(out, "  {}  {text}", at + 1)?;
    }
    writeln!(out)?;
    for _ in 0..TRIES {
        write!(out, "Type a number and press enter [1]: ")?;
        out.flush()?;
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim();
        let at = if line.is_empty() { Some(1) } else { line.parse::<usize>().ok() };
        let picked = at.and_then(|at| choices.get(at.checked_sub(1)?));
        match picked {
            Some((_, Some(choice))) => return Ok(Some(choice.clone())),
            Some((_, None)) => {
                write!(out, "Paste your API key (it is not shown; esc: go back): ")?;
                out.flush()?;
                match secret()? {
                    Some(key) if fits(&key) => return Ok(Some(Choice::OpenAi(key))),
                    Some(_) => writeln!(out, "That is not an API key; they look like sk-...")?,
                    None => writeln!(out)?,
                }
            }
            None => writeln!(out, "Please type a number from 1 to {}.", choices.len())?,
        }
    }
    writeln!(out, "Taking 1, the built-in engines.")?;
    Ok(Some(Choice::Inside))
}

/// What a provider thinks of a key.
#[derive(Debug, PartialEq, Eq)]
enum Checked {
    Good,
    /// It does not accept it, for this reason.
    Bad(String),
    /// It could not be asked, for this reason.
    Unknown(String),
}

/// Tries `key` at the provider whose base URL is `base`, with a request that costs nothing.
async fn checked(base: &str, key: &str) -> Checked {
    let tried = async {
        let address = Address::v1(base).map_err(EngineError::Refused)?;
        let http = Http::new("openai", address, Auth::Bearer(key.to_owned()), CHECK)?;
        models(&http.without_retries()).await
    };
    match tokio::time::timeout(CHECK, tried).await {
        Ok(Ok(_)) => Checked::Good,
        Ok(Err(EngineError::Refused(why))) => Checked::Bad(why),
        Ok(Err(error)) => Checked::Unknown(error.to_string()),
        Err(_) => Checked::Unknown("OpenAI did not answer in time".to_owned()),
    }
}

/// Whether `key` can be sent as one.
fn fits(key: &str) -> bool {
    key.len() >= 8 && key.chars().all(|c| c.is_ascii_graphic())
}

/// Reads a line without echo; `None` if the user gives up.
#[expect(clippy::wildcard_enum_match_arm, reason = "an enum of another crate")]
fn secret() -> io::Result<Option<String>> {
    terminal::enable_raw_mode()?;
    let mut key = String::new();
    let read = loop {
        let event = match crossterm::event::read() {
            Ok(Event::Key(event)) if event.kind != KeyEventKind::Release => event,
            Ok(Event::Paste(text)) => {
                key.push_str(text.trim());
                continue;
            }
            Ok(_) => continue,
            Err(error) => break Err(error),
        };
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        match event.code {
            KeyCode::Enter => break Ok(Some(key.trim().to_owned())),
            KeyCode::Esc => break Ok(None),
            KeyCode::Char('c' | 'd') if control => break Ok(None),
            KeyCode::Char('u') if control => key.clear(),
            KeyCode::Backspace => drop(key.pop()),
            KeyCode::Char(c) if !control => key.push(c),
            _ => {}
        }
    };
    terminal::disable_raw_mode()?;
    io::stdout().write_all(b"\n")?;
    read
}

fn key_file(paths: &Paths) -> PathBuf {
    paths.config.with_file_name("openai.key")
}

/// Writes the commented configuration with `choice` in it, and the key into a file of its own.
fn write(paths: &Paths, choice: &Choice) -> Result<(), Failure> {
    let mut text = config::default_file().to_owned();
    match choice {
        Choice::Inside => {}
        Choice::Neighbour(name, model) => {
            let line = format!("\nchat = [\"{name}/{model}\", \"local/templates\"]\n");
            text = text.replacen("\n# chat = \"local/templates\"\n", &line, 1);
        }
        Choice::OpenAi(key) => {
            let file = key_file(paths);
            write_key(&file, key).map_err(|error| cannot(&file, &error))?;
            let path = toml::Value::from(file.display().to_string());
            text.push_str(&format!("\n[providers.openai]\napi_key_file = {path}\n"));
        }
    }
    let file = &paths.config;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(|error| cannot(folder, &error))?;
    }
    // One that was created meanwhile is not overwritten.
    let made = OpenOptions::new().write(true).create_new(true).open(file);
    made.and_then(|mut made| made.write_all(text.as_bytes())).map_err(|error| cannot(file, &error))
}

fn write_key(file: &Path, key: &str) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut made =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    // The mode only applies to a new file.
    made.set_permissions(fs::Permissions::from_mode(0o600))?;
    made.write_all(format!("{key}\n").as_bytes())
}

fn cannot(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    Failure::new(
        Code::CannotCreate,
        format!("cannot write {path}: {error}; check the folder's owner and permissions"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, KeySource};

    fn env(home: &Path) -> Environment {
        [("HOME", home.display().to_string())].into_iter().collect()
    }

    fn asked(typed: &str, neighbours: &[Neighbour], key: Option<&str>) -> (Option<Choice>, String) {
        let mut out = Vec::new();
        let secret = || Ok(key.map(str::to_owned));
        let choice = choose(&mut typed.as_bytes(), &mut out, neighbours, &secret).unwrap();
        (choice, String::from_utf8(out).unwrap())
    }

    fn ollama() -> Vec<Neighbour> {
        vec![Neighbour { name: "ollama", models: vec!["qwen3:4b".into()] }]
    }

    #[test]
    fn enter_takes_the_engines_inside_and_is_asked_once() {
        let home = tempfile::tempdir().unwrap();
        let env = env(home.path());
        assert!(wanted(&env));
        let (choice, screen) = asked("\n", &[], None);
        assert!(screen.lines().count() < 12 && !screen.contains("ollama"), "{screen}");
        let paths = Paths::of(&env);
        write(&paths, &choice.unwrap()).unwrap_or_else(|failure| panic!("{failure}"));
        assert!(!wanted(&env));
        let config = Config::load(&env, None).unwrap();
        assert_eq!(config.settings.cascade.chat[0].to_string(), "local/templates");
    }

    #[test]
    fn ollama_is_offered_while_it_runs() {
        let home = tempfile::tempdir().unwrap();
        let env = env(home.path());
        let (choice, screen) = asked("7\nx\n2\n", &ollama(), None);
        assert!(screen.contains("from 1 to 3"), "{screen}");
        write(&Paths::of(&env), &choice.unwrap()).unwrap_or_else(|failure| panic!("{failure}"));
        let config = Config::load(&env, None).unwrap();
        assert_eq!(config.settings.cascade.chat[0].to_string(), "ollama/qwen3:4b");
        assert!(config.settings.cascade.chat.len() == 2);
    }

    #[test]
    fn a_key_goes_to_a_file_of_its_own_and_nowhere_else() {
        let home = tempfile::tempdir().unwrap();
        let env = env(home.path());
        let (choice, screen) = asked("2\n", &[], Some("sk-test-1234567890"));
        assert!(!screen.contains("sk-test"));
        let paths = Paths::of(&env);
        write(&paths, &choice.unwrap()).unwrap_or_else(|failure| panic!("{failure}"));
        let file = key_file(&paths);
        assert_eq!(fs::read_to_string(&file).unwrap(), "sk-test-1234567890\n");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!fs::read_to_string(&paths.config).unwrap().contains("sk-test"));
        let config = Config::load(&env, None).unwrap();
        assert_eq!(config.settings.providers["openai"].api_key, Some(KeySource::File(file)));
        assert_eq!(config.settings.cascade.chat[0].provider, "openai");
    }

    #[test]
    fn who_gives_no_key_can_still_take_another_answer() {
        let (choice, screen) = asked("2\n1\n", &[], Some("no key at all"));
        assert!(choice == Some(Choice::Inside) && screen.contains("not an API key"));
        assert!(asked("2\n1\n", &[], None).0 == Some(Choice::Inside));
        assert!(asked("", &[], None).0.is_none());
    }

    #[tokio::test]
    async fn a_key_is_tried_before_it_is_kept() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/v1", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            for (status, body) in [("401 Unauthorized", "{}"), ("200 OK", r#"{"data": []}"#)] {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 1024];
                let read = stream.read(&mut request).await.unwrap();
                assert!(String::from_utf8_lossy(&request[..read]).contains("sk-test"));
                let answer = format!(
                    "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n\
                     Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let bad = checked(&base, "sk-test").await;
        assert!(matches!(&bad, Checked::Bad(why) if why.contains("rejected the key")), "{bad:?}");
        assert_eq!(checked(&base, "sk-test").await, Checked::Good);
        server.await.unwrap();
        let gone = checked(&base, "sk-test").await;
        assert!(matches!(&gone, Checked::Unknown(_)), "{gone:?}");
    }

    #[test]
    fn who_has_said_already_who_answers_is_not_asked() {
        let home = tempfile::tempdir().unwrap();
        for name in ["OPENAI_API_KEY", "OPENAI_BASE_URL", "ALOUD_CASCADE__CHAT", "ALOUD_CONFIG"] {
            let pairs = [("HOME", home.path().display().to_string()), (name, "x".to_owned())];
            assert!(!wanted(&pairs.into_iter().collect()), "{name}");
        }
    }
}
