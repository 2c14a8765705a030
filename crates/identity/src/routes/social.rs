//! Signing in with an account at Google, Apple or Facebook.

use axum::{Json, http::StatusCode, response::Response};
use platform::{
    app::App,
    error::{ApiError, ApiResult, Kind},
    extract::Valid,
    idempotency::{Write, WriteTx},
    ids::UserId,
    locale::Sentence,
    ports::social::{SocialIdentity, SocialProvider, SocialToken},
    validation::not_blank,
};
use serde::Deserialize;
use sqlx::PgConnection;

use super::{
    Origin, TokensView,
    signup::{self, one_line},
};
use crate::{
    contact::EmailAddress,
    model::{AccountState, IdentityError, User},
    recovery,
    session::{self, Ended},
    store,
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
    /// What the app asked for the token with; a token that has a nonce needs it.
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
    /// What the last sign-in on this device answered as `device_token`.
    #[garde(inner(length(chars, max = 200)))]
    #[schema(max_length = 200)]
    #[serde(default)]
    device_token: Option<String>,
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
    /// What the app asked for the id token with; a token that has a nonce needs it.
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
    /// What the last sign-in on this device answered as `device_token`.
    #[garde(inner(length(chars, max = 200)))]
    #[schema(max_length = 200)]
    #[serde(default)]
    device_token: Option<String>,
}

/// Sign in with Google.
///
/// A token is good once. An account with the same address is linked where both sides have verified it. Where only the
/// service has, whoever signed up with the address without proving it loses it: password, sessions and everything
/// else that leads into the account. An account of staff is never entered so.
#[utoipa::path(post, path = "/auth/social/google/", operation_id = "sign_in_with_google", tag = "identity",
    request_body = IdToken,
    responses((status = OK, body = TokensView, description = "Signed in."),
        (status = CREATED, body = TokensView, description = "Signed in to a new account."),
        (status = UNAUTHORIZED, description = "`social_token_invalid`."),
        (status = FORBIDDEN, description = "`account_suspended`."),
        (status = CONFLICT, description = "`account_exists`: sign in to it with its password.")))]
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
/// A token is good once. An account with the same address is linked where both sides have verified it. Where only the
/// service has, whoever signed up with the address without proving it loses it: password, sessions and everything
/// else that leads into the account. An account of staff is never entered so.
#[utoipa::path(post, path = "/auth/social/apple/", operation_id = "sign_in_with_apple", tag = "identity",
    request_body = IdToken,
    responses((status = OK, body = TokensView, description = "Signed in."),
        (status = CREATED, body = TokensView, description = "Signed in to a new account."),
        (status = UNAUTHORIZED, description = "`social_token_invalid`."),
        (status = FORBIDDEN, description = "`account_suspended`."),
        (status = CONFLICT, description = "`account_exists`: sign in to it with its password.")))]
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
/// A token is good once. An account with the same address is linked where both sides have verified it. Where only the
/// service has, whoever signed up with the address without proving it loses it: password, sessions and everything
/// else that leads into the account. An account of staff is never entered so.
#[utoipa::path(post, path = "/auth/social/facebook/", operation_id = "sign_in_with_facebook", tag = "identity",
    request_body = FacebookToken,
    responses((status = OK, body = TokensView, description = "Signed in."),
        (status = CREATED, body = TokensView, description = "Signed in to a new account."),
        (status = UNAUTHORIZED, description = "`social_token_invalid`."),
        (status = FORBIDDEN, description = "`account_suspended`."),
        (status = CONFLICT, description = "`account_exists`: sign in to it with its password."),
        (status = UNPROCESSABLE_ENTITY, description = "No token, or `social_email_missing`: Facebook shared no address.")))]
pub async fn sign_in_with_facebook(
    app: App,
    origin: Origin,
    write: Write,
    Valid(body): Valid<FacebookToken>,
) -> ApiResult<Response> {
    let FacebookToken { access_token, id_token, nonce, name, device_name, device_token } = body;
    let token = facebook_token(access_token, id_token, nonce)?;
    let device = origin.device(device_name.as_deref(), device_token);
    enter(app, origin, write, Entry { provider: SocialProvider::Facebook, token, name, device }).await
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
    let device = origin.device(body.device_name.as_deref(), body.device_token);
    enter(app, origin, write, Entry { provider, token, name: body.name, device }).await
}

struct Entry {
    provider: SocialProvider,
    token: SocialToken,
    name: Option<String>,
    device: Device,
}

