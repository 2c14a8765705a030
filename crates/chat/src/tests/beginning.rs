//! Who may begin a conversation with whom.

use jiff::SignedDuration;
use serde_json::json;

use super::{World, begin, block, booking, get, say};

#[tokio::test]
async fn there_is_one_conversation_of_two_people() {
    let w = World::new().await;
    let first = begin(&w.ann, json!({"provider_id": w.bob.id()})).await.expect(201);
    insta::assert_snapshot!(first.masked());
    let again = begin(&w.ann, json!({"participant_id": w.bob.id()})).await.expect(200);
    let from_bob = begin(&w.bob, json!({"customer_id": w.ann.id()})).await.expect(200);
    assert_eq!([again["id"].clone(), from_bob["id"].clone()], [first["id"].clone(), first["id"].clone()]);
}

#[tokio::test]
async fn two_who_begin_at_once_begin_one() {
    let w = World::new().await;
    w.booking("completed").await;
    let to_bob = begin(&w.ann, json!({"provider_id": w.bob.id()}));
    let to_ann = begin(&w.bob, json!({"customer_id": w.ann.id()}));
    let (one, other) = tokio::join!(to_bob, to_ann);
    assert_eq!(one["id"], other["id"]);
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201]);
}

#[tokio::test]
async fn a_booking_has_a_conversation_of_its_own() {
    let w = World::new().await;
    let pair = w.conversation().await;
    let booking = w.booking("pending_acceptance").await;
    let about = begin(&w.bob, json!({"booking_id": booking})).await.expect(201);
    assert_ne!(about.str("id"), pair);
    assert_eq!(about["booking_id"], json!(booking));
    assert_eq!(about["customer_id"], json!(w.ann.id()));
    let same = begin(&w.ann, json!({"booking_id": booking, "provider_id": w.bob.id()})).await.expect(200);
    assert_eq!(same["id"], about["id"]);
    let eve = w.t.user("Eve").await;
    begin(&eve, json!({"booking_id": booking})).await.refused(404, "not_found");
    begin(&w.ann, json!({"booking_id": booking, "participant_id": eve.id()})).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_provider_writes_first_only_to_who_has_booked_them() {
    let w = World::new().await;
    begin(&w.bob, json!({"customer_id": w.ann.id()})).await.refused(404, "not_found");
    w.booking("declined").await;
    let begun = begin(&w.bob, json!({"customer_id": w.ann.id()})).await.expect(201);
    assert_eq!((&begun["customer_id"], &begun["provider_id"]), (&json!(w.ann.id()), &json!(w.bob.id())));
}

#[tokio::test]
async fn nobody_talks_to_themselves_or_to_nobody() {
    let w = World::new().await;
    let field =
        |answer: platform::testing::Answer| answer.refused(422, "validation_failed")["errors"].clone();
    let own = field(begin(&w.bob, json!({"provider_id": w.bob.id()})).await);
    assert_eq!(own["provider_id"][0], "This is you.");
    field(begin(&w.ann, json!({})).await);
    field(begin(&w.ann, json!({"provider_id": w.bob.id(), "customer_id": w.t.user("Eve").await.id()})).await);
    let nobody = "019a0000-0000-7000-8000-000000000000";
    begin(&w.ann, json!({"provider_id": nobody})).await.refused(404, "not_found");
}

#[tokio::test]
async fn inquiries_are_limited_a_day_and_bookings_do_not_count() {
    let w = World::with(&["--limit-inquiries", "2"]).await;
    let (eve, max) = (w.t.provider("Eve").await, w.t.provider("Max").await);
    w.conversation().await;
    begin(&w.ann, json!({"provider_id": eve.id()})).await.expect(201);
    let refused = begin(&w.ann, json!({"provider_id": max.id()})).await.refused(429, "too_many_inquiries");
    assert!(!refused.header("retry-after").is_empty());
    w.conversation_again().await;
    booking(&w.t, w.ann.id(), max.id(), "confirmed").await;
    begin(&w.ann, json!({"provider_id": max.id()})).await.expect(201);
    w.t.advance(SignedDuration::from_hours(25));
    begin(&w.ann, json!({"provider_id": w.t.provider("Tom").await.id()})).await.expect(201);
}

#[tokio::test]
async fn who_is_blocked_begins_nothing() {
    let w = World::new().await;
    block(&w.t, &w.bob, &w.ann).await;
    begin(&w.ann, json!({"provider_id": w.bob.id()})).await.refused(403, "chat_blocked");
    w.booking("confirmed").await;
    begin(&w.ann, json!({"provider_id": w.bob.id()})).await.expect(201);
}

#[tokio::test]
async fn a_conversation_of_others_is_not_there() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let eve = w.t.user("Eve").await;
    get(&eve, &conversation).await.refused(404, "not_found");
    say(&eve, &conversation, "Hello").await.refused(404, "not_found");
    eve.put(&format!("/chat/conversations/{conversation}/read/"), json!({"up_to_seq": 1}))
        .await
        .refused(404, "not_found");
    eve.get(&format!("/chat/messages/?conversation_id={conversation}")).await.refused(404, "not_found");
    assert_eq!(eve.get("/chat/conversations/").await.expect(200)["count"], 0);
}

impl World {
    /// What has begun already can be found again, however many were begun.
    async fn conversation_again(&self) {
        begin(&self.ann, json!({"provider_id": self.bob.id()})).await.expect(200);
    }
}
