//! Painters: the configured models, also as the trait of the tools.

use std::sync::Arc;

use futures::StreamExt;

use super::engines::{members, one};
use super::{App, StartError};
use crate::base::{Flow, Job};
use crate::config::{ModelName, ProviderKind};
use crate::engine::openai::picture::ImageModel;
use crate::engine::{Canvas, Chain, EngineError, Notes, Painted, Painter, Wish};
use crate::tool::{self, Album, PictureSettings, Screen};

/// Where pictures are kept.
pub fn album(app: &App) -> Album {
    let configured = app.config.settings.image.dir.clone();
    Album::new(configured.unwrap_or_else(|| app.config.paths.pictures.clone()))
}

/// What the picture tools need.
pub(super) fn pictures(app: &App, notes: &Notes) -> PictureSettings {
    PictureSettings {
        painter: configured(app, notes),
        album: album(app),
        screen: Screen {
            wayland: app.env.os("WAYLAND_DISPLAY").map(Into::into),
            x11: app.env.os("DISPLAY").map(Into::into),
            path: None,
        },
        home: app.config.paths.home.clone(),
    }
}

/// The configured painter: a chain that uses the first one that works.
///
/// # Errors
/// As [`App::transcriber`].
pub fn painter(app: &App, notes: &Notes) -> Result<Arc<dyn Painter>, StartError> {
    painter_of(app, &app.config.settings.image.models, notes)
}

fn painter_of(
    app: &App,
    names: &[ModelName],
    notes: &Notes,
) -> Result<Arc<dyn Painter>, StartError> {
    let painters = members(names, |name, last| {
        let image_model = ImageModel::new(&app.line(&name.provider, last)?, &name.model)?;
        Ok(Arc::new(image_model) as Arc<dyn Painter>)
    })?;
    Ok(one(painters, |all| Arc::new(Chain::of_painters(all, notes.clone(), app.clock))))
}

/// The painter of the tools, if one can be asked.
fn configured(app: &App, notes: &Notes) -> Option<Arc<dyn tool::Painter>> {
    let image = &app.config.settings.image;
    let names: Vec<_> = painting(app).cloned().collect();
    let painter = painter_of(app, &names, notes).ok().filter(|_| !names.is_empty())?;
    let (size, quality) = (image.size.clone(), image.quality.clone());
    Some(Arc::new(ConfiguredPainter { painter, size, quality }))
}

/// The configured painters that can be asked: a vendor's needs a key.
pub(super) fn painting(app: &App) -> impl Iterator<Item = &ModelName> {
    app.config.settings.image.models.iter().filter(|name| match app.kind(&name.provider) {
        ProviderKind::Local => false,
        // A user's own server may not need one.
        ProviderKind::Compatible => true,
        ProviderKind::OpenAi | ProviderKind::Azure => {
            app.account(&name.provider).is_ok_and(|http| http.keyed())
        }
    })
}

/// A painter with the configured settings.
struct ConfiguredPainter {
    painter: Arc<dyn Painter>,
    size: Option<String>,
    quality: Option<String>,
}

impl tool::Painter for ConfiguredPainter {
    fn paint(&self, prompt: String, size: Option<String>) -> Job<Result<Vec<u8>, String>> {
        let size = size.or_else(|| self.size.clone());
        let quality = self.quality.clone();
        first(self.painter.paint(Wish { prompt, size, quality, ..Wish::default() }))
    }

    fn change(&self, prompt: String, picture: Arc<[u8]>) -> Job<Result<Vec<u8>, String>> {
        let canvas = Some(Canvas { pictures: vec![picture], mask: None });
        let (size, quality) = (self.size.clone(), self.quality.clone());
        first(self.painter.paint(Wish { prompt, canvas, size, quality, ..Wish::default() }))
    }
}

/// The first picture; only one was requested.
fn first(mut flow: Flow<Result<Painted, EngineError>>) -> Job<Result<Vec<u8>, String>> {
    Box::pin(async move {
        match flow.next().await {
            Some(Ok(painted)) => Ok(painted.bytes),
            Some(Err(error)) => Err(error.to_string()),
            None => Err("no image came back; ask again".into()),
        }
    })
}
