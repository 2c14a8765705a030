//! Who is admitted as staff, and what is written of it.

use super::*;

#[tokio::test]
async fn a_role_admits_itself_and_superusers_alone() {
    use crate::auth::StaffRole::{Finance, Moderator, Superuser, Support};
    let t = app().await;
    let anybody = t.user("Anna").await;
    let mut clients = Vec::new();
    for role in [Support, Moderator, Finance, Superuser] {
        clients.push((role, t.staff(<&str>::from(role), role).await));
    }
    for (path, admitted) in [
        ("/support/", &[Support, Superuser][..]),
        ("/moderator/", &[Moderator, Superuser]),
        ("/finance/", &[Finance, Superuser]),
        ("/superuser/", &[Superuser]),
        ("/support-or-finance/", &[Support, Finance, Superuser]),
        ("/support-or-moderator/", &[Support, Moderator, Superuser]),
        ("/staff/", &[Support, Moderator, Finance, Superuser]),
    ] {
        t.anonymous().get(path).await.refused(401, "unauthenticated");
        anybody.get(path).await.refused(403, "forbidden");
        for (role, client) in &clients {
            let status = client.get(path).await.status;
            assert_eq!(status, if admitted.contains(role) { 200 } else { 403 }, "{path} as {role:?}");
        }
    }
    t.anonymous().get("/perhaps-finance/").await.refused(401, "unauthenticated");
    assert_eq!(anybody.get("/perhaps-finance/").await.text(), "false");
    assert_eq!(clients[0].1.get("/perhaps-finance/").await.text(), "false");
    assert_eq!(clients[2].1.get("/perhaps-finance/").await.text(), "true");
}

#[tokio::test]
async fn an_act_of_staff_and_its_entry_are_written_together_and_not_about_oneself() {
    let t = app().await;
    let sue = t.staff("Sue", crate::auth::StaffRole::Support).await.with("x-request-id", "praise-1");
    let anna = t.user("Anna").await;
    let path = |id| format!("/people/{id}/praise/");
    sue.post(&path(sue.id()), json!({})).await.refused(403, "own_matter");
    assert_eq!(events(&t).await, 0);
    let keyed = sue.with("idempotency-key", "once");
    for _ in 0..2 {
        keyed.post(&path(anna.id()), json!({})).await.expect(200);
    }
    assert_eq!(events(&t).await, 1);
    let entry = sqlx::query!(
        "select actor_id, role, action, subject_type, subject_id, reason, details, request_id from audit_log"
    )
    .fetch_one(&t.app.db)
    .await
    .unwrap();
    assert_eq!(entry.actor_id, Some(keyed.id().uuid()));
    assert_eq!((&*entry.role, &*entry.action, &*entry.subject_type), ("support", "user.praise", "user"));
    assert_eq!(entry.subject_id, anna.id().to_string());
    assert_eq!((entry.reason.as_deref(), entry.request_id.as_deref()), (Some("Well done"), Some("praise-1")));
    assert_eq!(entry.details, json!({"stars": 5}));
}

#[tokio::test]
async fn an_act_of_staff_without_an_entry_does_not_pass() {
    let t = app().await;
    let sue = t.staff("Sue", crate::auth::StaffRole::Support).await;
    sue.get("/unrecorded/").await.expect(200);
    sue.post("/unrecorded/", json!({})).await.refused(500, "internal");
}
