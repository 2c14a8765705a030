//! The SQL of the places that people want to hear of.

use platform::{
    ids::{AreaId, CategoryId, UserId},
    time::Instant,
};
use sqlx::{PgConnection, PgPool};

/// A circle that somebody wants to hear of.
#[derive(Clone, Debug)]
pub(crate) struct Area {
    pub(crate) id: AreaId,
    pub(crate) name: String,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    pub(crate) radius_km: i32,
    pub(crate) category_id: Option<CategoryId>,
    pub(crate) consented_at: Instant,
}

/// Somebody's places, the oldest first.
pub(crate) async fn of_user(db: &PgPool, user: UserId) -> sqlx::Result<Vec<Area>> {
    sqlx::query_as!(
        Area,
        "select id, name, latitude, longitude, radius_km, category_id, consented_at
           from notification_areas where user_id = $1 order by id",
        user as _,
    )
    .fetch_all(db)
    .await
}

/// Writes one, in the first of somebody's three places that is free; `false` where none is.
pub(crate) async fn insert(db: &mut PgConnection, user: UserId, area: &Area) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into notification_areas (id, user_id, place, name, latitude, longitude, radius_km, category_id, consented_at)
         select $1::uuid, $2::uuid, free.place, $3::text, $4::float8, $5::float8, $6::integer, $7::uuid, $8::timestamptz
           from generate_series(1, 3) free (place)
          where not exists (select from notification_areas a where a.user_id = $2 and a.place = free.place)
          order by free.place limit 1",
        area.id as _,
        user as _,
        area.name,
        area.latitude,
        area.longitude,
        area.radius_km,
        area.category_id as _,
        area.consented_at as _,
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// Whether there is such a category.
pub(crate) async fn is_category(db: &mut PgConnection, id: CategoryId) -> sqlx::Result<bool> {
    let known = sqlx::query_scalar!(
        r#"select exists (select from categories where id = $1 and is_active) as "known!""#,
        id as _,
    );
    known.fetch_one(db).await
}

/// Forgets one of somebody's; `false` where they have no such one.
pub(crate) async fn delete(db: &PgPool, user: UserId, id: AreaId) -> sqlx::Result<bool> {
    let done =
        sqlx::query!("delete from notification_areas where id = $1 and user_id = $2", id as _, user as _);
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// Forgets all of somebody's.
pub(crate) async fn delete_all(db: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query!("delete from notification_areas where user_id = $1", user as _).execute(db).await?;
    Ok(())
}
