//! Logs, traces and metrics of a process.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::{EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// How the process tells what it does.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Telemetry")]
pub struct TelemetrySettings {
    /// What is logged, like `info` or `info,sqlx=debug`
    #[arg(long, env = "LOG", default_value = "info")]
    pub log: String,
    /// One JSON object a line, or lines for people
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Json)]
    pub log_format: LogFormat,
    /// Where traces go (OTLP over HTTP, like http://localhost:4318/v1/traces); absent: nowhere
    #[arg(long, env = "OTLP_ENDPOINT", value_parser = crate::config::url)]
    pub otlp_endpoint: Option<String>,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For machines.
    Json,
    /// For people.
    Text,
}

/// Keeps telemetry going; dropped at the end of `main`, it sends what is left.
pub struct Telemetry {
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
    traces: Option<SdkTracerProvider>,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(traces) = &self.traces {
            let _too_late_to_tell = traces.shutdown();
        }
    }
}

/// Starts logs, traces and metrics for this process.
pub fn start(settings: &TelemetrySettings) -> anyhow::Result<Telemetry> {
    let filter = EnvFilter::try_new(&settings.log).context("--log is not a filter like `info,sqlx=debug`")?;
    let lines = match settings.log_format {
        LogFormat::Json => {
            tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).boxed()
        }
        LogFormat::Text => {
            let colours = std::io::stderr().is_terminal();
            let lines = tracing_subscriber::fmt::layer().with_target(false).with_ansi(colours);
            lines.with_writer(std::io::stderr).boxed()
        }
    };
    let traces = settings.otlp_endpoint.as_deref().map(tracer).transpose()?;
    let spans =
        traces.as_ref().map(|traces| tracing_opentelemetry::layer().with_tracer(traces.tracer("skillbuddy")));
    tracing_subscriber::registry().with(filter).with(lines).with(spans).try_init()?;
    Ok(Telemetry { metrics: recorder()?, traces })
}

fn tracer(endpoint: &str) -> anyhow::Result<SdkTracerProvider> {
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_endpoint(endpoint)
        .build()
        .context("--otlp-endpoint cannot be used")?;
    let resource = opentelemetry_sdk::Resource::builder().with_service_name("skillbuddy").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

fn recorder() -> anyhow::Result<PrometheusHandle> {
    let seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &seconds)?
        .install_recorder()
        .context("metrics were started twice")
}
