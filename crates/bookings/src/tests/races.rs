//! Many at once: exactly one gets a time, one of several answers counts, and nobody sees an error of ours.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use platform::testing::{Answer, Client};
use serde_json::json;

use super::{World, instant, job, service};

const MANY: &[&str] = &["--database-connections", "64", "--database-wait", "60000"];

fn statuses(answers: &[Answer]) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(answer.status.as_u16()).or_default() += 1;
    }
    counts
}

async fn customers(w: &World, count: usize) -> Vec<Client> {
    let mut customers = Vec::new();
    for n in 0..count {
        customers.push(w.t.user(&format!("Customer {n}")).await);
    }
    customers
}

/// Pairs of bookings of one provider whose blocked times overlap.
async fn overlaps(w: &World) -> i64 {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from reservations a join reservations b
               on a.provider_id = b.provider_id and a.booking_id < b.booking_id and a.blocked && b.blocked"#
    )
    .fetch_one(&w.t.app.db)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_who_want_the_same_time_exactly_one_gets_it() {
    let w = World::with(MANY).await;
    let customers = customers(&w, 64).await;
    for time in ["09:00", "12:00", "15:00"] {
        let body = w.body("2026-03-03", time);
        let answers =
            join_all(customers.iter().map(|customer| customer.post("/bookings/", body.clone()))).await;
        assert_eq!(statuses(&answers), BTreeMap::from([(201, 1), (409, 63)]), "{time}");
        for lost in answers.iter().filter(|answer| answer.status == 409) {
            assert_eq!(lost["code"], "slot_taken");
            assert!(!lost["alternatives"].as_array().unwrap().is_empty());
        }
    }
    assert_eq!((w.held().await.len(), overlaps(&w).await), (3, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn random_overlapping_wishes_never_make_an_overlap() {
    let w = World::with(MANY).await;
    w.schedule(json!({"slot_step_minutes": 5, "buffer_before_minutes": 10, "buffer_after_minutes": 5})).await;
    let services =
        [(w.service, 90), (service(&w.t, &w.bob, 25).await, 25), (service(&w.t, &w.bob, 240).await, 240)];
    let customers = customers(&w, 64).await;
    let mut seed = 7_u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let mut refused = Vec::new();
    for _ in 0..6 {
        let wishes: Vec<_> = customers
            .iter()
            .map(|customer| {
                let (service, minutes) = services[usize::try_from(random(3)).unwrap()];
                let (day, minute) = (3 + random(3), 8 * 60 + random(96) * 5);
                let body = json!({"service_id": service, "payment_method": "cash", "scheduled_date": format!("2026-03-0{day}"),
                    "scheduled_time": format!("{:02}:{:02}", minute / 60, minute % 60)});
                // Berlin is an hour ahead of UTC.
                let start = instant(&format!("2026-03-0{day}T00:00:00Z"))
                    .plus(jiff::SignedDuration::from_mins(i64::try_from(minute).unwrap() - 60));
                (customer, body, start, minutes)
            })
            .collect();
        let answers =
            join_all(wishes.iter().map(|(customer, body, ..)| customer.post("/bookings/", body.clone())))
                .await;
        for (answer, (_, body, start, minutes)) in answers.iter().zip(&wishes) {
            assert!([201, 409].contains(&answer.status.as_u16()), "{body} {}", answer.text());
            if answer.status == 409 {
                refused.push((*start, *minutes));
            }
        }
    }
    assert_eq!(overlaps(&w).await, 0);
    assert!(refused.len() > 100);
    for (start, minutes) in refused {
        let stands_in_the_way = sqlx::query_scalar!(
            r#"select exists (select from reservations where blocked && tstzrange($1::timestamptz - interval '10 minutes',
                      $1::timestamptz + make_interval(mins => $2 + 5))) as "yes!""#,
            start as _,
            minutes,
        );
        assert!(stands_in_the_way.fetch_one(&w.t.app.db).await.unwrap(), "{start} was free");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_database_alone_keeps_bookings_apart() {
    let w = World::new().await;
    w.book("2026-03-03", "10:00").await;
    let forced = sqlx::query!(
        "insert into reservations select provider_id, gen_random_uuid(), 'booking', starts_at, ends_at, blocked from reservations"
    );
    let error = forced.execute(&w.t.app.db).await.unwrap_err();
    assert_eq!(error.as_database_error().unwrap().constraint(), Some("reservations_no_overlap"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_several_answers_to_a_request_one_counts() {
    let w = World::with(MANY).await;
    for day in 3..=8 {
        let path = w.book(&format!("2026-03-0{day}"), "10:00").await;
        let (accept, decline) = (job(&path, "accept"), job(&path, "decline"));
        let withdraw = format!("{path}cancel/");
        let (body, ann) = (json!({}), w.ann.with("if-match", "\"1\""));
        let (first, second, third, fourth) = tokio::join!(
            w.bob.put(&accept, body.clone()),
            w.bob.put(&decline, body.clone()),
            ann.put(&withdraw, body.clone()),
            w.bob.put(&accept, body.clone()),
        );
        let answers = [first, second, third, fourth];
        let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        let state = w.state(&path).await;
        assert_eq!(won[0]["sub_status"], json!(state));
        for lost in answers.iter().filter(|answer| answer.status != 200) {
            assert!(
                lost.status == 409 && lost["state"] == json!(state) || lost.status == 412,
                "{}",
                lost.text()
            );
        }
        assert_eq!(w.ann.get(&path).await["version"], 2);
    }
    let answered =
        sqlx::query_scalar!("select requests_answered from providers").fetch_one(&w.t.app.db).await.unwrap();
    assert!((0..=6).contains(&answered));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_and_the_expiry_do_not_both_happen() {
    let w = World::with(MANY).await;
    let path = w.book("2026-03-05", "10:00").await;
    w.hours(24);
    let (accepted, ()) = tokio::join!(async { w.bob.put(&job(&path, "accept"), json!({})).await }, async {
        w.t.run_jobs().await;
    },);
    accepted.refused(409, "invalid_transition");
    assert_eq!(w.state(&path).await, "request_expired");
    assert_eq!(w.ann.get(&path).await["version"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_move_to_the_same_time_exactly_one_gets_there() {
    let w = World::with(MANY).await;
    w.schedule(json!({"auto_accept": true})).await;
    let mut paths = Vec::new();
    for day in 3..=7 {
        for time in ["08:00", "10:00", "12:00", "14:00"] {
            paths.push(w.book(&format!("2026-03-0{day}"), time).await);
        }
    }
    let to = json!({"scheduled_date": "2026-03-09", "scheduled_time": "10:00"});
    let answers =
        join_all(paths.iter().map(async |path| w.ann.put(&format!("{path}reschedule/"), to.clone()).await))
            .await;
    assert_eq!(statuses(&answers), BTreeMap::from([(200, 1), (409, 19)]));
    assert_eq!((w.held().await.len(), overlaps(&w).await), (20, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_proposal_is_accepted_or_dropped_but_not_both() {
    let w = World::with(MANY).await;
    for day in 3..=8 {
        let path = w.confirmed(&format!("2026-03-0{day}"), "10:00").await;
        let to = json!({"scheduled_date": format!("2026-03-1{day}"), "scheduled_time": "10:00"});
        w.ann.put(&format!("{path}reschedule/"), to).await.expect(200);
        let (accept, cancel) = (format!("{path}reschedule/accept/"), format!("{path}cancel/"));
        let (first, second, third) = tokio::join!(
            w.bob.put(&accept, json!({})),
            w.bob.put(&accept, json!({})),
            w.ann.put(&cancel, json!({})),
        );
        assert!([&first, &second, &third].iter().all(|answer| [200, 409].contains(&answer.status.as_u16())));
        assert!(!(first.status == 200 && second.status == 200));
        assert_eq!(third.status, 200);
        assert_eq!(w.held().await.len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_that_64_send_at_once_books_once() {
    let w = World::with(MANY).await;
    let ann = w.ann.with("idempotency-key", "k");
    let body = w.body("2026-03-03", "10:00");
    let answers = join_all((0..64).map(|_| ann.post("/bookings/", body.clone()))).await;
    let counts = statuses(&answers);
    assert!(counts.keys().all(|status| [201, 409].contains(status)), "{counts:?}");
    assert_eq!(w.held().await.len(), 1);
    assert_eq!(ann.post("/bookings/", body).await.expect(201).header("idempotency-replayed"), "true");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_holds_at_once_only_five_are_let_through() {
    let w = World::with(MANY).await;
    let mut services = vec![w.service];
    for n in 0..11 {
        let other = w.t.provider(&format!("Provider {n}")).await;
        services.push(service(&w.t, &other, 90).await);
        let weekly: Vec<_> =
            (1..=7).map(|day| json!({"weekday": day, "start": "08:00", "end": "20:00"})).collect();
        let schedule = json!({"timezone": "Europe/Berlin", "weekly": weekly});
        other.put("/providers/schedule/", schedule).await.expect(200);
    }
    sqlx::query!("update services set credits_required = 45").execute(&w.t.app.db).await.unwrap();
    let bodies = services.iter().flat_map(|service| {
        ["08:00", "10:00", "12:00", "14:00"].map(|time| {
            json!({"service_id": service, "scheduled_date": "2026-03-03", "scheduled_time": time,
                "payment_method": "credits"})
        })
    });
    let answers = join_all(bodies.map(|body| w.ann.post("/bookings/", body))).await;
    assert_eq!(statuses(&answers), BTreeMap::from([(201, 5), (409, 43)]));
    let refused = answers.iter().filter(|answer| answer.status == 409);
    assert!(refused.into_iter().all(|answer| answer["code"] == "too_many_holds"));
    let most = sqlx::query_scalar!(
        r#"select max(count) as "most!" from (select count(*) from bookings group by provider_id) of"#
    );
    assert!(most.fetch_one(&w.t.app.db).await.unwrap() <= 3);
}
