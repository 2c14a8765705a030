//! Public files through HTTP.

use bytes::Bytes;
use platform::testing::TestApp;

use crate::files_router;

async fn with_files() -> TestApp {
    let test = TestApp::start(files_router()).await;
    for key in
        ["public/services/1/large.webp", "private/document.webp", "public/page.html", "public/.hidden.webp"]
    {
        test.app.storage.put(key, "image/webp", Bytes::from_static(b"RIFF....WEBP")).await.unwrap();
    }
    test
}

#[tokio::test]
async fn a_public_picture_may_be_kept_for_good() {
    let test = with_files().await;
    let answer = test.anonymous().get("/media/files/public/services/1/large.webp").await.expect(200);
    assert_eq!(answer.bytes, b"RIFF....WEBP");
    let names = [
        "content-type",
        "cache-control",
        "etag",
        "x-content-type-options",
        "content-security-policy",
        "cross-origin-resource-policy",
    ];
    let headers: Vec<_> = names.iter().map(|name| format!("{name}: {}", answer.header(name))).collect();
    insta::assert_snapshot!(headers.join("\n"), @r#"
    content-type: image/webp
    cache-control: public, max-age=31536000, immutable
    etag: "001533febc67fa6d"
    x-content-type-options: nosniff
    content-security-policy: default-src 'none'; sandbox
    cross-origin-resource-policy: cross-origin
    "#);
}

#[tokio::test]
async fn a_caller_who_has_the_picture_is_told_so() {
    let test = with_files().await;
    let path = "/media/files/public/services/1/large.webp";
    let first = test.anonymous().get(path).await.expect(200);
    for tags in
        [first.header("etag").to_owned(), format!("\"x\", W/{}", first.header("etag")), "*".to_owned()]
    {
        let again = test.anonymous().with("if-none-match", &tags).get(path).await.expect(304);
        assert!(again.bytes.is_empty());
        assert_eq!(
            (again.header("etag"), again.header("cache-control")),
            (first.header("etag"), first.header("cache-control"))
        );
    }
    test.anonymous().with("if-none-match", "\"other\"").get(path).await.expect(200);
}

#[tokio::test]
async fn nothing_else_is_handed_out() {
    let test = with_files().await;
    for path in [
        "private/document.webp",
        "public/page.html",
        "public/.hidden.webp",
        "public/missing.webp",
        "public/../private/document.webp",
        "public/%2e%2e/private/document.webp",
        "public%2f..%2fprivate%2fdocument.webp",
        "public/..%5cprivate/document.webp",
        "/public/services/1/large.webp",
        "public//services/1/large.webp",
        "public/%00.webp",
        "public/%ff.webp",
        "public/services/1/large.webp/x",
        "public/",
        "public",
        "",
    ] {
        test.anonymous().get(&format!("/media/files/{path}")).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn the_document_describes_the_path() {
    let document = files_router().into_openapi();
    let document = platform::openapi::complete(serde_json::to_value(document).unwrap());
    assert_eq!(document["paths"]["/media/files/{key}"]["get"]["operationId"], "read_file");
}
