//! What gateways tell us by themselves: kept, and then asked about. Nothing is believed from a message.

use anyhow::Context as _;
use platform::{
    app::App,
    ids::OperationId,
    jobs::Job,
    ports::gateway::{Event, GatewayName, Subject},
};
use serde::{Deserialize, Serialize};

use crate::{
    dispute,
    jobs::{failed, pursue},
    store,
};

/// Asks about what a message says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct HearGateway {
    pub(crate) gateway: String,
    pub(crate) id: String,
}

impl Job for HearGateway {
    const KIND: &'static str = "payments.hear_gateway";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let gateway: GatewayName = self.gateway.parse().context("an unknown gateway")?;
        let found = store::events::find(&mut *app.db.acquire().await?, gateway, &self.id).await?;
        let Some(message) = found else { return Ok(()) };
        match message.subject {
            Subject::Charge | Subject::Refund => {
                if let Some(operation) = operation_of(app, gateway, &message).await? {
                    pursue(app, operation).await?;
                }
            }
            Subject::Dispute => {
                dispute::hear(app, gateway, &message.reference).await.map_err(|error| failed(&error))?;
            }
            Subject::PayOut | Subject::Account => {
                payouts::hear(&mut *app.db.acquire().await?, gateway, &message, app.clock.now()).await?;
            }
            Subject::SetUp | Subject::Other => {}
        }
        let mut db = app.db.acquire().await?;
        Ok(store::events::heard(&mut db, gateway, &self.id, app.clock.now()).await?)
    }
}

/// By our id where the gateway kept it, else by the gateway's name.
async fn operation_of(app: &App, gateway: GatewayName, message: &Event) -> sqlx::Result<Option<OperationId>> {
    let mut db = app.db.acquire().await?;
    if let Some(id) = message.operation
        && store::operations::find(&mut db, id).await?.is_some()
    {
        return Ok(Some(id));
    }
    let found = store::operations::by_reference(&mut db, gateway, &message.reference).await?;
    Ok(found.map(|(id, _)| id))
}
