//! What a list of services can be asked for: the parameters as they come, and what they mean.
#![expect(clippy::trivially_copy_pass_by_ref, reason = "the signature of rules that garde calls")]

use catalog::Categories;
use garde::Validate;
use jiff::civil::Date;
use platform::{
    error::{ApiError, ApiResult, FieldErrors},
    ids::UserId,
    locale::Sentence,
    money::Amount,
    validation::broken,
};
use scheduling::CalendarDate;
use serde::{Deserialize, Deserializer, de};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::geo::Point;

/// The largest radius that can be asked for.
pub(crate) const MAX_RADIUS: f64 = 200.0;
const MAX_IDS: usize = 100;

/// How a list is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, utoipa::ToSchema)]
#[schema(as = ServiceOrdering)]
pub(crate) enum Ordering {
    /// Best match first: in the title, then in the description, then in the provider's name; popular ones
    /// first among equals.
    #[serde(rename = "relevance")]
    Relevance,
    /// Newest first.
    #[serde(rename = "-created_at")]
    Newest,
    /// Cheapest first.
    #[serde(rename = "price")]
    Cheapest,
    /// Dearest first.
    #[serde(rename = "-price")]
    Dearest,
    /// Best rated first, by a Bayesian mean; unrated ones last.
    #[serde(rename = "-rating")]
    Rating,
    /// Most popular first.
    #[serde(rename = "popularity")]
    Popularity,
    /// Nearest first; needs `lat` and `lng`.
    #[serde(rename = "distance")]
    Distance,
}

/// A price as a query string says it: hundredths, whatever the currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Price(i64);

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let amount = serde_json::to_string(&text).and_then(|json| serde_json::from_str::<Amount>(&json));
        let hundredths = amount.map_err(|_not_one| de::Error::custom("invalid_amount"))?.hundredths();
        Ok(Self(hundredths))
    }
}

impl Price {
    /// Nothing costs less than nothing, or more than the catalogue takes.
    fn check(value: &Self, _context: &()) -> garde::Result {
        if (0..=99_999_999_900).contains(&value.0) { Ok(()) } else { Err(broken("invalid_amount")) }
    }
}

/// `f64` reads `NaN` and `inf`, which no rule of ranges refuses.
pub(crate) fn finite(value: &f64, _context: &()) -> garde::Result {
    if value.is_finite() { Ok(()) } else { Err(broken("wrong_type")) }
}

/// Filters of services; all of them can be combined.
#[derive(Clone, Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ServiceQuery {
    /// Words to look for in the title, the description and the provider's name. The last one may be
    /// unfinished; one typo is forgiven in words of five letters and more, two from nine on.
    #[garde(inner(length(chars, max = 200)))]
    #[param(max_length = 200, example = "window cleaning")]
    pub search: Option<String>,
    /// A category's id or slug; what is below it counts too.
    #[garde(inner(length(chars, max = 100)))]
    #[param(max_length = 100, example = "home-cleaning")]
    pub category: Option<String>,
    /// The same as `category`.
    #[garde(inner(length(chars, max = 100)))]
    #[param(max_length = 100)]
    pub category_id: Option<String>,
    /// Services of this provider.
    #[garde(skip)]
    pub provider: Option<UserId>,
    /// Price from; the number counts, whatever the currency.
    #[garde(inner(custom(Price::check)))]
    #[param(value_type = Option<f64>, minimum = 0, maximum = 999_999_999, multiple_of = 0.01)]
    pub min_price: Option<Price>,
    /// Price up to.
    #[garde(inner(custom(Price::check)))]
    #[param(value_type = Option<f64>, minimum = 0, maximum = 999_999_999, multiple_of = 0.01)]
    pub max_price: Option<Price>,
    /// Average rating from; services that nobody has rated are left out.
    #[garde(inner(custom(finite), range(min = 0.0, max = 5.0)))]
    #[param(minimum = 0, maximum = 5)]
    pub min_rating: Option<f64>,
    /// `true`: only providers whose papers were checked.
    #[garde(skip)]
    pub verified: Option<bool>,
    /// Minutes that the service takes at most.
    #[garde(inner(range(min = 1, max = 1440)))]
    #[param(minimum = 1, maximum = 1440)]
    pub max_duration: Option<i32>,
    /// Services that can be booked on this day (the provider's calendar) at the moment of asking.
    #[garde(skip)]
    pub available_on: Option<CalendarDate>,
    /// Only these services; repeat the parameter or put commas between, at most 100.
    #[garde(length(max = MAX_IDS), inner(length(chars, max = 3699)))]
    #[serde(default)]
    #[param(max_items = 100, value_type = Vec<Uuid>)]
    pub ids: Vec<String>,
    /// The order; without it `relevance` where `search` is given, else `-created_at` (nearby: `distance`).
    #[garde(skip)]
    #[param(inline)]
    pub ordering: Option<Ordering>,
    /// Adds `facets`: how many services there are per category and per price band.
    #[garde(skip)]
    pub facets: Option<bool>,
}

