//! What the settings choose, and what a wrong one says.

use platform::{
    config::Settings,
    error::Fault as _,
    locale::Language,
    ports::gateway::{DeclineCode, GatewayName, Tender, WebhookError},
    testing::Log,
    time::Clock,
};
use rstest::rstest;
use strum::{VariantArray as _, VariantNames as _};
use tempfile::TempDir;

use crate::{Adapters, SocialError};

const SID: &str = "AC0123456789abcdef0123456789abcdef";
const ONESIGNAL: &str = "8250eaf6-1a58-489e-b136-7c74a864b434";

fn start(args: &[&str]) -> anyhow::Result<Adapters> {
    let directory = TempDir::new().unwrap();
    let storage = ["--storage-dir", directory.path().to_str().unwrap()];
    let is_chosen = args.contains(&"--storage-dir");
    let args = if is_chosen { args.to_vec() } else { [&storage, args].concat() };
    // Nobody connects.
    let db = sqlx::PgPool::connect_lazy("postgres://localhost").unwrap();
    Adapters::from_settings(&Settings::for_tests(&args), db, Clock::System)
}

#[rstest]
#[case::nothing(&[])]
#[case::everything(&[
    "--smtp-url", "smtps://hello:pass%40word@mail.example.com", "--mail-from", "hello@example.com",
    "--twilio-account-sid", SID, "--twilio-auth-token", "t", "--twilio-from", "SkillBuddy",
    "--onesignal-app-id", ONESIGNAL, "--onesignal-api-key", "k",
    "--s3-bucket", "pictures", "--s3-access-key", "k", "--s3-secret-key", "s",
    "--google-client-ids", "a,b", "--apple-client-ids", "c", "--facebook-app-ids", "1", "--facebook-app-secret", "s",
    "--stripe-secret-key", "sk_test_1", "--stripe-webhook-secrets", "whsec_1,whsec_2",
    "--paypal-client-id", "A1", "--paypal-client-secret", "s", "--paypal-webhook-id", "WH-1",
    "--environment", "production",
])]
#[case::starttls(&["--smtp-url", "smtp://hello:word@mail.example.com?tls=required"])]
#[case::near_server(&["--smtp-url", "smtp://hello:word@localhost:1025"])]
#[case::server_without_account(&["--smtp-url", "smtp://mail.internal"])]
#[case::scanner(&["--clamd", "tcp://clamav.internal:3310"])]
#[case::scanner_of_this_machine(&["--clamd", "tcp://[::1]:3310"])]
#[case::scanner_behind_a_socket(&["--clamd", "unix:/run/clamav/clamd.ctl"])]
#[tokio::test]
async fn good_settings_start(#[case] args: &[&str]) {
    start(args).map(drop).unwrap();
}

