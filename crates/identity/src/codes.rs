//! Codes of six digits and links of 256 bits that prove who reads a mailbox or holds a phone. Only the
//! newest of a kind is good, for a while, once, and a code for five tries.

use aws_lc_rs::constant_time;
use jiff::SignedDuration;
use platform::{
    app::App,
    crypto,
    error::{ApiError, ApiResult, Kind},
    ids::UserId,
    time::Instant,
};
use sqlx::PgConnection;

use crate::{
    model::{IdentityError, seconds_until},
    store::codes as store,
    throttle::network,
};

/// So often may a code be tried.
const TRIES: i16 = 5;
const TEN_MINUTES: SignedDuration = SignedDuration::from_mins(10);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What a code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type, strum::IntoStaticStr)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Purpose {
    /// The person reads this mailbox.
    VerifyEmail,
    /// The person holds this phone.
    VerifyPhone,
    /// The person may set a new password.
    ResetPassword,
}

impl Purpose {
    fn life(self) -> SignedDuration {
        match self {
            Self::VerifyEmail | Self::VerifyPhone => SignedDuration::from_mins(15),
            Self::ResetPassword => HOUR,
        }
    }

    /// At most so many within so long go to one mailbox or phone, and to one account. Ten codes a day with
    /// five tries each leave a guesser 50 chances in a million.
    fn per_target(self) -> &'static [(usize, SignedDuration)] {
        match self {
            Self::VerifyEmail | Self::ResetPassword => &[(5, HOUR), (10, DAY)],
            Self::VerifyPhone => &[(3, TEN_MINUTES), (5, HOUR), (10, DAY)],
        }
    }

    /// At most so many within so long are sent for one address.
    fn per_address(self) -> &'static [(usize, SignedDuration)] {
        match self {
            Self::VerifyEmail | Self::ResetPassword => &[(60, HOUR)],
            Self::VerifyPhone => &[(20, DAY)],
        }
    }

    fn too_many(self, retry_after: u64, limit: u32) -> IdentityError {
        match self {
            Self::VerifyEmail | Self::ResetPassword => IdentityError::TooManyCodes { retry_after, limit },
            Self::VerifyPhone => IdentityError::SmsLimit { retry_after, limit },
        }
    }
}

/// Who asks for a code, and where it goes.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Whose.
    pub user: UserId,
    /// What for.
    pub purpose: Purpose,
    /// The mailbox or phone.
    pub target: &'a str,
    /// Where the request came from.
    pub ip: &'a str,
}

/// What is to be sent. It is nowhere else: the database has hashes.
pub struct Issued {
    /// Six digits.
    pub code: String,
    /// For a link.
    pub link: String,
}

/// Makes a code and a link and voids those before; 429 when too many were sent.
pub async fn issue(db: &mut PgConnection, app: &App, request: Request<'_>) -> ApiResult<Issued> {
    let Request { user, purpose, .. } = request;
    let ip = &network(request.ip);
    let (now, target) = (app.clock.now(), request.target.to_lowercase());
    let name: &'static str = purpose.into();
    // Those who count the same things wait for each other, always in this order.
    for what in [format!("user {name} {user}"), format!("target {name} {target}"), format!("address {ip}")] {
        store::lock(db, &what).await?;
    }
    if app.settings.limits.sign_ins {
        let sent = store::sent_to(db, purpose, &target, user, now.minus(DAY)).await?;
        let asked = store::asked_from(db, purpose, ip, now.minus(DAY)).await?;
        if let Some((until, limit)) = full_until(&sent, purpose.per_target(), now) {
            return Err(purpose.too_many(seconds_until(until, now), limit).into());
        }
        // Nothing was sent to this one; others behind the address have asked for too much.
        if let Some((until, limit)) = full_until(&asked, purpose.per_address(), now) {
            let refused = ApiError::new(Kind::Throttled, "too_many_requests");
            return Err(refused.retry_after(seconds_until(until, now)).limit(limit));
        }
    }
    let number = u64::from_be_bytes(crypto::random()?) % 1_000_000;
    let issued = Issued { code: format!("{number:06}"), link: crypto::random_token()? };
    store::void(db, user, purpose, now).await?;
    let code = store::NewCode {
        id: uuid::Uuid::new_v7(now.into()),
        user,
        purpose,
        target: &target,
        ip,
        // A link alone resets a password, a code alone goes by SMS.
        code_hash: (purpose != Purpose::ResetPassword).then(|| hash_code(app, user, purpose, &issued.code)),
        link_hash: (purpose != Purpose::VerifyPhone).then(|| hash_link(app, purpose, &issued.link)),
        created_at: now,
        expires_at: now.plus(purpose.life()),
    };
    store::insert(db, code).await?;
    Ok(issued)
}

