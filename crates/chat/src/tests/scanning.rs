//! Files are scanned before anybody can have them.

use async_trait::async_trait;
use bytes::Bytes;
use platform::{
    ports::scanner::{Scanner, Verdict},
    testing::Log,
};
use serde_json::json;
use sqlx::PgPool;

use super::{
    World,
    files::{PDF, png, upload},
};

const VIRUS: &[u8] = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE";

/// One that nobody can reach.
struct Down;

#[async_trait]
impl Scanner for Down {
    async fn scan(&self, _file: &Bytes) -> anyhow::Result<Verdict> {
        anyhow::bail!("the scanner cannot be reached")
    }
}

/// One that takes every connection to the database while it looks.
struct Greedy(PgPool);

#[async_trait]
impl Scanner for Greedy {
    async fn scan(&self, _file: &Bytes) -> anyhow::Result<Verdict> {
        let mut taken = Vec::new();
        for _ in 0..self.0.options().get_max_connections() {
            taken.push(self.0.acquire().await?);
        }
        Ok(Verdict::Clean)
    }
}

async fn nothing_is_kept(w: &World) {
    assert_eq!(w.t.storage.keys(), Vec::<String>::new());
    let kept = sqlx::query_scalar!(r#"select count(*) as "count!" from chat_media"#);
    assert_eq!(kept.fetch_one(&w.t.app.db).await.unwrap(), 0);
}

#[tokio::test]
async fn an_infected_file_is_refused_and_not_kept() {
    let w = World::new().await;
    for start in [PDF, b"ID3\x04", b"OggS\x00\x02", b"\0\0\0\x20ftypisom\0hdlrvide"] {
        let refused = upload(&w.ann, &[start, VIRUS].concat(), "offer.pdf").await;
        let refused = refused.refused(422, "infected_file");
        assert_eq!(refused["message"], "This file holds a virus. It was not sent.");
        upload(&w.ann, start, "offer.pdf").await.expect(201);
    }
    assert_eq!(w.t.storage.keys().len(), 4, "only the clean ones");
}

#[tokio::test]
async fn a_file_that_nobody_could_scan_is_not_taken() {
    let w = World::new().await;
    w.t.scanner.through(Down);
    let ann = w.ann.with("Idempotency-Key", "once");
    let refused = upload(&ann, PDF, "offer.pdf").await.refused(503, "unavailable");
    assert_eq!(refused.header("retry-after"), "1");
    nothing_is_kept(&w).await;
    // The same request may be sent again.
    w.t.scanner.through(Greedy(w.t.app.db.clone()));
    upload(&ann, PDF, "offer.pdf").await.expect(201);
}

#[tokio::test]
async fn a_picture_needs_no_scanner() {
    let w = World::new().await;
    w.t.scanner.through(Down);
    // What stands behind the picture, or in its metadata, is gone when it is drawn anew.
    let picture = upload(&w.ann, &[&png(), VIRUS].concat(), "cat.png").await.expect(201);
    assert_eq!(picture["content_type"], json!("image/webp"));
    let file = w.ann.get(&format!("/media/{}/", picture.str("id"))).await.expect(200);
    assert!(!file.bytes.windows(VIRUS.len()).any(|window| window == VIRUS));
}

#[tokio::test]
async fn no_connection_is_held_while_a_file_is_scanned() {
    let w = World::new().await;
    w.t.scanner.through(Greedy(w.t.app.db.clone()));
    upload(&w.ann.with("Idempotency-Key", "once"), PDF, "offer.pdf").await.expect(201);
}

#[tokio::test]
async fn the_log_says_what_was_found_and_not_in_what() {
    let w = World::new().await;
    let (log, _logging) = Log::start("chat=trace,platform=trace");
    let refused = upload(&w.ann, &[PDF, VIRUS].concat(), "my divorce.pdf").await;
    refused.refused(422, "infected_file");
    let log = log.text();
    assert!(log.contains(r#"signature="Test.Eicar""#), "{log}");
    assert!(!log.contains("divorce") && !log.contains("EICAR-STANDARD"), "{log}");
}
