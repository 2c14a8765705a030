//! Pictures made in memory.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};
use reqwest::multipart::{Form, Part};

/// A picture with a pattern, so that it compresses like a photograph and has a blurhash worth the name.
pub fn drawn(width: u32, height: u32, format: ImageFormat) -> anyhow::Result<Vec<u8>> {
    let shade = |value: u32| u8::try_from(value % 256).unwrap_or_default();
    let image = RgbImage::from_fn(width, height, |x, y| Rgb([shade(x), shade(y), shade(x / 2 + y / 3)]));
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format)?;
    Ok(bytes.into_inner())
}

/// A form with one file, and texts beside it.
pub fn form(
    field: &'static str,
    file: &'static str,
    content_type: &str,
    bytes: Vec<u8>,
    texts: &[(&'static str, &'static str)],
) -> anyhow::Result<Form> {
    let part = Part::bytes(bytes).file_name(file).mime_str(content_type)?;
    let form = texts.iter().fold(Form::new(), |form, (name, value)| form.text(*name, *value));
    Ok(form.part(field, part))
}
