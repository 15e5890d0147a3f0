//! A home without models or sound, in which `aloud` runs as it would at a user's.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::server::Server;

/// The key of every provider here; it may be shown nowhere.
pub(crate) const KEY: &str = "sk-test-0123456789abcdef";

/// A home whose provider `x` is a server of the test.
pub(crate) struct Home {
    folder: tempfile::TempDir,
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: i32,
    pub(crate) printed: String,
    /// What it wrote to stderr.
    pub(crate) aside: String,
}

impl Home {
    /// One whose chat model is the model `m` at `server`.
    pub(crate) fn at(server: &Server) -> Self {
        Self::with(&provider("x", &server.base()), r#"chat = "x/m""#)
    }

    /// One with these providers, and these lines in `[cascade]`.
    pub(crate) fn with(providers: &str, cascade: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Self { folder };
        let config = home.path(".config/aloud/config.toml");
        std::fs::create_dir_all(config.parent().unwrap()).unwrap();
        std::fs::write(config, format!("{providers}\n[cascade]\n{cascade}\n")).unwrap();
        home
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
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Told {
        Told::of(&self.command(args).output().unwrap())
    }

    /// Asks, and reads the answer.
    pub(crate) fn ask(&self, question: &str) -> Told {
        self.run(&["ask", question])
    }

    /// Asks what must be answered, and reads all that is told of the answer.
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

    /// The command failed with `code`, and gave all of `words` as the reason in its last line.
    pub(crate) fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        let reason = self.aside.lines().last().unwrap_or_default();
        for word in words {
            assert!(reason.contains(word), "no {word:?} in {reason:?}");
        }
    }
}

/// The lines of the provider `name`, compatible, with a key.
pub(crate) fn provider(name: &str, base: &str) -> String {
    format!(
        "[providers.{name}]\nkind = \"compatible\"\nbase_url = \"{base}\"\napi_key_env = \"X_KEY\"\n"
    )
}
