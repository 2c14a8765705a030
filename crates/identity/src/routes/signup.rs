//! Making an account.

use axum::{Json, http::StatusCode, http::header::LOCATION, response::Response};
use platform::{
    app::App,
    error::{ApiError, ApiResult, OnConstraint as _},
    extract::Valid,
    idempotency::Write,
    ids::UserId,
    locale::Language,
    validation::{broken, not_blank},
};
use serde::Deserialize;

use super::{Origin, TokensView};
use crate::{
    codes::{self, Purpose},
    contact::{EmailAddress, PhoneNumber},
    mail::{self, Letter},
    model::{IdentityError, User},
    password, session, store, throttle,
};

/// A new account.
#[derive(Deserialize, garde::Validate, utoipa::ToSchema)]
#[schema(example = json!({"email": "ada@example.com", "password": "correct horse battery", "name": "Ada Lovelace",
    "phone_number": "+4915123456789", "language": "en"}))]
pub struct SignUp {
    #[garde(skip)]
    email: EmailAddress,
    /// Not one that is commonly used, and not the email or name.
    #[garde(length(chars, min = 10, max = 128))]
    #[schema(min_length = 10, max_length = 128, format = Password)]
    password: String,
    #[garde(length(chars, min = 1, max = 150), custom(not_blank), custom(one_line))]
    #[schema(min_length = 1, max_length = 150)]
    name: String,
    #[garde(skip)]
    #[serde(default)]
    phone_number: Option<PhoneNumber>,
    /// Of mails and answers; without it, the language of the request.
    #[garde(skip)]
    #[serde(default)]
    language: Option<Language>,
}

/// No line breaks or other control characters: names stand in mails and documents.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde calls it so")]
pub fn one_line(value: &str, _context: &()) -> garde::Result {
    if value.chars().any(char::is_control) { Err(broken("control_character")) } else { Ok(()) }
}

/// Make an account and sign in to it.
///
/// A mail with a code and a link follows, to verify the address.
#[utoipa::path(post, path = "/auth/signup/", operation_id = "sign_up", tag = "identity", request_body = SignUp,
    responses((status = CREATED, body = TokensView, description = "The account was made."),
        (status = CONFLICT, description = "`email_taken`: another account has this address."),
        (status = TOO_MANY_REQUESTS, description = "`too_many_requests`: at most 60 an hour from one network.")))]
pub async fn sign_up(
    app: App,
    origin: Origin,
    write: Write,
    Valid(body): Valid<SignUp>,
) -> ApiResult<Response> {
    let (now, network) = (app.clock.now(), origin.device.network());
    throttle::count_sign_up(&app, &network).await?;
    let name = body.name.trim().to_owned();
    password::check_strength(&app, &network, "password", &body.password, body.email.as_str(), &name).await?;
    let hash = password::hash(&app, &network, &body.password).await?;

    let mut user = User::new(UserId::at(now), body.email.into(), name, now);
    user.phone_number = body.phone_number.map(String::from);
    user.language = body.language.unwrap_or(origin.language);
    user.password_hash = Some(hash);

    let mut tx = write.begin().await?;
    insert(&mut tx, &user).await?;
    send_verification(&mut tx, &app, &user, &origin.device.ip).await?;
    let granted = session::begin(&mut tx, &app, &mut user, &origin.device(None, None), &[]).await?;
    let message = user.language.text("message-signed_up", &[]);
    let answer = TokensView::of(&app, &user, granted, message);
    tx.commit((StatusCode::CREATED, [(LOCATION, app.url("/auth/current-user/"))], Json(answer))).await
}

/// Two people who sign up with one address at once are told apart by the index.
pub async fn insert(db: &mut sqlx::PgConnection, user: &User) -> ApiResult<()> {
    store::users::insert(db, user).await.on_constraint("users_email", IdentityError::EmailTaken)
}

/// Sends the mail that proves who reads the mailbox: the address that waits to be the person's, else the present.
pub async fn send_verification(
    db: &mut sqlx::PgConnection,
    app: &App,
    user: &User,
    ip: &str,
) -> Result<(), ApiError> {
    let target = user.pending_email.as_ref().unwrap_or(&user.email);
    let request = codes::Request { user: user.id, purpose: Purpose::VerifyEmail, target, ip };
    let issued = codes::issue(db, app, request).await?;
    let letter = Letter::VerifyEmail { code: issued.code, link: issued.link };
    mail::send_to(db, app, target.clone(), user.language, letter).await
}
