//! Reading categories.

use sqlx::PgExecutor;

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
