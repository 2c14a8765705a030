//! The SQL of goodwill.

use platform::{
    ids::{GrantId, UserId},
    time::Instant,
};
use sqlx::PgConnection;

use crate::goodwill::{Grant, GrantState};

/// Writes a new proposal; `false` where there is no such person.
pub(crate) async fn insert(db: &mut PgConnection, grant: &Grant) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into goodwill_grants (id, user_id, amount_minor, reason, state, proposed_by, created_at)
         select $1, id, $3, $4, $5, $6, $7 from users where id = $2 and state = 'active'",
        grant.id as _,
        grant.user_id as _,
        grant.amount_minor,
        grant.reason,
        grant.state as _,
        grant.proposed_by as _,
        grant.created_at as _,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A grant, held until the transaction ends.
pub(crate) async fn lock(db: &mut PgConnection, id: GrantId) -> sqlx::Result<Option<Grant>> {
    sqlx::query_as!(
        Grant,
        r#"select id as "id: GrantId", user_id as "user_id: UserId", amount_minor, reason, state as "state: GrantState",
                  proposed_by as "proposed_by: UserId", decided_by as "decided_by: UserId",
                  created_at as "created_at: Instant", decided_at as "decided_at: Instant"
             from goodwill_grants where id = $1 for update"#,
        id as _,
    )
    .fetch_optional(db)
    .await
}

/// The newest hundred.
pub(crate) async fn newest(db: &mut PgConnection) -> sqlx::Result<Vec<Grant>> {
    sqlx::query_as!(
        Grant,
        r#"select id as "id: GrantId", user_id as "user_id: UserId", amount_minor, reason, state as "state: GrantState",
                  proposed_by as "proposed_by: UserId", decided_by as "decided_by: UserId",
                  created_at as "created_at: Instant", decided_at as "decided_at: Instant"
             from goodwill_grants order by id desc limit 1001"#
    )
    .fetch_all(db)
    .await
}

/// Writes the decision.
pub(crate) async fn save(db: &mut PgConnection, grant: &Grant) -> sqlx::Result<()> {
    sqlx::query!(
        "update goodwill_grants set state = $2, decided_by = $3, decided_at = $4 where id = $1",
        grant.id as _,
        grant.state as _,
        grant.decided_by as _,
        grant.decided_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
