//! Pushes that are taken off the screens.

use platform::ports::push::Push;
use serde_json::json;

use super::World;

impl World {
    /// The pushes so far that nobody sees, by device.
    fn silent(&self) -> Vec<Push> {
        let mut silent: Vec<_> =
            self.t.push.take().into_iter().filter(|push| push.title.is_empty()).collect();
        silent.sort_by(|a, b| a.token.cmp(&b.token));
        silent
    }
}

#[tokio::test]
async fn what_was_read_on_one_device_leaves_the_screens_of_all() {
    let w = World::new().await;
    w.device(&w.bob, "phone").await;
    w.device(&w.bob, "tablet").await;
    let booking = w.book().await;
    w.t.run_jobs().await;
    let shown = w.t.push.take();
    assert_eq!(shown.len(), 2);
    w.bob.put("/notifications/", json!({"all": true, "is_read": true})).await.expect(200);
    w.t.run_jobs().await;
    let silent = w.silent();
    assert_eq!(silent.iter().map(|push| push.token.as_str()).collect::<Vec<_>>(), ["phone", "tablet"]);
    for push in &silent {
        assert_eq!((push.title.as_str(), push.body.as_str(), push.badge), ("", "", Some(0)));
        assert_eq!(push.collapse_key, shown[0].collapse_key, "it takes the place of the one that was shown");
        assert_eq!(push.data["type"], "notification.read");
        assert_eq!((push.data["entity"].as_str(), &push.data["id"]), ("booking", &booking));
    }
    assert_eq!(w.deliveries(&w.bob).await.iter().filter(|line| line.contains("push retracted")).count(), 1);
    // Once is enough.
    w.bob.put("/notifications/", json!({"all": true, "is_read": true})).await.expect(200);
    w.t.run_jobs().await;
    assert!(w.silent().is_empty());
}

#[tokio::test]
async fn reading_one_or_removing_it_takes_back_that_one() {
    let w = World::new().await;
    w.device(&w.bob, "phone").await;
    let bookings = [w.book_at("10:00").await, w.book_at("14:00").await];
    w.t.run_jobs().await;
    w.t.push.take();
    let list = w.bob.get("/notifications/").await.expect(200);
    let path = |n: usize| format!("/notifications/{}/", list["results"][n]["id"].as_str().unwrap());
    w.bob.put(&format!("{}read/", path(0)), json!({})).await.expect(200);
    w.t.run_jobs().await;
    let first = w.silent();
    assert_eq!((first.len(), first[0].badge), (1, Some(1)));
    w.bob.delete(&path(1)).await.expect(204);
    w.t.run_jobs().await;
    let second = w.silent();
    assert_eq!((second.len(), second[0].badge), (1, Some(0)));
    let mut taken = [first[0].data["id"].clone(), second[0].data["id"].clone()];
    taken.sort();
    let mut booked = bookings;
    booked.sort();
    assert_eq!(taken, booked);
}

#[tokio::test]
async fn what_nobody_was_shown_or_is_long_gone_is_not_taken_back() {
    let w = World::new().await;
    w.book().await;
    w.t.run_jobs().await;
    w.bob.put("/notifications/", json!({"all": true, "is_read": true})).await.expect(200);
    w.t.run_jobs().await;
    assert!(w.silent().is_empty(), "there was no device");
    w.device(&w.bob, "phone").await;
    w.book_at("14:00").await;
    w.t.run_jobs().await;
    let shown = w.t.push.take()[0].data["notification_id"].clone();
    w.t.advance(jiff::SignedDuration::from_hours(25));
    w.bob.put("/notifications/", json!({"all": true, "is_read": true})).await.expect(200);
    w.t.run_jobs().await;
    assert!(w.silent().iter().all(|push| push.data["notification_id"] != shown), "it is long gone");
}

#[tokio::test]
async fn something_new_about_the_same_keeps_its_place() {
    let w = World::new().await;
    w.device(&w.bob, "phone").await;
    let booking = w.book().await;
    w.t.run_jobs().await;
    let list = w.bob.get("/notifications/").await.expect(200);
    let first = list["results"][0]["id"].as_str().unwrap();
    w.bob.put(&format!("/notifications/{first}/read/"), json!({})).await.expect(200);
    // Before the push is taken back, there is another in its place.
    w.cancel(&w.ann, &booking).await;
    let pushes = w.t.push.take();
    let last = pushes.last().unwrap();
    assert_ne!(last.title, "", "{pushes:?}");
}
