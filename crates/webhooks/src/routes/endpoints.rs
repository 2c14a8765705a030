//! Where partners want to be told what happens.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use garde::Validate;
use platform::{
    app::App,
    audit::Matter,
    auth::{Staff, Superuser},
    bus::{Bus, Signal},
    cache::Versioned,
    error::{ApiError, ApiResult},
    extract::{IfMatch, Patch, Path, Query, Valid},
    idempotency::Write,
    ids::{EndpointId, UserId, WebhookDeliveryId},
    locale::Sentence,
    page::{Link, Page, PageQuery},
    time::Instant,
    validation::broken,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{PgConnection, error::DatabaseError};
use strum::VariantArray as _;
use utoipa::{
    PartialSchema,
    openapi::{RefOr, Schema},
};

use super::deliveries::DeliveryView;
use crate::{
    jobs::deliver_at,
    message::Message,
    model::{EventType, OLD_SECRET_LIFE, OffReason, WebhookError},
    signature::Secret,
    store::{
        self,
        endpoints::{self as endpoints, Endpoint},
    },
};

/// Where a partner is told what happens.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = WebhookEndpoint)]
pub(super) struct EndpointView {
    id: EndpointId,
    url: String,
    description: String,
    event_types: Vec<EventType>,
    /// Only what concerns this provider; `null` is everybody.
    provider_id: Option<UserId>,
    /// Whether it is told anything.
    is_active: bool,
    /// Why it was switched off by itself.
    off_reason: Option<OffReason>,
    /// Since when it has taken nothing.
    failing_since: Option<Instant>,
    /// What the partner checks signatures with. Only in the answer that makes it; afterwards `null`.
    secret: Option<String>,
    /// Until when messages are also signed with the secret before.
    old_secret_until: Option<Instant>,
    version: i32,
    created_at: Instant,
    updated_at: Instant,
}

impl EndpointView {
    fn of(endpoint: Endpoint, now: Instant) -> Self {
        Self {
            id: endpoint.id,
            url: endpoint.url,
            description: endpoint.description,
            event_types: EventType::named(&endpoint.event_types),
            provider_id: endpoint.provider_id,
            is_active: endpoint.is_active,
            off_reason: endpoint.off_reason,
            failing_since: endpoint.failing_since,
            secret: None,
            old_secret_until: endpoint.old_secret_until.filter(|until| now < *until),
            version: endpoint.version,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
        }
    }

    /// An answer with its version.
    fn answer(self, status: StatusCode) -> Response {
        (status, Versioned(self.version, self)).into_response()
    }
}

/// Where a partner wants to be told what.
#[derive(Serialize, Deserialize, Validate, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SaveWebhookEndpoint, example = json!({"url": "https://partner.example.com/skillbuddy", "description": "Their calendar",
    "event_types": ["booking.confirmed", "booking.cancelled"]}))]
pub(super) struct SaveEndpoint {
    /// A public `https://` address without a user name, on port 443 or above 1023.
    #[garde(length(chars, min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000, format = "uri")]
    url: String,
    /// For people.
    #[garde(length(chars, max = 200))]
    #[serde(default)]
    #[schema(max_length = 200)]
    description: String,
    /// What it hears of, each type once.
    #[garde(length(min = 1, max = EventType::VARIANTS.len()), custom(each_once))]
    #[schema(schema_with = event_types_schema)]
    event_types: Vec<EventType>,
    /// Only what concerns this provider; absent: everybody.
    #[garde(skip)]
    #[serde(default)]
    provider_id: Option<UserId>,
    /// Whether it is told anything; it is, where this is absent.
    #[garde(skip)]
    #[serde(default = "yes")]
    #[schema(default = true)]
    is_active: bool,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that garde calls")]
fn each_once(types: &[EventType], _context: &()) -> garde::Result {
    let is_again = |(place, one): (usize, &EventType)| types.iter().take(place).any(|other| other == one);
    if types.iter().enumerate().any(is_again) { Err(broken("listed_twice")) } else { Ok(()) }
}

fn event_types_schema() -> utoipa::openapi::Array {
    use utoipa::openapi::{Ref, schema::ArrayBuilder};
    let items = Ref::from_schema_name("WebhookEventType");
    let all = Some(EventType::VARIANTS.len());
    ArrayBuilder::new().items(items).min_items(Some(1)).max_items(all).unique_items(true).build()
}

/// A merge patch of a [`SaveEndpoint`]. Only for the document.
pub(super) struct EndpointPatch;

impl PartialSchema for EndpointPatch {
    fn schema() -> RefOr<Schema> {
        match SaveEndpoint::schema() {
            RefOr::T(Schema::Object(mut object)) => {
                object.required.clear();
                RefOr::T(Schema::Object(object))
            }
            other => other,
        }
    }
}
impl utoipa::ToSchema for EndpointPatch {}

impl SaveEndpoint {
    fn from(endpoint: &Endpoint) -> Self {
        Self {
            url: endpoint.url.clone(),
            description: endpoint.description.clone(),
            event_types: EventType::named(&endpoint.event_types),
            provider_id: endpoint.provider_id,
            is_active: endpoint.is_active,
        }
    }