#[rstest]
#[case(&["--mail-from", "nobody"], "MAIL_FROM is not a mail address")]
#[case(&["--mail-from", "a@example.com, b@example.com"], "MAIL_FROM is not a mail address")]
#[case(&["--smtp-url", "mail.example.com"], "SMTP_URL is not a URL")]
#[case(&["--smtp-url", "http://mail.example.com"], "SMTP_URL must begin with smtp:// or smtps://")]
#[case(&["--smtp-url", "smtp://"], "SMTP_URL names no server")]
#[case(&["--smtp-url", "smtp://mail.example.com?tls=maybe"], "SMTP_URL cannot be used: ?tls=")]
#[case(&["--smtp-url", "smtp://hello:word@mail.example.com"], "SMTP_URL would send the password unencrypted")]
#[case(&["--smtp-url", "smtp://hello:word@mail.example.com?tls=opportunistic"], "SMTP_URL would send the password unencrypted")]
#[case(&["--twilio-account-sid", "AC/../x", "--twilio-auth-token", "t", "--twilio-from", "+491234567"], "TWILIO_ACCOUNT_SID must be")]
#[case(&["--twilio-account-sid", SID, "--twilio-auth-token", "", "--twilio-from", "+491234567"], "TWILIO_ACCOUNT_SID needs TWILIO_AUTH_TOKEN")]
#[case(&["--twilio-account-sid", SID, "--twilio-auth-token", "t", "--twilio-from", "a name that is too long"], "TWILIO_FROM must be")]
#[case(&["--twilio-auth-token", "t"], "TWILIO_AUTH_TOKEN and TWILIO_FROM need TWILIO_ACCOUNT_SID")]
#[case(&["--environment", "production", "--twilio-account-sid", SID, "--twilio-auth-token", "t", "--twilio-from", "+491234567", "--twilio-url", "http://twilio.example.com"], "TWILIO_URL must begin with https://")]
#[case(&["--fcm-service-account", "word@"], "the file of FCM_SERVICE_ACCOUNT cannot be read")]
#[case(&["--environment", "production", "--fcm-service-account", "{}", "--fcm-url", "http://fcm.example.com"], "FCM_URL must begin with https://")]
#[case(&["--onesignal-app-id", "skillbuddy", "--onesignal-api-key", "k"], "ONESIGNAL_APP_ID must be like")]
#[case(&["--onesignal-app-id", ONESIGNAL, "--onesignal-api-key", ""], "ONESIGNAL_APP_ID needs ONESIGNAL_API_KEY")]
#[case(&["--onesignal-api-key", "k"], "ONESIGNAL_API_KEY needs ONESIGNAL_APP_ID")]
#[case(&["--environment", "production", "--onesignal-app-id", ONESIGNAL, "--onesignal-api-key", "k", "--onesignal-url", "http://onesignal.example.com"], "ONESIGNAL_URL must begin with https://")]
#[case(&["--environment", "production", "--webhooks-allow-private", "true"], "WEBHOOKS_ALLOW_PRIVATE is for development")]
#[case(&["--storage-dir", "/dev/null/files"], "STORAGE_DIR: /dev/null/files cannot be made")]
#[case(&["--s3-bucket", "s3://pictures/", "--s3-access-key", "k", "--s3-secret-key", "s"], "S3_BUCKET must be the bare name")]
#[case(&["--s3-bucket", "pictures", "--s3-access-key", "", "--s3-secret-key", "s"], "S3_BUCKET needs S3_ACCESS_KEY")]
#[case(&["--s3-bucket", "pictures", "--s3-access-key", "k", "--s3-secret-key", ""], "S3_BUCKET needs S3_SECRET_KEY")]
#[case(&["--clamd", "clamav:3310"], "CLAMD must be like")]
#[case(&["--clamd", "http://clamav:3310"], "CLAMD must be like")]
#[case(&["--clamd", "tcp://clamav"], "CLAMD must be like")]
#[case(&["--clamd", "tcp://:3310"], "CLAMD must be like")]
#[case(&["--clamd", "tcp://clamav:0"], "CLAMD must be like")]
#[case(&["--clamd", "tcp://clamav:3310/"], "CLAMD must be like")]
#[case(&["--clamd", "tcp://clamd:word@clamav:3310"], "CLAMD must be like")]
#[case(&["--clamd", "unix:clamd.ctl"], "CLAMD must be like")]
#[case(&["--clamd", ""], "CLAMD must be like")]
#[case(&["--stripe-webhook-secrets", "whsec_1"], "STRIPE_WEBHOOK_SECRETS needs STRIPE_SECRET_KEY")]
#[case(&["--stripe-secret-key", "sk_test_1"], "STRIPE_SECRET_KEY needs STRIPE_WEBHOOK_SECRETS")]
#[case(&["--stripe-secret-key", "pk_test_1", "--stripe-webhook-secrets", "whsec_1"], "STRIPE_SECRET_KEY must begin with sk_ or rk_")]
#[case(&["--stripe-secret-key", "", "--stripe-webhook-secrets", "whsec_1"], "STRIPE_SECRET_KEY must begin with sk_ or rk_")]
#[case(&["--stripe-secret-key", "sk_test_1", "--stripe-webhook-secrets", "whsec_1,"], "STRIPE_WEBHOOK_SECRETS must be")]
#[case(&["--environment", "production", "--stripe-secret-key", "sk_test_1", "--stripe-webhook-secrets", "whsec_1", "--stripe-url", "http://stripe.example.com"], "STRIPE_URL must begin with https://")]
#[case(&["--paypal-webhook-id", "WH-1"], "PAYPAL_CLIENT_SECRET and PAYPAL_WEBHOOK_ID need PAYPAL_CLIENT_ID")]
#[case(&["--paypal-client-id", "A1", "--paypal-webhook-id", "WH-1"], "PAYPAL_CLIENT_ID needs PAYPAL_CLIENT_SECRET")]
#[case(&["--paypal-client-id", "A1", "--paypal-client-secret", "s"], "PAYPAL_CLIENT_ID needs PAYPAL_WEBHOOK_ID")]
#[case(&["--environment", "production", "--paypal-client-id", "A1", "--paypal-client-secret", "s", "--paypal-webhook-id", "WH-1", "--paypal-url", "http://paypal.example.com"], "PAYPAL_URL must begin with https://")]
#[case(&["--google-client-ids", "a b"], "GOOGLE_CLIENT_IDS must be client ids")]
#[case(&["--facebook-app-secret", "s"], "FACEBOOK_APP_SECRET needs FACEBOOK_APP_IDS")]
#[case(&["--environment", "production", "--apple-issuer", "http://apple.example.com"], "APPLE_ISSUER must begin with https://")]
#[tokio::test]
async fn a_wrong_setting_stops_the_start_and_is_named(#[case] args: &[&str], #[case] sentence: &str) {
    let error = start(args).map(drop).unwrap_err();
    let error = format!("{error:#}");
    assert!(error.starts_with(sentence), "{error}");
    assert!(!error.contains("word@"), "no password in it: {error}");
}

