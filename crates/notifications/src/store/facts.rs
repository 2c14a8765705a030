//! The SQL of what messages say about things of other features.

use bookings::State;
use platform::{
    ids::{BookingId, PaymentId, ServiceId, UserId},
    money::Currency,
};
use sqlx::PgConnection;

use crate::rules::{BookingFacts, PaymentFacts};

/// What messages about a booking say of it.
pub(crate) async fn booking(db: &mut PgConnection, id: BookingId) -> sqlx::Result<Option<BookingFacts>> {
    sqlx::query_as!(
        BookingFacts,
        r#"select b.customer_id, b.provider_id, c.name as customer, p.name as provider, b.service_title as service,
                  b.state as "state: State", b.starts_at, b.timezone
             from bookings b join users c on c.id = b.customer_id join users p on p.id = b.provider_id
            where b.id = $1"#,
        id as _,
    )
    .fetch_optional(db)
    .await
}

/// What messages about a payment say of it, its papers aside.
pub(crate) async fn payment(db: &mut PgConnection, id: PaymentId) -> sqlx::Result<Option<PaymentFacts>> {
    let row = sqlx::query!(
        r#"select p.amount_minor, p.currency as "currency: Currency", b.service_title as "service?", c.name as customer,
                  s.name as "provider?", b.timezone as "timezone?"
             from payments p
             join users c on c.id = p.user_id
             left join bookings b on b.id = p.booking_id
             left join users s on s.id = b.provider_id
            where p.id = $1"#,
        id as _,
    );
    let row = row.fetch_optional(db).await?;
    Ok(row.map(|row| PaymentFacts {
        amount: (row.amount_minor, row.currency),
        service: row.service,
        customer: row.customer,
        provider: row.provider,
        timezone: row.timezone,
        papers: Vec::new(),
    }))
}

/// A service that anybody may find, and whoever saved a place near it and has heard of fewer than so many today.
pub(crate) struct Near {
    pub(crate) user_id: UserId,
    pub(crate) area: String,
    pub(crate) title: String,
}

/// Who wants to hear of a new service: each person once, by the nearest of their places.
pub(crate) async fn near(
    db: &mut PgConnection,
    service: ServiceId,
    since: platform::time::Instant,
    most: i64,
) -> sqlx::Result<Vec<Near>> {
    sqlx::query_as!(
        Near,
        r#"with place as (
               select s.title, s.provider_id, s.category_id, c.parent_id,
                      search_position(coalesce(s.latitude, p.latitude), coalesce(s.longitude, p.longitude)) as position
                 from services s
                 join providers p on p.user_id = s.provider_id
                 join categories c on c.id = s.category_id
                where s.id = $1 and s.is_active
           )
           select distinct on (a.user_id) a.user_id as "user_id!: UserId", a.name as "area!", place.title as "title!"
             from place
             join notification_areas a on a.position <@ cube_enlarge(place.position, search_chord(50), 3)
              and cube_distance(a.position, place.position) <= search_chord(a.radius_km)
            where a.user_id <> place.provider_id
              and (a.category_id is null or a.category_id in (place.category_id, place.parent_id))
              and (select count(*) from notifications n
                    where n.user_id = a.user_id and n.template = 'service_nearby' and n.created_at > $2) < $3
            order by a.user_id, cube_distance(a.position, place.position)"#,
        service as _,
        since as _,
        most,
    )
    .fetch_all(db)
    .await
}

/// Those who decide on reports.
pub(crate) async fn moderators(db: &mut PgConnection) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        r#"select id as "id: UserId" from users
            where staff_role in ('moderator', 'superuser') and state = 'active' order by id limit 100"#
    )
    .fetch_all(db)
    .await
}
