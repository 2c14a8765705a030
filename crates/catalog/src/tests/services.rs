//! Reading one service, and who may.

use platform::{auth::StaffRole, ids::ServiceId};
use serde_json::json;

use super::world;

#[tokio::test]
async fn a_service_is_there_for_everybody_with_all_that_the_app_shows() {
    let w = world().await;
    let id = w.service().await;
    w.sql("insert into schedules select user_id, 'Europe/Berlin', '[{\"weekday\": 1, \"start\": \"09:00:00\", \"end\": \"12:00:00\"}]',
               '[]', 120, 60, 0, 0, 30, false, 1, created_at from providers;
           update providers set rating_sum = 14, rating_count = 3, jobs_completed = 49, jobs_cancelled = 1,
               requests_answered = 2, response_minutes_sum = 31, latitude = 52.5,
               longitude = 13.4, city = 'Berlin', languages = '{de,en}', skills = array(select id from categories)")
        .await;
    let answer = w.t.anonymous().get(&format!("/services/{id}/")).await.expect(200);
    insta::assert_snapshot!(answer.masked());
    assert_eq!(answer.header("cache-control"), "public, max-age=0, must-revalidate");
    let again = w.t.anonymous().with("if-none-match", answer.header("etag"));
    again.get(&format!("/services/{id}/")).await.expect(304);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let w = world().await;
    for path in
        [format!("/services/{}/", ServiceId::at(w.t.now())), "/services/7/".into(), "/services/%00/".into()]
    {
        w.t.anonymous().get(&path).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn an_inactive_service_is_there_for_its_provider_and_staff_only() {
    let w = world().await;
    let id = w.service().await;
    let path = format!("/services/{id}/");
    w.sql("update services set is_active = false").await;
    w.t.anonymous().get(&path).await.refused(404, "not_found");
    w.t.provider("Ben").await.get(&path).await.refused(404, "not_found");
    w.ada.get(&path).await.expect(200);
    w.t.staff("Sam", StaffRole::Support).await.get(&path).await.expect(200);
}

#[tokio::test]
async fn a_withdrawn_service_is_there_for_staff_only() {
    let w = world().await;
    let path = format!("/services/{}/", w.service().await);
    w.ada.delete(&path).await.expect(204);
    w.ada.get(&path).await.refused(404, "not_found");
    w.ada.delete(&path).await.refused(404, "not_found");
    w.ada.patch(&path, json!({"is_active": true})).await.refused(404, "not_found");
    w.t.staff("Sam", StaffRole::Support).await.get(&path).await.expect(200);
}

#[tokio::test]
async fn a_suspended_provider_offers_nothing() {
    let w = world().await;
    let path = format!("/services/{}/", w.service().await);
    w.sql("update users set state = 'suspended'").await;
    w.t.anonymous().get(&path).await.refused(404, "not_found");
    w.t.anonymous().get(&format!("/providers/{}/", w.ada.id())).await.refused(404, "not_found");
}

#[tokio::test]
async fn texts_come_in_the_language_of_the_request_else_in_their_own() {
    let w = world().await;
    let translations = json!({"de": {"title": "Fenster", "description": "Alle"}});
    let id =
        w.create(&json!({"translations": translations, "description": "All"})).await.expect(201).str("id");
    let title = async |language: &str| {
        w.t.anonymous().get(&format!("/services/{id}/?lang={language}")).await.str("title")
    };
    assert_eq!(
        (title("de").await, title("it").await, title("en").await),
        ("Fenster".into(), "Windows".into(), "Windows".into())
    );
    let german = w.ada.get(&format!("/services/{id}/?lang=de")).await;
    assert_eq!(german["original"], json!({"language": "en", "title": "Windows", "description": "All"}));
    assert_eq!(
        (german.str("description"), german["category_name"].clone()),
        ("Alle".into(), json!("cleaning de"))
    );
}

#[tokio::test]
async fn only_insiders_see_translations_and_earnings() {
    let w = world().await;
    let path = format!("/services/{}/", w.service().await);
    let stranger = w.t.provider("Ben").await;
    for outsider in [&w.t.anonymous(), &stranger] {
        let seen = outsider.get(&path).await.expect(200);
        assert_eq!((&seen["translations"], &seen["original"]), (&json!(null), &json!(null)));
        assert_eq!(seen["provider"]["total_earnings"], json!(null));
    }
    for insider in [&w.ada, &w.t.staff("Sam", StaffRole::Finance).await] {
        let seen = insider.get(&path).await.expect(200);
        assert_eq!((&seen["translations"], &seen["provider"]["total_earnings"]), (&json!({}), &json!(0.0)));
        assert!(seen.header("etag").starts_with("\"1-"));
        assert_eq!(seen.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn an_edit_is_seen_by_its_author_at_once() {
    let w = world().await;
    let path = format!("/services/{}/", w.service().await);
    w.t.anonymous().get(&path).await.expect(200);
    w.ada.get(&path).await.expect(200);
    w.ada.patch(&path, json!({"title": "Doors"})).await.expect(200);
    assert_eq!(w.ada.get(&path).await.str("title"), "Doors");
}

#[tokio::test]
async fn others_who_are_signed_in_get_their_own_answer() {
    let w = world().await;
    let path = format!("/services/{}/", w.service().await);
    let ben = w.t.user("Ben").await;
    let answer = ben.get(&path).await.expect(200);
    assert_eq!((answer.header("cache-control"), &answer["is_favourite"]), ("no-store", &json!(false)));
    ben.with("if-none-match", answer.header("etag")).get(&path).await.expect(304);
}
