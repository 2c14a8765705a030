//! What the app gets to see of a provider.

use std::sync::Arc;

use platform::{
    ids::{CategoryId, UserId},
    money::{Currency, Money},
    time::Instant,
};
use serde::Serialize;

use super::{Scene, text};
use crate::{
    model::{AccountType, Rating},
    rows::{ProviderRow, WeeklyRow},
};

/// A place on the earth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Point {
    /// Degrees north.
    #[schema(minimum = -90, maximum = 90, example = 52.52)]
    latitude: f64,
    /// Degrees east.
    #[schema(minimum = -180, maximum = 180, example = 13.405)]
    longitude: f64,
}

impl Point {
    fn of(latitude: Option<f64>, longitude: Option<f64>) -> Option<Self> {
        Some(Self { latitude: latitude?, longitude: longitude? })
    }
}

/// How far a provider goes.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ServiceArea)]
pub struct ServiceAreaView {
    /// A circle.
    #[schema(value_type = String, pattern = "^radius$", example = "radius")]
    r#type: &'static str,
    /// Its centre.
    center: Point,
    /// Its radius.
    #[schema(minimum = 1, maximum = 200)]
    radius_km: i32,
}

/// A category that a provider knows.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Skill)]
pub struct SkillView {
    /// Which.
    category_id: CategoryId,
    /// What it is called.
    #[serde(serialize_with = "text")]
    #[schema(value_type = String, example = "Window cleaning")]
    name: Arc<str>,
}

/// An ordinary week, exceptions aside.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Availability)]
pub struct AvailabilityView {
    /// The zone that the times are in.
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    /// All seven days, Monday first.
    days: Vec<DayView>,
}

/// One day of an ordinary week.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = AvailabilityDay)]
pub struct DayView {
    /// 1 is Monday, 7 is Sunday.
    #[schema(minimum = 1, maximum = 7)]
    weekday: u8,
    /// When the provider works; empty on a day off.
    intervals: Vec<IntervalView>,
}

/// From when until when.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = AvailabilityInterval)]
pub struct IntervalView {
    /// `HH:MM:SS`.
    #[schema(example = "09:00:00")]
    start: String,
    /// `HH:MM:SS`, up to 24:00:00.
    #[schema(example = "17:00:00")]
    end: String,
}

impl AvailabilityView {
    fn of(timezone: String, weekly: Vec<WeeklyRow>) -> Self {
        let mut days: Vec<_> = (1..=7).map(|weekday| DayView { weekday, intervals: Vec::new() }).collect();
        for WeeklyRow { weekday, start, end } in weekly {
            if let Some(day) = days.iter_mut().find(|day| day.weekday == weekday) {
                day.intervals.push(IntervalView { start, end });
            }
        }
        Self { timezone, days }
    }
}

/// A provider.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ProviderProfile)]
pub struct ProviderView {
    /// The same as `user_id`.
    id: UserId,
    /// Who.
    user_id: UserId,
    /// Their name.
    #[schema(example = "Ada Marino")]
    name: String,
    /// Their picture.
    #[schema(example = "https://files.example.com/people/0195/profile.webp")]
    profile_image_url: Option<String>,
    /// What kind of business it is.
    account_type: AccountType,
    /// What it is called.
    #[schema(example = "Marino Window Cleaning")]
    business_name: Option<String>,
    /// What they say of themselves.
    #[schema(example = "Ten years of clear views.")]
    description: String,
    /// Categories that they know.
    skills: Vec<SkillView>,
    /// From 1 to 5 with two decimals; `null` while there is none.
    rating: Rating,
    /// How many ratings there are.
    rating_count: i32,
    /// Bookings that they completed.
    jobs_completed: i32,
    /// What they have earned; only they themselves and staff see it.
    total_earnings: Option<Money>,
    /// Of the earnings.
    currency: Currency,
    /// Whether their papers were checked.
    is_verified: bool,
    /// Whether they take bookings at present.
    is_available: bool,
    /// Their opening hours.
    availability: Option<AvailabilityView>,
    /// Languages that they speak (ISO 639-1).
    #[schema(example = json!(["en", "it"]))]
    languages: Vec<String>,
    /// How far they go; `null` while they have not said where they start from.
    service_area: Option<ServiceAreaView>,
    /// The town that they start from.
    #[schema(example = "Berlin")]
    city: Option<String>,
    /// How long they take to answer a request, on average.
    response_time_minutes: Option<i64>,
    /// Completed bookings among those that they completed or cancelled, from 0 to 1.
    #[schema(minimum = 0, maximum = 1, example = 0.98)]
    completion_rate: Option<f64>,
    /// When they joined.
    member_since: Instant,
    /// When they became a provider.
    created_at: Instant,
    /// When the profile was changed last.
    updated_at: Instant,
    /// Grows with every edit; also the `ETag` of one's own profile.
    version: i32,
}

impl ProviderView {
    /// The view of a row; `with_earnings` for the provider and for staff.
    pub fn of(row: ProviderRow, scene: &Scene, with_earnings: bool) -> Self {
        let skills = row.skills.into_iter().filter_map(|id| scene.categories.get(id.into()));
        let skills =
            skills.map(|c| SkillView { category_id: c.id, name: c.name.get(scene.language).clone() });
        let center = Point::of(row.latitude, row.longitude);
        let answered = i64::from(row.requests_answered);
        Self {
            id: row.id,
            user_id: row.id,
            name: row.name,
            profile_image_url: row.profile_image.map(|key| format!("{}{key}", scene.files)),
            account_type: row.account_type,
            business_name: row.business_name,
            description: row.description,
            skills: skills.collect(),
            rating: Rating::mean(row.rating_sum, row.rating_count),
            rating_count: row.rating_count,
            jobs_completed: row.jobs_completed,
            total_earnings: with_earnings.then(|| Money::new(row.total_earnings_minor, row.currency)),
            currency: row.currency,
            is_verified: row.is_verified,
            is_available: row.is_available,
            availability: row.timezone.map(|timezone| AvailabilityView::of(timezone, row.weekly)),
            languages: row.languages,
            service_area: center.map(|center| ServiceAreaView {
                r#type: "radius",
                center,
                radius_km: row.service_radius_km,
            }),
            city: row.city,
            response_time_minutes: (answered > 0)
                .then(|| (row.response_minutes_sum + answered / 2) / answered),
            completion_rate: completion_rate(row.jobs_completed, row.jobs_cancelled),
            member_since: row.member_since,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        }
    }

    /// Which version this is.
    pub(crate) fn version(&self) -> i32 {
        self.version
    }
}

/// Two decimals; `null` while nothing was completed or cancelled.
#[expect(clippy::float_arithmetic, reason = "a rate is no money; two decimals survive the division")]
fn completion_rate(completed: i32, cancelled: i32) -> Option<f64> {
    let all = i64::from(completed) + i64::from(cancelled);
    let hundredths = (all > 0).then(|| (i64::from(completed) * 100 + all / 2) / all)?;
    u8::try_from(hundredths).ok().map(|hundredths| f64::from(hundredths) / 100.0)
}
