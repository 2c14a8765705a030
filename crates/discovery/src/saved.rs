//! The SQL of saved services.

use catalog::ServiceRow;
use platform::{
    ids::{ServiceId, UserId},
    locale::Language,
    page::{EXACT_COUNT, Order, Paging},
    time::Instant,
};
use sqlx::{FromRow, PgPool, Row as _, postgres::PgRow};

use crate::sql::Params;

/// A saved service.
pub(crate) struct Saved {
    pub row: ServiceRow,
    /// When it was saved.
    pub at: Instant,
    /// How many are saved in all, up to [`EXACT_COUNT`] and one more.
    pub count: i64,
}

impl FromRow<'_, PgRow> for Saved {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self { row: ServiceRow::from_row(row)?, at: row.try_get(19)?, count: row.try_get(20)? })
    }
}

/// A slice of somebody's saved services, newest first.
pub(crate) async fn page(
    db: &PgPool,
    user: UserId,
    language: Language,
    paging: &Paging<(Instant, ServiceId)>,
) -> sqlx::Result<Vec<Saved>> {
    let mut params = Params::default();
    let user = params.add(user);
    let (comparison, direction) = (paging.comparison(Order::Descending), paging.direction(Order::Descending));
    let from = paging.key().map_or_else(String::new, |(at, id)| {
        let (at, id) = (params.add(*at), params.add(*id));
        format!(" and (f.created_at, f.service_id) {comparison} ({at}, {id})")
    });
    let (columns, limit, offset) = (ServiceRow::columns(language), paging.limit(), paging.offset());
    let text = format!(
        "select {columns}, true, null::float8, page.created_at, (select count(*) from ({}) counted)
           from (select f.service_id, f.created_at from favourites f join service_search d using (service_id)
                  where f.user_id = {user}{from}
                  order by f.created_at {direction}, f.service_id {direction} limit {limit} offset {offset}) page
           join service_search d on d.service_id = page.service_id
          cross join lateral (select d.provider_name as name) u
          cross join lateral (select d.is_verified) p
           join services s on s.id = page.service_id
          order by page.created_at {direction}, page.service_id {direction}",
        saved_text(&user.to_string())
    );
    params.fetch(db, text, offset == 0).await
}

/// How many services somebody has saved, up to [`EXACT_COUNT`] and one more.
pub(crate) async fn count(db: &PgPool, user: UserId) -> sqlx::Result<i64> {
    let mut params = Params::default();
    let user = params.add(user);
    let text = format!("select count(*) from ({}) counted", saved_text(&user.to_string()));
    let rows: Vec<(i64,)> = params.fetch(db, text, true).await?;
    Ok(rows.first().map_or(0, |row| row.0))
}

fn saved_text(user: &str) -> String {
    let limit = EXACT_COUNT + 1;
    format!(
        "select from favourites f join service_search d using (service_id) where f.user_id = {user} limit {limit}"
    )
}
