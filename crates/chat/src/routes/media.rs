//! Files of messages over HTTP.

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use garde::Validate;
use pictures::{Size, Upload};
use platform::{
    app::App,
    auth::{Caller, MaybeCaller},
    crypto,
    error::{ApiError, ApiResult, Kind},
    extract::{Path, Query},
    idempotency::Write,
    ids::{MediaId, SessionId, UserId},
    locale::Sentence,
    ports::scanner::Verdict,
};
use serde::Deserialize;

use crate::{
    media::{LinkFor, Media, MediaKind, MediaSize, StoredMedia, file_name},
    message::Reader,
    model::ChatError,
    sniff::{Sniffed, duration_ms, sniff},
    store::media::{self as store, NewMedia},
};

/// The sizes of a picture, largest first.
const SIZES: [Size; 2] = [Size { name: "full", max_side: 1600 }, Size { name: "thumbnail", max_side: 320 }];
const MAX_NAME: usize = 100;

/// A form with a file.
#[derive(utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "for the document; the form is read field by field")]
pub(super) struct UploadMedia {
    /// A picture (JPEG, PNG, WebP), a PDF file, a recording (MP3, M4A, OGG, WAV) or a short film (MP4, WebM) of at most
    /// 10 MiB.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
    /// What it is called.
    #[schema(max_length = 100)]
    file_name: Option<String>,
}

/// Upload a file for a message.
///
/// What it is is told from its content. Pictures are turned upright and freed of all metadata, all else is scanned for
/// viruses. Send it with `media_ids` of a message within 24 hours; until then nobody else can see it.
#[utoipa::path(post, path = "/media/", tag = "chat", operation_id = "upload_media",
    request_body(content = UploadMedia, content_type = "multipart/form-data"), security(("bearer" = [])),
    responses(
        (status = CREATED, description = "The file.", body = Media),
        (status = PAYLOAD_TOO_LARGE, description = "It is larger than 10 MiB."),
        (status = UNSUPPORTED_MEDIA_TYPE, description = "`unsupported_file`: it is none of what can be sent."),
        (status = UNPROCESSABLE_ENTITY, description = "`corrupt_picture`, `picture_too_large`, `infected_file`, or a field is not valid."),
        (status = TOO_MANY_REQUESTS, description = "Many files in the last hour."),
        (status = SERVICE_UNAVAILABLE, description = "It cannot be scanned right now: send it again.")))]
pub(super) async fn upload_media(
    app: App,
    caller: Caller,
    write: Write,
    form: Upload,
) -> ApiResult<Response> {
    form.has_only(&["file", "file_name"])?;
    let file = form.file("file")?;
    let sniffed = sniff(&file).ok_or_else(|| ApiError::new(Kind::Unsupported, "unsupported_file"))?;
    let name = name_of(&form, sniffed)?;
    app.limits.check_upload(caller.id)?;
    // A picture is drawn anew: nothing is kept of what came but what it shows.
    if sniffed.kind != MediaKind::Image {
        refuse_infected(&app, &file).await?;
    }
    let id = MediaId::at(app.clock.now());
    let (media, files) = prepare(id, sniffed, name, file).await?;
    let storage_key = format!("chat/{}", crypto::random_token()?);
    let new = NewMedia { media: &media, owner: caller.id, storage_key: &storage_key, at: app.clock.now() };
    store::insert(&app.db, &new).await?;
    for (size, content_type, bytes) in files {
        let put = app.storage.put(&file_name(&storage_key, size), content_type, bytes).await;
        put.map_err(ApiError::unavailable)?;
    }
    write
        .begin()
        .await?
        .commit((StatusCode::CREATED, Json(Media::of(media, &Reader::of(&app, &caller, caller.language)))))
        .await
}

/// Refuses a file in which something is found, and one that nobody could look at.
async fn refuse_infected(app: &App, file: &Bytes) -> ApiResult<()> {
    match app.scanner.scan(file).await.map_err(ApiError::unavailable)? {
        Verdict::Clean => Ok(()),
        Verdict::Infected { signature } => {
            tracing::warn!(signature, "an infected file was sent");
            metrics::counter!("chat_files_infected_total").increment(1);
            Err(ChatError::InfectedFile.into())
        }
    }
}

