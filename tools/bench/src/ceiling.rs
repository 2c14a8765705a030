//! The ceiling of an endpoint: what pgbench reaches with the best SQL for the same answer on the same data.
//!
//! A placeholder like `{service}` stands for a random value of the sample. It becomes an element of an array that
//! is part of the statement, so that pgbench, which knows only numbers, asks for something else each time and the
//! prepared statement nevertheless gets its generic plan.

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use sqlx::{AssertSqlSafe, Executor as _, PgConnection, Row as _};

use crate::{cpu::Watch, sample::Sample};

/// As many as keep two cores busy; more only wait.
const CLIENTS: &str = "8";

/// What ceilings write goes to copies of these tables: the server would work on it, or refuse it.
const COPIES: [(&str, &str); 8] = [
    ("bench_outbox", "outbox"),
    ("bench_history", "booking_history"),
    ("bench_payments", "payments"),
    ("bench_payment_operations", "payment_operations"),
    ("bench_ledger_transactions", "ledger_transactions"),
    ("bench_ledger_unsealed", "ledger_unsealed"),
    ("bench_ledger_accounts", "ledger_accounts"),
    ("bench_ledger_entries", "ledger_entries"),
];

/// Of long texts a few are enough: the statement would become too long.
const FEW: usize = 250;

/// pgbench and how it reaches the database.
#[derive(Debug)]
pub struct Ceilings {
    /// The program.
    pub program: PathBuf,
    /// The database.
    pub url: String,
    /// Where scripts are put.
    pub directory: PathBuf,
    placeholders: Vec<Placeholder>,
}

#[derive(Debug)]
struct Placeholder {
    name: &'static str,
    /// Placeholders with the same variable belong together.
    variable: &'static str,
    kind: &'static str,
    values: Vec<String>,
}

/// What pgbench reached.
#[derive(Clone, Copy, Debug)]
pub struct Reached {
    /// Transactions a second.
    pub rate: f64,
    /// Microseconds of the database's processor time a transaction.
    pub cost: f64,
}

