//! Guessing is held back: from the fifth failure on each further try must wait, one second first, then
//! twice as long each time, up to a quarter of an hour.
//!
//! Who waits: every try counts for the network that it comes from, and for the account. Where the owner has
//! signed in from this network, it counts for the account in this network alone, so that a stranger elsewhere
//! cannot lock the owner out; a device that shows the token of its last sign-in counts for itself alone,
//! wherever it is. What a device calls itself proves nothing. Unknown accounts are treated alike. Counts live
//! in the database: they hold on all nodes and over restarts.

use std::net::IpAddr;

use jiff::SignedDuration;
use platform::{
    app::App,
    error::{ApiError, ApiResult, Kind},
    ids::UserId,
    rate_limit,
    time::Instant,
};
use uuid::Uuid;

use crate::{
    model::{IdentityError, seconds_until},
    store::throttles,
};

/// So many failures of an account cost nothing.
const FREE_FAILURES: i32 = 4;
/// The same for a network, which many people may share.
const FREE_FAILURES_PER_NETWORK: i32 = 9;
const LONGEST: SignedDuration = SignedDuration::from_mins(15);
/// Without another failure an account's count is forgotten after this.
const MEMORY: SignedDuration = SignedDuration::from_hours(24);
/// The same for a network.
const NETWORK_MEMORY: SignedDuration = SignedDuration::from_hours(1);
/// Accounts that may be made from one network in an hour, refused tries included.
const MAX_SIGN_UPS_PER_HOUR: u32 = 60;

/// What a device shows of itself when it signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// What the app calls it.
    pub name: Option<String>,
    /// Where it is.
    pub ip: String,
    /// Which program it runs.
    pub user_agent: Option<String>,
    /// What it got at its last sign-in to the account, to be known by.
    pub token: Option<String>,
}

/// What an account remembers of a sign-in.
#[derive(Clone, Debug)]
pub struct SeenDevice {
    pub ip: Option<String>,
    pub token_hash: Option<Vec<u8>>,
}

/// By what an account knows a device.
#[derive(Clone, Debug, PartialEq, Eq)]
enum KnownBy {
    Token(Vec<u8>),
    Network,
}

impl Device {
    fn known_by(&self, app: &App, user: Uuid, seen: &[SeenDevice]) -> Option<KnownBy> {
        let given = self.token.as_deref().map(|token| hash_device_token(app, user, token));
        if let Some(hash) = given.filter(|hash| seen.iter().any(|one| one.token_hash.as_ref() == Some(hash)))
        {
            return Some(KnownBy::Token(hash));
        }
        let here = self.network();
        let is_here = |one: &SeenDevice| one.ip.as_deref().map(network).as_ref() == Some(&here);
        seen.iter().any(is_here).then_some(KnownBy::Network)
    }

    /// Whether an account that has seen these knows this one.
    pub fn is_known(&self, app: &App, user: UserId, seen: &[SeenDevice]) -> bool {
        self.known_by(app, user.uuid(), seen).is_some()
    }

    /// The network that it is in: its address, of IPv6 the first 64 bits.
    pub fn network(&self) -> String {
        network(&self.ip)
    }
}

/// What is kept of a device's token.
pub fn hash_device_token(app: &App, user: Uuid, token: &str) -> Vec<u8> {
    app.secrets.hash_token(&format!("device {user}"), token)
}

/// The network of an address.
pub fn network(ip: &str) -> String {
    ip.parse::<IpAddr>().map_or_else(|_| ip.to_owned(), |ip| rate_limit::network(ip).to_string())
}

/// Something that failures are counted of.
#[derive(Clone, Debug)]
pub struct Bucket {
    hash: Vec<u8>,
    is_network: bool,
    /// Whether a try counts when it has failed, and not while it is looked at.
    is_counted_late: bool,
}

impl Bucket {
    fn new(app: &App, parts: &[&str], is_network: bool) -> Self {
        let parts: Vec<&[u8]> =
            std::iter::once("throttle").chain(parts.iter().copied()).map(str::as_bytes).collect();
        Self { hash: app.secrets.fingerprint(&parts), is_network, is_counted_late: false }
    }

    /// The buckets of a sign-in from this device to the account with this address; `user` is nil where there
    /// is none.
    pub fn sign_in(app: &App, email: &str, user: Uuid, device: &Device, seen: &[SeenDevice]) -> Vec<Self> {
        let (email, here) = (email.to_lowercase(), device.network());
        // In every case but the first, which needs a secret, the answers are those of an account that is not there.
        let known_by = device.known_by(app, user, seen);
        // People of one office who sign in at once do not hold each other back.
        let is_counted_late = known_by.is_some();
        let network = Self { is_counted_late, ..Self::new(app, &["network", &here], true) };
        match known_by {
            Some(KnownBy::Token(hash)) => {
                vec![Self::new(app, &["device", &email, &hex::encode(hash)], false)]
            }
            Some(KnownBy::Network) => {
                vec![Self::new(app, &["account in network", &email, &here], false), network]
            }
            None => vec![Self::new(app, &["account", &email], false), network],
        }
    }

    /// The bucket of a signed-in person who gives their password once more.
    pub fn confirmation(app: &App, user: UserId) -> Vec<Self> {
        vec![Self::new(app, &["confirmation", &user.to_string()], false)]
    }

    fn free_failures(&self) -> i32 {
        if self.is_network { FREE_FAILURES_PER_NETWORK } else { FREE_FAILURES }
    }

