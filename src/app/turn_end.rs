//! What judges the end of a turn, by the configuration and what is installed.

use std::sync::Arc;

use super::{App, RUNTIME, StartError};
use crate::config::{Partner, TurnDetection, TurnEnding};
use crate::drive::TurnEnds;
use crate::engine::Transcriber;
use crate::engine::ending::EndOfTurn;
use crate::engine::local::SmartTurn;

/// The model that hears whether a voice is done, and its file.
const SMART_TURN: (&str, &str) = ("smart-turn", "smart-turn-v3.2-cpu.onnx");

/// What judges the end of a turn; `None` if the server ends it, or if a fixed pause does and nobody
/// here recognizes words. `early` recognizes them, if it is `inside` this machine without a cost.
///
/// # Errors
/// When the user's own templates have mistakes.
pub(super) fn turn_ends(
    app: &App,
    early: Option<&Arc<dyn Transcriber>>,
    inside: bool,
) -> Result<Option<TurnEnds>, StartError> {
    let settings = &app.config.settings;
    let ours = settings.partner != Partner::Realtime
        || settings.realtime.turn_detection == TurnDetection::Ours;
    let ear = early.filter(|_| inside).map(Arc::clone);
    let decides = settings.listen.end == TurnEnding::Smart;
    if !ours || !(decides || (ear.is_some() && app.speculates())) {
        return Ok(None);
    }
    let sound = if decides { smart_turn(app) } else { None };
    let judge = EndOfTurn::new(app.templates()?, sound.map(Arc::new));
    Ok(Some(TurnEnds { judge, decides, pause_ms: settings.listen.pause_ms, ear }))
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
