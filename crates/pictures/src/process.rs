//! From the file that came to the files that are kept.

use std::io::Cursor;

use bytes::Bytes;
use fast_image_resize::{
    FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::{U8x3, U8x4},
};
use image::{DynamicImage, ImageDecoder as _, ImageError, ImageReader, Limits, metadata::Orientation};
use platform::error::{ApiError, ApiResult};
use tokio::sync::Semaphore;

use crate::{PictureError, format};

/// Longest side of a file that we decode.
const MAX_SIDE: u32 = 12_000;
/// Most pixels of a file that we decode.
const MAX_PIXELS: u64 = 40_000_000;
/// Most memory that decoding one picture may take.
const MAX_ALLOC: u64 = 128 * 1024 * 1024;
/// WebP quality, 0 to 100: below this, artefacts show on skin and sky.
const QUALITY: f32 = 80.0;
/// Detail of a blurhash, horizontally and vertically.
const BLURHASH: (u32, u32) = (4, 3);
/// A blurhash has no detail that a larger picture would add.
const BLURHASH_SIDE: u32 = 48;

/// Pictures that are decoded at once in this process; each takes a core and up to [`MAX_ALLOC`].
static TURNS: Semaphore = Semaphore::const_new(2);

/// One of the sizes that a picture is kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// What the size is called; the file is `<name>.webp`.
    pub name: &'static str,
    /// Its longer side, at most.
    pub max_side: u32,
}

/// A picture in one size, as WebP.
#[derive(Clone, Debug)]
pub struct Rendition {
    /// The name of its [`Size`].
    pub name: &'static str,
    /// The file.
    pub bytes: Bytes,
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

impl Rendition {
    /// What the files are.
    pub const CONTENT_TYPE: &'static str = "image/webp";
}

/// A picture in all its sizes.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Pixels from left to right of the largest size.
    pub width: u32,
    /// Pixels from top to bottom of the largest size.
    pub height: u32,
    /// A blurred preview in some 30 characters (blurha.sh).
    pub blurhash: String,
    /// The files, in the order of the sizes asked for.
    pub renditions: Vec<Rendition>,
}

/// Makes a picture of an uploaded file in every one of `sizes`, which are given largest first. Nothing is
/// enlarged; orientation is applied, all metadata and everything that was hidden in the file is gone.
pub async fn process(file: Bytes, sizes: &'static [Size]) -> ApiResult<Picture> {
    // Refused at once, without waiting for a turn.
    let format = format::of(&file).ok_or(PictureError::UnsupportedPicture)?;
    let turn = TURNS.acquire().await.map_err(anyhow::Error::from)?;
    let work = tokio::task::spawn_blocking(move || {
        // The turn ends with the work, even if the client has gone away.
        let _turn = turn;
        make(format, &file, sizes)
    });
    match work.await {
        Ok(made) => made.map_err(ApiError::from),
        Err(panic) => {
            tracing::warn!(error = %panic, "decoding a picture panicked");
            Err(PictureError::CorruptPicture.into())
        }
    }
}

pub(crate) fn make(format: image::ImageFormat, file: &[u8], sizes: &[Size]) -> Result<Picture, PictureError> {
    if !format::is_complete(format, file) {
        return Err(PictureError::CorruptPicture);
    }
    let (image, orientation) = decode(format, file)?;
    let mut image = eight_bit(image);
    let mut resizer = Resizer::new();
    let (mut renditions, mut upright) = (Vec::with_capacity(sizes.len()), false);
    for size in sizes {
        image = scaled(&mut resizer, image, size.max_side)?;
        // Turning the large original would cost more than turning what is left of it.
        if !upright {
            image.apply_orientation(orientation);
            upright = true;
        }
        renditions.push(Rendition {
            name: size.name,
            bytes: encode(&image)?,
            width: image.width(),
            height: image.height(),
        });
    }
    let (width, height) = renditions.first().map_or((image.width(), image.height()), |r| (r.width, r.height));
    let blurhash = blurhash_of(&mut resizer, image)?;
    Ok(Picture { width, height, blurhash, renditions })
}

