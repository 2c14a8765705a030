//! Services of others, as moderators change and withdraw them.

use platform::{auth::StaffRole, testing::Client};
use serde_json::json;

use super::{World, world};

impl World {
    async fn moderator(&self) -> Client {
        self.t.staff("Mo Derator", StaffRole::Moderator).await
    }

    /// `kind: reason` of what was done to services, and the actions in the audit log.
    async fn moderations(&self) -> (Vec<String>, Vec<String>) {
        let done = sqlx::query_scalar!(
            r#"select kind || ': ' || reason as "line!" from service_moderations order by id"#
        );
        let acts =
            sqlx::query_scalar!(r#"select action || ': ' || reason as "line!" from audit_log order by id"#);
        (done.fetch_all(&self.t.app.db).await.unwrap(), acts.fetch_all(&self.t.app.db).await.unwrap())
    }

    async fn told(&self) -> Vec<serde_json::Value> {
        let told = sqlx::query_scalar!(
            "select payload from outbox where topic = 'catalog.service_moderated' order by id"
        );
        told.fetch_all(&self.t.app.db).await.unwrap()
    }
}

#[tokio::test]
async fn moderators_edit_services_of_others_with_a_reason_and_as_their_own_doing() {
    let w = world().await;
    let service = w.service().await;
    let (path, mo) = (format!("/admin/services/{service}/"), w.moderator().await);
    let body = json!({"reason": "No telephone numbers.", "changes": {"title": "Doors"}});
    for role in [StaffRole::Support, StaffRole::Finance] {
        w.t.staff(<&str>::from(role), role).await.patch(&path, body.clone()).await.refused(403, "forbidden");
    }
    w.ada.patch(&path, body.clone()).await.refused(403, "forbidden");
    for wrong in [
        json!({"changes": {"title": "Doors"}}),
        json!({"reason": " ", "changes": {"title": "Doors"}}),
        json!({"reason": "Why", "changes": {"title": ""}}),
    ] {
        mo.patch(&path, wrong).await.expect(422);
    }
    mo.with("if-match", "\"7\"").patch(&path, body.clone()).await.refused(412, "stale_version");
    let edited = mo.patch(&path, body).await.expect(200);
    assert_eq!((&edited["title"], &edited["provider_id"]), (&json!("Doors"), &json!(w.ada.id())));
    assert_eq!(edited.header("etag"), "\"2\"");
    let (done, acts) = w.moderations().await;
    assert_eq!(done, ["edited: No telephone numbers."]);
    assert_eq!(acts, ["service.edit: No telephone numbers."]);
    let told = w.told().await;
    assert_eq!((&told[0]["reason"], &told[0]["kind"]), (&json!("No telephone numbers."), &json!("edited")));
}

#[tokio::test]
async fn moderators_withdraw_services_of_others_and_bookings_are_the_operators_to_cancel() {
    let w = world().await;
    let service = w.service().await;
    let (path, mo) = (format!("/admin/services/{service}/withdraw/"), w.moderator().await);
    mo.post(&path, json!({})).await.expect(422);
    w.ada.post(&path, json!({"reason": "Mine"})).await.refused(403, "forbidden");
    let done = mo.post(&path, json!({"reason": "Not allowed here."})).await.expect(201);
    assert_eq!(done.str("kind"), "withdrawn");
    w.ada.get(&format!("/services/{service}/")).await.refused(404, "not_found");
    mo.post(&path, json!({"reason": "Again."})).await.refused(404, "not_found");
    let event = sqlx::query_scalar!("select payload from outbox where topic = 'catalog.service_withdrawn'")
        .fetch_one(&w.t.app.db)
        .await
        .unwrap();
    assert_eq!((&event["cancel_upcoming"], &event["moderator_id"]), (&json!(true), &json!(mo.id())));
    let (done, acts) = w.moderations().await;
    assert_eq!((done.len(), acts), (1, vec!["service.withdraw: Not allowed here.".to_owned()]));
}

#[tokio::test]
async fn moderators_decide_nothing_about_their_own_services() {
    let w = world().await;
    let service = w.service().await;
    sqlx::query!("update users set staff_role = 'moderator' where id = $1", w.ada.id() as _)
        .execute(&w.t.app.db)
        .await
        .unwrap();
    let body = json!({"reason": "Mine", "changes": {"title": "Doors"}});
    w.ada.patch(&format!("/admin/services/{service}/"), body).await.refused(403, "own_matter");
    for what in ["withdraw".to_owned(), format!("images/{}/remove", w.ada.id())] {
        let path = format!("/admin/services/{service}/{what}/");
        w.ada.post(&path, json!({"reason": "Mine"})).await.refused(403, "own_matter");
    }
    // As its provider she edits it as ever.
    w.ada.patch(&format!("/services/{service}/"), json!({"title": "Doors"})).await.expect(200);
    assert_eq!(w.moderations().await.1, Vec::<String>::new());
}
