//! Signing in with an account at Google, Apple or Facebook.

use async_trait::async_trait;

use crate::{error::ApiResult, time::Instant};

/// Who issued the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum SocialProvider {
    /// accounts.google.com
    Google,
    /// appleid.apple.com
    Apple,
    /// facebook.com
    Facebook,
}

/// What the client brought.
#[derive(Clone, Debug)]
pub enum SocialToken {
    /// An OpenID Connect id token, and the nonce that the app asked for it with.
    IdToken {
        /// The signed JWT.
        token: String,
        /// Must equal the token's `nonce` claim, or its hash; neither has one without the other.
        nonce: Option<String>,
    },
    /// A classic Facebook access token.
    AccessToken(String),
}

/// What the issuer vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocialIdentity {
    /// Which service vouches.
    pub provider: SocialProvider,
    /// The account's stable id there.
    pub subject: String,
    /// The account's mail address, where it was shared.
    pub email: Option<String>,
    /// Whether the issuer verified that address.
    pub is_email_verified: bool,
    /// The person's name, where it was shared.
    pub name: Option<String>,
    /// Until then the token could be shown once more: for so long it must be remembered.
    pub token_expires_at: Instant,
}

/// Checks social tokens: signature, issuer, audience, expiry, nonce.
#[async_trait]
pub trait SocialVerifier: Send + Sync {
    /// The identity behind the token; 401 `social_token_invalid` when it does not hold, 503 when the
    /// issuer cannot be asked, 422 `social_provider_unavailable` when it is not configured.
    async fn verify(
        &self,
        provider: SocialProvider,
        token: &SocialToken,
        now: Instant,
    ) -> ApiResult<SocialIdentity>;
}
