//! Every setting: a flag and an environment variable, listed by `skillbuddy --help` with its default.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use clap::{Args, ValueEnum};
use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};

/// All settings of a process.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// See [`HttpSettings`].
    #[command(flatten)]
    pub http: HttpSettings,
    /// See [`DatabaseSettings`].
    #[command(flatten)]
    pub database: DatabaseSettings,
    /// See [`SecuritySettings`].
    #[command(flatten)]
    pub security: SecuritySettings,
    /// See [`NodeSettings`].
    #[command(flatten)]
    pub nodes: NodeSettings,
    /// See [`LimitSettings`].
    #[command(flatten)]
    pub limits: LimitSettings,
    /// See [`MailSettings`].
    #[command(flatten)]
    pub mail: MailSettings,
    /// See [`SmsSettings`].
    #[command(flatten)]
    pub sms: SmsSettings,
    /// See [`PushSettings`].
    #[command(flatten)]
    pub push: PushSettings,
    /// See [`StorageSettings`].
    #[command(flatten)]
    pub storage: StorageSettings,
    /// See [`ScannerSettings`].
    #[command(flatten)]
    pub scanner: ScannerSettings,
    /// See [`SocialSettings`].
    #[command(flatten)]
    pub social: SocialSettings,
    /// See [`PaymentSettings`].
    #[command(flatten)]
    pub payments: PaymentSettings,
    /// See [`MarketSettings`].
    #[command(flatten)]
    pub market: MarketSettings,
    /// See [`ChatSettings`].
    #[command(flatten)]
    pub chat: ChatSettings,
    /// See [`WebhookSettings`].
    #[command(flatten)]
    pub webhooks: WebhookSettings,
}

/// Where the server listens and how it is reached.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "HTTP")]
pub struct HttpSettings {
    /// Address and port to listen on
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8000")]
    pub listen: SocketAddr,
    /// How clients reach this server; links in answers and mails begin with it
    #[arg(long, env = "PUBLIC_URL", default_value = "http://localhost:8000", value_parser = url)]
    pub public_url: String,
    /// Origins that browsers may call from, comma-separated (exact, like https://app.example.com)
    #[arg(long, env = "CORS_ORIGINS", value_delimiter = ',', value_parser = url)]
    pub cors_origins: Vec<String>,
    /// Networks of the proxies in front of this server, comma-separated (as 10.0.0.0/8 or 2001:db8::1/128); only
    /// what they append to X-Forwarded-For is believed
    #[arg(long, env = "TRUSTED_PROXIES", value_delimiter = ',', value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,
    /// Most connections at once; more are closed when they come
    #[arg(long, env = "MAX_CONNECTIONS", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,
    /// Most connections at once of one IPv4 address or one /64 of IPv6, unless it is a trusted proxy
    #[arg(long, env = "MAX_CONNECTIONS_PER_ADDRESS", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections_per_address: u32,
    /// Longest time that the head of a request may take to come, in seconds
    #[arg(long, env = "HEAD_TIMEOUT", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub head_timeout: u64,
    /// Longest time that a connection waits for its next request, in seconds
    #[arg(long, env = "IDLE_TIMEOUT", default_value_t = 75, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub idle_timeout: u64,
    /// Longest time a request may take, with its body, and a client may take nothing of its answer, in seconds
    #[arg(long, env = "REQUEST_TIMEOUT", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub request_timeout: u64,
    /// How long the server goes on when it shall stop, while /readyz says no and every answer ends its connection, so
    /// that load balancers find other nodes, in seconds; by default 5, and nothing in development
    #[arg(long, env = "SHUTDOWN_DELAY", value_parser = clap::value_parser!(u64).range(0..=600))]
    pub shutdown_delay: Option<u64>,
    /// Longest time that a stop takes in all, whatever hangs, in seconds; at most half of it is that delay
    #[arg(long, env = "SHUTDOWN_TIMEOUT", default_value_t = 20, value_parser = clap::value_parser!(u64).range(0..=600))]
    pub shutdown_timeout: u64,
    /// `development` also serves /dev/outbox and the demo logins of the start page
    #[arg(long, env = "ENVIRONMENT", value_enum, default_value_t = Environment::Production)]
    pub environment: Environment,
}

impl HttpSettings {
    /// How long it is still served after the signal to stop.
    pub fn drain_delay(&self) -> Duration {
        let default = if self.environment == Environment::Production { 5 } else { 0 };
        Duration::from_secs(self.shutdown_delay.unwrap_or(default))
    }
}

/// Who the server is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Environment {
    /// For people who build on it: open helpers, no secrets.
    Development,
    /// For everybody.
    Production,
}

