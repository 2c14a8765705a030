//! Prints how many postings a second there are beside what pgbench reaches with the same rows, and how long it takes
//! to read an account with 100,000 entries. On a migrated database that nobody needs any more:
//! `cargo run --release -p ledger --example posting -- postgres://…`.

use std::{
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use futures_util::future::try_join_all;
use ledger::{Account, Posting, balance, post, seal};
use platform::{
    ids::{BookingId, UserId},
    money::{Currency, Money},
    ports::gateway::GatewayName,
    time::Clock,
};
use sqlx::{Executor as _, PgPool, postgres::PgPoolOptions};

const CLIENTS: u32 = 8;
const SECONDS: u64 = 5;
const ROUNDS: usize = 5;
const CLEARING: Account = Account::Clearing(GatewayName::Sandbox);

const PREPARE: &str = "
    create table bench_accounts (like ledger_accounts including all);
    create table bench_transactions (like ledger_transactions including all);
    create table bench_entries (like ledger_entries including all);
    create table bench_unsealed (like ledger_unsealed including all);
    create sequence bench_numbers;
    create sequence bench_operations;
    insert into bench_accounts (id, purpose, owner, part, currency, normal_side, may_be_negative, is_shared)
    select ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'provider_pending', gen_random_uuid(), '',
           'EUR', 'credit', false, false from generate_series(1, 2000) n;";

#[tokio::main]
async fn main() -> Result<()> {
    let url = std::env::args().nth(1).context("which database?")?;
    let pool = PgPoolOptions::new().max_connections(CLIENTS).test_before_acquire(false).connect(&url).await?;
    pool.execute(PREPARE).await?;
    let providers: Vec<UserId> = (0..2000).map(|_| UserId::at(Clock::System.now())).collect();
    let done = AtomicU64::new(0);
    let mut ratios = Vec::new();
    for round in 0..=ROUNDS {
        let (ours, ceiling) = (postings(&pool, &providers, &done).await?, ceiling(&url)?);
        // The first round warms up.
        if round > 0 {
            println!("{ours} postings/s, ceiling {ceiling}: {} %", ours * 100 / ceiling.max(1));
            ratios.push(ours * 100 / ceiling.max(1));
        }
    }
    ratios.sort_unstable();
    println!("median {} %", ratios.get(ROUNDS / 2).copied().unwrap_or_default());
    long_history(&pool).await
}

/// Customers pay and jobs are done, one after the other on each connection.
async fn postings(pool: &PgPool, providers: &[UserId], done: &AtomicU64) -> Result<u64> {
    let (until, before) = (Instant::now() + Duration::from_secs(SECONDS), done.load(Ordering::Relaxed));
    let client = async |_| {
        let mut db = pool.acquire().await?;
        while Instant::now() < until {
            let n = done.fetch_add(2, Ordering::Relaxed);
            let (now, euros) = (Clock::System.now(), |minor| Money::new(minor, Currency::EUR));
            let booking = BookingId::at(now);
            let escrow = Account::Escrow(booking);
            let provider = providers.get(usize::try_from(n)? % providers.len()).context("a provider")?;
            let charge = Posting::new(format!("charge:{booking}"), "charged", now);
            post(&mut db, &charge.transfer(CLEARING, escrow, euros(10_000))).await?;
            let earned = Posting::new(format!("done:{booking}"), "done", now)
                .transfer(escrow, Account::ProviderPending(*provider), euros(8_500))
                .transfer(escrow, Account::Commission, euros(1_500));
            post(&mut db, &earned).await?;
        }
        anyhow::Ok(())
    };
    try_join_all((0..CLIENTS).map(client)).await?;
    Ok((done.load(Ordering::Relaxed) - before) / SECONDS)
}

/// What pgbench reaches; each of its scripts posts twice.
fn ceiling(url: &str) -> Result<u64> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ceiling.sql");
    let (clients, seconds) = (CLIENTS.to_string(), SECONDS.to_string());
    let output = Command::new("pgbench")
        .args(["-n", "-M", "prepared", "-c", &clients, "-j", "2", "-T", &seconds, "-f", script, url])
        .env("PGOPTIONS", "-c plan_cache_mode=force_generic_plan")
        .output()?;
    ensure!(output.status.success(), "pgbench failed: {}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout);
    let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split('.').next());
    Ok(rate.context("pgbench gives no rate")?.parse::<u64>()? * 2)
}

/// An account with 100,000 entries, some of them not sealed yet.
async fn long_history(pool: &PgPool) -> Result<()> {
    let mut db = pool.acquire().await?;
    while seal(&mut db).await? > 0 {}
    let now = Clock::System.now();
    let (account, booking) = (Account::ProviderPending(UserId::at(now)), BookingId::at(now));
    for n in 0..100_000 {
        let posting = Posting::new(format!("{booking}:{n}"), "earned", now);
        post(&mut db, &posting.transfer(CLEARING, account, Money::new(1, Currency::EUR))).await?;
        if n == 95_000 {
            while seal(&mut db).await? > 0 {}
        }
    }
    for (name, account) in [("own", account), ("shared", CLEARING)] {
        let begin = Instant::now();
        for _ in 0..100 {
            balance(&mut db, account, Currency::EUR).await?;
        }
        println!("balance of an account ({name}): {:.2?}", begin.elapsed() / 100);
    }
    Ok(())
}
