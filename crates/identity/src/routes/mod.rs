//! The HTTP side of accounts: what clients see, and one file a concern.

mod audit;
mod email;
mod keys;
mod links;
mod me;
mod password;
mod phone;
mod profile;
mod sessions;
mod signin;
mod signout;
mod signup;
mod social;
mod token;

use axum::{extract::FromRequestParts, http::request::Parts};
use platform::{
    app::App, error::ApiError, http::RequestContext, ids::UserId, locale::Language, time::Instant,
};
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    model::User,
    session::{Granted, SignedIn},
    throttle::Device,
};

/// All routes of accounts.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(signup::sign_up))
        .routes(routes!(signin::sign_in))
        .routes(routes!(token::refresh_token))
        .routes(routes!(signout::sign_out))
        .routes(routes!(sessions::list_sessions))
        .routes(routes!(sessions::end_session))
        .routes(routes!(me::get_current_user, me::delete_current_user))
        .merge(profile::router())
        .routes(routes!(password::change_password))
        .routes(routes!(password::request_password_reset))
        .routes(routes!(password::confirm_password_reset))
        .routes(routes!(email::send_email_verification))
        .routes(routes!(email::verify_email))
        .routes(routes!(phone::send_phone_verification))
        .routes(routes!(phone::verify_phone))
        .routes(routes!(social::sign_in_with_google))
        .routes(routes!(social::sign_in_with_apple))
        .routes(routes!(social::sign_in_with_facebook))
        .routes(routes!(links::open_verification_link, links::submit_verification_form))
        .routes(routes!(links::open_reset_link, links::submit_reset_form))
        .routes(routes!(keys::list_signing_keys))
        .routes(routes!(audit::list_audit_log))
}

/// A person, as they see themselves.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = User, example = json!({"id": "019b76da-a800-7000-8000-000000000001", "email": "ada@example.com",
    "name": "Ada Lovelace", "first_name": "Ada", "last_name": "Lovelace", "phone_number": "+4915123456789",
    "profile_image_url": null, "is_email_verified": true, "is_phone_verified": false, "language": "en",
    "timezone": "Europe/Berlin", "currency": "EUR", "is_provider": false, "pending_email": null, "version": 1,
    "created_at": "2026-03-02T09:00:00Z", "last_login_at": "2026-03-02T09:00:00Z"}))]
pub struct UserView {
    /// Also the id of the provider that this person may be.
    id: UserId,
    /// Mail address.
    email: String,
    /// The whole name.
    name: String,
    /// The name without the last name.
    first_name: String,
    /// As it was given, else the last word of the name; "" where the name is one word.
    last_name: String,
    /// E.164.
    phone_number: Option<String>,
    /// At most 512 pixels a side, WebP.
    profile_image_url: Option<String>,
    /// Whether the person has shown that they read this mailbox.
    is_email_verified: bool,
    /// Whether the person has shown that they hold this phone.
    is_phone_verified: bool,
    /// What answers, mails and SMS are written in.
    language: Language,
    /// IANA name.
    timezone: String,
    /// ISO 4217; what amounts are shown in.
    currency: String,
    /// Whether the person offers services.
    is_provider: bool,
    /// The next mail address: it takes the place of `email` when the code that went to it is given.
    pending_email: Option<String>,
    /// For `If-Match`.
    version: i32,
    /// When the account was made.
    created_at: Instant,
    /// When the person signed in last.
    last_login_at: Option<Instant>,
}

impl UserView {
    fn of(app: &App, user: &User) -> Self {
        let (first, last) = user.names();
        Self {
            id: user.id,
            email: user.email.clone(),
            name: user.name.clone(),
            first_name: first.to_owned(),
            last_name: last.to_owned(),
            phone_number: user.phone_number.clone(),
            profile_image_url: user.profile_image.as_deref().map(|key| app.storage.public_url(key)),
            is_email_verified: user.is_email_verified,
            is_phone_verified: user.is_phone_verified,
            language: user.language,
            timezone: user.timezone.clone(),
            currency: user.currency.clone(),
            is_provider: user.is_provider,
            pending_email: user.pending_email.clone(),
            version: user.version,
            created_at: user.created_at,
            last_login_at: user.last_login_at,
        }
    }
}

/// The answer to every sign-in.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Tokens)]
pub struct TokensView {
    /// The person.
    user: UserView,
    /// For the `Authorization` header.
    #[schema(example = "eyJhbGciOiJFZERTQSJ9...")]
    access: String,
    /// For `POST /auth/token/refresh/`; good once. Keep it secret.
    #[schema(example = "q3Jv0mZr1h2f7nYq...")]
    refresh: String,
    /// Seconds until `access` ends.
    #[schema(example = 900)]
    expires_in: u32,
    /// Keep it in the device's secure storage, beyond signing out, and give it at the next sign-in to this account:
    /// the device is known by it, and is not held back while strangers guess the password.
    #[schema(example = "h7Wc2vXk9s1t4uYz...")]
    device_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// A sentence for the person.
    #[schema(example = "Welcome back!")]
    message: String,
}

impl TokensView {
    fn of(app: &App, user: &User, signed_in: SignedIn, message: String) -> Self {
        let SignedIn { granted: Granted { access, refresh, expires_in }, device_token } = signed_in;
        let user = UserView::of(app, user);
        Self { user, access, refresh, expires_in, device_token, token_type: "Bearer", message }
    }
}

/// Something was set going.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Accepted {
    /// A sentence for the person.
    #[schema(example = "We have sent you a code.")]
    message: String,
}

/// Where a request comes from and which program sent it. The language is what the request itself asks for:
/// clients send old tokens along when they sign in, and those must not matter.
pub struct Origin {
    device: Device,
    language: Language,
}

impl FromRequestParts<App> for Origin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let context = RequestContext::from_request_parts(parts, app).await?;
        let agent = parts.headers.get(axum::http::header::USER_AGENT).and_then(|value| value.to_str().ok());
        let user_agent = agent.map(|agent| agent.chars().take(300).collect());
        let ip = context.address().to_canonical().to_string();
        Ok(Self { device: Device { name: None, ip, user_agent, token: None }, language: context.language() })
    }
}

impl Origin {
    fn device(&self, name: Option<&str>, token: Option<String>) -> Device {
        let name = name.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
        Device { name, token, ..self.device.clone() }
    }
}
