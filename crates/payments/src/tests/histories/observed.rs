//! What became of a booking's money, as the API, the gateway's own book and the ledger say, beside what should have.

use platform::testing::Answer;
use serde_json::Value;

use super::{
    super::World,
    entitlement::{Agreement, Charge, Ending, Entitlement, Payment, Policy, Side, Story, entitlement},
    steps::{History, Known},
};

/// What the platform takes of each job.
const COMMISSION_BPS: i64 = 1500;

/// What was set when the history began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub policy: Policy,
    pub is_fee_refundable: bool,
}

/// A charge at the gateway.
#[derive(Debug)]
struct Taken {
    payment: String,
    amount: i64,
    captured: i64,
    refunded: i64,
    is_lost: bool,
    /// Reserved and let go, or taken.
    is_secured: bool,
}

/// Where a booking's money is.
#[derive(Debug, Default, PartialEq, Eq)]
struct Ends {
    by_card: i64,
    by_credits: i64,
    provider: i64,
    ours: i64,
}

/// Cents, from the digits: amounts have at most two decimals.
fn minor(amount: &Value) -> i64 {
    let text = amount.to_string();
    let (whole, cents) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}{cents:0<2}").parse().unwrap()
}

fn side(by: &Value) -> Option<Side> {
    match by.as_str() {
        Some("customer") => Some(Side::Customer),
        Some("provider") => Some(Side::Provider),
        _ => None,
    }
}

fn story(booking: &Answer, known: &Known) -> Story {
    let mut story = Story { decision: known.decision, ..Story::default() };
    for line in booking["history"].as_array().unwrap() {
        story.is_confirmed |= line["to"] == "confirmed";
        story.is_performed |= line["to"] == "completed";
        match line["event"].as_str().unwrap() {
            "no_show" => story.no_show_by = side(&line["by"]),
            "cancelled" => {
                story.cancelled_at = Some((side(&line["by"]), line["at"].as_str().unwrap().parse().unwrap()));
            }
            _ => {}
        }
    }
    story
}

/// What a booking is called that ended so.
fn is_named(ending: Ending, sub_status: &str) -> bool {
    match ending {
        Ending::CalledOff => {
            !["confirmed", "in_progress", "disputed", "no_show_customer"].contains(&sub_status)
        }
        Ending::CancelledByCustomer(_) => sub_status == "cancelled_by_customer",
        Ending::CustomerAbsent => sub_status == "no_show_customer",
        Ending::Performed => sub_status == "completed",
        Ending::Split(_) => ["completed", "cancelled_by_operator"].contains(&sub_status),
    }
}

/// Cards that pay when their holder is not there.
fn pays_alone(card: &str) -> bool {
    !["declined", "3ds", "declines_late", "timeout"].contains(&card)
}

impl History {
    /// Everybody has what the contract says.
    pub(super) async fn judge(&self, w: &World, terms: Terms) {
        let payments = w.ann.get("/payments/history/?page_size=100").await.expect(200);
        let payments = payments["results"].as_array().unwrap();
        assert!(payments.len() < 100, "all of them are seen");
        let charges = w.charges_of_payments().await;
        for known in &self.bookings {
            let booking = w.booking(&known.id).await;
            let mine: Vec<_> = payments.iter().filter(|payment| payment["booking_id"] == *known.id).collect();
            let story = story(&booking, known);
            let ending = story.ending();
            assert!(is_named(ending, &booking.str("sub_status")), "{ending:?}: {}", booking.body);
            if mine.iter().any(|payment| self.is_open_question(payment, &charges, ending)) {
                continue;
            }
            let mut expected = Vec::new();
            let (mut slack, mut last) = (0, true);
            // The newest first: what was tried before it ends with nothing.
            for payment in mine {
                let taken: Vec<_> = charges.iter().filter(|charge| payment["id"] == charge.payment).collect();
                let paid = self.paid(payment, &taken, ending);
                let is_tip = payment["is_tip"] == true;
                let ending = match (is_tip, last) {
                    (true, _) => Ending::Performed,
                    (false, true) => ending,
                    (false, false) => Ending::CalledOff,
                };
                if !is_tip && paid.amount() > 0 {
                    last = false;
                }
                slack +=
                    2 + self.refunds.get(payment["id"].as_str().unwrap()).map_or(0, Vec::len) + taken.len();
                let agreement = self.agreement(payment, terms);
                expected.push(entitlement(&agreement, known.starts_at, &known.moves, ending, &paid));
            }
            self.compare(w, &booking, &expected, i64::try_from(slack).unwrap(), ending, &charges).await;
        }
    }

