//! `skillbuddy`: the marketplace in one binary.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Two providers are linked in; TLS panics at first use unless one is chosen.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        eprintln!("another TLS provider was installed first");
        return ExitCode::FAILURE;
    }
    match app::cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("skillbuddy: {error:#}");
            ExitCode::FAILURE
        }
    }
}
