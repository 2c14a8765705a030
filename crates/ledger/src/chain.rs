//! The chain: each transaction is sealed by the SHA-256 of what it says and of the seal before it, so that whoever
//! changes, removes or slips in one later has to change every seal behind it, and cannot change the one that was
//! written down elsewhere. See `docs/adr/0010-ledger.md`.
//!
//! Sealing follows posting by some seconds, since a chain in step with it would be a queue for everybody.

use std::fmt;

use anyhow::Context as _;
use platform::{app::App, crypto::sha256, ids::TransactionId, jobs::Job};
use serde::{Deserialize, Serialize};
use sqlx::{Acquire as _, PgConnection};

use crate::store::chain as store;

/// Transactions sealed at once.
pub(crate) const BATCH: i64 = 1000;

/// The place of a transaction in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// From 1, without gaps.
    pub position: i64,
    /// What it seals.
    pub transaction_id: TransactionId,
    /// Of the seal before, the position, and what the transaction says.
    pub hash: Vec<u8>,
}

impl Seal {
    /// The seal of a transaction that comes after another one.
    pub(crate) fn after(before: Option<&Self>, transaction_id: TransactionId, transcript: &str) -> Self {
        let position = before.map_or(0, |before| before.position) + 1;
        let before = before.map_or(&[][..], |before| &before.hash);
        let content = [before, &position.to_be_bytes(), transcript.as_bytes()].concat();
        Self { position, transaction_id, hash: sha256(&content).to_vec() }
    }
}

impl fmt::Display for Seal {
    /// `17:9f86d0…`, to be noted and given to `skillbuddy ledger check --seal` later.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.position, hex::encode(&self.hash))
    }
}

/// Seals what was posted, a batch in a transaction of its own; gives how many there were.
pub async fn seal(db: &mut PgConnection) -> anyhow::Result<usize> {
    let mut tx = db.begin().await?;
    store::take_turns(&mut tx).await?;
    let ids = store::unsealed(&mut tx, BATCH).await?;
    let transcripts = store::transcripts(&mut tx, &ids).await?;
    let mut head = store::head(&mut tx).await?;
    let mut seals = Vec::with_capacity(ids.len());
    for id in ids {
        let transcript = transcripts.get(&id).context("a transaction has gone")?;
        let seal = Seal::after(head.as_ref(), id, transcript);
        head = Some(seal.clone());
        seals.push(seal);
    }
    store::append(&mut tx, &seals).await?;
    tx.commit().await?;
    Ok(seals.len())
}

/// Seals all that was posted so far.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SealPosted {}

impl Job for SealPosted {
    const KIND: &'static str = "ledger.seal";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let mut db = app.db.acquire().await?;
        while seal(&mut db).await? == usize::try_from(BATCH)? {}
        Ok(())
    }
}
