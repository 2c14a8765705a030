//! Proof that the books are right: every invariant, with the rows that break it.

use std::fmt;

use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::{
    account::{Account, Purpose, account_id},
    chain::{BATCH, Seal},
    store::{chain, checks},
};

/// Something that is always true of the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invariant {
    /// What is true.
    pub name: &'static str,
    /// Where it is not; empty when all is well. At most some hundred rows.
    pub broken: Vec<String>,
}

/// What a check found.
#[derive(Clone, Debug)]
pub struct Report {
    /// Every invariant that was looked at.
    pub invariants: Vec<Invariant>,
    /// The end of the chain. Written down outside the database, it proves later that nothing before it was changed.
    pub head: Option<Seal>,
}

impl Report {
    /// Whether every invariant holds.
    pub fn is_clean(&self) -> bool {
        self.invariants.iter().all(|invariant| invariant.broken.is_empty())
    }
}

impl fmt::Display for Report {
    /// A line for each invariant, and what breaks it below.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Invariant { name, broken } in &self.invariants {
            writeln!(f, "{:<6} {name}", if broken.is_empty() { "ok" } else { "BROKEN" })?;
            broken.iter().try_for_each(|row| writeln!(f, "         {row}"))?;
        }
        match &self.head {
            Some(head) => writeln!(f, "sealed up to {head}"),
            None => writeln!(f, "nothing is sealed yet"),
        }
    }
}

/// Checks the books as they are at one moment. With `noted`, a seal that was written down earlier as it is printed,
/// also that the chain still has it.
pub async fn check(db: &PgPool, noted: Option<&str>) -> sqlx::Result<Report> {
    let mut tx = db.begin().await?;
    let db = &mut *tx;
    checks::look_at_one_moment(db).await?;
    let mut invariants = vec![
        ("every transaction balances in each currency", checks::transactions_out_of_balance(db).await?),
        ("debits equal credits in each currency", checks::currencies_out_of_balance(db).await?),
        ("entries, transactions and accounts belong together", checks::loose_ends(db).await?),
        ("no account is below zero that must not be", checks::overdrawn(db).await?),
        ("balances are the sums of their entries", checks::balances_off(db).await?),
        ("histories follow line by line", checks::histories_off(db).await?),
        ("what is held is the sum of the open holds", checks::holds_off(db).await?),
        ("accounts are what the chart of accounts says", strange_accounts(db).await?),
        ("every transaction is in the chain", checks::outside_the_chain(db).await?),
        ("the chain is whole", broken_links(db).await?),
    ];
    if let Some(noted) = noted {
        invariants.push(("the chain has the seal that was noted", missing_seal(db, noted).await?));
    }
    let head = chain::head(db).await?;
    let invariants = invariants.into_iter().map(|(name, broken)| Invariant { name, broken }).collect();
    Ok(Report { invariants, head })
}

/// Accounts whose id, purpose or terms are not those that the program would give them.
async fn strange_accounts(db: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    let mut strange = Vec::new();
    let mut last = Uuid::nil();
    loop {
        let rows = checks::accounts_after(db, last, BATCH).await?;
        let Some(end) = rows.last() else { return Ok(strange) };
        last = end.id;
        strange.extend(
            rows.iter().filter(|row| !is_ours(row)).map(|row| {
                format!("{}: {} {:?} {} {}", row.id, row.purpose, row.owner, row.part, row.currency)
            }),
        );
    }
}

fn is_ours(row: &checks::AccountRow) -> bool {
    let Ok(purpose) = row.purpose.parse::<Purpose>() else { return false };
    let terms = purpose.terms();
    Account::of(purpose, row.owner, &row.part).is_some()
        && row.id == account_id(&row.purpose, row.owner, &row.part, row.currency)
        && row.normal_side == <&str>::from(terms.normal_side)
        && (row.may_be_negative, row.is_shared) == (terms.may_be_negative, terms.is_shared)
}

/// Seals that do not follow from the one before and from what their transaction says today. Only the first is told:
/// all behind it would follow from the wrong one.
async fn broken_links(db: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    let mut before: Option<Seal> = None;
    loop {
        let position = before.as_ref().map_or(0, |seal| seal.position);
        let seals = chain::seals_after(db, position, BATCH).await?;
        if seals.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<_> = seals.iter().map(|seal| seal.transaction_id).collect();
        let transcripts = chain::transcripts(db, &ids).await?;
        for seal in seals {
            let transcript = transcripts.get(&seal.transaction_id).map(String::as_str).unwrap_or_default();
            if Seal::after(before.as_ref(), seal.transaction_id, transcript) != seal {
                return Ok(vec![format!("position {}, transaction {}", seal.position, seal.transaction_id)]);
            }
            before = Some(seal);
        }
    }
}

async fn missing_seal(db: &mut PgConnection, noted: &str) -> sqlx::Result<Vec<String>> {
    let position =
        noted.split_once(':').and_then(|(position, _)| position.parse::<i64>().ok()).unwrap_or(i64::MAX);
    let found = chain::seals_after(db, position.saturating_sub(1), 1).await?;
    if found.first().is_some_and(|seal| seal.to_string() == noted) {
        Ok(Vec::new())
    } else {
        Ok(vec![noted.to_owned()])
    }
}
