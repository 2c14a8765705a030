//! Taking an account back: whoever proves that they read its mailbox gets it with nobody else left inside.

use platform::app::App;
use platform::error::ApiResult;
use sqlx::PgConnection;

use crate::{
    model::User,
    session::{self, Ended, Which},
    store, throttle,
};

/// Gives a locked account to the reader of its mailbox, with this password or without one: all sessions end,
/// codes, links and a waiting address die, devices are forgotten, and what was attached before the address was
/// proved goes.
pub async fn recover(
    db: &mut PgConnection,
    app: &App,
    user: &mut User,
    password_hash: Option<String>,
    reason: &str,
) -> ApiResult<Ended> {
    let now = app.clock.now();
    let proved_at = user.recover(password_hash, now);
    store::users::save_recovery(db, user, now).await?;
    store::social::delete_attached_before(db, user.id, proved_at).await?;
    store::codes::void_all(db, user.id, now).await?;
    // A stranger who tried passwords shall not keep the owner waiting.
    throttle::forget_account(db, app, &user.email).await?;
    let ended = session::end(db, app, user.id, Which::All, reason).await?;
    store::sessions::distrust(db, user.id, None).await?;
    Ok(ended)
}
