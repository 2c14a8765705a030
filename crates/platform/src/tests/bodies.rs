//! Bodies that are no text, say a thing twice, or are not read.

use super::*;

#[tokio::test]
async fn a_member_that_is_given_twice_is_malformed() {
    let nobody = app().await.anonymous();
    for body in [
        r#"{"text":"a","text":"a"}"#,
        r#"{"text":"a","\u0074ext":"b"}"#,
        r#"{"text":"a","unknown":{"x":[{"y":1,"y":2}]}}"#,
        r#"{"text":null,"text":"a"}"#,
    ] {
        let answer = nobody.send(Method::POST, "/echo/", Some("application/json"), Body::from(body)).await;
        answer.refused(400, "malformed_request");
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused_wherever_they_come() {
    let t = app().await;
    let nobody = t.anonymous();
    let deep = format!(r#"{{"text":"a","x":{}{}}}"#, "[".repeat(60_000), "]".repeat(60_000));
    for body in [b"{\"text\":\"\xff\"}".to_vec(), b"{\"text\":\"\\ud800\"}".to_vec(), deep.into_bytes()] {
        let answer = nobody.send(Method::POST, "/echo/", Some("application/json"), Body::from(body)).await;
        answer.refused(400, "malformed_request");
    }
    nobody.post("/echo/", json!({"text": "a\0"})).await.refused(422, "validation_failed");
    for query in ["x=%00", "%00=x", "page_size=%00"] {
        nobody.get(&format!("/numbers/?{query}")).await.refused(422, "validation_failed");
    }
    for query in ["x=%ff", "x=%c3", "%ed%a0%80=x"] {
        nobody.get(&format!("/numbers/?{query}")).await.refused(400, "malformed_request");
    }
    for path in ["/notes/%00/", "/notes/%ff/", "/%00", "/notes/a%00b"] {
        nobody.get(path).await.refused(404, "not_found");
    }
    let strange =
        nobody.with("accept-language", "\u{ff}").with("if-none-match", "\u{ff}").with("accept", "\u{ff}");
    strange.get("/numbers/").await.expect(200);
}

/// What the server says to these requests on one connection, until it closes it or nothing more comes.
async fn on_one_connection(t: &TestApp, requests: &[String]) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(t.listen().await).await.unwrap();
    for request in requests {
        stream.write_all(request.as_bytes()).await.unwrap();
    }
    let mut said = Vec::new();
    let reading = stream.read_to_end(&mut said);
    let _quiet = tokio::time::timeout(std::time::Duration::from_secs(2), reading).await;
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test]
async fn an_answer_that_leaves_a_body_unread_closes_openly_or_reads_on() {
    let t = app().await;
    let post = |path: &str, headers: &str, body: &str| {
        format!("POST {path} HTTP/1.1\r\nhost: x\r\n{headers}content-type: application/json\r\n\r\n{body}")
    };
    let next = "GET /language/ HTTP/1.1\r\nhost: x\r\n\r\n".to_owned();
    let closes = |said: &str| said.to_lowercase().contains("connection: close");
    for (path, status) in [("/notes/", "401"), ("/nothing/", "404"), ("/language/", "405"), ("/echo/", "413")]
    {
        let body = "x".repeat(300_000);
        let small =
            on_one_connection(&t, &[post(path, "content-length: 300000\r\n", &body), next.clone()]).await;
        assert!(small.starts_with(&format!("HTTP/1.1 {status}")), "{small}");
        assert!(!closes(&small) && small.contains("HTTP/1.1 200"), "{path}: {small}");
        if status == "413" {
            continue;
        }
        // More than is read on, and a client that waits to be asked for it.
        for headers in ["content-length: 30000000\r\n", "content-length: 9000000\r\nexpect: 100-continue\r\n"]
        {
            let large = on_one_connection(&t, &[post(path, headers, "")]).await;
            assert!(large.starts_with(&format!("HTTP/1.1 {status}")) && closes(&large), "{path}: {large}");
        }
    }
}
