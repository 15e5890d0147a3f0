//! Pictures that the user names: a URL, or a file to send along.

use std::io::ErrorKind;
use std::path::Path;

use super::StartError;
use crate::dialog::Picture;
use crate::tool::picture::{Unshown, data_url, read};

/// The picture `named`.
///
/// # Errors
/// [`StartError::Context`] when the file cannot be read, is too large, or is not a picture that
/// models take.
pub fn picture(named: &str) -> Result<Picture, StartError> {
    if ["https://", "http://", "data:"].iter().any(|scheme| named.starts_with(scheme)) {
        return Ok(named.to_owned().into());
    }
    read(Path::new(named)).and_then(|bytes| data_url(&bytes)).map_err(|why| unfit(named, &why))
}

/// The error of a command for the file `named`, because of `why`.
pub(crate) fn unfit(named: &str, why: &Unshown) -> StartError {
    match why {
        Unshown::Unread(_, error) => StartError::Context {
            missing: error.kind() == ErrorKind::NotFound,
            message: why.to_string(),
        },
        Unshown::TooLarge | Unshown::NoPicture => {
            StartError::Context { missing: false, message: format!("{named}: {why}") }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_sent_along_and_addresses_as_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path.display().to_string()
        };
        let png = file("a.png", b"\x89PNG\r\n\x1a\nrest");
        assert_eq!(&*picture(&png).unwrap().0, "data:image/png;base64,iVBORw0KGgpyZXN0");
        let url = "https://pictures.example/cat.jpg";
        assert_eq!(&*picture(url).unwrap().0, url);
        let text = file("b.png", b"hello");
        assert!(picture(&text).unwrap_err().to_string().contains("convert it to PNG"));
        assert!(matches!(picture("/no/such.png"), Err(StartError::Context { missing: true, .. })));
    }
}
