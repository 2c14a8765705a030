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
async fn a_network_is_held_back_whatever_account_it_tries() {
    let w = World::start().await;
    let eve = w.device("203.0.113.66", "curl");
    for i in 0..10 {
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
    let mut body = json!({"email": ada.email, "password": PASSWORD, "device_name": "Ada's phone"});
    let phone = w.device("198.51.100.1", "Dart").post("/auth/signin/", body.clone()).await.expect(200);
    let mut evaluated = 0;
    for i in 0..40 {
        let eve = w.device(&format!("203.0.113.{i}"), "curl");
        evaluated += u32::from(try_at(&eve, &ada.email, "wrong").await.status == 401);
    }
    assert_eq!(evaluated, 5);
    // At home, and on the road, where the phone is known by its token and not by its name.
    try_at(&w.device("198.51.100.1", "Dart"), &ada.email, PASSWORD).await.expect(200);
    w.device("192.0.2.77", "Dart")
        .post("/auth/signin/", body.clone())
        .await
        .refused(429, "too_many_attempts");
    body["device_token"] = json!(phone.str("device_token"));
    w.device("192.0.2.77", "Dart").post("/auth/signin/", body.clone()).await.expect(200);
    body["device_token"] = json!("guessed");
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
async fn an_attacker_does_not_clear_a_network_with_an_account_of_their_own() {
    let w = World::start().await;
    let eve = w.sign_up("Eve").await;
    let client = w.device("203.0.113.66", "curl");
    for i in 0..10 {
        try_at(&client, &format!("nobody{i}@example.com"), "wrong").await.refused(401, "invalid_credentials");
        if i < 9 {
            try_at(&client, &eve.email, PASSWORD).await.expect(200);
        }
    }
    try_at(&client, "somebody@example.com", "wrong").await.refused(429, "too_many_attempts");
}

#[tokio::test]
async fn a_stranger_with_the_same_device_name_neither_gets_more_tries_nor_locks_the_owner_out() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let body = |password: &str| json!({"email": ada.email, "password": password, "device_name": "iPhone"});
    w.device("198.51.100.1", "Dart").post("/auth/signin/", body(PASSWORD)).await.expect(200);
    let eve = w.device("203.0.113.66", "Dart");
    for _ in 0..5 {
        eve.post("/auth/signin/", body("wrong")).await.refused(401, "invalid_credentials");
    }
    eve.post("/auth/signin/", body("wrong")).await.refused(429, "too_many_attempts");
    w.device("198.51.100.1", "Dart").post("/auth/signin/", body(PASSWORD)).await.expect(200);
}

/// What a stranger sees of a refusal: everything but its id and the time.
fn seen(answer: &Answer) -> (u16, String, Vec<String>) {
    let names = ["retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "content-type"];
    let headers = names.map(|name| answer.header(name).to_owned()).to_vec();
    (answer.status.as_u16(), answer.str("code"), headers)
}

#[tokio::test]
async fn a_limit_does_not_say_who_has_an_account() {
    let w = World::with(&["--limit-per-address", "100"]).await;
    let ada = w.sign_up("Ada").await;
    // Ada has signed in from the first of these networks, and never from the second.
    for address in ["127.0.0.1", "203.0.113.66"] {
        let mut seen_of = Vec::new();
        for email in [ada.email.as_str(), "nobody@example.com"] {
            w.sql("delete from throttles").await;
            let client = w.device(address, "curl");
            let mut all = Vec::new();
            for _ in 0..8 {
                all.push(seen(&try_at(&client, email, "wrong").await));
            }
            // What was counted of one account is no clue in a try of another.
            for i in 0..6 {
                all.push(seen(&try_at(&client, &format!("x{i}@example.com"), "wrong").await));
            }
            seen_of.push(all);
        }
        let mut counts = seen_of.iter().flat_map(|all| all.iter().map(|one| one.0));
        assert!(counts.any(|status| status == 429));
        // The address's own bucket goes on filling, whoever is asked for.
        let hide = |all: &[(u16, String, Vec<String>)]| {
            all.iter()
                .map(|(status, code, headers)| {
                    let rest = if *status == 429 { headers.clone() } else { Vec::new() };
                    (*status, code.clone(), rest)
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(hide(&seen_of[0]), hide(&seen_of[1]), "{address}");
    }
}

#[tokio::test]
async fn the_headers_of_a_refusal_are_those_of_its_limit() {
    let w = World::with(&["--limit-per-address", "100"]).await;
    let ada = w.sign_up("Ada").await;
    let headers = |answer: &Answer| {
        ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "retry-after"]
            .map(|name| answer.header(name).to_owned())
    };
    for _ in 0..5 {
        w.sign_in(&ada.email, "wrong").await.refused(401, "invalid_credentials");
    }
    let refused = w.sign_in(&ada.email, "wrong").await.refused(429, "too_many_attempts");
    assert_eq!(headers(&refused), ["5", "0", "1", "1"]);
    for _ in 0..4 {
        ada.client.post("/auth/send-email-verification/", json!({})).await.expect(202);
    }
    let refused =
        ada.client.post("/auth/send-email-verification/", json!({})).await.refused(429, "too_many_codes");
    assert_eq!(headers(&refused), ["5", "0", "3600", "3600"]);
    for _ in 0..3 {
        let body = json!({"phone_number": "+4915123456789"});
        ada.client.post("/auth/send-phone-verification/", body).await.expect(202);
    }
    let body = json!({"phone_number": "+4915123456789"});
    let refused = ada.client.post("/auth/send-phone-verification/", body).await.refused(429, "sms_limit");
    assert_eq!(headers(&refused), ["3", "0", "600", "600"]);
}

#[tokio::test]
async fn people_of_one_network_who_sign_in_at_once_do_not_hold_each_other_back() {
    let w = World::start().await;
    for i in 0..16 {
        w.sign_up(&format!("Person{i}")).await;
    }
    let answers = all((0..16).map(|i| {
        let client = w.t.anonymous();
        async move { try_at(&client, &format!("person{i}@example.com"), PASSWORD).await.status.as_u16() }
    }));
    assert_eq!(answers.await, [200; 16]);
}

#[tokio::test]
async fn an_ipv6_network_counts_as_one() {
    let w = World::start().await;
    for i in 0..10 {
        let eve = w.device(&format!("2001:db8:1:2:{i}::{i}"), "curl");
        try_at(&eve, &format!("nobody{i}@example.com"), "wrong").await.refused(401, "invalid_credentials");
    }
    let eve = w.device("2001:db8:1:2:ffff::9", "curl");
    try_at(&eve, "somebody@example.com", "wrong").await.refused(429, "too_many_attempts");
    try_at(&w.device("2001:db8:1:3::9", "curl"), "somebody@example.com", "wrong").await.expect(401);
}

#[tokio::test]
async fn sign_ups_are_counted_before_anything_is_done_for_them() {
    let w = World::start().await;
    // Refused ones too: a password that is looked at costs as much as one that is taken.
    for i in 0..60 {
        let client = w.device(&format!("2001:db8:1:2:{i}::1"), "curl");
        let body =
            json!({"email": format!("p{i}@example.com"), "password": "password123", "name": "Somebody"});
        client.post("/auth/signup/", body).await.refused(422, "validation_failed");
    }
    // Neither one that would be taken nor one that would not is looked at any more.
    for password in [PASSWORD, "password123"] {
        let body = json!({"email": "q@example.com", "password": password, "name": "Somebody"});
        let answer = w.device("2001:db8:1:2:ffff::2", "curl").post("/auth/signup/", body).await;
        let refused = answer.refused(429, "too_many_requests");
        assert_eq!((refused.header("retry-after"), refused.header("ratelimit-limit")), ("3600", "60"));
    }
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "name": "Ada Lovelace"});
    w.device("2001:db8:1:3::1", "Dart").post("/auth/signup/", body.clone()).await.expect(201);
    w.t.advance(SignedDuration::from_hours(1));
    let body = json!({"email": "bob@example.com", "password": PASSWORD, "name": "Bob Lovelace"});
    w.device("2001:db8:1:2::7", "Dart").post("/auth/signup/", body).await.expect(201);
}

#[tokio::test]
async fn resets_of_one_network_say_nothing_about_who_has_an_account() {
    let w = World::start().await;
    let client = w.device("203.0.113.1", "curl");
    for i in 0..12 {
        w.sql(&format!(
            "insert into users (id, email, name, created_at, updated_at)
             values (gen_random_uuid(), 'p{i}@example.com', 'P', now(), now())"
        ))
        .await;
        for _ in 0..5 {
            client
                .post("/auth/reset-password/", json!({"email": format!("p{i}@example.com")}))
                .await
                .expect(202);
        }
    }
    assert_eq!(w.mails().await.len(), 60);
    // Had the mails that went out been counted here, their number would say for whom there were any.
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "name": "Ada Lovelace"});
    client.post("/auth/signup/", body).await.expect(201);
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
