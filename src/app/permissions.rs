use super::App;
use crate::base::WallClock;
use crate::tool::permission::{Audit, Permissions};

/// Which calls run at once, by the configuration.
pub(super) fn permissions(app: &App) -> Permissions {
    Permissions::new(app.config.settings.tools.policies.clone(), audit(app))
}

/// The log of what tools did.
pub(crate) fn audit(app: &App) -> Audit {
    Audit::new(app.config.paths.audit(), WallClock::System)
}
