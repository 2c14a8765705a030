//! Carrying a session on.

use jiff::SignedDuration;
use serde_json::json;

use super::*;

async fn refresh(w: &World, token: &str) -> Answer {
    w.t.anonymous().post("/auth/token/refresh/", json!({"refresh": token})).await
}

#[tokio::test]
async fn a_refresh_rotates() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let next = refresh(&w, &ada.refresh).await.expect(200);
    assert_eq!(next["expires_in"], 900);
    assert_eq!(next.body.as_object().unwrap().len(), 3);
    assert_ne!(next.str("refresh"), ada.refresh);
    w.t.anonymous().with_token(&next.str("access")).get("/auth/current-user/").await.expect(200);
    ada.client.get("/auth/current-user/").await.expect(200);
}

#[tokio::test]
async fn within_ten_seconds_a_used_token_gives_the_same_successor() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let first = refresh(&w, &ada.refresh).await.expect(200).str("refresh");
    w.t.advance(SignedDuration::from_millis(9_999));
    assert_eq!(refresh(&w, &ada.refresh).await.expect(200).str("refresh"), first);
    // Even when the successor has gone on meanwhile.
    let second = refresh(&w, &first).await.expect(200).str("refresh");
    assert_eq!(refresh(&w, &first).await.expect(200).str("refresh"), second);
}

#[tokio::test]
async fn used_again_later_it_ends_the_session_at_once() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let next = refresh(&w, &ada.refresh).await.expect(200);
    let other = w.person(&w.sign_in(&ada.email, PASSWORD).await.expect(200));
    w.t.advance(SignedDuration::from_secs(10));
    refresh(&w, &ada.refresh).await.refused(401, "token_reused");
    refresh(&w, &next.str("refresh")).await.refused(401, "session_ended");
    refresh(&w, &ada.refresh).await.refused(401, "session_ended");
    ada.client.get("/auth/current-user/").await.refused(401, "session_ended");
    // Another sign-in of the same person is none of it.
    other.client.get("/auth/current-user/").await.expect(200);
    refresh(&w, &other.refresh).await.expect(200);
}

#[tokio::test]
async fn a_hundred_refreshes_at_once_leave_one_live_successor() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let answers = all((0..100).map(|_| {
        let (client, token) = (w.t.anonymous(), ada.refresh.clone());
        async move { client.post("/auth/token/refresh/", json!({"refresh": token})).await }
    }));
    let mut successors: Vec<_> =
        answers.await.into_iter().map(|answer| answer.expect(200).str("refresh")).collect();
    successors.dedup();
    assert_eq!(successors.len(), 1);
    assert_eq!(w.count("select count(*) from refresh_tokens where used_at is null").await, 1);
    refresh(&w, &successors[0]).await.expect(200);
}

#[tokio::test]
async fn a_session_ends_after_thirty_days_or_two_idle_weeks() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let mut token = ada.refresh.clone();
    for _ in 0..2 {
        w.t.advance(SignedDuration::from_hours(13 * 24));
        token = refresh(&w, &token).await.expect(200).str("refresh");
    }
    w.t.advance(SignedDuration::from_secs(4 * 24 * 3600 - 60));
    // The access token ends with its session.
    let last = refresh(&w, &token).await.expect(200);
    assert_eq!(last["expires_in"], 60);
    w.t.advance(SignedDuration::from_secs(60));
    refresh(&w, &last.str("refresh")).await.refused(401, "token_expired");

    let idle = w.person(&w.sign_in(&ada.email, PASSWORD).await.expect(200));
    w.t.advance(SignedDuration::from_hours(14 * 24));
    refresh(&w, &idle.refresh).await.refused(401, "token_expired");
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    refresh(&w, &ada.access.chars().take(200).collect::<String>()).await.refused(401, "token_invalid");
    refresh(&w, &ada.refresh.to_uppercase()).await.refused(401, "token_invalid");
    refresh(&w, "").await.refused(422, "validation_failed");
    refresh(&w, &"x".repeat(201)).await.refused(422, "validation_failed");
}

#[tokio::test]
async fn refresh_tokens_are_256_bits_and_only_their_hashes_are_kept() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let next = refresh(&w, &ada.refresh).await.expect(200).str("refresh");
    for token in [&ada.refresh, &next] {
        assert_eq!(token.len(), 43);
        let kept = format!(
            "select count(*) from refresh_tokens where encode(token_hash, 'escape') like '%{token}%'"
        );
        assert_eq!(w.count(&kept).await, 0);
    }
}
