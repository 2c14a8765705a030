//! Files for tests, made here: nothing that was downloaded.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

pub(super) const RED: Rgb<u8> = Rgb([220, 30, 30]);
pub(super) const BLUE: Rgb<u8> = Rgb([30, 30, 220]);

/// Red on the left, blue on the right.
pub(super) fn two_halves(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, _| if x < width / 2 { RED } else { BLUE }).into()
}

/// Green, seen through more and more towards the bottom.
pub(super) fn fading(width: u32, height: u32) -> DynamicImage {
    let alpha = |y: u32| u8::try_from(255 - y * 255 / height).unwrap();
    RgbaImage::from_fn(width, height, |_, y| Rgba([20, 200, 20, alpha(y)])).into()
}

pub(super) fn file(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, format).unwrap();
    file.into_inner()
}

pub(super) fn jpeg(width: u32, height: u32) -> Vec<u8> {
    file(&two_halves(width, height), ImageFormat::Jpeg)
}

pub(super) fn png(width: u32, height: u32) -> Vec<u8> {
    file(&two_halves(width, height), ImageFormat::Png)
}

/// Puts a segment right behind the start of a JPEG.
pub(super) fn with_segment(jpeg: &[u8], marker: u8, content: &[u8]) -> Vec<u8> {
    let mut file = jpeg[..2].to_vec();
    file.extend([0xFF, marker]);
    file.extend(u16::try_from(content.len() + 2).unwrap().to_be_bytes());
    file.extend(content);
    file.extend(&jpeg[2..]);
    file
}

/// EXIF, little-endian: an orientation, and a GPS directory with a latitude reference and a latitude.
pub(super) fn exif(orientation: u16) -> Vec<u8> {
    let mut exif = b"Exif\0\0II\x2a\0\x08\0\0\0".to_vec();
    let entry = |exif: &mut Vec<u8>, tag: u16, kind: u16, count: u32, value: u32| {
        exif.extend(tag.to_le_bytes());
        exif.extend(kind.to_le_bytes());
        exif.extend(count.to_le_bytes());
        exif.extend(value.to_le_bytes());
    };
    exif.extend(2_u16.to_le_bytes());
    entry(&mut exif, 0x0112, 3, 1, orientation.into());
    entry(&mut exif, 0x8825, 4, 1, 38);
    exif.extend(0_u32.to_le_bytes());
    exif.extend(2_u16.to_le_bytes());
    entry(&mut exif, 1, 2, 2, u32::from(b'N'));
    entry(&mut exif, 2, 5, 3, 68);
    exif.extend(0_u32.to_le_bytes());
    for number in [47_u32, 1, 33, 1, 1234, 100] {
        exif.extend(number.to_le_bytes());
    }
    exif.extend(b"GPS-CANARY");
    exif
}

/// A PNG of a few hundred bytes that says it is this large.
pub(super) fn png_bomb(width: u32, height: u32) -> Vec<u8> {
    let mut file = png(8, 8);
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc32(&file[12..29]);
    file[29..33].copy_from_slice(&checksum.to_be_bytes());
    file
}

/// The checksum of a PNG chunk.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 },
        )
    })
}
