//! A form with one file in it (`multipart/form-data`).

use axum::{
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request, multipart::MultipartError},
    http::StatusCode,
};
use bytes::Bytes;
use platform::{
    error::{ApiError, ApiResult, Kind},
    locale::Sentence,
};

/// Largest file that is taken.
pub const MAX_FILE_BYTES: usize = 10 * 1024 * 1024;
/// The frame around the file and the text fields beside it.
const MAX_FRAME_BYTES: usize = 64 * 1024;
/// More fields than any of our forms has.
const MAX_FIELDS: usize = 20;

/// The limit of a route that takes an [`Upload`]; other routes read much less.
pub fn upload_limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(MAX_FILE_BYTES + MAX_FRAME_BYTES)
}

/// The fields of a form, the file among them. Take it last, and lay [`upload_limit`] around the route.
#[derive(Debug)]
pub struct Upload(Vec<(String, Bytes)>);

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> ApiResult<Self> {
        let unsupported = || ApiError::new(Kind::Unsupported, "unsupported_media_type");
        let mut form = Multipart::from_request(request, state).await.map_err(|_rejection| unsupported())?;
        let mut fields = Vec::new();
        while let Some(field) = form.next_field().await.map_err(|e| refusal(&e))? {
            let name = field.name().unwrap_or_default().to_owned();
            let labels = [Some(name.as_str()), field.file_name(), field.content_type()];
            if labels.into_iter().flatten().any(|label| label.contains('\0')) {
                return Err(ApiError::new(Kind::Malformed, "malformed_request"));
            }
            let value = field.bytes().await.map_err(|e| refusal(&e))?;
            if value.len() > MAX_FILE_BYTES {
                return Err(too_large());
            }
            if fields.len() == MAX_FIELDS {
                return Err(ApiError::new(Kind::Malformed, "malformed_request"));
            }
            fields.push((name, value));
        }
        Ok(Self(fields))
    }
}

fn too_large() -> ApiError {
    ApiError::new(Kind::TooLarge, "payload_too_large")
}

fn refusal(error: &MultipartError) -> ApiError {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => ApiError::new(Kind::Malformed, "malformed_request"),
    }
}

impl Upload {
    /// The field `name`, if it is there; 422 when it is there twice.
    pub fn find(&self, name: &str) -> ApiResult<Option<&Bytes>> {
        let mut found = self.0.iter().filter(|(field, _)| field == name).map(|(_, value)| value);
        match (found.next(), found.next()) {
            (first, None) => Ok(first),
            (_, Some(_)) => Err(ApiError::invalid_field(name, Sentence::new("field-only_one"))),
        }
    }

    /// The file in the field `name`; 422 when there is none.
    pub fn file(&self, name: &str) -> ApiResult<Bytes> {
        let file = self.find(name)?.filter(|file| !file.is_empty());
        file.cloned().ok_or_else(|| ApiError::invalid_field(name, Sentence::new("field-required")))
    }

    /// That it has no other fields than these: one that is misspelt would be missed by nobody.
    pub fn has_only(&self, known: &[&str]) -> ApiResult<()> {
        match self.0.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, _)) => {
                let name: String = name.chars().take(100).collect();
                Err(ApiError::invalid_field(name, Sentence::new("field-unknown_choice")))
            }
        }
    }

    /// The text in the field `name`, if it is there; 422 when it is no text.
    pub fn text(&self, name: &str) -> ApiResult<Option<&str>> {
        let Some(value) = self.find(name)? else { return Ok(None) };
        let text = std::str::from_utf8(value).ok().filter(|text| !text.contains('\0'));
        text.map(Some).ok_or_else(|| ApiError::invalid_field(name, Sentence::new("field-control_character")))
    }
}
