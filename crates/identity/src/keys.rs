//! The keys that sign access tokens, and signing and checking with them. The newest key signs; an older one
//! still verifies for as long as tokens of its time can live.

use anyhow::Context as _;
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use platform::{
    app::App,
    audit,
    bus::{Bus, Signal},
    crypto,
    error::ApiResult,
    ids::{SessionId, UserId},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{PgConnection, PgPool};

use crate::{model::User, store::keys as store};

/// Who the tokens are for: this API.
const AUDIENCE: &str = "skillbuddy";
/// RFC 9068: an access token, and nothing else.
const TYPE: &str = "at+jwt";
/// Real ones have some 600 bytes.
const LONGEST_TOKEN: usize = 2048;
/// A key signs for so long before the daily check replaces it.
const KEY_AGE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// After its retirement a key is kept for so long.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// What an access token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// This server.
    pub iss: String,
    /// This API.
    pub aud: String,
    /// The person.
    pub sub: UserId,
    /// The sign-in.
    pub sid: SessionId,
    /// The token.
    pub jti: String,
    /// When it was made.
    pub iat: i64,
    /// When it ends.
    pub exp: i64,
    /// `customer`, `provider`, and the role of staff. For the client: the server looks at the account.
    pub roles: Vec<String>,
}

impl Claims {
    /// When the token ends.
    pub fn expires_at(&self) -> Option<Instant> {
        Instant::from_micros(self.exp.checked_mul(1_000_000)?)
    }
}

/// A key that checks signatures.
pub struct VerifyingKey {
    key: DecodingKey,
    retired_at: Option<Instant>,
}

/// Makes an access token for this session; returns it with the seconds that it lives.
pub async fn sign(
    db: &mut PgConnection,
    app: &App,
    user: &User,
    session: SessionId,
    session_ends: Instant,
) -> ApiResult<(String, u32)> {
    let now = app.clock.now();
    let left = u32::try_from(session_ends.since(now).as_secs()).unwrap_or(0);
    let life = app.settings.security.access_token_life.min(left);
    let iat = now.timestamp().as_second();
    let mut roles = vec!["customer".to_owned()];
    roles.extend(user.is_provider.then(|| "provider".to_owned()));
    roles.extend(user.staff_role.map(|role| <&'static str>::from(role).to_owned()));
    let claims = Claims {
        iss: app.settings.http.public_url.clone(),
        aud: AUDIENCE.to_owned(),
        sub: user.id,
        sid: session,
        jti: hex::encode(crypto::random::<16>()?),
        iat,
        exp: iat + i64::from(life),
        roles,
    };
    let (kid, key) = signing_key(db, app).await?;
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some(TYPE.to_owned());
    header.kid = Some(kid);
    let token = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_der(&key))
        .map_err(anyhow::Error::from)?;
    Ok((token, life))
}

/// The newest key; the first one is made when it is needed.
async fn signing_key(db: &mut PgConnection, app: &App) -> ApiResult<(String, Vec<u8>)> {
    let mut key = store::newest(db).await?;
    if key.is_none() {
        store::lock_all(db).await?;
        key = store::newest(db).await?;
    }
    let key = match key {
        Some(key) => key,
        None => make(db, app).await?,
    };
    Ok((key.kid, app.secrets.open(&key.sealed)?))
}

async fn make(db: &mut PgConnection, app: &App) -> anyhow::Result<store::SigningKey> {
    let private = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).ok().context("make a key")?;
    let pair = Ed25519KeyPair::from_pkcs8(private.as_ref()).ok().context("read the key")?;
    let public_key = pair.public_key().as_ref().to_vec();
    let fingerprint = crypto::sha256(&public_key);
    let kid = hex::encode(fingerprint.get(..8).unwrap_or_default());
    let sealed = app.secrets.seal(private.as_ref())?;
    store::insert(db, &kid, &sealed, &public_key, app.clock.now()).await?;
    Ok(store::SigningKey { kid, sealed })
}

