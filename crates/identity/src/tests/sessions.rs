//! Sessions: listing, ending, signing out.

use serde_json::json;

use super::*;

#[tokio::test]
async fn sessions_are_listed_latest_first() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    w.t.advance(jiff::SignedDuration::from_mins(5));
    let body = json!({"email": ada.email, "password": PASSWORD, "device_name": "Ada's phone"});
    let phone = w.device("203.0.113.7", "Dart/3.9").post("/auth/signin/", body).await.expect(200);
    let list = w.person(&phone).client.get("/auth/sessions/").await.expect(200);
    insta::assert_snapshot!(list.masked());
    let one = ada.client.get("/auth/sessions/?page_size=1").await.expect(200);
    assert_eq!((&one["count"], &one["results"][0]["is_current"]), (&json!(2), &json!(false)));
    let next =
        one.str("next").split_once(".app").map_or_else(|| one.str("next"), |(_, path)| path.to_owned());
    let path = next.split_once("/auth/").map(|(_, rest)| format!("/auth/{rest}")).unwrap();
    let two = ada.client.get(&path).await.expect(200);
    assert_eq!((&two["next"], &two["results"][0]["is_current"]), (&json!(null), &json!(true)));
    ada.client.get("/auth/sessions/?page_size=0").await.refused(422, "validation_failed");
}

#[tokio::test]
async fn an_ended_session_is_refused_at_once_and_twice_is_404() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let other = w.person(&w.sign_in(&ada.email, PASSWORD).await.expect(200));
    other.client.get("/auth/current-user/").await.expect(200);
    let list = ada.client.get("/auth/sessions/").await.expect(200);
    let ids: Vec<_> =
        list["results"].as_array().unwrap().iter().filter(|s| s["is_current"] == false).collect();
    let path = format!("/auth/sessions/{}/", ids[0]["id"].as_str().unwrap());
    ada.client.delete(&path).await.expect(204);
    other.client.get("/auth/current-user/").await.refused(401, "session_ended");
    w.t.anonymous()
        .post("/auth/token/refresh/", json!({"refresh": other.refresh}))
        .await
        .refused(401, "session_ended");
    ada.client.delete(&path).await.refused(404, "not_found");
    ada.client.get("/auth/current-user/").await.expect(200);
    assert_eq!(ada.client.get("/auth/sessions/").await["count"], 1);
}

#[tokio::test]
async fn the_session_of_somebody_else_does_not_exist() {
    let w = World::start().await;
    let (ada, eve) = (w.sign_up("Ada").await, w.sign_up("Eve").await);
    let list = ada.client.get("/auth/sessions/").await.expect(200);
    let path = format!("/auth/sessions/{}/", list["results"][0]["id"].as_str().unwrap());
    eve.client.delete(&path).await.refused(404, "not_found");
    eve.client.delete("/auth/sessions/nonsense/").await.refused(404, "not_found");
    ada.client.get("/auth/current-user/").await.expect(200);
}

#[tokio::test]
async fn signing_out_ends_this_session_and_may_be_repeated() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let other = w.person(&w.sign_in(&ada.email, PASSWORD).await.expect(200));
    ada.client.post("/auth/signout/", json!({"refresh": ada.refresh})).await.expect(204);
    ada.client.get("/auth/current-user/").await.refused(401, "session_ended");
    ada.client.post("/auth/signout/", json!({})).await.expect(204);
    ada.client.post("/auth/signout/", json!({"refresh": ada.refresh})).await.expect(204);
    other.client.get("/auth/current-user/").await.expect(200);
}

#[tokio::test]
async fn signing_out_works_by_either_token_and_without_a_body() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let by_refresh = w.person(&w.sign_in(&ada.email, PASSWORD).await.expect(200));
    w.t.anonymous().post("/auth/signout/", json!({"refresh": by_refresh.refresh})).await.expect(204);
    by_refresh.client.get("/auth/current-user/").await.refused(401, "session_ended");
    let bare =
        ada.client.send(axum::http::Method::POST, "/auth/signout/", None, axum::body::Body::empty()).await;
    bare.expect(204);
    ada.client.get("/auth/current-user/").await.refused(401, "session_ended");
    // An access token that has expired does not stand in the way.
    let late = w.person(&w.sign_in(&ada.email, PASSWORD).await.expect(200));
    w.t.advance(jiff::SignedDuration::from_mins(20));
    late.client.post("/auth/signout/", json!({"refresh": late.refresh})).await.expect(204);
    w.t.anonymous()
        .post("/auth/token/refresh/", json!({"refresh": late.refresh}))
        .await
        .refused(401, "session_ended");
}

#[tokio::test]
async fn signing_out_everywhere_ends_all_sessions_of_this_person() {
    let w = World::start().await;
    let (ada, eve) = (w.sign_up("Ada").await, w.sign_up("Eve").await);
    let other = w.person(&w.sign_in(&ada.email, PASSWORD).await.expect(200));
    ada.client.post("/auth/signout/?everywhere=true", json!({})).await.expect(204);
    for person in [&ada, &other] {
        person.client.get("/auth/current-user/").await.refused(401, "session_ended");
    }
    eve.client.get("/auth/current-user/").await.expect(200);
    eve.client.post("/auth/signout/?everywhere=perhaps", json!({})).await.refused(422, "validation_failed");
}

#[tokio::test]
async fn nobody_cannot_sign_out() {
    let w = World::start().await;
    w.t.anonymous().post("/auth/signout/", json!({})).await.refused(401, "unauthenticated");
    w.t.anonymous()
        .with_token("garbage")
        .post("/auth/signout/", json!({}))
        .await
        .refused(401, "token_invalid");
    w.t.anonymous().post("/auth/signout/", json!({"refresh": "unknown"})).await.expect(204);
}

#[tokio::test]
async fn what_is_over_is_swept_up_in_time() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let other = w.person(&w.sign_in(&ada.email, PASSWORD).await.expect(200));
    other.client.post("/auth/signout/", json!({})).await.expect(204);
    w.t.advance(jiff::SignedDuration::from_hours(49));
    w.t.run_jobs().await;
    assert_eq!(w.count("select count(*) from refresh_tokens").await, 1);
    assert_eq!(w.count("select count(*) from one_time_codes").await, 0);
    w.t.advance(jiff::SignedDuration::from_hours(91 * 24));
    w.t.run_jobs().await;
    assert_eq!(w.count("select count(*) from sessions").await, 0);
}

#[tokio::test]
async fn ending_and_refreshing_at_once_do_not_wait_for_each_other() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    for _ in 0..5 {
        let one = w.person(&w.sign_in(&ada.email, PASSWORD).await.expect(200));
        let two = w.person(&w.sign_in(&ada.email, PASSWORD).await.expect(200));
        let anonymous = w.t.anonymous();
        let statuses = all((0..12).map(|i| {
            let (client, anonymous, refresh) = (one.client.clone(), anonymous.clone(), two.refresh.clone());
            async move {
                match i % 3 {
                    0 => client.post("/auth/signout/?everywhere=true", json!({})).await,
                    1 => anonymous.post("/auth/token/refresh/", json!({"refresh": refresh})).await,
                    _ => {
                        let body = json!({"old_password": PASSWORD, "new_password": PASSWORD});
                        client.post("/auth/password-change/", body).await
                    }
                }
                .status
                .as_u16()
            }
        }));
        // Some come too late, but none is caught in a knot that the database has to cut.
        let statuses = statuses.await;
        assert!(statuses.iter().all(|status| *status < 500), "{statuses:?}");
    }
}
