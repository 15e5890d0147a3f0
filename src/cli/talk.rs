use std::io::IsTerminal;
use std::path::Path;

use super::args::Partner;
use super::exit::{Code, Failure};
use super::{Outcome, chat};
use crate::app::{App, Talk};
use crate::config::{Environment, Mode};
use crate::drive::Handle;

/// The voice chat in this terminal.
pub(super) async fn run(
    file: Option<&Path>,
    env: &Environment,
    hands_free: bool,
    partner: Option<Partner>,
) -> Outcome {
    if !chat::possible() {
        return Err(Failure::new(
            Code::Usage,
            "the voice chat needs a terminal; run \"aloud ask\" for one question, or \"aloud daemon\" for the service",
        ));
    }
    let mut app = App::open(file, env)?;
    if let Some(partner) = partner {
        app.config.settings.partner = partner.into();
    }
    let configured = app.config.settings.listen.mode;
    let mode = match (hands_free, configured) {
        (true, _) => Mode::Open,
        (false, mode) => mode,
    };
    let colour = std::io::stdout().is_terminal() && env.get("NO_COLOR").is_none();
    let talk = app.converse(Talk { mode, meter: true, record: None }).await?;
    let handle = talk.driver.handle();
    // Somebody sits here and is about to speak.
    tokio::spawn(crate::app::warm(talk.engines.clone()));
    if app.wants_a_mind() {
        tokio::spawn(offer(handle.clone()));
    }
    tokio::spawn({
        let (outlook, handle) = (app.outlook(), handle.clone());
        async move { outlook.warnings().await.into_iter().for_each(|warning| handle.tell(warning)) }
    });
    let shown = chat::chat(handle, app.clock, mode == Mode::Open, colour);
    // Both end with the other: quitting the chat ends the driver, and the driver's end the chat.
    let (_, shown) = tokio::join!(talk.driver.run(), shown);
    talk.sound.close()?;
    Ok(shown?)
}

/// Tells of model servers on this machine, which would answer what templates cannot.
async fn offer(handle: Handle) {
    for neighbour in crate::engine::openai::neighbours().await {
        handle.tell(neighbour.offer());
    }
}
