//! What each person must end with: computed from the contract's rules and from what can be seen from outside, and from
//! nothing else. The random histories compare it with what the program did.

use jiff::{SignedDuration, Timestamp};
use rstest::rstest;

/// How much comes back to a customer who cancels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    Flexible,
    Moderate,
    Strict,
}

impl Policy {
    /// The percentage that comes back so long before the start; exactly at a boundary it is still the better one.
    fn percent_back(self, starts_at: Timestamp, at: Timestamp) -> i64 {
        let (steps, afterwards): (&[(i64, i64)], i64) = match self {
            Self::Flexible => (&[(24, 100)], 50),
            Self::Moderate => (&[(72, 100), (24, 50)], 0),
            Self::Strict => (&[(7 * 24, 50)], 0),
        };
        let notice = starts_at.duration_since(at);
        let step = steps.iter().find(|(hours, _)| notice >= SignedDuration::from_hours(*hours));
        step.map_or(afterwards, |(_, percent)| *percent)
    }
}

/// What both sides agreed to when the booking was paid, in minor units.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agreement {
    pub policy: Policy,
    pub price: i64,
    pub discount: i64,
    /// Whether the platform pays for the discount, and not the provider.
    pub is_discount_ours: bool,
    pub fee: i64,
    pub is_fee_refundable: bool,
    pub commission_bps: i64,
}

impl Agreement {
    fn service(&self) -> i64 {
        self.price - self.discount
    }

    pub(super) fn total(&self) -> i64 {
        self.service() + self.fee
    }

    /// What can come back to a customer who cancels.
    fn refundable(&self) -> i64 {
        if self.is_fee_refundable { self.total() } else { self.service() }
    }
}

/// When a change of the time was asked for, or took effect, of a booking that was confirmed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    pub is_asked_by_customer: bool,
    pub at: Timestamp,
    /// When the booking would have started without it.
    pub from: Timestamp,
}

/// How a booking ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Nothing is owed: never confirmed, called off by the provider or by us, the provider did not come, or an operator
    /// found for the customer.
    CalledOff,
    CancelledByCustomer(Timestamp),
    CustomerAbsent,
    Performed,
    /// An operator gives this much back, and the rest is earned.
    Split(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Customer,
    Provider,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    For(Side),
    /// So much goes back.
    Split(i64),
}

/// Who said what about a job, in the words of those who were there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Story {
    pub cancelled_at: Option<(Option<Side>, Timestamp)>,
    pub is_confirmed: bool,
    /// Who said that the other side did not come.
    pub no_show_by: Option<Side>,
    pub is_performed: bool,
    pub decision: Option<Decision>,
}

impl Story {
    pub(super) fn ending(&self) -> Ending {
        if !self.is_confirmed {
            return Ending::CalledOff;
        }
        match (self.no_show_by, self.decision) {
            (_, Some(Decision::For(Side::Customer))) | (Some(Side::Customer), None) => Ending::CalledOff,
            (_, Some(Decision::Split(back))) => Ending::Split(back),
            (Some(Side::Provider), _) => Ending::CustomerAbsent,
            // The provider was there after all.
            (Some(Side::Customer), Some(Decision::For(Side::Provider))) => Ending::Performed,
            (None, _) if self.is_performed => Ending::Performed,
            (None, _) => match self.cancelled_at {
                Some((Some(Side::Customer), at)) => Ending::CancelledByCustomer(at),
                _ => Ending::CalledOff,
            },
        }
    }
}

/// A charge that a gateway took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Charge {
    pub amount: i64,
    /// What the gateway has brought back of it.
    pub refunded: i64,
    /// Whether the payer's bank took it from us.
    pub is_lost: bool,
}

/// The payment that a booking stands on.
#[derive(Clone, Debug, Default)]
pub(super) struct Payment {
    /// One, or one for each part that was paid, oldest first.
    pub charges: Vec<Charge>,
    pub credits: i64,
    /// What the provider or finance gave back by hand.
    pub refunds: i64,
    /// What a kept method still pays: all of it where it is charged later, the open parts of a job that was done.
    pub to_come: i64,
}