/// A place that need not be given.
#[derive(Clone, Copy, Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AroundQuery {
    /// Degrees north; adds `distance_km`. Only with `lng`.
    #[garde(inner(custom(finite), range(min = -90.0, max = 90.0)))]
    #[param(minimum = -90, maximum = 90)]
    pub lat: Option<f64>,
    /// Degrees east. Only with `lat`.
    #[garde(inner(custom(finite), range(min = -180.0, max = 180.0)))]
    #[param(minimum = -180, maximum = 180)]
    pub lng: Option<f64>,
    /// Nothing farther away than this. Only with `lat` and `lng`.
    #[garde(inner(custom(finite), range(min = 0.1, max = MAX_RADIUS)))]
    #[param(minimum = 0.1, maximum = 200)]
    pub radius_km: Option<f64>,
}

/// A place that must be given.
#[derive(Clone, Copy, Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct NearbyQuery {
    /// Degrees north.
    #[garde(custom(finite), range(min = -90.0, max = 90.0))]
    #[param(minimum = -90, maximum = 90, example = 52.52)]
    pub lat: f64,
    /// Degrees east.
    #[garde(custom(finite), range(min = -180.0, max = 180.0))]
    #[param(minimum = -180, maximum = 180, example = 13.405)]
    pub lng: f64,
    /// Nothing farther away than this.
    #[garde(inner(custom(finite), range(min = 0.1, max = MAX_RADIUS)))]
    #[param(minimum = 0.1, maximum = 200, default = 10)]
    pub radius_km: Option<f64>,
}

/// A place and how far around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Around {
    pub point: Point,
    pub radius_km: Option<f64>,
    /// Only services that come to the place.
    pub must_reach: bool,
}

impl AroundQuery {
    /// The place, if there is one; 422 where half of it is missing.
    pub(crate) fn place(self) -> ApiResult<Option<Around>> {
        match (self.lat, self.lng, self.radius_km) {
            (Some(latitude), Some(longitude), radius_km) => {
                Ok(Some(Around { point: Point { latitude, longitude }, radius_km, must_reach: false }))
            }
            (None, None, None) => Ok(None),
            (Some(_), None, _) => Err(required(&["lng"])),
            (None, Some(_), _) => Err(required(&["lat"])),
            (None, None, Some(_)) => Err(required(&["lat", "lng"])),
        }
    }
}

/// 422: these parameters are missing.
pub(crate) fn required(fields: &[&str]) -> ApiError {
    let sentence = || vec![Sentence::new("field-required")];
    ApiError::invalid(fields.iter().map(|field| ((*field).to_owned(), sentence())).collect::<FieldErrors>())
}

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filters {
    pub search: Option<String>,
    /// In any of these categories.
    pub categories: Option<Vec<Uuid>>,
    pub provider: Option<UserId>,
    pub ids: Option<Vec<Uuid>>,
    /// Hundredths.
    pub min_price: Option<i64>,
    pub max_price: Option<i64>,
    pub min_rating: Option<f64>,
    pub only_verified: bool,
    pub max_duration: Option<i32>,
    pub around: Option<Around>,
    pub available_on: Option<Date>,
}

