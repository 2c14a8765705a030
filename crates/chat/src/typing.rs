//! Who is writing right now: passed on, and nowhere kept.

use std::{sync::LazyLock, time::Duration};

use moka::sync::Cache;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    ids::{ConversationId, UserId},
};
use serde_json::json;

use crate::store;

/// How often one is told that the other writes.
const PAUSE: Duration = Duration::from_secs(3);
/// How long it is remembered who may hear it; after a block it may still be heard for so long.
const MEMORY: Duration = Duration::from_secs(10);
/// Conversations in which somebody writes.
const MOST: u64 = 50_000;

type Key = (ConversationId, UserId);

static OTHERS: LazyLock<Cache<Key, Option<UserId>>> =
    LazyLock::new(|| Cache::builder().max_capacity(MOST).time_to_live(MEMORY).build());
static TOLD: LazyLock<Cache<Key, bool>> =
    LazyLock::new(|| Cache::builder().max_capacity(MOST).time_to_live(PAUSE).build());

/// The caller has begun to write, or has stopped: the other one is told, unless they have just been told the same, or
/// one has blocked the other.
pub async fn typing(
    app: &App,
    caller: &Caller,
    conversation: ConversationId,
    is_typing: bool,
) -> ApiResult<()> {
    let key = (conversation, caller.id);
    if TOLD.get(&key) == Some(is_typing) {
        return Ok(());
    }
    let other = if let Some(other) = OTHERS.get(&key) {
        other
    } else {
        let found = store::conversations::other(&app.db, conversation, caller.id).await?;
        let (other, may_hear) = found.ok_or_else(ApiError::not_found)?;
        let other = may_hear.then_some(other);
        OTHERS.insert(key, other);
        other
    };
    TOLD.insert(key, is_typing);
    let Some(other) = other else { return Ok(()) };
    let data = json!({"conversation_id": conversation, "user_id": caller.id, "is_typing": is_typing});
    app.nodes.pass(app, vec![other], &json!({"type": "typing", "data": data}).to_string());
    Ok(())
}

/// Something about the two has changed.
pub(crate) fn forget(conversation: ConversationId, people: [UserId; 2]) {
    for user in people {
        OTHERS.invalidate(&(conversation, user));
    }
}
