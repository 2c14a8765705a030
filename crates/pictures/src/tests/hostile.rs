//! Files that only look like pictures, and pictures that do harm.

use image::ImageFormat;

use super::{
    files::{exif, file, jpeg, png, png_bomb, two_halves, with_segment},
    making::contains,
    picture_of,
};
use crate::PictureError::{CorruptPicture, PictureTooLarge, UnsupportedPicture};

#[test]
fn other_kinds_of_files_are_told_apart_by_their_first_bytes() {
    for file in [
        &b"GIF89a\x01\0\x01\0\0\0\0;"[..],
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"\0\0\0\x1cftypavif\0\0\0\0avifmif1",
        b"BM\x3a\0\0\0",
        b"II*\0\x08\0\0\0",
        b"%PDF-1.7",
        b"<!doctype html>",
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"RIFF",
        b"\x89PN",
        b"",
    ] {
        assert_eq!(picture_of(file).unwrap_err(), UnsupportedPicture, "{}", String::from_utf8_lossy(file));
    }
}

#[test]
fn a_bomb_is_refused_by_what_it_declares() {
    for (width, height) in [(50_000, 50_000), (12_001, 10), (10, 12_001), (12_000, 12_000), (7_000, 6_000)] {
        let bomb = png_bomb(width, height);
        assert!(bomb.len() < 1000);
        assert_eq!(picture_of(&bomb).unwrap_err(), PictureTooLarge, "{width}x{height}");
    }
    // As large as is taken, but with nothing in it.
    assert_eq!(picture_of(&png_bomb(6_000, 6_000)).unwrap_err(), CorruptPicture);
}

#[test]
fn a_jpeg_bomb_is_refused_too() {
    let mut bomb = jpeg(16, 16);
    let frame = bomb.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    bomb[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF]);
    assert_eq!(picture_of(&bomb).unwrap_err(), PictureTooLarge);
}

#[test]
fn a_picture_that_breaks_off_is_corrupt() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let whole = file(&two_halves(300, 200), format);
        for part in [1, 2, 3] {
            let broken = &whole[..whole.len() * part / 4];
            assert_eq!(picture_of(broken).unwrap_err(), CorruptPicture, "{format:?} {part}/4");
        }
        assert!(picture_of(&whole[..whole.len() - 12]).is_err(), "{format:?} without its end");
    }
    // The end of a thumbnail inside of a segment is not the end of the picture.
    let photo = with_segment(&jpeg(300, 200), 0xE1, b"a thumbnail\xff\xd8\xff\xd9");
    assert_eq!(picture_of(&photo[..photo.len() / 2]).unwrap_err(), CorruptPicture);
}

#[test]
fn garbage_behind_a_good_beginning_is_corrupt() {
    for beginning in [&b"\xff\xd8\xff"[..], b"\x89PNG\r\n\x1a\n", b"RIFF\xff\xff\xff\xffWEBPVP8 "] {
        for filler in [0x00, 0xFF, 0x41] {
            let mut file = beginning.to_vec();
            file.resize(4096, filler);
            let refused = picture_of(&file).unwrap_err();
            assert!(matches!(refused, CorruptPicture | PictureTooLarge), "{beginning:?} {filler}: {refused}");
        }
    }
}

#[test]
fn no_single_damaged_byte_makes_decoding_panic() {
    for whole in [png(40, 30), jpeg(40, 30), file(&two_halves(40, 30), ImageFormat::WebP)] {
        for place in 0..whole.len().min(700) {
            let mut damaged = whole.clone();
            damaged[place] ^= 0xFF;
            let _either = picture_of(&damaged);
        }
    }
}

#[test]
fn a_page_that_hides_in_a_picture_does_not_come_through() {
    let script = b"<html><script>alert(document.domain)</script></html>";
    let mut polyglot = with_segment(&jpeg(200, 100), 0xFE, script);
    polyglot = with_segment(&polyglot, 0xE1, &exif(1));
    polyglot.extend(script);
    polyglot.extend(b"PK\x03\x04 and an archive behind it");
    let made = picture_of(&polyglot).unwrap();
    for rendition in &made.renditions {
        for trace in [&b"script"[..], b"html", b"PK\x03\x04", b"GPS-CANARY"] {
            assert!(!contains(&rendition.bytes, trace), "{}", rendition.name);
        }
    }
}
