//! The command line: every subcommand and every setting.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use identity::StaffCreated;
use platform::{
    auth::StaffRole,
    config::Settings,
    db, jobs,
    telemetry::{self, LogFormat, TelemetrySettings},
    time::Clock,
};
use secrecy::SecretString;
use sqlx::PgPool;

use crate::{demo, dev, router, serve, wiring};

/// The marketplace backend of SkillBuddy.
///
/// Every setting is a flag and an environment variable; flags win.
#[derive(Parser)]
#[command(name = "skillbuddy", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    telemetry: TelemetrySettings,
}

#[derive(Subcommand)]
enum Command {
    /// Serve HTTP, and run jobs beside it
    Serve(ServeArgs),
    /// Run jobs only
    Worker,
    /// Everything for development in one go: a private database, demo data, HTTP, jobs
    Dev(DevArgs),
    /// Bring the database's schema up to date
    Migrate,
    /// Fill an empty database with demo data, the same for the same seed
    Demo(DemoArgs),
    /// Print the OpenAPI document
    Openapi,
    /// People who work here
    Staff {
        #[command(subcommand)]
        command: StaffCommand,
    },
    /// Keys that sign access tokens
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Sign demo people in and print their access tokens, for load tests
    #[command(hide = true)]
    DemoTokens {
        /// Providers instead of customers
        #[arg(long)]
        providers: bool,
        /// How many people at most
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(i64).range(1..=100_000))]
        count: i64,
    },
    /// Work for later that was given up
    Jobs {
        #[command(subcommand)]
        command: JobsCommand,
    },
    /// The books
    Ledger {
        #[command(subcommand)]
        command: LedgerCommand,
    },
}

/// How to serve.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Leave jobs to `skillbuddy worker`
    #[arg(long)]
    pub no_jobs: bool,
    /// Bring the schema up to date first
    #[arg(long)]
    pub migrate: bool,
}

/// Where development keeps its things.
#[derive(Args, Clone, Debug)]
pub struct DevArgs {
    /// Directory of the private database, its secret and uploaded files
    #[arg(long, env = "STATE_DIR", default_value = ".skillbuddy")]
    pub state_dir: PathBuf,
    /// How many demo services to put into an empty database
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(20..=1_000_000))]
    pub services: u32,
}

/// What demo data to make.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// How many services; people, providers and bookings follow in proportion
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(20..=1_000_000))]
    pub services: u32,
    /// Same seed, same data
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Password of every demo account
    #[arg(long, env = "DEMO_PASSWORD", default_value = dev::PASSWORD)]
    pub password: String,
}

#[derive(Subcommand)]
enum StaffCommand {
    /// Make somebody a member of staff, with a new account where the address is not known
    Create {
        /// Their mail address
        #[arg(long)]
        email: String,
        /// Their name, for a new account
        #[arg(long)]
        name: String,
        /// What they may do: support, moderator, finance, superuser
        #[arg(long, default_value = "support")]
        role: StaffRole,
        /// Password of a new account, or of one whose address nobody has proved; others keep theirs
        #[arg(long, env = "STAFF_PASSWORD", hide_env_values = true)]
        password: Option<SecretString>,
    },
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Sign with a new key from now on; tokens of the old one stay good until they expire
    Rotate,
}

