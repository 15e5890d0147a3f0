use std::path::Path;

use super::args::Config as Args;
use super::exit::{Code, Failure};
use super::{Outcome, print};
use crate::config::{Config, Environment, InitError, Paths, init};

/// Writes, checks or shows the configuration.
pub(super) fn run(file: Option<&Path>, env: &Environment, args: &Args) -> Outcome {
    match args {
        Args::Init => {
            let path = match (file, env.os("ALOUD_CONFIG")) {
                (Some(path), _) => path.to_owned(),
                (None, Some(path)) => path.into(),
                (None, None) => Paths::of(env).config,
            };
            init(&path).map_err(|error| {
                let code = match &error {
                    InitError::Exists(_) | InitError::Unwritten { .. } => Code::CannotCreate,
                };
                Failure::new(code, error)
            })?;
            print::line(format!(
                "wrote {} (every line is commented out and shows a default)",
                path.display()
            ))
        }
        Args::Check => {
            let config = Config::load(env, file)?;
            match &config.file {
                Some(path) => print::line(format!("{}: no mistakes found", path.display())),
                None => print::line("no configuration file, using the defaults"),
            }
        }
        Args::Show => print::bytes(Config::load(env, file)?.show().as_bytes()),
    }
}
