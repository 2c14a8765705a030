//! HTTP for payments.

mod activity;
mod books;
mod charge;
mod credits;
mod installments;
mod methods;
mod process;
mod promos;
mod read;
mod receipt;
mod refund;
mod staff;
mod tips;
mod view;
mod webhooks;

use axum::routing::post;
use platform::app::App;
use utoipa_axum::{router::OpenApiRouter, routes};

#[cfg(test)]
pub(crate) use process::new_payment;

/// The paths of this feature.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(process::process_payment))
        .routes(routes!(read::list_payments))
        .routes(routes!(activity::list_activity))
        .routes(routes!(read::get_payment))
        .routes(routes!(refund::refund_payment))
        .routes(routes!(tips::give_tip))
        .routes(routes!(promos::quote))
        .routes(routes!(promos::list_mine, promos::make_mine))
        .routes(routes!(promos::end_mine))
        .routes(routes!(promos::list_ours, promos::make_ours))
        .routes(routes!(promos::end_ours))
        .routes(routes!(promos::get_referral))
        .routes(routes!(staff::goodwill::list_grants, staff::goodwill::propose_grant))
        .routes(routes!(staff::goodwill::decide_grant))
        .routes(routes!(staff::refunds::bring_refund))
        .routes(routes!(staff::refund_requests::list_refund_requests))
        .routes(routes!(staff::refund_requests::approve_refund))
        .routes(routes!(staff::refund_requests::reject_refund))
        .routes(routes!(staff::reviews::list_reviews))
        .routes(routes!(staff::reviews::decide_review))
        .routes(routes!(staff::tasks::list_tasks))
        .routes(routes!(staff::evidence::get_evidence, staff::evidence::submit_evidence))
        .routes(routes!(installments::pay_in_installments))
        .routes(routes!(installments::pay_installment))
        .routes(routes!(methods::list_methods, methods::keep_method))
        .routes(routes!(methods::forget_method))
        .routes(routes!(methods::set_default))
        .routes(routes!(methods::begin_setup))
        .routes(routes!(credits::list_packages))
        .routes(routes!(credits::get_credits))
        .routes(routes!(credits::buy_credits))
        .routes(routes!(credits::refund_credits))
        .routes(routes!(receipt::get_receipt))
        .routes(routes!(receipt::get_credit_note))
        .routes(routes!(books::check_ledger))
        .routes(routes!(webhooks::hear_stripe))
        .routes(routes!(webhooks::hear_paypal))
        .route("/webhooks/sandbox/", post(webhooks::hear_sandbox))
}
