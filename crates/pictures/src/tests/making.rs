//! What becomes of a good picture.

use image::{DynamicImage, GenericImageView as _, ImageFormat, Rgba};

use super::{
    files::{exif, fading, file, jpeg, png, two_halves, with_segment},
    picture_of,
};
use crate::Rendition;

fn read(rendition: &Rendition) -> DynamicImage {
    let image = image::load_from_memory_with_format(&rendition.bytes, ImageFormat::WebP).unwrap();
    assert_eq!((image.width(), image.height()), (rendition.width, rendition.height));
    image
}

fn is_reddish(Rgba([r, g, b, _]): Rgba<u8>) -> bool {
    r > 150 && g < 90 && b < 90
}

#[test]
fn a_picture_is_kept_as_webp_in_three_sizes_on_the_longer_side() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let made = picture_of(&file(&two_halves(2000, 1000), format)).unwrap();
        assert_eq!((made.width, made.height), (1600, 800));
        let sizes: Vec<_> = made.renditions.iter().map(|r| (r.name, r.width, r.height)).collect();
        assert_eq!(
            sizes,
            [("large", 1600, 800), ("medium", 800, 400), ("thumbnail", 200, 100)],
            "{format:?}"
        );
        assert!(made.renditions.iter().all(|r| r.bytes.starts_with(b"RIFF")));
        let image = read(&made.renditions[2]);
        assert!(is_reddish(image.get_pixel(10, 50)) && !is_reddish(image.get_pixel(190, 50)));
        assert_eq!(made.blurhash.len(), 28);
    }
}

#[test]
fn a_small_picture_is_never_enlarged() {
    let made = picture_of(&png(300, 500)).unwrap();
    let sizes: Vec<_> = made.renditions.iter().map(|r| (r.width, r.height)).collect();
    assert_eq!(sizes, [(300, 500), (300, 500), (120, 200)]);
    assert_eq!(picture_of(&png(1, 1)).unwrap().renditions[2].width, 1);
}

#[test]
fn a_very_narrow_picture_keeps_a_pixel() {
    let made = picture_of(&png(4000, 1)).unwrap();
    let sizes: Vec<_> = made.renditions.iter().map(|r| (r.width, r.height)).collect();
    assert_eq!(sizes, [(1600, 1), (800, 1), (200, 1)]);
}

#[test]
fn transparency_and_sixteen_bits_are_understood() {
    let made = picture_of(&file(&fading(100, 100), ImageFormat::Png)).unwrap();
    let image = read(&made.renditions[0]);
    assert!(
        image.color().has_alpha() && image.get_pixel(50, 2).0[3] > 240 && image.get_pixel(50, 97).0[3] < 20
    );
    let deep = DynamicImage::ImageRgb16(two_halves(400, 300).into_rgb16());
    let made = picture_of(&file(&deep, ImageFormat::Png)).unwrap();
    assert!(is_reddish(read(&made.renditions[2]).get_pixel(10, 50)));
    let grey = DynamicImage::ImageLuma8(two_halves(400, 300).into_luma8());
    assert!(picture_of(&file(&grey, ImageFormat::Jpeg)).is_ok());
}

#[test]
fn a_photograph_is_turned_upright_and_forgets_where_it_was_taken() {
    // Orientation 6: the top of the scene is on the right of the stored picture, here blue.
    let photo = with_segment(&jpeg(1200, 900), 0xE1, &exif(6));
    assert!(contains(&photo, b"GPS-CANARY"));
    let made = picture_of(&photo).unwrap();
    assert_eq!((made.width, made.height), (900, 1200));
    for rendition in &made.renditions {
        let image = read(rendition);
        assert!(is_reddish(image.get_pixel(rendition.width / 2, 5)), "left goes up: {}", rendition.name);
        assert!(!is_reddish(image.get_pixel(rendition.width / 2, rendition.height - 5)));
        for trace in [&b"GPS-CANARY"[..], b"Exif", b"EXIF", b"XMP"] {
            assert!(!contains(&rendition.bytes, trace), "{}", rendition.name);
        }
    }
}

#[test]
fn every_orientation_is_applied() {
    for (orientation, (width, height), red_at) in [
        (1, (120, 80), (10, 40)),
        (2, (120, 80), (110, 40)),
        (3, (120, 80), (110, 40)),
        (4, (120, 80), (10, 40)),
        (5, (80, 120), (40, 10)),
        (6, (80, 120), (40, 10)),
        (7, (80, 120), (40, 110)),
        (8, (80, 120), (40, 110)),
        // Not an orientation: nothing is turned.
        (9, (120, 80), (10, 40)),
    ] {
        let made = picture_of(&with_segment(&jpeg(120, 80), 0xE1, &exif(orientation))).unwrap();
        assert_eq!((made.width, made.height), (width, height), "{orientation}");
        assert!(is_reddish(read(&made.renditions[0]).get_pixel(red_at.0, red_at.1)), "{orientation}");
    }
}

pub(super) fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
