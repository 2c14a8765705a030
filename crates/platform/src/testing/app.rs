//! The application under test.

use std::sync::Arc;

use async_trait::async_trait;
use axum::{
    Router,
    http::{HeaderValue, header},
};
use jiff::SignedDuration;
use sqlx::PgPool;
use tokio::sync::Notify;
use utoipa_axum::router::OpenApiRouter;

use super::{
    Client, FakeMailer, FakePush, FakeScanner, FakeSms, FakeSocial, FakeWebhooks, MemoryStorage, database,
};
use crate::{
    app::{App, Parts},
    auth::{Authenticator, Caller, StaffRole},
    bus::Bus,
    cache::{Kept, PublicCache},
    config::Settings,
    crypto::Secrets,
    error::{ApiError, ApiResult, Kind},
    http,
    ids::{SessionId, UserId},
    jobs::Registry,
    locale::Language,
    ports::gateway::Gateways,
    rate_limit::Limits,
    stream::{Hub, Nodes},
    time::{Clock, Instant},
};

/// Where a test's clock stands when it starts: a Monday in March, before the clocks change in Europe.
const START: &str = "2026-03-02T09:00:00Z";

/// An application with everything real but the outside world and the time.
pub struct TestApp {
    /// The application itself.
    pub app: App,
    /// The mails it sent.
    pub mailer: Arc<FakeMailer>,
    /// The SMS it sent.
    pub sms: Arc<FakeSms>,
    /// The push notifications it sent.
    pub push: Arc<FakePush>,
    /// The social accounts that it believes in.
    pub social: Arc<FakeSocial>,
    /// What it told partners.
    pub webhooks: Arc<FakeWebhooks>,
    /// The files it stored.
    pub storage: Arc<MemoryStorage>,
    /// What looks at files.
    pub scanner: Arc<FakeScanner>,
    registry: Registry,
    service: Router,
}

impl TestApp {
    /// These routes, no jobs, and bearer tokens that are user ids.
    pub async fn start(router: OpenApiRouter<App>) -> Self {
        Self::with(router, Registry::default(), Arc::new(TokenIsUserId), &[]).await
    }

    /// Everything chosen; `args` are command-line settings. Rate limits are off unless asked for.
    pub async fn with(
        router: OpenApiRouter<App>,
        registry: Registry,
        authenticator: Arc<dyn Authenticator>,
        args: &[&str],
    ) -> Self {
        Self::with_gateways(router, registry, authenticator, args, |_, _, _| Gateways::default()).await
    }

    /// The same with gateways, made of the database, the clock and the secrets of the application.
    pub async fn with_gateways(
        router: OpenApiRouter<App>,
        registry: Registry,
        authenticator: Arc<dyn Authenticator>,
        args: &[&str],
        gateways: impl FnOnce(&PgPool, &Clock, &Secrets) -> Gateways,
    ) -> Self {
        let defaults = [
            "--limit-per-address",
            "0",
            "--limit-per-account",
            "0",
            "--limit-payments",
            "0",
            "--limit-messages",
            "0",
            "--database-connections",
            "8",
        ];
        let unset = |flag: &&str| !args.contains(flag);
        let defaults = defaults.chunks(2).filter(|pair| unset(&pair[0])).flatten().copied();
        let settings = Settings::for_tests(&defaults.chain(args.iter().copied()).collect::<Vec<_>>());
        let secret = settings.security.secret_key.as_ref().expect("tests have a secret");
        let (mailer, sms, push) = <(Arc<FakeMailer>, Arc<FakeSms>, Arc<FakePush>)>::default();
        let (social, storage) = <(Arc<FakeSocial>, Arc<MemoryStorage>)>::default();
        let webhooks = Arc::<FakeWebhooks>::default();
        let scanner = Arc::<FakeScanner>::default();
        let db = database(settings.database.connections).await;
        let clock = Clock::manual(START.parse::<jiff::Timestamp>().expect("a timestamp").into());
        let secrets = Secrets::derive(secret).expect("secrets");
        let parts = Parts {
            gateways: gateways(&db, &clock, &secrets),
            clock,
            secrets,
            bus: Bus::default(),
            cache: PublicCache::default(),
            kept: Kept::default(),
            limits: Limits::new(&settings.limits),
            authenticator,
            mailer: mailer.clone(),
            sms: sms.clone(),
            push: push.clone(),
            feedback: super::fakes::feedback(),
            storage: storage.clone(),
            scanner: scanner.clone(),
            social: social.clone(),
            webhooks: webhooks.clone(),
            obligations: crate::obligations::Obligations::default(),
            hub: Hub::default(),
            nodes: Nodes::new().expect("a node"),
            jobs_waiting: Notify::new(),
            settings,
        };
        let app = App::new(db, parts);
        let (router, _document) = router.split_for_parts();
        let service = Router::new()
            .fallback_service(http::service(router, app.clone()))
            .layer(axum::middleware::map_request(with_host));
        Self { app, mailer, sms, push, social, webhooks, storage, scanner, registry, service }
    }

