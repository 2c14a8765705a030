//! What staff send to many.

use platform::auth::StaffRole;
use serde_json::{Value, json};

use super::{World, shape};

fn message(changes: &Value) -> Value {
    let mut body = json!({"title": {"en": "Spring", "de": "Frühling"}, "message": {"en": "Clean!"},
        "channels": ["in_app", "email"], "type": "system"});
    body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn only_support_sends() {
    let w = World::new().await;
    for other in [&w.ann, &w.bob, &w.t.staff("Finn Finance", StaffRole::Finance).await] {
        let body = message(&json!({"segment": "all"}));
        other.post("/notifications/send/", body).await.refused(403, "forbidden");
    }
}

#[tokio::test]
async fn a_segment_is_counted_and_then_told() {
    let w = World::new().await;
    let sue = w.t.staff("Sue Support", StaffRole::Support).await;
    let dry =
        sue.post("/notifications/send/", message(&json!({"segment": "providers", "dry_run": true}))).await;
    assert_eq!((dry.expect(200)["recipients"].as_i64(), w.told(&w.bob).await.len()), (Some(1), 0));
    shape!(sue.post("/notifications/send/", message(&json!({"segment": "providers"}))).await);
    w.t.run_jobs().await;
    assert_eq!((w.told(&w.bob).await, w.told(&w.ann).await), (vec!["announcement".to_owned()], vec![]));
    let list = w.bob.get("/notifications/?lang=de").await;
    assert_eq!(
        (&list["results"][0]["title"], &list["results"][0]["message"]),
        (&json!("Frühling"), &json!("Clean!"))
    );
}

#[tokio::test]
async fn people_can_be_named_and_the_time_set() {
    let w = World::new().await;
    let sue = w.t.staff("Sue Support", StaffRole::Superuser).await;
    let body = message(&json!({"user_ids": [w.ann.id()], "schedule_at": "2026-03-02T12:00:00Z"}));
    assert_eq!(sue.post("/notifications/send/", body).await.expect(202)["recipients"], 1);
    w.t.run_jobs().await;
    assert!(w.told(&w.ann).await.is_empty());
    w.at("2026-03-02T12:00:00Z").await;
    assert_eq!(w.told(&w.ann).await, ["announcement"]);
}

#[tokio::test]
async fn offers_go_to_those_who_agreed() {
    let w = World::new().await;
    let sue = w.t.staff("Sue Support", StaffRole::Support).await;
    let offer = message(&json!({"segment": "all", "type": "marketing"}));
    assert_eq!(sue.post("/notifications/send/", offer.clone()).await.expect(202)["recipients"], 0);
    w.t.run_jobs().await;
    w.prefer(&w.ann, json!({"preferences": {"marketing": {"email": true}}})).await;
    let wishes = w.ann.get("/notifications/preferences/").await;
    assert_eq!(wishes["marketing_consent_at"], "2026-03-02T09:00:00Z");
    assert_eq!(sue.post("/notifications/send/", offer).await.expect(202)["recipients"], 1);
    w.t.run_jobs().await;
    let mails = w.t.mailer.take();
    assert_eq!((mails.len(), mails[0].subject.as_str()), (1, "Spring"));
    assert!(w.told(&w.ann).await.is_empty());
}

#[tokio::test]
async fn many_are_told_in_batches_and_everybody_once() {
    let w = World::new().await;
    let sue = w.t.staff("Sue Support", StaffRole::Support).await;
    sqlx::query!(
        "insert into users (id, email, name, created_at, updated_at)
         select gen_random_uuid(), n || '@example.com', 'Somebody', $1, $1 from generate_series(1, 450) n",
        w.t.now() as _
    )
    .execute(&w.t.app.db)
    .await
    .unwrap();
    let body = message(&json!({"segment": "language:en", "channels": ["in_app"]}));
    assert_eq!(sue.post("/notifications/send/", body).await.expect(202)["recipients"], 453);
    w.t.run_jobs().await;
    let told = sqlx::query_scalar!(r#"select count(*) as "count!" from notifications"#);
    assert_eq!(told.fetch_one(&w.t.app.db).await.unwrap(), 453);
}

#[tokio::test]
async fn nobody_sends_more_than_twenty_an_hour() {
    let w = World::new().await;
    let sue = w.t.staff("Sue Support", StaffRole::Support).await;
    let body = message(&json!({"user_ids": [w.ann.id()]}));
    for _ in 0..20 {
        sue.post("/notifications/send/", body.clone()).await.expect(202);
    }
    sue.post("/notifications/send/", body).await.refused(429, "too_many_sent");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let w = World::new().await;
    let sue = w.t.staff("Sue Support", StaffRole::Support).await;
    for changes in [
        json!({}),
        json!({"segment": "all", "user_ids": [w.ann.id()]}),
        json!({"segment": "language:fr"}),
        json!({"segment": "all", "channels": []}),
        json!({"segment": "all", "title": {"de": "Nur deutsch"}}),
        json!({"segment": "all", "title": {"en": " "}}),
        json!({"segment": "all", "schedule_at": "2030-01-01T00:00:00Z"}),
    ] {
        sue.post("/notifications/send/", message(&changes)).await.refused(422, "validation_failed");
    }
}
