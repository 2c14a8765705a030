//! Id tokens of Google, Apple and Facebook's limited login.

use aws_lc_rs::digest;
use jsonwebtoken::{Algorithm, Validation, errors::ErrorKind};
use platform::{
    ports::social::{SocialIdentity, SocialProvider},
    time::Instant,
};
use serde::Deserialize;

use crate::{
    social::{Refusal, clean_email, clean_name, is_subject},
    social_keys::IssuerKeys,
};

/// Real ones have one or two kilobytes.
const MAX_TOKEN: usize = 16 * 1024;
const MAX_KEY_ID: usize = 256;
/// Clocks are not exact.
const LEEWAY: i64 = 30;

/// An OpenID provider that we have apps at.
pub struct OidcIssuer {
    provider: SocialProvider,
    names: Vec<String>,
    audiences: Vec<String>,
    keys: IssuerKeys,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    azp: Option<String>,
    sub: String,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    email: Option<String>,
    email_verified: Option<Flag>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Apple writes `"true"`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Flag {
    Bool(bool),
    Text(String),
}

impl OidcIssuer {
    /// The issuer at `url`, for apps with the ids `audiences`.
    pub fn new(provider: SocialProvider, url: &str, audiences: Vec<String>, client: reqwest::Client) -> Self {
        let discovery = match provider {
            // Facebook's own form; the other one redirects, and we follow no redirects.
            SocialProvider::Facebook => format!("{url}/.well-known/openid-configuration/"),
            SocialProvider::Google | SocialProvider::Apple => {
                format!("{url}/.well-known/openid-configuration")
            }
        };
        let mut names = vec![url.to_owned()];
        // Google's documentation names both forms.
        if provider == SocialProvider::Google {
            names.extend(url.strip_prefix("https://").map(ToOwned::to_owned));
        }
        Self { provider, names, audiences, keys: IssuerKeys::new(url.to_owned(), discovery, client) }
    }

    /// The identity that the token vouches for at `now`.
    pub async fn verify(
        &self,
        token: &str,
        nonce: Option<&str>,
        now: Instant,
    ) -> Result<SocialIdentity, Refusal> {
        let claims = self.signed_claims(token, now).await?;
        self.check(&claims, nonce, now)?;
        let is_email_verified = match claims.email_verified {
            Some(Flag::Bool(is_verified)) => is_verified,
            Some(Flag::Text(text)) => text == "true",
            None => false,
        };
        let email = clean_email(claims.email);
        let ends = claims.exp.saturating_add(LEEWAY).saturating_mul(1_000_000);
        let token_expires_at = Instant::from_micros(ends).ok_or(Refusal::Invalid("expiry"))?;
        Ok(SocialIdentity {
            provider: self.provider,
            subject: claims.sub,
            is_email_verified: is_email_verified && email.is_some(),
            email,
            name: clean_name(claims.name),
            token_expires_at,
        })
    }

    /// What the token says, once it is certain that the issuer said it.
    async fn signed_claims(&self, token: &str, now: Instant) -> Result<Claims, Refusal> {
        if token.len() > MAX_TOKEN {
            return Err(Refusal::Invalid("too long"));
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_e| Refusal::Invalid("not a JWT"))?;
        // Never what the token asks for: only these, and only with a key of their own family.
        if !matches!(header.alg, Algorithm::RS256 | Algorithm::ES256) {
            return Err(Refusal::Invalid("algorithm"));
        }
        // Extensions that must be understood, and we understand none (RFC 7515, 4.1.11).
        if header.crit.is_some() {
            return Err(Refusal::Invalid("critical extensions"));
        }
        let id = header
            .kid
            .filter(|id| (1..=MAX_KEY_ID).contains(&id.len()))
            .ok_or(Refusal::Invalid("no key id"))?;
        let key = self.keys.find(&id, header.alg, now).await.map_err(Refusal::Unreachable)?;
        let key = key.ok_or(Refusal::Invalid("unknown key"))?;
        // The claims are checked here, not there: the present comes from our clock.
        let mut validation = Validation::new(header.alg);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let decoded = jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation);
        let decoded = decoded.map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature => Refusal::Invalid("signature"),
            _ => Refusal::Invalid("claims are missing or of the wrong type"),
        })?;
        Ok(decoded.claims)
    }

    fn check(&self, claims: &Claims, nonce: Option<&str>, now: Instant) -> Result<(), Refusal> {
        let now = now.timestamp().as_second();
        let audiences = match &claims.aud {
            Audience::One(one) => std::slice::from_ref(one),
            Audience::Many(many) => many.as_slice(),
        };
        // OpenID Connect Core, 3.1.3.7: all of them must be ours.
        let is_for_us = !audiences.is_empty() && audiences.iter().all(|one| self.audiences.contains(one));
        // And the party that it was issued to is named where there are several, and is one of ours.
        let is_from_us = match &claims.azp {
            Some(party) => self.audiences.contains(party),
            None => audiences.len() == 1,
        };
        // Neither without the other: a token that was asked for with a nonce is no good to whoever does not know it.
        let is_same_sign_in = match (&claims.nonce, nonce) {
            (Some(theirs), Some(ours)) => is_nonce(theirs, ours),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let rules = [
            (self.names.contains(&claims.iss), "issuer"),
            (is_for_us, "audience"),
            (is_from_us, "authorized party"),
            (now < claims.exp.saturating_add(LEEWAY), "expired"),
            (claims.iat.saturating_sub(LEEWAY) <= now, "from the future"),
            (claims.nbf.is_none_or(|nbf| nbf.saturating_sub(LEEWAY) <= now), "not valid yet"),
            (is_same_sign_in, "nonce"),
            (is_subject(&claims.sub), "subject"),
        ];
        match rules.iter().find(|(holds, _)| !holds) {
            Some((_, broken)) => Err(Refusal::Invalid(broken)),
            None => Ok(()),
        }
    }
}

/// Many apps give the issuer the SHA-256 of their nonce in hexadecimal, above all to Apple: whoever sees the
/// token then cannot use it.
fn is_nonce(claimed: &str, ours: &str) -> bool {
    claimed == ours || claimed == hex::encode(digest::digest(&digest::SHA256, ours.as_bytes()))
}
