//! The command line: what it lists, and what it says when a setting is wrong.

use std::process::{Command, Output};

use platform::testing::database;
use sqlx::ConnectOptions as _;

fn skillbuddy(args: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_skillbuddy"));
    command.args(args).env_clear().envs(environment.iter().copied());
    command.output().unwrap()
}

fn refusal(args: &[&str], environment: &[(&str, &str)]) -> String {
    let output = skillbuddy(args, environment);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn help_names_every_subcommand_and_every_setting() {
    let help = String::from_utf8(skillbuddy(&["--help"], &[]).stdout).unwrap();
    for subcommand in
        ["serve", "worker", "dev", "migrate", "demo", "openapi", "staff", "keys", "jobs", "ledger"]
    {
        assert!(help.lines().any(|line| line.trim_start().starts_with(subcommand)), "{subcommand}");
    }
    for setting in [
        "LISTEN=",
        "PUBLIC_URL=",
        "CORS_ORIGINS=",
        "TRUSTED_PROXIES=",
        "MAX_CONNECTIONS=",
        "MAX_CONNECTIONS_PER_ADDRESS=",
        "HEAD_TIMEOUT=",
        "IDLE_TIMEOUT=",
        "SHUTDOWN_DELAY=",
        "REQUEST_TIMEOUT=",
        "SHUTDOWN_TIMEOUT=",
        "ENVIRONMENT=",
        "DATABASE_URL",
        "DATABASE_CONNECTIONS=",
        "SECRET_KEY",
        "ACCESS_TOKEN_LIFE=",
        "LIMIT_PER_ADDRESS=",
        "LIMIT_PER_ACCOUNT=",
        "SMTP_URL",
        "MAIL_FROM=",
        "TWILIO_ACCOUNT_SID=",
        "FCM_SERVICE_ACCOUNT",
        "ONESIGNAL_APP_ID=",
        "STORAGE_DIR=",
        "S3_BUCKET=",
        "CLAMD=",
        "GOOGLE_CLIENT_IDS=",
        "APPLE_CLIENT_IDS=",
        "FACEBOOK_APP_IDS=",
        "COMMISSION_BPS=",
        "WEBHOOKS_ALLOW_PRIVATE=",
        "LOG=",
        "LOG_FORMAT=",
        "OTLP_ENDPOINT=",
    ] {
        assert!(help.contains(&format!("[env: {setting}")), "{setting}");
    }
    assert!(help.contains("[default: 127.0.0.1:8000]"));
}

#[test]
fn secrets_are_not_shown_in_the_help() {
    let help = skillbuddy(
        &["--help"],
        &[("SECRET_KEY", "a secret that nobody else may ever see"), ("SMTP_URL", "smtp://u:hidden@h")],
    );
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(!help.contains("nobody else") && !help.contains("hidden"));
}

#[test]
fn a_wrong_setting_stops_the_start_and_is_named() {
    let database = ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none");
    let secret = ("SECRET_KEY", "a secret that is only used in tests");
    for (environment, named) in [
        (vec![secret], "DATABASE_URL"),
        (vec![database], "SECRET_KEY"),
        (vec![database, ("SECRET_KEY", "short")], "--secret-key"),
        (vec![database, secret, ("LISTEN", "nonsense")], "--listen"),
        (vec![database, secret, ("PUBLIC_URL", "ftp://x")], "--public-url"),
        (vec![database, secret, ("COMMISSION_BPS", "20000")], "--commission-bps"),
        (vec![database, secret, ("LOG", "no=such=filter")], "--log"),
        (vec![database, secret, ("SMTP_URL", "http://x")], "SMTP_URL"),
        (vec![database, secret, ("CLAMD", "http://x")], "CLAMD"),
        (vec![database, secret, ("MAIL_FROM", "not an address")], "MAIL_FROM"),
        (vec![("DATABASE_URL", "nonsense"), secret], "DATABASE_URL"),
    ] {
        let said = refusal(&["serve"], &environment);
        assert!(said.contains(named), "{environment:?}: {said}");
    }
}

/// Settings that are any text: names, and secrets of others whose form is theirs.
const FREE_TEXT: [&str; 25] = [
    "TWILIO_ACCOUNT_SID",
    "TWILIO_AUTH_TOKEN",
    "TWILIO_FROM",
    "ONESIGNAL_APP_ID",
    "ONESIGNAL_API_KEY",
    "STORAGE_DIR",
    "S3_BUCKET",
    "S3_REGION",
    "S3_ACCESS_KEY",
    "S3_SECRET_KEY",
    "GOOGLE_CLIENT_IDS",
    "APPLE_CLIENT_IDS",
    "FACEBOOK_APP_IDS",
    "FACEBOOK_APP_SECRET",
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRETS",
    "PAYPAL_CLIENT_ID",
    "PAYPAL_CLIENT_SECRET",
    "PAYPAL_WEBHOOK_ID",
    "LEGAL_NAME",
    "LEGAL_ADDRESS",
    "LEGAL_TAX_ID",
    "FONT_DIRS",
    "STAFF_PASSWORD",
    "SECRET_KEY",
];

#[test]
fn every_setting_that_is_not_any_text_refuses_nonsense_at_the_start() {
    let help = String::from_utf8(skillbuddy(&["serve", "--help"], &[]).stdout).unwrap();
    let settings = help.split("[env: ").skip(1).filter_map(|rest| rest.split(['=', ']']).next());
    let settings: Vec<&str> = settings.filter(|setting| !FREE_TEXT.contains(setting)).collect();
    assert!(settings.len() > 40, "{settings:?}");
    let taken: Vec<&str> = settings
        .into_iter()
        .filter(|setting| {
            let base = [
                ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none"),
                ("SECRET_KEY", "a secret that is only used in tests"),
            ];
            let wrong = (*setting, "::nonsense=::");
            let others = base.into_iter().filter(|(name, _)| name != setting);
            let said = refusal(&["serve"], &others.chain([wrong]).collect::<Vec<_>>());
            let flag = format!("--{}", setting.to_lowercase().replace('_', "-"));
            !said.contains(*setting) && !said.contains(&flag)
        })
        .collect();
    assert_eq!(taken, [""; 0], "taken as they were");
}

#[test]
fn settings_may_stand_before_or_behind_the_subcommand() {
    for args in [["--listen", "nonsense", "serve"], ["serve", "--listen", "nonsense"]] {
        assert!(refusal(&args, &[]).contains("--listen"));
    }
}

#[tokio::test]
async fn what_was_given_up_is_listed_and_tried_again() {
    let db = database(2).await;
    let url = db.connect_options().to_url_lossy().to_string();
    let run = |args: &[&str]| {
        let output = skillbuddy(args, &[("DATABASE_URL", &url)]);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let given_up = "insert into jobs (kind, payload, run_at, created_at, attempts, last_error, dead_at)
        select kind, '{}', now(), now(), 10, 'no route', now() from unnest(array['a.one', 'a.two']) kind";
    sqlx::raw_sql(given_up).execute(&db).await.unwrap();
    let listed = run(&["jobs", "list"]);
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(listed.contains("a.one") && listed.contains("after 10 tries: no route"), "{listed}");
    let first = listed.lines().find(|line| line.contains("a.one")).unwrap().split(' ').next().unwrap();
    assert_eq!(run(&["jobs", "retry", first]), "1 are tried again.\n");
    let left = run(&["jobs", "list"]);
    assert!(left.contains("a.two") && !left.contains("a.one"), "{left}");
    assert!(!skillbuddy(&["jobs", "retry"], &[("DATABASE_URL", &url)]).status.success(), "which ones?");
    assert_eq!(run(&["jobs", "retry", "--all"]), "1 are tried again.\n");
    assert_eq!(run(&["jobs", "list"]), "");
}

#[tokio::test]
async fn the_books_are_checked() {
    let db = database(2).await;
    let url = db.connect_options().to_url_lossy().to_string();
    let check = || skillbuddy(&["ledger", "check"], &[("DATABASE_URL", &url)]);
    let right = check();
    let said = String::from_utf8(right.stdout).unwrap();
    assert!(right.status.success() && said.contains("ok     the chain is whole"), "{said}");
    assert!(!said.contains("BROKEN"));
    let slipped_in = "set session_replication_role = replica;
        insert into ledger_transactions values (gen_random_uuid(), 'slipped in', 'forged', null, now())";
    sqlx::raw_sql(slipped_in).execute(&db).await.unwrap();
    let wrong = check();
    let said = String::from_utf8(wrong.stdout).unwrap();
    assert!(!wrong.status.success() && said.contains("BROKEN every transaction is in the chain"), "{said}");
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("the books are not right"));
}
