//! Tickets: for clients that cannot send a header with the socket, as browsers. One lets in once, within 30 seconds, so
//! it does no harm in a log of addresses.

use axum::{Json, http::StatusCode};
use jiff::SignedDuration;
use platform::{
    app::App,
    auth::Caller,
    crypto,
    error::{ApiError, ApiResult, Kind},
    jobs::Job,
    time::Instant,
};
use serde::{Deserialize, Serialize};

use crate::store::{self, Bearer};

const LIFE: SignedDuration = SignedDuration::from_secs(30);
/// A ticket is 43 characters long.
const LONGEST: usize = 64;

/// A ticket for the socket.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(example = json!({"ticket": "q6nV5c0uO9mBzC1kQ2Jv8w7xYt3sRr4pLh6gFdEaKiU", "expires_at": "2026-03-02T09:00:30Z"}))]
pub struct Ticket {
    /// For `/ws/?ticket=`; good for one connection.
    ticket: String,
    /// When it is too late to use it.
    expires_at: Instant,
}

/// A ticket for the socket, for clients that cannot send a header with it.
#[utoipa::path(post, path = "/ws/ticket/", tag = "realtime", operation_id = "get_ticket",
    responses((status = CREATED, description = "It is good for one connection within 30 seconds.", body = Ticket)),
    security(("bearer" = [])))]
pub async fn issue(app: App, caller: Caller) -> ApiResult<(StatusCode, Json<Ticket>)> {
    let ticket = crypto::random_token()?;
    let expires_at = app.clock.now().plus(LIFE);
    let bearer =
        Bearer { user_id: caller.id, session_id: caller.session, token_expires_at: caller.expires_at };
    store::insert(&app.db, &hash(&app, &ticket), &bearer, expires_at).await?;
    Ok((StatusCode::CREATED, Json(Ticket { ticket, expires_at })))
}

/// Who comes with a ticket; afterwards it is used up.
pub async fn redeem(app: &App, ticket: &str) -> ApiResult<Caller> {
    let invalid = || ApiError::new(Kind::Unauthenticated, "ticket_invalid");
    if ticket.len() > LONGEST {
        return Err(invalid());
    }
    let found = store::redeem(&app.db, &hash(app, ticket), app.clock.now()).await?;
    let Bearer { user_id, session_id, token_expires_at } = found.ok_or_else(invalid)?;
    app.authenticator.resume(app, user_id, session_id, token_expires_at).await
}

fn hash(app: &App, ticket: &str) -> Vec<u8> {
    app.secrets.hash_token("socket", ticket)
}

/// Forgets tickets that nobody used.
#[derive(Serialize, Deserialize)]
pub struct ForgetTickets {}

impl Job for ForgetTickets {
    const KIND: &'static str = "realtime.forget_tickets";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        Ok(store::delete_old(&app.db, app.clock.now()).await?)
    }
}
