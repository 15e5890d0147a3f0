//! Pictures by voice: making, editing, and looking at them.
//!
//! ```text
//! generate_image, edit_image ─▶ Painter (an engine, behind a trait) ─▶ Album (a folder)
//! look_at_picture ─▶ a file ──┐
//! look_at_screen ─▶ Screen ───┴─▶ ToolOutput.picture, for a model that sees
//! ```
//!
//! **Invariant:** nothing that is not a picture, or is too large for the services, is sent to a
//! model.
//! Deliberately absent: who paints; the wiring passes in a painter, or none.

mod album;
mod screen;
mod xwd;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

pub use self::album::{Album, save, slug};
pub use self::screen::Screen;
use super::function::foreign;
use super::{Tool, ToolCx, ToolError, ToolOutput, arguments, function};
use crate::base::Job;
use crate::dialog::{Effect, Picture, PictureKind, ToolSpec};

/// How long a picture may take: slow models need two minutes.
const PAINTING: Duration = Duration::from_secs(180);

/// How long a look may take: each screenshot program is waited for.
const LOOKING: Duration = Duration::from_secs(35);

/// The largest picture for a model, in bytes: the limit of the services.
pub const LARGEST: u64 = 20 * 1024 * 1024;

/// Makes pictures. A failure is a sentence for the user.
pub trait Painter: Send + Sync {
    /// Makes a picture of `prompt`; `size` is for example `1024x1024`.
    fn paint(&self, prompt: String, size: Option<String>) -> Job<Result<Vec<u8>, String>>;

    /// Edits `picture` as `prompt` says.
    fn change(&self, prompt: String, picture: Arc<[u8]>) -> Job<Result<Vec<u8>, String>>;
}

/// Settings of the picture tools.
#[derive(Clone)]
pub struct PictureSettings {
    /// The painter; without one there are only the tools that look.
    pub painter: Option<Arc<dyn Painter>>,
    /// Where pictures are kept.
    pub album: Album,
    /// The screen.
    pub screen: Screen,
    /// The home folder, for `~/`.
    pub home: Option<PathBuf>,
}

/// The tools that make, edit and look at pictures.
pub fn pictures(settings: &PictureSettings) -> Vec<Arc<dyn Tool>> {
    let last = Last::default();
    let mut tools = Vec::new();
    if let Some(painter) = &settings.painter {
        tools.push(generate(painter, &settings.album, &last));
        tools.push(edit(painter, &settings.album, &last));
    }
    tools.push(look_at_picture(settings, &last));
    // What is on a screen may be anybody's words.
    tools.push(foreign(look_at_screen(&settings.screen, &last)));
    tools
}

/// The picture made or shown last, for `edit_image`.
#[derive(Clone, Default)]
struct Last(Arc<Mutex<Option<Arc<[u8]>>>>);

impl Last {
    fn set(&self, bytes: Vec<u8>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes.into());
    }

    fn get(&self) -> Option<Arc<[u8]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[derive(Deserialize)]
struct Generate {
    prompt: String,
    size: Option<String>,
    open: Option<bool>,
}

fn generate(painter: &Arc<dyn Painter>, album: &Album, last: &Last) -> Arc<dyn Tool> {
    let (painter, album, last) = (Arc::clone(painter), album.clone(), last.clone());
    let tool = function(
        "generate_image",
        "Makes a picture and saves it as a file. It takes up to two minutes, so say first that you \
         are at it.",
        Effect::Makes,
        arguments(
            &["prompt"],
            json!({
                "prompt": {"type": "string", "description": "What to draw, in detail."},
                "size": {
                    "type": "string",
                    "description": "Width and height in pixels, such as 1024x1024 or 1536x1024.",
                },
                "open": {
                    "type": "boolean",
                    "description": "true to open it on the screen, when the user wants to see it.",
                },
            }),
        ),
        move |wish: Generate, _| {
            let (painter, album, last) = (Arc::clone(&painter), album.clone(), last.clone());
            async move {
                let job = painter.paint(wish.prompt.clone(), wish.size);
                let bytes = job.await.map_err(ToolError::Tell)?;
                keep(&album, &last, &wish.prompt, bytes, wish.open.unwrap_or_default()).await
            }
        },
    );
    Arc::new(Slow { tool, deadline: PAINTING })
}

