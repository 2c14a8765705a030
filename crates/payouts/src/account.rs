//! Where a provider is paid: an account at the gateway, and how often it is paid by itself.

use jiff::{ToSpan as _, civil::Weekday, tz::TimeZone};
use platform::{
    ids::UserId,
    outbox,
    ports::gateway::{AccountStatus, GatewayName, PayoutAccount},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::{events::PayoutAccountChanged, store::accounts as store};

/// How often everything available is withdrawn by itself.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = PayoutSchedule)]
pub enum Schedule {
    /// Never: the provider asks for each withdrawal.
    #[default]
    None,
    /// On Mondays.
    Weekly,
    /// On the first day of each month.
    Monthly,
}

impl Schedule {
    /// The next time after an instant: the beginning of a day where the provider is.
    pub(crate) fn next(self, after: Instant, zone: &TimeZone) -> Option<Instant> {
        let today = zone.to_datetime(after.timestamp()).date();
        let day = match self {
            Self::None => return None,
            Self::Weekly => today.nth_weekday(1, Weekday::Monday).ok()?,
            Self::Monthly => today.first_of_month().checked_add(1.month()).ok()?,
        };
        Some(day.to_zoned(zone.clone()).ok()?.timestamp().into())
    }
}

/// An account as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) provider_id: UserId,
    pub(crate) gateway: GatewayName,
    pub(crate) reference: String,
    pub(crate) status: AccountStatus,
    pub(crate) requirements: Vec<String>,
    pub(crate) country: String,
    pub(crate) email: String,
    pub(crate) schedule: Schedule,
    pub(crate) next_at: Option<Instant>,
    pub(crate) version: i32,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
}

impl Account {
    /// Whether the gateway says something new of it.
    fn hear(&mut self, news: PayoutAccount, now: Instant) -> bool {
        if (self.status, &self.requirements) == (news.status, &news.requirements) {
            return false;
        }
        (self.status, self.requirements, self.updated_at) = (news.status, news.requirements, now);
        self.version += 1;
        true
    }
}

/// Writes down how the gateway says that an account stands; the account as it is then.
pub(crate) async fn record(
    db: &mut PgConnection,
    provider: UserId,
    news: PayoutAccount,
    now: Instant,
) -> sqlx::Result<Option<Account>> {
    let Some(mut account) = store::lock(db, provider).await? else { return Ok(None) };
    if account.reference == news.reference && account.hear(news, now) {
        store::save(db, &account).await?;
        outbox::emit(db, &PayoutAccountChanged::of(&account), now).await?;
    }
    Ok(Some(account))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scheduled_withdrawals_begin_with_the_providers_day() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let next = |schedule: Schedule, after: &str| {
            let after = after.parse::<jiff::Timestamp>().unwrap().into();
            schedule.next(after, &berlin).map(|at| at.to_string()).unwrap_or_default()
        };
        assert_eq!(next(Schedule::Weekly, "2026-03-02T09:00:00Z"), "2026-03-08T23:00:00Z");
        // The clocks go forward on 29 March.
        assert_eq!(next(Schedule::Weekly, "2026-03-24T09:00:00Z"), "2026-03-29T22:00:00Z");
        assert_eq!(next(Schedule::Monthly, "2026-01-31T09:00:00Z"), "2026-01-31T23:00:00Z");
        // It is February already in Berlin.
        assert_eq!(next(Schedule::Monthly, "2026-01-31T23:00:00Z"), "2026-02-28T23:00:00Z");
        assert_eq!(next(Schedule::None, "2026-01-31T23:00:00Z"), "");
    }
}