/// The database.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Database")]
pub struct DatabaseSettings {
    /// PostgreSQL 15 or newer, as postgres://user:password@host/database; `dev` brings its own where absent
    #[arg(long = "database-url", env = "DATABASE_URL", hide_env_values = true)]
    pub url: Option<SecretString>,
    /// Most connections of this process: by default four for each processor, at least eight. With more, statements of
    /// PostgreSQL that could have waited in line take turns on the same processors, and all of them end late
    #[arg(long = "database-connections", env = "DATABASE_CONNECTIONS", default_value_t = connections(), hide_default_value = true, value_parser = clap::value_parser!(u32).range(2..=500))]
    pub connections: u32,
    /// Most connections that its jobs use, beside these: with more, what follows from a request slows down other requests
    #[arg(long = "database-job-connections", env = "DATABASE_JOB_CONNECTIONS", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub job_connections: u32,
    /// Longest wait for a free connection before 503, in milliseconds
    #[arg(long = "database-wait", env = "DATABASE_WAIT", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(10..=60_000))]
    pub wait: u64,
}

/// As many connections as keep PostgreSQL busy, where it has as many processors as this process.
fn connections() -> u32 {
    let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    u32::try_from(processors * 4).unwrap_or(u32::MAX).clamp(8, 64)
}

/// Secrets and tokens.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Security")]
pub struct SecuritySettings {
    /// The one secret of the installation, at least 32 characters, the same on every node; `dev` makes its own
    #[arg(long, env = "SECRET_KEY", hide_env_values = true, value_parser = secret)]
    pub secret_key: Option<SecretString>,
    /// Life of an access token, in seconds
    #[arg(long, env = "ACCESS_TOKEN_LIFE", default_value_t = 900, value_parser = clap::value_parser!(u32).range(10..=900))]
    pub access_token_life: u32,
    /// Most passwords that are checked at once (each takes 19 MiB and a core)
    #[arg(long, env = "PASSWORD_WORKERS", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub password_workers: u8,
}

/// How several servers work together.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Several nodes")]
pub struct NodeSettings {
    /// Redis, as redis://host:6379 or rediss://user:password@host: carries live events between nodes; without it
    /// PostgreSQL does
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_parser = redis_url)]
    pub redis_url: Option<SecretString>,
}

/// How often somebody may call. 0 switches a limit off.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub struct LimitSettings {
    /// Requests a second from one address
    #[arg(long = "limit-per-address", env = "LIMIT_PER_ADDRESS", default_value_t = 100)]
    pub per_address: u32,
    /// Requests a second from one account
    #[arg(long = "limit-per-account", env = "LIMIT_PER_ACCOUNT", default_value_t = 50)]
    pub per_account: u32,
    /// Pictures an hour from one account
    #[arg(long = "limit-uploads", env = "LIMIT_UPLOADS", default_value_t = 100)]
    pub uploads: u32,
    /// Payments an hour that one account, one sign-in, or one card may try
    #[arg(long = "limit-payments", env = "LIMIT_PAYMENTS", default_value_t = 60)]
    pub payments: u32,
    /// Messages a second that one account may send
    #[arg(long = "limit-messages", env = "LIMIT_MESSAGES", default_value_t = 20)]
    pub messages: u32,
    /// Providers a day that one account may write to without a booking
    #[arg(long = "limit-inquiries", env = "LIMIT_INQUIRIES", default_value_t = 20)]
    pub inquiries: u32,
    /// Password and code attempts, mails and SMS are held back as docs/security.md says; `false` only for load tests
    #[arg(long = "limit-sign-ins", env = "LIMIT_SIGN_INS", default_value_t = true, action = clap::ArgAction::Set)]
    pub sign_ins: bool,
}

/// Mail.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Mail")]
pub struct MailSettings {
    /// SMTP server, like smtps://user:password@mail.example.com:465; without it mail stays in an outbox table
    #[arg(long, env = "SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<SecretString>,
    /// Sender
    #[arg(long, env = "MAIL_FROM", default_value = "SkillBuddy <hello@skillbuddy.app>")]
    pub mail_from: String,
    /// Verification key of SendGrid's event webhook, which reports mails that came back to POST /webhooks/sendgrid/
    #[arg(long, env = "SENDGRID_WEBHOOK_KEY")]
    pub sendgrid_webhook_key: Option<String>,
}

