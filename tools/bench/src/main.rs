//! `bench`: how fast the server is, beside what the database could do at best on the same machine in the same run.
#![expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    clippy::future_not_send,
    reason = "measurements, not money; a wrong index ends a benchmark, not a service"
)]

mod ceiling;
mod cpu;
mod data;
mod endpoints;
mod http;
mod load;
mod measure;
mod random;
mod realtime;
mod report;
mod sample;
mod server;

use std::{
    cell::{Cell, RefCell},
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use postgres_embedded::{Cluster, Options};
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};

use crate::{
    ceiling::Ceilings,
    cpu::Watch,
    endpoints::{Endpoint, World},
    measure::{Bench, Effort, Row, middle},
    sample::{Offer, Person, Sample},
    server::{Client, Server},
};

/// Measures every endpoint of a release build on demo data, and the best SQL for the same answers beside it.
#[derive(Debug, Parser)]
#[command(name = "bin/bench")]
struct Arguments {
    /// How many demo services
    #[arg(long, default_value_t = 20_000)]
    services: u32,
    /// Length of each measurement
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How often everything is measured; the table has the medians
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Only endpoints with this in their name; may be repeated
    #[arg(long)]
    only: Vec<String>,
    /// Connections at the peak
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Print Markdown, for docs/performance.md
    #[arg(long)]
    markdown: bool,
    /// Make the demo data anew
    #[arg(long)]
    refill: bool,
    /// Measure the ceilings only, without a server
    #[arg(long)]
    ceilings: bool,
    /// The release build; by default the one beside this program
    #[arg(long)]
    server: Option<PathBuf>,
    /// Where databases are kept
    #[arg(long, env = "STATE_DIR", default_value = ".skillbuddy")]
    state_dir: PathBuf,
    /// Measure on this filled database instead of a private one; bookings will be made in it
    #[arg(long, hide_env_values = true)]
    database_url: Option<String>,
    #[command(subcommand)]
    what: Option<What>,
}

