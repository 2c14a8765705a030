//! The gateway's book and ours, compared.

use jiff::SignedDuration;
use platform::ports::gateway::Period;

use super::World;

impl World {
    /// What differs today, as `kind ours theirs`.
    async fn differences(&self) -> Vec<String> {
        let (now, day) = (self.t.now(), SignedDuration::from_hours(24));
        for gateway in self.t.app.gateways.each() {
            let period = Period { from: now.minus(day), until: now.plus(day) };
            crate::reconcile::reconcile(&self.t.app, gateway, period).await.unwrap();
        }
        let rows = sqlx::query_scalar!(
            r#"select concat_ws(' ', kind, coalesce(ours::text, '-'), coalesce(theirs::text, '-')) as "row!"
                 from payment_differences order by kind, ours"#
        );
        rows.fetch_all(&self.t.app.db).await.unwrap()
    }
}

#[tokio::test]
async fn books_that_agree_have_no_differences() {
    let w = World::new().await;
    let (booking, _) = w.paid("visa").await;
    w.accept(&booking).await;
    w.cancel(&w.bob, &booking).await;
    w.paid_at("2026-03-06").await;
    assert_eq!(w.gateway_book().await, "charge 4990, refund 4990");
    assert_eq!(w.differences().await, [""; 0]);
}

#[tokio::test]
async fn what_only_one_book_has_is_listed_once() {
    let w = World::instant().await;
    w.paid("visa").await;
    w.paid_at("2026-03-06").await;
    sqlx::query!("update payment_operations set amount_minor = 4989 where id = (select id from payment_operations limit 1)")
        .execute(&w.t.app.db).await.unwrap();
    sqlx::query!("update payment_operations set state = 'open' where amount_minor = 4990")
        .execute(&w.t.app.db)
        .await
        .unwrap();
    assert_eq!(w.differences().await, ["charge 4989 4990", "charge - 4990"]);
    assert_eq!(w.differences().await.len(), 2);
}
