//! A home without models or sound, in which `aloud` runs as it would for a user.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::server::Server;

/// The key of every provider here; it must never be shown.
pub(crate) const KEY: &str = "sk-test-0123456789abcdef";

/// A home whose provider is a test server.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    vars: Vec<(&'static str, String)>,
}

/// The result of a command.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: i32,
    pub(crate) printed: String,
    /// Its stderr.
    pub(crate) aside: String,
}

impl Home {
    /// A home whose chat model is the model `m` at `server`.
    pub(crate) fn at(server: &Server) -> Self {
        Self::with(&provider("x", &server.base()), r#"chat = "x/m""#)
    }

    /// A home with these providers, and these lines in `[cascade]`.
    pub(crate) fn with(providers: &str, cascade: &str) -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap(), vars: Vec::new() };
        home.configure(&format!("{providers}\n[cascade]\n{cascade}\n"));
        home
    }

    /// A home with nothing but the key and the address of `server`, as the provider `openai`.
    pub(crate) fn plain(server: &Server) -> Self {
        let vars = vec![("OPENAI_API_KEY", KEY.to_owned()), ("OPENAI_BASE_URL", server.base())];
        Self { folder: tempfile::tempdir().unwrap(), vars }
    }

    /// Writes the configuration.
    pub(crate) fn configure(&self, config: &str) {
        self.write(".config/aloud/config.toml", config);
    }

    /// Writes a file; returns its path.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The names of the files in a folder.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let files = std::fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<String> =
            files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        // The program's own files are hidden.
        names.retain(|name| !name.starts_with('.'));
        names.sort();
        names
    }

    /// The program inside this process.
    pub(crate) fn app(&self) -> aloud::app::App {
        let home = [("HOME", self.path("").to_str().unwrap().to_owned())];
        let vars = home.into_iter().chain(self.vars.iter().cloned()).collect();
        aloud::app::App::open(None, &vars).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aloud"));
        let home = self.folder.path();
        command
            .args(args)
            .current_dir(home)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("XDG_RUNTIME_DIR", home)
            .env("PULSE_SERVER", format!("unix:{}/none", home.display()))
            .env("TZ", "UTC")
            .env("X_KEY", KEY)
            .envs(self.vars.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Told {
        Told::of(&self.command(args).output().unwrap())
    }

    /// The lines printed by a command that must succeed.
    pub(crate) fn lines(&self, args: &[&str]) -> Vec<String> {
        let told = self.run(args);
        assert_eq!(told.code, 0, "{args:?}: {}", told.aside);
        told.printed.lines().map(str::to_owned).collect()
    }

    /// A command fails with `code`, and its reason contains all of `words`.
    pub(crate) fn fails(&self, args: &[&str], code: i32, words: &[&str]) {
        self.run(args).fails(code, words);
    }

    /// Asks, and reads the answer.
    pub(crate) fn ask(&self, question: &str) -> Told {
        self.run(&["ask", question])
    }

    /// Asks a question that must be answered, and reads all of the answer.
    pub(crate) fn answer(&self, question: &str) -> Value {
        let told = self.run(&["ask", "--json", question]);
        assert_eq!(told.code, 0, "{}", told.aside);
        serde_json::from_str(&told.printed).unwrap()
    }
}

impl Told {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (printed, aside) = (text(&output.stdout), text(&output.stderr));
        for shown in [&printed, &aside] {
            assert!(!shown.contains(KEY), "the key is shown: {shown}");
        }
        Self { code: output.status.code().unwrap(), printed, aside }
    }

    /// The command failed with `code`, and the reason in its last line contains all of `words`.
    pub(crate) fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        let reason = self.aside.lines().last().unwrap_or_default();
        for word in words {
            assert!(reason.contains(word), "no {word:?} in {reason:?}");
        }
    }
}

/// The configuration of the compatible provider `name`, with a key.
pub(crate) fn provider(name: &str, base: &str) -> String {
    format!(
        "[providers.{name}]\nkind = \"compatible\"\nbase_url = \"{base}\"\napi_key_env = \"X_KEY\"\n"
    )
}
