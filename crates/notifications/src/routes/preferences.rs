//! What I wish to hear.

use axum::Json;
use garde::Validate;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::Valid,
    time::Instant,
};
use serde::{Deserialize, Serialize};

use crate::{
    model::MailStop,
    preferences::Matrix,
    quiet::QuietHours,
    store::{
        mail_stops,
        preferences::{self as store, Preferences},
    },
};

/// What I wish to hear, and when not.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = NotificationPreferences)]
pub(super) struct PreferencesView {
    preferences: Matrix,
    quiet_hours: Option<QuietHours>,
    /// My number gets no SMS, whatever is chosen above.
    sms_stopped: bool,
    /// My address gets no mail but what is critical: a mail came back, or I called one spam. A mail that came back is
    /// tried again after 30 days.
    mail_stopped: bool,
    /// When I agreed to offers; `null` where I have not.
    marketing_consent_at: Option<Instant>,
}

impl From<Preferences> for PreferencesView {
    fn from(known: Preferences) -> Self {
        Self {
            preferences: known.choices,
            quiet_hours: known.quiet_hours,
            sms_stopped: known.is_sms_stopped,
            mail_stopped: known.mail_stop.is_some(),
            marketing_consent_at: known.marketing_consent_at,
        }
    }
}

/// What is to be otherwise; what is absent stays.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"preferences": {"marketing": {"email": true}},
    "quiet_hours": {"timezone": "Europe/Berlin", "weekly": [{"weekday": 1, "start": "22:00:00", "end": "07:00:00"}]}}))]
pub(super) struct SetPreferences {
    #[serde(default)]
    #[garde(skip)]
    preferences: Option<MatrixChange>,
    /// With an empty `weekly` for none.
    #[serde(default)]
    #[garde(dive)]
    quiet_hours: Option<QuietHours>,
    #[serde(default)]
    #[garde(skip)]
    sms_stopped: Option<bool>,
    #[serde(default)]
    #[garde(skip)]
    mail_stopped: Option<bool>,
}

/// By kind of message.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = NotificationChoicesChange)]
pub(super) struct MatrixChange {
    booking: Option<ChoicesChange>,
    payment: Option<ChoicesChange>,
    review: Option<ChoicesChange>,
    message: Option<ChoicesChange>,
    system: Option<ChoicesChange>,
    /// Any channel is the consent to offers.
    marketing: Option<ChoicesChange>,
}

/// By channel.
#[derive(Clone, Copy, Default, Deserialize, utoipa::ToSchema)]
#[schema(as = ChannelChoicesChange)]
pub(super) struct ChoicesChange {
    in_app: Option<bool>,
    push: Option<bool>,
    email: Option<bool>,
    sms: Option<bool>,
}

impl MatrixChange {
    fn apply(&self, matrix: &mut Matrix) {
        let changes = [
            (&mut matrix.booking, self.booking),
            (&mut matrix.payment, self.payment),
            (&mut matrix.review, self.review),
            (&mut matrix.message, self.message),
            (&mut matrix.system, self.system),
            (&mut matrix.marketing, self.marketing),
        ];
        for (choices, change) in changes {
            let change = change.unwrap_or_default();
            choices.in_app = change.in_app.unwrap_or(choices.in_app);
            choices.push = change.push.unwrap_or(choices.push);
            choices.email = change.email.unwrap_or(choices.email);
            choices.sms = change.sms.unwrap_or(choices.sms);
        }
    }
}

/// What I wish to hear on which channel, and when not.
///
/// What is critical (a cancelled booking, a failed payment) is always in the list and on the devices, also in quiet
/// hours.
#[utoipa::path(get, path = "/notifications/preferences/", tag = "notifications",
    operation_id = "get_notification_preferences", security(("bearer" = [])),
    responses((status = OK, description = "What I wish.", body = PreferencesView)))]
pub(super) async fn get_preferences(app: App, caller: Caller) -> ApiResult<Json<PreferencesView>> {
    let known = store::find(&app.db, caller.id, app.clock.now()).await?;
    Ok(Json(known.ok_or_else(ApiError::not_found)?.into()))
}

/// Choose what I wish to hear; what is left out stays as it is.
#[utoipa::path(put, path = "/notifications/preferences/", tag = "notifications",
    operation_id = "set_notification_preferences", security(("bearer" = [])), request_body = SetPreferences,
    responses((status = OK, description = "What I wish now.", body = PreferencesView)))]
pub(super) async fn set_preferences(
    app: App,
    caller: Caller,
    Valid(body): Valid<SetPreferences>,
) -> ApiResult<Json<PreferencesView>> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    store::lock(&mut tx, caller.id).await?;
    let known = store::find(&mut *tx, caller.id, now).await?;
    let mut wanted = known.ok_or_else(ApiError::not_found)?;
    if let Some(change) = &body.preferences {
        change.apply(&mut wanted.choices);
    }
    if let Some(quiet) = body.quiet_hours {
        wanted.quiet_hours = Some(quiet).filter(|quiet| !quiet.weekly.is_empty());
    }
    wanted.agree(now);
    store::save(&mut tx, caller.id, &wanted, now).await?;
    if let (Some(is_stopped), Some(number)) = (body.sms_stopped, wanted.phone_number.as_deref()) {
        store::stop_sms(&mut tx, number, is_stopped, now).await?;
        wanted.is_sms_stopped = is_stopped;
    }
    if let Some(is_stopped) = body.mail_stopped {
        mail_stops::set(&mut tx, caller.id, is_stopped, now).await?;
        wanted.mail_stop = is_stopped.then_some(MailStop::Unwanted);
    }
    tx.commit().await?;
    Ok(Json(wanted.into()))
}
