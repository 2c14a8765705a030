//! All routes of all features, and the one document that describes them.

use axum::Router;
use platform::{app::App, cache::Document, config::Environment, openapi};
use serde_json::Value;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

use crate::{health, pages};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "SkillBuddy",
        version = env!("CARGO_PKG_VERSION"),
        description = "The API of the SkillBuddy marketplace. Every path works with and without a slash at its end. \
            Errors of every path have one body, `Problem`; switch on its `code`. \
            Amounts are JSON numbers with exactly the currency's decimals; instants are RFC 3339 in UTC.",
        contact(name = "SkillBuddy", url = "https://skillbuddy.app"),
        license(name = "Proprietary", identifier = "LicenseRef-SkillBuddy"),
    ),
    servers((url = "/")),
    components(schemas(platform::error::Problem)),
    tags(
        (name = "identity", description = "Accounts, sessions, verification, social sign-in"),
        (name = "catalog", description = "Categories, providers, services and their pictures"),
        (name = "discovery", description = "Finding services and providers"),
        (name = "scheduling", description = "Working hours and free slots"),
        (name = "bookings", description = "Booking a service, and a provider's jobs"),
        (name = "payments", description = "Paying bookings, refunds, payment methods, credits"),
        (name = "payouts", description = "What providers earn, and how it comes to them"),
        (name = "chat", description = "Conversations, messages, and what is sent along"),
        (name = "realtime", description = "What happens, while it happens: the socket and the event stream"),
        (name = "notifications", description = "What people are told, on which channels, and what they wish to hear"),
        (name = "admin", description = "What staff do with what belongs to others, and the record of it"),
        (name = "webhooks", description = "Telling partners what happens: endpoints, deliveries"),
        (name = "media", description = "Pictures"),
        (name = "operations", description = "Health, metrics, version"),
    )
)]
struct Base;

/// The routes of all features, with their document.
pub fn features() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Base::openapi())
        .merge(identity::router())
        .merge(catalog::router())
        .merge(discovery::router())
        .merge(scheduling::router())
        .merge(bookings::router())
        .merge(chat::router())
        .merge(payments::router())
        .merge(payouts::router())
        .merge(notifications::router())
        .merge(webhooks::router())
        .merge(realtime::router())
        .merge(adapters::files_router())
        .merge(health::router())
}

/// The OpenAPI document of everything that is routed.
pub fn document() -> anyhow::Result<Value> {
    let (_router, document) = features().split_for_parts();
    Ok(openapi::complete(serde_json::to_value(document)?))
}

/// The routes: features, files, pages, documentation.
pub fn router(environment: Environment) -> anyhow::Result<Router<App>> {
    let (router, document) = features().split_for_parts();
    let openapi = openapi::complete(serde_json::to_value(document)?);
    let written = |document: &Value| {
        Document::of(document).map_err(|_cause| anyhow::anyhow!("a document of the API cannot be written"))
    };
    let (openapi, asyncapi) = (written(&openapi)?, written(&realtime::asyncapi(&openapi))?);
    let router =
        router.merge(pages::router(openapi, asyncapi)).merge(adapters::sandbox_router().split_for_parts().0);
    Ok(match environment {
        Environment::Development => router
            .merge(adapters::dev_outbox_router().split_for_parts().0)
            .merge(notifications::dev_templates_router().split_for_parts().0)
            .merge(pages::dev_router()),
        Environment::Production => router,
    })
}
