//! The signed-in person themselves: reading and deleting the account.

use axum::{
    Json,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use platform::{
    app::App,
    auth::Caller,
    cache::{self, Versioned},
    error::{ApiError, ApiResult, Kind},
    extract::Valid,
    locale::{Language, Sentence},
    outbox,
    ports::social::{SocialProvider, SocialToken},
    time::Instant,
};
use serde::{Deserialize, Serialize};

use super::{UserView, password, social};
use crate::{
    events::AccountClosing,
    mail::{self, Letter},
    model::{DELETION_GRACE, IdentityError, User},
    session::{self, Which},
    store,
};

/// The person with their version as `ETag`.
pub fn tagged(app: &App, user: &User) -> Response {
    Versioned(user.version, UserView::of(app, user)).into_response()
}

/// Who am I?
#[utoipa::path(get, path = "/auth/current-user/", operation_id = "get_current_user", tag = "identity",
    security(("bearer" = [])),
    responses((status = OK, body = UserView, headers(("ETag" = String, description = "The version, for `If-Match`.")),
            description = "You."),
        (status = NOT_MODIFIED, description = "As you have it.")))]
pub async fn get_current_user(app: App, caller: Caller, headers: HeaderMap) -> ApiResult<Response> {
    let user = store::users::by_id(&app.db, caller.id).await?.ok_or_else(ApiError::not_found)?;
    let answer = tagged(&app, &user);
    match answer.headers().get(header::ETAG).filter(|etag| cache::matches(&headers, etag)) {
        Some(etag) => Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag.clone())]).into_response()),
        None => Ok(answer),
    }
}

/// The proof that it is really you: the password, or a fresh token of a linked service.
#[derive(Deserialize, garde::Validate, utoipa::ToSchema)]
#[schema(example = json!({"password": "correct horse battery"}))]
pub struct DeleteAccount {
    #[garde(inner(length(chars, min = 1, max = 256)))]
    #[schema(min_length = 1, max_length = 256, format = Password)]
    #[serde(default)]
    password: Option<String>,
    /// Whose token it is.
    #[garde(skip)]
    #[serde(default)]
    provider: Option<Service>,
    /// A fresh id token of that service.
    #[garde(inner(length(min = 1, max = 8192)))]
    #[schema(min_length = 1, max_length = 8192)]
    #[serde(default)]
    id_token: Option<String>,
    /// A fresh access token of Facebook.
    #[garde(inner(length(min = 1, max = 8192)))]
    #[schema(min_length = 1, max_length = 8192)]
    #[serde(default)]
    access_token: Option<String>,
    /// What the app asked for the id token with.
    #[garde(inner(length(min = 1, max = 255)))]
    #[schema(min_length = 1, max_length = 255)]
    #[serde(default)]
    nonce: Option<String>,
}

/// Another service.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SocialService)]
pub enum Service {
    /// Google.
    Google,
    /// Apple.
    Apple,
    /// Facebook.
    Facebook,
}

impl From<Service> for SocialProvider {
    fn from(service: Service) -> Self {
        match service {
            Service::Google => Self::Google,
            Service::Apple => Self::Apple,
            Service::Facebook => Self::Facebook,
        }
    }
}

/// What happens next.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Closing {
    /// When everything personal is erased.
    deletion_due_at: Instant,
    /// A sentence for the person.
    #[schema(example = "Your account will be deleted. Sign in within 14 days to keep it.")]
    message: String,
}

/// Delete my account.
///
/// Refused while something is open with others: see `blockers`. All sessions end at once. Personal data is erased after 14 days; signing in before that restores the account.
#[utoipa::path(delete, path = "/auth/current-user/", operation_id = "delete_current_user", tag = "identity",
    request_body = DeleteAccount, security(("bearer" = [])),
    responses((status = ACCEPTED, body = Closing, description = "The account will be deleted."),
        (status = CONFLICT, description = "`account_has_obligations`, with `blockers` \
            (each `kind`, `count`, `amount`, `currency`): open bookings, debts, balances, payouts and refunds on their \
            way, open disputes; all of it can still be settled. `no_password`: give a social token."),
        (status = UNPROCESSABLE_ENTITY, description = "No proof, or `wrong_password`.")))]
pub async fn delete_current_user(
    app: App,
    caller: Caller,
    language: Language,
    Valid(body): Valid<DeleteAccount>,
) -> ApiResult<(StatusCode, Json<Closing>)> {
    let user = store::users::by_id(&app.db, caller.id).await?.ok_or_else(ApiError::not_found)?;
    prove(&app, &user, body).await?;

    let now = app.clock.now();
    let due_at = now.plus(DELETION_GRACE);
    let mut tx = app.db.begin().await?;
    let user = store::users::lock(&mut tx, user.id).await?.ok_or_else(ApiError::not_found)?;
    let blockers = app.obligations.find(&mut tx, user.id, now).await?;
    if !blockers.is_empty() {
        return Err(IdentityError::AccountHasObligations { blockers }.into());
    }
    store::users::save_deletion(&mut tx, user.id, due_at, now).await?;
    let ended = session::end(&mut tx, &app, user.id, Which::All, "account_closing").await?;
    outbox::emit(&mut tx, &AccountClosing { user_id: user.id }, now).await?;
    mail::send(&mut tx, &app, &user, Letter::AccountClosing { due_at }).await?;
    tx.commit().await?;
    ended.forget(&app);
    app.jobs_waiting.notify_one();
    let message = language.text("message-account_closing", &[]);
    Ok((StatusCode::ACCEPTED, Json(Closing { deletion_due_at: due_at, message })))
}

async fn prove(app: &App, user: &User, body: DeleteAccount) -> ApiResult<()> {
    if let Some(given) = &body.password {
        return password::confirm(app, user, "password", given).await;
    }
    let missing = || ApiError::invalid_field("password", Sentence::new("field-required"));
    let provider: SocialProvider = body.provider.ok_or_else(missing)?.into();
    let token = match provider {
        SocialProvider::Facebook => social::facebook_token(body.access_token, body.id_token, body.nonce)?,
        SocialProvider::Google | SocialProvider::Apple => {
            let required = || ApiError::invalid_field("id_token", Sentence::new("field-required"));
            SocialToken::IdToken { token: body.id_token.ok_or_else(required)?, nonce: body.nonce }
        }
    };
    let identity = app.social.verify(provider, &token, app.clock.now()).await?;
    let mut db = app.db.acquire().await?;
    social::use_up(&mut db, app, &token, &identity).await?;
    let owner = store::social::user_of(&mut db, provider.into(), &identity.subject).await?;
    if owner == Some(user.id) && user.staff_role.is_none() {
        Ok(())
    } else {
        Err(ApiError::new(Kind::Unauthenticated, "social_token_invalid"))
    }
}
