//! What a picture is refused for.

use platform::error::{Fault, Kind};

/// Why a file is not taken as a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum PictureError {
    /// Neither JPEG nor PNG nor WebP.
    #[error("not a JPEG, PNG or WebP file")]
    UnsupportedPicture,
    /// It begins like a picture, but cannot be read to its end.
    #[error("the picture cannot be decoded")]
    CorruptPicture,
    /// More pixels than we decode.
    #[error("the picture has too many pixels")]
    PictureTooLarge,
}

impl Fault for PictureError {
    fn kind(&self) -> Kind {
        match self {
            Self::UnsupportedPicture => Kind::Unsupported,
            Self::CorruptPicture | Self::PictureTooLarge => Kind::Invalid,
        }
    }
    fn code(&self) -> &'static str {
        self.into()
    }
}
