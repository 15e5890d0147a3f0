//! What judges the end of a turn, by the configuration and what is installed.

use std::sync::Arc;

use super::{App, RUNTIME, StartError};
use crate::config::{Partner, ProviderKind, TurnDetection, TurnEnding};
use crate::drive::TurnEnds;
use crate::engine::Transcriber;
use crate::engine::ending::EndOfTurn;
use crate::engine::local::SmartTurn;

/// The model that hears whether a voice is done, and its file.
const SMART_TURN: (&str, &str) = ("smart-turn", "smart-turn-v3.2-cpu.onnx");

/// What judges the end of a turn; `None` if a fixed pause or the server ends it. `early` recognizes
/// words while the partner cannot.
///
/// # Errors
/// When the user's own templates have mistakes.
pub(super) fn turn_ends(
    app: &App,
    early: Option<&Arc<dyn Transcriber>>,
) -> Result<Option<TurnEnds>, StartError> {
    let settings = &app.config.settings;
    let ours = settings.partner != Partner::Realtime
        || settings.realtime.turn_detection == TurnDetection::Ours;
    if settings.listen.end == TurnEnding::Pause || !ours {
        return Ok(None);
    }
    let first = settings.cascade.transcribe.first();
    // A local ear has transcribed the pause before it is over.
    let prompt = settings.partner == Partner::Cascade
        && app.speculates()
        && first.is_some_and(|name| app.kind(&name.provider) == ProviderKind::Local);
    let judge = EndOfTurn::new(app.templates()?, smart_turn(app).map(Arc::new));
    let ear = early.filter(|_| !prompt).map(Arc::clone);
    Ok(Some(TurnEnds { judge, pause_ms: settings.listen.pause_ms, prompt, ear }))
}

/// The model that hears whether a voice is done; `None` without its file.
fn smart_turn(app: &App) -> Option<SmartTurn> {
    let file = |(model, file)| app.store.path(model, file);
    let open = || {
        let (runtime, model) = (file(RUNTIME)?, file(SMART_TURN)?);
        Ok::<_, StartError>(SmartTurn::open(runtime, model, app.idle())?)
    };
    open().inspect_err(|error| tracing::info!("the words alone end a turn: {error}")).ok()
}
