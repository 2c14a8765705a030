//! Random postings and holds against a model in memory: after each, both have the same, and the books are right.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use platform::{
    ids::{BookingId, HoldId, TransactionId},
    money::{Currency, Money},
    time::Instant,
};
use proptest::prelude::*;

use super::Books;
use crate::{
    Account, Hold, LedgerError, Posting, Side, balance, hold,
    hold::{Action, State},
    post, post_hold,
};

#[derive(Clone, Debug)]
enum Step {
    /// Transfers between accounts by their numbers, under a name that may come again.
    Post {
        name: u8,
        transfers: Vec<(usize, usize, i64, bool)>,
    },
    Hold {
        name: u8,
        from: usize,
        to: usize,
        amount: i64,
        minutes: i64,
    },
    PostHold {
        which: usize,
        amount: i64,
    },
    EndHold {
        which: usize,
        expires: bool,
    },
    Wait {
        minutes: i64,
    },
    Seal,
}

fn step() -> impl Strategy<Value = Step> {
    let transfer = (0..7_usize, 0..7_usize, 0..40_i64, any::<bool>());
    prop_oneof![
        6 => (any::<u8>(), prop::collection::vec(transfer, 1..4))
            .prop_map(|(name, transfers)| Step::Post { name, transfers }),
        3 => (any::<u8>(), 0..4_usize, 0..7_usize, 0..30_i64, 0..30_i64)
            .prop_map(|(name, from, to, amount, minutes)| Step::Hold { name, from, to, amount, minutes }),
        2 => (0..8_usize, 0..30_i64).prop_map(|(which, amount)| Step::PostHold { which, amount }),
        1 => (0..8_usize, any::<bool>()).prop_map(|(which, expires)| Step::EndHold { which, expires }),
        1 => (1..20_i64).prop_map(|minutes| Step::Wait { minutes }),
        1 => Just(Step::Seal),
    ]
}

type Key = (usize, bool);
type Transfers = Vec<(usize, usize, i64, bool)>;

/// The same in memory: balances in the natural sign, what is held of them, and what was done under which name.
#[derive(Clone, Default)]
struct Model {
    balances: BTreeMap<Key, (i64, i64)>,
    posted: BTreeMap<u8, (Transfers, TransactionId)>,
    names: BTreeMap<u8, usize>,
    holds: Vec<Held>,
}

#[derive(Clone)]
struct Held {
    id: HoldId,
    way: (usize, usize),
    amount: i64,
    expires_at: Instant,
    end: Option<State>,
    moved: i64,
}

impl Held {
    fn state(&self, now: Instant) -> State {
        self.end.unwrap_or(if self.expires_at <= now { State::Overdue } else { State::Pending })
    }
}

struct Run {
    books: Books,
    accounts: [Account; 7],
    now: Instant,
    model: Model,
}

impl Run {
    async fn start() -> Self {
        let books = Books::open().await;
        let other = Account::Escrow(BookingId::at(books.now));
        let Account::ProviderPending(provider) = books.bob else { unreachable!() };
        let owed = Account::ProviderOwed(provider);
        let accounts = [books.ann, books.bob, books.escrow, other, owed, super::GATEWAY, Account::Commission];
        Self { now: books.now, books, accounts, model: Model::default() }
    }

    fn money(amount: i64, yen: bool) -> Money {
        Money::new(amount, if yen { Currency::parse("JPY").unwrap() } else { Currency::EUR })
    }