type File = (MediaSize, &'static str, Bytes);

/// What is kept of an upload, and what is said of it.
async fn prepare(
    id: MediaId,
    sniffed: Sniffed,
    file_name: String,
    file: Bytes,
) -> ApiResult<(StoredMedia, Vec<File>)> {
    let content_type = sniffed.content_type;
    let size_of = |bytes: &Bytes| i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let media = StoredMedia {
        id,
        kind: sniffed.kind,
        content_type: content_type.to_owned(),
        file_name,
        size_bytes: size_of(&file),
        width: None,
        height: None,
        blurhash: None,
        duration_ms: duration_ms(sniffed, &file),
    };
    if sniffed.kind != MediaKind::Image {
        return Ok((media, vec![(MediaSize::Full, content_type, file)]));
    }
    let picture = pictures::process(file, &SIZES).await?;
    let sizes = [MediaSize::Full, MediaSize::Thumbnail];
    let files: Vec<File> = sizes
        .into_iter()
        .zip(picture.renditions)
        .map(|(size, rendition)| (size, content_type, rendition.bytes))
        .collect();
    let media = StoredMedia {
        size_bytes: files.first().map_or(0, |file| size_of(&file.2)),
        width: i32::try_from(picture.width).ok(),
        height: i32::try_from(picture.height).ok(),
        blurhash: Some(picture.blurhash),
        ..media
    };
    Ok((media, files))
}

/// What the file is called, always with the ending of what it is.
fn name_of(form: &Upload, sniffed: Sniffed) -> ApiResult<String> {
    let given = form.text("file_name")?.unwrap_or_default();
    if given.chars().count() > MAX_NAME {
        let sentence = Sentence::new("field-too_long").with_number("max", MAX_NAME);
        return Err(ApiError::invalid_field("file_name", sentence));
    }
    let stem = given.rsplit_once('.').map_or(given, |(stem, _ending)| stem);
    let stem: String = stem.chars().filter(|c| c.is_alphanumeric() || " -_.()".contains(*c)).collect();
    let stem = stem.trim_matches([' ', '.']);
    Ok(format!("{}.{}", if stem.is_empty() { "file" } else { stem }, sniffed.extension))
}

/// What a link says.
#[derive(Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct MediaQuery {
    /// Which of its files.
    #[garde(skip)]
    #[serde(default)]
    #[param(inline)]
    size: MediaSize,
    /// From the link.
    #[garde(skip)]
    expires: Option<i64>,
    /// From the link.
    #[garde(skip)]
    user: Option<UserId>,
    /// From the link.
    #[garde(skip)]
    session: Option<SessionId>,
    /// From the link.
    #[garde(inner(length(max = 100)))]
    #[param(max_length = 100)]
    signature: Option<String>,
}

impl MediaQuery {
    /// For whom the link was made, where it is good.
    async fn reader(&self, app: &App, id: MediaId) -> ApiResult<Option<UserId>> {
        let (Some(user), Some(session), Some(expires), Some(signature)) =
            (self.user, self.session, self.expires, &self.signature)
        else {
            return Ok(None);
        };
        let link = LinkFor { user, session, expires };
        Ok(link.is_good(app, id, self.size, signature).await?.then_some(user))
    }
}

