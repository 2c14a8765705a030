//! The rows that lists and single answers are made of, with the one select list for each.
//!
//! Columns are read by their place, not by their name: a page of a list reads some five hundred of them.

use platform::{
    ids::{CategoryId, ServiceId, UserId},
    locale::Language,
    money::Currency,
    time::Instant,
};
use serde::Deserialize;
use sqlx::{FromRow, Row as _, postgres::PgRow, types::Json};
use uuid::Uuid;

use crate::model::{AccountType, CancellationPolicy, ImageRow, Translations};

/// A service as lists show it.
///
/// ```sql
/// select {ServiceRow::columns(language)}, {is_favourite}, {distance_km}
///   from services s {ServiceRow::JOINS} where …
/// ```
///
/// The two last columns are the query's own: `false` or an `exists (…)`, and `null::float8` or a distance
/// in kilometres.
#[derive(Clone, Debug)]
pub struct ServiceRow {
    /// Which.
    pub id: ServiceId,
    /// Who offers it.
    pub provider_id: UserId,
    /// Their name.
    pub provider_name: String,
    /// Whether their papers were checked.
    pub provider_is_verified: bool,
    /// What kind it is.
    pub category_id: CategoryId,
    /// In the language asked for, else in its own.
    pub title: String,
    /// In the language asked for, else in its own.
    pub description: String,
    /// In minor units.
    pub price_minor: i64,
    /// Of the price.
    pub currency: Currency,
    /// 0 where credits are not taken.
    pub credits_required: i32,
    /// How long it takes.
    pub duration_minutes: i32,
    /// In order.
    pub images: Vec<ImageRow>,
    /// All ratings added up.
    pub rating_sum: i32,
    /// How many ratings there are.
    pub rating_count: i32,
    /// Whether it is published.
    pub is_active: bool,
    /// When it was made.
    pub created_at: Instant,
    /// When it was changed last.
    pub updated_at: Instant,
    /// Whether the caller saved it.
    pub is_favourite: bool,
    /// How far it is from the place asked about.
    pub distance_km: Option<f64>,
}

macro_rules! service_columns {
    ($language:literal) => {
        concat!(
            "s.id, s.provider_id, u.name, p.is_verified, s.category_id, ",
            "coalesce(s.translations -> '",
            $language,
            "' ->> 'title', s.title), ",
            "coalesce(s.translations -> '",
            $language,
            "' ->> 'description', s.description), ",
            "s.price_minor, s.currency, s.credits_required, s.duration_minutes, s.images, ",
            "s.rating_sum, s.rating_count, s.is_active, s.created_at, s.updated_at",
        )
    };
}

impl ServiceRow {
    /// What the columns are read from, beside `services s`.
    pub const JOINS: &'static str =
        "join providers p on p.user_id = s.provider_id join users u on u.id = s.provider_id";
    /// How many columns there are, the query's own two included.
    const COLUMNS: usize = 19;

    /// All columns but the last two.
    pub const fn columns(language: Language) -> &'static str {
        match language {
            Language::En => service_columns!("en"),
            Language::De => service_columns!("de"),
            Language::It => service_columns!("it"),
        }
    }
}

impl FromRow<'_, PgRow> for ServiceRow {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let images: Json<Vec<ImageRow>> = row.try_get(11)?;
        Ok(Self {
            id: row.try_get(0)?,
            provider_id: row.try_get(1)?,
            provider_name: row.try_get(2)?,
            provider_is_verified: row.try_get(3)?,
            category_id: row.try_get(4)?,
            title: row.try_get(5)?,
            description: row.try_get(6)?,
            price_minor: row.try_get(7)?,
            currency: row.try_get(8)?,
            credits_required: row.try_get(9)?,
            duration_minutes: row.try_get(10)?,
            images: images.0,
            rating_sum: row.try_get(12)?,
            rating_count: row.try_get(13)?,
            is_active: row.try_get(14)?,
            created_at: row.try_get(15)?,
            updated_at: row.try_get(16)?,
            is_favourite: row.try_get(17)?,
            distance_km: row.try_get(18)?,
        })
    }
}

/// Opening hours of one day of the week, as `schedules.weekly` holds them.
#[derive(Clone, Debug, Deserialize)]
pub struct WeeklyRow {
    /// 1 is Monday.
    pub weekday: u8,
    /// `HH:MM:SS`.
    pub start: String,
    /// `HH:MM:SS`, up to 24:00:00.
    pub end: String,
}

/// A provider as everybody sees them:
/// `select {ProviderRow::COLUMNS} from providers p {ProviderRow::JOINS} where …`
#[derive(Clone, Debug)]
pub struct ProviderRow {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// The name of their picture in the storage.
    pub profile_image: Option<String>,
    /// What kind of business it is.
    pub account_type: AccountType,
    /// What it is called.
    pub business_name: Option<String>,
    /// What they say of themselves.
    pub description: String,
    /// Categories that they know.
    pub skills: Vec<Uuid>,
    /// Languages that they speak.
    pub languages: Vec<String>,
    /// Whether their papers were checked.
    pub is_verified: bool,
    /// Whether they take bookings at present.
    pub is_available: bool,
    /// Where they start from.
    pub latitude: Option<f64>,
    /// Where they start from.
    pub longitude: Option<f64>,
    /// The town that they start from.
    pub city: Option<String>,
    /// How far they go.
    pub service_radius_km: i32,
    /// All ratings added up.
    pub rating_sum: i32,
    /// How many ratings there are.
    pub rating_count: i32,
    /// Bookings that they completed.
    pub jobs_completed: i32,
    /// Bookings that they cancelled.
    pub jobs_cancelled: i32,
    /// Requests that they answered.
    pub requests_answered: i32,
    /// How long all answers took together.
    pub response_minutes_sum: i64,
    /// What they have earned in their currency, as the books say.
    pub total_earnings_minor: i64,
    /// Of the earnings.
    pub currency: Currency,
    /// Grows with every edit.
    pub version: i32,
    /// When they became a provider.
    pub created_at: Instant,
    /// When the profile was changed last.
    pub updated_at: Instant,
    /// When they joined.
    pub member_since: Instant,
    /// Whether the account is in order; others are not shown.
    pub is_account_active: bool,
    /// The zone of their opening hours.
    pub timezone: Option<String>,
    /// Their opening hours.
    pub weekly: Vec<WeeklyRow>,
}

