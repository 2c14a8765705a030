//! Guessing is held back.

use jiff::SignedDuration;
use serde_json::json;

use super::*;

async fn try_at(client: &Client, email: &str, password: &str) -> Answer {
    client.post("/auth/signin/", json!({"email": email, "password": password})).await
}

#[tokio::test]
async fn after_five_failures_each_try_waits_twice_as_long() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let eve = w.device("203.0.113.66", "curl");
    for _ in 0..5 {
        try_at(&eve, &ada.email, "wrong").await.refused(401, "invalid_credentials");
    }
    for seconds in [1, 2, 4, 8] {
        let refused = try_at(&eve, &ada.email, PASSWORD).await.refused(429, "too_many_attempts");
        assert_eq!(refused.header("retry-after"), seconds.to_string());
        w.t.advance(SignedDuration::from_secs(seconds));
        try_at(&eve, &ada.email, "wrong").await.refused(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn an_unknown_account_is_held_back_alike() {
    let w = World::start().await;
    for i in 0..5 {
        let eve = w.device(&format!("203.0.113.{i}"), "curl");
        try_at(&eve, "Nobody@example.com", "wrong").await.refused(401, "invalid_credentials");
    }
    let eve = w.device("203.0.113.9", "curl");
    try_at(&eve, "nobody@EXAMPLE.com", "wrong").await.refused(429, "too_many_attempts");
}

#[tokio::test]
async fn an_address_is_held_back_whatever_account_it_tries() {
    let w = World::start().await;
    let eve = w.device("203.0.113.66", "curl");
    for i in 0..5 {
        try_at(&eve, &format!("nobody{i}@example.com"), "wrong").await.refused(401, "invalid_credentials");
    }
    try_at(&eve, "somebody@example.com", "wrong").await.refused(429, "too_many_attempts");
    let other = w.device("203.0.113.67", "curl");
    try_at(&other, "somebody@example.com", "wrong").await.refused(401, "invalid_credentials");
}

#[tokio::test]
async fn the_owner_gets_in_from_a_known_device_while_others_guess() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let body = json!({"email": ada.email, "password": PASSWORD, "device_name": "Ada's phone"});
    w.device("198.51.100.1", "Dart").post("/auth/signin/", body.clone()).await.expect(200);
    let mut evaluated = 0;
    for i in 0..40 {
        let eve = w.device(&format!("203.0.113.{i}"), "curl");
        evaluated += u32::from(try_at(&eve, &ada.email, "wrong").await.status == 401);
    }
    assert_eq!(evaluated, 5);
    // At home, and on the road, where the phone is known by its name.
    try_at(&w.device("198.51.100.1", "Dart"), &ada.email, PASSWORD).await.expect(200);
    w.device("192.0.2.77", "Dart").post("/auth/signin/", body).await.expect(200);
    try_at(&w.device("192.0.2.78", "Dart"), &ada.email, PASSWORD).await.refused(429, "too_many_attempts");
}

#[tokio::test]
async fn of_a_hundred_tries_at_once_five_are_answered() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let answers = all((0..100).map(|i| {
        let (client, email) = (w.device(&format!("203.0.113.{i}"), "curl"), ada.email.clone());
        async move { try_at(&client, &email, "wrong").await.status.as_u16() }
    }));
    let statuses = answers.await;
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 5);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 95);
}

#[tokio::test]
async fn success_begins_the_count_anew() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    for i in 0..12 {
        let client = w.device(&format!("203.0.113.{i}"), "curl");
        for _ in 0..4 {
            try_at(&client, &ada.email, "wrong").await.refused(401, "invalid_credentials");
        }
        try_at(&client, &ada.email, PASSWORD).await.expect(200);
    }
}

#[tokio::test]
async fn an_attacker_does_not_clear_an_address_with_an_account_of_their_own() {
    let w = World::start().await;
    let eve = w.sign_up("Eve").await;
    let client = w.device("203.0.113.66", "curl");
    let mut refused = 0;
    for i in 0..10 {
        try_at(&client, &format!("nobody{i}@example.com"), "wrong").await;
        refused += u32::from(try_at(&client, &eve.email, PASSWORD).await.status == 429);
        // From the second time on this device is known to Eve's account, and counts for it alone.
    }
    assert_eq!(refused, 0);
    try_at(&client, "somebody@example.com", "wrong").await.refused(429, "too_many_attempts");
}

#[tokio::test]
async fn counts_are_forgotten_in_time() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    for i in 0..5 {
        try_at(&w.device(&format!("203.0.113.{i}"), "curl"), &ada.email, "wrong").await.expect(401);
    }
    w.t.advance(SignedDuration::from_hours(25));
    w.t.run_jobs().await;
    assert_eq!(w.count("select count(*) from throttles").await, 0);
    for i in 0..5 {
        try_at(&w.device(&format!("203.0.113.{i}"), "curl"), &ada.email, "wrong").await.expect(401);
    }
}

#[tokio::test]
async fn load_tests_can_switch_it_off() {
    let w = World::with(&["--limit-sign-ins", "false"]).await;
    let ada = w.sign_up("Ada").await;
    for _ in 0..8 {
        w.sign_in(&ada.email, "wrong").await.expect(401);
    }
    for _ in 0..8 {
        ada.client.post("/auth/send-email-verification/", json!({})).await.expect(202);
    }
}
