//! Uploading over HTTP.

use axum::{body::Body, http::Method, routing::post};
use platform::{app::App, error::ApiResult, testing::TestApp};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;

use super::{SIZES, files};
use crate::{MAX_FILE_BYTES, Upload, process, upload_limit};

async fn app() -> TestApp {
    async fn handler(upload: Upload) -> ApiResult<String> {
        let picture = process(upload.file("image")?, &SIZES).await?;
        Ok(format!("{}x{} {:?}", picture.width, picture.height, upload.text("alt_text")?))
    }
    TestApp::start(OpenApiRouter::<App>::new().route("/pictures/", post(handler)).layer(upload_limit())).await
}

#[tokio::test]
async fn a_picture_comes_in_a_form_with_texts_beside_it() {
    let client = app().await.anonymous();
    let file = files::png(64, 32);
    let answer =
        client.upload("/pictures/", "image", ("x.png", "image/png", &file), &[("alt_text", "A café")]).await;
    assert_eq!(answer.expect(200).text(), r#"64x32 Some("A café")"#);
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_with_its_reason() {
    let client = app().await.anonymous();
    let send = async |field, file: &[u8]| {
        client.upload("/pictures/", field, ("x.jpg", "image/jpeg", file), &[]).await
    };

    send("image", b"GIF89a").await.refused(415, "unsupported_picture");
    send("image", b"\xff\xd8\xff\xe0\0").await.refused(422, "corrupt_picture");
    send("image", &files::png_bomb(50_000, 50_000)).await.refused(422, "picture_too_large");
    assert!(send("image", b"").await.refused(422, "validation_failed")["errors"]["image"].is_array());
    assert!(
        send("picture", &files::png(1, 1)).await.refused(422, "validation_failed")["errors"]["image"]
            .is_array()
    );
    send("image", &vec![0; MAX_FILE_BYTES + 1]).await.refused(413, "payload_too_large");
    send("image", &vec![0; MAX_FILE_BYTES + 1024 * 1024]).await.refused(413, "payload_too_large");
}

#[tokio::test]
async fn what_is_no_form_is_refused() {
    let client = app().await.anonymous();
    client.post("/pictures/", json!({"image": "x"})).await.refused(415, "unsupported_media_type");
    let form = |body: &'static str| {
        client.send(Method::POST, "/pictures/", Some("multipart/form-data; boundary=b"), Body::from(body))
    };
    form("--b\r\nnonsense").await.refused(400, "malformed_request");
    form("").await.refused(400, "malformed_request");
    form("--b\r\ncontent-disposition: form-data; name=\"alt_text\"\r\n\r\n\0\r\n--b--\r\n")
        .await
        .refused(422, "validation_failed");
    for label in ["name=\"a\0b\"", "name=\"image\"; filename=\"a\0b.jpg\""] {
        let form = format!("--b\r\ncontent-disposition: form-data; {label}\r\n\r\nx\r\n--b--\r\n");
        let kind = Some("multipart/form-data; boundary=b");
        let answer = client.send(Method::POST, "/pictures/", kind, Body::from(form)).await;
        answer.refused(400, "malformed_request");
    }
    let twice = "--b\r\ncontent-disposition: form-data; name=\"image\"\r\n\r\nx\r\n".repeat(2) + "--b--\r\n";
    let answer = client
        .send(Method::POST, "/pictures/", Some("multipart/form-data; boundary=b"), Body::from(twice))
        .await;
    answer.refused(422, "validation_failed");
}
