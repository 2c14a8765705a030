//! Conversations: beginning, finding and listing them.

use platform::{
    ids::{BookingId, ConversationId, UserId},
    page::{Order, Paging},
    time::Instant,
};
use sqlx::{PgConnection, PgExecutor, Postgres, QueryBuilder};

use crate::conversation::StoredConversation;

/// What a list is ordered by: when the newest message came, then the id.
pub(crate) type Key = (i64, ConversationId);

/// All of a conversation `c` for the person whose member's row is `me`.
const COLUMNS: &str = "c.id, c.customer_id, c.provider_id, cu.name as customer_name, pr.name as provider_name,
    cu.profile_image as customer_image, pr.profile_image as provider_image, c.booking_id,
    (select reference from bookings where id = c.booking_id) as booking_reference, c.last_seq, c.last_message_at,
    (select to_jsonb(m) from shown_messages m where m.conversation_id = c.id and m.seq = c.last_seq) as last_message,
    c.created_at, me.read_seq,
    case when coalesce((select shows_read_receipts from chat_settings where user_id = me.other_id), true)
         then o.read_seq else 0 end as other_read_seq,
    o.delivered_seq as other_delivered_seq,
    (select count(*) from (select from messages m
                            where m.conversation_id = c.id and m.seq > me.read_seq
                              and (m.sender_id = me.other_id or m.is_staff) and m.deleted_at is null limit 1000) n) as unread_count,
    bl.by_me or bl.by_other as is_blocked, bl.by_me as is_blocked_by_me,
    (bl.by_me or bl.by_other) and not has_open_booking(c.customer_id, c.provider_id)
    or (case when me.user_id = c.customer_id then pr.state else cu.state end) in ('deleted', 'banned') as is_closed,
    coalesce(me.archived_seq >= c.last_seq, false) as is_archived, me.is_pinned, me.muted_until";

const JOINS: &str = " join users cu on cu.id = c.customer_id join users pr on pr.id = c.provider_id
    join conversation_members o on o.conversation_id = c.id and o.user_id = me.other_id
    cross join lateral (
        select exists (select from user_blocks where blocker_id = me.user_id and blocked_id = me.other_id) as by_me,
               exists (select from user_blocks where blocker_id = me.other_id and blocked_id = me.user_id) as by_other
    ) bl";

/// A conversation that somebody is part of.
pub(crate) async fn find(
    db: &mut PgConnection,
    reader: UserId,
    id: ConversationId,
) -> sqlx::Result<Option<StoredConversation>> {
    let mut query = QueryBuilder::new(format!(
        "select {COLUMNS} from conversations c
           join conversation_members me on me.conversation_id = c.id {JOINS} where c.id = "
    ));
    query.push_bind(id).push(" and me.user_id = ").push_bind(reader);
    query.build_query_as().fetch_optional(db).await
}

#[derive(sqlx::FromRow)]
struct Listed {
    #[sqlx(flatten)]
    conversation: StoredConversation,
    total: i64,
}

/// Which conversations of somebody.
pub(crate) struct Filter {
    pub reader: UserId,
    /// The archived ones, or the others.
    pub is_archived: bool,
    /// Only those with unread messages.
    pub is_unread: bool,
}

/// One page, the newest activity first, and the bounded count, in one query.
pub(crate) async fn list(
    db: &mut PgConnection,
    filter: &Filter,
    paging: &Paging<Key>,
) -> sqlx::Result<(Vec<StoredConversation>, i64)> {
    let mut query = QueryBuilder::new(format!("select {COLUMNS}, ("));
    filter.push_count(&mut query);
    query.push(") as total from (");
    filter.push_sides(&mut query, "c.*", |query| push_page(query, paging));
    query.push(") c join conversation_members me on me.conversation_id = c.id and me.user_id = ");
    query.push_bind(filter.reader).push(JOINS);
    let direction = paging.direction(Order::Descending);
    query.push(format_args!(
        " order by c.last_message_at {direction}, c.id {direction} limit {} offset {}",
        paging.limit(),
        paging.offset()
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
    Ok((rows.into_iter().map(|row| row.conversation).collect(), total))
}

impl Filter {
    /// At most 1,001 are counted.
    fn push_count(&self, query: &mut QueryBuilder<Postgres>) {
        query.push("select count(*) from (select from (");
        self.push_sides(query, "1", |query| {
            query.push(" limit 1001");
        });
        query.push(") c limit 1001) n");
    }

    /// The conversations as customer and those as provider: each side is read from its own index.
    fn push_sides(
        &self,
        query: &mut QueryBuilder<Postgres>,
        columns: &str,
        end: impl Fn(&mut QueryBuilder<Postgres>),
    ) {
        for (n, side) in ["customer_id", "provider_id"].into_iter().enumerate() {
            query.push(if n > 0 { " union all " } else { "" });
            query.push(format_args!(
                "(select {columns} from conversations c
                    join conversation_members f on f.conversation_id = c.id and f.user_id = c.{side}
                   where c.{side} = "
            ));
            query.push_bind(self.reader);
            query.push(" and coalesce(f.archived_seq >= c.last_seq, false) = ").push_bind(self.is_archived);
            if self.is_unread {
                query.push(
                    " and exists (select from messages m where m.conversation_id = c.id and m.seq > f.read_seq
                                     and (m.sender_id = f.other_id or m.is_staff) and m.deleted_at is null)",
                );
            }
            end(query);
            query.push(")");
        }
    }
}

fn push_page(query: &mut QueryBuilder<Postgres>, paging: &Paging<Key>) {
    if let Some((at, id)) = paging.key() {
        let comparison = paging.comparison(Order::Descending);
        query.push(format_args!(" and (c.last_message_at, c.id) {comparison} ("));
        query.push_bind(Instant::from_micros(*at)).push(", ").push_bind(*id).push(")");
    }
    let direction = paging.direction(Order::Descending);
    let rows = paging.limit() + paging.offset();
    query.push(format_args!(" order by c.last_message_at {direction}, c.id {direction} limit {rows}"));
}

/// The other one in a conversation, and whether they may hear of somebody; `None` where it is none of theirs.
pub(crate) async fn other(
    db: impl PgExecutor<'_>,
    id: ConversationId,
    user: UserId,
) -> sqlx::Result<Option<(UserId, bool)>> {
    let row = sqlx::query!(
        r#"select m.other_id,
                  not exists (select from user_blocks
                               where (blocker_id, blocked_id) in ((m.user_id, m.other_id), (m.other_id, m.user_id)))
                      as "may_hear!"
             from conversation_members m where m.conversation_id = $1 and m.user_id = $2"#,
        id as _,
        user as _,
    );
    Ok(row.fetch_optional(db).await?.map(|row| (row.other_id, row.may_hear)))
}

/// The two people of a booking, where somebody is one of them: customer, then provider.
pub(crate) async fn parties(
    db: &mut PgConnection,
    booking: BookingId,
    user: UserId,
) -> sqlx::Result<Option<(UserId, UserId)>> {
    let row = sqlx::query!(
        "select customer_id, provider_id from bookings where id = $1 and $2 in (customer_id, provider_id)",
        booking as _,
        user as _,
    );
    Ok(row.fetch_optional(db).await?.map(|row| (row.customer_id, row.provider_id)))
}

/// What decides whether two people may begin to talk.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Acquaintance {
    /// Their conversation, if there is one.
    pub conversation: Option<ConversationId>,
    /// Whether the other one can be written to by anybody: an active provider.
    pub is_provider: bool,
    /// Whether the other one has an account.
    pub is_there: bool,
    /// Whether they have booked each other, and as what the other one did.
    pub has_booked_me: bool,
    pub was_booked_by_me: bool,
    pub is_blocked: bool,
    /// How many conversations they have begun since a moment.
    pub begun: i64,
}

