//! The commands: what a person types, and what the shell gets back.
//!
//! ```text
//! argv ─▶ Cli ─▶ one file per command ─▶ app, models, control, config
//!                       └─▶ stdout: what is meant for a reader; stderr: everything else; exit code
//! ```
//!
//! **Invariant:** a failure is one sentence on stderr that ends with the next step, and an exit
//! code of `sysexits.h`.
//! Deliberately absent: sound, turns and engines: a command only asks for them.

mod args;
mod ask;
mod chat;
mod client;
mod config;
mod daemon;
mod doctor;
mod exit;
mod files;
mod finetune;
mod first;
mod image;
mod inspect;
mod mcp;
mod microphone;
mod models;
mod notify;
mod print;
mod replay;
mod say;
mod servers;
mod service;
mod sound_out;
mod talk;
mod talk_keys;
mod tools;
mod transcribe;
mod tune;
mod usage;
mod wake;
mod watchdog;

use clap::{CommandFactory, Parser};
use tokio::signal::unix::{SignalKind, signal};

use self::args::{Cli, Command};
use self::exit::{Code, Failure};
use crate::config::Environment;
use crate::drive::Request;

/// The result of a command.
type Outcome = Result<(), Failure>;

/// Runs the command line of this process and returns its exit code.
pub fn run() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers and go to stdout; the rest is wrong usage.
            let code = if error.use_stderr() { Code::Usage as u8 } else { 0 };
            let _ = error.print();
            return code;
        }
    };
    let env = Environment::read();
    log(&env, &cli);
    // Sets the process's only crypto provider; any further call fails, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            print::trouble(&format!("cannot start: {error}"));
            return Code::Bug as u8;
        }
    };
    let lasting = matches!(cli.command, None | Some(Command::Daemon(_)));
    let outcome = runtime.block_on(async {
        survive_full_files();
        let work = dispatch(cli, &env);
        if lasting {
            // These shut down by themselves.
            return work.await;
        }
        tokio::select! {
            outcome = work => outcome,
            () = interrupted() => Err(Failure::new(Code::Interrupted, "interrupted")),
        }
    });
    // A local engine may be in the middle of a step; the process does not wait for it.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => 0,
        Err(failure) if failure.code == Code::Done => 0,
        Err(failure) => {
            print::trouble(&failure.message);
            failure.code as u8
        }
    }
}

async fn dispatch(cli: Cli, env: &Environment) -> Outcome {
    let file = cli.config.as_deref();
    match cli.command {
        None => talk::run(file, env, cli.hands_free, cli.partner, cli.yes).await,
        Some(_) if cli.hands_free => Err(Failure::new(
            Code::Usage,
            "--hands-free works only without a command; run \"aloud --hands-free\"",
        )),
        Some(_) if cli.partner.is_some() => Err(Failure::new(
            Code::Usage,
            "put --partner after its command: run \"aloud ask --partner\" or \"aloud daemon --partner\"",
        )),
        Some(Command::Ask(args)) => ask::run(file, env, args).await,
        Some(Command::Say(args)) => say::run(file, env, args).await,
        Some(Command::Transcribe(args)) => transcribe::run(file, env, args).await,
        Some(Command::Daemon(args)) => daemon::run(file, env, args).await,
        Some(Command::Press) => client::ask(env, Request::Press).await,
        Some(Command::Release) => client::ask(env, Request::Release).await,
        Some(Command::Toggle) => client::ask(env, Request::Toggle).await,
        Some(Command::Stop) => client::ask(env, Request::Stop).await,
        Some(Command::Snooze { minutes }) => client::ask(env, Request::Snooze { minutes }).await,
        Some(Command::Mute) => client::ask(env, Request::Mute).await,
        Some(Command::Unmute) => client::ask(env, Request::Unmute).await,
        Some(Command::Reload) => client::reload(env).await,
        Some(Command::Quit) => client::quit(env).await,
        Some(Command::Status(args)) => client::status(env, args.json).await,
        Some(Command::Events) => client::events(env).await,
        Some(Command::Devices(args)) => inspect::devices(file, env, args.json),
        Some(Command::Models(args)) => models::run(file, env, args).await,
        Some(Command::Config(args)) => config::run(file, env, &args),
        Some(Command::Timers(args)) => inspect::timers(file, env, args.json),
        Some(Command::Tools(args)) => tools::run(file, env, args).await,
        Some(Command::Doctor { tune: false }) => doctor::run(file, env).await,
        Some(Command::Doctor { tune: true }) => tune::run(file, env).await,
        Some(Command::Replay { file }) => replay::run(&file),
        Some(Command::Service(args)) => service::run(file, env, &args),
        Some(Command::History { .. }) => Err(Failure::later("aloud history")),
        Some(Command::Wake(args)) => wake::run(file, env, args).await,
        Some(Command::Mcp) => mcp::run(file, env).await,
        Some(Command::Why(args)) => client::why(env, args.json).await,
        Some(Command::Usage(period)) => usage::run(file, env, &period),
        Some(Command::Image(args)) => image::run(file, env, args).await,
        Some(Command::Files(args)) => files::run(file, env, args).await,
        Some(Command::Finetune(args)) => finetune::run(file, env, args).await,
        Some(Command::Completions { shell }) => {
            let mut out = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "aloud", &mut out);
            print::bytes(&out)
        }
        Some(Command::Man) => {
            let mut out = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut out)?;
            print::bytes(&out)
        }
    }
}

/// Sends tracing to stderr, filtered by `ALOUD_LOG`, else by `[log] filter`, else showing warnings
/// and errors. The chat owns the terminal and shows warnings itself, so there only errors are
/// printed; a single question shows itself what went wrong with it.
fn log(env: &Environment, cli: &Cli) {
    use std::io::IsTerminal;
    use tracing_subscriber::EnvFilter;
    let usual = match cli.command {
        None => "error",
        Some(Command::Ask(_)) => "warn,aloud::drive=error,aloud::engine=error",
        Some(_) => "warn",
    };
    // The command itself reports mistakes in the configuration.
    let settings = crate::config::Config::load(env, cli.config.as_deref()).ok();
    let chosen = settings.and_then(|config| config.settings.log.filter);
    let filter = EnvFilter::try_new(chosen.as_deref().unwrap_or(usual))
        .unwrap_or_else(|_| EnvFilter::new(usual));
    let colour = std::io::stderr().is_terminal() && env.get("NO_COLOR").is_none();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .with_target(false)
        .init();
}

/// Exceeding a file size limit kills a process by a signal, unless it is caught; then the write
/// fails, which is reported.
fn survive_full_files() {
    let limit = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    // Once caught it stays caught. If it cannot be, the process dies like any other.
    drop(signal(limit));
}

async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // No handler can be set: the default one ends the process as well.
        std::future::pending::<()>().await;
    }
}
