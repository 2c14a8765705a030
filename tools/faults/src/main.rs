//! `faults`: people book, pay, cancel and give back while the server is killed again and again, as by a power cut. In
//! the end everything that was acknowledged is there, nothing happened twice, and the books balance.
#![expect(clippy::indexing_slicing, reason = "a field of JSON that is not there is null")]

mod people;
mod server;
mod verdict;

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, ensure};
use clap::Parser;
use postgres_embedded::{Cluster, Options};
use tokio::time::sleep;

use crate::{
    people::{Journal, Person, Place},
    server::Server,
};

/// Kills the server while people book and pay, and looks at what is left.
#[derive(Debug, Parser)]
#[command(name = "bin/faults")]
struct Arguments {
    /// How many bookings are made and paid
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    bookings: u32,
    /// How many people do so at once
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=64))]
    people: u32,
    /// How often the server is killed, while they last
    #[arg(long, default_value_t = 40)]
    kills: u32,
    /// The program; by default the one beside this
    #[arg(long)]
    server: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
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
    // What a killed server had committed must still be there: durable, unlike the databases of tests.
    let place = std::env::temp_dir().join(format!("skillbuddy-faults-{}", std::process::id()));
    let cluster = Cluster::start(Options::durable(place.join("postgres")).on_progress(say)).await?;
    let outcome = endure(&arguments, program, cluster.url("postgres")).await;
    cluster.stop().await?;
    std::fs::remove_dir_all(&place)?;
    outcome
}

async fn endure(arguments: &Arguments, program: PathBuf, url: String) -> Result<ExitCode> {
    say("Filling a database");
    // Enough for everybody to find a free hour.
    let services = 300.max(arguments.bookings / 3);
    let server = Server::prepare(program, url.clone(), people::PASSWORD, services)?;
    let place = Arc::new(Place::look(&url, &server.url()).await?);
    let mut process = server.start()?;
    server.wait_until_ready().await?;

    say(&format!("{} people make {} bookings", arguments.people, arguments.bookings));
    let (next, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let mut crowd = tokio::task::JoinSet::new();
    for number in 0..arguments.people {
        let (place, next) = (Arc::clone(&place), Arc::clone(&next));
        let last = usize::try_from(arguments.bookings)?;
        crowd.spawn(async move {
            let mut person = Person::sign_in(place, number).await?;
            while next.fetch_add(1, Ordering::Relaxed) < last {
                person.spend().await?;
            }
            anyhow::Ok(person.journal)
        });
    }
    let killer = {
        let (server, is_over, kills) = (server.clone(), Arc::clone(&is_over), arguments.kills);
        tokio::spawn(async move {
            let (mut killed, mut slowest) = (0, Duration::ZERO);
            while killed < kills && !is_over.load(Ordering::Relaxed) {
                sleep(Duration::from_millis(rand::random_range(200..1500))).await;
                process.kill().await?;
                process = server.start()?;
                slowest = slowest.max(server.wait_until_ready().await?);
                killed += 1;
            }
            anyhow::Ok((process, killed, slowest))
        })
    };
    let mut journal = Journal::default();
    while let Some(one) = crowd.join_next().await {
        journal.merge(one??);
    }
    is_over.store(true, Ordering::Relaxed);
    let (mut process, killed, slowest) = killer.await??;
    say(&format!("The server was killed {killed} times, and back after at most {} ms", slowest.as_millis()));
    say(&journal.to_string());
    ensure!(killed > 0, "it was never killed: more bookings, please");

    say("What is on its way arrives");
    let left = verdict::settle(&url).await?;
    process.kill().await?;
    let broken = verdict::broken(&url, &journal).await?;
    let books = server.check_books()?;
    for line in left.iter().chain(&broken) {
        println!("BROKEN: {line}");
    }
    let is_clean = left.is_empty() && broken.is_empty() && books;
    println!("{}", if is_clean { "Nothing was lost, nothing happened twice." } else { "That must not be." });
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
