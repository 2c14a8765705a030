//! What goes on beside the connections of a node.

use std::time::Duration;

use chat::Arrival;
use platform::{app::App, bus::Signal, ids::ConversationId};
use tokio::sync::broadcast::error::RecvError;

/// How often it is written down what reached its readers.
const RECEIPTS: Duration = Duration::from_millis(500);

/// Ends the connections of sessions that end, and writes down what was delivered, for as long as the process lives.
pub async fn run(app: &App) {
    tokio::join!(hear(app), write_receipts(app));
}

async fn hear(app: &App) {
    let mut signals = app.bus.subscribe();
    loop {
        match signals.recv().await {
            Ok(signal) => obey(app, &signal),
            Err(RecvError::Lagged(_)) => obey(app, &Signal::Resync),
            Err(RecvError::Closed) => return,
        }
    }
}

fn obey(app: &App, signal: &Signal) {
    match signal {
        Signal::SessionEnded { session } => app.hub.end_session(*session),
        Signal::AccountChanged { user } => app.hub.recheck(Some(*user)),
        Signal::Resync => app.hub.recheck(None),
        Signal::KeysChanged | Signal::KeptChanged => {}
    }
}

async fn write_receipts(app: &App) {
    loop {
        tokio::time::sleep(RECEIPTS).await;
        let received = app.hub.take_received();
        if received.is_empty() {
            continue;
        }
        let arrival = |((user, conversation), up_to_seq)| Arrival {
            user,
            conversation: ConversationId::from(conversation),
            up_to_seq,
        };
        let arrivals: Vec<Arrival> = received.into_iter().map(arrival).collect();
        if let Err(error) = chat::delivered(app, &arrivals).await {
            // The next message of each conversation says it of all before it.
            tracing::warn!(code = error.code(), "it is not written down what was delivered");
        }
    }
}
