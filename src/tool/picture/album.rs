use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::dialog::PictureKind;

/// The longest name, in characters, without number and extension.
const LONGEST: usize = 60;

/// A folder of pictures, created with the first one.
#[derive(Clone, Debug)]
pub struct Album {
    dir: PathBuf,
}

impl Album {
    /// The album in the folder `dir`.
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Saves a picture under the first words of `prompt`, numbered if that name is taken.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, prompt: &str, bytes: &[u8]) -> io::Result<PathBuf> {
        std::fs::create_dir_all(&self.dir)?;
        let slug = slug(prompt);
        let extension = PictureKind::of(bytes).map_or("bin", PictureKind::extension);
        let mut number = 1u32;
        loop {
            let name = match number {
                1 => format!("{slug}.{extension}"),
                _ => format!("{slug}-{number}.{extension}"),
            };
            let path = self.dir.join(name);
            // Another program may save one at the same time, so only saving itself can tell.
            match save(&path, bytes, false) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                saved => return saved.map(|()| path),
            }
        }
    }

    /// The picture saved last.
    pub fn newest(&self) -> Option<PathBuf> {
        let files = std::fs::read_dir(&self.dir).ok()?.filter_map(Result::ok);
        let is_picture = |path: &Path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            matches!(extension, Some("png" | "jpg" | "webp" | "gif"))
        };
        let dated = files.filter_map(|file| {
            let path = file.path();
            is_picture(&path).then_some((file.metadata().ok()?.modified().ok()?, path))
        });
        dated.max().map(|(_, path)| path)
    }
}

/// Writes `bytes` to `path`, whole or not at all; replaces an existing file only if `over` is set.
///
/// # Errors
/// When it cannot be written; [`io::ErrorKind::AlreadyExists`] when a file exists.
pub fn save(path: &Path, bytes: &[u8], over: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".aloud-")
        // The usual permissions of new files; the umask still applies.
        .permissions(std::fs::Permissions::from_mode(0o666))
        .tempfile_in(dir)?;
    file.write_all(bytes)?;
    let saved = if over { file.persist(path) } else { file.persist_noclobber(path) };
    saved.map(drop).map_err(|error| error.error)
}

/// The first words of `text` as a file name: `a-red-fox-in-the-snow`.
pub fn slug(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '\'');
    let words = words.map(|word| word.replace('\'', "").to_lowercase());
    let mut slug = String::new();
    for word in words.filter(|word| !word.is_empty()) {
        if !slug.is_empty() {
            if slug.chars().count() + 1 + word.chars().count() > LONGEST {
                break;
            }
            slug.push('-');
        }
        slug.extend(word.chars().take(LONGEST));
    }
    if slug.is_empty() { "picture".into() } else { slug }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_first_words() {
        assert_eq!(slug("A red fox, in the snow!"), "a-red-fox-in-the-snow");
        assert_eq!(slug("../../etc/passwd"), "etc-passwd");
        assert_eq!(slug("Der Bäcker's Brot"), "der-bäckers-brot");
        assert_eq!(slug("🦊"), "picture");
        assert!(slug(&"fox ".repeat(50)).chars().count() <= LONGEST);
        assert_eq!(slug(&"x".repeat(500)).len(), LONGEST);
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number_and_nothing_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let album = Album::new(dir.path().join("pictures"));
        let png = b"\x89PNG\r\n\x1a\nfirst";
        let first = album.keep("a fox", png).unwrap();
        let second = album.keep("A fox!", b"\xff\xd8\xff").unwrap();
        let third = album.keep("a fox", b"\x89PNG").unwrap();
        let names: Vec<_> = [&first, &second, &third].map(|p| p.file_name().unwrap()).to_vec();
        assert_eq!(names, ["a-fox.png", "a-fox.jpg", "a-fox-2.png"]);
        assert_eq!(std::fs::read(&first).unwrap(), png);
        let taken = save(&first, b"other", false).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists);
        save(&first, b"other", true).unwrap();
        assert_eq!(std::fs::read(&first).unwrap(), b"other");
        assert_eq!(std::fs::read_dir(album.dir()).unwrap().count(), 3, "no temporary is left");
        assert!(album.newest().is_some());
    }
}