impl Ceilings {
    /// Waits until the server has done what a load has left for later, as messages of the sandbox and mails: it does not
    /// belong to what is measured next. For a minute at most. Says how long that took; nothing where nothing was left.
    pub fn wait_for_jobs(&self) -> Result<Duration> {
        let began = Instant::now();
        for round in 0..600 {
            let mut psql = Command::new(self.program.with_file_name("psql"));
            psql.args(["-Atqc", "select count(*) from jobs where run_at <= now() and dead_at is null"]);
            let answer = psql.arg(&self.url).output()?;
            if answer.stdout.trim_ascii() == b"0" {
                return Ok(if round == 0 { Duration::ZERO } else { began.elapsed() });
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(began.elapsed())
    }

    /// Gets ready: scripts ask for what the sample has.
    pub async fn prepare(
        program: PathBuf,
        url: String,
        directory: PathBuf,
        sample: &Sample,
        db: &mut PgConnection,
    ) -> Result<Self> {
        std::fs::create_dir_all(&directory)?;
        db.execute("create sequence if not exists bench_slots").await?;
        for (copy, table) in COPIES {
            let sql = format!("create table if not exists {copy} (like {table} including all)");
            db.execute(AssertSqlSafe(sql)).await?;
        }
        let searches = SearchTerms::of(&sample.searches, db).await?;
        let place = |name, kind, values| Placeholder { name, variable: name, kind, values };
        let search = |name, values| Placeholder { name, variable: "search", kind: "tsquery", values };
        let ids = |people: &[crate::sample::Person]| people.iter().map(|person| person.id.clone()).collect();
        let placeholders = vec![
            place("service", "uuid", sample.services.clone()),
            place("provider", "uuid", sample.providers.clone()),
            place("category", "uuid", sample.categories.clone()),
            place("price", "bigint", sample.prices.clone()),
            place("center", "cube", sample.towns.iter().map(|(lat, lng)| on_sphere(*lat, *lng)).collect()),
            place("customer", "uuid", ids(&sample.customers)),
            place("worker", "uuid", ids(&sample.workers)),
            place("booking", "uuid", sample.bookings.iter().map(|(_, id)| id.clone()).collect()),
            place("beginning", "tsquery", beginnings(&sample.beginnings)),
            search("title", searches.title),
            search("described", searches.described),
            search("anywhere", searches.anywhere),
        ];
        Ok(Self { program, url, directory, placeholders })
    }

    /// Runs a statement for some seconds. One second more goes before them, in which connections are made and the
    /// statement is prepared.
    pub fn measure(&self, sql: &str, seconds: u64, watch: Watch) -> Result<Reached> {
        let script = self.directory.join("ceiling.sql");
        std::fs::write(&script, self.script(sql)?)?;
        // It says nothing at its very end, so it is given more time and stopped.
        let length = (seconds + 10).to_string();
        let wanted = usize::try_from(seconds)? + 1;
        let mut pgbench = Command::new(&self.program)
            .args(["-n", "-M", "prepared", "-P", "1", "-c", CLIENTS, "-j", "2", "-T", &length, "-f"])
            .arg(&script)
            .arg(&self.url)
            // What would be planned anew for each value is planned the same way again.
            .env("PGOPTIONS", "-c plan_cache_mode=force_generic_plan")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", self.program.display()))?;
        let mut said = String::new();
        let mut rates = Vec::new();
        let mut marks = Vec::new();
        for line in BufReader::new(pgbench.stderr.take().context("pgbench is mute")?).lines() {
            let line = line?;
            if let Some(rate) = rate_in(&line) {
                rates.push(rate);
                marks.push((Instant::now(), watch.read()));
            }
            said.push_str(&line);
            said.push('\n');
            if rates.len() == wanted {
                pgbench.kill()?;
                break;
            }
        }
        pgbench.wait()?;
        ensure!(rates.len() == wanted, "pgbench failed: {said}");
        let ((began, before), (ended, after)) = (&marks[0], &marks[wanted - 1]);
        let rate = rates[1..].iter().sum::<f64>() / seconds.max(1) as f64;
        let transactions = rate * ended.duration_since(*began).as_secs_f64();
        Ok(Reached { rate, cost: after.since(*before).database * 1e6 / transactions.max(1.0) })
    }

    fn script(&self, sql: &str) -> Result<String> {
        let mut head = String::new();
        let mut body: String =
            sql.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n");
        for placeholder in &self.placeholders {
            let Placeholder { name, variable, kind, values } = placeholder;
            let mark = format!("{{{name}}}");
            if !body.contains(&mark) {
                continue;
            }
            let set = format!("\\set {variable} random(1, {})\n", values.len());
            if !head.contains(&set) {
                head.push_str(&set);
            }
            body = body.replace(&mark, &format!("(select ({}::{kind}[])[:{variable}])", array(values)?));
        }
        Ok(format!("{head}{body}\n"))
    }
}

/// From a line like `progress: 2.0 s, 7561.3 tps, lat 1.056 ms stddev 0.412`.
fn rate_in(line: &str) -> Option<f64> {
    let (_, rest) = line.strip_prefix("progress:")?.split_once(',')?;
    rest.split_once("tps")?.0.trim().parse().ok()
}

/// An array as SQL writes it.
fn array(values: &[String]) -> Result<String> {
    let mut text = String::from("'{");
    for (index, value) in values.iter().enumerate() {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\'', "''");
        write!(text, "{}\"{escaped}\"", if index == 0 { "" } else { "," })?;
    }
    text.push_str("}'");
    Ok(text)
}

/// A place as a point on the unit sphere, as the index has it.
fn on_sphere(latitude: f64, longitude: f64) -> String {
    let (latitude, longitude) = (latitude.to_radians(), longitude.to_radians());
    format!(
        "({}, {}, {})",
        latitude.cos() * longitude.cos(),
        latitude.cos() * longitude.sin(),
        latitude.sin()
    )
}

/// Searches in the form of the index: each lexeme with its tier, where it stands, and its language.
struct SearchTerms {
    title: Vec<String>,
    described: Vec<String>,
    anywhere: Vec<String>,
}

impl SearchTerms {
    async fn of(searches: &[String], db: &mut PgConnection) -> Result<Self> {
        let mut terms = Self { title: Vec::new(), described: Vec::new(), anywhere: Vec::new() };
        for search in searches.iter().take(FEW) {
            let mut lexemes = Vec::new();
            for word in search.split(' ').filter(|word| word.chars().all(char::is_alphanumeric)) {
                let sql = format!(
                    "select search_lexemes('search_en', '{word}')::text[], search_lexemes('search_plain', '{word}')::text[]"
                );
                let row = db.fetch_one(AssertSqlSafe(sql)).await?;
                let (stems, plain): (Vec<String>, Vec<String>) = (row.try_get(0)?, row.try_get(1)?);
                if !stems.is_empty() {
                    lexemes.push((stems, plain));
                }
            }
            terms.title.push(query(&lexemes, "", ""));
            terms.described.push(query(&lexemes, "be", ""));
            terms.anywhere.push(query(&lexemes, "be", "n"));
        }
        Ok(terms)
    }
}

/// Titles with a word that begins so, in any tier.
fn beginnings(beginnings: &[String]) -> Vec<String> {
    let query = |beginning: &String| {
        let tiers = (0..4).map(|tier| format!("'{tier}ae{beginning}':*|'{tier}pe{beginning}':*"));
        tiers.collect::<Vec<_>>().join("|")
    };
    beginnings.iter().take(FEW).map(query).collect()
}

/// All words, each as a stem or as it is, in any tier.
fn query(words: &[(Vec<String>, Vec<String>)], description: &str, name: &str) -> String {
    let tiers = (0..4).map(|tier| {
        let words = words.iter().map(|(stems, plain)| {
            let mut places: Vec<String> = stems.iter().map(|word| format!("'{tier}ae{word}'")).collect();
            places.extend(plain.iter().map(|word| format!("'{tier}pe{word}'")));
            if !description.is_empty() {
                places.extend(stems.iter().map(|word| format!("'{tier}{description}{word}'")));
            }
            if !name.is_empty() {
                places.extend(plain.iter().map(|word| format!("'{tier}{name}{word}'")));
            }
            format!("({})", places.join("|"))
        });
        format!("({})", words.collect::<Vec<_>>().join("&"))
    });
    tiers.collect::<Vec<_>>().join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_lines_have_the_rate_in_them() {
        assert_eq!(rate_in("progress: 2.0 s, 7561.3 tps, lat 1.056 ms stddev 0.412, 0 failed"), Some(7561.3));
        assert_eq!(rate_in("pgbench (15.18)"), None);
    }

    #[test]
    fn values_are_quoted_twice() {
        assert_eq!(array(&["a'b".to_owned(), "c\"d".to_owned()]).unwrap(), "'{\"a''b\",\"c\\\"d\"}'");
    }
}