impl ProviderRow {
    /// What the columns are read from, beside `providers p`.
    pub const JOINS: &'static str =
        "join users u on u.id = p.user_id left join schedules sch on sch.provider_id = p.user_id";
    /// All columns.
    pub const COLUMNS: &'static str = "p.user_id, u.name, u.profile_image, p.account_type, p.business_name, p.description, \
        p.skills, p.languages, p.is_verified, p.is_available, p.latitude, p.longitude, p.city, p.service_radius_km, \
        p.rating_sum, p.rating_count, p.jobs_completed, p.jobs_cancelled, p.requests_answered, p.response_minutes_sum, \
        provider_net_earnings(p.user_id, p.currency), p.currency, p.version, p.created_at, p.updated_at, u.created_at, u.state = 'active', \
        sch.timezone, sch.weekly";

    /// Reads the columns from the place where they begin.
    fn read(row: &PgRow, at: usize) -> sqlx::Result<Self> {
        let weekly: Option<Json<Vec<WeeklyRow>>> = row.try_get(at + 28)?;
        Ok(Self {
            id: row.try_get(at)?,
            name: row.try_get(at + 1)?,
            profile_image: row.try_get(at + 2)?,
            account_type: row.try_get(at + 3)?,
            business_name: row.try_get(at + 4)?,
            description: row.try_get(at + 5)?,
            skills: row.try_get(at + 6)?,
            languages: row.try_get(at + 7)?,
            is_verified: row.try_get(at + 8)?,
            is_available: row.try_get(at + 9)?,
            latitude: row.try_get(at + 10)?,
            longitude: row.try_get(at + 11)?,
            city: row.try_get(at + 12)?,
            service_radius_km: row.try_get(at + 13)?,
            rating_sum: row.try_get(at + 14)?,
            rating_count: row.try_get(at + 15)?,
            jobs_completed: row.try_get(at + 16)?,
            jobs_cancelled: row.try_get(at + 17)?,
            requests_answered: row.try_get(at + 18)?,
            response_minutes_sum: row.try_get(at + 19)?,
            total_earnings_minor: row.try_get(at + 20)?,
            currency: row.try_get(at + 21)?,
            version: row.try_get(at + 22)?,
            created_at: row.try_get(at + 23)?,
            updated_at: row.try_get(at + 24)?,
            member_since: row.try_get(at + 25)?,
            is_account_active: row.try_get(at + 26)?,
            timezone: row.try_get(at + 27)?,
            weekly: weekly.map(|weekly| weekly.0).unwrap_or_default(),
        })
    }
}

impl FromRow<'_, PgRow> for ProviderRow {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Self::read(row, 0)
    }
}

/// A service alone, with everything that is known of it.
#[derive(Clone, Debug)]
pub(crate) struct DetailRow {
    pub service: ServiceRow,
    pub cancellation_policy: CancellationPolicy,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub city: Option<String>,
    pub service_radius_km: i32,
    pub buffer_before_minutes: Option<i32>,
    pub buffer_after_minutes: Option<i32>,
    pub min_notice_minutes: Option<i32>,
    pub max_advance_days: Option<i32>,
    pub version: i32,
    pub language: Language,
    pub own_title: String,
    pub own_description: String,
    pub translations: Translations,
    pub withdrawn_at: Option<Instant>,
    pub provider: ProviderRow,
}

impl DetailRow {
    /// What stands between the columns of the service and those of the provider.
    pub(crate) const COLUMNS: &'static str = "s.cancellation_policy, s.latitude, s.longitude, s.city, s.service_radius_km, \
        s.buffer_before_minutes, s.buffer_after_minutes, s.min_notice_minutes, s.max_advance_days, s.version, s.language, \
        s.title, s.description, s.translations, s.withdrawn_at";
}

impl FromRow<'_, PgRow> for DetailRow {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let at = ServiceRow::COLUMNS;
        let translations: Json<Translations> = row.try_get(at + 13)?;
        Ok(Self {
            service: ServiceRow::from_row(row)?,
            cancellation_policy: row.try_get(at)?,
            latitude: row.try_get(at + 1)?,
            longitude: row.try_get(at + 2)?,
            city: row.try_get(at + 3)?,
            service_radius_km: row.try_get(at + 4)?,
            buffer_before_minutes: row.try_get(at + 5)?,
            buffer_after_minutes: row.try_get(at + 6)?,
            min_notice_minutes: row.try_get(at + 7)?,
            max_advance_days: row.try_get(at + 8)?,
            version: row.try_get(at + 9)?,
            language: row.try_get(at + 10)?,
            own_title: row.try_get(at + 11)?,
            own_description: row.try_get(at + 12)?,
            translations: translations.0,
            withdrawn_at: row.try_get(at + 14)?,
            provider: ProviderRow::read(row, at + 15)?,
        })
    }
}
