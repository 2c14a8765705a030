//! Files on disk and in S3, the latter against moto. moto does not check signatures, so these tests cannot
//! show that ours are right; that is `object_store`'s own business.

use bytes::Bytes;
use platform::{config::Settings, ports::storage::Storage};
use tempfile::TempDir;

use super::programs::Program;
use crate::{storage_disk, storage_s3};

const OWN_URL: &str = "http://localhost:8000/media/files";

fn disk(directory: &TempDir) -> impl Storage + use<> {
    storage_disk::open(&directory.path().join("deep/files"), OWN_URL.to_owned()).unwrap()
}

fn s3(server: &Program, more: &[&str]) -> impl Storage + use<> {
    let url = server.url();
    let given = [
        "--s3-bucket",
        "pictures",
        "--s3-access-key",
        "test-key",
        "--s3-secret-key",
        "test-secret",
        "--s3-endpoint",
        &url,
    ];
    let settings = Settings::for_tests(&[&given, more].concat()).storage;
    storage_s3::open(&settings, "pictures", OWN_URL.to_owned()).unwrap()
}

/// What every storage must do.
async fn keeps_files(storage: &impl Storage) {
    let key = "public/services/0195-a_b/large.webp";
    assert_eq!(storage.get(key).await.unwrap(), None);
    storage.put(key, "image/webp", Bytes::from_static(b"old")).await.unwrap();
    storage.put(key, "image/webp", Bytes::from_static(b"new \0\xff")).await.unwrap();
    assert_eq!(storage.get(key).await.unwrap().unwrap(), &b"new \0\xff"[..]);
    storage.put("private/a.pdf", "application/pdf", Bytes::new()).await.unwrap();
    assert_eq!(storage.get("private/a.pdf").await.unwrap().unwrap(), Bytes::new());
    storage.delete(key).await.unwrap();
    assert_eq!(storage.get(key).await.unwrap(), None);
    storage.delete(key).await.unwrap();
    let large = Bytes::from(vec![7; 10 * 1024 * 1024]);
    storage.put("public/large.webp", "image/webp", large.clone()).await.unwrap();
    assert!(storage.get("public/large.webp").await.unwrap().unwrap() == large);
}

async fn refuses_other_names(storage: &impl Storage) {
    for key in [
        "",
        "/",
        "/etc/passwd",
        "../x",
        "public/../../x",
        "public//x",
        "public/.x",
        "a/",
        "a\\b",
        "a b",
        "ä",
        "a%2fb",
        "a\0",
        "x#1",
        "a.",
    ] {
        assert!(storage.put(key, "image/webp", Bytes::new()).await.is_err(), "{key:?}");
        assert!(storage.get(key).await.is_err(), "{key:?}");
        assert!(storage.delete(key).await.is_err(), "{key:?}");
    }
    let (long, too_long) = ("x".repeat(255), "x".repeat(256));
    assert!(storage.get(&long).await.is_ok() && storage.get(&too_long).await.is_err());
}

#[tokio::test]
async fn the_disk_keeps_files() {
    let directory = TempDir::new().unwrap();
    let storage = disk(&directory);
    keeps_files(&storage).await;
    refuses_other_names(&storage).await;
    assert_eq!(storage.public_url("public/a.webp"), "http://localhost:8000/media/files/public/a.webp");
}

#[cfg(unix)]
#[tokio::test]
async fn the_directory_is_closed_to_other_accounts() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = TempDir::new().unwrap();
    drop(disk(&directory));
    let mode = std::fs::metadata(directory.path().join("deep/files")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn a_reader_on_disk_sees_the_old_file_or_the_new_one_and_nothing_between() {
    let directory = TempDir::new().unwrap();
    let storage = std::sync::Arc::new(disk(&directory));
    let version = |n: u8| Bytes::from(vec![n; 2 * 1024 * 1024]);
    storage.put("public/a.webp", "image/webp", version(0)).await.unwrap();
    let writer = tokio::spawn({
        let storage = storage.clone();
        async move {
            for n in 1..20 {
                storage.put("public/a.webp", "image/webp", version(n)).await.unwrap();
            }
        }
    });
    while !writer.is_finished() {
        let seen = storage.get("public/a.webp").await.unwrap().unwrap();
        assert_eq!(seen, version(seen[0]));
    }
    writer.await.unwrap();
    let left: Vec<_> = std::fs::read_dir(directory.path().join("deep/files/public")).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left beside the file");
}

#[tokio::test]
async fn a_bucket_keeps_files() {
    let mut server = Program::s3().await;
    let storage = s3(&server, &[]);
    keeps_files(&storage).await;
    refuses_other_names(&storage).await;
    assert_eq!(storage.public_url("public/a.webp"), "http://localhost:8000/media/files/public/a.webp");
    assert_eq!(server.ask("public/large.webp").await, "image/webp; public, max-age=31536000, immutable");
    assert_eq!(server.ask("private/a.pdf").await, "application/pdf; private, no-store");
}

#[tokio::test]
async fn a_public_address_of_the_bucket_is_used_where_one_is_given() {
    let server = Program::s3().await;
    let storage = s3(&server, &["--s3-public-url", "https://cdn.example.com/files/"]);
    assert_eq!(storage.public_url("public/a.webp"), "https://cdn.example.com/files/public/a.webp");
}

#[tokio::test]
async fn a_bucket_that_does_not_exist_is_an_error() {
    let server = Program::s3().await;
    let storage = s3(&server, &["--s3-region", "eu-central-1"]);
    storage.put("public/a.webp", "image/webp", Bytes::new()).await.unwrap();
    let given = [
        "--s3-bucket",
        "others",
        "--s3-access-key",
        "k",
        "--s3-secret-key",
        "s",
        "--s3-endpoint",
        &server.url(),
    ];
    let storage =
        storage_s3::open(&Settings::for_tests(&given).storage, "others", OWN_URL.to_owned()).unwrap();
    assert!(storage.put("public/a.webp", "image/webp", Bytes::new()).await.is_err());
}
