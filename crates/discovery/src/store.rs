//! The SQL of words and rebuilding; lists are in [`crate::query`].

use std::ops::Range;

use jiff::Timestamp;
use platform::{ids::ServiceId, locale::Language, time::Instant};
use scheduling::{ExceptionDraft, StoredSchedule, WeeklyHours};
use sqlx::{PgConnection, PgExecutor, types::Json};
use uuid::Uuid;

use crate::terms::Form;

/// How the documents have each word.
pub(crate) async fn forms(
    db: impl PgExecutor<'_>,
    language: Language,
    words: &[String],
) -> sqlx::Result<Vec<(String, Form)>> {
    let rows = sqlx::query!(
        r#"select word as "word!", tsvector_to_array(to_tsvector('search_plain', word)) as "plain!",
                  tsvector_to_array(to_tsvector(('search_' || $2)::regconfig, word)) as "stems!"
             from unnest($1::text[]) word"#,
        words,
        language.code(),
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.word, Form { plain: row.plain, stems: row.stems })).collect())
}

/// Words that were learned after row `newest`, the frequent ones first.
pub(crate) async fn words_after(
    db: impl PgExecutor<'_>,
    newest: i64,
) -> sqlx::Result<Vec<(i64, String, i64)>> {
    let rows = sqlx::query!(
        "select id, word, frequency from search_words where id > $1 order by frequency desc limit 200000",
        newest
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.word, row.frequency)).collect())
}

/// Takes the words of at most 1,000 services into the vocabulary; says how many services that were.
pub(crate) async fn learn_words(db: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"with taken as (
               delete from search_unlearned
                where service_id in (select service_id from search_unlearned limit 1000 for update skip locked)
               returning service_id
           ), words as (
               select word, count(*) as frequency
                 from (select unnest(search_plain_words(service_id)) as word from taken) unnested
                group by word
           ), learned as (
               insert into search_words as w (word, frequency)
               select word, frequency from words order by word
               on conflict (word) do update set frequency = w.frequency + excluded.frequency
           )
           select count(*) as "count!" from taken"#
    )
    .fetch_one(db)
    .await
}

/// Reckons the popularity of every service and notes those whose number is off by more than two in a hundred.
pub(crate) async fn reckon_popularity(db: &mut PgConnection, now: Instant) -> sqlx::Result<()> {
    sqlx::query!("truncate search_popularity").execute(&mut *db).await?;
    sqlx::query!(
        "with recent as (
             select service_id,
                    sum(power(2::float8, -extract(epoch from $1::timestamptz - coalesce(completed_at, ends_at))::float8
                                         / (30 * 86400))) as bookings
               from bookings
              where state = 'completed' and coalesce(completed_at, ends_at) <= $1::timestamptz
                and coalesce(completed_at, ends_at) > $1::timestamptz - interval '90 days'
              group by service_id
         ), wanted as (
             select s.id, s.popularity as present,
                    (coalesce(r.bookings, 0) * (5 * 4.2 + s.rating_sum) / (5.0 + s.rating_count))::real as popularity
               from services s left join recent r on r.service_id = s.id
              where r.service_id is not null or s.popularity > 0
         )
         insert into search_popularity (service_id, popularity)
         select id, popularity from wanted where abs(present - popularity) > 0.02 * greatest(present, popularity)",
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes some of what was reckoned; says how many.
pub(crate) async fn write_popularity(db: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "with batch as (
             delete from search_popularity
              where service_id in (select service_id from search_popularity order by service_id limit 1000)
             returning service_id, popularity
         )
         update services s set popularity = batch.popularity from batch where s.id = batch.service_id",
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Puts some services into the tier that their popularity says; says how many it moved.
pub(crate) async fn assign_tiers(db: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select search_assign_tiers(2000) as "moved!""#).fetch_one(db).await
}

/// Lets the statements of this transaction take their time.
pub(crate) async fn take_time(db: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("select set_config('statement_timeout', '0', true)").fetch_one(db).await?;
    Ok(())
}

/// Makes all documents anew.
pub(crate) async fn rebuild(db: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("select search_rebuild()::text, search_rebuild_providers()::text")
        .fetch_one(&mut *db)
        .await?;
    Ok(())
}

/// Fresh statistics and visibility maps, without which plans are guesses and every index-only read also
/// looks at the row.
pub(crate) async fn vacuum(db: impl PgExecutor<'_>) -> sqlx::Result<()> {
    sqlx::query!("vacuum (analyze) service_search, provider_search, search_words").execute(db).await?;
    Ok(())
}

/// What decides when a service can start.
pub(crate) struct Offer {
    pub service_id: ServiceId,
    pub duration_minutes: i32,
    pub schedule: StoredSchedule,
    /// What is taken, buffers included.
    pub busy: Vec<Range<Timestamp>>,
}

/// The offers of services whose providers have a schedule and take bookings, with what is taken between two
/// instants.
pub(crate) async fn offers(
    db: impl PgExecutor<'_>,
    services: &[ServiceId],
    from: Instant,
    until: Instant,
) -> sqlx::Result<Vec<Offer>> {
    let ids: Vec<Uuid> = services.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"select s.id as "id: ServiceId", s.duration_minutes, c.timezone, c.weekly as "weekly: Json<Vec<WeeklyHours>>",
                  c.exceptions as "exceptions: Json<Vec<ExceptionDraft>>",
                  coalesce(s.min_notice_minutes, c.min_notice_minutes) as "min_notice_minutes!",
                  coalesce(s.max_advance_days, c.max_advance_days) as "max_advance_days!",
                  coalesce(s.buffer_before_minutes, c.buffer_before_minutes) as "buffer_before_minutes!",
                  coalesce(s.buffer_after_minutes, c.buffer_after_minutes) as "buffer_after_minutes!",
                  c.slot_step_minutes, c.auto_accept,
                  array(select lower(r.blocked) from reservations r
                         where r.provider_id = s.provider_id and r.blocked && tstzrange($2, $3)
                         order by r.blocked) as "starts!: Vec<Instant>",
                  array(select upper(r.blocked) from reservations r
                         where r.provider_id = s.provider_id and r.blocked && tstzrange($2, $3)
                         order by r.blocked) as "ends!: Vec<Instant>"
             from services s
             join providers p on p.user_id = s.provider_id and p.is_available
             join schedules c on c.provider_id = s.provider_id
            where s.id = any($1)"#,
        &ids,
        from as _,
        until as _,
    )
    .fetch_all(db)
    .await?;
    let offers = rows.into_iter().map(|row| Offer {
        service_id: row.id,
        duration_minutes: row.duration_minutes,
        schedule: StoredSchedule {
            timezone: row.timezone,
            weekly: row.weekly,
            exceptions: row.exceptions,
            min_notice_minutes: row.min_notice_minutes,
            max_advance_days: row.max_advance_days,
            buffer_before_minutes: row.buffer_before_minutes,
            buffer_after_minutes: row.buffer_after_minutes,
            slot_step_minutes: row.slot_step_minutes,
            auto_accept: row.auto_accept,
        },
        busy: row
            .starts
            .iter()
            .zip(&row.ends)
            .map(|(start, end)| start.timestamp()..end.timestamp())
            .collect(),
    });
    Ok(offers.collect())
}
