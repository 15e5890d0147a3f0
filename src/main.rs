//! The `aloud` binary: runs the command and turns its outcome into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    aloud::base::process::settle();
    ExitCode::from(aloud::cli::run())
}
