//! `skillbuddy demo`: fills an empty database and says how it goes.

use std::io::{IsTerminal as _, Write as _};

use platform::{db, time::Instant};
use sqlx::PgPool;

use crate::cli::DemoArgs;

/// Fills the database, then builds what search needs.
pub async fn fill(pool: &PgPool, args: &DemoArgs, now: Instant) -> anyhow::Result<()> {
    db::migrate(pool).await?;
    let pool = &db::patient(pool).await?;
    let options = demo::Options {
        services: args.services,
        seed: args.seed,
        now: now.timestamp(),
        password_hash: identity::hash_password(&args.password)?,
    };
    let summary = demo::fill(pool, &options, show).await?;
    clear_line();
    println!("Building the search index …");
    discovery::rebuild(pool).await?;
    println!(
        "{} people, {} providers, {} services, {} bookings",
        summary.people, summary.providers, summary.services, summary.bookings
    );
    pool.close().await;
    Ok(())
}

/// One line that changes, where somebody is watching.
fn show(progress: demo::Progress) {
    if std::io::stdout().is_terminal() {
        let stage = match progress.stage {
            demo::Stage::Rows => "Copying services",
            demo::Stage::Indexes => "Building indexes",
            demo::Stage::Statistics => "Taking statistics",
        };
        print!("\r\u{1b}[K{stage}: {} of {}", progress.done, progress.total);
        let _not_shown = std::io::stdout().flush();
    }
}

fn clear_line() {
    if std::io::stdout().is_terminal() {
        print!("\r\u{1b}[K");
    }
}
