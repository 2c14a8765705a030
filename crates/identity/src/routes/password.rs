//! Changing a password, and setting a new one where it was forgotten.

use axum::{Json, http::StatusCode};
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::Valid,
    jobs,
};
use serde::Deserialize;

use super::{Accepted, Origin};
use crate::{
    codes::{self, Purpose},
    contact::EmailAddress,
    jobs::{AnswerReset, ResetRequest},
    mail::{self, Letter},
    model::IdentityError,
    password::{self, Verdict},
    recovery,
    session::{self, Which},
    store,
    throttle::{self, Bucket},
};

/// The present password and the next.
#[derive(Deserialize, garde::Validate, utoipa::ToSchema)]
#[schema(example = json!({"old_password": "correct horse battery", "new_password": "staple gun parade 7"}))]
pub struct ChangePassword {
    #[garde(length(chars, min = 1, max = 256))]
    #[schema(min_length = 1, max_length = 256, format = Password)]
    old_password: String,
    #[garde(length(chars, min = 10, max = 128))]
    #[schema(min_length = 10, max_length = 128, format = Password)]
    new_password: String,
}

/// Change my password.
///
/// All other sessions end, their devices are known no more, and an address that waits to be confirmed is dropped;
/// a mail tells of it.
#[utoipa::path(post, path = "/auth/password-change/", operation_id = "change_password", tag = "identity",
    request_body = ChangePassword, security(("bearer" = [])),
    responses((status = NO_CONTENT, description = "The new password holds."),
        (status = CONFLICT, description = "`no_password`: the account has none yet; set one by resetting it."),
        (status = UNPROCESSABLE_ENTITY, description = "`wrong_password`, or the new one is too weak.")))]
pub async fn change_password(
    app: App,
    caller: Caller,
    Valid(body): Valid<ChangePassword>,
) -> ApiResult<StatusCode> {
    let user = store::users::by_id(&app.db, caller.id).await?.ok_or_else(ApiError::not_found)?;
    confirm(&app, &user, "old_password", &body.old_password).await?;
    let queue = user.id.to_string();
    password::check_strength(&app, &queue, "new_password", &body.new_password, &user.email, &user.name)
        .await?;
    let hash = password::hash(&app, &queue, &body.new_password).await?;

    let mut tx = app.db.begin().await?;
    let locked = store::users::lock(&mut tx, caller.id).await?;
    // Two changes at once: the second was checked against a password that is no more.
    locked
        .filter(|locked| locked.password_hash == user.password_hash)
        .ok_or(IdentityError::WrongPassword { field: "old_password" })?;
    store::users::save_password(&mut tx, user.id, &hash, app.clock.now()).await?;
    // Whoever knew the old password may have asked for another address, too.
    store::codes::void_all(&mut tx, user.id, app.clock.now()).await?;
    store::users::drop_pending_email(&mut tx, user.id, app.clock.now()).await?;
    let ended =
        session::end(&mut tx, &app, user.id, Which::Except(caller.session), "password_changed").await?;
    store::sessions::distrust(&mut tx, user.id, Some(caller.session)).await?;
    mail::send(&mut tx, &app, &user, Letter::PasswordChanged).await?;
    tx.commit().await?;
    ended.forget(&app);
    app.jobs_waiting.notify_one();
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a signed-in person on who gives their password once more.
pub async fn confirm(
    app: &App,
    user: &crate::model::User,
    field: &'static str,
    password: &str,
) -> ApiResult<()> {
    let hash = user.password_hash.as_deref().ok_or(IdentityError::NoPassword)?;
    let attempt = throttle::attempt(app, Bucket::confirmation(app, user.id)).await?;
    if password::verify(app, &user.id.to_string(), password, Some(hash)).await? == Verdict::Wrong {
        return Err(IdentityError::WrongPassword { field }.into());
    }
    attempt.succeeded(app).await
}

/// Whose password was forgotten.
#[derive(Deserialize, garde::Validate, utoipa::ToSchema)]
pub struct RequestReset {
    #[garde(skip)]
    email: EmailAddress,
}

/// I forgot my password.
///
/// The answer is the same whether or not there is such an account. The mail holds a link and a token, good
/// once and for an hour; only the newest counts.
#[utoipa::path(post, path = "/auth/reset-password/", operation_id = "request_password_reset", tag = "identity",
    request_body = RequestReset,
    responses((status = ACCEPTED, body = Accepted, description = "If there is such an account, a mail is on its way.")))]
pub async fn request_password_reset(
    app: App,
    origin: Origin,
    Valid(body): Valid<RequestReset>,
) -> ApiResult<(StatusCode, Json<Accepted>)> {
    let request = ResetRequest { email: body.email.into(), ip: origin.device.ip };
    let job = AnswerReset { sealed: mail::seal(&app, &request)? };
    let mut tx = app.db.begin().await?;
    jobs::enqueue(&mut tx, &job, app.clock.now()).await?;
    tx.commit().await?;
    app.jobs_waiting.notify_one();
    let message = origin.language.text("message-reset_requested", &[]);
    Ok((StatusCode::ACCEPTED, Json(Accepted { message })))
}

/// The token of the mail and the new password.
#[derive(Deserialize, garde::Validate, utoipa::ToSchema)]
#[schema(example = json!({"token": "o4Vb1x...", "new_password": "staple gun parade 7"}))]
pub struct ConfirmReset {
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    token: String,
    #[garde(length(chars, min = 10, max = 128))]
    #[schema(min_length = 10, max_length = 128, format = Password)]
    new_password: String,
}

/// Set a new password with the token of the mail.
///
/// All sessions end, devices are forgotten, and what was attached before the address was proved goes: sign-in
/// services and the phone number.
#[utoipa::path(post, path = "/auth/reset-password/confirm/", operation_id = "confirm_password_reset", tag = "identity",
    request_body = ConfirmReset,
    responses((status = NO_CONTENT, description = "The new password holds; sign in with it."),
        (status = GONE, description = "`link_expired`: the token was used, is old, or is none of ours.")))]
pub async fn confirm_password_reset(app: App, Valid(body): Valid<ConfirmReset>) -> ApiResult<StatusCode> {
    reset(&app, body.token.trim(), &body.new_password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets a new password by the token of a mail; a password that is refused does not use the token up.
pub async fn reset(app: &App, token: &str, new_password: &str) -> ApiResult<()> {
    let link = codes::open_link(app, Purpose::ResetPassword, token).await?;
    let user = store::users::by_id(&app.db, link.user_id).await?.ok_or(IdentityError::LinkExpired)?;
    let queue = user.id.to_string();
    password::check_strength(app, &queue, "new_password", new_password, &user.email, &user.name).await?;
    let hash = password::hash(app, &queue, new_password).await?;

    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let mut user = store::users::lock(&mut tx, link.user_id).await?.ok_or(IdentityError::LinkExpired)?;
    // Who changed their address meanwhile may no longer read the mailbox that the mail went to.
    let same = user.email.to_lowercase() == link.target;
    if !same || !store::codes::redeem(&mut tx, link.id, now).await? {
        return Err(IdentityError::LinkExpired.into());
    }
    // Only somebody who reads the mailbox has the token.
    let ended = recovery::recover(&mut tx, app, &mut user, Some(hash), "password_reset").await?;
    mail::send(&mut tx, app, &user, Letter::PasswordChanged).await?;
    tx.commit().await?;
    ended.forget(app);
    app.jobs_waiting.notify_one();
    Ok(())
}