    fn memory(&self) -> SignedDuration {
        if self.is_network { NETWORK_MEMORY } else { MEMORY }
    }

    /// The count after one more failure; what was counted long ago is forgotten.
    fn with_one_more(&self, count: Option<&Count>, now: Instant) -> Count {
        let known = count.filter(|count| count.expires_at > now);
        let failures = known.map_or(0, |count| count.failures).saturating_add(1);
        let blocked_until = now.plus(delay(failures - self.free_failures()));
        Count {
            bucket: self.hash.clone(),
            failures,
            blocked_until,
            expires_at: blocked_until.plus(self.memory()),
        }
    }
}

/// Counts one more account that is being made from this network, before anything costly is done for it; 429
/// when there were too many.
pub async fn count_sign_up(app: &App, network: &str) -> ApiResult<()> {
    if !app.settings.limits.sign_ins {
        return Ok(());
    }
    let now = app.clock.now();
    let bucket = Bucket::new(app, &["sign-up", network], true);
    let window =
        throttles::count(&app.db, &bucket.hash, now, now.plus(SignedDuration::from_hours(1))).await?;
    if u32::try_from(window.failures).is_ok_and(|count| count <= MAX_SIGN_UPS_PER_HOUR) {
        return Ok(());
    }
    let refused = ApiError::new(Kind::Throttled, "too_many_requests");
    Err(refused.retry_after(seconds_until(window.expires_at, now)).limit(MAX_SIGN_UPS_PER_HOUR))
}

/// Forgets the failures of an account, for its owner has proved to be its owner.
pub async fn forget_account(db: &mut sqlx::PgConnection, app: &App, email: &str) -> ApiResult<()> {
    let bucket = Bucket::new(app, &["account", &email.to_lowercase()], false);
    Ok(throttles::clear(db, &bucket.hash).await?)
}

/// A row of the table.
#[derive(Clone, Debug)]
pub struct Count {
    pub bucket: Vec<u8>,
    pub failures: i32,
    pub blocked_until: Instant,
    pub expires_at: Instant,
}

/// A try that was let through. It is counted as failed until it says that it was not, so that a hundred
/// tries at once are not let through together.
#[must_use]
pub struct Attempt {
    buckets: Vec<Bucket>,
}

/// Lets one more try through, or says how long to wait.
pub async fn attempt(app: &App, mut buckets: Vec<Bucket>) -> ApiResult<Attempt> {
    if !app.settings.limits.sign_ins {
        return Ok(Attempt { buckets: Vec::new() });
    }
    // One order for all, so that two tries cannot wait for each other.
    buckets.sort_by(|a, b| a.hash.cmp(&b.hash));
    let hashes: Vec<Vec<u8>> = buckets.iter().map(|bucket| bucket.hash.clone()).collect();
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    throttles::ensure(&mut tx, &hashes, now).await?;
    let counts = throttles::lock(&mut tx, &hashes).await?;
    let count_of = |bucket: &Bucket| counts.iter().find(|count| count.bucket == bucket.hash);
    let blocked = buckets.iter().filter_map(|bucket| Some((count_of(bucket)?.blocked_until, bucket)));
    let longest = blocked.max_by_key(|(until, bucket)| (*until, bucket.is_network));
    if let Some((until, bucket)) = longest.filter(|(until, _)| *until > now) {
        let limit = bucket.free_failures().unsigned_abs() + 1;
        return Err(IdentityError::TooManyAttempts { retry_after: seconds_until(until, now), limit }.into());
    }
    for bucket in buckets.iter().filter(|bucket| !bucket.is_counted_late) {
        throttles::save(&mut tx, &bucket.with_one_more(count_of(bucket), now)).await?;
    }
    tx.commit().await?;
    Ok(Attempt { buckets })
}

impl Attempt {
    /// It was the right person: their count begins anew. That of the network only loses this try, or an
    /// attacker could clear it with an account of their own.
    pub async fn succeeded(self, app: &App) -> ApiResult<()> {
        let now = app.clock.now();
        for bucket in &self.buckets {
            if bucket.is_counted_late {
                continue;
            }
            if bucket.is_network {
                throttles::take_back(&app.db, &bucket.hash, now).await?;
            } else {
                throttles::clear(&app.db, &bucket.hash).await?;
            }
        }
        Ok(())
    }

    /// It was not: what was to be counted late is counted now.
    pub async fn failed(self, app: &App) -> ApiResult<()> {
        let now = app.clock.now();
        for bucket in self.buckets.iter().filter(|bucket| bucket.is_counted_late) {
            let hashes = std::slice::from_ref(&bucket.hash);
            let mut tx = app.db.begin().await?;
            throttles::ensure(&mut tx, hashes, now).await?;
            let counts = throttles::lock(&mut tx, hashes).await?;
            throttles::save(&mut tx, &bucket.with_one_more(counts.first(), now)).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// How long the next try waits after so many failures beyond those that cost nothing.
fn delay(failures: i32) -> SignedDuration {
    match u32::try_from(failures) {
        Err(_) | Ok(0) => SignedDuration::ZERO,
        Ok(n) => SignedDuration::from_secs(1_i64.checked_shl(n - 1).unwrap_or(i64::MAX).max(1)).min(LONGEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_to_a_quarter_of_an_hour() {
        let seconds: Vec<i64> = (-3..=12).map(|n| delay(n).as_secs()).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        assert!((-3..200).all(|n| delay(n) <= LONGEST));
        assert_eq!(delay(i32::MAX), LONGEST);
    }
}