    /// The present, as the application sees it.
    pub fn now(&self) -> Instant {
        self.app.clock.now()
    }

    /// Moves the clock.
    pub fn advance(&self, by: SignedDuration) {
        self.app.clock.advance(by);
    }

    /// Relays events and runs jobs until nothing is due.
    pub async fn run_jobs(&self) {
        self.registry.work_off(&self.app).await.expect("jobs");
    }

    /// Serves on a port of this machine until the test ends, for clients that need a real connection.
    pub async fn listen(&self) -> std::net::SocketAddr {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let service = self.service.clone().into_make_service_with_connect_info::<std::net::SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        address
    }

    /// A client that nobody is signed in to.
    pub fn anonymous(&self) -> Client {
        Client { service: self.service.clone(), user: None, token: None, headers: Vec::new() }
    }

    /// A client for a new person with a verified address; `name` in lower case is also their mailbox.
    pub async fn user(&self, name: &str) -> Client {
        let (now, id) = (self.now(), UserId::at(self.now()));
        sqlx::query!(
            "insert into users (id, email, name, is_email_verified, created_at, updated_at) values ($1, $2, $3, true, $4, $4)",
            id as _,
            format!("{}@example.com", name.to_lowercase().replace(' ', ".")),
            name,
            now as _,
        )
        .execute(&self.app.db)
        .await
        .expect("a user");
        self.client_of(id)
    }

    /// A client for a new person who is also a provider.
    pub async fn provider(&self, name: &str) -> Client {
        let client = self.user(name).await;
        sqlx::query!(
            "with u as (update users set is_provider = true where id = $1)
             insert into providers (user_id, account_type, created_at, updated_at) values ($1, 'individual', $2, $2)",
            client.id() as _,
            self.now() as _,
        )
        .execute(&self.app.db)
        .await
        .expect("a provider");
        client
    }

    /// A client for a new member of staff.
    pub async fn staff(&self, name: &str, role: StaffRole) -> Client {
        let client = self.user(name).await;
        sqlx::query!("update users set staff_role = $2 where id = $1", client.id() as _, role as _)
            .execute(&self.app.db)
            .await
            .expect("staff");
        client
    }

    /// A client for somebody who is in the database.
    pub fn client_of(&self, user: UserId) -> Client {
        Client { user: Some(user), token: Some(user.to_string()), ..self.anonymous() }
    }
}

/// Takes the token for the id of the person; everything else comes from their row.
pub struct TokenIsUserId;

#[async_trait]
impl Authenticator for TokenIsUserId {
    async fn authenticate(&self, app: &App, token: &str) -> ApiResult<Caller> {
        let invalid = || ApiError::new(Kind::Unauthenticated, "token_invalid");
        let id: UserId = token.parse().map_err(|_e| invalid())?;
        let expires_at = app.clock.now().plus(SignedDuration::from_mins(15));
        self.resume(app, id, SessionId::from(id.uuid()), expires_at).await
    }

    async fn resume(
        &self,
        app: &App,
        id: UserId,
        session: SessionId,
        expires_at: Instant,
    ) -> ApiResult<Caller> {
        let invalid = || ApiError::new(Kind::Unauthenticated, "token_invalid");
        let row = sqlx::query!(
            r#"select language as "language: Language", is_provider, staff_role as "staff: StaffRole" from users where id = $1"#,
            id as _,
        )
        .fetch_optional(&app.db)
        .await?
        .ok_or_else(invalid)?;
        Ok(Caller {
            id,
            session,
            language: row.language,
            is_provider: row.is_provider,
            staff: row.staff,
            expires_at,
        })
    }
}

/// What every client sends; requests of tests come over no connection.
async fn with_host(mut request: axum::extract::Request) -> axum::extract::Request {
    request.headers_mut().entry(header::HOST).or_insert(HeaderValue::from_static("localhost"));
    request
}