impl Payment {
    pub(super) fn amount(&self) -> i64 {
        self.charges.iter().map(|charge| charge.amount).sum::<i64>() + self.credits + self.to_come
    }

    /// How much of `kept` is of each charge: parts go back newest first, and credits and a card in proportion.
    fn kept_of_charges(&self, kept: i64) -> Vec<i64> {
        if self.credits > 0 {
            return self.charges.iter().map(|charge| part(kept, charge.amount, self.amount())).collect();
        }
        let mut left = kept;
        let mut take = |charge: &Charge| {
            // What went back before a bank took the rest is known.
            let kept = left.min(charge.amount - if charge.is_lost { charge.refunded } else { 0 });
            left -= kept;
            kept
        };
        self.charges.iter().map(&mut take).collect()
    }
}

/// What each must end with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entitlement {
    /// What the customer has paid to us in the end; below zero where a bank brought back what we had brought back, too.
    pub by_card: i64,
    pub by_credits: i64,
    /// What the provider has earned, after commission.
    pub provider: i64,
    pub commission: i64,
    pub fee: i64,
    /// What we added to what the customer paid.
    pub subsidy: i64,
    /// What a bank took and nobody but us pays for.
    pub losses: i64,
}

impl Entitlement {
    pub(super) fn customer(&self) -> i64 {
        self.by_card + self.by_credits
    }

    /// What is left for the platform.
    pub(super) fn ours(&self) -> i64 {
        self.commission + self.fee - self.subsidy - self.losses
    }
}

/// `whole * share / of`, half a cent up.
fn part(whole: i64, share: i64, of: i64) -> i64 {
    if of == 0 { 0 } else { (2 * whole * share + of).div_euclid(2 * of) }
}

/// What the customer owes by the rules, whatever was taken so far.
fn owed(terms: &Agreement, starts_at: Timestamp, moves: &[Move], ending: Ending) -> i64 {
    let cancelled = |at| {
        let asked = moves.iter().filter(|step| step.is_asked_by_customer);
        let floors = asked.map(|step| terms.policy.percent_back(step.from, step.at));
        let percent = floors.fold(terms.policy.percent_back(starts_at, at), i64::min);
        terms.total() - part(terms.refundable(), percent, 100)
    };
    match ending {
        Ending::CalledOff => 0,
        Ending::Performed => terms.total(),
        Ending::Split(back) => (terms.total() - back).max(0),
        Ending::CancelledByCustomer(at) => cancelled(at),
        Ending::CustomerAbsent => cancelled(starts_at),
    }
}

/// What all must end with, where `starts_at` is when the booking was to start in the end.
pub(super) fn entitlement(
    terms: &Agreement,
    starts_at: Timestamp,
    moves: &[Move],
    ending: Ending,
    payment: &Payment,
) -> Entitlement {
    let paid = payment.amount();
    let kept = owed(terms, starts_at, moves, ending).min(paid - payment.refunds).max(0);
    let of_charges = payment.kept_of_charges(kept);
    let kept_rest = kept - of_charges.iter().sum::<i64>();
    // What a bank took is gone, as far as it had not gone back before; what had goes out twice, and that is our loss.
    let (mut by_card, mut lost, mut losses) = (if payment.credits == 0 { kept_rest } else { 0 }, 0, 0);
    for (charge, of_charge) in payment.charges.iter().zip(of_charges) {
        if charge.is_lost {
            by_card -= charge.refunded;
            losses += charge.refunded;
            lost += of_charge.min(charge.amount - charge.refunded);
        } else {
            by_card += of_charge;
        }
    }
    let earned = kept - lost;
    let fee_of_kept = if terms.is_fee_refundable {
        part(terms.fee, kept, terms.total())
    } else if ending == Ending::Performed {
        part(terms.fee, paid, terms.total()).min(kept)
    } else {
        terms.fee.min(kept)
    };
    let fee = part(fee_of_kept, earned, kept);
    let gross =
        if terms.is_discount_ours { part(terms.price, earned - fee, terms.service()) } else { earned - fee };
    let commission = gross * terms.commission_bps / 10_000;
    Entitlement {
        by_card,
        by_credits: if payment.credits == 0 { 0 } else { kept_rest },
        provider: gross - commission,
        commission,
        fee,
        subsidy: gross - (earned - fee),
        losses,
    }
}