    /// The balances after these transfers, or `None` where an account would fall below what it must have.
    fn moved(&self, transfers: &Transfers) -> Option<BTreeMap<Key, (i64, i64)>> {
        let mut balances = self.model.balances.clone();
        for (from, to, amount, yen) in transfers {
            for (account, credit) in [(*from, -amount), (*to, *amount)] {
                let is_credit = self.accounts[account].purpose().terms().normal_side == Side::Credit;
                balances.entry((account, *yen)).or_default().0 += if is_credit { credit } else { -credit };
            }
        }
        let stands = |((account, _), (balance, held)): (&Key, &(i64, i64))| {
            balance >= held || self.accounts[*account].purpose().terms().may_be_negative
        };
        balances.iter().all(stands).then_some(balances)
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Post { name, transfers } => self.post(*name, transfers).await,
            Step::Hold { name, from, to, amount, minutes } => {
                self.hold(*name, (*from, *to), *amount, *minutes).await;
            }
            Step::PostHold { which, amount } => self.post_hold(*which, *amount).await,
            Step::EndHold { which, expires } => {
                self.end_hold(*which, if *expires { Action::Expire } else { Action::Void }).await;
            }
            Step::Wait { minutes } => self.now = self.now.plus(SignedDuration::from_mins(*minutes)),
            Step::Seal => drop(self.books.seal().await),
        }
    }

    async fn post(&mut self, name: u8, transfers: &Transfers) {
        let mut posting = Posting::new(format!("post {name}"), "random", self.now);
        for (from, to, amount, yen) in transfers {
            posting = posting.transfer(self.accounts[*from], self.accounts[*to], Self::money(*amount, *yen));
        }
        let mut db = self.books.db().await;
        let result = post(&mut db, &posting).await;
        let net = |transfers: &Transfers| {
            let mut net = BTreeMap::<Key, i64>::new();
            for (from, to, amount, yen) in transfers {
                *net.entry((*from, *yen)).or_default() -= amount;
                *net.entry((*to, *yen)).or_default() += amount;
            }
            net.retain(|_, amount| *amount != 0);
            net
        };
        if net(transfers).is_empty() {
            assert!(matches!(result, Err(LedgerError::NothingMoves)));
        } else if let Some((before, id)) = self.model.posted.get(&name) {
            match result {
                Ok(again) => assert!(again == *id && net(before) == net(transfers)),
                Err(LedgerError::OperationReused(_)) => assert_ne!(net(before), net(transfers)),
                Err(other) => panic!("{other}"),
            }
        } else if let Some(balances) = self.moved(transfers) {
            self.model.balances = balances;
            self.model.posted.insert(name, (transfers.clone(), result.unwrap()));
        } else {
            assert!(matches!(result, Err(LedgerError::InsufficientFunds)), "{result:?}");
        }
    }

    async fn hold(&mut self, name: u8, way: (usize, usize), amount: i64, minutes: i64) {
        let expires_at = self.now.plus(SignedDuration::from_mins(minutes));
        let (from, to) = (self.accounts[way.0], self.accounts[way.1]);
        let new =
            Hold::new(format!("hold {name}"), "random", (from, to), Self::money(amount, false), self.now);
        // A refusal takes the whole transaction back, its job included.
        let mut tx = self.books.pool.begin().await.unwrap();
        let result = hold(&mut tx, &new.until(expires_at)).await;
        if result.is_ok() {
            tx.commit().await.unwrap();
        }
        let on_account = self.model.balances.get(&(way.0, false)).copied().unwrap_or_default();
        if amount == 0 {
            assert!(matches!(result, Err(LedgerError::NothingMoves)));
        } else if let Some(before) = self.model.names.get(&name).map(|n| &self.model.holds[*n]) {
            match result {
                Ok(again) => assert!(again == before.id && (before.way, before.amount) == (way, amount)),
                Err(LedgerError::OperationReused(_)) => {
                    assert_ne!((before.way, before.amount), (way, amount));
                }
                Err(other) => panic!("{other}"),
            }
        } else if on_account.0 - on_account.1 >= amount {
            let held = Held { id: result.unwrap(), way, amount, expires_at, end: None, moved: 0 };
            self.model.names.insert(name, self.model.holds.len());
            self.model.holds.push(held);
            self.model.balances.entry((way.0, false)).or_default().1 += amount;
        } else {
            assert!(matches!(result, Err(LedgerError::InsufficientFunds)), "{result:?}");
        }
    }

    async fn post_hold(&mut self, which: usize, amount: i64) {
        let Some(held) = self.model.holds.get(which).cloned() else { return };
        let mut tx = self.books.pool.begin().await.unwrap();
        let result = post_hold(&mut tx, held.id, Self::money(amount, false), self.now).await;
        if result.is_ok() {
            tx.commit().await.unwrap();
        }
        match held.state(self.now) {
            State::Posted => assert_eq!(result.is_ok(), amount == held.moved, "{result:?}"),
            State::Pending if amount > held.amount => {
                assert!(matches!(result, Err(LedgerError::HoldExceeded)));
            }
            // To nobody, or nothing.
            State::Pending if amount == 0 || held.way.0 == held.way.1 => {
                assert!(matches!(result, Err(LedgerError::NothingMoves)));
            }
            State::Pending => {
                let before = self.model.balances.clone();
                self.model.balances.entry((held.way.0, false)).or_default().1 -= held.amount;
                // More than is owed cannot be paid back, not even by what was held.
                let Some(balances) = self.moved(&vec![(held.way.0, held.way.1, amount, false)]) else {
                    self.model.balances = before;
                    assert!(matches!(result, Err(LedgerError::InsufficientFunds)), "{result:?}");
                    return;
                };
                result.unwrap();
                self.model.balances = balances;
                let held = &mut self.model.holds[which];
                (held.end, held.moved) = (Some(State::Posted), amount);
            }
            _ => assert!(matches!(result, Err(LedgerError::HoldOver { .. })), "{result:?}"),
        }
    }

    async fn end_hold(&mut self, which: usize, action: Action) {
        let Some(held) = self.model.holds.get(which).cloned() else { return };
        let result = crate::hold::end(&mut *self.books.db().await, held.id, action, self.now).await;
        let state = held.state(self.now);
        assert_eq!(result.is_ok(), state.after(action).is_ok(), "{state:?} {action:?} {result:?}");
        if held.end.is_none() && result.is_ok() {
            let end = if action == Action::Void { State::Voided } else { State::Expired };
            self.model.holds[which].end = Some(end);
            self.model.balances.entry((held.way.0, false)).or_default().1 -= held.amount;
        }
    }

    async fn agrees(&self) {
        let mut db = self.books.db().await;
        for (account, yen) in (0..self.accounts.len()).flat_map(|account| [(account, false), (account, true)])
        {
            let expected = self.model.balances.get(&(account, yen)).copied().unwrap_or_default();
            let has = balance(&mut db, self.accounts[account], Self::money(0, yen).currency).await.unwrap();
            assert_eq!((has.posted.minor, has.held.minor), expected, "{:?}", self.accounts[account]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 200, ..ProptestConfig::default() })]
    #[test]
    fn the_books_and_the_model_have_the_same(steps in prop::collection::vec(step(), 1..70)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut run = Run::start().await;
            for (n, step) in steps.iter().enumerate() {
                run.step(step).await;
                run.agrees().await;
                if n % 10 == 0 {
                    let report = run.books.check().await;
                    assert!(report.is_clean(), "{report}");
                }
            }
            run.books.are_right().await;
        });
    }
}
