//! Sign-ins and the refresh tokens that carry them on.

use platform::{
    auth::StaffRole,
    ids::{SessionId, UserId},
    locale::Language,
    page::{Order, Paging, Position},
    time::Instant,
};
use sqlx::{PgConnection, PgExecutor, PgPool, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::{
    model::AccountState,
    throttle::{Device, SeenDevice},
};

/// A sign-in, as its owner sees it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Session {
    pub id: SessionId,
    pub device_name: Option<String>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub created_at: Instant,
    pub last_used_at: Instant,
}

/// What decides on an access token.
pub struct CallerRow {
    pub language: Language,
    pub is_provider: bool,
    pub staff_role: Option<StaffRole>,
    pub state: AccountState,
    pub expires_at: Instant,
    pub ended_at: Option<Instant>,
}

/// The session and its person, as they are now.
pub async fn caller(db: &PgPool, session: SessionId, user: UserId) -> sqlx::Result<Option<CallerRow>> {
    sqlx::query_as!(
        CallerRow,
        "select u.language, u.is_provider, u.staff_role, u.state, s.expires_at, s.ended_at
           from sessions s join users u on u.id = s.user_id
          where s.id = $1 and s.user_id = $2",
        session as _,
        user as _,
    )
    .fetch_optional(db)
    .await
}

/// A sign-in that begins.
pub struct NewSession<'a> {
    pub id: SessionId,
    pub user: UserId,
    pub device: &'a Device,
    /// Of the token that the device gets, to be known by at its next sign-in.
    pub device_token_hash: Vec<u8>,
    pub now: Instant,
    pub expires_at: Instant,
}

/// A new sign-in.
pub async fn insert(db: &mut PgConnection, new: NewSession<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into sessions (id, user_id, device_name, ip, user_agent, created_at, last_used_at, expires_at,
                               device_token_hash)
         values ($1, $2, $3, $4, $5, $6, $6, $7, $8)",
        new.id as _,
        new.user as _,
        new.device.name,
        new.device.ip,
        new.device.user_agent,
        new.now as _,
        new.expires_at as _,
        new.device_token_hash,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// When a session of somebody began.
pub async fn created_at(db: &PgPool, session: SessionId, user: UserId) -> sqlx::Result<Option<Instant>> {
    sqlx::query_scalar!(
        "select created_at from sessions where id = $1 and user_id = $2",
        session as _,
        user as _,
    )
    .fetch_optional(db)
    .await
}

/// No device of somebody is known any more, but the one of `except`.
pub async fn distrust(db: &mut PgConnection, user: UserId, except: Option<SessionId>) -> sqlx::Result<()> {
    sqlx::query!(
        "update sessions set is_trusted = false
          where user_id = $1 and is_trusted and ($2::uuid is null or id <> $2)",
        user as _,
        except.map(SessionId::uuid),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The devices that signed in to an account since then and are still trusted, the latest 100.
pub async fn devices(db: impl PgExecutor<'_>, user: Uuid, since: Instant) -> sqlx::Result<Vec<SeenDevice>> {
    sqlx::query_as!(
        SeenDevice,
        "select ip, device_token_hash as token_hash from sessions
          where user_id = $1 and created_at > $2 and is_trusted order by id desc limit 100",
        user,
        since as _,
    )
    .fetch_all(db)
    .await
}

/// A page of the live sign-ins of somebody, latest first.
pub async fn list(
    db: &PgPool,
    user: UserId,
    now: Instant,
    idle_since: Instant,
    paging: &Paging<SessionId>,
) -> sqlx::Result<Vec<Session>> {
    let mut query = QueryBuilder::<Postgres>::new(
        "select id, device_name, ip, user_agent, created_at, last_used_at from sessions where ended_at is null and user_id = ",
    );
    query
        .push_bind(user)
        .push(" and expires_at > ")
        .push_bind(now)
        .push(" and last_used_at > ")
        .push_bind(idle_since);
    if let Position::After(key) | Position::Before(key) = &paging.position {
        query.push(format!(" and id {} ", paging.comparison(Order::Descending))).push_bind(*key);
    }
    query.push(format!(
        " order by id {} limit {} offset {}",
        paging.direction(Order::Descending),
        paging.limit(),
        paging.offset()
    ));
    query.build_query_as().fetch_all(db).await
}

/// How many there are; counting stops behind 1,000.
pub async fn count(db: &PgPool, user: UserId, now: Instant, idle_since: Instant) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from (select from sessions where ended_at is null and user_id = $1
             and expires_at > $2 and last_used_at > $3 limit 1001) as counted"#,
        user as _,
        now as _,
        idle_since as _,
    )
    .fetch_one(db)
    .await
}

/// Ends sessions of somebody: one, or all, or all but one. Returns those that were alive.
pub async fn end(
    db: &mut PgConnection,
    user: UserId,
    only: Option<SessionId>,
    except: Option<SessionId>,
    reason: &str,
    now: Instant,
) -> sqlx::Result<Vec<SessionId>> {
    sqlx::query_scalar!(
        "with chosen as (select id from sessions
                          where user_id = $1 and ended_at is null
                            and ($2::uuid is null or id = $2) and ($3::uuid is null or id <> $3)
                          order by id for update)
         update sessions set ended_at = $4, ended_reason = $5 where id in (select id from chosen) returning id",

        user as _,
        only.map(SessionId::uuid),
        except.map(SessionId::uuid),
        now as _,
        reason,
    )
    .fetch_all(db)
    .await
}

