use std::path::PathBuf;

use super::args::Service;
use super::exit::{Code, Failure};
use super::{Outcome, print};
use crate::config::Environment;

/// The user units, as they lie in the source tree.
const UNITS: [(&str, &str); 2] = [
    ("aloud.service", include_str!("../../systemd/aloud.service")),
    ("aloud.socket", include_str!("../../systemd/aloud.socket")),
];

/// Writes or removes the user units. Starting them is the service manager's business.
pub(super) fn run(env: &Environment, args: &Service) -> Outcome {
    let folder = folder(env)?;
    match args {
        Service::Install => {
            let me = std::env::current_exe()?;
            std::fs::create_dir_all(&folder).map_err(|error| cannot(&folder, error))?;
            for (name, text) in UNITS {
                let path = folder.join(name);
                let text =
                    text.replace("ExecStart=aloud ", &format!("ExecStart={} ", me.display()));
                std::fs::write(&path, text).map_err(|error| cannot(&path, error))?;
                print::line(format!("wrote {}", path.display()))?;
            }
            print::line(
                "now run: systemctl --user daemon-reload && systemctl --user enable --now aloud.socket aloud.service",
            )
        }
        Service::Uninstall => {
            for (name, _) in UNITS {
                let path = folder.join(name);
                match std::fs::remove_file(&path) {
                    Ok(()) => print::line(format!("removed {}", path.display()))?,
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => return Err(cannot(&path, error)),
                }
            }
            print::line("now run: systemctl --user daemon-reload")
        }
    }
}

fn folder(env: &Environment) -> Result<PathBuf, Failure> {
    let base = env.os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = base.or_else(|| env.os("HOME").map(|home| PathBuf::from(home).join(".config")));
    base.map(|base| base.join("systemd/user"))
        .ok_or_else(|| Failure::new(Code::CannotCreate, "there is no home folder; set HOME"))
}

fn cannot(path: &std::path::Path, error: std::io::Error) -> Failure {
    Failure::new(Code::CannotCreate, format!("cannot change {}: {error}", path.display()))
}
