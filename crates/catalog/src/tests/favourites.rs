//! Saving services.

use platform::ids::ServiceId;
use serde_json::json;

use super::world;

#[tokio::test]
async fn saving_and_forgetting_can_be_repeated() {
    let w = world().await;
    let id = w.service().await;
    let (path, saved) = (format!("/services/{id}/"), format!("/services/{id}/favourite/"));
    let ben = w.t.user("Ben").await;
    let is_favourite = async || ben.get(&path).await.expect(200)["is_favourite"].clone();
    for _ in 0..2 {
        ben.put(&saved, json!({})).await.expect(204);
        assert_eq!(is_favourite().await, json!(true));
    }
    assert_eq!(w.t.anonymous().get(&path).await["is_favourite"], json!(false));
    assert_eq!(w.t.user("Cleo").await.get(&path).await["is_favourite"], json!(false));
    for _ in 0..2 {
        ben.delete(&saved).await.expect(204);
        assert_eq!(is_favourite().await, json!(false));
    }
}

#[tokio::test]
async fn only_what_one_sees_can_be_saved() {
    let w = world().await;
    let id = w.service().await;
    let saved = format!("/services/{id}/favourite/");
    let ben = w.t.user("Ben").await;
    w.t.anonymous().put(&saved, json!({})).await.refused(401, "unauthenticated");
    w.t.anonymous().delete(&saved).await.refused(401, "unauthenticated");
    ben.put(&format!("/services/{}/favourite/", ServiceId::at(w.t.now())), json!({}))
        .await
        .refused(404, "not_found");
    ben.put("/services/x/favourite/", json!({})).await.refused(404, "not_found");
    ben.put(&saved, json!({})).await.expect(204);
    w.sql("update services set is_active = false").await;
    ben.put(&saved, json!({})).await.refused(404, "not_found");
    w.ada.put(&saved, json!({})).await.expect(204);
    // What is gone can still be forgotten.
    ben.delete(&saved).await.expect(204);
}
