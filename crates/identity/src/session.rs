//! Sign-ins: how one begins, is carried on by refresh tokens, and ends.

use jiff::SignedDuration;
use platform::{
    app::App,
    bus::{Bus, Signal},
    crypto,
    error::{ApiError, ApiResult, Kind},
    ids::{SessionId, UserId},
    outbox,
    time::Instant,
};
use sqlx::PgConnection;

use crate::{
    events::{AccountRestored, SessionsEnded},
    keys,
    mail::{self, Letter},
    model::{AccountState, IdentityError, User},
    store::{sessions as store, users},
    throttle::{Device, SeenDevice, hash_device_token},
};

/// A session ends so long after its sign-in, whatever happens.
pub const LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// It ends when it was not used for so long.
pub const IDLE: SignedDuration = SignedDuration::from_hours(14 * 24);
/// For so long a used refresh token gives the same successor again.
const GRACE: SignedDuration = SignedDuration::from_secs(10);
/// For so long a sign-in does what the password does.
const FRESH_SIGN_IN: SignedDuration = SignedDuration::from_mins(5);
/// For so long a device is known by a sign-in.
pub const DEVICE_MEMORY: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What a client needs to go on.
pub struct Granted {
    /// A signed JWT.
    pub access: String,
    /// Opaque, 256 bits.
    pub refresh: String,
    /// Seconds that `access` lives.
    pub expires_in: u32,
}

/// What whoever signed in gets.
pub struct SignedIn {
    /// Carries the new session on.
    pub granted: Granted,
    /// Opaque, 256 bits; the device is known by it at its next sign-in.
    pub device_token: String,
}

/// Lets a person in whose identity is proved: a new session, a notice where the device is new, and an end
/// to a pending deletion. `user` must be locked by this transaction; `seen` are the devices known so far.
pub async fn begin(
    db: &mut PgConnection,
    app: &App,
    user: &mut User,
    device: &Device,
    seen: &[SeenDevice],
) -> ApiResult<SignedIn> {
    let now = app.clock.now();
    user.may_sign_in(now)?;
    if user.state == AccountState::DeletionPending {
        user.state = AccountState::Active;
        user.deletion_due_at = None;
        outbox::emit(db, &AccountRestored { user_id: user.id }, now).await?;
        mail::send(db, app, user, Letter::AccountRestored).await?;
    }
    if !seen.is_empty() && !device.is_known(app, user.id, seen) {
        mail::send(db, app, user, Letter::new_device(device, now)).await?;
    }
    user.last_login_at = Some(now);
    users::save_sign_in(db, user).await?;

    let (id, ends) = (SessionId::at(now), now.plus(LIFE));
    let device_token = crypto::random_token()?;
    let device_token_hash = hash_device_token(app, user.id.uuid(), &device_token);
    let new = store::NewSession { id, user: user.id, device, device_token_hash, now, expires_at: ends };
    store::insert(db, new).await?;
    let refresh = crypto::random_token()?;
    store::insert_refresh(db, &hash(app, &refresh), id, now).await?;
    let (access, expires_in) = keys::sign(db, app, user, id, ends).await?;
    Ok(SignedIn { granted: Granted { access, refresh, expires_in }, device_token })
}