/// A service for 100.00, of which 15 % are ours.
fn terms(policy: Policy) -> Agreement {
    Agreement {
        policy,
        price: 10_000,
        discount: 0,
        is_discount_ours: true,
        fee: 0,
        is_fee_refundable: true,
        commission_bps: 1500,
    }
}

fn start() -> Timestamp {
    "2026-03-20T09:00:00Z".parse().unwrap()
}

fn before(hours: i64) -> Timestamp {
    start() - SignedDuration::from_hours(hours)
}

fn by_card(amount: i64) -> Payment {
    Payment { charges: vec![Charge { amount, ..Charge::default() }], ..Payment::default() }
}

/// What the customer has paid, the provider has earned and is ours.
fn ends(terms: &Agreement, moves: &[Move], ending: Ending, payment: &Payment) -> (i64, i64, i64) {
    let ends = entitlement(terms, start(), moves, ending, payment);
    assert_eq!(ends.customer(), ends.provider + ends.ours(), "{ends:?}");
    (ends.customer(), ends.provider, ends.ours())
}

#[rstest]
#[case(Policy::Flexible, 24 * 3600, 0)]
#[case(Policy::Flexible, 24 * 3600 - 1, 5000)]
#[case(Policy::Flexible, 1, 5000)]
#[case(Policy::Moderate, 72 * 3600, 0)]
#[case(Policy::Moderate, 72 * 3600 - 1, 5000)]
#[case(Policy::Moderate, 24 * 3600, 5000)]
#[case(Policy::Moderate, 24 * 3600 - 1, 10_000)]
#[case(Policy::Strict, 30 * 24 * 3600, 5000)]
#[case(Policy::Strict, 7 * 24 * 3600, 5000)]
#[case(Policy::Strict, 7 * 24 * 3600 - 1, 10_000)]
fn a_boundary_counts_as_before(#[case] policy: Policy, #[case] notice: i64, #[case] kept: i64) {
    let ending = Ending::CancelledByCustomer(start() - SignedDuration::from_secs(notice));
    let expected = (kept, kept * 85 / 100, kept * 15 / 100);
    assert_eq!(ends(&terms(policy), &[], ending, &by_card(10_000)), expected);
}

#[rstest]
#[case(Side::Customer, None, [(0, 0, 0); 3])]
#[case(Side::Customer, Some(Decision::For(Side::Customer)), [(0, 0, 0); 3])]
#[case(Side::Customer, Some(Decision::For(Side::Provider)), [(10_000, 8500, 1500); 3])]
#[case(Side::Provider, None, [(5000, 4250, 750), (10_000, 8500, 1500), (10_000, 8500, 1500)])]
#[case(Side::Provider, Some(Decision::For(Side::Provider)), [(5000, 4250, 750), (10_000, 8500, 1500), (10_000, 8500, 1500)])]
#[case(Side::Provider, Some(Decision::For(Side::Customer)), [(0, 0, 0); 3])]
#[case(Side::Provider, Some(Decision::Split(4000)), [(6000, 5100, 900); 3])]
fn who_did_not_come_is_at_fault(
    #[case] no_show_by: Side,
    #[case] decision: Option<Decision>,
    #[case] expected: [(i64, i64, i64); 3],
) {
    let story = Story { is_confirmed: true, no_show_by: Some(no_show_by), decision, ..Story::default() };
    let policies = [Policy::Flexible, Policy::Moderate, Policy::Strict];
    assert_eq!(policies.map(|policy| ends(&terms(policy), &[], story.ending(), &by_card(10_000))), expected);
}