    /// Where the contract does not say what each must have: how credits and a fee share the loss of a card's part; how
    /// much of a refund by hand counts against the share that a customer at fault owes; and whether a part that came due
    /// while an absence could be contested is dropped.
    fn is_open_question(&self, payment: &Value, charges: &[Taken], ending: Ending) -> bool {
        let is_lost = charges.iter().any(|charge| charge.is_lost && payment["id"] == charge.payment);
        let is_mixed_and_lost = minor(&payment["credits_amount"]) > 0 && is_lost;
        let is_refunded = payment["id"].as_str().is_some_and(|id| self.refunds.contains_key(id));
        let is_in_parts = payment["payment_type"] == "installment";
        payment["is_tip"] == false
            && match ending {
                Ending::CalledOff => false,
                Ending::Performed => is_mixed_and_lost && minor(&payment["service_fee"]) > 0,
                Ending::CustomerAbsent => is_mixed_and_lost || is_refunded || is_in_parts,
                Ending::CancelledByCustomer(_) | Ending::Split(_) => is_mixed_and_lost || is_refunded,
            }
    }

    fn agreement(&self, payment: &Value, terms: Terms) -> Agreement {
        let (total, fee) = (minor(&payment["amount"]), minor(&payment["service_fee"]));
        let discount = minor(&payment["discount"]);
        Agreement {
            policy: terms.policy,
            price: total - fee + discount,
            discount,
            is_discount_ours: self.subsidised.iter().any(|id| payment["id"] == *id),
            fee,
            is_fee_refundable: terms.is_fee_refundable,
            commission_bps: if payment["is_tip"] == true { 0 } else { COMMISSION_BPS },
        }
    }

    fn paid(&self, payment: &Value, taken: &[&Taken], ending: Ending) -> Payment {
        let id = payment["id"].as_str().unwrap();
        let kind = payment["payment_type"].as_str().unwrap();
        let of_charge = |charge: &&Taken| Charge {
            // What was reserved counts in full, whatever was captured of it in the end.
            amount: if kind == "immediate" { charge.amount } else { charge.captured },
            refunded: charge.refunded,
            is_lost: charge.is_lost,
        };
        let secured = taken.iter().filter(|charge| charge.is_secured).copied();
        let charges: Vec<_> = secured.map(|charge| of_charge(&charge)).collect();
        let is_paid =
            !["failed", "pending", "requires_action"].contains(&payment["status"].as_str().unwrap());
        let credits = match kind {
            "credits" if is_paid => minor(&payment["amount"]),
            _ if !charges.is_empty() => minor(&payment["credits_amount"]),
            _ => 0,
        };
        let captured: i64 = charges.iter().map(|charge| charge.amount).sum();
        // What a bank took back makes the booking unpaid: nothing more is charged unless somebody pays anew.
        let pays_on = charges.iter().all(|charge| !charge.is_lost)
            && self.cards.get(id).is_some_and(|card| pays_alone(card))
            && match kind {
                "later" => true,
                "installment" => ending == Ending::Performed && !charges.is_empty(),
                _ => false,
            };
        let to_come = if pays_on { minor(&payment["amount"]) - captured } else { 0 };
        Payment { charges, credits, refunds: self.refunds.get(id).map_or(0, |all| all.iter().sum()), to_come }
    }

    async fn compare(
        &self,
        w: &World,
        booking: &Answer,
        expected: &[Entitlement],
        slack: i64,
        ending: Ending,
        charges: &[Taken],
    ) {
        let id = booking.str("id");
        let should = Ends {
            by_card: expected.iter().map(|all| all.by_card).sum(),
            by_credits: expected.iter().map(|all| all.by_credits).sum(),
            provider: expected.iter().map(|all| all.provider).sum(),
            ours: expected.iter().map(Entitlement::ours).sum(),
        };
        let is = w.ends_of(&id, charges).await;
        let near = |left: i64, right: i64| (left - right).abs() <= slack;
        // What the customer pays is right to the cent. How a part of it is divided between card and credits, provider
        // and us, is rounded with each movement.
        let is_right = should.by_card + should.by_credits == is.by_card + is.by_credits
            && near(should.by_card, is.by_card)
            && near(should.provider, is.provider)
            && near(should.ours, is.ours);
        assert!(
            is_right,
            "{ending:?}, should end with {should:?}, but ends with {is:?}: {expected:?}\n{}\n{charges:?}\n{}",
            booking.body,
            w.movements(&id).await,
        );
    }
}

