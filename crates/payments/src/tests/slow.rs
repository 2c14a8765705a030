//! A gateway that does not answer: its payers get an answer all the same, and nobody else notices.

use futures_util::future::join_all;

use super::World;

#[tokio::test]
async fn a_gateway_that_says_nothing_holds_up_nobody_else() {
    // Fewer connections to the database than payments that wait.
    let w = World::tuned(true, &["--database-connections", "2"]).await;
    let mut bookings = Vec::new();
    for day in 4..8 {
        for time in ["08:00", "11:00", "14:00"] {
            bookings.push(w.hold_at(&format!("2026-03-{day:02}"), time, "card", "immediate").await);
        }
    }
    let mut payments = std::pin::pin!(join_all(bookings.iter().map(|booking| w.pay(booking, "slow"))));
    let others = async {
        // All of them wait for the gateway by now: each has written down what it asks.
        while w.open_operations().await < 12 {
            tokio::task::yield_now().await;
        }
        for _ in 0..50 {
            w.ann.get("/payments/history/").await.expect(200);
            w.bob.get("/providers/earnings/").await.expect(200);
        }
        let paid = w.hold_at("2026-03-09", "08:00", "card", "immediate").await;
        w.pay(&paid, "visa").await.expect(201);
    };
    tokio::select! {
        biased;
        _ = &mut payments => panic!("the others had to wait for the slow ones"),
        () = others => {}
    }
    for answer in payments.await {
        assert_eq!(answer.expect(201)["status"], "processing");
    }
    w.books().await;
}

impl World {
    async fn open_operations(&self) -> i64 {
        sqlx::query_scalar!(r#"select count(*) as "count!" from payment_operations where state = 'started'"#)
            .fetch_one(&self.t.app.db)
            .await
            .unwrap()
    }
}
