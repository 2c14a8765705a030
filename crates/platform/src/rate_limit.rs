//! How often somebody may call: a bucket an address and a bucket an account, on each node (GCRA); one more for
//! pictures, which cost much more than a call, one for payments, so that nobody tries stolen cards here, and one for
//! messages.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};

use crate::{
    config::LimitSettings,
    error::{ApiError, ApiResult, Kind},
    ids::UserId,
};

type Buckets<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// A bucket holds this many seconds of its rate, so that an app may open a screen with many calls.
const BURST_SECONDS: u32 = 4;

/// The limits of one node.
pub struct Limits {
    addresses: Option<Buckets<IpAddr>>,
    accounts: Option<Buckets<UserId>>,
    uploads: Option<Buckets<UserId>>,
    payments: Option<Buckets<String>>,
    messages: Option<Buckets<UserId>>,
}

/// What one household or one machine has, and limits count as one: an IPv4 address, or the first 64 bits of an
/// IPv6 address. An IPv4 address that is written as one of IPv6 is itself.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
    }
}

/// What is left in a bucket, for the `RateLimit-*` headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remaining {
    /// Size of the bucket.
    pub limit: u32,
    /// Calls that may follow at once.
    pub remaining: u32,
    /// Seconds until it is full again.
    pub reset: u64,
}

fn calls(per_second: u32) -> Option<Quota> {
    let burst = NonZeroU32::new(per_second.saturating_mul(BURST_SECONDS))?;
    Some(Quota::per_second(NonZeroU32::new(per_second)?).allow_burst(burst))
}

fn buckets<K: std::hash::Hash + Eq + Clone>(quota: Quota) -> Buckets<K> {
    RateLimiter::dashmap(quota).with_middleware()
}

impl Limits {
    /// Empty buckets.
    pub fn new(settings: &LimitSettings) -> Self {
        Self {
            addresses: calls(settings.per_address).map(buckets),
            accounts: calls(settings.per_account).map(buckets),
            uploads: NonZeroU32::new(settings.uploads).map(Quota::per_hour).map(buckets),
            payments: NonZeroU32::new(settings.payments).map(Quota::per_hour).map(buckets),
            messages: NonZeroU32::new(settings.messages).map(Quota::per_second).map(buckets),
        }
    }

    /// One more call from an address; `None` where there is no limit.
    pub fn check_address(&self, address: IpAddr) -> ApiResult<Option<Remaining>> {
        check(self.addresses.as_ref(), &network(address))
    }

    /// One more call of an account.
    pub fn check_account(&self, user: UserId) -> ApiResult<Option<Remaining>> {
        check(self.accounts.as_ref(), &user)
    }

    /// One more picture of an account.
    pub fn check_upload(&self, user: UserId) -> ApiResult<()> {
        check(self.uploads.as_ref(), &user).map(|_remaining| ())
    }

    /// One more try to pay, by an account, a sign-in or a card: whatever names it.
    pub fn check_payment(&self, by: &str) -> ApiResult<()> {
        check(self.payments.as_ref(), &by.to_owned()).map(|_remaining| ())
    }

    /// One more message of an account.
    pub fn check_message(&self, user: UserId) -> ApiResult<()> {
        check(self.messages.as_ref(), &user).map(|_remaining| ())
    }

    /// Forgets full buckets; call it every minute.
    pub fn sweep(&self) {
        if let Some(buckets) = &self.addresses {
            buckets.retain_recent();
        }
        if let Some(buckets) = &self.payments {
            buckets.retain_recent();
        }
        for buckets in [&self.accounts, &self.uploads, &self.messages].into_iter().flatten() {
            buckets.retain_recent();
        }
    }
}

fn check<K: std::hash::Hash + Eq + Clone>(
    buckets: Option<&Buckets<K>>,
    key: &K,
) -> ApiResult<Option<Remaining>> {
    let Some(buckets) = buckets else { return Ok(None) };
    match buckets.check_key(key) {
        Ok(state) => {
            let quota = state.quota();
            let limit = quota.burst_size().get();
            let remaining = state.remaining_burst_capacity();
            let per_call = quota.replenish_interval();
            let reset = per_call.saturating_mul(limit.saturating_sub(remaining)).as_secs();
            Ok(Some(Remaining { limit, remaining, reset }))
        }
        Err(wait) => {
            let limit = wait.quota().burst_size().get();
            let wait = wait.wait_time_from(DefaultClock::default().now()).max(Duration::from_secs(1));
            let refused = ApiError::new(Kind::Throttled, "too_many_requests");
            Err(refused.retry_after(wait.as_secs()).limit(limit))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_of_64_bits_counts_as_one_address() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("2001:db8:1:2:ffff::1"), network("2001:db8:1:2::9"));
        assert_ne!(network("2001:db8:1:3::1"), network("2001:db8:1:2::1"));
        assert_eq!(network("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(network("203.0.113.7"), "203.0.113.7");
    }
}
