use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::xwd;

/// Time limit for one program.
const PATIENCE: Duration = Duration::from_secs(5);

/// The kind of display that a program captures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Wayland,
    X11,
    Both,
}

/// Programs that capture the whole screen, with the arguments before the file name, fastest first.
const PROGRAMS: [(&str, Of, &[&str]); 6] = [
    ("grim", Of::Wayland, &[]),
    ("gnome-screenshot", Of::Both, &["-f"]),
    ("spectacle", Of::Both, &["-b", "-n", "-o"]),
    ("scrot", Of::X11, &[]),
    ("import", Of::X11, &["-window", "root"]),
    ("xwd", Of::X11, &["-root", "-silent", "-out"]),
];

/// The user's screen.
#[derive(Clone, Debug, Default)]
pub struct Screen {
    /// The value of `WAYLAND_DISPLAY`.
    pub wayland: Option<OsString>,
    /// The value of `DISPLAY`.
    pub x11: Option<OsString>,
    /// Where to look for the programs, in the format of `PATH`; `None` for this process's own.
    pub path: Option<OsString>,
}

impl Screen {
    /// A screenshot, as PNG or whatever the program makes.
    ///
    /// # Errors
    /// A sentence with the next step, when there is no screen or no program to capture it.
    pub async fn shot(&self) -> Result<Vec<u8>, String> {
        if self.wayland.is_none() && self.x11.is_none() {
            return Err("I see no screen: neither WAYLAND_DISPLAY nor DISPLAY is set. Start me \
                        from your desktop, or run systemctl --user import-environment."
                .into());
        }
        let fits = |of: Of| match of {
            Of::Wayland => self.wayland.is_some(),
            Of::X11 => self.x11.is_some(),
            Of::Both => true,
        };
        let folder =
            tempfile::tempdir().map_err(|error| format!("I can't save a screenshot: {error}."))?;
        let mut failed = None;
        for (program, _, arguments) in PROGRAMS.iter().filter(|(_, of, _)| fits(*of)) {
            let name = if *program == "xwd" { "screen.xwd" } else { "screen.png" };
            match self.run(program, arguments, &folder.path().join(name)).await {
                Ok(Some(bytes)) => return Ok(bytes),
                Ok(None) => {}
                Err(why) => {
                    tracing::debug!(program, why, "no picture of the screen");
                    failed.get_or_insert(format!(
                        "I can't take a screenshot: {program} failed ({why}). Try it in a terminal."
                    ));
                }
            }
        }
        Err(failed.unwrap_or_else(|| {
            let fit = PROGRAMS.iter().filter(|(_, of, _)| fits(*of));
            let names: Vec<&str> = fit.map(|(program, ..)| *program).collect();
            format!("I can't take a screenshot: install one of {}.", names.join(", "))
        }))
    }

    /// The screenshot by `program`; nothing if it is not installed.
    async fn run(
        &self,
        program: &str,
        arguments: &[&str],
        file: &Path,
    ) -> Result<Option<Vec<u8>>, String> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        for (variable, value) in
            [("WAYLAND_DISPLAY", &self.wayland), ("DISPLAY", &self.x11), ("PATH", &self.path)]
        {
            if let Some(value) = value {
                command.env(variable, value);
            }
        }
        let output = match tokio::time::timeout(PATIENCE, command.output()).await {
            Err(_) => return Err(format!("it took more than {} seconds", PATIENCE.as_secs())),
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Ok(Err(error)) => return Err(error.to_string()),
            Ok(Ok(output)) => output,
        };
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            let last = words.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
            let last: String = last.trim().chars().take(120).collect();
            return Err(if last.is_empty() { output.status.to_string() } else { last });
        }
        let bytes = std::fs::read(file).map_err(|_| "it made no file".to_owned())?;
        if program == "xwd" { xwd::png(&bytes).map(Some) } else { Ok(Some(bytes)) }
    }
}