/// What decides on a refresh token.
pub struct RefreshRow {
    pub session_id: SessionId,
    pub user_id: UserId,
    pub used_at: Option<Instant>,
    pub expires_at: Instant,
    pub last_used_at: Instant,
    pub ended_at: Option<Instant>,
}

/// Finds a refresh token and holds it and its session, so that of a hundred calls at once one is first.
pub async fn lock_refresh(db: &mut PgConnection, hash: &[u8]) -> sqlx::Result<Option<RefreshRow>> {
    sqlx::query_as!(
        RefreshRow,
        "select t.session_id, s.user_id, t.used_at, s.expires_at, s.last_used_at, s.ended_at
           from refresh_tokens t join sessions s on s.id = t.session_id
          where t.token_hash = $1 for update",
        hash,
    )
    .fetch_optional(db)
    .await
}

/// Finds the session and the person of a refresh token that still carries a living session on.
pub async fn of_refresh(
    db: &PgPool,
    hash: &[u8],
    now: Instant,
    idle_since: Instant,
) -> sqlx::Result<Option<(SessionId, UserId)>> {
    let row = sqlx::query!(
        "select t.session_id, s.user_id from refresh_tokens t join sessions s on s.id = t.session_id
          where t.token_hash = $1 and t.used_at is null
            and s.ended_at is null and s.expires_at > $2 and s.last_used_at > $3",
        hash,
        now as _,
        idle_since as _,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.session_id, row.user_id)))
}

/// A new refresh token of a session.
pub async fn insert_refresh(
    db: &mut PgConnection,
    hash: &[u8],
    session: SessionId,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into refresh_tokens (token_hash, session_id, created_at) values ($1, $2, $3)",
        hash,
        session as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A refresh token has been used, and so has its session.
pub async fn use_refresh(
    db: &mut PgConnection,
    hash: &[u8],
    session: SessionId,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with used as (update refresh_tokens set used_at = $3 where token_hash = $1)
         update sessions set last_used_at = $3 where id = $2",
        hash,
        session as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Tokens of sessions that are over: those that ended before `ended`, and those that have expired.
pub async fn delete_old_refresh(db: &PgPool, ended: Instant, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from refresh_tokens t using sessions s
          where s.id = t.session_id and (s.ended_at < $1 or s.expires_at < $2)",
        ended as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Sessions that expired before then.
pub async fn delete_old(db: &PgPool, before: Instant) -> sqlx::Result<()> {
    sqlx::query!("delete from sessions where expires_at < $1", before as _).execute(db).await?;
    Ok(())
}
