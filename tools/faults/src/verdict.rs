//! What must be true in the end, whatever happened on the way.

use std::time::{Duration, Instant};

use anyhow::Result;
use sqlx::{Connection as _, PgConnection};
use tokio::time::sleep;

use crate::people::Journal;

/// What was on its way must have arrived by then (quality page: 60 s after the last fault).
const LONGEST: Duration = Duration::from_secs(90);

/// Waits until nothing is on its way any more; gives what is left.
pub async fn settle(url: &str) -> Result<Vec<String>> {
    let mut db = PgConnection::connect(url).await?;
    let began = Instant::now();
    loop {
        // Payments that nobody knows the end of, and what was to follow from one.
        let left = sqlx::query_scalar!(
            r#"select format('payment %s is still %s', id, state) as "left!" from payments where state = 'processing'
             union all
             select format('operation %s (%s) is still %s', id, task, state) from payment_operations where state in ('started', 'open')
             union all
             select format('job %s (%s) failed for good: %s', id, kind, last_error) from jobs where dead_at is not null
             union all
             select format('%s events were not told', count(*)) from outbox having count(*) > 0"#
        )
        .fetch_all(&mut db)
        .await?;
        if left.is_empty() || began.elapsed() > LONGEST {
            return Ok(left);
        }
        sleep(Duration::from_millis(500)).await;
    }
}

/// What the gateway did and should not have done, and what was acknowledged and is not there; in words.
pub async fn broken(url: &str, journal: &Journal) -> Result<Vec<String>> {
    let mut db = PgConnection::connect(url).await?;
    let broken = sqlx::query_scalar!(
        r#"with gateway as (
              select p.booking_id,
                     sum(b.amount) filter (where b.kind = 'charge') as charged,
                     count(*) filter (where b.kind = 'charge') as charges,
                     coalesce(sum(b.amount) filter (where b.kind = 'refund'), 0) as refunded
                from sandbox_book b
                join payment_operations o on o.id = b.operation
                join payments p on p.id = o.payment_id
               group by 1
          ), due as (
              select b.id, b.state, b.total_minor, case when b.state = 'cancelled_by_customer' then b.refund_minor else b.total_minor end as refund,
                     b.state in ('pending_acceptance', 'confirmed', 'in_progress', 'completed') as stands
                from bookings b where b.id::text = any($1::text[])
          )
          select format('booking %s was charged %s times', booking_id, charges) as "broken!" from gateway where charges > 1
          union all
          select format('booking %s of %s is %s, and the gateway kept %s', d.id, d.total_minor, d.state,
                        coalesce(g.charged - g.refunded, 0))
            from due d left join gateway g on g.booking_id = d.id
           where d.state = 'confirmed' and coalesce(g.charged, 0) - coalesce(g.refunded, 0) <> d.total_minor
              or not d.stands and coalesce(g.charged - g.refunded, 0)
                                <> coalesce(g.charged, 0) - least(coalesce(g.charged, 0), d.refund)
          union all
          select format('charge %s is not ours', b.reference)
            from sandbox_book b where not exists (select from payment_operations o where o.id = b.operation)
          union all
          select format('booking %s was acknowledged and is not there', noted)
            from unnest($1::text[]) noted where not exists (select from bookings b where b.id::text = noted)
          union all
          select format('payment %s was acknowledged as complete and is not', noted)
            from unnest($2::text[]) noted
           where not exists (select from payments p where p.id::text = noted and p.captured_minor = p.amount_minor)
          union all
          select format('the cancellation of %s was acknowledged and is not there', noted)
            from unnest($3::text[]) noted
           where not exists (select from bookings b where b.id::text = noted and b.cancelled_by = 'customer')"#,
        &journal.bookings,
        &journal.paid,
        &journal.cancelled,
    );
    Ok(broken.fetch_all(&mut db).await?)
}
