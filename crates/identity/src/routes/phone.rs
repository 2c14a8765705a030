//! Showing that one holds a phone.

use axum::{Json, http::StatusCode};
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult, OnConstraint as _},
    extract::{Brief, Valid},
    locale::{Language, Sentence},
};
use serde::Deserialize;

use super::{Accepted, Origin, UserView, email::TypedCode};
use crate::{
    codes::{self, Purpose},
    contact::PhoneNumber,
    mail,
    model::IdentityError,
    store,
};

/// Which phone.
#[derive(Deserialize, garde::Validate, utoipa::ToSchema)]
pub struct Phone {
    /// Without it, the number of the account. A new number is taken over when it is verified.
    #[garde(skip)]
    #[serde(default)]
    phone_number: Option<PhoneNumber>,
}

/// Send me an SMS with a code.
///
/// The code is good for 15 minutes and five tries, and voids the one before.
#[utoipa::path(post, path = "/auth/send-phone-verification/", operation_id = "send_phone_verification",
    tag = "identity", request_body(content = Option<Phone>, content_type = "application/json"), security(("bearer" = [])),
    responses((status = ACCEPTED, body = Accepted, description = "The SMS is on its way."),
        (status = CONFLICT, description = "`phone_already_verified`."),
        (status = UNPROCESSABLE_ENTITY, description = "No number, or `sms_country_not_supported`."),
        (status = TOO_MANY_REQUESTS,
            description = "`sms_limit`: at most 3 SMS in ten minutes, 5 an hour and 10 a day to a number and for an account, 20 a day from an address.")))]
pub async fn send_phone_verification(
    app: App,
    caller: Caller,
    origin: Origin,
    language: Language,
    Brief(body): Brief<Phone>,
) -> ApiResult<(StatusCode, Json<Accepted>)> {
    let mut tx = app.db.begin().await?;
    let user = store::users::lock(&mut tx, caller.id).await?.ok_or_else(ApiError::not_found)?;
    let own = user.phone_number.as_deref().and_then(|number| PhoneNumber::parse(number).ok());
    let missing = || ApiError::invalid_field("phone_number", Sentence::new("field-required"));
    let number = body.phone_number.or(own).ok_or_else(missing)?;
    if user.is_phone_verified && user.phone_number.as_deref() == Some(number.as_str()) {
        return Err(IdentityError::PhoneAlreadyVerified.into());
    }
    let countries = &app.settings.sms.sms_countries;
    if !number.country_code().is_some_and(|code| countries.contains(&code)) {
        return Err(IdentityError::SmsCountryNotSupported.into());
    }
    let ip = &origin.device.ip;
    let request =
        codes::Request { user: user.id, purpose: Purpose::VerifyPhone, target: number.as_str(), ip };
    let code = codes::issue(&mut tx, &app, request).await?.code;
    mail::send_code_by_sms(&mut tx, &app, number.into(), user.language, code).await?;
    tx.commit().await?;
    app.jobs_waiting.notify_one();
    Ok((StatusCode::ACCEPTED, Json(Accepted { message: language.text("message-sms_sent", &[]) })))
}

/// Verify my phone with the code of the SMS.
#[utoipa::path(post, path = "/auth/verify-phone/", operation_id = "verify_phone", tag = "identity",
    request_body = TypedCode, security(("bearer" = [])),
    responses((status = OK, body = UserView, description = "The number is verified."),
        (status = CONFLICT, description = "`phone_number_taken`: another account has verified it."),
        (status = GONE, description = "`code_expired`: too old, used, or tried five times. Ask for a new one."),
        (status = UNPROCESSABLE_ENTITY, description = "`code_incorrect`.")))]
pub async fn verify_phone(
    app: App,
    caller: Caller,
    Valid(body): Valid<TypedCode>,
) -> ApiResult<Json<UserView>> {
    let code = codes::check(&app, caller.id, Purpose::VerifyPhone, &body.token).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    // As whoever edits the number does: the person first, then their codes.
    store::users::lock(&mut tx, caller.id).await?.ok_or_else(ApiError::not_found)?;
    codes::redeem(&mut tx, code.id, now).await?;
    store::users::verify_phone(&mut tx, caller.id, &code.target, now)
        .await
        .on_constraint("users_verified_phone", IdentityError::PhoneNumberTaken)?;
    let user = store::users::lock(&mut tx, caller.id).await?.ok_or_else(ApiError::not_found)?;
    tx.commit().await?;
    Ok(Json(UserView::of(&app, &user)))
}
