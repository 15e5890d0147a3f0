//! Who paints: the configured models, and the same behind the tools' own trait.

use std::sync::Arc;

use futures::StreamExt;

use super::engines::{members, one};
use super::{App, StartError};
use crate::base::{Flow, Job};
use crate::config::{ModelName, ProviderKind};
use crate::engine::openai::picture::Hand;
use crate::engine::{Canvas, Chain, EngineError, Notes, Painted, Painter, Wish};
use crate::tool::{self, Album, PictureSettings, Screen};

impl App {
    /// Where pictures are kept.
    pub fn album(&self) -> Album {
        let configured = self.config.settings.image.dir.clone();
        Album::new(configured.unwrap_or_else(|| self.config.paths.pictures.clone()))
    }

    /// What the picture tools need.
    pub(super) fn pictures(&self, notes: &Notes) -> PictureSettings {
        PictureSettings {
            painter: self.brush(notes),
            album: self.album(),
            screen: Screen {
                wayland: self.env.os("WAYLAND_DISPLAY").map(Into::into),
                x11: self.env.os("DISPLAY").map(Into::into),
                path: None,
            },
            home: self.config.paths.home.clone(),
        }
    }

    /// The configured painter: a chain, of which the first that paints is taken.
    ///
    /// # Errors
    /// As [`App::transcriber`].
    pub fn painter(&self, notes: &Notes) -> Result<Arc<dyn Painter>, StartError> {
        self.painter_of(&self.config.settings.image.models, notes)
    }

    fn painter_of(
        &self,
        names: &[ModelName],
        notes: &Notes,
    ) -> Result<Arc<dyn Painter>, StartError> {
        let painters = members(names, |name, last| {
            let hand = Hand::new(&self.line(&name.provider, last)?, &name.model)?;
            Ok(Arc::new(hand) as Arc<dyn Painter>)
        })?;
        Ok(one(painters, |all| Arc::new(Chain::of_painters(all, notes.clone(), self.clock))))
    }

    /// The painter of the tools, where there is one to ask.
    fn brush(&self, notes: &Notes) -> Option<Arc<dyn tool::Painter>> {
        let image = &self.config.settings.image;
        let names: Vec<_> = self.painting().cloned().collect();
        let painter = self.painter_of(&names, notes).ok().filter(|_| !names.is_empty())?;
        let (size, quality) = (image.size.clone(), image.quality.clone());
        Some(Arc::new(Brush { painter, size, quality }))
    }

    /// The configured painters that can be asked: a provider of a vendor has a key.
    pub(super) fn painting(&self) -> impl Iterator<Item = &ModelName> {
        self.config.settings.image.models.iter().filter(|name| match self.kind(&name.provider) {
            ProviderKind::Local => false,
            // A server of one's own may take anybody.
            ProviderKind::Compatible => true,
            ProviderKind::OpenAi | ProviderKind::Azure => {
                self.account(&name.provider).is_ok_and(|http| http.keyed())
            }
        })
    }
}

/// A painter with the settings of the configuration.
struct Brush {
    painter: Arc<dyn Painter>,
    size: Option<String>,
    quality: Option<String>,
}

impl tool::Painter for Brush {
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

/// The first picture that comes; one was asked for.
fn first(mut flow: Flow<Result<Painted, EngineError>>) -> Job<Result<Vec<u8>, String>> {
    Box::pin(async move {
        match flow.next().await {
            Some(Ok(painted)) => Ok(painted.bytes),
            Some(Err(error)) => Err(error.to_string()),
            None => Err("no image came back; ask again".into()),
        }
    })
}
