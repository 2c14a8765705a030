//! Signing in with an account at Google, Apple or Facebook.

use axum::{Json, http::StatusCode, response::Response};
use platform::{
    app::App,
    error::{ApiError, ApiResult},
    extract::Valid,
    idempotency::{Write, WriteTx},
    ids::UserId,
    locale::Sentence,
    ports::social::{SocialIdentity, SocialProvider, SocialToken},
    validation::not_blank,
};
use serde::Deserialize;

use super::{
    Origin, TokensView,
    signup::{self, one_line},
};
use crate::{
    contact::EmailAddress,
    model::{AccountState, IdentityError, User},
    session, store,
    throttle::Device,
};

/// A token of Google or Apple.
#[derive(Deserialize, garde::Validate, utoipa::ToSchema)]
#[expect(clippy::struct_field_names, reason = "the contract's names")]
pub struct IdToken {
    /// The OpenID Connect id token.
    #[garde(length(min = 1, max = 8192))]
    #[schema(min_length = 1, max_length = 8192, example = "eyJhbGciOiJSUzI1NiJ9...")]
    id_token: String,
    /// What the app asked for the token with.
    #[garde(inner(length(min = 1, max = 255)))]
    #[schema(min_length = 1, max_length = 255)]
    #[serde(default)]
    nonce: Option<String>,
    /// Of a new account. Apple tells the name only to the app, and only at the first sign-in.
    #[garde(inner(length(chars, min = 1, max = 150), custom(not_blank), custom(one_line)))]
    #[schema(min_length = 1, max_length = 150)]
    #[serde(default)]
    name: Option<String>,
    /// Shown in the list of sessions.
    #[garde(inner(length(chars, max = 100)))]
    #[schema(max_length = 100)]
    #[serde(default)]
    device_name: Option<String>,
}

/// A token of Facebook: one of the two.
#[derive(Deserialize, garde::Validate, utoipa::ToSchema)]
pub struct FacebookToken {
    /// A classic access token.
    #[garde(inner(length(min = 1, max = 8192)))]
    #[schema(min_length = 1, max_length = 8192, example = "EAAG...")]
    #[serde(default)]
    access_token: Option<String>,
    /// The id token of a limited login.
    #[garde(inner(length(min = 1, max = 8192)))]
    #[schema(min_length = 1, max_length = 8192)]
    #[serde(default)]
    id_token: Option<String>,
    /// What the app asked for the id token with.
    #[garde(inner(length(min = 1, max = 255)))]
    #[schema(min_length = 1, max_length = 255)]
    #[serde(default)]
    nonce: Option<String>,
    /// Of a new account, where Facebook tells none.
    #[garde(inner(length(chars, min = 1, max = 150), custom(not_blank), custom(one_line)))]
    #[schema(min_length = 1, max_length = 150)]
    #[serde(default)]
    name: Option<String>,
    /// Shown in the list of sessions.
    #[garde(inner(length(chars, max = 100)))]
    #[schema(max_length = 100)]
    #[serde(default)]
    device_name: Option<String>,
}

/// Sign in with Google.
///
/// An account with the same address is linked only where both sides have verified it.
#[utoipa::path(post, path = "/auth/social/google/", operation_id = "sign_in_with_google", tag = "identity",
    request_body = IdToken,
    responses((status = OK, body = TokensView, description = "Signed in."),
        (status = CREATED, body = TokensView, description = "Signed in to a new account."),
        (status = UNAUTHORIZED, description = "`social_token_invalid`."),
        (status = FORBIDDEN, description = "`account_suspended`."),
        (status = CONFLICT, description = "`account_exists`: sign in to it with its password first.")))]
pub async fn sign_in_with_google(
    app: App,
    origin: Origin,
    write: Write,
    Valid(body): Valid<IdToken>,
) -> ApiResult<Response> {
    with_id_token(app, origin, write, SocialProvider::Google, body).await
}

/// Sign in with Apple.
///
/// An account with the same address is linked only where both sides have verified it.
#[utoipa::path(post, path = "/auth/social/apple/", operation_id = "sign_in_with_apple", tag = "identity",
    request_body = IdToken,
    responses((status = OK, body = TokensView, description = "Signed in."),
        (status = CREATED, body = TokensView, description = "Signed in to a new account."),
        (status = UNAUTHORIZED, description = "`social_token_invalid`."),
        (status = FORBIDDEN, description = "`account_suspended`."),
        (status = CONFLICT, description = "`account_exists`: sign in to it with its password first.")))]
pub async fn sign_in_with_apple(
    app: App,
    origin: Origin,
    write: Write,
    Valid(body): Valid<IdToken>,
) -> ApiResult<Response> {
    with_id_token(app, origin, write, SocialProvider::Apple, body).await
}

/// Sign in with Facebook, by an access token or by the id token of a limited login.
///
/// An account with the same address is linked only where both sides have verified it.
#[utoipa::path(post, path = "/auth/social/facebook/", operation_id = "sign_in_with_facebook", tag = "identity",
    request_body = FacebookToken,
    responses((status = OK, body = TokensView, description = "Signed in."),
        (status = CREATED, body = TokensView, description = "Signed in to a new account."),
        (status = UNAUTHORIZED, description = "`social_token_invalid`."),
        (status = FORBIDDEN, description = "`account_suspended`."),
        (status = CONFLICT, description = "`account_exists`: sign in to it with its password first."),
        (status = UNPROCESSABLE_ENTITY, description = "No token, or `social_email_missing`: Facebook shared no address.")))]
