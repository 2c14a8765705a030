//! Signing in with a password.

use axum::Json;
use platform::{app::App, error::ApiResult, extract::Valid};
use serde::Deserialize;
use uuid::Uuid;

use super::{Origin, TokensView};
use crate::{
    contact::EmailAddress,
    model::{AccountState, IdentityError},
    password::{self, Verdict},
    session, store,
    throttle::{self, Bucket},
};

/// Who, and the proof.
#[derive(Deserialize, garde::Validate, utoipa::ToSchema)]
#[schema(example = json!({"email": "ada@example.com", "password": "correct horse battery", "device_name": "Ada's phone"}))]
pub struct SignIn {
    #[garde(skip)]
    email: EmailAddress,
    #[garde(length(chars, min = 1, max = 256))]
    #[schema(min_length = 1, max_length = 256, format = Password)]
    password: String,
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

/// Sign in with email and password.
///
/// Signing in to an account that waits for its deletion restores it. After five failures each further try
/// must wait, first a second, then twice as long each time.
#[utoipa::path(post, path = "/auth/signin/", operation_id = "sign_in", tag = "identity", request_body = SignIn,
    responses((status = OK, body = TokensView, description = "Signed in."),
        (status = UNAUTHORIZED, description = "`invalid_credentials`, whether or not there is such an account."),
        (status = FORBIDDEN, description = "`account_suspended`: the password is right, the account is closed."),
        (status = TOO_MANY_REQUESTS, description = "`too_many_attempts`: too many failures for this account or from this network.")))]
pub async fn sign_in(app: App, origin: Origin, Valid(body): Valid<SignIn>) -> ApiResult<Json<TokensView>> {
    let now = app.clock.now();
    let device = origin.device(body.device_name.as_deref(), body.device_token);
    // From here to the answer an unknown account takes the same steps as a known one.
    let known = store::users::by_email(&app.db, body.email.as_str()).await?;
    let id = known.as_ref().map_or(Uuid::nil(), |user| user.id.uuid());
    let seen = store::sessions::devices(&app.db, id, now.minus(session::DEVICE_MEMORY)).await?;
    let buckets = Bucket::sign_in(&app, body.email.as_str(), id, &device, &seen);
    let attempt = throttle::attempt(&app, buckets).await?;
    let queue = device.network();
    let hash = known.as_ref().and_then(|user| user.password_hash.as_deref());
    let verdict = password::verify(&app, &queue, &body.password, hash).await?;
    let Some(known) = known.filter(|_| verdict != Verdict::Wrong) else {
        attempt.failed(&app).await?;
        return Err(IdentityError::InvalidCredentials.into());
    };
    attempt.succeeded(&app).await?;
    known.may_sign_in(now)?;
    let newer = match verdict {
        Verdict::RightButOld => Some(password::hash(&app, &queue, &body.password).await?),
        Verdict::Right | Verdict::Wrong => None,
    };

    let mut tx = app.db.begin().await?;
    let user = store::users::lock(&mut tx, known.id).await?;
    // The password that was checked must still be the password.
    let user = user.filter(|user| user.password_hash == known.password_hash);
    let mut user = user.ok_or(IdentityError::InvalidCredentials)?;
    let was_closing = user.state == AccountState::DeletionPending;
    if let Some(hash) = newer {
        store::users::save_password(&mut tx, user.id, &hash, now).await?;
    }
    let granted = session::begin(&mut tx, &app, &mut user, &device, &seen).await?;
    tx.commit().await?;
    app.jobs_waiting.notify_one();
    let message = if was_closing { "message-restored" } else { "message-signed_in" };
    Ok(Json(TokensView::of(&app, &user, granted, user.language.text(message, &[]))))
}
