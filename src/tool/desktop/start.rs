//! Starting a program of the desktop so that it lives on by itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Access, access};
use zbus::Variant;
use zbus::connection::Builder;

use crate::tool::process;

/// How long a program is watched: one that cannot start says so at once.
const WATCHED: Duration = Duration::from_millis(400);

/// How long the service manager may take.
pub(super) const MANAGER: Duration = Duration::from_secs(1);

/// Starts `command` in a process group of its own, with the variables of `env` that belong to the
/// desktop and nothing of ours to read or write.
///
/// # Errors
/// Why it does not run, as the end of a sentence.
pub(super) async fn start(
    command: &[String],
    folder: Option<&Path>,
    env: &BTreeMap<String, String>,
) -> Result<(), String> {
    let [program, arguments @ ..] = command else { return Err("its command is empty".into()) };
    let Some(path) = found(program, env) else {
        return Err(format!("there is no program {program}"));
    };
    let home = env.get("HOME").map(Path::new).filter(|home| home.is_dir());
    let mut start = process::desktop_command(path, env);
    start.args(arguments);
    if let Some(folder) = folder.filter(|folder| folder.is_dir()).or(home) {
        start.current_dir(folder);
    }
    let mut child = start.spawn().map_err(|error| error.to_string())?;
    if let Some(id) = child.id() {
        let name = Path::new(program).file_name().and_then(|name| name.to_str());
        move_out(id, name.unwrap_or("program"), env).await;
    }
    match tokio::time::timeout(WATCHED, child.wait()).await {
        Ok(Ok(status)) if !status.success() => Err(format!("it ended at once ({status})")),
        Ok(Err(error)) => Err(error.to_string()),
        // It runs, or has handed over to one that ran before.
        Ok(Ok(_)) | Err(_) => Ok(()),
    }
}

/// The program `name`, a path or a name in the `PATH` of `env`, if it may be run.
pub(super) fn found(name: &str, env: &BTreeMap<String, String>) -> Option<PathBuf> {
    let runs = |path: &PathBuf| path.is_file() && access(path, Access::EXEC_OK).is_ok();
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(runs);
    }
    let folders = env.get("PATH").map_or("/usr/local/bin:/usr/bin:/bin", String::as_str);
    std::env::split_paths(folders).map(|folder| folder.join(name)).find(runs)
}

/// Moves the process `id` from the control group of our service into one of its own, as desktops
/// do, so that it does not end when the service is restarted. Without a service manager there is
/// nothing to leave.
pub(super) async fn move_out(id: u32, name: &str, env: &BTreeMap<String, String>) {
    let Some(address) = bus(env) else { return };
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let unit = format!("app-aloud-{plain}-{id}.scope");
    let moved = async {
        let bus = Builder::address(address.as_str()).build().await?;
        let properties = vec![
            ("PIDs", Variant::from(vec![id])),
            ("Slice", Variant::from("app.slice")),
            ("CollectMode", Variant::from("inactive-or-failed")),
        ];
        let none: Vec<(&str, Vec<(&str, Variant<'_>)>)> = Vec::new();
        let systemd = "org.freedesktop.systemd1";
        bus.call_method(
            Some(systemd),
            "/org/freedesktop/systemd1",
            Some("org.freedesktop.systemd1.Manager"),
            "StartTransientUnit",
            &(unit.as_str(), "fail", properties, none),
        )
        .await
    };
    match tokio::time::timeout(MANAGER, moved).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::debug!("{name} stays in our control group: {error}"),
        Err(_) => tracing::debug!("{name} stays in our control group: no answer"),
    }
}

/// Where the session bus of `env` is.
pub(super) fn bus(env: &BTreeMap<String, String>) -> Option<String> {
    if let Some(address) = env.get("DBUS_SESSION_BUS_ADDRESS") {
        return Some(address.clone());
    }
    let socket = Path::new(env.get("XDG_RUNTIME_DIR")?).join("bus");
    socket.exists().then(|| format!("unix:path={}", socket.display()))
}
