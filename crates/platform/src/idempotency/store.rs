//! The SQL of keys.

use sqlx::PgConnection;
use uuid::Uuid;

use super::RequestKey;
use crate::time::Instant;

/// An answer as it is stored.
pub(super) struct StoredAnswer {
    pub(super) status: i16,
    pub(super) headers: serde_json::Value,
    pub(super) sealed_body: Vec<u8>,
}

/// What was found where a key was to be claimed.
pub(super) enum Found {
    /// It is ours now; an earlier holder may have begun something.
    Claimed { subject: Option<Uuid> },
    /// Somebody's, with this fingerprint; without an answer while they work.
    Taken { fingerprint: Vec<u8>, answer: Option<StoredAnswer> },
}

/// Claims a key that nobody holds any more, or says what is there: one statement, whose commit does not wait for the
/// disk, since whatever the claim protects is committed after it.
pub(super) async fn claim(
    db: &mut PgConnection,
    key: &RequestKey,
    claim: Uuid,
    leased_until: Instant,
    now: Instant,
) -> sqlx::Result<Option<Found>> {
    let row = sqlx::query!(
        r#"with claimed as (
               insert into idempotency_keys as k
                      (user_id, method, path, key, fingerprint, claim_id, leased_until, created_at)
               select $1, $2, $3, $4, $5, $6, $7, $8
                where set_config('synchronous_commit', 'off', true) = 'off'
               on conflict (user_id, method, path, key) do update
                  set claim_id = excluded.claim_id, leased_until = excluded.leased_until
                where k.status is null and k.leased_until <= $8 and k.fingerprint = excluded.fingerprint
               returning k.subject_id)
           select true as "is_claimed!", subject_id, null::bytea as fingerprint, null::smallint as status,
                  null::jsonb as headers, null::bytea as sealed_body
             from claimed
           union all
           select false, null, fingerprint, status, headers, sealed_body
             from idempotency_keys
            where user_id = $1 and method = $2 and path = $3 and key = $4 and not exists (select from claimed)"#,
        key.user,
        key.method.as_str(),
        key.path,
        key.key,
        key.fingerprint,
        claim,
        leased_until as _,
        now as _,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| {
        if row.is_claimed {
            return Found::Claimed { subject: row.subject_id };
        }
        let answer = row.status.zip(row.headers).zip(row.sealed_body);
        Found::Taken {
            fingerprint: row.fingerprint.unwrap_or_default(),
            answer: answer.map(|((status, headers), sealed_body)| StoredAnswer {
                status,
                headers,
                sealed_body,
            }),
        }
    }))
}

/// Writes the answer; `false` where somebody else has taken the key over.
pub(super) async fn save(
    db: &mut PgConnection,
    key: &RequestKey,
    claim: Uuid,
    answer: &StoredAnswer,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update idempotency_keys set status = $6, headers = $7, sealed_body = $8, leased_until = null
          where user_id = $1 and method = $2 and path = $3 and key = $4 and claim_id = $5 and status is null",
        key.user,
        key.method.as_str(),
        key.path,
        key.key,
        claim,
        answer.status,
        answer.headers,
        answer.sealed_body,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes what has been begun under a key, or that it has come to nothing; `false` where somebody else has taken the
/// key over.
pub(super) async fn set_subject(
    db: &mut PgConnection,
    key: &RequestKey,
    claim: Uuid,
    subject: Option<Uuid>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update idempotency_keys set subject_id = $6
          where user_id = $1 and method = $2 and path = $3 and key = $4 and claim_id = $5 and status is null",
        key.user,
        key.method.as_str(),
        key.path,
        key.key,
        claim,
        subject,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives a claim up that has no answer: the key is free again, for the same request alone where something was begun.
pub(super) async fn release(
    db: &mut PgConnection,
    key: &RequestKey,
    claim: Uuid,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with deleted as (
             delete from idempotency_keys
              where user_id = $1 and method = $2 and path = $3 and key = $4 and claim_id = $5 and status is null
                and subject_id is null)
         update idempotency_keys set leased_until = $6
          where user_id = $1 and method = $2 and path = $3 and key = $4 and claim_id = $5 and status is null
            and subject_id is not null",
        key.user,
        key.method.as_str(),
        key.path,
        key.key,
        claim,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets keys that are older.
pub(super) async fn forget(db: &mut PgConnection, before: Instant) -> sqlx::Result<()> {
    sqlx::query!("delete from idempotency_keys where created_at < $1", before as _).execute(db).await?;
    Ok(())
}