pub async fn sign_in_with_facebook(
    app: App,
    origin: Origin,
    write: Write,
    Valid(body): Valid<FacebookToken>,
) -> ApiResult<Response> {
    let FacebookToken { access_token, id_token, nonce, name, device_name } = body;
    let token = facebook_token(access_token, id_token, nonce)?;
    enter(app, origin, write, Entry { provider: SocialProvider::Facebook, token, name, device_name }).await
}

/// The token of a Facebook request, whichever it is.
pub fn facebook_token(
    access_token: Option<String>,
    id_token: Option<String>,
    nonce: Option<String>,
) -> ApiResult<SocialToken> {
    match (id_token, access_token) {
        (Some(token), _) => Ok(SocialToken::IdToken { token, nonce }),
        (None, Some(token)) => Ok(SocialToken::AccessToken(token)),
        (None, None) => Err(ApiError::invalid_field("access_token", Sentence::new("field-required"))),
    }
}

async fn with_id_token(
    app: App,
    origin: Origin,
    write: Write,
    provider: SocialProvider,
    body: IdToken,
) -> ApiResult<Response> {
    let token = SocialToken::IdToken { token: body.id_token, nonce: body.nonce };
    enter(app, origin, write, Entry { provider, token, name: body.name, device_name: body.device_name }).await
}

struct Entry {
    provider: SocialProvider,
    token: SocialToken,
    name: Option<String>,
    device_name: Option<String>,
}

async fn enter(app: App, origin: Origin, write: Write, entry: Entry) -> ApiResult<Response> {
    let identity = app.social.verify(entry.provider, &entry.token, app.clock.now()).await?;
    let device = origin.device(entry.device_name.as_deref());
    let name = entry.name.or_else(|| identity.name.clone());
    let mut tx = write.begin().await?;
    // Two first sign-ins with one account at once: the second waits here, and finds what the first made.
    store::codes::lock(&mut tx, &format!("social {} {}", identity.provider, identity.subject)).await?;
    let (mut user, is_new) = match existing(&mut tx, &app, &identity).await? {
        Some(user) => (user, false),
        None => (create(&mut tx, &app, &identity, name, &origin).await?, true),
    };
    finish(tx, &app, &mut user, &device, is_new).await
}

/// The person who signed in with this before, or who has the same verified address.
async fn existing(tx: &mut WriteTx, app: &App, identity: &SocialIdentity) -> ApiResult<Option<User>> {
    let issuer: &'static str = identity.provider.into();
    if let Some(id) = store::social::user_of(tx, issuer, &identity.subject).await? {
        return Ok(store::users::lock(tx, id).await?);
    }
    let Some(email) = &identity.email else { return Ok(None) };
    let Some(user) = store::users::lock_by_email(tx, email).await? else { return Ok(None) };
    // Who signed up with a stranger's address must not meet that stranger inside, nor the other way round.
    if !user.is_email_verified || !identity.is_email_verified {
        return Err(IdentityError::AccountExists.into());
    }
    user.may_sign_in(app.clock.now())?;
    store::social::insert(tx, issuer, &identity.subject, user.id, Some(email), app.clock.now()).await?;
    Ok(Some(user))
}

async fn create(
    tx: &mut WriteTx,
    app: &App,
    identity: &SocialIdentity,
    name: Option<String>,
    origin: &Origin,
) -> ApiResult<User> {
    let now = app.clock.now();
    let email = identity.email.as_deref().and_then(|email| EmailAddress::parse(email).ok());
    let email = email.ok_or(IdentityError::SocialEmailMissing)?;
    let name = name.map(|name| name.trim().chars().filter(|c| !c.is_control()).take(150).collect::<String>());
    let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| email.local().to_owned());
    let mut user = User::new(UserId::at(now), email.into(), name, now);
    user.is_email_verified = identity.is_email_verified;
    user.language = origin.language;
    signup::insert(tx, &user).await?;
    let issuer: &'static str = identity.provider.into();
    store::social::insert(tx, issuer, &identity.subject, user.id, identity.email.as_deref(), now).await?;
    if !user.is_email_verified {
        signup::send_verification(tx, app, &user, &origin.device.ip).await?;
    }
    Ok(user)
}

async fn finish(
    mut tx: WriteTx,
    app: &App,
    user: &mut User,
    device: &Device,
    is_new: bool,
) -> ApiResult<Response> {
    let since = app.clock.now().minus(session::DEVICE_MEMORY);
    let seen = store::sessions::devices(&mut *tx, user.id.uuid(), since).await?;
    let was_closing = user.state == AccountState::DeletionPending;
    let granted = session::begin(&mut tx, app, user, device, &seen).await?;
    let (status, message) = match (is_new, was_closing) {
        (true, _) => (StatusCode::CREATED, "message-signed_up"),
        (false, true) => (StatusCode::OK, "message-restored"),
        (false, false) => (StatusCode::OK, "message-signed_in"),
    };
    let answer = TokensView::of(app, user, granted, user.language.text(message, &[]));
    tx.commit((status, Json(answer))).await
}
