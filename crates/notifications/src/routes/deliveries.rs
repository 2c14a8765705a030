//! What was sent to somebody, for support.

use axum::{Json, response::Response};
use garde::Validate;
use platform::{
    app::App,
    auth::Support,
    error::{ApiError, ApiResult},
    extract::{Path, Query},
    idempotency::Write,
    ids::{DeliveryId, NotificationId, UserId},
    page::{Link, Page, PageQuery},
    time::Instant,
};
use serde::{Deserialize, Serialize};

use crate::{
    announce::deliver_at,
    model::{Channel, DeliveryState, NotificationError, Template},
    store::deliveries::{self as store, Delivery},
};

/// Whose.
#[derive(Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DeliveryQuery {
    #[garde(skip)]
    user_id: UserId,
}

/// A message on its way by one channel. What it says is not shown.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Delivery)]
pub(super) struct DeliveryView {
    id: DeliveryId,
    notification_id: NotificationId,
    user_id: UserId,
    channel: Channel,
    status: DeliveryState,
    event: Template,
    attempts: i16,
    /// What the service said, or why it was not asked.
    reply: Option<String>,
    due_at: Instant,
    created_at: Instant,
    updated_at: Instant,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            notification_id: delivery.notification_id,
            user_id: delivery.user_id,
            channel: delivery.channel,
            status: delivery.state,
            event: delivery.template,
            attempts: delivery.attempts,
            reply: delivery.reply,
            due_at: delivery.due_at,
            created_at: delivery.created_at,
            updated_at: delivery.updated_at,
        }
    }
}

/// What was sent to somebody, newest first: for support.
#[utoipa::path(get, path = "/notifications/deliveries/", tag = "notifications", operation_id = "list_deliveries",
    security(("bearer" = [])), params(DeliveryQuery, PageQuery),
    responses((status = OK, description = "A page of deliveries.", body = Page<DeliveryView>),
        (status = FORBIDDEN, description = "`forbidden`: not of support.")))]
pub(super) async fn list_deliveries(
    app: App,
    _staff: Support,
    Query(query): Query<DeliveryQuery>,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<DeliveryView>>> {
    let paging = page.paging::<DeliveryId>(link)?;
    let (rows, total) = store::list(&app.db, query.user_id, &paging).await?;
    Ok(Json(paging.finish(rows, total, |row| row.id, DeliveryView::from)))
}

/// Send a message once more by its channel: for support. One that was read meanwhile rings no phone.
#[utoipa::path(post, path = "/notifications/deliveries/{id}/resend/", tag = "notifications",
    operation_id = "resend_delivery", security(("bearer" = [])), params(("id" = DeliveryId, Path)),
    responses((status = OK, description = "It is about to be sent.", body = DeliveryView),
        (status = FORBIDDEN, description = "`forbidden`: not of support."),
        (status = NOT_FOUND, description = "There is no such delivery."),
        (status = CONFLICT, description = "`delivery_under_way`: it is being sent at this moment.")))]
pub(super) async fn resend_delivery(
    app: App,
    Support(staff): Support,
    Path(id): Path<DeliveryId>,
    write: Write,
) -> ApiResult<Response> {
    let now = app.clock.now();
    let mut tx = staff.begin(write).await?;
    let (mut delivery, is_claimed) = store::lock(&mut tx, id, now).await?.ok_or_else(ApiError::not_found)?;
    if is_claimed {
        return Err(NotificationError::DeliveryUnderWay.into());
    }
    store::start_anew(&mut tx, id, now).await?;
    deliver_at(&mut tx, id, now, now).await?;
    delivery.state = DeliveryState::Pending;
    (delivery.attempts, delivery.reply) = (0, None);
    (delivery.due_at, delivery.updated_at) = (now, now);
    let entry = staff.matter("delivery", id, [])?.act("delivery.resend");
    tx.commit(entry, Json(DeliveryView::from(delivery))).await
}
