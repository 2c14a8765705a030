//! HTTP for payouts.

mod account;
mod commission;
mod earnings;
mod paper;
mod statement;
mod taxes;
mod withdrawals;

use platform::app::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The paths of this feature.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(earnings::get_earnings))
        .routes(routes!(statement::get_statement))
        .routes(routes!(account::get_payout_account, account::set_payout_account))
        .routes(routes!(commission::list_rules, commission::make_rule))
        .routes(routes!(commission::preview))
        .routes(routes!(commission::end_rule))
        .routes(routes!(taxes::get_tax_profile, taxes::set_tax_profile))
        .routes(routes!(withdrawals::list_withdrawals, withdrawals::create_withdrawal))
}
