use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use futures::StreamExt;
use serde_json::json;

use super::exit::{Code, Failure};
use super::{Outcome, print};
use crate::app::{self, App, unfit};
use crate::base::Flow;
use crate::config::{Environment, ModelName};
use crate::dialog::PictureKind;
use crate::engine::{Canvas, EngineError, Notes, Painted, Wish};
use crate::tool::picture::{open, read, save, slug};

/// Generates and edits images.
#[derive(Debug, Subcommand)]
pub(crate) enum Image {
    /// Generate an image from a description.
    Generate {
        /// What to draw. Read from standard input when not given.
        #[arg(value_name = "PROMPT")]
        prompt: Vec<String>,
        #[command(flatten)]
        options: ImageOptions,
    },
    /// Edit an image.
    Edit {
        /// What to change. Read from standard input when not given.
        #[arg(value_name = "PROMPT")]
        prompt: Vec<String>,
        /// Image to edit: PNG, JPEG, WebP or GIF. Can be repeated.
        #[arg(long, required = true, value_name = "FILE")]
        image: Vec<PathBuf>,
        /// PNG mask of the same size, transparent where the image may change.
        #[arg(long, value_name = "FILE")]
        mask: Option<PathBuf>,
        #[command(flatten)]
        options: ImageOptions,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ImageOptions {
    /// Output file [default: named after the prompt, in [image] dir].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Image model: `MODEL`, or `PROVIDER/MODEL`.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Width and height, such as 1024x1024, or auto.
    #[arg(long)]
    size: Option<String>,
    /// Quality: low, medium, high or auto (older models: standard or hd).
    #[arg(long)]
    quality: Option<String>,
    /// File format.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Background: transparent, opaque or auto.
    #[arg(long)]
    background: Option<String>,
    /// Number of images.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(1..=10))]
    n: Option<u8>,
    /// Save COUNT previews while it is being made, beside the final image.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(1..=3))]
    partial: Option<u8>,
    /// Response format for older models: url or b64_json.
    #[arg(long, value_name = "FORM")]
    response_format: Option<String>,
    /// Print one JSON object per image.
    #[arg(long)]
    json: bool,
    /// Open the image when it is ready.
    #[arg(long)]
    open: bool,
    /// Overwrite --out if it exists.
    #[arg(long, requires = "out")]
    force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Lossless.
    Png,
    /// Small files.
    Webp,
    /// Small files, opens everywhere.
    Jpeg,
}

impl Format {
    fn word(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Jpeg => "jpeg",
        }
    }
}

/// Makes or edits pictures, saves them and prints where.
pub(super) async fn run(file: Option<&Path>, env: &Environment, args: Image) -> Outcome {
    let mut app = App::open(file, env)?;
    let (prompt, canvas, options) = match args {
        Image::Generate { prompt, options } => (prompt, None, options),
        Image::Edit { prompt, image, mask, options } => {
            let pictures = image.iter().map(|path| picture(path)).collect::<Result<_, _>>()?;
            let mask = mask.as_deref().map(picture).transpose()?;
            (prompt, Some(Canvas { pictures, mask }), options)
        }
    };
    if let Some(model) = options.model(&app)? {
        app.config.settings.image.models = vec![model];
    }
    let wish = Wish { canvas, ..options.wish(&app, &prompt)? };
    let place = options.place(&wish)?;
    let (notes, mut told) = Notes::new();
    let flow = app::painter(&app, &notes)?.paint(wish.clone());
    let painted = painted(&app, &options, &wish, &place, flow).await;
    while let Ok(note) = told.try_recv() {
        print::trouble(&note);
    }
    painted
}

fn picture(path: &Path) -> Result<Arc<[u8]>, Failure> {
    Ok(read(path).map_err(|why| unfit(&path.display().to_string(), &why))?.into())
}

/// Where the pictures go.
enum Place {
    /// To these files, one each.
    Files(Vec<PathBuf>),
    /// To the album, under generated names.
    Album,
}

impl ImageOptions {
    fn wish(&self, app: &App, prompt: &[String]) -> Result<Wish, Failure> {
        let prompt =
            print::words_or_stdin(prompt, "describe the image, or pipe the description in")?;
        let settings = &app.config.settings.image;
        // The file name gives the format. PNG is the default of all models.
        let by_name = || match self.out.as_deref().and_then(kind_by_name)? {
            PictureKind::Jpeg => Some(Format::Jpeg),
            PictureKind::WebP => Some(Format::Webp),
            PictureKind::Png | PictureKind::Gif => None,
        };
        let format = self.format.or_else(by_name);
        Ok(Wish {
            prompt,
            count: self.n,
            size: self.size.clone().or_else(|| settings.size.clone()),
            quality: self.quality.clone().or_else(|| settings.quality.clone()),
            format: format.map(|format| format.word().to_owned()),
            background: self.background.clone(),
            partial: self.partial,
            canvas: None,
            hand_over: self.response_format.clone(),
        })
    }

