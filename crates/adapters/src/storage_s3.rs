//! Files in an S3 bucket, Amazon's or another's.

use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use object_store::{
    ClientOptions, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
};
use platform::config::StorageSettings;
use secrecy::ExposeSecret as _;

use crate::storage_objects::{ObjectStorage, Remembers};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(20);

/// The bucket of `S3_BUCKET`, addressed by path, which every S3-compatible store understands.
pub fn open(
    settings: &StorageSettings,
    bucket: &str,
    own_url: String,
) -> anyhow::Result<ObjectStorage<AmazonS3>> {
    let is_name = (3..=63).contains(&bucket.len())
        && bucket.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b));
    ensure!(is_name, "S3_BUCKET must be the bare name of a bucket, without s3:// or slashes");
    let access = settings.s3_access_key.as_ref().filter(|key| !key.is_empty());
    let access = access.ok_or_else(|| anyhow!("S3_BUCKET needs S3_ACCESS_KEY"))?;
    let secret = settings.s3_secret_key.as_ref().filter(|key| !key.expose_secret().is_empty());
    let secret = secret.ok_or_else(|| anyhow!("S3_BUCKET needs S3_SECRET_KEY"))?;
    let endpoint = settings.s3_endpoint.as_deref();
    let options = ClientOptions::new().with_connect_timeout(CONNECT_TIMEOUT).with_timeout(TOTAL_TIMEOUT);
    let retries = RetryConfig { max_retries: 3, retry_timeout: TOTAL_TIMEOUT, ..RetryConfig::default() };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&settings.s3_region)
        .with_access_key_id(access)
        .with_secret_access_key(secret.expose_secret())
        .with_client_options(options)
        .with_retry(retries)
        .with_allow_http(endpoint.is_some_and(|url| url.starts_with("http://")));
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    let store = builder.build().context("S3_ENDPOINT, S3_REGION or S3_BUCKET cannot be used")?;
    let public_url = settings.s3_public_url.clone().unwrap_or(own_url);
    Ok(ObjectStorage::new(store, Remembers::Attributes, public_url))
}
