//! The SQL of lists of bookings: the only statements that are put together at run time.

use jiff::civil::Date;
use platform::{
    ids::{BookingId, ServiceId, UserId},
    page::{Order, Paging},
    time::Instant,
};
use serde::Deserialize;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};

use crate::model::{Booking, PAST_FROM, State};

/// As whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// As the one who books.
    Customer,
    /// As the one who is booked.
    Provider,
}

/// How a list is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[schema(as = BookingOrdering)]
pub(crate) enum Ordering {
    /// What is ahead, soonest first; then what is past, latest first.
    #[default]
    #[serde(rename = "upcoming")]
    Upcoming,
    /// Earliest start first.
    #[serde(rename = "starts_at")]
    StartsAt,
    /// Latest start first.
    #[serde(rename = "-starts_at")]
    LatestStart,
    /// Oldest first.
    #[serde(rename = "created_at")]
    CreatedAt,
    /// Newest first.
    #[serde(rename = "-created_at")]
    Newest,
}

/// What a list is ordered by: a number, then the id.
pub(crate) type Key = (i64, BookingId);

impl Ordering {
    pub(crate) fn order(self) -> Order {
        match self {
            Self::Upcoming | Self::StartsAt | Self::CreatedAt => Order::Ascending,
            Self::LatestStart | Self::Newest => Order::Descending,
        }
    }

    fn column(self) -> &'static str {
        match self {
            Self::Upcoming => "b.list_position",
            Self::StartsAt | Self::LatestStart => "b.starts_at",
            Self::CreatedAt | Self::Newest => "b.created_at",
        }
    }

    pub(crate) fn key(self, booking: &Booking) -> Key {
        let number = match self {
            Self::Upcoming => booking.list_position,
            Self::StartsAt | Self::LatestStart => booking.starts_at.as_micros(),
            Self::CreatedAt | Self::Newest => booking.created_at.as_micros(),
        };
        (number, booking.id)
    }
}

/// Which bookings of somebody.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) user: UserId,
    /// `None`: in both roles.
    pub(crate) role: Option<Role>,
    /// `None`: in all states.
    pub(crate) states: Option<Vec<State>>,
    pub(crate) from: Option<Date>,
    pub(crate) to: Option<Date>,
    pub(crate) service: Option<ServiceId>,
    pub(crate) search: Option<String>,
    pub(crate) ordering: Ordering,
}

#[derive(FromRow)]
struct Listed {
    #[sqlx(flatten)]
    booking: Booking,
    total: i64,
}

/// One page and the bounded count, in one query.
pub(crate) async fn list(
    db: &mut PgConnection,
    filter: &Filter,
    paging: &Paging<Key>,
) -> sqlx::Result<(Vec<Booking>, i64)> {
    let mut query = QueryBuilder::new(
        "select b.*, c.name as customer_name, p.name as provider_name, r.id as proposal_id,
                r.proposed_by as proposal_by, r.starts_at as proposal_starts_at, r.ends_at as proposal_ends_at,
                r.timezone as proposal_timezone, r.reason as proposal_reason, r.created_at as proposal_created_at,
                r.expires_at as proposal_expires_at, null::jsonb as history, (",
    );
    filter.push_count(&mut query);
    query.push(") as total from (");
    filter.push_sides(&mut query, "b.*", |query| filter.push_page(query, paging, 0));
    query.push(
        ") b join users c on c.id = b.customer_id join users p on p.id = b.provider_id
         left join reschedule_proposals r on r.booking_id = b.id and r.state = 'open'",
    );
    filter.push_order(&mut query, paging, paging.offset());
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
    Ok((rows.into_iter().map(|row| row.booking).collect(), total))
}

impl Filter {
    /// At most 1,001 are counted.
    fn push_count(&self, query: &mut QueryBuilder<Postgres>) {
        query.push("select count(*) from (select 1 from (");
        self.push_sides(query, "1", |query| {
            query.push(" limit 1001");
        });
        query.push(") b limit 1001) n");
    }

    /// The bookings in one role, or in both: each side is read from its own index.
    fn push_sides(
        &self,
        query: &mut QueryBuilder<Postgres>,
        columns: &str,
        end: impl Fn(&mut QueryBuilder<Postgres>),
    ) {
        let sides = match self.role {
            Some(Role::Customer) => &["customer_id"][..],
            Some(Role::Provider) => &["provider_id"],
            None => &["customer_id", "provider_id"],
        };
        for (n, side) in sides.iter().enumerate() {
            query.push(if n > 0 { " union all " } else { "" });
            query
                .push(format_args!("(select {columns} from bookings b where b.{side} = "))
                .push_bind(self.user);
            self.push_conditions(query);
            end(query);
            query.push(")");
        }
    }

    fn push_conditions(&self, query: &mut QueryBuilder<Postgres>) {
        if let Some(states) = &self.states {
            let names: Vec<String> = states.iter().map(|state| state.name().to_owned()).collect();
            query.push(" and b.state = any(").push_bind(names).push(")");
            // What is ahead and what is past are apart in the index.
            if states.iter().all(|state| state.holds_slot()) {
                query.push(format_args!(" and b.list_position < {PAST_FROM}"));
            } else if !states.iter().any(|state| state.holds_slot()) {
                query.push(format_args!(" and b.list_position >= {PAST_FROM}"));
            }
        }
        for (date, comparison) in [(self.from, ">="), (self.to, "<=")] {
            if let Some(date) = date {
                query.push(format_args!(" and (b.starts_at at time zone b.timezone)::date {comparison} "));
                query.push_bind(date.to_string()).push("::date");
            }
        }
        if let Some(service) = self.service {
            query.push(" and b.service_id = ").push_bind(service);
        }
        if let Some(search) = &self.search {
            let pattern =
                format!("%{}%", search.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
            query.push(" and (b.service_title ilike ").push_bind(pattern.clone());
            query.push(" or b.reference ilike ").push_bind(pattern.clone());
            query.push(" or exists (select from users u where u.id in (b.customer_id, b.provider_id) and u.name ilike ");
            query.push_bind(pattern).push("))");
        }
    }

    fn push_page(&self, query: &mut QueryBuilder<Postgres>, paging: &Paging<Key>, offset: i64) {
        if let Some((number, id)) = paging.key() {
            let comparison = paging.comparison(self.ordering.order());
            query.push(format_args!(" and ({}, b.id) {comparison} (", self.ordering.column()));
            match self.ordering {
                Ordering::Upcoming => query.push_bind(*number),
                _ => query.push_bind(Instant::from_micros(*number)),
            };
            query.push(", ").push_bind(*id).push(")");
        }
        let direction = paging.direction(self.ordering.order());
        let rows = paging.limit() + paging.offset();
        query.push(format_args!(
            " order by {} {direction}, b.id {direction} limit {rows} offset {offset}",
            self.ordering.column(),
        ));
    }

    fn push_order(&self, query: &mut QueryBuilder<Postgres>, paging: &Paging<Key>, offset: i64) {
        let direction = paging.direction(self.ordering.order());
        query.push(format_args!(
            " order by {} {direction}, b.id {direction} limit {} offset {offset}",
            self.ordering.column(),
            paging.limit(),
        ));
    }
}