/// A directory that not even root can write in.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_directory_that_is_closed_to_us_stops_the_start() {
    let error = start(&["--storage-dir", "/proc"]).map(drop).unwrap_err();
    assert!(error.to_string().starts_with("STORAGE_DIR: no file can be written in /proc"), "{error:#}");
}

#[rstest]
#[case(&["--environment", "production"], true)]
#[case(&["--environment", "production", "--clamd", "tcp://clamav:3310"], false)]
#[case(&[], false)]
#[tokio::test]
async fn a_marketplace_without_a_scanner_says_so(#[case] args: &[&str], #[case] says_so: bool) {
    let (log, _logging) = Log::start("adapters=trace");
    start(args).map(drop).unwrap();
    assert_eq!(log.text().contains("CLAMD is not set"), says_so, "{}", log.text());
}

#[test]
fn every_refusal_has_its_sentence() {
    assert_eq!(SocialError::SocialTokenInvalid.code(), "social_token_invalid");
    let declines = DeclineCode::VARIANTS.iter().map(platform::error::Fault::code);
    for code in SocialError::VARIANTS.iter().chain(WebhookError::VARIANTS).copied().chain(declines) {
        assert!(Language::ALL.iter().all(|language| language.has(code)), "{code}");
    }
}

#[tokio::test]
async fn the_gateways_are_those_that_there_are_keys_for() {
    let chosen = |args: &[&str]| {
        let gateways = start(args).unwrap().gateways;
        [gateways.taking(Tender::Card), gateways.taking(Tender::Paypal), gateways.paying_out()]
            .map(|gateway| gateway.map(|gateway| gateway.name()))
    };
    let stripe = ["--stripe-secret-key", "sk_test_1", "--stripe-webhook-secrets", "whsec_1"];
    let paypal = ["--paypal-client-id", "A1", "--paypal-client-secret", "s", "--paypal-webhook-id", "WH-1"];
    let (sandbox, stripes, paypals) = (GatewayName::Sandbox, GatewayName::Stripe, GatewayName::Paypal);
    assert_eq!(chosen(&[]), [Some(sandbox); 3]);
    assert_eq!(chosen(&stripe), [Some(stripes), None, Some(stripes)]);
    assert_eq!(chosen(&paypal), [None, Some(paypals), Some(paypals)]);
    assert_eq!(chosen(&[&stripe[..], &paypal].concat()), [Some(stripes), Some(paypals), Some(stripes)]);
    let gateways = start(&[]).unwrap().gateways;
    assert_eq!(gateways.each().count(), 1, "the sandbox takes both");
    assert!(gateways.named(sandbox).is_some() && gateways.named(stripes).is_none());
}