#[test]
fn who_cancels_and_when_decides() {
    let terms = terms(Policy::Strict);
    let by = |side, is_confirmed| Story {
        cancelled_at: Some((side, before(1))),
        is_confirmed,
        ..Story::default()
    };
    let ends = |story: Story| ends(&terms, &[], story.ending(), &by_card(10_000)).0;
    assert_eq!(ends(by(Some(Side::Customer), true)), 10_000);
    assert_eq!(ends(by(Some(Side::Customer), false)), 0);
    assert_eq!(ends(by(Some(Side::Provider), true)), 0);
    assert_eq!(ends(by(None, true)), 0);
}

#[test]
fn a_complaint_after_the_job_is_decided() {
    let ends = |decision| {
        let story = Story { is_confirmed: true, is_performed: true, decision, ..Story::default() };
        ends(&terms(Policy::Flexible), &[], story.ending(), &by_card(10_000))
    };
    assert_eq!(ends(None), (10_000, 8500, 1500));
    assert_eq!(ends(Some(Decision::For(Side::Provider))), (10_000, 8500, 1500));
    assert_eq!(ends(Some(Decision::For(Side::Customer))), (0, 0, 0));
    assert_eq!(ends(Some(Decision::Split(2500))), (7500, 6375, 1125));
}

#[rstest]
#[case::two_hours_before(true, 2, 10_000)]
#[case::two_days_before(true, 48, 5000)]
#[case::in_time(true, 72, 0)]
#[case::the_provider_asked(false, 2, 0)]
fn moving_never_makes_cancelling_cheaper(#[case] is_customer: bool, #[case] hours: i64, #[case] kept: i64) {
    let from = start() - SignedDuration::from_hours(30 * 24);
    let at = from - SignedDuration::from_hours(hours);
    let step = Move { is_asked_by_customer: is_customer, at, from };
    let ending = Ending::CancelledByCustomer(at);
    assert_eq!(ends(&terms(Policy::Moderate), &[step], ending, &by_card(10_000)).0, kept);
}

#[test]
fn half_a_cent_is_the_customers() {
    let terms = Agreement { price: 4999, ..terms(Policy::Flexible) };
    assert_eq!(ends(&terms, &[], Ending::CancelledByCustomer(before(1)), &by_card(4999)), (2499, 2125, 374));
}

#[test]
fn open_parts_are_dropped_and_what_was_paid_is_kept_as_far_as_it_is_owed() {
    let terms = terms(Policy::Flexible);
    let parts = |amounts: &[i64]| Payment {
        charges: amounts.iter().map(|amount| Charge { amount: *amount, ..Charge::default() }).collect(),
        ..Payment::default()
    };
    let late = Ending::CancelledByCustomer(before(1));
    let to_come = Payment { to_come: 10_000, ..Payment::default() };
    assert_eq!(ends(&terms, &[], late, &to_come), (5000, 4250, 750), "what is owed is charged");
    assert_eq!(ends(&terms, &[], Ending::CalledOff, &to_come), (0, 0, 0));
    // 50.00 is owed, 33.34 was paid: nothing goes back.
    assert_eq!(ends(&terms, &[], late, &parts(&[3334])), (3334, 2834, 500));
    assert_eq!(ends(&terms, &[], late, &parts(&[3334, 3333])), (5000, 4250, 750));
    assert_eq!(ends(&terms, &[], Ending::CalledOff, &parts(&[3334, 3333])), (0, 0, 0));
    assert_eq!(ends(&terms, &[], Ending::Performed, &parts(&[3334, 3333, 3333])), (10_000, 8500, 1500));
    assert_eq!(
        ends(&terms, &[], Ending::Performed, &parts(&[3334])),
        (3334, 2834, 500),
        "the rest is a debt"
    );
}