    fn names(&self) -> Vec<String> {
        self.event_types.iter().map(|one| <&str>::from(*one).to_owned()).collect()
    }

    /// What the rules of a field cannot know.
    fn check(&self, app: &App) -> ApiResult<()> {
        if app.webhooks.accepts(&self.url) {
            Ok(())
        } else {
            Err(ApiError::invalid_field("url", Sentence::new("field-webhook_url")))
        }
    }
}

/// The endpoints of partners: for superusers.
#[utoipa::path(get, path = "/webhooks/endpoints/", tag = "webhooks", operation_id = "list_webhook_endpoints",
    security(("bearer" = [])), params(PageQuery),
    responses((status = OK, description = "All of them, the oldest first; at most fifty.", body = Page<EndpointView>),
        (status = FORBIDDEN, description = "`forbidden`: no superuser.")))]
pub(super) async fn list_endpoints(
    app: App,
    _staff: Superuser,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<EndpointView>>> {
    let (found, now) = (endpoints::all(&app.db).await?, app.clock.now());
    let shown = found.into_iter().map(|one| EndpointView::of(one, now)).collect();
    Ok(Json(page.slice(link, shown, |one: &EndpointView| one.id.to_string())?))
}

/// Tell a partner what happens: for superusers. The answer shows the secret, and no other will.
#[utoipa::path(post, path = "/webhooks/endpoints/", tag = "webhooks", operation_id = "create_webhook_endpoint",
    security(("bearer" = [])), request_body = SaveEndpoint,
    responses((status = CREATED, description = "The endpoint, with its secret.", body = EndpointView,
            headers(("ETag" = String, description = "Its version."))),
        (status = FORBIDDEN, description = "`forbidden`: no superuser."),
        (status = CONFLICT, description = "`too_many_endpoints`: there are fifty already."),
        (status = UNPROCESSABLE_ENTITY, description = "Not an address that may be called, no such provider, or a field is not valid.")))]
pub(super) async fn create_endpoint(
    app: App,
    Superuser(staff): Superuser,
    write: Write,
    Valid(body): Valid<SaveEndpoint>,
) -> ApiResult<Response> {
    body.check(&app)?;
    let (now, secret) = (app.clock.now(), Secret::random()?);
    let endpoint = Endpoint {
        id: EndpointId::at(now),
        event_types: body.names(),
        url: body.url,
        description: body.description,
        provider_id: body.provider_id,
        is_active: body.is_active,
        off_reason: None,
        sealed_secret: secret.seal(&app.secrets)?,
        old_secret_until: None,
        failing_since: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let mut tx = staff.begin(write).await?;
    // One after the other, so that two at once do not want the same place.
    store::endpoints::lock_places(&mut tx).await?;
    let written = store::endpoints::insert(&mut tx, &endpoint).await;
    if !known_provider(written)? {
        return Err(WebhookError::TooManyEndpoints.into());
    }
    Bus::publish(&mut tx, &Signal::KeptChanged).await?;
    let view = EndpointView { secret: Some(secret.text()), ..EndpointView::of(endpoint, now) };
    let entry = matter(&staff, view.id)?.act("webhook_endpoint.create");
    let answer = tx.commit(entry, view.answer(StatusCode::CREATED)).await?;
    app.kept.forget();
    Ok(answer)
}

/// 422 where there is no such provider.
fn known_provider<T>(written: sqlx::Result<T>) -> ApiResult<T> {
    let is_unknown =
        |error: &dyn DatabaseError| error.constraint() == Some("webhook_endpoints_provider_id_fkey");
    written.map_err(|error| match error.as_database_error() {
        Some(broken) if is_unknown(broken) => {
            ApiError::invalid_field("provider_id", Sentence::new("field-unknown_choice"))
        }
        _ => error.into(),
    })
}

/// An endpoint: for superusers.
#[utoipa::path(get, path = "/webhooks/endpoints/{id}/", tag = "webhooks", operation_id = "get_webhook_endpoint",
    security(("bearer" = [])), params(("id" = EndpointId, Path)),
    responses((status = OK, description = "The endpoint.", body = EndpointView,
            headers(("ETag" = String, description = "Its version."))),
        (status = FORBIDDEN, description = "`forbidden`: no superuser.")))]
