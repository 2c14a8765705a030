//! Files of messages: which there are, and the links to them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use platform::{app::App, ids::MediaId, time::Instant};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

/// How long a link is good.
const LINK_LIFE: SignedDuration = SignedDuration::from_hours(1);

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = MediaType)]
pub(crate) enum MediaKind {
    /// A picture, as WebP.
    Image,
    /// A PDF file.
    Document,
    /// A voice message or another short recording.
    Audio,
    /// A short film.
    Video,
}

/// Which of its files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = MediaSize)]
pub(crate) enum MediaSize {
    /// The file itself.
    #[default]
    Full,
    /// A small picture of a picture.
    Thumbnail,
}

/// A file of a message, as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredMedia {
    pub id: MediaId,
    pub kind: MediaKind,
    pub content_type: String,
    pub file_name: String,
    pub size_bytes: i64,
    pub width: Option<i32>,
    pub height: Option<i32>,
    pub blurhash: Option<String>,
    pub duration_ms: Option<i32>,
}

/// A file of a message.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Media {
    /// Its name; `media_ids` of a new message take it.
    id: MediaId,
    /// What it is.
    #[serde(rename = "type")]
    kind: MediaKind,
    /// The file, until `expires_at`; afterwards the same path answers with the token of one of the two people.
    url: String,
    /// A small picture of a picture.
    thumbnail_url: Option<String>,
    /// Its media type.
    content_type: String,
    /// What it is called.
    file_name: String,
    /// How large it is.
    size_bytes: i64,
    /// Pixels from left to right, of a picture.
    width: Option<i32>,
    /// Pixels from top to bottom, of a picture.
    height: Option<i32>,
    /// A blurred preview of a picture (blurha.sh).
    blurhash: Option<String>,
    /// How long a recording takes, where its file says so.
    duration_ms: Option<i32>,
    /// Until when the links are good.
    expires_at: Instant,
}

impl Media {
    pub(crate) fn of(stored: StoredMedia, app: &App) -> Self {
        let expires_at = app.clock.now().plus(LINK_LIFE);
        let link = |size| link(app, stored.id, size, expires_at);
        Self {
            url: link(MediaSize::Full),
            thumbnail_url: (stored.kind == MediaKind::Image).then(|| link(MediaSize::Thumbnail)),
            id: stored.id,
            kind: stored.kind,
            content_type: stored.content_type,
            file_name: stored.file_name,
            size_bytes: stored.size_bytes,
            width: stored.width,
            height: stored.height,
            blurhash: stored.blurhash,
            duration_ms: stored.duration_ms,
            expires_at,
        }
    }
}

fn link(app: &App, id: MediaId, size: MediaSize, expires_at: Instant) -> String {
    let expires = expires_at.timestamp().as_second();
    let name: &str = size.into();
    app.url(&format!(
        "/media/{id}/?size={name}&expires={expires}&signature={}",
        signature(app, id, size, expires)
    ))
}

fn signature(app: &App, id: MediaId, size: MediaSize, expires: i64) -> String {
    let size: &str = size.into();
    let hash = app.secrets.hash_token("chat.media", &format!("{id} {size} {expires}"));
    URL_SAFE_NO_PAD.encode(hash)
}

/// Whether this link was made here, and is not old.
pub(crate) fn is_good_link(app: &App, id: MediaId, size: MediaSize, expires: i64, given: &str) -> bool {
    let is_ours = signature(app, id, size, expires).as_bytes().ct_eq(given.as_bytes());
    bool::from(is_ours) && app.clock.now().timestamp().as_second() < expires
}

/// The name in the storage of one of a file's files.
pub(crate) fn file_name(storage_key: &str, size: MediaSize) -> String {
    let size: &str = size.into();
    format!("{storage_key}/{size}")
}
