//! `skillbuddy dev`: from an empty directory to a working marketplace in one step.

use std::{fs, path::Path};

use anyhow::Context as _;
use platform::{
    app::App,
    auth::StaffRole,
    config::{Environment, Settings},
    crypto, db,
    telemetry::Telemetry,
    time::Clock,
};
use postgres_embedded::{Cluster, Options};
use secrecy::SecretString;
use sqlx::PgPool;

use crate::{
    cli::{DemoArgs, DevArgs},
    demo, serve, wiring,
};

/// Password of every demo account in development.
pub const PASSWORD: &str = "correct horse battery";
/// The demo account of staff.
pub const OPERATOR: &str = "operator@demo.skillbuddy.app";
const DATABASE: &str = "skillbuddy";

/// Brings everything up, says what to open, and serves until Ctrl-C.
pub async fn run(mut settings: Settings, args: DevArgs, telemetry: &Telemetry) -> anyhow::Result<()> {
    // Listened for from the first moment: Ctrl-C while the database starts must stop it too.
    let (ended, end) = tokio::sync::watch::channel(false);
    let stop = serve::interrupted()?;
    tokio::spawn(async move {
        stop.await;
        let _nobody_waits = ended.send(true);
    });
    fs::create_dir_all(&args.state_dir)
        .with_context(|| format!("STATE_DIR: cannot make {}", args.state_dir.display()))?;
    settings.http.environment = Environment::Development;
    if settings.security.secret_key.is_none() {
        settings.security.secret_key = Some(secret(&args.state_dir)?);
    }
    // Nobody waits two days to see a withdrawal.
    if std::env::var_os("EARNINGS_HOLD_HOURS").is_none() {
        settings.market.earnings_hold_hours = 0;
    }
    if settings.storage.storage_dir == Path::new(".skillbuddy/files") {
        settings.storage.storage_dir = args.state_dir.join("files");
    }
    let cluster = match settings.database.url {
        Some(_) => None,
        None => Some(private_database(&mut settings, &args.state_dir).await?),
    };
    let outcome = tokio::select! {
        app = prepare(settings, &args) => serve_until(app, telemetry, serve::until(end.clone())).await,
        () = serve::until(end.clone()) => Ok(()),
    };
    if let Some(cluster) = cluster {
        say("Stopping the database");
        cluster.stop().await?;
    }
    outcome
}

async fn serve_until(
    app: anyhow::Result<App>,
    telemetry: &Telemetry,
    end: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let app = app?;
    let listener = serve::listen(&app)?;
    welcome(&app.settings);
    serve::run_on(listener, app, telemetry, true, end).await
}

/// A database with the present schema and something in it, and the application on top.
async fn prepare(settings: Settings, args: &DevArgs) -> anyhow::Result<App> {
    let url = settings.database.url.as_ref().context("there is no database")?;
    let pool = db::pool(url, &settings.database).context("DATABASE_URL cannot be read")?;
    say("Bringing the schema up to date");
    db::migrate(&pool).await?;
    if is_empty(&pool).await? {
        say("Filling the database with demo data");
        let demo = DemoArgs { services: args.services, seed: 1, password: PASSWORD.to_owned() };
        demo::fill(&pool, &demo, Clock::System.now()).await?;
        let clock = wiring::clock(&settings);
        let app = wiring::app(settings, pool, clock)?;
        hire(&app).await?;
        return Ok(app);
    }
    let clock = wiring::clock(&settings);
    wiring::app(settings, pool, clock)
}

/// Somebody who may see everything.
async fn hire(app: &App) -> anyhow::Result<()> {
    let (email, name) = (OPERATOR.to_owned(), "Olivia Operator".to_owned());
    let (role, password) = (StaffRole::Superuser, Some(SecretString::from(PASSWORD)));
    identity::create_staff(app, identity::NewStaff { email, name, role, password }).await?;
    Ok(())
}

async fn private_database(settings: &mut Settings, state_dir: &Path) -> anyhow::Result<Cluster> {
    let options = Options::durable(state_dir.join("postgres")).on_progress(say);
    let cluster = Cluster::start(options).await?;
    cluster.create_database(DATABASE).await?;
    settings.database.url = Some(SecretString::from(cluster.url(DATABASE)));
    Ok(cluster)
}

/// The secret of this directory, made at the first start, readable by its owner only.
fn secret(state_dir: &Path) -> anyhow::Result<SecretString> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let path = state_dir.join("secret");
    if let Ok(known) = fs::read_to_string(&path) {
        return Ok(SecretString::from(known.trim().to_owned()));
    }
    let made = crypto::random_token()?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    file.write_all(made.as_bytes())?;
    Ok(SecretString::from(made))
}

async fn is_empty(pool: &PgPool) -> anyhow::Result<bool> {
    let any = sqlx::query_scalar!(r#"select exists (select from users) as "any!""#).fetch_one(pool).await?;
    Ok(!any)
}

fn say(step: &str) {
    println!("· {step}");
}

fn welcome(settings: &Settings) {
    let base = &settings.http.public_url;
    println!();
    println!("  SkillBuddy is at      {base}");
    println!("  Swagger UI            {base}/docs/");
    println!("  Mail and SMS          {base}/dev/outbox/");
    println!("  Demo accounts         password: {PASSWORD}");
    for login in ::demo::LOGINS {
        println!("    {:<34}{}", login.email, login.role("en"));
    }
    println!("    {OPERATOR:<34}staff");
    println!();
    println!("  Ctrl-C stops everything.");
    println!();
}
