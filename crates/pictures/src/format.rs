//! Which kind of picture a file is, by its first bytes: names and declared types say nothing.

use image::ImageFormat;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";
/// Start of scan: the segments before it may hold whole pictures, thumbnails, with ends of their own.
const START_OF_SCAN: u8 = 0xDA;
const END_OF_IMAGE: &[u8] = b"\xff\xd9";

/// JPEG, PNG or WebP; `None` for everything else.
pub(crate) fn of(bytes: &[u8]) -> Option<ImageFormat> {
    if bytes.starts_with(PNG) {
        Some(ImageFormat::Png)
    } else if bytes.starts_with(JPEG) {
        Some(ImageFormat::Jpeg)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some(ImageFormat::WebP)
    } else {
        None
    }
}

/// Whether the file is all there, as far as its frame says. The JPEG decoder paints what is missing grey;
/// the other two notice by themselves.
pub(crate) fn is_complete(format: ImageFormat, bytes: &[u8]) -> bool {
    format != ImageFormat::Jpeg
        || scan_of(bytes).is_some_and(|scan| scan.windows(2).any(|pair| pair == END_OF_IMAGE))
}

/// Everything behind the header of the first scan. Inside of a scan, a byte FF is followed by 00.
fn scan_of(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.get(2..)?;
    loop {
        let [0xFF, marker, high, low, ..] = *rest else { return None };
        if marker == 0xFF {
            // Any number of FF may stand before a marker.
            rest = rest.get(1..)?;
            continue;
        }
        rest = rest.get(2 + usize::from(u16::from_be_bytes([high, low]))..)?;
        if marker == START_OF_SCAN {
            return Some(rest);
        }
    }
}