/// Carries a session on. The successor of a token is a function of the token and the server's secret, so a
/// repeat within ten seconds gets the same one, though it is stored nowhere; a later repeat means that two
/// parties hold the token, and ends the session for both.
pub async fn refresh(app: &App, token: &str) -> ApiResult<Granted> {
    let (now, used) = (app.clock.now(), hash(app, token));
    let refused = |code| ApiError::new(Kind::Unauthenticated, code);
    let mut tx = app.db.begin().await?;
    let row = store::lock_refresh(&mut tx, &used).await?.ok_or_else(|| refused("token_invalid"))?;
    if row.ended_at.is_some() {
        return Err(refused("session_ended"));
    }
    if row.expires_at <= now || row.last_used_at.plus(IDLE) <= now {
        return Err(refused("token_expired"));
    }
    if row.used_at.is_some_and(|at| at.plus(GRACE) <= now) {
        let ended = end(&mut tx, app, row.user_id, Which::Only(row.session_id), "token_reused").await?;
        tx.commit().await?;
        ended.forget(app);
        tracing::warn!(session = %row.session_id, "a refresh token was used twice; its session was ended");
        return Err(IdentityError::TokenReused.into());
    }
    // Only read: whoever ends sessions holds the person first and then the session, and would wait for us.
    let user = users::by_id(&mut *tx, row.user_id).await?.ok_or_else(|| refused("session_ended"))?;
    match user.state {
        AccountState::Active => {}
        AccountState::Suspended | AccountState::Banned => return Err(IdentityError::AccountSuspended.into()),
        AccountState::DeletionPending | AccountState::Deleted => return Err(refused("session_ended")),
    }
    let successor = successor(app, token);
    if row.used_at.is_none() {
        store::use_refresh(&mut tx, &used, row.session_id, now).await?;
        store::insert_refresh(&mut tx, &hash(app, &successor), row.session_id, now).await?;
    }
    let (access, expires_in) = keys::sign(&mut tx, app, &user, row.session_id, row.expires_at).await?;
    tx.commit().await?;
    Ok(Granted { access, refresh: successor, expires_in })
}

/// The living session and the person of a refresh token. One that is used up, or whose session is over, names
/// nothing any more: whoever has it may not be who has the session.
pub async fn of_refresh(app: &App, token: &str) -> ApiResult<Option<(SessionId, UserId)>> {
    let now = app.clock.now();
    Ok(store::of_refresh(&app.db, &hash(app, token), now, idle_since(now)).await?)
}

/// Whether a session began so shortly ago that its sign-in counts as a proof of who asks.
pub async fn is_fresh(app: &App, user: UserId, session: SessionId) -> ApiResult<bool> {
    let began = store::created_at(&app.db, session, user).await?;
    Ok(began.is_some_and(|at| app.clock.now() < at.plus(FRESH_SIGN_IN)))
}

fn hash(app: &App, token: &str) -> Vec<u8> {
    app.secrets.hash_token("refresh", token)
}

fn successor(app: &App, token: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(app.secrets.hash_token("refresh successor", token))
}

/// Which sessions of a person.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    /// This one.
    Only(SessionId),
    /// All but this one.
    Except(SessionId),
    /// All.
    All,
}

/// Sessions that a transaction ended. Once it has committed, this node must forget them, before it answers.
#[must_use]
pub struct Ended(Vec<SessionId>);

impl Ended {
    /// Whether there was one.
    pub fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Makes this node refuse their access tokens from now on; the other nodes have been told.
    pub fn forget(self, app: &App) {
        for session in self.0 {
            app.authenticator.forget(&Signal::SessionEnded { session });
        }
    }
}

/// Ends sessions and tells every node when the transaction commits.
pub async fn end(
    db: &mut PgConnection,
    app: &App,
    user: UserId,
    which: Which,
    reason: &str,
) -> ApiResult<Ended> {
    let (only, except) = match which {
        Which::Only(session) => (Some(session), None),
        Which::Except(session) => (None, Some(session)),
        Which::All => (None, None),
    };
    let ended = store::end(db, user, only, except, reason, app.clock.now()).await?;
    for session in &ended {
        Bus::publish(db, &Signal::SessionEnded { session: *session }).await?;
    }
    let is_everywhere = matches!(which, Which::All);
    if is_everywhere || !ended.is_empty() {
        let event =
            SessionsEnded { user_id: user, sessions: ended.clone(), is_everywhere, at: app.clock.now() };
        outbox::emit(db, &event, app.clock.now()).await?;
    }
    Ok(Ended(ended))
}

/// Since when a session must have been used to be alive.
pub fn idle_since(now: Instant) -> Instant {
    now.minus(IDLE)
}