impl ServiceQuery {
    /// What the parameters mean together.
    pub(crate) fn filters(&self, around: Option<Around>, categories: &Categories) -> ApiResult<Filters> {
        if let (Some(min), Some(max)) = (self.min_price, self.max_price)
            && min > max
        {
            return Err(ApiError::invalid_field("min_price", Sentence::new("field-reversed_prices")));
        }
        let ids = self.ids.iter().flat_map(|ids| ids.split(',')).map(str::trim).filter(|id| !id.is_empty());
        let ids = ids.map(str::parse::<Uuid>).collect::<Result<Vec<_>, _>>();
        let ids = ids.map_err(|_not_one| ApiError::invalid_field("ids", Sentence::new("field-invalid")))?;
        if ids.len() > MAX_IDS {
            return Err(ApiError::invalid_field(
                "ids",
                Sentence::new("field-too_many_ids").with_number("max", MAX_IDS),
            ));
        }
        Ok(Filters {
            search: self.search.clone().filter(|search| !search.trim().is_empty()),
            categories: within([&self.category, &self.category_id], categories),
            provider: self.provider,
            ids: (!self.ids.is_empty()).then_some(ids),
            min_price: self.min_price.map(|price| price.0),
            max_price: self.max_price.map(|price| price.0),
            min_rating: self.min_rating.filter(|rating| *rating > 0.0),
            only_verified: self.verified == Some(true),
            max_duration: self.max_duration,
            around,
            available_on: self.available_on.map(CalendarDate::date),
        })
    }

    /// The order asked for, or the one that goes without saying.
    pub(crate) fn ordering(&self, filters: &Filters, usual: Ordering) -> ApiResult<Ordering> {
        match self.ordering {
            None if filters.search.is_some() && usual == Ordering::Newest => Ok(Ordering::Relevance),
            None => Ok(usual),
            Some(Ordering::Distance) if filters.around.is_none() => Err(required(&["lat", "lng"])),
            // Without words everything matches alike.
            Some(Ordering::Relevance) if filters.search.is_none() => Ok(Ordering::Popularity),
            Some(ordering) => Ok(ordering),
        }
    }
}

/// The categories that are meant, children included; a category that does not exist holds nothing.
pub(crate) fn within(named: [&Option<String>; 2], categories: &Categories) -> Option<Vec<Uuid>> {
    let meant = |name: &String| -> Vec<Uuid> {
        let found = categories.find(name).map(|category| categories.with_descendants(category.id));
        found.unwrap_or_default().into_iter().map(Uuid::from).collect()
    };
    let mut sets = named.into_iter().flatten().map(meant);
    let first = sets.next()?;
    Some(sets.fold(first, |ids, others| ids.into_iter().filter(|id| others.contains(id)).collect()))
}

impl Filters {
    /// Whether anything is asked that the covering indexes answer row by row.
    pub(crate) fn has_numbers(&self) -> bool {
        self.min_price.is_some()
            || self.max_price.is_some()
            || self.min_rating.is_some()
            || self.only_verified
            || self.max_duration.is_some()
    }

    /// Whether the tree of categories alone says that more match than are counted. It counts some that are not
    /// shown (of suspended accounts), so it has to say so by a wide margin.
    pub(crate) fn is_certainly_many(&self, categories: &Categories) -> bool {
        let only_categories = !self.has_numbers()
            && self.search.is_none()
            && self.provider.is_none()
            && self.ids.is_none()
            && self.around.is_none_or(|around| around.radius_km.is_none());
        // Counts of categories include what is below, so children are not added again.
        let known: i64 = match &self.categories {
            None => categories.iter().filter(|c| c.parent_id.is_none()).map(|c| c.services_count).sum(),
            Some(ids) => {
                ids.first().and_then(|id| categories.get((*id).into())).map_or(0, |c| c.services_count)
            }
        };
        only_categories && known > 3 * platform::page::EXACT_COUNT
    }

    /// Whether nothing can match.
    pub(crate) fn is_void(&self) -> bool {
        self.categories.as_ref().is_some_and(Vec::is_empty) || self.ids.as_ref().is_some_and(Vec::is_empty)
    }
}