#[derive(Deserialize)]
struct Edit {
    prompt: String,
}

fn edit(painter: &Arc<dyn Painter>, album: &Album, last: &Last) -> Arc<dyn Tool> {
    let (painter, album, last) = (Arc::clone(painter), album.clone(), last.clone());
    let tool = function(
        "edit_image",
        "Changes the picture that was made or looked at last, and saves the result as a new file.",
        Effect::Makes,
        arguments(
            &["prompt"],
            json!({"prompt": {"type": "string", "description": "What to change."}}),
        ),
        move |wish: Edit, _| {
            let (painter, album, last) = (Arc::clone(&painter), album.clone(), last.clone());
            async move {
                let newest = || album.newest().and_then(|path| read(&path).ok()).map(Into::into);
                let picture = last.get().or_else(newest).ok_or_else(|| {
                    ToolError::Tell("There is no picture yet. Make or show me one first.".into())
                })?;
                let job = painter.change(wish.prompt.clone(), picture);
                let bytes = job.await.map_err(ToolError::Tell)?;
                keep(&album, &last, &wish.prompt, bytes, false).await
            }
        },
    );
    Arc::new(Slow { tool, deadline: PAINTING })
}

/// Saves a new picture.
async fn keep(
    album: &Album,
    last: &Last,
    prompt: &str,
    bytes: Vec<u8>,
    show: bool,
) -> Result<ToolOutput, ToolError> {
    let path = album.keep(prompt, &bytes).map_err(|error| {
        ToolError::Tell(format!(
            "I made the picture, but I can't save it in {}: {error}.",
            album.dir().display()
        ))
    })?;
    last.set(bytes);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut say = format!("I saved the picture as {name} in {}.", album.dir().display());
    let opened = show.then(|| open(&path));
    if let Some(Err(why)) = &opened {
        say = format!("{say} {why}");
    }
    let data = json!({"path": path, "opened": matches!(opened, Some(Ok(())))});
    Ok(ToolOutput::new(data, say))
}

#[derive(Deserialize)]
struct Look {
    path: String,
}

fn look_at_picture(settings: &PictureSettings, last: &Last) -> Arc<dyn Tool> {
    let (settings, last) = (settings.clone(), last.clone());
    let tool = function(
        "look_at_picture",
        "Shows you a picture, so that you can say what is on it.",
        Effect::Reads,
        arguments(
            &["path"],
            json!({"path": {
                "type": "string",
                "description": "A file: PNG, JPEG, WebP or GIF. A bare name is one of the pictures that you made.",
            }}),
        ),
        move |look: Look, _| {
            let (settings, last) = (settings.clone(), last.clone());
            async move {
                let path = place(look.path.trim(), &settings);
                let bytes = read(&path).map_err(|why| ToolError::Tell(why.to_string()))?;
                let picture = data_url(&bytes).map_err(|why| ToolError::Tell(why.to_string()))?;
                last.set(bytes);
                Ok(shown(json!({"shown": path}), picture))
            }
        },
    );
    Arc::new(Slow { tool, deadline: LOOKING })
}

#[derive(Deserialize)]
struct Nothing {}

