//! The SQL of reading payments: all that the app sees of one, in one statement.

use bookings::{PaymentMethod, PaymentType};
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use platform::{
    ids::{BookingId, InstallmentId, PaymentId, UserId},
    money::Currency,
    page::{Order, Paging},
    time::Instant,
};
use serde::Deserialize;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder, types::Json};

use crate::{installment::InstallmentState, model::Status, price::Parts};

/// A payment with its booking, its parts and the name of its charge.
#[derive(Debug, FromRow)]
pub(crate) struct Shown {
    pub(crate) id: PaymentId,
    pub(crate) booking_id: Option<BookingId>,
    pub(crate) user_id: UserId,
    pub(crate) provider_id: Option<UserId>,
    pub(crate) amount_minor: i64,
    pub(crate) currency: Currency,
    pub(crate) payment_method: PaymentMethod,
    pub(crate) payment_type: PaymentType,
    pub(crate) status: Status,
    pub(crate) is_tip: bool,
    pub(crate) fee_minor: i64,
    pub(crate) fee_is_refundable: bool,
    pub(crate) subsidy_minor: i64,
    pub(crate) discount_minor: i64,
    pub(crate) credits_minor: i64,
    pub(crate) captured_minor: i64,
    /// Nothing more will be taken.
    pub(crate) is_final: bool,
    pub(crate) refunded_minor: i64,
    pub(crate) failure_code: Option<String>,
    pub(crate) sealed_action: Option<Vec<u8>>,
    pub(crate) title: String,
    pub(crate) starts_at: Option<Instant>,
    pub(crate) timezone: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) parts: Json<Vec<ShownPart>>,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
}

impl Shown {
    /// Whether there is a receipt: money was taken, and no more is to come. A plan that was cancelled after its first
    /// parts has one, too.
    pub(crate) fn has_receipt(&self) -> bool {
        self.captured_minor > 0 && (self.is_final || self.captured_minor >= self.amount_minor)
    }

    /// What its amount is made of.
    pub(crate) fn price_parts(&self) -> Parts {
        Parts {
            amount_minor: self.amount_minor,
            fee_minor: self.fee_minor,
            fee_is_refundable: self.fee_is_refundable,
            subsidy_minor: self.subsidy_minor,
        }
    }

    /// By what it was paid.
    pub(crate) fn payment_method_word(&self) -> String {
        match self.payment_method {
            PaymentMethod::Card => "card",
            PaymentMethod::Paypal => "paypal",
            PaymentMethod::Credits => "credits",
            PaymentMethod::Cash => "cash",
        }
        .to_owned()
    }
}

/// A part of a payment with the name of its charge.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ShownPart {
    pub(crate) id: InstallmentId,
    pub(crate) number: i16,
    pub(crate) amount_minor: i64,
    pub(crate) due_date: jiff::civil::Date,
    pub(crate) paid_at: Option<Instant>,
    pub(crate) state: InstallmentState,
    pub(crate) reference: Option<String>,
}

/// Which payments of somebody.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) user: UserId,
    pub(crate) from: Option<jiff::civil::Date>,
    pub(crate) to: Option<jiff::civil::Date>,
    pub(crate) status: Option<Status>,
    pub(crate) kind: Option<PaymentType>,
}

const COLUMNS: &str = "
    p.id, p.booking_id, p.user_id, b.provider_id, p.amount_minor, p.currency, p.payment_method, p.payment_type, p.status,
    p.is_tip, p.fee_minor, p.fee_is_refundable, p.subsidy_minor, p.discount_minor, p.credits_minor, p.captured_minor, p.refunded_minor,
    p.failure_code, p.sealed_action,
    p.state in ('captured', 'cancelled', 'failed') and not exists (
        select from payment_operations o
         where o.payment_id = p.id and o.task in ('charge', 'capture') and o.state in ('started', 'open')
           and p.state <> 'captured') as is_final,
    coalesce(b.service_title, (select name ->> 'en' from credit_packages c where c.id = p.package_id)) as title, b.starts_at, b.timezone,
    p.created_at, p.updated_at,
    (select o.reference from payment_operations o
      where o.payment_id = p.id and o.task = 'charge' and o.reference is not null
      order by o.id desc limit 1) as reference,
    coalesce((select jsonb_agg(jsonb_build_object('id', i.id, 'number', i.number, 'amount_minor', i.amount_minor,
                    'due_date', i.due_date, 'paid_at', i.paid_at, 'state', i.state,
                    'reference', (select o.reference from payment_operations o
                                   where o.installment_id = i.id and o.task = 'charge' and o.state <> 'declined'
                                                      and not o.is_superseded))
                    order by i.number)
                from payment_installments i where i.payment_id = p.id), '[]') as parts";

/// A payment.
pub(crate) async fn find(db: &mut PgConnection, id: PaymentId) -> sqlx::Result<Option<Shown>> {
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query
        .push(COLUMNS)
        .push(" from payments p left join bookings b on b.id = p.booking_id where p.id = ")
        .push_bind(id);
    query.build_query_as().fetch_optional(db).await
}

#[derive(FromRow)]
struct Listed {
    #[sqlx(flatten)]
    shown: Shown,
    total: i64,
}

/// One page and the bounded count, in one query.
pub(crate) async fn list(
    db: &mut PgConnection,
    filter: &Filter,
    paging: &Paging<PaymentId>,
) -> sqlx::Result<(Vec<Shown>, i64)> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(", (");
    filter.push_count(&mut query);
    query.push(") as total from payments p left join bookings b on b.id = p.booking_id where ");
    filter.push_conditions(&mut query);
    if let Some(key) = paging.key() {
        query.push(format_args!(" and p.id {} ", paging.comparison(Order::Descending))).push_bind(*key);
    }
    query.push(format_args!(
        " order by p.id {} limit {} offset {}",
        paging.direction(Order::Descending),
        paging.limit(),
        paging.offset(),
    ));
    let rows: Vec<Listed> = query.build_query_as().fetch_all(&mut *db).await?;
    let total = match rows.first() {
        Some(row) => row.total,
        None if paging.offset() > 0 => {
            let mut count = QueryBuilder::new("");
            filter.push_count(&mut count);
            count.build_query_scalar().fetch_one(db).await?
        }
        None => 0,
    };
    Ok((rows.into_iter().map(|row| row.shown).collect(), total))
}

/// The first instant of a day, in UTC.
pub(crate) fn midnight(day: jiff::civil::Date) -> Instant {
    TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX).into()
}

impl Filter {
    fn push_count(&self, query: &mut QueryBuilder<Postgres>) {
        query.push("select count(*) from (select 1 from payments p where ");
        self.push_conditions(query);
        query.push(" limit 1001) n");
    }

    fn push_conditions(&self, query: &mut QueryBuilder<Postgres>) {
        query.push("p.user_id = ").push_bind(self.user);
        if let Some(from) = self.from {
            query.push(" and p.created_at >= ").push_bind(midnight(from));
        }
        if let Some(to) = self.to {
            query.push(" and p.created_at < ").push_bind(midnight(to.saturating_add(1.day())));
        }
        if let Some(status) = self.status {
            query.push(" and p.status = ").push_bind(status);
        }
        if let Some(kind) = self.kind {
            query.push(" and p.payment_type = ").push_bind(kind);
        }
    }
}
