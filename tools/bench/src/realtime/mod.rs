//! Live connections: how many one server holds and what each costs, how fast messages come, how one change reaches
//! thousands, and that nothing is lost or doubled while servers and Redis are killed.

mod breaks;
mod idle;
mod journal;
mod nodes;
mod person;
mod talk;
mod watchers;

use std::{path::Path, process::ExitCode, time::Duration};

use anyhow::Result;
use clap::Args;
use postgres_embedded::{Cluster, Options};

use self::nodes::Nodes;
use crate::{data, say};

/// How much of it.
#[derive(Args, Clone, Debug)]
pub struct Effort {
    /// Idle connections to one server
    #[arg(long, default_value_t = 18_000)]
    idle: usize,
    /// Pairs of people who write to each other
    #[arg(long, default_value_t = 5000)]
    pairs: usize,
    /// Messages a second, all together
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// How long they write, in seconds
    #[arg(long = "for", default_value_t = 20)]
    seconds: u64,
    /// People who watch one
    #[arg(long, default_value_t = 5000)]
    watchers: usize,
    /// Redis, to connect the two servers; without it PostgreSQL does
    #[arg(long, default_value = "redis-server")]
    redis: String,
}

/// Measures, prints, and says whether anything was lost.
pub async fn run(
    effort: &Effort,
    program: &Path,
    place: &Path,
    services: u32,
    refill: bool,
) -> Result<ExitCode> {
    let files = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)?;
    nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE, files.1, files.1)?;
    let cluster = Cluster::start(Options::durable(place.join("postgres")).on_progress(say)).await?;
    let outcome = async {
        let database = data::copy(|name| cluster.url(name), program, services, refill, say).await?;
        measure(effort, program, cluster.url(database), place).await
    }
    .await;
    cluster.stop().await?;
    Ok(if outcome? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn measure(effort: &Effort, program: &Path, database: String, place: &Path) -> Result<bool> {
    let mut nodes = Nodes::start(program, database, &effort.redis, place)?;
    println!("Two servers, connected by {}.", nodes.connected_by());
    say("Signing people in");
    let pairs = person::pairs(&nodes, effort.pairs).await?;
    if effort.idle > 0 {
        say("Opening idle connections");
        println!("{}", idle::measure(&nodes, &pairs, effort.idle).await?);
    }
    if effort.watchers > 0 {
        say("Watching somebody");
        println!("{}", watchers::measure(&nodes, &pairs, effort.watchers).await?);
    }
    let length = Duration::from_secs(effort.seconds);
    say("Writing");
    let calm = talk::run(&mut nodes, &pairs, effort.rate, length, &[]).await?;
    println!("{}", calm.report("Calm"));
    say("Writing, while servers and Redis are killed");
    let plan = breaks::plan(length);
    let storm = talk::run(&mut nodes, &pairs, effort.rate, length, &plan).await?;
    println!("{}", storm.report("With breaks"));
    Ok(calm.is_whole() && storm.is_whole())
}

/// The time below which so many hundredths of these lie.
pub fn percentile(mut times: Vec<Duration>, hundredths: usize) -> Duration {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    times.get(last * hundredths / 100).copied().unwrap_or_default()
}

/// As milliseconds.
pub fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
