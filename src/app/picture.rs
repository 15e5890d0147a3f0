//! Pictures that the user names: an address, or a file that is sent along.

use std::path::Path;

use base64::Engine as _;

use super::Unfit;
use crate::dialog::Picture;

/// The largest picture that is sent, in bytes: what the services take.
const LARGEST: u64 = 20 * 1024 * 1024;

/// The picture that `named` means.
///
/// # Errors
/// [`Unfit::Context`] when the file cannot be read, is too large, or is no picture that models take.
pub fn picture(named: &str) -> Result<Picture, Unfit> {
    if ["https://", "http://", "data:"].iter().any(|scheme| named.starts_with(scheme)) {
        return Ok(named.to_owned().into());
    }
    let path = Path::new(named);
    let unread = |error: std::io::Error| Unfit::Context {
        missing: error.kind() == std::io::ErrorKind::NotFound,
        message: format!("the picture {named} cannot be read: {error}; name a file or an address"),
    };
    let unfit = |message: String| Unfit::Context { missing: false, message };
    if std::fs::metadata(path).map_err(unread)?.len() > LARGEST {
        return Err(unfit(format!("the picture {named} is larger than 20 MB; make it smaller")));
    }
    let bytes = std::fs::read(path).map_err(unread)?;
    let kind = kind(&bytes).ok_or_else(|| {
        unfit(format!(
            "{named} is no picture that models take; convert it to PNG, JPEG, WebP or GIF"
        ))
    })?;
    let data = base64::engine::general_purpose::STANDARD.encode(&bytes);
    Ok(format!("data:{kind};base64,{data}").into())
}

/// The media type of a picture, by its first bytes.
fn kind(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
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
        assert!(matches!(picture("/no/such.png"), Err(Unfit::Context { missing: true, .. })));
    }
}