/// The last instant at which one of the limits is reached, and that limit, by the times of what was sent, latest
/// first.
fn full_until(sent: &[Instant], limits: &[(usize, SignedDuration)], now: Instant) -> Option<(Instant, u32)> {
    let free_at = limits.iter().filter_map(|(most, span)| {
        let free_at = sent.get(most.checked_sub(1)?)?.plus(*span);
        Some((free_at, u32::try_from(*most).unwrap_or(u32::MAX)))
    });
    free_at.filter(|(at, _)| *at > now).max_by_key(|(at, _)| *at)
}

fn hash_code(app: &App, user: UserId, purpose: Purpose, code: &str) -> Vec<u8> {
    let purpose: &'static str = purpose.into();
    app.secrets.hash_token(&format!("{purpose} code {user}"), code)
}

fn hash_link(app: &App, purpose: Purpose, link: &str) -> Vec<u8> {
    let purpose: &'static str = purpose.into();
    app.secrets.hash_token(&format!("{purpose} link"), link)
}

/// Looks at a code that somebody typed, which costs one of its tries. Right: the code, still to be redeemed
/// in the transaction of its effect.
pub async fn check(app: &App, user: UserId, purpose: Purpose, typed: &str) -> ApiResult<store::OpenCode> {
    let tried = store::count_try(&app.db, user, purpose, TRIES, app.clock.now()).await?;
    let code = tried.ok_or(IdentityError::CodeExpired)?;
    let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let hash = hash_code(app, user, purpose, &digits);
    let right = code
        .code_hash
        .as_deref()
        .is_some_and(|kept| constant_time::verify_slices_are_equal(kept, &hash).is_ok());
    if right { Ok(code) } else { Err(IdentityError::CodeIncorrect.into()) }
}

/// Uses a code or link up; 410 when somebody was quicker.
pub async fn redeem(db: &mut PgConnection, id: uuid::Uuid, now: Instant) -> ApiResult<()> {
    if store::redeem(db, id, now).await? { Ok(()) } else { Err(IdentityError::CodeExpired.into()) }
}

/// The row of a link, used and expired ones too.
pub async fn find_link(app: &App, purpose: Purpose, link: &str) -> ApiResult<Option<store::LinkRow>> {
    Ok(store::by_link(&app.db, purpose, &hash_link(app, purpose, link)).await?)
}

/// The row of a link that is good; 410 for every other.
pub async fn open_link(app: &App, purpose: Purpose, link: &str) -> ApiResult<store::LinkRow> {
    let row = find_link(app, purpose, link).await?;
    let row = row.filter(|row| row.used_at.is_none() && row.expires_at > app.clock.now());
    Ok(row.ok_or(IdentityError::LinkExpired)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_full_until_the_oldest_of_its_span_has_gone() {
        let now = Instant::from_micros(1_772_442_000_000_000).unwrap();
        let ago = |minutes: i64| now.minus(SignedDuration::from_mins(minutes));
        let limits = [(3, TEN_MINUTES), (5, HOUR)];
        assert_eq!(full_until(&[], &limits, now), None);
        assert_eq!(full_until(&[ago(1), ago(2)], &limits, now), None);
        assert_eq!(
            full_until(&[ago(1), ago(2), ago(4)], &limits, now),
            Some((now.plus(SignedDuration::from_mins(6)), 3))
        );
        assert_eq!(full_until(&[ago(1), ago(12), ago(13), ago(14)], &limits, now), None);
        assert_eq!(
            full_until(&[ago(1), ago(12), ago(13), ago(14), ago(50)], &limits, now),
            Some((now.plus(TEN_MINUTES), 5))
        );
        assert_eq!(
            full_until(&[ago(1), ago(2), ago(4), ago(14), ago(50)], &limits, now),
            Some((now.plus(TEN_MINUTES), 5))
        );
    }
}
