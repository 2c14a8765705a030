//! Access tokens: signed once, checked once, and then remembered until they end.
//!
//! The first use of a token costs a signature check and one query; what they found is kept in memory. A
//! [`Signal`] makes what is remembered of a session or a person old, on every node. So that a check which
//! runs while its session ends cannot leave a dead token remembered, each entry carries the epoch at which
//! its query began, and each signal begins a new epoch: entries from before it do not count.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::SeqCst},
};
use std::time::Duration;

use async_trait::async_trait;
use moka::{notification::RemovalCause, policy::EvictionPolicy, sync::Cache};
use platform::{
    app::App,
    auth::{Authenticator, Caller},
    bus::Signal,
    crypto::sha256,
    error::{ApiError, ApiResult, Kind},
    ids::{SessionId, UserId},
    time::Instant,
};
use uuid::Uuid;

use crate::{
    keys::{self, Claims, VerifyingKey},
    model::{AccountState, IdentityError},
    store::sessions,
};

/// Tokens that are remembered; each takes some 200 bytes.
const CAPACITY: u64 = 200_000;
/// Longer than an access token can live.
const LIFE: Duration = Duration::from_mins(16);

/// Checks access tokens and remembers them; the [`Authenticator`] of the application.
pub struct AccessTokens {
    remembered: Cache<[u8; 32], Entry>,
    /// Sessions and people that a signal named, with the epoch that it began.
    changed: Cache<Uuid, u64>,
    keys: Cache<String, (Arc<VerifyingKey>, u64)>,
    epoch: Arc<AtomicU64>,
    /// Entries from before this epoch do not count, whatever they say.
    floor: Arc<AtomicU64>,
    keys_floor: AtomicU64,
    signatures_checked: AtomicU64,
}

#[derive(Clone)]
struct Entry {
    caller: Caller,
    epoch: u64,
}

impl Default for AccessTokens {
    fn default() -> Self {
        let (epoch, floor) = (Arc::new(AtomicU64::new(1)), Arc::new(AtomicU64::new(0)));
        let (listener_epoch, listener_floor) = (epoch.clone(), floor.clone());
        let changed = Cache::builder()
            .max_capacity(CAPACITY)
            .time_to_live(LIFE)
            .eviction_policy(EvictionPolicy::lru())
            .eviction_listener(move |_id, _epoch, cause| {
                // A change that had to be dropped for want of room might be of anybody.
                if cause == RemovalCause::Size {
                    listener_floor.fetch_max(listener_epoch.fetch_add(1, SeqCst) + 1, SeqCst);
                }
            });
        Self {
            remembered: Cache::builder().max_capacity(CAPACITY).time_to_live(LIFE).build(),
            changed: changed.build(),
            keys: Cache::builder().max_capacity(64).time_to_live(LIFE).build(),
            epoch,
            floor,
            keys_floor: AtomicU64::new(0),
            signatures_checked: AtomicU64::new(0),
        }
    }
}

impl AccessTokens {
    /// How many signatures were checked so far.
    pub fn signatures_checked(&self) -> u64 {
        self.signatures_checked.load(SeqCst)
    }

    fn begin_epoch(&self) -> u64 {
        self.epoch.fetch_add(1, SeqCst) + 1
    }

    fn counts(&self, entry: &Entry) -> bool {
        let unchanged = |id: Uuid| self.changed.get(&id).is_none_or(|epoch| epoch <= entry.epoch);
        entry.epoch >= self.floor.load(SeqCst)
            && unchanged(entry.caller.session.uuid())
            && unchanged(entry.caller.id.uuid())
    }

    async fn verify(&self, app: &App, token: &str) -> ApiResult<Claims> {
        let kid = keys::key_id(token).ok_or_else(invalid)?;
        let known = self.keys.get(&kid).filter(|(_, epoch)| *epoch >= self.keys_floor.load(SeqCst));
        let key = if let Some((key, _)) = known {
            key
        } else {
            let epoch = self.epoch.load(SeqCst);
            let key = Arc::new(keys::verifying_key(&app.db, &kid).await?.ok_or_else(invalid)?);
            self.keys.insert(kid, (key.clone(), epoch));
            key
        };
        self.signatures_checked.fetch_add(1, SeqCst);
        metrics::counter!("access_tokens_checked_total").increment(1);
        keys::verify(app, token, &key).ok_or_else(invalid)
    }
}

fn invalid() -> ApiError {
    ApiError::new(Kind::Unauthenticated, "token_invalid")
}

fn alive(caller: Caller, now: Instant) -> ApiResult<Caller> {
    if now < caller.expires_at {
        Ok(caller)
    } else {
        Err(ApiError::new(Kind::Unauthenticated, "token_expired"))
    }
}

#[async_trait]
impl Authenticator for AccessTokens {
    async fn authenticate(&self, app: &App, token: &str) -> ApiResult<Caller> {
        let now = app.clock.now();
        let digest = sha256(token.as_bytes());
        if let Some(entry) = self.remembered.get(&digest).filter(|entry| self.counts(entry)) {
            return alive(entry.caller, now);
        }
        let epoch = self.epoch.load(SeqCst);
        let claims = self.verify(app, token).await?;
        let expires_at = claims.expires_at().ok_or_else(invalid)?;
        if expires_at <= now {
            return Err(ApiError::new(Kind::Unauthenticated, "token_expired"));
        }
        let caller = self.resume(app, claims.sub, claims.sid, expires_at).await?;
        self.remembered.insert(digest, Entry { caller, epoch });
        Ok(caller)
    }

    async fn resume(
        &self,
        app: &App,
        user: UserId,
        session: SessionId,
        expires_at: Instant,
    ) -> ApiResult<Caller> {
        let ended = || ApiError::new(Kind::Unauthenticated, "session_ended");
        let seen = sessions::caller(&app.db, session, user).await?.ok_or_else(ended)?;
        if matches!(seen.state, AccountState::Suspended | AccountState::Banned) {
            return Err(IdentityError::AccountSuspended.into());
        }
        let is_over = seen.ended_at.is_some() || seen.expires_at <= app.clock.now();
        if seen.state != AccountState::Active || is_over {
            return Err(ended());
        }
        let (language, is_provider, staff) = (seen.language, seen.is_provider, seen.staff_role);
        Ok(Caller { id: user, session, language, is_provider, staff, expires_at })
    }

    fn forget(&self, signal: &Signal) {
        let epoch = self.begin_epoch();
        match signal {
            Signal::SessionEnded { session } => self.changed.insert(session.uuid(), epoch),
            Signal::AccountChanged { user } => self.changed.insert(user.uuid(), epoch),
            Signal::KeysChanged | Signal::Resync => {
                self.keys_floor.fetch_max(epoch, SeqCst);
                self.floor.fetch_max(epoch, SeqCst);
            }
            Signal::KeptChanged => {}
        }
    }
}

/// Passes what other nodes say on to this node's authenticator, for as long as the process lives. It hears
/// from the moment of the call on.
pub fn listen(app: &App) -> impl Future<Output = ()> + Send + 'static {
    use tokio::sync::broadcast::error::RecvError;
    let (mut signals, authenticator) = (app.bus.subscribe(), app.authenticator.clone());
    async move {
        loop {
            match signals.recv().await {
                Ok(signal) => authenticator.forget(&signal),
                Err(RecvError::Lagged(_)) => authenticator.forget(&Signal::Resync),
                Err(RecvError::Closed) => return,
            }
        }
    }
}