    /// The model that replaces the configured ones.
    fn model(&self, app: &App) -> Result<Option<ModelName>, Failure> {
        let Some(name) = &self.model else { return Ok(None) };
        let named = name
            .split_once('/')
            .filter(|(provider, _)| app.config.settings.providers.contains_key(*provider));
        let usual = app.config.settings.image.models.first();
        let (provider, model) = match (named, usual) {
            (Some((provider, model)), _) => (provider, model),
            (None, Some(usual)) => (usual.provider.as_str(), name.as_str()),
            (None, None) => ("openai", name.as_str()),
        };
        if provider == "local" {
            let why = "no local model generates images; give --model PROVIDER/MODEL";
            return Err(Failure::new(Code::Unavailable, why));
        }
        Ok(Some(ModelName { provider: provider.to_owned(), model: model.to_owned() }))
    }

    /// The files to write, none of which exists: a picture that cannot be saved must not be paid
    /// for.
    fn place(&self, wish: &Wish) -> Result<Place, Failure> {
        let Some(out) = &self.out else { return Ok(Place::Album) };
        let files: Vec<PathBuf> = match wish.count {
            None | Some(1) => vec![out.clone()],
            Some(count) => (1..=count).map(|number| numbered(out, number)).collect(),
        };
        for file in &files {
            let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty());
            if dir.is_some_and(|dir| !dir.is_dir()) {
                let file = file.display();
                let why = format!("cannot write {file}: no such folder; create it first");
                return Err(Failure::new(Code::CannotCreate, why));
            }
            if file.exists() && !self.force {
                return Err(taken(file));
            }
        }
        Ok(Place::Files(files))
    }
}

/// `fox.png` becomes `fox-2.png`.
fn numbered(path: &Path, number: u8) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = match path.extension() {
        Some(extension) => format!("{stem}-{number}.{}", extension.to_string_lossy()),
        None => format!("{stem}-{number}"),
    };
    path.with_file_name(name)
}

fn kind_by_name(path: &Path) -> Option<PictureKind> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "png" => Some(PictureKind::Png),
        "jpg" | "jpeg" => Some(PictureKind::Jpeg),
        "webp" => Some(PictureKind::WebP),
        "gif" => Some(PictureKind::Gif),
        _ => None,
    }
}

fn taken(path: &Path) -> Failure {
    let path = path.display();
    let why = format!("{path} already exists; choose another file, or give --force");
    Failure::new(Code::CannotCreate, why)
}

/// Saves the pictures of `flow` and prints where they are.
async fn painted(
    app: &App,
    options: &ImageOptions,
    wish: &Wish,
    place: &Place,
    mut flow: Flow<Result<Painted, EngineError>>,
) -> Outcome {
    let album = app::album(app);
    let mut sketch = Sketch(None);
    while let Some(painted) = flow.next().await {
        let Painted { index, finished, bytes, revised, by } = painted?;
        let kind = PictureKind::of(&bytes);
        if !finished {
            let near = match place {
                Place::Files(files) => files[index.min(files.len() - 1)].clone(),
                Place::Album => {
                    let made = std::fs::create_dir_all(album.dir());
                    made.map_err(|error| unwritten(album.dir(), &error))?;
                    album.dir().join(slug(&wish.prompt))
                }
            };
            let extension = kind.map_or("png", PictureKind::extension);
            let path = near.with_extension(format!("partial.{extension}"));
            save(&path, &bytes, true).map_err(|error| unwritten(&path, &error))?;
            print::aside(format!("unfinished: {}", path.display()));
            sketch.replace(path);
            continue;
        }
        let path = match place {
            Place::Files(files) => {
                // A model that makes more than requested gets more numbers.
                let more = || numbered(&files[0], u8::try_from(index + 1).unwrap_or(u8::MAX));
                let path = files.get(index).cloned().unwrap_or_else(more);
                save(&path, &bytes, options.force).map_err(|error| unwritten(&path, &error))?;
                path
            }
            Place::Album => {
                let kept = album.keep(&wish.prompt, &bytes);
                kept.map_err(|error| unwritten(album.dir(), &error))?
            }
        };
        let path = std::path::absolute(&path).unwrap_or(path);
        if kind_by_name(&path).is_some_and(|by_name| Some(by_name) != kind) {
            let is = kind.map_or("something else", PictureKind::media_type);
            print::trouble(&format!("{} is {is}, whatever its name says", path.display()));
        }
        if options.json {
            print::json(&json!({
                "path": path, "type": kind.map(PictureKind::media_type), "bytes": bytes.len(),
                "model": &*by, "revised_prompt": revised,
            }))?;
        } else {
            print::line(path.display())?;
        }
        if options.open
            && let Err(why) = open(&path)
        {
            print::trouble(&why);
        }
    }
    Ok(())
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    if error.kind() == ErrorKind::AlreadyExists {
        return taken(path);
    }
    let path = path.display();
    let why = format!("cannot write {path}: {error}; choose another file with --out");
    Failure::new(Code::CannotCreate, why)
}

/// The unfinished picture on disk; removed when the finished one is there, or when none comes.
struct Sketch(Option<PathBuf>);

impl Sketch {
    fn replace(&mut self, path: PathBuf) {
        if self.0.as_ref() != Some(&path) {
            *self = Self(Some(path));
        }
    }
}

impl Drop for Sketch {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // It may already be gone.
            let _ = std::fs::remove_file(path);
        }
    }
}
