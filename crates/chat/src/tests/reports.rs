//! Reports before the moderators.

use jiff::SignedDuration;
use platform::{auth::StaffRole, testing::Client};
use serde_json::{Value, json};

use super::{World, messages, say};

/// Ann reports what Bob said; the message and the report.
async fn reported(w: &World, conversation: &str) -> (String, String) {
    let rude = say(&w.bob, conversation, "You fool").await.expect(201).str("id");
    let body = json!({"reason": "harassment", "details": "Rude", "message_id": rude});
    let path = format!("/chat/conversations/{conversation}/report/");
    (rude, w.ann.post(&path, body).await.expect(201).str("id"))
}

async fn moderator(w: &World) -> Client {
    w.t.staff("Mo Derator", StaffRole::Moderator).await
}

/// When the staff were told that it is late.
async fn escalated(mo: &Client, report: &str) -> Value {
    mo.get(&format!("/chat/reports/{report}/")).await.expect(200)["escalated_at"].clone()
}

#[tokio::test]
async fn moderators_see_what_was_said_when_it_was_reported() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let (rude, report) = reported(&w, &conversation).await;
    w.bob.delete(&format!("/chat/messages/{rude}/")).await.expect(200);
    let mo = moderator(&w).await;
    let list = mo.get("/chat/reports/?status=open").await.expect(200);
    assert_eq!((&list["count"], &list["results"][0]["id"]), (&json!(1), &json!(report)));
    let file = mo.get(&format!("/chat/reports/{report}/")).await.expect(200);
    assert_eq!((&file["reported_name"], &file["reporter_name"]), (&json!("Bob Weber"), &json!("Ann Lee")));
    assert_eq!(
        (&file["reason"], &file["details"], &file["message_id"]),
        (&json!("harassment"), &json!("Rude"), &json!(rude))
    );
    assert_eq!(file["evidence"][0]["content"], "You fool");
    assert_eq!(mo.get("/chat/reports/?status=upheld").await.expect(200)["count"], 0);
}

#[tokio::test]
async fn only_moderators_see_reports_and_decide() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let (_, report) = reported(&w, &conversation).await;
    let path = format!("/chat/reports/{report}/");
    let decide = format!("{path}decide/");
    let others = [w.t.staff("Sue", StaffRole::Support).await, w.t.staff("Finn", StaffRole::Finance).await];
    for other in others.iter().chain([&w.ann, &w.bob]) {
        other.get("/chat/reports/").await.refused(403, "forbidden");
        other.get(&path).await.refused(403, "forbidden");
        other.post(&decide, json!({"decision": "rejected"})).await.refused(403, "forbidden");
    }
    w.t.staff("Root", StaffRole::Superuser).await.get(&path).await.expect(200);
    let mo = moderator(&w).await;
    let nowhere = "/chat/reports/019a0000-0000-7000-8000-000000000000/";
    mo.get(nowhere).await.refused(404, "not_found");
    mo.post(&format!("{nowhere}decide/"), json!({"decision": "rejected"})).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_report_is_decided_once_and_its_message_can_go() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let (rude, report) = reported(&w, &conversation).await;
    let mo = moderator(&w).await;
    let decide = format!("/chat/reports/{report}/decide/");
    for wrong in
        [json!({}), json!({"decision": "open"}), json!({"decision": "upheld", "note": "x".repeat(2001)})]
    {
        mo.post(&decide, wrong).await.refused(422, "validation_failed");
    }
    let body = json!({"decision": "upheld", "note": "An insult", "removes_message": true});
    mo.post(&decide, body.clone()).await.expect(204);
    mo.post(&decide, body).await.refused(409, "report_decided");
    let file = mo.get(&format!("/chat/reports/{report}/")).await.expect(200);
    assert_eq!(
        (&file["status"], &file["note"], &file["decided_by"]),
        (&json!("upheld"), &json!("An insult"), &json!(mo.id()))
    );
    assert_eq!(file["evidence"][0]["content"], "You fool", "what was judged is kept");
    for person in [&w.ann, &w.bob] {
        let left = messages(person, &conversation, "").await.expect(200);
        assert_eq!((&left["results"][0]["id"], &left["results"][0]["content"]), (&json!(rude), &json!("")));
        assert_eq!(w.log(person).await.last().unwrap().0, "message.deleted");
    }
}

#[tokio::test]
async fn a_report_that_is_rejected_changes_nothing_for_the_reported() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let (_, report) = reported(&w, &conversation).await;
    let body = json!({"decision": "rejected", "removes_message": true});
    moderator(&w).await.post(&format!("/chat/reports/{report}/decide/"), body).await.expect(204);
    assert_eq!(messages(&w.ann, &conversation, "").await["results"][0]["content"], "You fool");
    // The next one is a new one.
    let (_, again) = reported(&w, &conversation).await;
    assert_ne!(again, report);
}

#[tokio::test]
async fn a_report_that_nobody_looks_at_is_late_after_a_day() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let (_, report) = reported(&w, &conversation).await;
    let mo = moderator(&w).await;
    let overdue = async || mo.get("/chat/reports/?overdue=true").await.expect(200)["count"].clone();
    w.t.advance(SignedDuration::from_hours(23));
    w.t.run_jobs().await;
    assert_eq!(overdue().await, json!(0));
    assert_eq!(escalated(&mo, &report).await, json!(null));
    w.t.advance(SignedDuration::from_hours(2));
    w.t.run_jobs().await;
    assert_eq!(overdue().await, json!(1));
    assert_eq!(escalated(&mo, &report).await, json!(w.t.now()));
    let decide = format!("/chat/reports/{report}/decide/");
    mo.post(&decide, json!({"decision": "rejected"})).await.expect(204);
    assert_eq!(overdue().await, json!(0));
}

#[tokio::test]
async fn what_was_decided_in_time_is_never_late() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let (_, report) = reported(&w, &conversation).await;
    let decide = format!("/chat/reports/{report}/decide/");
    let mo = moderator(&w).await;
    mo.post(&decide, json!({"decision": "upheld"})).await.expect(204);
    w.t.advance(SignedDuration::from_hours(25));
    w.t.run_jobs().await;
    assert_eq!(escalated(&mo, &report).await, json!(null));
}
