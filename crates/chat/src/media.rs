//! Files of messages: which there are, and the links to them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use platform::{
    app::App,
    error::{ApiResult, Kind},
    ids::{MediaId, SessionId, UserId},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::message::Reader;

/// How long a link is good.
const LINK_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

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
    /// The file. Until `expires_at` it opens for the session that asked, while the conversation is open to it; afterwards,
    /// and where `expires_at` is `null`, the same path answers with the token of somebody who may see it.
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
    /// Until when the links are good without a token; `null` in events, which several sessions hear.
    expires_at: Option<Instant>,
}

impl Media {
    pub(crate) fn of(stored: StoredMedia, reader: &Reader<'_>) -> Self {
        let path =
            |size: MediaSize| reader.app.url(&format!("/media/{}/?size={}", stored.id, <&str>::from(size)));
        let mut media = Self {
            url: path(MediaSize::Full),
            thumbnail_url: (stored.kind == MediaKind::Image).then(|| path(MediaSize::Thumbnail)),
            id: stored.id,
            kind: stored.kind,
            content_type: stored.content_type,
            file_name: stored.file_name,
            size_bytes: stored.size_bytes,
            width: stored.width,
            height: stored.height,
            blurhash: stored.blurhash,
            duration_ms: stored.duration_ms,
            expires_at: None,
        };
        media.sign_links(reader);
        media
    }

    /// Makes its links good without a token, for the session of `reader` and a few minutes.
    pub(crate) fn sign_links(&mut self, reader: &Reader<'_>) {
        let Some(session) = reader.session else { return };
        let expires_at = reader.app.clock.now().plus(LINK_LIFETIME);
        let expires = expires_at.timestamp().as_second();
        let link = LinkFor { user: reader.id, session, expires };
        self.url = link.url(reader.app, self.id, MediaSize::Full);
        self.thumbnail_url =
            self.thumbnail_url.take().map(|_plain| link.url(reader.app, self.id, MediaSize::Thumbnail));
        self.expires_at = Some(expires_at);
    }
}

/// For whom a link is made, and until when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LinkFor {
    pub user: UserId,
    pub session: SessionId,
    /// Seconds of Unix time.
    pub expires: i64,
}

impl LinkFor {
    fn url(self, app: &App, id: MediaId, size: MediaSize) -> String {
        let Self { user, session, expires } = self;
        let (name, signature) = (<&str>::from(size), self.signature(app, id, size));
        app.url(&format!(
            "/media/{id}/?size={name}&expires={expires}&user={user}&session={session}&signature={signature}"
        ))
    }

    fn signature(self, app: &App, id: MediaId, size: MediaSize) -> String {
        let Self { user, session, expires } = self;
        let size: &str = size.into();
        let hash = app.secrets.hash_token("chat.media", &format!("{id} {size} {expires} {user} {session}"));
        URL_SAFE_NO_PAD.encode(hash)
    }

    /// Whether this link was made here and is not old, and the session that it was made for still lives.
    pub(crate) async fn is_good(
        self,
        app: &App,
        id: MediaId,
        size: MediaSize,
        given: &str,
    ) -> ApiResult<bool> {
        let is_ours = bool::from(self.signature(app, id, size).as_bytes().ct_eq(given.as_bytes()));
        let now = app.clock.now();
        if !is_ours || self.expires <= now.timestamp().as_second() {
            return Ok(false);
        }
        match app.authenticator.resume(app, self.user, self.session, now.plus(LINK_LIFETIME)).await {
            Ok(_caller) => Ok(true),
            Err(error) if error.kind() == Kind::Unauthenticated => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The name in the storage of one of a file's files.
pub(crate) fn file_name(storage_key: &str, size: MediaSize) -> String {
    let size: &str = size.into();
    format!("{storage_key}/{size}")
}