/// How two people stand to each other. Whoever begins conversations does so one at a time, so that what is counted here
/// stays true until the transaction ends.
pub(crate) async fn acquaintance(
    db: &mut PgConnection,
    user: UserId,
    other: UserId,
    booking: Option<BookingId>,
    since: Instant,
) -> sqlx::Result<Option<Acquaintance>> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('chat ' || $1::uuid::text, 0))", user as _)
        .execute(&mut *db)
        .await?;
    sqlx::query_as!(
        Acquaintance,
        r#"select (select id from conversations
                    where least(customer_id, provider_id) = least($1::uuid, $2) and booking_id is not distinct from $3
                      and greatest(customer_id, provider_id) = greatest($1::uuid, $2))
                      as "conversation: ConversationId",
                  o.is_provider and o.state = 'active' and exists (select from providers where user_id = o.id)
                      as "is_provider!",
                  o.state in ('active', 'suspended', 'deletion_pending') as "is_there!",
                  exists (select from bookings where customer_id = $2 and provider_id = $1) as "has_booked_me!",
                  exists (select from bookings where customer_id = $1 and provider_id = $2) as "was_booked_by_me!",
                  exists (select from user_blocks where (blocker_id, blocked_id) in (($1, $2), ($2, $1)))
                  and not has_open_booking($1, $2) as "is_blocked!",
                  (select count(*) from conversations
                    where started_by = $1 and booking_id is null and created_at > $4) as "begun!"
             from users o where o.id = $2"#,
        user as _,
        other as _,
        booking as _,
        since as _,
    )
    .fetch_optional(db)
    .await
}

/// A conversation to begin.
pub(crate) struct NewConversation {
    pub id: ConversationId,
    pub customer: UserId,
    pub provider: UserId,
    pub booking: Option<BookingId>,
    pub started_by: UserId,
    pub at: Instant,
}

/// Begins a conversation; `false` where the other one has begun it in the same moment.
pub(crate) async fn begin(db: &mut PgConnection, new: &NewConversation) -> sqlx::Result<bool> {
    let begun = sqlx::query!(
        "with begun as (
             insert into conversations
                    (id, customer_id, provider_id, booking_id, started_by, last_message_at, created_at)
             values ($1, $2, $3, $4, $5, $6, $6)
             on conflict do nothing returning id
         )
         insert into conversation_members (conversation_id, user_id, other_id)
         select begun.id, p.user_id, p.other_id
           from begun, (values ($2::uuid, $3::uuid), ($3, $2)) p (user_id, other_id)",
        new.id as _,
        new.customer as _,
        new.provider as _,
        new.booking as _,
        new.started_by as _,
        new.at as _,
    );
    Ok(begun.execute(db).await?.rows_affected() == 2)
}

/// How somebody wants to see a conversation.
pub(crate) async fn set(
    db: impl PgExecutor<'_>,
    id: ConversationId,
    user: UserId,
    is_archived: bool,
    is_pinned: bool,
    muted_until: Option<Instant>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update conversation_members m
            set archived_seq = case when $3 then c.last_seq end, is_pinned = $4, muted_until = $5
           from conversations c
          where m.conversation_id = $1 and m.user_id = $2 and c.id = $1",
        id as _,
        user as _,
        is_archived,
        is_pinned,
        muted_until as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