/// SMS by Twilio; without an account SMS stay in the outbox table.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "SMS")]
pub struct SmsSettings {
    /// Twilio account id
    #[arg(long, env = "TWILIO_ACCOUNT_SID", requires_all = ["twilio_auth_token", "twilio_from"])]
    pub twilio_account_sid: Option<String>,
    /// Twilio token
    #[arg(long, env = "TWILIO_AUTH_TOKEN", hide_env_values = true)]
    pub twilio_auth_token: Option<SecretString>,
    /// Number or sender that SMS come from
    #[arg(long, env = "TWILIO_FROM")]
    pub twilio_from: Option<String>,
    /// Base URL of Twilio's API
    #[arg(long, env = "TWILIO_URL", default_value = "https://api.twilio.com", value_parser = url)]
    pub twilio_url: String,
    /// Country calling codes that SMS may go to, comma-separated
    #[arg(long, env = "SMS_COUNTRIES", value_delimiter = ',', default_values_t = [39, 41, 43, 44, 49])]
    pub sms_countries: Vec<u16>,
}

/// Push notifications, by Firebase (FCM) or else by OneSignal; with neither they stay in the outbox table.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Push")]
pub struct PushSettings {
    /// Service account of our Firebase project: the path of its JSON key file, or that JSON itself
    #[arg(long, env = "FCM_SERVICE_ACCOUNT", hide_env_values = true)]
    pub fcm_service_account: Option<SecretString>,
    /// Base URL of Firebase Cloud Messaging
    #[arg(long, env = "FCM_URL", default_value = "https://fcm.googleapis.com", value_parser = url)]
    pub fcm_url: String,
    /// Id of our app at OneSignal, used where there is no FCM account
    #[arg(long, env = "ONESIGNAL_APP_ID", requires = "onesignal_api_key")]
    pub onesignal_app_id: Option<String>,
    /// API key of that app
    #[arg(long, env = "ONESIGNAL_API_KEY", hide_env_values = true)]
    pub onesignal_api_key: Option<SecretString>,
    /// Base URL of OneSignal's API
    #[arg(long, env = "ONESIGNAL_URL", default_value = "https://api.onesignal.com", value_parser = url)]
    pub onesignal_url: String,
}

/// Pictures and documents.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Storage")]
pub struct StorageSettings {
    /// Directory for files, where no S3 bucket is given
    #[arg(long, env = "STORAGE_DIR", default_value = ".skillbuddy/files")]
    pub storage_dir: PathBuf,
    /// S3 bucket
    #[arg(long, env = "S3_BUCKET", requires_all = ["s3_access_key", "s3_secret_key"])]
    pub s3_bucket: Option<String>,
    /// S3 endpoint, for stores other than Amazon's
    #[arg(long, env = "S3_ENDPOINT", value_parser = url)]
    pub s3_endpoint: Option<String>,
    /// S3 region
    #[arg(long, env = "S3_REGION", default_value = "eu-central-1")]
    pub s3_region: String,
    /// S3 access key
    #[arg(long, env = "S3_ACCESS_KEY")]
    pub s3_access_key: Option<String>,
    /// S3 secret key
    #[arg(long, env = "S3_SECRET_KEY", hide_env_values = true)]
    pub s3_secret_key: Option<SecretString>,
    /// Where clients read public files of the bucket (a CDN); without it this server passes them on
    #[arg(long, env = "S3_PUBLIC_URL", value_parser = url)]
    pub s3_public_url: Option<String>,
}

/// Malware in files that people send.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Scanner")]
pub struct ScannerSettings {
    /// clamd of ClamAV, as tcp://host:3310 or unix:/path: looks at documents, recordings and films of chats before they are
    /// stored; without it nobody does
    #[arg(long, env = "CLAMD")]
    pub clamd: Option<String>,
}

/// Sign-in with other services. One without client ids is switched off.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Social sign-in")]
pub struct SocialSettings {
    /// Client ids of our apps at Google, comma-separated
    #[arg(long, env = "GOOGLE_CLIENT_IDS", value_delimiter = ',')]
    pub google_client_ids: Vec<String>,
    /// Issuer of Google's id tokens
    #[arg(long, env = "GOOGLE_ISSUER", default_value = "https://accounts.google.com", value_parser = url)]
    pub google_issuer: String,
    /// Client ids of our apps at Apple, comma-separated
    #[arg(long, env = "APPLE_CLIENT_IDS", value_delimiter = ',')]
    pub apple_client_ids: Vec<String>,
    /// Issuer of Apple's id tokens
    #[arg(long, env = "APPLE_ISSUER", default_value = "https://appleid.apple.com", value_parser = url)]
    pub apple_issuer: String,
    /// Ids of our apps at Facebook, comma-separated
    #[arg(long, env = "FACEBOOK_APP_IDS", value_delimiter = ',')]
    pub facebook_app_ids: Vec<String>,
    /// Secret of our app at Facebook, for classic access tokens
    #[arg(long, env = "FACEBOOK_APP_SECRET", hide_env_values = true)]
    pub facebook_app_secret: Option<SecretString>,
    /// Issuer of Facebook's limited-login tokens
    #[arg(long, env = "FACEBOOK_ISSUER", default_value = "https://www.facebook.com", value_parser = url)]
    pub facebook_issuer: String,
    /// Base URL of Facebook's Graph API
    #[arg(long, env = "FACEBOOK_GRAPH_URL", default_value = "https://graph.facebook.com", value_parser = url)]
    pub facebook_graph_url: String,
}

