//! Who paints for the tools: the configured model, behind the tools' own trait.

use std::sync::Arc;

use futures::StreamExt;

use super::App;
use crate::base::{Flow, Job};
use crate::config::ProviderKind;
use crate::engine::EngineError;
use crate::engine::openai::picture::{Painted, Painter, Wish};
use crate::tool::{self, Album, PictureSettings, Screen};

impl App {
    /// Where pictures are kept.
    pub fn album(&self) -> Album {
        let configured = self.config.settings.image.dir.clone();
        Album::new(configured.unwrap_or_else(|| self.config.paths.pictures.clone()))
    }

    /// What the picture tools need.
    pub(super) fn pictures(&self) -> PictureSettings {
        PictureSettings {
            painter: self.painter(),
            album: self.album(),
            screen: Screen {
                wayland: self.env.os("WAYLAND_DISPLAY").map(Into::into),
                x11: self.env.os("DISPLAY").map(Into::into),
                path: None,
            },
            home: self.config.paths.home.clone(),
        }
    }

    /// The configured painter, where there is one to ask: a provider of a vendor has a key.
    fn painter(&self) -> Option<Arc<dyn tool::Painter>> {
        if !self.paints() {
            return None;
        }
        let image = &self.config.settings.image;
        let painter = self.account(&image.model.provider).ok()?;
        let painter = Painter::new(&painter, &image.model.model).ok()?;
        let (size, quality) = (image.size.clone(), image.quality.clone());
        Some(Arc::new(Brush { painter, size, quality }))
    }

    /// Whether the configured painter can be asked.
    pub(super) fn paints(&self) -> bool {
        let provider = &self.config.settings.image.model.provider;
        match self.kind(provider) {
            ProviderKind::Local => false,
            // A server of one's own may take anybody.
            ProviderKind::Compatible => true,
            ProviderKind::OpenAi | ProviderKind::Azure => {
                self.account(provider).is_ok_and(|http| http.keyed())
            }
        }
    }
}

/// A painter with the settings of the configuration.
struct Brush {
    painter: Painter,
    size: Option<String>,
    quality: Option<String>,
}

impl Brush {
    fn wish(&self, prompt: String, size: Option<String>) -> Wish {
        let size = size.or_else(|| self.size.clone());
        Wish { prompt, size, quality: self.quality.clone(), ..Wish::default() }
    }
}

impl tool::Painter for Brush {
    fn paint(&self, prompt: String, size: Option<String>) -> Job<Result<Vec<u8>, String>> {
        first(self.painter.generate(self.wish(prompt, size)))
    }

    fn change(&self, prompt: String, picture: Arc<[u8]>) -> Job<Result<Vec<u8>, String>> {
        let wish = self.wish(prompt, None);
        first(self.painter.edit(wish, vec![picture.to_vec()], None))
    }
}

/// The first picture that comes; one was asked for.
fn first(mut flow: Flow<Result<Painted, EngineError>>) -> Job<Result<Vec<u8>, String>> {
    Box::pin(async move {
        match flow.next().await {
            Some(Ok(painted)) => Ok(painted.bytes),
            Some(Err(error)) => Err(error.to_string()),
            None => Err("no picture came; ask again".into()),
        }
    })
}
