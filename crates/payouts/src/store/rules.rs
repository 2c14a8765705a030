//! The SQL of the rules for our share.

use platform::{
    ids::{CategoryId, RuleId, UserId},
    page::{Order, Paging},
    time::Instant,
};
use sqlx::{FromRow, PgConnection, QueryBuilder};

use crate::commission::{Candidate, Rule};

/// The rules that a job of a provider and a category falls under, as they stood at a time.
pub(crate) async fn candidates(
    db: &mut PgConnection,
    provider: Option<UserId>,
    category: CategoryId,
    at: Instant,
) -> sqlx::Result<Vec<Candidate>> {
    let rows = sqlx::query!(
        r#"with recursive line (id, parent_id, distance) as (
               select id, parent_id, 0 from categories where id = $2
               union all
               select c.id, c.parent_id, distance + 1 from line join categories c on c.id = line.parent_id
           )
           select r.id as "id!", r.category_id, r.provider_id, r.currency, r.bps as "bps!",
                  r.fixed_minor as "fixed_minor!", r.minimum_minor as "minimum_minor!", r.starts_at as "starts_at!",
                  r.ended_at, r.created_at as "created_at!", r.created_by, line.distance as "distance?"
             from commission_rules r
             left join line on line.id = r.category_id
            where (r.provider_id = $1 or r.provider_id is null)
              and (r.category_id is null or line.id is not null)
              and r.starts_at <= $3 and (r.ended_at is null or r.ended_at > $3)"#,
        provider as _,
        category as _,
        at as _,
    )
    .fetch_all(db)
    .await?;
    let candidates = rows.into_iter().map(|row| Candidate {
        category_distance: row.distance,
        rule: Rule {
            id: row.id,
            category_id: row.category_id,
            provider_id: row.provider_id,
            currency: row.currency,
            bps: row.bps,
            fixed_minor: row.fixed_minor,
            minimum_minor: row.minimum_minor,
            starts_at: row.starts_at,
            ended_at: row.ended_at,
            created_at: row.created_at,
            created_by: row.created_by,
        },
    });
    Ok(candidates.collect())
}

/// Writes a new rule; `false` where there is no such category or provider.
pub(crate) async fn insert(db: &mut PgConnection, rule: &Rule) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into commission_rules (id, category_id, provider_id, currency, bps, fixed_minor, minimum_minor, starts_at,
                created_at, created_by)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
          where ($2::uuid is null or exists (select from categories where id = $2))
            and ($3::uuid is null or exists (select from providers where user_id = $3))",
        rule.id as _,
        rule.category_id as _,
        rule.provider_id as _,
        rule.currency as _,
        rule.bps,
        rule.fixed_minor,
        rule.minimum_minor,
        rule.starts_at as _,
        rule.created_at as _,
        rule.created_by as _,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The provider for whom a rule is made, where it is made for one.
pub(crate) async fn provider_of(db: &mut PgConnection, id: RuleId) -> sqlx::Result<Option<UserId>> {
    let provider = sqlx::query_scalar!("select provider_id from commission_rules where id = $1", id as _);
    Ok(provider.fetch_optional(db).await?.flatten())
}

/// Ends a rule at a time, or before it begins; `false` where there is none that would last longer.
pub(crate) async fn end(db: &mut PgConnection, id: RuleId, at: Instant, by: UserId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update commission_rules set ended_at = greatest($2, starts_at), ended_by = $3
          where id = $1 and (ended_at is null or ended_at > greatest($2, starts_at))",
        id as _,
        at as _,
        by as _,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Which rules are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filter {
    pub(crate) category: Option<CategoryId>,
    pub(crate) provider: Option<UserId>,
    /// Those that have ended by a time, or those that have not.
    pub(crate) has_ended: Option<bool>,
    pub(crate) now: Instant,
}

#[derive(FromRow)]
struct Listed {
    #[sqlx(flatten)]
    rule: Rule,
    total: i64,
}

/// One page of the rules, the newest first, and the bounded count.
pub(crate) async fn list(
    db: &mut PgConnection,
    filter: Filter,
    paging: &Paging<RuleId>,
) -> sqlx::Result<(Vec<Rule>, i64)> {
    let direction = paging.direction(Order::Descending);
    let mut query = QueryBuilder::new("with found as (select * from commission_rules where true");
    if let Some(category) = filter.category {
        query.push(" and category_id = ").push_bind(category);
    }
    if let Some(provider) = filter.provider {
        query.push(" and provider_id = ").push_bind(provider);
    }
    if let Some(has_ended) = filter.has_ended {
        query
            .push(" and coalesce(ended_at <= ")
            .push_bind(filter.now)
            .push(", false) = ")
            .push_bind(has_ended);
    }
    query.push(
        ") select r.*, (select count(*) from (select 1 from found limit 1001) n) as total from found r",
    );
    if let Some(&id) = paging.key() {
        query.push(" where r.id ").push(paging.comparison(Order::Descending)).push(" ").push_bind(id);
    }
    query.push(" order by r.id ").push(direction);
    query.push(" limit ").push(paging.limit()).push(" offset ").push(paging.offset());
    let rows: Vec<Listed> = query.build_query_as().fetch_all(db).await?;
    let total = rows.first().map_or(0, |row| row.total);
    Ok((rows.into_iter().map(|row| row.rule).collect(), total))
}