async fn enter(app: App, origin: Origin, write: Write, entry: Entry) -> ApiResult<Response> {
    let mut identity = app.social.verify(entry.provider, &entry.token, app.clock.now()).await?;
    // Read like the address of a sign-up: what none of ours could be is none, and proves nothing.
    let email = identity.email.take().and_then(|email| EmailAddress::parse(&email).ok());
    identity.is_email_verified &= email.is_some();
    identity.name = entry.name.or(identity.name);
    let mut tx = write.begin().await?;
    use_up(&mut tx, &app, &entry.token, &identity).await?;
    // Two first sign-ins with one account at once: the second waits here, and finds what the first made.
    store::codes::lock(&mut tx, &format!("social {} {}", identity.provider, identity.subject)).await?;
    let Entered { mut user, is_new, expelled } =
        match existing(&mut tx, &app, &identity, email.as_ref()).await? {
            Some(entered) => entered,
            None => create(&mut tx, &app, &identity, email, &origin).await?,
        };
    let response = finish(tx, &app, &mut user, &entry.device, is_new).await?;
    if let Some(expelled) = expelled {
        expelled.forget(&app);
    }
    Ok(response)
}

/// Uses a token up. It is the same token whatever signature it carries: of some kinds there are several.
pub async fn use_up(
    db: &mut PgConnection,
    app: &App,
    token: &SocialToken,
    identity: &SocialIdentity,
) -> ApiResult<()> {
    let signed = match token {
        SocialToken::IdToken { token, .. } => {
            token.rsplit_once('.').map_or(token.as_str(), |(signed, _)| signed)
        }
        SocialToken::AccessToken(token) => token,
    };
    let issuer: &'static str = identity.provider.into();
    let fingerprint = app.secrets.fingerprint(&[b"social token", issuer.as_bytes(), signed.as_bytes()]);
    if store::social::use_token(db, &fingerprint, identity.token_expires_at).await? {
        Ok(())
    } else {
        Err(ApiError::new(Kind::Unauthenticated, "social_token_invalid"))
    }
}

/// Whose account a service opens.
struct Entered {
    user: User,
    is_new: bool,
    /// The sessions of whoever had the account before, where that was somebody else.
    expelled: Option<Ended>,
}

/// The person who signed in with this before, or who has the same address.
async fn existing(
    tx: &mut WriteTx,
    app: &App,
    identity: &SocialIdentity,
    email: Option<&EmailAddress>,
) -> ApiResult<Option<Entered>> {
    let issuer: &'static str = identity.provider.into();
    let known = store::social::user_of(tx, issuer, &identity.subject).await?;
    let (found, is_linked) = match (known, email) {
        (Some(id), _) => (store::users::lock(tx, id).await?, true),
        (None, Some(email)) => (store::users::lock_by_email(tx, email.as_str()).await?, false),
        (None, None) => (None, false),
    };
    let Some(mut user) = found else { return Ok(None) };
    // Whoever runs the market signs in with a password, and is nobody's customer elsewhere.
    let is_allowed = user.staff_role.is_none() && (is_linked || identity.is_email_verified);
    if !is_allowed {
        return Err(IdentityError::AccountExists.into());
    }
    user.may_sign_in(app.clock.now())?;
    let mut expelled = None;
    if !is_linked {
        if !user.is_email_verified {
            // Who signed up with a stranger's address must not meet that stranger inside.
            expelled = Some(recovery::recover(tx, app, &mut user, None, "address_proved_elsewhere").await?);
        }
        let email = email.map(EmailAddress::as_str);
        store::social::insert(tx, issuer, &identity.subject, user.id, email, app.clock.now()).await?;
    }
    Ok(Some(Entered { user, is_new: false, expelled }))
}

async fn create(
    tx: &mut WriteTx,
    app: &App,
    identity: &SocialIdentity,
    email: Option<EmailAddress>,
    origin: &Origin,
) -> ApiResult<Entered> {
    let now = app.clock.now();
    let email = email.ok_or(IdentityError::SocialEmailMissing)?;
    let name = identity
        .name
        .as_deref()
        .map(|name| name.trim().chars().filter(|c| !c.is_control()).take(150).collect::<String>());
    let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| email.local().to_owned());
    let mut user = User::new(UserId::at(now), email.into(), name, now);
    user.is_email_verified = identity.is_email_verified;
    user.language = origin.language;
    signup::insert(tx, &user).await?;
    let issuer: &'static str = identity.provider.into();
    store::social::insert(tx, issuer, &identity.subject, user.id, Some(&user.email), now).await?;
    if !user.is_email_verified {
        signup::send_verification(tx, app, &user, &origin.device.ip).await?;
    }
    Ok(Entered { user, is_new: true, expelled: None })
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
