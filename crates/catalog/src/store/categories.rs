//! Reading categories.

use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use crate::category::CategoryRow;

/// All of them, by position.
pub(crate) async fn all(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<CategoryRow>> {
    sqlx::query_as!(
        CategoryRow,
        r#"select id, slug, parent_id, position, icon, color, name as "name: _", description as "description: _",
                  is_active, services_count
             from categories order by position, slug"#,
    )
    .fetch_all(db)
    .await
}

/// Which of `ids` can be chosen.
pub(crate) async fn active_among(db: &mut PgConnection, ids: &[Uuid]) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(r#"select id as "id: Uuid" from categories where id = any($1) and is_active"#, ids)
        .fetch_all(db)
        .await
}