pub(super) async fn get_endpoint(
    app: App,
    _staff: Superuser,
    Path(id): Path<EndpointId>,
) -> ApiResult<Response> {
    let endpoint = endpoints::find(&app.db, id).await?.ok_or_else(ApiError::not_found)?;
    Ok(EndpointView::of(endpoint, app.clock.now()).answer(StatusCode::OK))
}

/// Change an endpoint: for superusers.
///
/// A merge patch (RFC 7386): what is left out stays, `null` goes back to the default. Switching one on again sends what
/// was still on its way to it, and gives it another five days to take something.
#[utoipa::path(patch, path = "/webhooks/endpoints/{id}/", tag = "webhooks", operation_id = "change_webhook_endpoint",
    security(("bearer" = [])), params(("id" = EndpointId, Path),
        ("If-Match" = Option<String>, Header, description = "The version that you edit.")),
    request_body = inline(EndpointPatch),
    responses((status = OK, description = "The endpoint.", body = EndpointView,
            headers(("ETag" = String, description = "Its version."))),
        (status = FORBIDDEN, description = "`forbidden`: no superuser."),
        (status = PRECONDITION_FAILED, description = "`stale_version`: it has been changed in the meantime."),
        (status = UNPROCESSABLE_ENTITY, description = "Not an address that may be called, no such provider, or a field is not valid.")))]
pub(super) async fn change_endpoint(
    app: App,
    Superuser(staff): Superuser,
    Path(id): Path<EndpointId>,
    version: IfMatch,
    write: Write,
    patch: Patch<SaveEndpoint>,
) -> ApiResult<Response> {
    let now = app.clock.now();
    let mut tx = staff.begin(write).await?;
    let current = lock(&mut tx, id, &version).await?;
    let wanted = patch.apply(&SaveEndpoint::from(&current))?;
    wanted.check(&app)?;
    let is_switched_on = wanted.is_active && !current.is_active;
    let endpoint = Endpoint {
        event_types: wanted.names(),
        url: wanted.url,
        description: wanted.description,
        provider_id: wanted.provider_id,
        is_active: wanted.is_active,
        off_reason: current.off_reason.filter(|_| !wanted.is_active),
        failing_since: current.failing_since.filter(|_| !is_switched_on),
        version: current.version + 1,
        updated_at: now,
        ..current
    };
    known_provider(store::endpoints::update(&mut tx, &endpoint).await)?;
    if is_switched_on {
        deliver_at(&mut tx, id, now, now).await?;
        Bus::publish(&mut tx, &Signal::KeptChanged).await?;
    }
    let entry = matter(&staff, id)?.act("webhook_endpoint.change");
    let entry = entry.details(json!({"version": endpoint.version, "is_active": endpoint.is_active}));
    let answer = tx.commit(entry, EndpointView::of(endpoint, now).answer(StatusCode::OK)).await?;
    if is_switched_on {
        app.kept.forget();
    }
    Ok(answer)
}

/// An endpoint, which is nobody's own.
fn matter(staff: &Staff, id: EndpointId) -> ApiResult<Matter> {
    staff.matter("webhook_endpoint", id, [])
}

