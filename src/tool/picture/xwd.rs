//! X window dumps, which every X server's own tools can make and no model reads, as PNG.
//!
//! The header is that of `XWDFile.h`, version 7: 32-bit numbers, most significant byte first.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// The dump as a PNG file.
///
/// # Errors
/// Why not, as the middle of a sentence.
pub(super) fn png(dump: &[u8]) -> Result<Vec<u8>, String> {
    let image = Dump::read(dump).ok_or("its dump is of a kind that is not known")?;
    let mut rows = ZlibEncoder::new(Vec::new(), Compression::fast());
    let mut before = vec![0; image.width * 3];
    let mut line = Vec::with_capacity(before.len() + 1);
    for y in 0..image.height {
        let row = image.row(y);
        line.clear();
        // Filter "up": the difference to the row above, which is mostly zero on a screen.
        line.push(2);
        line.extend(row.iter().zip(&before).map(|(now, above)| now.wrapping_sub(*above)));
        rows.write_all(&line).map_err(|error| error.to_string())?;
        before = row;
    }
    let rows = rows.finish().map_err(|error| error.to_string())?;
    let side = |length: usize| u32::try_from(length).map_err(|_| "its dump is too large");
    let mut header = Vec::new();
    header.extend_from_slice(&side(image.width)?.to_be_bytes());
    header.extend_from_slice(&side(image.height)?.to_be_bytes());
    // Eight bits of red, green and blue, not interlaced.
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, b"IHDR", &header)?;
    chunk(&mut png, b"IDAT", &rows)?;
    chunk(&mut png, b"IEND", &[])?;
    Ok(png)
}

fn chunk(png: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) -> Result<(), String> {
    let length = u32::try_from(data.len()).map_err(|_| "its dump is too large")?;
    png.extend_from_slice(&length.to_be_bytes());
    png.extend_from_slice(name);
    png.extend_from_slice(data);
    let mut sum = flate2::Crc::new();
    sum.update(name);
    sum.update(data);
    png.extend_from_slice(&sum.sum().to_be_bytes());
    Ok(())
}

struct Dump<'a> {
    width: usize,
    height: usize,
    /// Bytes of a pixel, and of a row.
    pixel: usize,
    stride: usize,
    little: bool,
    /// The masks of red, green and blue in a pixel.
    masks: [u32; 3],
    data: &'a [u8],
}

impl<'a> Dump<'a> {
    fn read(dump: &'a [u8]) -> Option<Self> {
        let number = |index: usize| {
            let bytes = dump.get(index * 4..index * 4 + 4)?;
            Some(u32::from_be_bytes(bytes.try_into().ok()?))
        };
        let size = |index: usize| usize::try_from(number(index)?).ok();
        // Version 7 and packed pixels (ZPixmap).
        if number(1)? != 7 || number(2)? != 2 {
            return None;
        }
        let (width, height) = (size(4)?, size(5)?);
        let bits = size(11)?;
        if !matches!(bits, 16 | 24 | 32) || width == 0 || height == 0 {
            return None;
        }
        let (pixel, stride) = (bits / 8, size(12)?);
        let colours = size(19)?.checked_mul(12)?;
        let data = dump.get(size(0)?.checked_add(colours)?..)?;
        let fits = width.checked_mul(pixel)? <= stride && stride.checked_mul(height)? <= data.len();
        let masks = [number(14)?, number(15)?, number(16)?];
        let masks = if masks == [0; 3] { [0xff_0000, 0xff00, 0xff] } else { masks };
        let little = number(7)? == 0;
        fits.then_some(Self { width, height, pixel, stride, little, masks, data })
    }

    /// Red, green and blue of each pixel of row `y`.
    fn row(&self, y: usize) -> Vec<u8> {
        let row = &self.data[y * self.stride..][..self.width * self.pixel];
        let mut colours = Vec::with_capacity(self.width * 3);
        for pixel in row.chunks_exact(self.pixel) {
            let fold = |value: u32, byte: &u8| value << 8 | u32::from(*byte);
            let value = if self.little {
                pixel.iter().rev().fold(0, fold)
            } else {
                pixel.iter().fold(0, fold)
            };
            for mask in self.masks {
                let most = mask.checked_shr(mask.trailing_zeros()).unwrap_or(0);
                let part = (value & mask).checked_shr(mask.trailing_zeros()).unwrap_or(0);
                let eight = u64::from(part) * 255 / u64::from(most.max(1));
                colours.push(u8::try_from(eight).unwrap_or(u8::MAX));
            }
        }
        colours
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn dump(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
        let mut header = [0u32; 25];
        header[0] = 104;
        header[1] = 7;
        header[2] = 2;
        (header[4], header[5], header[11], header[12]) = (width, height, 32, width.wrapping_mul(4));
        (header[14], header[15], header[16]) = (0xff_0000, 0xff00, 0xff);
        header[19] = 1;
        let mut bytes: Vec<u8> = header.iter().flat_map(|number| number.to_be_bytes()).collect();
        // The end of the window's name, and one unused colormap entry.
        bytes.extend_from_slice(&[0; 4 + 12]);
        bytes.extend_from_slice(pixels);
        bytes
    }

    #[test]
    fn a_dump_becomes_a_png_of_the_same_colours() {
        let png = png(&dump(2, 2, &[1, 2, 3, 0, 4, 5, 6, 0, 1, 2, 3, 0, 7, 8, 9, 0])).unwrap();
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!(&png[16..24], [0, 0, 0, 2, 0, 0, 0, 2]);
        let at = png.windows(4).position(|window| window == b"IDAT").unwrap() + 4;
        let mut rows = Vec::new();
        flate2::read::ZlibDecoder::new(&png[at..]).read_to_end(&mut rows).unwrap();
        assert_eq!(rows, [2, 3, 2, 1, 6, 5, 4, 2, 0, 0, 0, 3, 3, 3]);
    }

    #[test]
    fn what_is_no_dump_is_told() {
        let whole = dump(2, 2, &[0; 16]);
        for cut in 0..whole.len() {
            assert!(png(&whole[..cut]).is_err(), "{cut}");
        }
        assert!(png(&dump(u32::MAX, u32::MAX, &[0; 16])).is_err());
    }
}
