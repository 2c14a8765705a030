//! Pictures that are fine, pictures that are not, and forms around them.

mod files;
mod forms;
mod hostile;
mod making;

use crate::{Picture, PictureError, Size, format, process::make};

/// The sizes of a service's picture.
const SIZES: [Size; 3] = [
    Size { name: "large", max_side: 1600 },
    Size { name: "medium", max_side: 800 },
    Size { name: "thumbnail", max_side: 200 },
];

fn picture_of(file: &[u8]) -> Result<Picture, PictureError> {
    make(format::of(file).ok_or(PictureError::UnsupportedPicture)?, file, &SIZES)
}
