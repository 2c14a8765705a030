//! Running: HTTP, jobs, signals between nodes; and stopping so that nothing is dropped.

use std::{future::Future, time::Duration};

use anyhow::Context as _;
use axum::{Extension, Router, middleware};
use metrics_exporter_prometheus::PrometheusHandle;
use platform::{app::App, cache, server, telemetry::Telemetry};
use tokio::{
    net::{TcpListener, TcpSocket},
    signal::unix::SignalKind,
    sync::watch,
};

use crate::{
    health::{self, Draining},
    router, wiring,
};

/// Serves HTTP, and jobs beside it where wanted, until SIGINT or SIGTERM.
pub async fn run(app: App, telemetry: &Telemetry, with_jobs: bool) -> anyhow::Result<()> {
    let listener = listen(&app)?;
    run_on(listener, app, telemetry, with_jobs, interrupted()?).await
}

/// So many connections wait to be taken, as far as the system allows. Beyond that it drops what they say, and they try
/// again after a second, three, seven…: when all clients of a node come to another one, that would last half a minute.
const BACKLOG: u32 = 4096;

/// Opens the configured socket.
pub fn listen(app: &App) -> anyhow::Result<TcpListener> {
    let address = app.settings.http.listen;
    let open = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // A server that has just stopped leaves connections behind, which keep the address for a minute.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    open().with_context(|| format!("LISTEN: cannot listen on {address}"))
}

/// The same on a socket that is open already, until `stop` resolves.
pub async fn run_on(
    listener: TcpListener,
    app: App,
    telemetry: &Telemetry,
    with_jobs: bool,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let draining = Draining::default();
    let router = router::router(app.settings.http.environment)?
        .layer(middleware::from_fn_with_state(draining.clone(), health::close_while_draining))
        .layer(Extension(telemetry.metrics.clone()))
        .layer(Extension(draining.clone()));
    let (hub, timeout) = (app.hub.clone(), shutdown_timeout(&app));
    let delay = app.settings.http.drain_delay().min(timeout / 2);
    let (signal, signalled) = watch::channel(false);
    let (stopping, stopped) = watch::channel(false);
    tokio::spawn(async move {
        stop.await;
        draining.begin();
        let _nobody_waits = signal.send(true);
        tokio::time::sleep(delay).await;
        // They would keep the server from stopping.
        hub.end_all();
        let _nobody_waits = stopping.send(true);
    });
    with_shutdown_timeout(
        timeout,
        until(signalled),
        serve_until(stopped, listener, router, app, telemetry, with_jobs),
    )
    .await
}

async fn serve_until(
    stopped: watch::Receiver<bool>,
    listener: TcpListener,
    router: Router<App>,
    app: App,
    telemetry: &Telemetry,
    with_jobs: bool,
) -> anyhow::Result<()> {
    load_fonts(&app);
    let background = tokio::spawn(background(app.clone(), telemetry.metrics.clone()));
    let jobs = with_jobs.then(|| tokio::spawn(wiring::registry().work(app.clone(), until(stopped.clone()))));
    tracing::info!(address = %listener.local_addr()?, "serving");
    server::serve(listener, router, app.clone(), until(stopped)).await;
    if let Some(jobs) = jobs {
        jobs.await?;
    }
    background.abort();
    app.db.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Runs jobs until SIGINT or SIGTERM.
pub async fn run_jobs_only(app: App, telemetry: &Telemetry) -> anyhow::Result<()> {
    load_fonts(&app);
    let interrupted = interrupted()?;
    let (signal, signalled) = watch::channel(false);
    tokio::spawn(async move {
        interrupted.await;
        let _nobody_waits = signal.send(true);
    });
    let work = async {
        let background = tokio::spawn(background(app.clone(), telemetry.metrics.clone()));
        wiring::registry().work(app.clone(), until(signalled.clone())).await;
        background.abort();
        app.db.close().await;
        Ok(())
    };
    with_shutdown_timeout(shutdown_timeout(&app), until(signalled.clone()), work).await
}

fn shutdown_timeout(app: &App) -> Duration {
    Duration::from_secs(app.settings.http.shutdown_timeout)
}

/// Waits for `work`, but from the `signal` on no longer than `timeout`: what hangs on something that is gone must not
/// keep the process from its end.
async fn with_shutdown_timeout(
    timeout: Duration,
    signal: impl Future<Output = ()>,
    work: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let over = async {
        signal.await;
        tokio::time::sleep(timeout).await;
    };
    tokio::select! {
        done = work => done,
        () = over => {
            tracing::warn!("stopped before everything had ended");
            Ok(())
        }
    }
}

/// Looks for the fonts of papers, beside the first requests, and says which scripts none has.
fn load_fonts(app: &App) {
    let directories = app.settings.market.font_dirs.clone();
    tokio::task::spawn_blocking(move || {
        documents::load_fonts(&directories);
        let missing = documents::missing_scripts();
        if !missing.is_empty() {
            tracing::warn!(
                scripts = missing.join(", "),
                "no font here has these scripts: on receipts and statements names in them are written in Latin letters \
                 (install Noto fonts, or name their directories in FONT_DIRS)"
            );
        }
    });
}

/// Resolves when the flag is up.
pub async fn until(mut stopped: watch::Receiver<bool>) {
    // The sender only goes when the process does.
    let _gone = stopped.wait_for(|stopped| *stopped).await;
}

/// What goes on beside requests and jobs; ends with the task that awaits it.
async fn background(app: App, metrics: PrometheusHandle) {
    let sweep = async {
        loop {
            tokio::time::sleep(Duration::from_secs(10)).await;
            app.limits.sweep();
            // Samples wait in memory until they are counted, also when nobody asks for /metrics.
            metrics.run_upkeep();
        }
    };
    tokio::join!(
        sweep,
        app.bus.clone().run(app.db.clone()),
        identity::listen(&app),
        cache::listen(&app),
        app.nodes.run(&app),
        realtime::run(&app)
    );
}

/// Resolves at SIGINT or SIGTERM.
pub fn interrupted() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = tokio::signal::unix::signal(SignalKind::interrupt())?;
    let mut terminate = tokio::signal::unix::signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
