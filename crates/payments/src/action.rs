//! What a payer needs to approve a payment, kept sealed: whoever holds it can pay.

use platform::{app::App, ports::gateway::Action};

/// For the database.
pub(crate) fn seal(app: &App, action: &Action) -> anyhow::Result<Vec<u8>> {
    app.secrets.seal(&serde_json::to_vec(&(&action.client_secret, &action.url))?)
}

/// From the database.
pub(crate) fn open(app: &App, sealed: Option<&[u8]>) -> anyhow::Result<Action> {
    let Some(sealed) = sealed else { return Ok(Action::default()) };
    let (client_secret, url) = serde_json::from_slice(&app.secrets.open(sealed)?)?;
    Ok(Action { client_secret, url })
}