/// What else can be measured.
#[derive(Debug, clap::Subcommand)]
enum What {
    /// Live connections: how many, how dear, how fast, and what is left when servers are killed
    Realtime(realtime::Effort),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // Not returned from `main`, which would print a stack trace to people who have RUST_BACKTRACE set.
    run(Arguments::parse()).await.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn say(step: &str) {
    eprintln!("· {step}");
}

async fn run(arguments: Arguments) -> Result<ExitCode> {
    let beside = std::env::current_exe()?.with_file_name("skillbuddy");
    let program = arguments.server.clone().unwrap_or(beside);
    let place = arguments.state_dir.join("bench").join(arguments.services.to_string());
    if let Some(What::Realtime(effort)) = &arguments.what {
        return realtime::run(effort, &program, &place, arguments.services, arguments.refill).await;
    }
    let Some(url) = arguments.database_url.clone() else {
        let cluster = Cluster::start(Options::durable(place.join("postgres")).on_progress(say)).await?;
        let outcome = async {
            let database =
                data::copy(|name| cluster.url(name), &program, arguments.services, arguments.refill, say)
                    .await?;
            let pgbench = cluster.binaries().program("pgbench");
            measure(&arguments, &program, cluster.url(database), pgbench).await
        }
        .await;
        cluster.stop().await?;
        return outcome;
    };
    measure(&arguments, &program, url, PathBuf::from("pgbench")).await
}

async fn measure(arguments: &Arguments, program: &Path, url: String, pgbench: PathBuf) -> Result<ExitCode> {
    let mut db = PgConnection::connect(&url).await?;
    let note: String = db.fetch_one("select pg_read_file('postmaster.pid')").await?.try_get(0)?;
    let postmaster = note.lines().next().unwrap_or_default().trim().parse()?;
    say("Drawing what to ask for");
    let sample = Sample::draw(&mut db).await?;
    let scripts = arguments.state_dir.join("bench");
    let ceilings = Ceilings::prepare(pgbench, url.clone(), scripts, &sample, &mut db).await?;
    db.close().await?;
    let chosen: Vec<Endpoint> =
        endpoints::all().into_iter().filter(|one| is_chosen(one, &arguments.only)).collect();
    ensure!(!chosen.is_empty(), "no endpoint has that in its name");
    if arguments.ceilings {
        return only_ceilings(&chosen, &ceilings, arguments, postmaster);
    }

    say("Starting the server");
    let mut starts = Vec::new();
    for _ in 0..4 {
        let server = Server::start(program, &url)?;
        starts.push(server.ready_after.as_secs_f64() * 1000.0);
        server.stop()?;
    }
    let server = Server::start(program, &url)?;
    starts.push(server.ready_after.as_secs_f64() * 1000.0);

    let mut world = World {
        customers: Vec::new(),
        workers: Vec::new(),
        bookings: RefCell::new(Vec::new()),
        payable: RefCell::new(Vec::new()),
        password: data::PASSWORD,
        serial: Cell::new(0),
        sample,
    };
    let effort =
        Effort { rounds: arguments.rounds, seconds: arguments.seconds, connections: arguments.connections };
    let watch = Watch { server: server.id(), database: postmaster };
    println!("{}", report::head(arguments.markdown));
    let mut rows: Vec<Row> = Vec::new();
    let mut signed_in = None;
    let mut most = 0.0_f64;
    for endpoint in &chosen {
        if signed_in.is_none_or(|at: Instant| at.elapsed() > TOKENS_LAST) {
            world.customers = sign_in(&server, &world.sample.customers)?;
            world.workers = sign_in(&server, &world.sample.workers)?;
            signed_in = Some(Instant::now());
        }
        if endpoint.name == endpoints::CREATE {
            world.bookings = RefCell::new(bookings(&server, &world.sample)?);
        }
        if endpoint.name == endpoints::PAY {
            world.payable = RefCell::new(payable(&server, &world)?);
        }
        let bench = Bench { server: &server, world: &world, ceilings: &ceilings, watch, effort };
        for row in bench.endpoint(endpoint)? {
            println!("{}", report::row(&row, arguments.markdown));
            rows.push(row);
        }
        most = most.max(cpu::memory(server.id())?.0);
    }
    println!();
    flood(&rows, &Bench { server: &server, world: &world, ceilings: &ceilings, watch, effort })?;
    footer(&starts, most, cpu::memory(server.id())?.1, program)?;
    server.stop()?;
    let missed =
        rows.iter().filter(|row| row.ratio.zip(row.budget).is_some_and(|(ratio, budget)| ratio < budget));
    println!("{} of {} rows miss their budget.", missed.count(), rows.len());
    Ok(ExitCode::SUCCESS)
}

/// Access tokens live for 15 minutes, and an endpoint takes less than two.
const TOKENS_LAST: Duration = Duration::from_mins(8);

fn is_chosen(endpoint: &Endpoint, only: &[String]) -> bool {
    only.is_empty() || only.iter().any(|part| endpoint.name.contains(part.as_str()))
}

fn only_ceilings(
    chosen: &[Endpoint],
    ceilings: &Ceilings,
    arguments: &Arguments,
    postmaster: u32,
) -> Result<ExitCode> {
    let watch = Watch { server: 0, database: postmaster };
    for endpoint in chosen {
        let Some(sql) = endpoint.ceiling else { continue };
        let mut rates = Vec::new();
        let mut costs = Vec::new();
        for _ in 0..arguments.rounds {
            let reached = ceilings.measure(sql, arguments.seconds, watch).with_context(|| endpoint.name)?;
            rates.push(reached.rate);
            costs.push(reached.cost);
        }
        println!("{:<22}{:>9.0}/s{:>9.0} µs", endpoint.name, middle(rates), middle(costs));
    }
    Ok(ExitCode::SUCCESS)
}

fn sign_in(server: &Server, people: &[Person]) -> Result<Vec<String>> {
    let mut client = Client::connect(server.address)?;
    let mut tokens = Vec::with_capacity(people.len());
    for person in people {
        let (status, body) =
            client.post("/auth/signin/", None, &endpoints::sign_in(&person.email, data::PASSWORD))?;
        ensure!(status == 200, "signing in as {}: {status} {}", person.email, String::from_utf8_lossy(&body));
        let json: serde_json::Value = serde_json::from_slice(&body)?;
        let access = json.pointer("/access").and_then(serde_json::Value::as_str);
        tokens.push(access.context("a sign-in gave no access token")?.to_owned());
    }
    Ok(tokens)
}

/// Bookings that can all be made: of the free slots of each provider those that leave room for each other, one of each
/// provider after the other, so that two in a row are never the same provider's.
fn bookings(server: &Server, sample: &Sample) -> Result<Vec<String>> {
    say("Asking for free slots");
    let mut client = Client::connect(server.address)?;
    let mut calendars: Vec<Vec<String>> = Vec::new();
    for offer in &sample.offers {
        let path = format!("/services/{}/slots/?to={}", offer.service, sample.in_a_month);
        let (status, body) = client.get(&path, None)?;
        ensure!(status == 200, "slots: {status} {}", String::from_utf8_lossy(&body));
        let json: serde_json::Value = serde_json::from_slice(&body)?;
        calendars.push(apart(&json, offer));
    }
    let longest = calendars.iter().map(Vec::len).max().unwrap_or_default();
    // The slots of today come last: while they are waited for, they pass.
    let rounds = (0..longest).map(|turn| calendars.iter().filter_map(move |slots| slots.get(turn)));
    let bodies: Vec<String> = rounds.flatten().cloned().collect();
    say(&format!("{} bookings can be made", bodies.len()));
    Ok(bodies)
}

/// How many bookings are made to be paid.
const PAYABLE: usize = 6000;

/// Bookings that wait for their payment.
fn payable(server: &Server, world: &World) -> Result<Vec<(usize, String)>> {
    let bodies = match world.bookings.take() {
        none if none.is_empty() => bookings(server, &world.sample)?,
        some => some,
    };
    say("Making bookings that are to be paid");
    let mut client = Client::connect(server.address)?;
    let mut made = Vec::new();
    for (number, body) in bodies.iter().rev().take(PAYABLE).enumerate() {
        let customer = number % world.customers.len();
        let body = body.replace("\"cash\"", "\"card\"");
        let token = world.customers.get(customer).map(String::as_str);
        let (status, answer) = client.post("/bookings/", token, &body)?;
        ensure!(status == 201, "a booking: {status} {}", String::from_utf8_lossy(&answer));
        let json: serde_json::Value = serde_json::from_slice(&answer)?;
        let id = json.pointer("/id").and_then(serde_json::Value::as_str);
        made.push((customer, id.context("a booking has no id")?.to_owned()));
    }
    Ok(made)
}

/// One start a day: whatever the buffers are, these leave room for each other.
fn apart(slots: &serde_json::Value, offer: &Offer) -> Vec<String> {
    let slots = slots.pointer("/results").and_then(serde_json::Value::as_array);
    let mut bodies = Vec::new();
    let mut day = "";
    for slot in slots.into_iter().flatten() {
        let text = |field| slot.get(field).and_then(serde_json::Value::as_str);
        let (Some(starts_at), Some(date)) = (text("starts_at"), text("local_date")) else { continue };
        if date != day {
            day = date;
            bodies.push(endpoints::booking(&offer.service, starts_at));
        }
    }
    bodies
}

/// Whether reading stays quick while people sign in as fast as they can.
fn flood(rows: &[Row], bench: &Bench<'_>) -> Result<()> {
    let all = endpoints::all();
    let find = |name: &str| all.iter().find(|endpoint| endpoint.name == name)?.uncached;
    let (Some(read), Some(sign_in)) = (find(endpoints::LIST_PAGE), find(endpoints::SIGN_IN)) else {
        return Ok(());
    };
    let measured = |name: &str| rows.iter().find(|row| row.name == name && !row.from_memory);
    let (Some(list), Some(_)) = (measured(endpoints::LIST_PAGE), measured(endpoints::SIGN_IN)) else {
        return Ok(());
    };
    // A quarter: what sign-ins leave of the processors must be enough for it.
    let rate = list.rate / 4.0;
    let alone = bench.beside(read, rate, None)?;
    let beside = bench.beside(read, rate, Some(sign_in))?;
    println!(
        "p99 of the services list at a quarter of its peak: {alone:.2} ms alone, {beside:.2} ms beside a flood of \
         sign-ins ({:+.0} %, budget +20 %).",
        (beside / alone - 1.0) * 100.0
    );
    Ok(())
}

fn footer(starts: &[f64], memory: f64, most: f64, program: &Path) -> Result<()> {
    let size = std::fs::metadata(program)?.len() as f64 / 1e6;
    println!(
        "Start to ready: {:.0} ms (budget 300). Memory under load: {memory:.0} MB, at most {most:.0} MB (budget 120). \
         Binary: {size:.1} MB (budget 60).",
        middle(starts.to_vec())
    );
    Ok(())
}
