//! Which issuers are configured, and what their refusals mean to the caller.

use anyhow::ensure;
use async_trait::async_trait;
use platform::{
    config::{Environment, SocialSettings},
    error::{ApiError, ApiResult, Fault, Kind},
    ports::social::{SocialIdentity, SocialProvider, SocialToken, SocialVerifier},
    time::Instant,
};

use crate::{
    outbound,
    social_facebook::{FacebookApp, FacebookGraph},
    social_oidc::OidcIssuer,
};

/// Why a sign-in with another service is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum SocialError {
    /// The token does not hold: forged, expired, made for another app, or for another sign-in.
    #[error("the social token does not hold")]
    SocialTokenInvalid,
    /// This installation has no app at that service.
    #[error("the service is not configured")]
    SocialProviderUnavailable,
}

impl Fault for SocialError {
    fn kind(&self) -> Kind {
        match self {
            Self::SocialTokenInvalid => Kind::Unauthenticated,
            Self::SocialProviderUnavailable => Kind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }
}

/// Why a token was not accepted.
#[derive(Debug)]
pub enum Refusal {
    /// It does not hold. The words are for the log; the caller learns nothing.
    Invalid(&'static str),
    /// The issuer cannot be asked.
    Unreachable(anyhow::Error),
}

/// The issuers that this installation has apps at.
pub struct Issuers {
    google: Option<OidcIssuer>,
    apple: Option<OidcIssuer>,
    facebook: Option<OidcIssuer>,
    graph: Option<FacebookGraph>,
}

impl Issuers {
    /// Reads the settings; nobody is asked for keys before the first token.
    pub fn new(
        settings: &SocialSettings,
        environment: Environment,
        client: &reqwest::Client,
    ) -> anyhow::Result<Self> {
        for (name, url) in [
            ("GOOGLE_ISSUER", &settings.google_issuer),
            ("APPLE_ISSUER", &settings.apple_issuer),
            ("FACEBOOK_ISSUER", &settings.facebook_issuer),
            ("FACEBOOK_GRAPH_URL", &settings.facebook_graph_url),
        ] {
            outbound::check_url(name, url, environment)?;
        }
        let google = ids("GOOGLE_CLIENT_IDS", &settings.google_client_ids)?;
        let apple = ids("APPLE_CLIENT_IDS", &settings.apple_client_ids)?;
        let facebook = ids("FACEBOOK_APP_IDS", &settings.facebook_app_ids)?;
        let graph = match (&settings.facebook_app_secret, facebook.first()) {
            (None, _) => None,
            (Some(_), None) => anyhow::bail!("FACEBOOK_APP_SECRET needs FACEBOOK_APP_IDS"),
            (Some(secret), Some(first)) => {
                let app =
                    FacebookApp { id: first.clone(), secret: secret.clone(), all_ids: facebook.clone() };
                Some(FacebookGraph::new(app, settings.facebook_graph_url.clone(), client.clone()))
            }
        };
        let issuer = |provider, url: &str, audiences: Vec<String>| {
            let is_configured = !audiences.is_empty();
            is_configured.then(|| OidcIssuer::new(provider, url, audiences, client.clone()))
        };
        Ok(Self {
            google: issuer(SocialProvider::Google, &settings.google_issuer, google),
            apple: issuer(SocialProvider::Apple, &settings.apple_issuer, apple),
            facebook: issuer(SocialProvider::Facebook, &settings.facebook_issuer, facebook),
            graph,
        })
    }

    fn issuer(&self, provider: SocialProvider) -> Option<&OidcIssuer> {
        match provider {
            SocialProvider::Google => self.google.as_ref(),
            SocialProvider::Apple => self.apple.as_ref(),
            SocialProvider::Facebook => self.facebook.as_ref(),
        }
    }
}

/// An empty variable is a list of one empty string.
fn ids(name: &str, given: &[String]) -> anyhow::Result<Vec<String>> {
    let ids: Vec<String> = given.iter().map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect();
    let is_plain = |id: &String| id.bytes().all(|b| b.is_ascii_graphic());
    ensure!(ids.iter().all(is_plain), "{name} must be client ids, separated by commas");
    Ok(ids)
}

#[async_trait]
impl SocialVerifier for Issuers {
    async fn verify(
        &self,
        provider: SocialProvider,
        token: &SocialToken,
        now: Instant,
    ) -> ApiResult<SocialIdentity> {
        let issuer = self.issuer(provider).ok_or(SocialError::SocialProviderUnavailable)?;
        let verified = match token {
            SocialToken::IdToken { token, nonce } => issuer.verify(token, nonce.as_deref(), now).await,
            SocialToken::AccessToken(_) if provider != SocialProvider::Facebook => {
                Err(Refusal::Invalid("access tokens are Facebook's"))
            }
            SocialToken::AccessToken(token) => {
                let graph = self.graph.as_ref().ok_or(SocialError::SocialProviderUnavailable)?;
                graph.verify(token, now).await
            }
        };
        verified.map_err(|refusal| match refusal {
            Refusal::Invalid(reason) => {
                tracing::info!(%provider, reason, "a social token was refused");
                SocialError::SocialTokenInvalid.into()
            }
            Refusal::Unreachable(cause) => {
                ApiError::unavailable(cause.context(format!("{provider} cannot be asked about a token")))
            }
        })
    }
}

/// What an issuer says about a person, where it can be a mail address at all.
pub fn clean_email(email: Option<String>) -> Option<String> {
    let email = email.map(|email| email.trim().to_owned());
    let is_address = |email: &String| {
        email.len() <= 254
            && email.contains('@')
            && !email.chars().any(|c| c.is_control() || c.is_whitespace())
    };
    email.filter(is_address)
}

/// A name as we would take it from a form: no control characters, not blank, not endless.
pub fn clean_name(name: Option<String>) -> Option<String> {
    let name: String = name?.chars().filter(|c| !c.is_control()).take(100).collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// The account's id at the issuer: short and visible, or the token is not what we think it is.
pub fn is_subject(subject: &str) -> bool {
    (1..=255).contains(&subject.len()) && subject.bytes().all(|b| b.is_ascii_graphic())
}