/// Who moves the money. In development it is the sandbox without any of them, which only pretends.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Payments")]
pub struct PaymentSettings {
    /// Let the sandbox pretend to take money where no gateway is set, not only in development: for test installations,
    /// since everybody can pay with it for nothing
    #[arg(long, env = "PAYMENT_SANDBOX", default_value_t = false, action = clap::ArgAction::Set)]
    pub payment_sandbox: bool,
    /// Secret key of our account at Stripe, sk_… or rk_…; with it cards are taken, and providers paid
    #[arg(long, env = "STRIPE_SECRET_KEY", hide_env_values = true)]
    pub stripe_secret_key: Option<SecretString>,
    /// Secrets of our webhook at Stripe, whsec_…, comma-separated: two while one is replaced by the other
    #[arg(long, env = "STRIPE_WEBHOOK_SECRETS", hide_env_values = true, value_delimiter = ',')]
    pub stripe_webhook_secrets: Vec<SecretString>,
    /// Base URL of Stripe's API
    #[arg(long, env = "STRIPE_URL", default_value = "https://api.stripe.com", value_parser = url)]
    pub stripe_url: String,
    /// Client id of our app at PayPal; with it PayPal is taken, and providers are paid where Stripe is not set up
    #[arg(long, env = "PAYPAL_CLIENT_ID")]
    pub paypal_client_id: Option<String>,
    /// Secret of our app at PayPal
    #[arg(long, env = "PAYPAL_CLIENT_SECRET", hide_env_values = true)]
    pub paypal_client_secret: Option<SecretString>,
    /// Id of our webhook at PayPal
    #[arg(long, env = "PAYPAL_WEBHOOK_ID")]
    pub paypal_webhook_id: Option<String>,
    /// Base URL of PayPal's API; https://api-m.sandbox.paypal.com is its own sandbox
    #[arg(long, env = "PAYPAL_URL", default_value = "https://api-m.paypal.com", value_parser = url)]
    pub paypal_url: String,
}

/// Rules of this marketplace.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Marketplace")]
pub struct MarketSettings {
    /// The platform's share of a booking, in hundredths of a percent
    #[arg(long, env = "COMMISSION_BPS", default_value_t = 1500, value_parser = clap::value_parser!(u16).range(0..=10_000))]
    pub commission_bps: u16,
    /// How long after a job its provider waits for the money, in hours: customers can complain meanwhile
    #[arg(long, env = "EARNINGS_HOLD_HOURS", default_value_t = 48, value_parser = clap::value_parser!(u16).range(0..=2160))]
    pub earnings_hold_hours: u16,
    /// The tax that our share contains, as a country and hundredths of a percent: DE:1900
    #[arg(long, env = "COMMISSION_TAX", value_parser = commission_tax)]
    pub commission_tax: Option<CommissionTax>,
    /// What customers pay on top of a price by card or PayPal, in hundredths of a percent
    #[arg(long, env = "SERVICE_FEE_BPS", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=3000))]
    pub service_fee_bps: u16,
    /// Whether that goes back when the customer cancels; it always does when somebody else cancels
    #[arg(long, env = "SERVICE_FEE_REFUNDABLE", default_value_t = true, action = clap::ArgAction::Set)]
    pub service_fee_refundable: bool,
    /// What a friend who is invited saves on the first booking, and who invited them gets in credits when it is done, in
    /// euro cents; 0 is nothing
    #[arg(long, env = "REFERRAL_REWARD", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=10_000))]
    pub referral_reward: u16,
    /// The most that staff may propose as goodwill, in euro cents of credits
    #[arg(long, env = "GOODWILL_LIMIT", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub goodwill_limit: u32,
    /// A first payment of more than this waits for a person of finance, in hundredths of any currency's unit; 0: none does
    #[arg(long, env = "FIRST_PAYMENT_LIMIT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=10_000_000))]
    pub first_payment_limit: u32,
    /// Who issues receipts
    #[arg(long, env = "LEGAL_NAME", default_value = "SkillBuddy")]
    pub legal_name: String,
    /// Their address, its lines separated by semicolons
    #[arg(long, env = "LEGAL_ADDRESS", value_delimiter = ';')]
    pub legal_address: Vec<String>,
    /// Their tax number, with its name: "VAT ID DE123456789"
    #[arg(long, env = "LEGAL_TAX_ID")]
    pub legal_tax_id: Option<String>,
    /// What the numbers of their receipts begin with; each has a series of its own
    #[arg(long, env = "RECEIPT_PREFIX", default_value = "SB", value_parser = receipt_prefix)]
    pub receipt_prefix: String,
    /// Directories with fonts for receipts and statements, beside those of the system
    #[arg(long, env = "FONT_DIRS", value_delimiter = ':')]
    pub font_dirs: Vec<std::path::PathBuf>,
}