fn look_at_screen(screen: &Screen, last: &Last) -> Arc<dyn Tool> {
    let (screen, last) = (screen.clone(), last.clone());
    let tool = function(
        "look_at_screen",
        "Shows you what is on the user's screen now.",
        // It may show others something private: only when the user has definitely asked for it,
        // never in the middle of a sentence.
        Effect::Writes,
        arguments(&[], json!({})),
        move |_: Nothing, _| {
            let (screen, last) = (screen.clone(), last.clone());
            async move {
                let bytes = screen.shot().await.map_err(ToolError::Tell)?;
                let picture = data_url(&bytes).map_err(|why| ToolError::Tell(why.to_string()))?;
                last.set(bytes);
                Ok(shown(json!({"shown": "the screen"}), picture))
            }
        },
    );
    Arc::new(Slow { tool, deadline: LOOKING })
}

fn shown(data: serde_json::Value, picture: Picture) -> ToolOutput {
    let say = "I have the picture, but describing it needs a chat model that can see.";
    ToolOutput { picture: Some(picture), ..ToolOutput::new(data, say) }
}

/// The file that a person means by `named`: in the home folder, in the album, or at that path.
fn place(named: &str, settings: &PictureSettings) -> PathBuf {
    let named = named.strip_prefix("file://").unwrap_or(named);
    if let (Some(rest), Some(home)) = (named.strip_prefix("~/"), &settings.home) {
        return home.join(rest);
    }
    let path = PathBuf::from(named);
    let album = settings.album.dir().join(&path);
    if path.is_relative() && album.exists() { album } else { path }
}

/// Why a file cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum Unshown {
    /// It cannot be read; the error says whether it exists.
    #[error("cannot read {0}: {1}; give an image file")]
    Unread(PathBuf, std::io::Error),
    /// It exceeds 20 MB.
    #[error("the image is larger than 20 MB; make it smaller")]
    TooLarge,
    /// It is not a picture.
    #[error("not an image that models accept; convert it to PNG, JPEG, WebP or GIF")]
    NoPicture,
}

/// The bytes of a picture file.
///
/// # Errors
/// [`Unshown`]
pub fn read(path: &Path) -> Result<Vec<u8>, Unshown> {
    let unread = |error| Unshown::Unread(path.to_owned(), error);
    let meta = std::fs::metadata(path).map_err(unread)?;
    if !meta.is_file() {
        // A pipe or a device has no end.
        return Err(unread(std::io::Error::other("it is no plain file")));
    }
    if meta.len() > LARGEST {
        return Err(Unshown::TooLarge);
    }
    let bytes = std::fs::read(path).map_err(unread)?;
    if PictureKind::of(&bytes).is_none() { Err(Unshown::NoPicture) } else { Ok(bytes) }
}

/// A picture as a data URL.
///
/// # Errors
/// [`Unshown::TooLarge`] and [`Unshown::NoPicture`].
pub fn data_url(bytes: &[u8]) -> Result<Picture, Unshown> {
    if bytes.len() as u64 > LARGEST {
        return Err(Unshown::TooLarge);
    }
    let kind = PictureKind::of(bytes).ok_or(Unshown::NoPicture)?;
    Ok(format!("data:{};base64,{}", kind.media_type(), STANDARD.encode(bytes)).into())
}

/// Opens the file at `path` in the desktop's picture viewer.
///
/// # Errors
/// A sentence when there is no viewer.
///
/// # Panics
/// Outside of an async runtime, which reaps the viewer when its window is closed.
pub fn open(path: &Path) -> Result<(), String> {
    // It lives as long as its window; nobody waits for it.
    tokio::process::Command::new("xdg-open")
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(drop)
        .map_err(|_| "To open it, install xdg-utils.".to_owned())
}

/// A tool with a long deadline.
struct Slow {
    tool: Arc<dyn Tool>,
    deadline: Duration,
}

impl Tool for Slow {
    fn spec(&self) -> &ToolSpec {
        self.tool.spec()
    }

    fn call(&self, args: String, cx: ToolCx) -> Job<Result<ToolOutput, ToolError>> {
        self.tool.call(args, cx)
    }

    fn deadline(&self) -> Duration {
        self.deadline
    }
}
