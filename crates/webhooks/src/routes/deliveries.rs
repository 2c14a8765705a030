//! What partners were told.

use axum::{Json, http::StatusCode, response::Response};
use garde::Validate;
use platform::{
    app::App,
    auth::Superuser,
    error::{ApiError, ApiResult},
    extract::{Path, Query},
    idempotency::Write,
    ids::{EndpointId, WebhookDeliveryId},
    page::{Link, Page, PageQuery},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    jobs::deliver_at,
    model::{DeliveryState, WebhookError},
    store::deliveries::{self as store, Delivery, Tried, Whole},
};

/// Which.
#[derive(Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DeliveryQuery {
    /// Those to this endpoint.
    #[garde(skip)]
    endpoint_id: Option<EndpointId>,
    /// Those that stand like this.
    #[garde(skip)]
    status: Option<DeliveryState>,
}

/// A message to an endpoint.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = WebhookDelivery)]
pub(super) struct DeliveryView {
    /// The `webhook-id` of every try.
    id: WebhookDeliveryId,
    endpoint_id: EndpointId,
    /// One of `WebhookEventType`, or `webhook.test`.
    event_type: String,
    status: DeliveryState,
    attempts: i32,
    /// `null` where there will be none.
    next_attempt_at: Option<Instant>,
    created_at: Instant,
    updated_at: Instant,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        let is_pending = delivery.state == DeliveryState::Pending;
        Self {
            id: delivery.id,
            endpoint_id: delivery.endpoint_id,
            event_type: delivery.event_type,
            status: delivery.state,
            attempts: delivery.attempts,
            next_attempt_at: is_pending.then_some(delivery.due_at),
            created_at: delivery.created_at,
            updated_at: delivery.updated_at,
        }
    }
}

/// A message to an endpoint, with everything about it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = WebhookDeliveryDetail)]
pub(super) struct DetailView {
    #[serde(flatten)]
    delivery: DeliveryView,
    /// What it says.
    #[schema(value_type = Object)]
    payload: Box<RawValue>,
    /// What was tried, the oldest first.
    tried: Vec<Tried>,
}

/// What partners were told in the last 30 days, newest first: for superusers.
#[utoipa::path(get, path = "/webhooks/deliveries/", tag = "webhooks", operation_id = "list_webhook_deliveries",
    security(("bearer" = [])), params(DeliveryQuery, PageQuery),
    responses((status = OK, description = "A page of deliveries.", body = Page<DeliveryView>),
        (status = FORBIDDEN, description = "`forbidden`: no superuser.")))]
pub(super) async fn list_webhook_deliveries(
    app: App,
    _staff: Superuser,
    Query(query): Query<DeliveryQuery>,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<DeliveryView>>> {
    let paging = page.paging::<WebhookDeliveryId>(link)?;
    let (rows, total) = store::list(&app.db, query.endpoint_id, query.status, &paging).await?;
    Ok(Json(paging.finish(rows, total, |row| row.id, DeliveryView::from)))
}

/// What an endpoint was told, and how it answered: for superusers.
#[utoipa::path(get, path = "/webhooks/deliveries/{id}/", tag = "webhooks", operation_id = "get_webhook_delivery",
    security(("bearer" = [])), params(("id" = WebhookDeliveryId, Path)),
    responses((status = OK, description = "The delivery.", body = DetailView),
        (status = FORBIDDEN, description = "`forbidden`: no superuser.")))]
pub(super) async fn get_webhook_delivery(
    app: App,
    _staff: Superuser,
    Path(id): Path<WebhookDeliveryId>,
) -> ApiResult<Json<DetailView>> {
    let Whole { delivery, body, tried } = store::find(&app.db, id).await?.ok_or_else(ApiError::not_found)?;
    let payload = RawValue::from_string(body).map_err(anyhow::Error::from)?;
    Ok(Json(DetailView { delivery: delivery.into(), payload, tried }))
}

/// Tell it once more, under the same id: for superusers.
#[utoipa::path(post, path = "/webhooks/deliveries/{id}/replay/", tag = "webhooks",
    operation_id = "replay_webhook_delivery", security(("bearer" = [])), params(("id" = WebhookDeliveryId, Path)),
    responses((status = ACCEPTED, description = "It is about to be sent.", body = DeliveryView),
        (status = FORBIDDEN, description = "`forbidden`: no superuser."),
        (status = CONFLICT, description = "`endpoint_off`: nothing is sent to its endpoint.")))]
pub(super) async fn replay_webhook_delivery(
    app: App,
    Superuser(staff): Superuser,
    Path(id): Path<WebhookDeliveryId>,
    write: Write,
) -> ApiResult<Response> {
    let now = app.clock.now();
    let mut tx = staff.begin(write).await?;
    let (endpoint, is_active) = store::lock_target(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
    if !is_active {
        return Err(WebhookError::EndpointOff.into());
    }
    let delivery = store::start_anew(&mut tx, id, now).await?.ok_or_else(ApiError::not_found)?;
    deliver_at(&mut tx, endpoint, now, now).await?;
    let entry = staff.matter("webhook_delivery", id, [])?.act("webhook_delivery.replay");
    tx.commit(entry, (StatusCode::ACCEPTED, Json(DeliveryView::from(delivery)))).await
}