/// Makes a new key that signs from now on, for whoever holds the machine; those before it go on verifying until their
/// tokens have expired.
pub async fn rotate(app: &App) -> anyhow::Result<()> {
    replace(app, true).await
}

async fn replace(app: &App, is_at_console: bool) -> anyhow::Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    store::lock_all(&mut tx).await?;
    store::retire_all(&mut tx, now).await?;
    store::delete_retired(&mut tx, now.minus(KEPT)).await?;
    make(&mut tx, app).await?;
    if is_at_console {
        audit::record_at_console(&mut tx, "signing_keys.rotate", ("signing_keys", "all"), json!({}), now)
            .await?;
    }
    Bus::publish(&mut tx, &Signal::KeysChanged).await?;
    tx.commit().await?;
    app.authenticator.forget(&Signal::KeysChanged);
    Ok(())
}

/// Rotates when the newest key has signed for long enough.
pub async fn rotate_when_old(app: &App) -> anyhow::Result<()> {
    match store::newest_age(&app.db).await? {
        Some(created_at) if app.clock.now().since(created_at) >= KEY_AGE => replace(app, false).await,
        _ => Ok(()),
    }
}

/// The `kid` of a token that looks like one of ours; the signature says whether it is.
pub fn key_id(token: &str) -> Option<String> {
    if token.len() > LONGEST_TOKEN {
        return None;
    }
    let header = jsonwebtoken::decode_header(token).ok()?;
    let ours = header.alg == Algorithm::EdDSA
        && header.typ.as_deref() == Some(TYPE)
        && header.crit.is_none()
        && header.jwk.is_none()
        && header.jku.is_none()
        && header.x5u.is_none()
        && header.x5c.is_none();
    header.kid.filter(|kid| ours && kid.len() == 16 && kid.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The key of this name.
pub async fn verifying_key(db: &PgPool, kid: &str) -> ApiResult<Option<VerifyingKey>> {
    let Some(row) = store::by_kid(db, kid).await? else { return Ok(None) };
    let key =
        DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(&row.public)).map_err(anyhow::Error::from)?;
    Ok(Some(VerifyingKey { key, retired_at: row.retired_at }))
}

/// What the token says, if it is ours. Whether it has expired is for the caller to see, by our own clock.
pub fn verify(app: &App, token: &str, key: &VerifyingKey) -> Option<Claims> {
    if key.retired_at.is_some_and(|at| app.clock.now() >= at.plus(longest_life(app))) {
        return None;
    }
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.validate_exp = false;
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[&app.settings.http.public_url]);
    validation.set_audience(&[AUDIENCE]);
    Some(jsonwebtoken::decode::<Claims>(token, &key.key, &validation).ok()?.claims)
}

fn longest_life(app: &App) -> SignedDuration {
    SignedDuration::from_secs(app.settings.security.access_token_life.into())
}

/// A public key (RFC 8037).
#[derive(Serialize, utoipa::ToSchema)]
pub struct Jwk {
    /// `OKP`.
    kty: &'static str,
    /// `Ed25519`.
    crv: &'static str,
    /// `sig`.
    r#use: &'static str,
    /// `EdDSA`.
    alg: &'static str,
    /// Names the key in the header of tokens.
    kid: String,
    /// The key, base64url.
    x: String,
}

/// All keys that verify now, the one that signs first. Before the first sign-in that one is made here: who reads
/// the list early must not take it for empty.
pub async fn published(app: &App) -> ApiResult<Vec<Jwk>> {
    let oldest = app.clock.now().minus(longest_life(app));
    let mut rows = store::verifying(&app.db, oldest).await?;
    if rows.is_empty() {
        let mut tx = app.db.begin().await?;
        signing_key(&mut tx, app).await?;
        tx.commit().await?;
        rows = store::verifying(&app.db, oldest).await?;
    }
    let jwk = |row: store::PublicKey| Jwk {
        kty: "OKP",
        crv: "Ed25519",
        r#use: "sig",
        alg: "EdDSA",
        kid: row.kid,
        x: URL_SAFE_NO_PAD.encode(&row.public),
    };
    Ok(rows.into_iter().map(jwk).collect())
}
