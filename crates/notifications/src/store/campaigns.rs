//! The SQL of what staff send to many.

use platform::{
    ids::{CampaignId, UserId},
    time::Instant,
};
use sqlx::{PgConnection, types::Json};

use crate::model::{Category, Template, Words};

/// What staff send to many.
#[derive(Clone, Debug)]
pub(crate) struct Campaign {
    pub(crate) id: CampaignId,
    pub(crate) created_by: UserId,
    pub(crate) template: Template,
    pub(crate) audience: Audience,
    pub(crate) words: Words,
    pub(crate) channels: Vec<String>,
    pub(crate) send_at: Instant,
    pub(crate) recipients: i64,
    pub(crate) created_at: Instant,
}

/// To whom: people by name, or a segment.
#[derive(Clone, Debug)]
pub(crate) struct Audience {
    pub(crate) user_ids: Option<Vec<UserId>>,
    pub(crate) segment: Option<String>,
}

/// Who would get it: at most so many of them, after this one, in the order of their ids. For offers only those who
/// agreed to one of these channels.
pub(crate) async fn recipients(
    db: &mut PgConnection,
    audience: &Audience,
    category: Category,
    channels: &[String],
    now: Instant,
    (after, most): (Option<UserId>, i64),
) -> sqlx::Result<Vec<UserId>> {
    let inactive_since = now.minus(jiff::SignedDuration::from_hours(30 * 24));
    sqlx::query_scalar!(
        r#"select u.id as "id: UserId" from users u
             left join notification_preferences p on p.user_id = u.id
            where u.state = 'active' and ($1::uuid[] is null or u.id = any($1)) and ($6::uuid is null or u.id > $6)
              and case $2::text
                  when 'customers' then not u.is_provider
                  when 'providers' then u.is_provider
                  when 'language:en' then u.language = 'en'
                  when 'language:de' then u.language = 'de'
                  when 'language:it' then u.language = 'it'
                  when 'inactive_30d' then coalesce(u.last_login_at, u.created_at) < $5
                  else true end
              and ($3::text <> 'marketing'
                   or exists (select from unnest($4::text[]) c where (p.choices -> 'marketing' ->> c)::boolean))
            order by u.id limit $7"#,
        audience.user_ids.as_deref() as _,
        audience.segment,
        <&str>::from(category),
        channels,
        inactive_since as _,
        after as _,
        most,
    )
    .fetch_all(db)
    .await
}

/// How many would get it.
pub(crate) async fn count(
    db: &mut PgConnection,
    audience: &Audience,
    category: Category,
    channels: &[String],
    now: Instant,
) -> sqlx::Result<i64> {
    let inactive_since = now.minus(jiff::SignedDuration::from_hours(30 * 24));
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from users u
             left join notification_preferences p on p.user_id = u.id
            where u.state = 'active' and ($1::uuid[] is null or u.id = any($1))
              and case $2::text
                  when 'customers' then not u.is_provider
                  when 'providers' then u.is_provider
                  when 'language:en' then u.language = 'en'
                  when 'language:de' then u.language = 'de'
                  when 'language:it' then u.language = 'it'
                  when 'inactive_30d' then coalesce(u.last_login_at, u.created_at) < $5
                  else true end
              and ($3::text <> 'marketing'
                   or exists (select from unnest($4::text[]) c where (p.choices -> 'marketing' ->> c)::boolean))"#,
        audience.user_ids.as_deref() as _,
        audience.segment,
        <&str>::from(category),
        channels,
        inactive_since as _,
    )
    .fetch_one(db)
    .await
}

/// How many somebody has sent since then.
pub(crate) async fn sent_since(db: &mut PgConnection, by: UserId, since: Instant) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from notification_campaigns where created_by = $1 and created_at > $2"#,
        by as _,
        since as _,
    )
    .fetch_one(db)
    .await
}

/// Writes one.
pub(crate) async fn insert(db: &mut PgConnection, campaign: &Campaign) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into notification_campaigns (id, created_by, template, user_ids, segment, words, channels, send_at,
                recipients, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        campaign.id as _,
        campaign.created_by as _,
        campaign.template as _,
        campaign.audience.user_ids.as_deref() as _,
        campaign.audience.segment,
        Json(&campaign.words) as _,
        &campaign.channels,
        campaign.send_at as _,
        campaign.recipients,
        campaign.created_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// One.
pub(crate) async fn find(db: &mut PgConnection, id: CampaignId) -> sqlx::Result<Option<Campaign>> {
    let row = sqlx::query!(
        r#"select id, created_by, template, user_ids as "user_ids: Vec<UserId>", segment, words as "words: Json<Words>",
                  channels, send_at, recipients, created_at
             from notification_campaigns where id = $1"#,
        id as _,
    );
    let row = row.fetch_optional(db).await?;
    Ok(row.map(|row| Campaign {
        id: row.id,
        created_by: row.created_by,
        template: row.template,
        audience: Audience { user_ids: row.user_ids, segment: row.segment },
        words: row.words.0,
        channels: row.channels,
        send_at: row.send_at,
        recipients: row.recipients,
        created_at: row.created_at,
    }))
}