/// A file of a message.
///
/// Take the link from the message: it is made for the session that asked, and good for ten minutes, unless that session
/// ends or the conversation is closed to it. Without a good one the token of one of the two people is needed, or of a
/// member of staff who is inside, or who looks at a report of it.
#[utoipa::path(get, path = "/media/{id}/", tag = "chat", operation_id = "get_media",
    security((), ("bearer" = [])), params(("id" = MediaId, Path), MediaQuery),
    responses(
        (status = OK, description = "The file.", content((Vec<u8> = "image/webp"), (Vec<u8> = "application/pdf"), (Vec<u8> = "audio/mpeg"), (Vec<u8> = "audio/mp4"),
            (Vec<u8> = "audio/ogg"), (Vec<u8> = "audio/wav"), (Vec<u8> = "video/mp4"), (Vec<u8> = "video/webm"))),
        (status = PARTIAL_CONTENT, description = "The part that `Range` asks for.", content((Vec<u8> = "image/webp"), (Vec<u8> = "application/pdf"), (Vec<u8> = "audio/mpeg"), (Vec<u8> = "audio/mp4"),
            (Vec<u8> = "audio/ogg"), (Vec<u8> = "audio/wav"), (Vec<u8> = "video/mp4"), (Vec<u8> = "video/webm"))),
        (status = NOT_FOUND, description = "There is no such file, the link is not good, or the message was taken back.")))]
pub(super) async fn get_media(
    app: App,
    MaybeCaller(caller): MaybeCaller,
    Path(id): Path<MediaId>,
    Query(query): Query<MediaQuery>,
    request: HeaderMap,
) -> ApiResult<Response> {
    let reader = match query.reader(&app, id).await? {
        Some(reader) => Some(reader),
        None => caller.map(|caller| caller.id),
    };
    let found = store::find(&app.db, id, reader).await?.ok_or_else(ApiError::not_found)?;
    let has_size = query.size == MediaSize::Full || found.kind == MediaKind::Image;
    if !found.is_theirs || !has_size {
        return Err(ApiError::not_found());
    }
    let name = file_name(&found.storage_key, query.size);
    let file =
        app.storage.get(&name).await.map_err(ApiError::unavailable)?.ok_or_else(ApiError::not_found)?;
    // A PDF file can hold scripts, for readers that run them; what else we take cannot.
    let shows = if found.kind == MediaKind::Document { "attachment" } else { "inline" };
    let disposition = format!("{shows}; filename*=UTF-8''{}", encoded(&found.file_name));
    let header = |value: &str| HeaderValue::try_from(value).map_err(anyhow::Error::from);
    let headers = [
        (header::CONTENT_TYPE, header(&found.content_type)?),
        (header::CONTENT_DISPOSITION, header(&disposition)?),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=600, immutable")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
    ];
    let range = request.get(header::RANGE).and_then(|range| range.to_str().ok());
    // Players ask for parts. A range that makes no sense gets all, as RFC 9110 allows.
    match range.and_then(|range| part(range, file.len())) {
        Some((from, to)) => {
            let range = header(&format!("bytes {from}-{to}/{}", file.len()))?;
            let more = [(header::CONTENT_RANGE, range)];
            Ok((StatusCode::PARTIAL_CONTENT, headers, more, file.slice(from..=to)).into_response())
        }
        None => Ok((headers, file).into_response()),
    }
}

/// The first and the last byte of one range.
fn part(range: &str, length: usize) -> Option<(usize, usize)> {
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let last = length.checked_sub(1)?;
    let (from, to) = match (from.is_empty(), to.is_empty()) {
        (true, _) => (length.saturating_sub(to.parse().ok().filter(|n| *n > 0)?), last),
        (false, true) => (from.parse().ok()?, last),
        (false, false) => (from.parse().ok()?, to.parse::<usize>().ok()?.min(last)),
    };
    (from <= to).then_some((from, to))
}

/// By RFC 8187.
fn encoded(name: &str) -> String {
    use std::fmt::Write as _;
    name.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _cannot_fail = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_a_part_of_the_file() {
        for (range, expected) in [
            ("bytes=0-1", Some((0, 1))),
            ("bytes=0-", Some((0, 9))),
            ("bytes=5-99", Some((5, 9))),
            ("bytes=-3", Some((7, 9))),
            ("bytes=-99", Some((0, 9))),
            ("bytes=-0", None),
            ("bytes=10-", None),
            ("bytes=3-2", None),
            ("bytes=a-b", None),
            ("bytes=0-1,3-4", None),
            ("items=0-1", None),
        ] {
            assert_eq!(part(range, 10), expected, "{range}");
        }
        assert_eq!(part("bytes=0-", 0), None);
    }
}
