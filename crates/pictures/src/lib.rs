//! Pictures that people upload: checked, decoded, turned upright, scaled down and written anew, so that
//! nothing of the file that came is left but what it shows.

mod error;
mod format;
mod process;
mod upload;

pub use self::{
    error::PictureError,
    process::{Picture, Rendition, Size, process},
    upload::{MAX_FILE_BYTES, Upload, upload_limit},
};

#[cfg(test)]
mod tests;
