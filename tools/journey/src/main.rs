//! Walks a customer and a provider through the whole contract against a running server, by its public HTTP
//! API only: prints each call and its answer, and ends at the first answer that the contract does not allow.
#![expect(clippy::indexing_slicing, reason = "what a JSON object does not have reads as null")]

mod answer;
mod call;
mod chapters;
mod client;
mod coverage;
mod outbox;
mod people;
mod picture;
mod shape;
mod shapes;
mod socket;
mod story;

use std::process::ExitCode;

use clap::Parser;

/// Walks a customer and a provider through the whole contract against a running server.
///
/// Needs a server in development (`bin/dev`), since mails and SMS are read from /dev/outbox/. People and
/// services are new in every run; the customer's accounts are deleted at the end.
#[derive(Parser)]
#[command(name = "journey", max_term_width = 110)]
struct Args {
    /// Where the server is
    #[arg(long, default_value = "http://localhost:8000")]
    url: String,
    /// A superuser, who helps in a conversation and looks at the books in the end
    #[arg(long, env = "STAFF_EMAIL", requires = "staff_password")]
    staff_email: Option<String>,
    /// Their password
    #[arg(long, env = "STAFF_PASSWORD", hide_env_values = true)]
    staff_password: Option<String>,
    /// Print whole bodies
    #[arg(long, short)]
    verbose: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let outcome = match story::Story::begin(&args.url, args.verbose) {
        Ok(mut story) => {
            story.staff = args.staff_email.zip(args.staff_password);
            chapters::tell(&mut story).await.map(|()| story)
        }
        Err(error) => Err(error),
    };
    match outcome {
        Ok(story) => {
            println!("\n{} calls, all as the contract says.", story.client.calls());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("\nNot as the contract says: {error:#}");
            ExitCode::FAILURE
        }
    }
}
