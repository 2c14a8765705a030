//! The SQL of what waits for an operator's decision.

use platform::{
    ids::BookingId,
    page::{Order, Paging},
    time::Instant,
};
use sqlx::{PgConnection, QueryBuilder};

use crate::model::Booking;

/// What the list is ordered by: since when it is disputed, then the id.
pub(crate) type DisputeKey = (i64, BookingId);

pub(crate) fn dispute_key(booking: &Booking) -> DisputeKey {
    (booking.disputed_at.map_or(0, Instant::as_micros), booking.id)
}

/// One page of the disputed bookings with their histories, the oldest dispute first, and the bounded count.
pub(crate) async fn disputed(
    db: &mut PgConnection,
    paging: &Paging<DisputeKey>,
) -> sqlx::Result<(Vec<Booking>, i64)> {
    let mut counting = QueryBuilder::new(
        "select count(*) from (select 1 from bookings where state = 'disputed' limit 1001) n",
    );
    let total: i64 = counting.build_query_scalar().fetch_one(&mut *db).await?;
    let mut query = QueryBuilder::new(
        "select b.*, c.name as customer_name, p.name as provider_name, null::uuid as proposal_id,
                null::text as proposal_by, null::timestamptz as proposal_starts_at,
                null::timestamptz as proposal_ends_at, null::text as proposal_timezone,
                null::text as proposal_reason, null::timestamptz as proposal_created_at,
                null::timestamptz as proposal_expires_at,
                (select jsonb_agg(jsonb_build_object('at', h.at, 'event', h.event, 'from', h.from_state,
                                  'to', h.to_state, 'by', h.actor, 'reason', h.reason) order by h.id)
                   from booking_history h where h.booking_id = b.id) as history
           from bookings b join users c on c.id = b.customer_id join users p on p.id = b.provider_id
          where b.state = 'disputed'",
    );
    if let Some((at, id)) = paging.key() {
        query.push(format_args!(" and (b.disputed_at, b.id) {} (", paging.comparison(Order::Ascending)));
        query.push_bind(Instant::from_micros(*at)).push(", ").push_bind(*id).push(")");
    }
    let direction = paging.direction(Order::Ascending);
    query.push(format_args!(
        " order by b.disputed_at {direction}, b.id {direction} limit {} offset {}",
        paging.limit(),
        paging.offset(),
    ));
    Ok((query.build_query_as().fetch_all(db).await?, total))
}
