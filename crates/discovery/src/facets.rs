//! How many services there are per category and per price band, beside a list.

use std::collections::HashMap;

use catalog::Categories;
use platform::{
    app::App,
    error::ApiResult,
    ids::CategoryId,
    locale::Language,
    money::{Currency, Money},
};
use serde::Serialize;

use crate::{
    filters::{Filters, Ordering},
    query::Search,
};

/// More matches than this are not counted; the numbers are then at least so large.
const COUNTED: i64 = 10_000;
/// Where a band of prices ends and the next begins, in hundredths.
const BOUNDS: [i64; 5] = [2_500, 5_000, 10_000, 20_000, 50_000];

/// How many services there are per category and per price band. Each part leaves its own filter out, so
/// that it shows what else there is; the day of `available_on` is left out of both.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub(crate) struct Facets {
    /// By category, what is below it included; empty ones are left out.
    categories: Vec<CategoryFacet>,
    /// By price, cheapest first.
    prices: Vec<PriceFacet>,
    /// False where 10,000 services and more match: the numbers are then at least so large.
    is_exact: bool,
}

/// Services in a category.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct CategoryFacet {
    /// Which.
    category_id: CategoryId,
    /// Its name in addresses.
    #[schema(example = "home-cleaning")]
    slug: String,
    /// What it is called.
    #[schema(example = "Home cleaning")]
    name: String,
    /// How many.
    #[schema(minimum = 1, example = 12)]
    count: i64,
}

/// Services in a price band.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct PriceFacet {
    /// From this on.
    min: Money,
    /// Below this; `null` for the dearest.
    max: Option<Money>,
    /// How many.
    #[schema(minimum = 0, example = 12)]
    count: i64,
}

/// Counts what matches `search`.
pub(crate) async fn count(
    app: &App,
    search: &Search<'_>,
    categories: &Categories,
    language: Language,
) -> ApiResult<Facets> {
    let elsewhere = Filters { categories: None, ..search.filters.clone() };
    let at_any_price = Filters { min_price: None, max_price: None, ..search.filters.clone() };
    let among = |filters| Search { filters, ordering: Ordering::Newest, ..*search };
    let by_category = among(&elsewhere).by_category(&app.db, COUNTED).await?;
    let by_price = among(&at_any_price).by_price(&app.db, BOUNDS.to_vec(), COUNTED).await?;
    let all = |counts: i64| counts < COUNTED;
    let is_exact =
        all(by_category.iter().map(|(_, n)| n).sum()) && all(by_price.iter().map(|(_, n)| n).sum());
    let mut counts: HashMap<CategoryId, i64> = HashMap::new();
    for (id, count) in by_category {
        let mut at = Some(CategoryId::from(id));
        while let Some(id) = at {
            *counts.entry(id).or_default() += count;
            at = categories.get(id).and_then(|category| category.parent_id);
        }
    }
    let facet = |category: &catalog::Category| {
        let count = *counts.get(&category.id)?;
        let name = category.name.get(language).to_string();
        Some(CategoryFacet { category_id: category.id, slug: category.slug.to_string(), name, count })
    };
    let price = |hundredths: i64| Money::new(hundredths, Currency::EUR);
    let bands = (0_i32..).zip(std::iter::once(0).chain(BOUNDS)).map(|(band, from)| PriceFacet {
        min: price(from),
        max: BOUNDS.into_iter().find(|bound| *bound > from).map(price),
        count: by_price.iter().find(|(number, _)| *number == band).map_or(0, |(_, count)| *count),
    });
    Ok(Facets {
        categories: categories.iter().filter_map(facet).collect(),
        prices: bands.collect(),
        is_exact,
    })
}
