//! The SQL of what people wish to hear.

use platform::{ids::UserId, time::Instant};
use sqlx::{PgConnection, PgExecutor, types::Json};

use crate::{model::MailStop, preferences::Matrix, quiet::QuietHours};

/// What somebody wishes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Preferences {
    pub(crate) choices: Matrix,
    pub(crate) quiet_hours: Option<QuietHours>,
    /// When offers were agreed to.
    pub(crate) marketing_consent_at: Option<Instant>,
    /// Their number wants no SMS.
    pub(crate) is_sms_stopped: bool,
    /// Why their address gets no mail.
    pub(crate) mail_stop: Option<MailStop>,
    /// Their number, where it is verified.
    pub(crate) phone_number: Option<String>,
    /// Whether they have a device that shows push notifications.
    pub(crate) has_device: bool,
    /// Whether they are somebody who is told anything.
    pub(crate) is_active: bool,
}

/// What somebody wishes; the defaults where they never said.
pub(crate) async fn find(
    db: impl PgExecutor<'_>,
    user: UserId,
    now: Instant,
) -> sqlx::Result<Option<Preferences>> {
    let row = sqlx::query!(
        r#"select p.choices as "choices?: Json<Matrix>", p.quiet_hours as "quiet_hours?: Json<QuietHours>",
                  p.marketing_consent_at as "marketing_consent_at?: Instant",
                  exists (select from sms_stops s where s.phone_number = u.phone_number) as "is_sms_stopped!",
                  (select s.reason from mail_stops s where s.address = lower(u.email) and s.until > $2
                    order by s.reason limit 1) as "mail_stop: MailStop",
                  case when u.is_phone_verified then u.phone_number end as phone_number,
                  exists (select from notification_devices d where d.user_id = u.id
                           and not exists (select from sessions s where s.id = d.session_id and s.ended_at is not null))
                      as "has_device!",
                  u.state = 'active' as "is_active!"
             from users u left join notification_preferences p on p.user_id = u.id
            where u.id = $1"#,
        user as _,
        now as _,
    );
    let row = row.fetch_optional(db).await?;
    Ok(row.map(|row| Preferences {
        choices: row.choices.map(|choices| choices.0).unwrap_or_default(),
        quiet_hours: row.quiet_hours.map(|quiet| quiet.0),
        marketing_consent_at: row.marketing_consent_at,
        is_sms_stopped: row.is_sms_stopped,
        mail_stop: row.mail_stop,
        phone_number: row.phone_number,
        has_device: row.has_device,
        is_active: row.is_active,
    }))
}

/// Makes sure that nobody else changes somebody's wishes until the transaction ends.
pub(crate) async fn lock(db: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query!("select from users where id = $1 for no key update", user as _).execute(db).await?;
    Ok(())
}

/// Writes what somebody wishes.
pub(crate) async fn save(
    db: &mut PgConnection,
    user: UserId,
    preferences: &Preferences,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into notification_preferences (user_id, choices, quiet_hours, marketing_consent_at, updated_at)
         values ($1, $2, $3, $4, $5)
         on conflict (user_id) do update set choices = excluded.choices, quiet_hours = excluded.quiet_hours,
            marketing_consent_at = excluded.marketing_consent_at, updated_at = excluded.updated_at",
        user as _,
        Json(preferences.choices) as _,
        preferences.quiet_hours.as_ref().map(Json) as _,
        preferences.marketing_consent_at as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A number wants no SMS any more, or again.
pub(crate) async fn stop_sms(
    db: &mut PgConnection,
    phone_number: &str,
    is_stopped: bool,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with gone as (delete from sms_stops where phone_number = $1 and not $2::boolean)
         insert into sms_stops (phone_number, created_at) select $1, $3 where $2
         on conflict (phone_number) do nothing",
        phone_number,
        is_stopped,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

impl Preferences {
    /// Choosing a channel for offers is the consent to them, and choosing none takes it back.
    pub(crate) fn agree(&mut self, now: Instant) {
        let is_agreed = self.choices.marketing.is_any();
        self.marketing_consent_at = self.marketing_consent_at.or(Some(now)).filter(|_| is_agreed);
    }
}
