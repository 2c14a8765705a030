//! Watches what the database is asked, and how it answers: PostgreSQL's `auto_explain` sends the plan of every
//! statement along with its rows.

use std::sync::{Mutex, Once, PoisonError};

use sqlx::{Connection as _, PgPool, Postgres, pool::PoolConnection};
use tracing::{Event, Level, Subscriber, field::Visit, subscriber::set_global_default};
use tracing_subscriber::{Layer, filter::Targets, layer::Context, prelude::*, registry};

/// Where sqlx reports what the server says beside its answers.
const NOTICES: &str = "sqlx::postgres::notice";

static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
static LISTENING: Once = Once::new();

/// A pool of which one connection is left, whose statements are seen. A table is read as a whole only where no index
/// would do, however small it is, so plans are those of large tables.
pub struct Watched {
    db: PgPool,
    _others: Vec<PoolConnection<Postgres>>,
}

impl Watched {
    /// Begins. For tests with a process of their own, as nextest gives them.
    pub async fn start(db: &PgPool) -> Self {
        let options = db.connect_options().as_ref().clone().options([
            ("session_preload_libraries", "auto_explain"),
            ("auto_explain.log_min_duration", "0"),
            ("client_min_messages", "log"),
            ("enable_seqscan", "off"),
        ]);
        db.set_connect_options(options);
        let mut others = Vec::new();
        for _ in 0..db.options().get_max_connections() {
            others.push(db.acquire().await.expect("a connection"));
        }
        let last = others.pop().expect("a pool has connections").detach();
        last.close().await.expect("the connection closes");
        LISTENING.call_once(|| {
            let only_notices = Targets::new().with_target(NOTICES, Level::TRACE);
            let subscriber = registry().with(Listener.with_filter(only_notices));
            set_global_default(subscriber).expect("the test has no other subscriber");
        });
        Self { db: db.clone(), _others: others }
    }

    /// The statements of a request with their plans, `begin` and `commit` aside.
    pub async fn plans_of<T>(&self, request: impl Future<Output = T>) -> (T, Vec<String>) {
        self.take().await;
        let answer = request.await;
        (answer, self.take().await)
    }

    async fn take(&self) -> Vec<String> {
        // On the only connection, so everything before has been heard by now.
        sqlx::raw_sql("select 'that was all'").execute(&self.db).await.expect("the connection");
        let mut seen = std::mem::take(&mut *SEEN.lock().unwrap_or_else(PoisonError::into_inner));
        // The driver asks once for what it does not know of types.
        seen.retain(|plan| !plan.contains("that was all") && !plan.contains("SELECT pg_type.oid"));
        seen
    }
}

struct Listener;

impl<S: Subscriber> Layer<S> for Listener {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        struct Message(String);
        impl Visit for Message {
            fn record_str(&mut self, _field: &tracing::field::Field, value: &str) {
                value.clone_into(&mut self.0);
            }
            fn record_debug(&mut self, _field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0 = format!("{value:?}");
            }
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        if message.0.contains("plan:") {
            SEEN.lock().unwrap_or_else(PoisonError::into_inner).push(message.0);
        }
    }
}
