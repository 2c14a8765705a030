//! People who have blocked each other.

use super::*;

const LISTS: [&str; 4] = [
    "/services/?ordering=price",
    "/services/popular/?x=1",
    "/services/nearby/?lat=52.5&lng=13.4",
    "/services/?search=a",
];

impl Market {
    async fn block(&self, blocker: UserId, blocked: UserId) {
        sqlx::query!(
            "insert into user_blocks values ($1, $2, $3)",
            blocker as _,
            blocked as _,
            self.test.now() as _
        )
        .execute(&self.test.app.db)
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn who_blocked_somebody_or_was_blocked_is_not_shown_to_them() {
    for is_visitors in [true, false] {
        let market = Market::open().await;
        market.service("A", none()).await;
        let (visitor, provider) = (market.visitor.id(), market.provider.id());
        let (blocker, blocked) = if is_visitors { (visitor, provider) } else { (provider, visitor) };
        market.block(blocker, blocked).await;
        let others = [market.test.user("Eve").await, market.test.anonymous(), market.provider.clone()];
        for path in LISTS {
            assert!(market.titles(path).await.is_empty(), "{path}");
            // Others see it, and so does its owner.
            for other in &others {
                assert_eq!(titles(&other.get(path).await.expect(200)), ["A"], "{path}");
            }
        }
    }
}

#[tokio::test]
async fn a_list_goes_on_behind_whom_somebody_blocked() {
    let market = Market::open().await;
    let other = market.test.provider("Other").await;
    market.service("A", none()).await;
    market.service_of(other.id(), "B", none()).await;
    market.service("C", none()).await;
    market.block(market.visitor.id(), other.id()).await;
    let mut left = walk(&market.visitor, "/services/?ordering=price&page_size=1").await;
    left.sort();
    assert_eq!(left, ["A", "C"]);
}
