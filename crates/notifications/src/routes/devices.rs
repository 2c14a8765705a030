//! My devices.

use axum::{Json, http::StatusCode, response::Response};
use garde::Validate;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Path, Query, Valid},
    idempotency::Write,
    ids::DeviceId,
    page::{Link, Page, PageQuery},
    ports::push::DevicePlatform,
    time::Instant,
    validation::broken,
};
use serde::{Deserialize, Serialize};

use crate::{
    deliver::DEVICE_LIFE,
    store::devices::{self as store, Device},
};

/// Nobody has more; the one that was seen least makes room.
const MOST_DEVICES: i64 = 20;

/// A device of mine.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Device)]
pub(super) struct DeviceView {
    id: DeviceId,
    platform: DevicePlatform,
    device_name: Option<String>,
    locale: Option<String>,
    app_version: Option<String>,
    created_at: Instant,
    last_seen_at: Instant,
}

impl From<Device> for DeviceView {
    fn from(device: Device) -> Self {
        Self {
            id: device.id,
            platform: device.platform,
            device_name: device.device_name,
            locale: device.locale,
            app_version: device.app_version,
            created_at: device.created_at,
            last_seen_at: device.last_seen_at,
        }
    }
}

/// A device that shows push notifications.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"token": "fcm-token-of-the-device", "platform": "android", "device_name": "Ada's phone",
    "locale": "de-AT", "app_version": "1.4.0"}))]
pub(super) struct RegisterDevice {
    /// From the push service.
    #[garde(length(chars, min = 1, max = 4096), custom(printable))]
    #[schema(min_length = 1, max_length = 4096, pattern = "^[!-~]+$")]
    token: String,
    #[garde(skip)]
    platform: DevicePlatform,
    #[serde(default)]
    #[garde(inner(length(chars, max = 120)))]
    #[schema(max_length = 120)]
    device_name: Option<String>,
    #[serde(default)]
    #[garde(inner(length(chars, min = 2, max = 35), custom(tag)))]
    #[schema(min_length = 2, max_length = 35, pattern = "^[0-9A-Za-z_-]+$")]
    locale: Option<String>,
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 40), custom(printable)))]
    #[schema(min_length = 1, max_length = 40, pattern = "^[!-~]+$")]
    app_version: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that garde calls")]
fn printable(value: &str, _context: &()) -> garde::Result {
    if value.bytes().all(|byte| byte.is_ascii_graphic()) { Ok(()) } else { Err(broken("invalid")) }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that garde calls")]
fn tag(value: &str, _context: &()) -> garde::Result {
    let is_of_tags = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if value.bytes().all(is_of_tags) { Ok(()) } else { Err(broken("invalid")) }
}

/// My devices that show push notifications.
#[utoipa::path(get, path = "/notifications/devices/", tag = "notifications", operation_id = "list_devices",
    security(("bearer" = [])), params(PageQuery),
    responses((status = OK, description = "Mine, the latest first; at most 20.", body = Page<DeviceView>)))]
pub(super) async fn list_devices(
    app: App,
    caller: Caller,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<DeviceView>>> {
    let since = app.clock.now().minus(DEVICE_LIFE);
    let found = store::of_user(&app.db, caller.id, since).await?;
    let devices = found.into_iter().map(DeviceView::from).collect();
    Ok(Json(page.slice(link, devices, |device: &DeviceView| device.id.to_string())?))
}

/// Show push notifications on this device. Whoever signs in on a device takes it over; the app calls this at every
/// start. A device is forgotten when the session that registered it ends, and when it was not seen for 270 days.
#[utoipa::path(post, path = "/notifications/devices/", tag = "notifications", operation_id = "register_device",
    security(("bearer" = [])), request_body = RegisterDevice,
    responses((status = CREATED, description = "The device.", body = DeviceView)))]
pub(super) async fn register_device(
    app: App,
    caller: Caller,
    write: Write,
    Valid(body): Valid<RegisterDevice>,
) -> ApiResult<Response> {
    let now = app.clock.now();
    let device = Device {
        id: DeviceId::at(now),
        user_id: caller.id,
        token: body.token,
        platform: body.platform,
        device_name: body.device_name,
        locale: body.locale,
        app_version: body.app_version,
        created_at: now,
        last_seen_at: now,
    };
    let mut tx = write.begin().await?;
    let saved = store::save(&mut tx, &device, caller.session).await?;
    store::keep_newest(&mut tx, caller.id, MOST_DEVICES).await?;
    tx.commit((StatusCode::CREATED, Json(DeviceView::from(saved)))).await
}

/// Show no more push notifications on a device.
#[utoipa::path(delete, path = "/notifications/devices/{id}/", tag = "notifications", operation_id = "forget_device",
    security(("bearer" = [])), params(("id" = DeviceId, Path)),
    responses((status = NO_CONTENT, description = "It is forgotten."),
        (status = NOT_FOUND, description = "The caller has no such device.")))]
pub(super) async fn forget_device(
    app: App,
    caller: Caller,
    Path(id): Path<DeviceId>,
) -> ApiResult<StatusCode> {
    if store::delete(&app.db, caller.id, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found())
    }
}
