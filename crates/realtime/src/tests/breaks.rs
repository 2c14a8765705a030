use super::*;

#[tokio::test]
async fn what_happens_arrives_once_and_in_order() {
    let w = World::new().await;
    let (mut first, mut second) = (w.ann().await, w.ann().await);
    for number in 1..=50 {
        w.happen(number).await;
    }
    let all: Vec<i64> = (1..=50).collect();
    assert_eq!(first.numbers(50).await, all);
    assert_eq!(second.numbers(50).await, all);
    first.is_silent().await;
}

#[tokio::test]
async fn others_hear_nothing_of_it() {
    let w = World::new().await;
    let bob = w.t.user("Bob Example").await;
    let mut bobs = w.connect(&bob.id().to_string(), "").await;
    bobs.next().await;
    w.happen(1).await;
    bobs.is_silent().await;
    w.append(&[w.ann.id(), bob.id()], 1).await.tell(&w.t.app);
    assert_eq!(bobs.numbers(1).await, [1]);
}

#[tokio::test]
async fn a_resume_gives_what_was_missed_and_then_what_happens() {
    let w = World::new().await;
    for number in 1..=5 {
        w.happen(number).await;
    }
    let mut socket = w.ann().await;
    // This one must not come before what was missed.
    w.happen(6).await;
    socket.say(json!({"type": "resume", "last_event_id": 2})).await;
    assert_eq!(socket.numbers(4).await, [3, 4, 5, 6]);
    w.happen(7).await;
    assert_eq!(socket.numbers(1).await, [7]);
    socket.is_silent().await;
    // Whoever says at once what they have needs no frame for it.
    let mut again = w.connect(&w.ann.id().to_string(), "?last_event_id=5").await;
    assert_eq!(again.next().await["last_event_id"], 7);
    assert_eq!(again.numbers(2).await, [6, 7]);
    let mut nothing_missed = w.connect(&w.ann.id().to_string(), "?last_event_id=7").await;
    nothing_missed.next().await;
    w.happen(8).await;
    assert_eq!(nothing_missed.numbers(1).await, [8]);
}

#[tokio::test]
async fn without_a_resume_events_flow_after_a_moment() {
    let w = World::new().await;
    w.happen(1).await;
    let mut socket = w.ann().await;
    w.happen(2).await;
    assert_eq!(socket.numbers(1).await, [2]);
}

#[tokio::test]
async fn what_is_too_old_too_much_or_was_never_there_is_a_resync() {
    let w = World::new().await;
    for number in 1..=3 {
        w.happen(number).await;
    }
    sqlx::query!("delete from user_events where id = 1").execute(&w.t.app.db).await.unwrap();
    let mut socket = w.ann().await;
    let resync = json!({"type": "resync", "last_event_id": 3});
    for last_event_id in [0, 4, i64::MAX] {
        socket.say(json!({"type": "resume", "last_event_id": last_event_id})).await;
        assert_eq!(socket.next().await, resync, "{last_event_id}");
    }
    socket.say(json!({"type": "resume", "last_event_id": 1})).await;
    assert_eq!(socket.numbers(2).await, [2, 3]);
    sqlx::query!(
        "insert into user_events select user_id, n, kind, at, data from user_events, generate_series(4, 1004) n where id = 3"
    )
    .execute(&w.t.app.db)
    .await
    .unwrap();
    sqlx::query!("update user_streams set head = 1004").execute(&w.t.app.db).await.unwrap();
    socket.say(json!({"type": "resume", "last_event_id": 3})).await;
    assert_eq!(socket.next().await, json!({"type": "resync", "last_event_id": 1004}));
    w.happen(1005).await;
    assert_eq!(socket.numbers(1).await, [1005]);
}

#[tokio::test]
async fn an_event_that_nobody_told_of_is_found_in_the_log() {
    let w = World::new().await;
    let app = w.t.app.clone();
    tokio::spawn(async move { app.nodes.run(&app).await });
    let mut socket = w.ann().await;
    socket.say(json!({"type": "ping"})).await;
    socket.next().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(w.append(&[w.ann.id()], 1).await);
    assert_eq!(socket.numbers(1).await, [1]);
    // The one before is found, too.
    drop(w.append(&[w.ann.id()], 2).await);
    w.happen(3).await;
    assert_eq!(socket.numbers(2).await, [2, 3]);
}

#[tokio::test]
async fn old_events_are_forgotten_after_a_week() {
    let w = World::new().await;
    w.happen(1).await;
    w.t.advance(SignedDuration::from_hours(7 * 24));
    w.happen(2).await;
    let job = stream::PruneEvents {};
    platform::jobs::Job::run(job, &w.t.app).await.unwrap();
    let left = sqlx::query_scalar!("select count(*) from user_events").fetch_one(&w.t.app.db).await.unwrap();
    assert_eq!(left, Some(2));
    w.t.advance(SignedDuration::from_secs(1));
    platform::jobs::Job::run(stream::PruneEvents {}, &w.t.app).await.unwrap();
    let left = sqlx::query_scalar!("select id from user_events").fetch_all(&w.t.app.db).await.unwrap();
    assert_eq!(left, [2]);
}
