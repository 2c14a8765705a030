//! The list of the app.

use platform::testing::Client;
use serde_json::json;

use super::World;

async fn unread(who: &Client) -> i64 {
    who.get("/notifications/count/").await.expect(200)["unread"].as_i64().unwrap()
}

async fn first(who: &Client) -> String {
    who.get("/notifications/").await.expect(200)["results"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_was_read_is_not_counted() {
    let w = World::new().await;
    let booking = w.confirmed().await;
    w.cancel(&w.ann, &booking).await;
    assert_eq!(unread(&w.bob).await, 2);
    let id = first(&w.bob).await;
    let read = w.bob.put(&format!("/notifications/{id}/read/"), json!({})).await.expect(200);
    assert_eq!(read["is_read"], true);
    let again = w.bob.put(&format!("/notifications/{id}/read/"), json!({})).await.expect(200);
    assert_eq!(again["read_at"], read["read_at"]);
    assert_eq!(unread(&w.bob).await, 1);
    for (query, count) in [("unread=true", 1), ("unread=false", 1), ("type=booking", 2), ("type=payment", 0)]
    {
        let list = w.bob.get(&format!("/notifications/?{query}")).await.expect(200);
        assert_eq!(list["count"], count, "{query}");
    }
    w.bob.get("/notifications/?type=weather").await.refused(422, "validation_failed");
}

#[tokio::test]
async fn some_or_all_are_marked_at_once() {
    let w = World::new().await;
    let booking = w.confirmed().await;
    w.cancel(&w.ann, &booking).await;
    let id = first(&w.bob).await;
    let marked = w.bob.put("/notifications/", json!({"ids": [id], "is_read": true})).await.expect(200);
    assert_eq!(marked["unread"], 1);
    assert_eq!(w.bob.put("/notifications/", json!({"all": true, "is_read": true})).await["unread"], 0);
    assert_eq!(w.bob.put("/notifications/", json!({"ids": [id], "is_read": false})).await["unread"], 1);
    for body in [
        json!({"is_read": true}),
        json!({"ids": [id], "all": true, "is_read": true}),
        json!({"ids": [], "is_read": true}),
    ] {
        w.bob.put("/notifications/", body).await.refused(422, "validation_failed");
    }
}

#[tokio::test]
async fn what_was_removed_does_not_come_back() {
    let w = World::new().await;
    w.confirmed().await;
    let id = first(&w.bob).await;
    w.bob.delete(&format!("/notifications/{id}/")).await.expect(204);
    w.bob.delete(&format!("/notifications/{id}/")).await.refused(404, "not_found");
    w.bob.put(&format!("/notifications/{id}/read/"), json!({})).await.refused(404, "not_found");
    assert_eq!((w.told(&w.bob).await.len(), unread(&w.bob).await), (0, 0));
}

#[tokio::test]
async fn the_notifications_of_others_do_not_exist() {
    let w = World::new().await;
    w.confirmed().await;
    let id = first(&w.bob).await;
    w.ann.put(&format!("/notifications/{id}/read/"), json!({})).await.refused(404, "not_found");
    w.ann.delete(&format!("/notifications/{id}/")).await.refused(404, "not_found");
    w.ann.put("/notifications/", json!({"ids": [id], "is_read": true})).await.expect(200);
    assert_eq!(unread(&w.bob).await, 1);
}

#[tokio::test]
async fn the_list_is_read_in_pages() {
    let w = World::new().await;
    let booking = w.confirmed().await;
    w.cancel(&w.ann, &booking).await;
    let page = w.bob.get("/notifications/?page_size=1").await.expect(200);
    assert_eq!(page["results"][0]["event"], "booking_cancelled");
    let (_, next) = page["next"].as_str().unwrap().split_once("/notifications/").unwrap();
    let next = w.bob.get(&format!("/notifications/{next}")).await.expect(200);
    assert_eq!((&next["results"][0]["event"], &next["next"]), (&json!("booking_requested"), &json!(null)));
}

#[tokio::test]
async fn what_was_seen_is_not_new_though_it_may_be_unread() {
    let w = World::new().await;
    let unseen = async || w.bob.get("/notifications/count/").await.expect(200)["unseen"].clone();
    let seen = async || {
        let list = w.bob.get("/notifications/").await.expect(200);
        list["results"].as_array().unwrap().iter().map(|one| one["is_seen"] == true).collect::<Vec<_>>()
    };
    let booking = w.confirmed().await;
    assert_eq!((unseen().await, seen().await), (json!(1), vec![false]));
    let counts = w.bob.put("/notifications/seen/", json!({})).await.expect(200);
    assert_eq!((&counts["unread"], &counts["unseen"]), (&json!(1), &json!(0)));
    assert_eq!(seen().await, [true]);
    w.cancel(&w.ann, &booking).await;
    assert_eq!((unseen().await, seen().await), (json!(1), vec![false, true]));
    // What is read is not new, and what others open is their own.
    w.bob.put(&format!("/notifications/{}/read/", first(&w.bob).await), json!({})).await.expect(200);
    assert_eq!((unseen().await, seen().await), (json!(0), vec![true, true]));
    assert_eq!(w.ann.get("/notifications/count/").await.expect(200)["unseen"], 1);
}
