//! Showing that one reads one's mailbox.

use axum::{Json, http::StatusCode};
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult, OnConstraint as _},
    extract::Valid,
    locale::Language,
};
use serde::Deserialize;

use super::{Accepted, Origin, UserView, signup};
use crate::{
    codes::{self, Purpose},
    model::{IdentityError, User},
    store,
};

/// A code that was typed.
#[derive(Deserialize, garde::Validate, utoipa::ToSchema)]
pub struct TypedCode {
    /// The six digits.
    #[garde(length(chars, min = 6, max = 12))]
    #[schema(min_length = 6, max_length = 12, example = "042317")]
    pub token: String,
}

/// Send me a mail with a code and a link that verify my address, or the one that is to take its place.
///
/// The code is good for 15 minutes and five tries, and voids the one before.
#[utoipa::path(post, path = "/auth/send-email-verification/", operation_id = "send_email_verification",
    tag = "identity", security(("bearer" = [])),
    responses((status = ACCEPTED, body = Accepted, description = "The mail is on its way."),
        (status = CONFLICT, description = "`email_already_verified`."),
        (status = TOO_MANY_REQUESTS, description = "`too_many_codes`: at most 5 mails an hour and 10 a day.")))]
pub async fn send_email_verification(
    app: App,
    caller: Caller,
    origin: Origin,
    language: Language,
) -> ApiResult<(StatusCode, Json<Accepted>)> {
    let mut tx = app.db.begin().await?;
    let user = store::users::lock(&mut tx, caller.id).await?.ok_or_else(ApiError::not_found)?;
    if user.is_email_verified && user.pending_email.is_none() {
        return Err(IdentityError::EmailAlreadyVerified.into());
    }
    signup::send_verification(&mut tx, &app, &user, &origin.device.ip).await?;
    tx.commit().await?;
    app.jobs_waiting.notify_one();
    Ok((StatusCode::ACCEPTED, Json(Accepted { message: language.text("message-mail_sent", &[]) })))
}

/// Verify my address with the code of the mail.
///
/// Where a new address waits, this is when it takes the place of the old one.
#[utoipa::path(post, path = "/auth/verify-email/", operation_id = "verify_email", tag = "identity",
    request_body = TypedCode, security(("bearer" = [])),
    responses((status = OK, body = UserView, description = "The address is verified."),
        (status = CONFLICT, description = "`email_taken`: another account has proved the new address meanwhile."),
        (status = GONE, description = "`code_expired`: too old, used, or tried five times. Ask for a new one."),
        (status = UNPROCESSABLE_ENTITY, description = "`code_incorrect`.")))]
pub async fn verify_email(
    app: App,
    caller: Caller,
    Valid(body): Valid<TypedCode>,
) -> ApiResult<Json<UserView>> {
    let code = codes::check(&app, caller.id, Purpose::VerifyEmail, &body.token).await?;
    let user = accept(&app, code.id, caller.id, &code.target).await?;
    Ok(Json(UserView::of(&app, &user)))
}

/// Verifies the address that a code or link went to, if it still is the person's or waits to be.
pub async fn accept(
    app: &App,
    code: uuid::Uuid,
    user: platform::ids::UserId,
    target: &str,
) -> ApiResult<User> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let user = store::users::lock(&mut tx, user).await?;
    let user = user.ok_or(IdentityError::CodeExpired)?;
    let proved = user.pending_email.as_ref().unwrap_or(&user.email);
    if proved.to_lowercase() != target {
        return Err(IdentityError::CodeExpired.into());
    }
    codes::redeem(&mut tx, code, now).await?;
    let saved = store::users::prove_email(&mut tx, user.id, proved, now).await;
    saved.on_constraint("users_email", IdentityError::EmailTaken)?;
    let verified = store::users::lock(&mut tx, user.id).await?.ok_or_else(ApiError::not_found)?;
    tx.commit().await?;
    Ok(verified)
}
