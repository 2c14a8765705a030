//! What staff send to many.

use axum::{Json, http::StatusCode, response::Response};
use garde::Validate;
use jiff::SignedDuration;
use platform::{
    app::App,
    auth::Support,
    error::{ApiError, ApiResult},
    extract::Valid,
    idempotency::Write,
    ids::{CampaignId, UserId},
    jobs::{self, Timing},
    locale::Sentence,
    time::Instant,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    jobs::SendCampaign,
    model::{Channel, NotificationError, Template, Texts, Words},
    store::campaigns::{self as store, Audience, Campaign},
};

/// One member of staff sends at most so many an hour.
const MOST_AN_HOUR: i64 = 20;
/// Nobody plans further ahead.
const FURTHEST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// People who have something in common.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema, strum::IntoStaticStr)]
#[schema(as = NotificationSegment)]
pub(super) enum Segment {
    /// Everybody.
    #[serde(rename = "all")]
    #[strum(serialize = "all")]
    All,
    /// Those who offer nothing.
    #[serde(rename = "customers")]
    #[strum(serialize = "customers")]
    Customers,
    /// Those who offer services.
    #[serde(rename = "providers")]
    #[strum(serialize = "providers")]
    Providers,
    /// Those who read English.
    #[serde(rename = "language:en")]
    #[strum(serialize = "language:en")]
    English,
    /// Those who read German.
    #[serde(rename = "language:de")]
    #[strum(serialize = "language:de")]
    German,
    /// Those who read Italian.
    #[serde(rename = "language:it")]
    #[strum(serialize = "language:it")]
    Italian,
    /// Those who have not signed in for 30 days.
    #[serde(rename = "inactive_30d")]
    #[strum(serialize = "inactive_30d")]
    Inactive,
}

/// What sort of message it is.
#[derive(Clone, Copy, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AnnouncementType)]
pub(super) enum Sort {
    /// An offer: only to those who agreed to offers, on the channels that they agreed to.
    #[default]
    Marketing,
    /// Something that everybody has to know.
    System,
}

/// A message to many: either `user_ids` or `segment`.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"segment": "language:de", "title": {"en": "Spring cleaning", "de": "Frühjahrsputz"},
    "message": {"en": "Find somebody for your windows.", "de": "Finde jemanden für deine Fenster."},
    "channels": ["in_app", "push"], "dry_run": true}))]
#[garde(allow_unvalidated)]
pub(super) struct SendNotification {
    #[serde(default)]
    #[garde(inner(length(min = 1, max = 1000)))]
    #[schema(min_items = 1, max_items = 1000)]
    user_ids: Option<Vec<UserId>>,
    #[serde(default)]
    segment: Option<Segment>,
    #[garde(dive)]
    title: Texts,
    #[garde(dive)]
    message: Texts,
    #[garde(length(min = 1, max = 4))]
    #[schema(min_items = 1, max_items = 4)]
    channels: Vec<Channel>,
    #[serde(default, rename = "type")]
    sort: Sort,
    /// Not before; absent is now. Within a year.
    #[serde(default)]
    schedule_at: Option<Instant>,
    /// Only say how many would get it.
    #[serde(default)]
    dry_run: bool,
}

/// What follows.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct SentNotification {
    /// `null` where it was only asked.
    id: Option<CampaignId>,
    /// How many people get it. At the time of sending it is looked again who belongs to a segment.
    recipients: i64,
    schedule_at: Instant,
    dry_run: bool,
}

/// Send a message to many: for support, at most 20 an hour. What people have muted stays muted.
#[utoipa::path(post, path = "/notifications/send/", tag = "notifications", operation_id = "send_notification",
    security(("bearer" = [])), request_body = SendNotification,
    responses((status = OK, description = "How many would get it (`dry_run`).", body = SentNotification),
        (status = ACCEPTED, description = "It is being sent, or will be.", body = SentNotification),
        (status = FORBIDDEN, description = "`forbidden`: not of support."),
        (status = UNPROCESSABLE_ENTITY, description = "Neither `user_ids` nor `segment`, or both; or a field is not valid."),
        (status = TOO_MANY_REQUESTS, description = "`too_many_sent`: 20 were sent in the last hour.")))]
pub(super) async fn send_notification(
    app: App,
    Support(staff): Support,
    write: Write,
    Valid(body): Valid<SendNotification>,
) -> ApiResult<Response> {
    let now = app.clock.now();
    if body.user_ids.is_some() == body.segment.is_some() {
        return Err(ApiError::invalid_field("segment", Sentence::new("field-users_or_segment")));
    }
    let send_at = body.schedule_at.unwrap_or(now).max(now);
    if now.plus(FURTHEST) < send_at {
        return Err(ApiError::invalid_field("schedule_at", Sentence::new("too_far")));
    }
    let template = match body.sort {
        Sort::Marketing => Template::Offer,
        Sort::System => Template::Announcement,
    };
    let audience =
        Audience { user_ids: body.user_ids, segment: body.segment.map(|s| <&str>::from(s).to_owned()) };
    let channels: Vec<String> =
        body.channels.iter().map(|channel| <&str>::from(*channel).to_owned()).collect();
    let mut tx = staff.begin(write).await?;
    let recipients = store::count(&mut tx, &audience, template.nature().category, &channels, now).await?;
    let answer = |id| Json(SentNotification { id, recipients, schedule_at: send_at, dry_run: body.dry_run });
    if body.dry_run {
        let entry = staff.matter("audience", <&str>::from(template), [])?.act("campaign.estimate");
        return tx
            .commit(entry.details(json!({"recipients": recipients})), (StatusCode::OK, answer(None)))
            .await;
    }
    let hour_ago = now.minus(SignedDuration::from_hours(1));
    if store::sent_since(&mut tx, staff.caller.id, hour_ago).await? >= MOST_AN_HOUR {
        let limit = u32::try_from(MOST_AN_HOUR).unwrap_or(u32::MAX);
        return Err(ApiError::from(NotificationError::TooManySent).limit(limit));
    }
    let campaign = Campaign {
        id: CampaignId::at(now),
        created_by: staff.caller.id,
        template,
        audience,
        words: Words { title: body.title, message: body.message },
        channels,
        send_at,
        recipients,
        created_at: now,
    };
    store::insert(&mut tx, &campaign).await?;
    let timing = Timing { at: Some(send_at), key: Some(SendCampaign::key(campaign.id)) };
    jobs::schedule(&mut tx, &SendCampaign { campaign_id: campaign.id, after: None }, now, timing).await?;
    let entry = staff.matter("campaign", campaign.id, [])?.act("campaign.send");
    let entry = entry.details(json!({"recipients": recipients, "template": <&str>::from(template)}));
    tx.commit(entry, (StatusCode::ACCEPTED, answer(Some(campaign.id)))).await
}