impl World {
    async fn charges_of_payments(&self) -> Vec<Taken> {
        let rows = sqlx::query!(
            r#"select p.payment_id::text as "payment!", o.amount, o.captured, o.refunded,
                      coalesce(o.dispute = 'lost', false) as "is_lost!",
                      (o.status = 'succeeded' or o.code = 'payment_cancelled' and o.method not like '%3ds%') as "is_secured!"
                 from sandbox_operations o join payment_operations p on p.id = o.id
                where o.task = 'charge' order by o.created_at, o.id"#
        );
        let rows = rows.fetch_all(&self.t.app.db).await.unwrap();
        let taken = rows.into_iter().map(|row| Taken {
            payment: row.payment,
            amount: row.amount,
            captured: row.captured,
            refunded: row.refunded,
            is_lost: row.is_lost,
            is_secured: row.is_secured,
        });
        taken.collect()
    }

    /// Where a booking's money is: at the customer by the gateway's own book, less what is still owed to them; in the
    /// wallet, at the provider and at us by the ledger, and at the provider by the API as well.
    async fn ends_of(&self, booking: &str, charges: &[Taken]) -> Ends {
        let row = sqlx::query!(
            r#"with e as (select a.purpose, e.amount from ledger_transactions t
                            join ledger_entries e on e.transaction_id = t.id
                            join ledger_accounts a on a.id = e.account_id
                           where t.subject::text = $1)
               select coalesce(sum(amount) filter (where purpose = 'credits'), 0)::bigint as "wallet!",
                      coalesce(sum(amount) filter (where purpose = 'refunds_payable'), 0)::bigint as "owed!",
                      coalesce(sum(amount) filter (where purpose like 'provider%'), 0)::bigint as "provider!",
                      coalesce(sum(amount) filter (where purpose in ('commission', 'service_fees', 'tax', 'promotions',
                                                                     'losses', 'expired_credits')), 0)::bigint as "ours!",
                      coalesce(sum(amount) filter (where purpose in ('escrow', 'disputes')), 0)::bigint as "waiting!"
                 from e"#,
            booking
        );
        let row = row.fetch_one(&self.t.app.db).await.unwrap();
        assert_eq!(row.waiting, 0, "nothing waits for ever: {}", self.movements(booking).await);
        let of_booking = sqlx::query_scalar!(
            r#"select id::text as "id!" from payments where booking_id::text = $1"#,
            booking
        );
        let of_booking = of_booking.fetch_all(&self.t.app.db).await.unwrap();
        let mine = charges.iter().filter(|charge| of_booking.contains(&charge.payment));
        let left = mine.map(|charge| {
            charge.captured - charge.refunded - if charge.is_lost { charge.captured } else { 0 }
        });
        let earned = self.bob.get("/providers/earnings/").await.expect(200);
        let lines = earned["transactions"].as_array().unwrap();
        assert!(lines.len() < 100, "all of them are seen");
        let lines = lines.iter().filter(|line| line["booking_id"] == booking);
        let provider: i64 = lines.map(|line| minor(&line["amount"])).sum();
        assert_eq!(provider, row.provider, "what the API says is earned: {}", self.movements(booking).await);
        Ends { by_card: left.sum::<i64>() - row.owed, by_credits: -row.wallet, provider, ours: row.ours }
    }

    /// What the ledger says about a booking.
    async fn movements(&self, booking: &str) -> String {
        let rows = sqlx::query_scalar!(
            r#"select t.posted_at || ' ' || t.kind || ' ' || a.purpose || ' ' || e.amount as "row!"
                 from ledger_transactions t join ledger_entries e on e.transaction_id = t.id
                 join ledger_accounts a on a.id = e.account_id
                where t.subject::text = $1 order by t.posted_at, t.id"#,
            booking
        );
        rows.fetch_all(&self.t.app.db).await.unwrap().join("\n")
    }
}