#[test]
fn credits_and_card_go_back_in_proportion() {
    let payment = |refunds| Payment { credits: 4000, refunds, ..by_card(6000) };
    let ends = |ending, refunds| {
        let ends = entitlement(&terms(Policy::Flexible), start(), &[], ending, &payment(refunds));
        (ends.by_card, ends.by_credits, ends.provider)
    };
    assert_eq!(ends(Ending::Performed, 0), (6000, 4000, 8500));
    assert_eq!(ends(Ending::Performed, 1000), (5400, 3600, 7650));
    assert_eq!(ends(Ending::CancelledByCustomer(before(1)), 0), (3000, 2000, 4250));
    assert_eq!(ends(Ending::CalledOff, 0), (0, 0, 0));
}

#[test]
fn a_lost_dispute_takes_the_cards_part_and_no_more() {
    let terms = terms(Policy::Flexible);
    let lost = |amount, refunded| vec![Charge { amount, refunded, is_lost: true }];
    let all = Payment { charges: lost(10_000, 0), ..Payment::default() };
    assert_eq!(ends(&terms, &[], Ending::Performed, &all), (0, 0, 0));
    // 30.00 had gone back, and the bank brings back 100.00: 30.00 go out twice, and are our loss.
    let twice = Payment { charges: lost(10_000, 3000), refunds: 3000, ..Payment::default() };
    assert_eq!(ends(&terms, &[], Ending::Performed, &twice), (-3000, 0, -3000));
    // Of 60.00 by card and 40.00 in credits half went back; then the card's bank takes 60.00. The provider has what is
    // left of the credits, 20.00, and does not pay for the 30.00 that went out twice.
    let mixed = Payment { charges: lost(6000, 3000), credits: 4000, refunds: 5000, to_come: 0 };
    assert_eq!(ends(&terms, &[], Ending::Performed, &mixed), (-1000, 1700, -2700));
    // Cancelled late while the bank has it: lost, nothing more goes back; won, what the policy says.
    let late = Ending::CancelledByCustomer(before(1));
    assert_eq!(ends(&terms, &[], late, &all), (0, 0, 0));
    assert_eq!(ends(&terms, &[], late, &by_card(10_000)), (5000, 4250, 750));
}

#[rstest]
#[case::ours(true, Ending::Performed, 0, (9500, 8500, 1000))]
#[case::ours_half_back(true, Ending::Performed, 4750, (4750, 4250, 500))]
#[case::theirs(false, Ending::Performed, 0, (9500, 7650, 1850))]
#[case::theirs_half_back(false, Ending::Performed, 4750, (4750, 3825, 925))]
#[case::called_off(true, Ending::CalledOff, 0, (0, 0, 0))]
fn a_discount_is_paid_by_whose_it_is(
    #[case] is_discount_ours: bool,
    #[case] ending: Ending,
    #[case] refunds: i64,
    #[case] expected: (i64, i64, i64),
) {
    let terms = Agreement { discount: 1000, is_discount_ours, fee: 500, ..terms(Policy::Flexible) };
    assert_eq!(ends(&terms, &[], ending, &Payment { refunds, ..by_card(9500) }), expected);
}

#[test]
fn a_fee_that_does_not_go_back_is_all_that_a_full_refund_leaves() {
    let terms = Agreement { discount: 1000, fee: 500, is_fee_refundable: false, ..terms(Policy::Flexible) };
    let refunded = Payment { refunds: 9000, ..by_card(9500) };
    assert_eq!(ends(&terms, &[], Ending::Performed, &refunded), (500, 0, 500), "none of our subsidy is left");
    assert_eq!(ends(&terms, &[], Ending::CancelledByCustomer(before(24)), &by_card(9500)), (500, 0, 500));
    // Half of the 90.00 goes back: 50.00 and half of our 10.00.
    assert_eq!(ends(&terms, &[], Ending::CancelledByCustomer(before(23)), &by_card(9500)), (5000, 4250, 750));
    assert_eq!(ends(&terms, &[], Ending::CalledOff, &by_card(9500)), (0, 0, 0));
}