/// Holds one, in the version that is meant.
async fn lock(db: &mut PgConnection, id: EndpointId, version: &IfMatch) -> ApiResult<Endpoint> {
    let endpoint = store::endpoints::lock(db, id).await?.ok_or_else(ApiError::not_found)?;
    version.check(endpoint.version)?;
    Ok(endpoint)
}

/// Forget an endpoint, and what it was told: for superusers.
#[utoipa::path(delete, path = "/webhooks/endpoints/{id}/", tag = "webhooks", operation_id = "delete_webhook_endpoint",
    security(("bearer" = [])), params(("id" = EndpointId, Path)),
    responses((status = NO_CONTENT, description = "It is forgotten."),
        (status = FORBIDDEN, description = "`forbidden`: no superuser.")))]
pub(super) async fn delete_endpoint(
    Superuser(staff): Superuser,
    Path(id): Path<EndpointId>,
    write: Write,
) -> ApiResult<Response> {
    let mut tx = staff.begin(write).await?;
    if !endpoints::delete(&mut tx, id).await? {
        return Err(ApiError::not_found());
    }
    tx.commit(matter(&staff, id)?.act("webhook_endpoint.delete"), StatusCode::NO_CONTENT).await
}

/// Replace the secret of an endpoint: for superusers. For 24 hours messages are signed with both.
#[utoipa::path(post, path = "/webhooks/endpoints/{id}/rotate-secret/", tag = "webhooks",
    operation_id = "rotate_webhook_secret", security(("bearer" = [])), params(("id" = EndpointId, Path),
        ("If-Match" = Option<String>, Header, description = "The version that you have seen.")),
    responses((status = OK, description = "The endpoint, with its new secret.", body = EndpointView,
            headers(("ETag" = String, description = "Its version."))),
        (status = FORBIDDEN, description = "`forbidden`: no superuser."),
        (status = PRECONDITION_FAILED, description = "`stale_version`: it has been changed in the meantime.")))]
pub(super) async fn rotate_secret(
    app: App,
    Superuser(staff): Superuser,
    Path(id): Path<EndpointId>,
    version: IfMatch,
    write: Write,
) -> ApiResult<Response> {
    let (now, secret) = (app.clock.now(), Secret::random()?);
    let until = now.plus(OLD_SECRET_LIFE);
    let mut tx = staff.begin(write).await?;
    let current = lock(&mut tx, id, &version).await?;
    let endpoint =
        Endpoint { old_secret_until: Some(until), version: current.version + 1, updated_at: now, ..current };
    store::endpoints::rotate(&mut tx, &endpoint, &secret.seal(&app.secrets)?, until).await?;
    let view = EndpointView { secret: Some(secret.text()), ..EndpointView::of(endpoint, now) };
    tx.commit(matter(&staff, id)?.act("webhook_endpoint.rotate_secret"), view.answer(StatusCode::OK)).await
}

/// Send an endpoint `webhook.test`: for superusers.
#[utoipa::path(post, path = "/webhooks/endpoints/{id}/test/", tag = "webhooks", operation_id = "test_webhook_endpoint",
    security(("bearer" = [])), params(("id" = EndpointId, Path)),
    responses((status = ACCEPTED, description = "It is about to be sent.", body = DeliveryView),
        (status = FORBIDDEN, description = "`forbidden`: no superuser."),
        (status = CONFLICT, description = "`endpoint_off`: nothing is sent to it.")))]
pub(super) async fn test_endpoint(
    app: App,
    Superuser(staff): Superuser,
    Path(id): Path<EndpointId>,
    write: Write,
) -> ApiResult<Response> {
    let now = app.clock.now();
    let mut tx = staff.begin(write).await?;
    let endpoint = store::endpoints::lock(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
    if !endpoint.is_active {
        return Err(WebhookError::EndpointOff.into());
    }
    let event_id = format!("test:{}", WebhookDeliveryId::at(now));
    let message = Message::test(id, event_id, now).map_err(anyhow::Error::from)?;
    let written = store::deliveries::insert(&mut tx, &[id], &message, now).await?;
    let delivery = written.into_iter().next().ok_or_else(ApiError::not_found)?;
    deliver_at(&mut tx, id, now, now).await?;
    let entry = matter(&staff, id)?.act("webhook_endpoint.test");
    tx.commit(entry, (StatusCode::ACCEPTED, Json(DeliveryView::from(delivery)))).await
}
