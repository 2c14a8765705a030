//! What requests ask for, drawn from the data: the same for the server and for the ceiling.

use anyhow::{Result, ensure};
use sqlx::{AssertSqlSafe, Executor as _, PgConnection, Row as _};

/// How many of each kind are drawn.
const MANY: usize = 1000;
/// How many people are signed in.
const CUSTOMERS: usize = 64;
const WORKERS: usize = 32;

/// Somebody who signs in.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their id.
    pub id: String,
    /// Their address.
    pub email: String,
}

/// A service of a provider, for slots and bookings.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The service.
    pub service: String,
}

/// Everything that was drawn.
#[derive(Debug)]
pub struct Sample {
    /// Active services.
    pub services: Vec<String>,
    /// Providers.
    pub providers: Vec<String>,
    /// Categories that have services themselves.
    pub categories: Vec<String>,
    /// Prices in the currency's hundredths, as they occur.
    pub prices: Vec<String>,
    /// Where people look around: as often in a town as it has providers.
    pub towns: Vec<(f64, f64)>,
    /// What people type: two words of a title.
    pub searches: Vec<String>,
    /// Beginnings of words.
    pub beginnings: Vec<String>,
    /// Customers with bookings and favourites.
    pub customers: Vec<Person>,
    /// Bookings, each with the number of the customer above whose it is.
    pub bookings: Vec<(usize, String)>,
    /// Providers with jobs.
    pub workers: Vec<Person>,
    /// Accounts for signing in over and over.
    pub accounts: Vec<String>,
    /// One service of each of many providers.
    pub offers: Vec<Offer>,
    /// The last date that slots may be asked for together with today's.
    pub in_a_month: String,
}

impl Sample {
    /// Draws; the same rows every time from the same data.
    pub async fn draw(db: &mut PgConnection) -> Result<Self> {
        // Ids begin with a time, so it is their end that is without order.
        let services = column(
            db,
            format!("select id::text from services where is_active order by md5(id::text) limit {MANY}"),
        )
        .await?;
        let providers = column(
            db,
            format!(
                "select p.user_id::text from providers p join services s on s.provider_id = p.user_id and s.is_active
                  group by 1 order by md5(p.user_id::text) limit {MANY}"
            ),
        )
        .await?;
        let categories =
            column(db, "select id::text from categories where services_count > 0 order by id".to_owned())
                .await?;
        let prices = column(
            db,
            format!(
                "select (price_minor / 100)::text from services where is_active order by md5(id::text) limit {MANY}"
            ),
        )
        .await?;
        let titles = column(
            db,
            format!(
                "select coalesce(translations -> 'en' ->> 'title', title) from services
                  where is_active and (language = 'en' or translations ? 'en')
                  order by md5(id::text) limit {}",
                2 * MANY
            ),
        )
        .await?;
        let searches = searches(&titles);
        let beginnings = searches.iter().map(|words| words.chars().take(4).collect()).collect();
        let customers = people(db, CUSTOMERS_SQL, CUSTOMERS).await?;
        let workers = people(db, WORKERS_SQL, WORKERS).await?;
        let sample = Self {
            bookings: bookings(db, &customers).await?,
            towns: towns(db).await?,
            accounts: column(db, format!("select email from users order by md5(id::text) limit {MANY}"))
                .await?,
            offers: offers(db).await?,
            in_a_month: column(db, "select (current_date + 29)::text".to_owned()).await?.concat(),
            services,
            providers,
            categories,
            prices,
            searches,
            beginnings,
            customers,
            workers,
        };
        ensure!(
            ![sample.services.len(), sample.searches.len(), sample.customers.len(), sample.bookings.len()]
                .contains(&0)
                && !sample.workers.is_empty(),
            "there is too little data to measure with"
        );
        Ok(sample)
    }
}

const CUSTOMERS_SQL: &str = "select u.id::text, u.email from users u
     where not u.is_provider and u.state = 'active'
       and u.id in (select user_id from favourites group by 1 having count(*) >= 2)
       and u.id in (select customer_id from bookings group by 1 having count(*) >= 3)
     order by md5(u.id::text)";

const WORKERS_SQL: &str = "select u.id::text, u.email from users u
     join (select provider_id from bookings group by 1 having count(*) >= 25) busy on busy.provider_id = u.id
     order by md5(u.id::text)";

async fn column(db: &mut PgConnection, sql: String) -> Result<Vec<String>> {
    let rows = db.fetch_all(AssertSqlSafe(sql)).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

async fn people(db: &mut PgConnection, sql: &str, limit: usize) -> Result<Vec<Person>> {
    let rows = db.fetch_all(AssertSqlSafe(format!("{sql} limit {limit}"))).await?;
    let person = |row: &sqlx::postgres::PgRow| Ok(Person { id: row.try_get(0)?, email: row.try_get(1)? });
    rows.iter().map(person).collect()
}

async fn bookings(db: &mut PgConnection, customers: &[Person]) -> Result<Vec<(usize, String)>> {
    let mut bookings = Vec::new();
    for (number, customer) in customers.iter().enumerate() {
        let sql = format!("select id::text from bookings where customer_id = '{}' order by id", customer.id);
        bookings.extend(column(db, sql).await?.into_iter().map(|id| (number, id)));
    }
    Ok(bookings)
}

async fn towns(db: &mut PgConnection) -> Result<Vec<(f64, f64)>> {
    let sql = format!(
        "select latitude, longitude from providers where latitude is not null order by md5(user_id::text) limit {MANY}"
    );
    let rows = db.fetch_all(AssertSqlSafe(sql)).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

async fn offers(db: &mut PgConnection) -> Result<Vec<Offer>> {
    let sql = "select id::text
                 from (select distinct on (provider_id) id, provider_id from services where is_active
                        order by provider_id, duration_minutes) one
                order by md5(provider_id::text) limit 4000";
    Ok(column(db, sql.to_owned()).await?.into_iter().map(|service| Offer { service }).collect())
}

/// The two longest words of each title; titles with less are left out.
fn searches(titles: &[String]) -> Vec<String> {
    let mut searches: Vec<String> = titles
        .iter()
        .filter_map(|title| {
            let words =
                title.split(|letter: char| !letter.is_alphanumeric()).filter(|word| word.chars().count() > 3);
            let mut words: Vec<_> = words.map(str::to_lowercase).collect();
            words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
            words.truncate(2);
            (words.len() == 2).then(|| words.join(" "))
        })
        .collect();
    searches.truncate(MANY);
    searches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_the_two_longest_words_of_a_title() {
        let titles = ["Dog day care with a garden".to_owned(), "Bauendreinigung".to_owned()];
        assert_eq!(searches(&titles), ["garden care"]);
    }
}
