//! Guessing is held back: from the fifth failure on each further try must wait, one second first, then
//! twice as long each time, up to a quarter of an hour.
//!
//! Who waits: a try from a device that the account knows counts for this device alone, so that a stranger
//! cannot lock the owner out. All other tries count for the account and for their address. A device is known
//! for 90 days after it signed in, by its name and program where the app gave a name, else by its address.
//! Unknown accounts are treated alike. Counts live in the database: they hold on all nodes and over restarts.

use std::net::IpAddr;

use jiff::SignedDuration;
use platform::{app::App, error::ApiResult, time::Instant};

use crate::{
    model::{IdentityError, seconds_until},
    store::throttles,
};

/// So many failures cost nothing.
const FREE: i32 = 4;
const LONGEST: SignedDuration = SignedDuration::from_mins(15);
/// Without another failure an account's count is forgotten after this.
const MEMORY: SignedDuration = SignedDuration::from_hours(24);
/// The same for an address, which many people may share.
const ADDRESS_MEMORY: SignedDuration = SignedDuration::from_hours(1);

/// What a device shows of itself when it signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// What the app calls it.
    pub name: Option<String>,
    /// Where it is.
    pub ip: String,
    /// Which program it runs.
    pub user_agent: Option<String>,
}

impl Device {
    /// How this device is known to an account that has seen `others`; `None` when it is not.
    fn known_as(&self, others: &[Self]) -> Option<String> {
        let same_name = |other: &Self| {
            self.name.is_some() && self.name == other.name && self.user_agent == other.user_agent
        };
        if others.iter().any(same_name) {
            let (name, agent) =
                (self.name.as_deref().unwrap_or_default(), self.user_agent.as_deref().unwrap_or_default());
            return Some(format!("name {name} {agent}"));
        }
        let here = network(&self.ip);
        others.iter().any(|other| network(&other.ip) == here).then(|| format!("address {here}"))
    }

    /// Whether an account that has seen `others` knows this one.
    pub fn is_known(&self, others: &[Self]) -> bool {
        self.known_as(others).is_some()
    }
}

/// The address, of IPv6 the first 64 bits: that is what one household or one machine has.
fn network(ip: &str) -> String {
    let Ok(IpAddr::V6(v6)) = ip.parse() else { return ip.to_owned() };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return v4.to_string();
    }
    let [a, b, c, d, ..] = v6.segments();
    format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
}

/// Something that failures are counted of.
#[derive(Clone, Debug)]
pub struct Bucket {
    hash: Vec<u8>,
    memory: SignedDuration,
}

impl Bucket {
    fn new(app: &App, parts: &[&str], memory: SignedDuration) -> Self {
        let parts: Vec<&[u8]> =
            std::iter::once("throttle").chain(parts.iter().copied()).map(str::as_bytes).collect();
        Self { hash: app.secrets.fingerprint(&parts), memory }
    }

    /// The buckets of a sign-in to the account with this address from this device.
    pub fn sign_in(app: &App, email: &str, device: &Device, seen: &[Device]) -> Vec<Self> {
        let email = email.to_lowercase();
        match device.known_as(seen) {
            Some(known) => vec![Self::new(app, &["device", &email, &known], MEMORY)],
            None => vec![
                Self::new(app, &["account", &email], MEMORY),
                Self::new(app, &["address", &network(&device.ip)], ADDRESS_MEMORY),
            ],
        }
    }

    /// The bucket of a signed-in person who gives their password once more.
    pub fn confirmation(app: &App, user: platform::ids::UserId) -> Vec<Self> {
        vec![Self::new(app, &["confirmation", &user.to_string()], MEMORY)]
    }
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
    let blocked = counts.iter().map(|count| count.blocked_until).max().filter(|until| *until > now);
    if let Some(until) = blocked {
        return Err(IdentityError::TooManyAttempts { retry_after: seconds_until(until, now) }.into());
    }
    for bucket in &buckets {
        let known = counts.iter().find(|count| count.bucket == bucket.hash && count.expires_at > now);
        let failures = known.map_or(0, |count| count.failures).saturating_add(1);
        let blocked_until = now.plus(delay(failures));
        let expires_at = blocked_until.plus(bucket.memory);
        throttles::save(&mut tx, &Count { bucket: bucket.hash.clone(), failures, blocked_until, expires_at })
            .await?;
    }
    tx.commit().await?;
    Ok(Attempt { buckets })
}

impl Attempt {
    /// It was the right person: their count begins anew. That of the address only loses this try, or an
    /// attacker could clear it with an account of their own.
    pub async fn succeeded(self, app: &App) -> ApiResult<()> {
        let now = app.clock.now();
        for bucket in &self.buckets {
            if bucket.memory == ADDRESS_MEMORY {
                throttles::take_back(&app.db, &bucket.hash, now).await?;
            } else {
                throttles::clear(&app.db, &bucket.hash).await?;
            }
        }
        Ok(())
    }
}

/// How long the next try waits after so many failures.
fn delay(failures: i32) -> SignedDuration {
    match u32::try_from(failures - FREE) {
        Err(_) | Ok(0) => SignedDuration::ZERO,
        Ok(n) => SignedDuration::from_secs(1_i64.checked_shl(n - 1).unwrap_or(i64::MAX).max(1)).min(LONGEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_to_a_quarter_of_an_hour() {
        let seconds: Vec<i64> = (1..=16).map(|n| delay(n).as_secs()).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        assert!((1..200).all(|n| delay(n) <= LONGEST));
        assert_eq!(delay(i32::MAX), LONGEST);
    }

    fn device(name: Option<&str>, ip: &str, agent: &str) -> Device {
        Device { name: name.map(str::to_owned), ip: ip.to_owned(), user_agent: Some(agent.to_owned()) }
    }

    #[test]
    fn a_device_is_known_by_its_name_and_program_or_by_its_address() {
        let seen =
            [device(Some("Ada's phone"), "1.2.3.4", "Dart"), device(None, "2001:db8:1:2:3::1", "Dart")];
        for (this, known) in [
            (device(Some("Ada's phone"), "9.9.9.9", "Dart"), true),
            (device(Some("Ada's phone"), "9.9.9.9", "curl"), false),
            (device(None, "9.9.9.9", "Dart"), false),
            (device(None, "1.2.3.4", "curl"), true),
            (device(None, "::ffff:1.2.3.4", "curl"), true),
            (device(None, "2001:db8:1:2:9::7", "curl"), true),
            (device(None, "2001:db8:1:3::1", "curl"), false),
        ] {
            assert_eq!(this.is_known(&seen), known, "{this:?}");
        }
    }
}