#[derive(Subcommand)]
enum JobsCommand {
    /// What failed too often, and why
    List,
    /// Try it again
    Retry {
        /// Which, as `list` names them
        #[arg(required_unless_present = "all")]
        ids: Vec<i64>,
        /// All of them
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
}

#[derive(Subcommand)]
enum LedgerCommand {
    /// Check every invariant of the books; fails when one is broken
    Check {
        /// A seal as an earlier check printed it, which the chain must still have
        #[arg(long, value_name = "POSITION:HASH")]
        seal: Option<String>,
    },
}

/// Reads the command line and does what it says.
pub fn run() -> anyhow::Result<()> {
    // Settings may stand before or behind the subcommand.
    let command = Cli::command().mut_args(|arg| arg.global(true));
    let matches = command.get_matches();
    let mut cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    if matches!(cli.command, Command::Dev(_)) && !given(&matches, "log_format") {
        cli.telemetry.log_format = LogFormat::Text;
    }
    if matches!(cli.command, Command::Dev(_)) && !given(&matches, "log") {
        "warn".clone_into(&mut cli.telemetry.log);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(execute(cli));
    // A thread that hangs in a library has no say in when the process ends.
    runtime.shutdown_background();
    outcome
}

fn given(matches: &clap::ArgMatches, setting: &str) -> bool {
    let source = matches.value_source(setting);
    source.is_some_and(|source| source != clap::parser::ValueSource::DefaultValue)
}

async fn execute(cli: Cli) -> anyhow::Result<()> {
    let Cli { command, settings, telemetry } = cli;
    if matches!(command, Command::Openapi) {
        println!("{:#}", router::document()?);
        return Ok(());
    }
    let telemetry = telemetry::start(&telemetry)?;
    match command {
        Command::Serve(args) => {
            let pool = pool(&settings)?;
            if args.migrate {
                db::migrate(&pool).await?;
            }
            let clock = wiring::clock(&settings);
            let app = wiring::app(settings, pool, clock)?;
            serve::run(app, &telemetry, !args.no_jobs).await
        }
        Command::Worker => {
            let pool = pool(&settings)?;
            let app = wiring::app(settings, pool, Clock::System)?;
            serve::run_jobs_only(app, &telemetry).await
        }
        Command::Dev(args) => dev::run(settings, args, &telemetry).await,
        Command::Migrate => {
            let pool = pool(&settings)?;
            db::migrate(&pool).await?;
            ::demo::categories::ensure(&mut *pool.acquire().await?).await?;
            println!("The schema is up to date.");
            Ok(())
        }
        Command::Demo(args) => demo::fill(&pool(&settings)?, &args, Clock::System.now()).await,
        Command::Openapi => Ok(()),
        Command::Staff { command: StaffCommand::Create { email, name, role, password } } => {
            let pool = pool(&settings)?;
            let app = wiring::app(settings, pool, Clock::System)?;
            let new = identity::NewStaff { email: email.clone(), name, role, password };
            let role = <&str>::from(role);
            match identity::create_staff(&app, new).await? {
                StaffCreated::Account(_) => println!("{email} is {role} now, with a new account."),
                StaffCreated::Promoted(_) => println!("{email} is {role} now, and signs in as before."),
                StaffCreated::TakenOver(_) => println!(
                    "{email} is {role} now. Nobody had proved the address, so the account has the password given here."
                ),
            }
            Ok(())
        }
        Command::Keys { command: KeysCommand::Rotate } => {
            let pool = pool(&settings)?;
            let app = wiring::app(settings, pool, Clock::System)?;
            identity::rotate(&app).await?;
            println!("A new key signs from now on.");
            Ok(())
        }
        Command::DemoTokens { providers, count } => {
            let app = wiring::app(settings.clone(), pool(&settings)?, Clock::System)?;
            for (user, token) in identity::sign_in_demo_people(&app, providers, count).await? {
                println!("{user} {token}");
            }
            Ok(())
        }
        Command::Jobs { command } => jobs_given_up(&pool(&settings)?, command).await,
        Command::Ledger { command: LedgerCommand::Check { seal } } => {
            let pool = pool(&settings)?;
            let report = payments::check(&pool, seal.as_deref()).await?;
            print!("{report}");
            anyhow::ensure!(report.is_clean(), "the books are not right");
            Ok(())
        }
    }
}

async fn jobs_given_up(pool: &PgPool, command: JobsCommand) -> anyhow::Result<()> {
    let mut db = pool.acquire().await?;
    match command {
        JobsCommand::List => {
            for job in jobs::dead(&mut db).await? {
                let error = job.last_error.unwrap_or_default().replace('\n', " ");
                println!(
                    "{}  {}  made {}, given up {} after {} tries: {error}",
                    job.id, job.kind, job.created_at, job.dead_at, job.attempts
                );
            }
        }
        JobsCommand::Retry { ids, all } => {
            let ids = (!all).then_some(ids.as_slice());
            let count = jobs::retry(&mut db, ids, Clock::System.now()).await?;
            println!("{count} are tried again.");
        }
    }
    Ok(())
}

fn pool(settings: &Settings) -> anyhow::Result<PgPool> {
    let url = settings.database.url.as_ref();
    let url = url.context("DATABASE_URL is missing (or --database-url): which PostgreSQL shall be used?")?;
    db::pool(url, &settings.database).context("DATABASE_URL cannot be read")
}