/// Rules of conversations.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Chat")]
pub struct ChatSettings {
    /// Whether phone numbers, addresses and links are taken out of messages until a booking of the two is confirmed
    #[arg(long, env = "CHAT_MASK_CONTACTS", default_value_t = true, action = clap::ArgAction::Set)]
    pub chat_mask_contacts: bool,
    /// How long messages are kept, in days; 0 is for ever. What is reported or disputed stays
    #[arg(long, env = "CHAT_RETENTION_DAYS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=36_500))]
    pub chat_retention_days: u32,
}

/// What partners are told.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Partners")]
pub struct WebhookSettings {
    /// Let webhooks go to any address, also to this machine and unencrypted; only for development, where else nobody
    /// could listen
    #[arg(long, env = "WEBHOOKS_ALLOW_PRIVATE", default_value_t = false, action = clap::ArgAction::Set)]
    pub webhooks_allow_private: bool,
}

/// A tax on our share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommissionTax {
    /// Who gets it, by the two letters of ISO 3166-1.
    pub country: String,
    /// Its rate, in hundredths of a percent.
    pub bps: u16,
}

fn commission_tax(value: &str) -> Result<CommissionTax, String> {
    let parts = value.split_once(':').and_then(|(country, bps)| Some((country, bps.parse::<u16>().ok()?)));
    match parts {
        Some((country, bps))
            if country.len() == 2
                && country.bytes().all(|byte| byte.is_ascii_uppercase())
                && bps <= 10_000 =>
        {
            Ok(CommissionTax { country: country.to_owned(), bps })
        }
        _ => Err("must be a country and a rate up to 10000, like DE:1900".to_owned()),
    }
}

fn receipt_prefix(value: &str) -> Result<String, String> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if is_plain && (1..=8).contains(&value.len()) {
        Ok(value.to_owned())
    } else {
        Err("must be 1 to 8 capital letters and digits".to_owned())
    }
}

/// A base URL, without a slash at its end.
pub(crate) fn url(value: &str) -> Result<String, String> {
    match reqwest::Url::parse(value) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(value.trim_end_matches('/').to_owned()),
        Ok(_) => Err("must begin with http:// or https://".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// An address alone is the network of that one.
fn network(value: &str) -> Result<IpNet, String> {
    let value = value.trim();
    let address = || value.parse::<IpAddr>().map(IpNet::from);
    value
        .parse()
        .or_else(|_no_network| address())
        .map_err(|_neither| "must be a network, as 10.0.0.0/8, or an address".to_owned())
}

/// Nothing of the value is repeated: there may be a password in it.
fn redis_url(value: &str) -> Result<SecretString, String> {
    match redis::Client::open(value) {
        Ok(_client) => Ok(SecretString::from(value.to_owned())),
        Err(_cause) => Err("must be like redis://host:6379 or rediss://user:password@host".to_owned()),
    }
}

fn secret(value: &str) -> Result<SecretString, String> {
    let secret = SecretString::from(value.to_owned());
    if secret.expose_secret().chars().count() < 32 {
        return Err("must have at least 32 characters; `openssl rand -base64 32` makes a good one".to_owned());
    }
    Ok(secret)
}

impl Settings {
    /// The defaults and `args`, without the environment's help; for tests.
    pub fn for_tests(args: &[&str]) -> Self {
        // Where a test gives what stands below, the test's own counts.
        #[derive(clap::Parser)]
        #[command(args_override_self = true)]
        struct Command {
            #[command(flatten)]
            settings: Settings,
        }
        let args = [
            "skillbuddy",
            "--secret-key",
            "a secret that is only used in tests",
            "--environment",
            "development",
        ]
        .into_iter()
        .chain(args.iter().copied());
        <Command as clap::Parser>::parse_from(args).settings
    }
}