fn decode(format: image::ImageFormat, file: &[u8]) -> Result<(DynamicImage, Orientation), PictureError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(refusal)?;
    // What the header declares is checked before memory for it is taken.
    let (width, height) = decoder.dimensions();
    let too_many = u64::from(width) * u64::from(height) > MAX_PIXELS;
    if too_many || limits.reserve(decoder.total_bytes()).is_err() {
        return Err(PictureError::PictureTooLarge);
    }
    // Metadata that cannot be read turns nothing.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(refusal)?;
    Ok((image, orientation))
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn refusal(error: ImageError) -> PictureError {
    match error {
        ImageError::Limits(_) => PictureError::PictureTooLarge,
        _ => PictureError::CorruptPicture,
    }
}

/// The picture with its longer side at most `max_side`; one that is small enough stays as it is.
fn scaled(resizer: &mut Resizer, image: DynamicImage, max_side: u32) -> Result<DynamicImage, PictureError> {
    let (width, height) = (image.width(), image.height());
    let longer = width.max(height);
    if longer <= max_side {
        return Ok(image);
    }
    // A very narrow picture keeps at least one pixel.
    let side = |side: u32| {
        let scaled = (u64::from(side) * u64::from(max_side) + u64::from(longer) / 2) / u64::from(longer);
        u32::try_from(scaled).unwrap_or(max_side).max(1)
    };
    let (from, to) = ((width, height), (side(width), side(height)));
    let scaled = match &image {
        DynamicImage::ImageRgb8(rgb) => {
            image::RgbImage::from_raw(to.0, to.1, resized::<U8x3>(resizer, rgb.as_raw(), from, to)?)
                .map(Into::into)
        }
        rgba => {
            let bytes = resized::<U8x4>(resizer, rgba.as_bytes(), from, to)?;
            image::RgbaImage::from_raw(to.0, to.1, bytes).map(Into::into)
        }
    };
    scaled.ok_or(PictureError::CorruptPicture)
}

/// The bytes of a picture in another size. The pixel type is chosen here and not by the library, whose own
/// choice would compile every filter for every one of its thirteen types.
fn resized<P: PixelTrait>(
    resizer: &mut Resizer,
    bytes: &[u8],
    (width, height): (u32, u32),
    (new_width, new_height): (u32, u32),
) -> Result<Vec<u8>, PictureError> {
    let corrupt = |_e| PictureError::CorruptPicture;
    let source = TypedImageRef::<P>::from_buffer(width, height, bytes).map_err(corrupt)?;
    let pixels = u64::from(new_width) * u64::from(new_height);
    let mut target = vec![0; usize::try_from(pixels).unwrap_or_default() * P::size()];
    let mut view = TypedImage::<P>::from_buffer(new_width, new_height, &mut target).map_err(corrupt)?;
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
    resizer.resize_typed(&source, &mut view, &options).map_err(|_e| PictureError::CorruptPicture)?;
    Ok(target)
}

/// The picture with eight bits a channel, with transparency where it had some.
fn eight_bit(image: DynamicImage) -> DynamicImage {
    match image {
        DynamicImage::ImageRgb8(_) | DynamicImage::ImageRgba8(_) => image,
        other if other.color().has_alpha() => other.into_rgba8().into(),
        other => other.into_rgb8().into(),
    }
}

fn encode(image: &DynamicImage) -> Result<Bytes, PictureError> {
    let (width, height) = (image.width(), image.height());
    let encoder = if image.color().has_alpha() {
        webp::Encoder::from_rgba(image.as_bytes(), width, height)
    } else {
        webp::Encoder::from_rgb(image.as_bytes(), width, height)
    };
    let file = encoder.encode_simple(false, QUALITY).map_err(|_e| PictureError::CorruptPicture)?;
    Ok(Bytes::copy_from_slice(&file))
}

fn blurhash_of(resizer: &mut Resizer, image: DynamicImage) -> Result<String, PictureError> {
    let small = scaled(resizer, image, BLURHASH_SIDE)?.into_rgba8();
    blurhash::encode(BLURHASH.0, BLURHASH.1, small.width(), small.height(), small.as_raw())
        .map_err(|_e| PictureError::CorruptPicture)
}
