//! A statement on paper, in the reader's language.

use documents::{Column, Paper, Table};
use jiff::{civil::Date, tz::TimeZone};
use platform::{config::MarketSettings, error::ApiResult, locale::Language, money::Money};

use super::earnings::TransactionView;
use crate::store::overview::Window;

/// What is on a statement.
pub(super) struct Statement<'a> {
    pub(super) market: &'a MarketSettings,
    pub(super) provider: &'a str,
    pub(super) window: Window,
    pub(super) today: Date,
    pub(super) zone: &'a TimeZone,
    /// The oldest first.
    pub(super) lines: Vec<TransactionView>,
    /// Gross, our share, and what is left, of all lines but withdrawals.
    pub(super) sums: [Money; 3],
    pub(super) language: Language,
}

impl Statement<'_> {
    /// Laid out beside the requests: thousands of lines take their time.
    pub(super) async fn pdf(&self) -> ApiResult<Vec<u8>> {
        // A period that is over gives the same file whenever it is asked for.
        let (paper, day) = (self.paper(), self.window.to.map_or(self.today, |to| to.min(self.today)));
        let made = tokio::task::spawn_blocking(move || paper.pdf(day)).await;
        Ok(made.map_err(anyhow::Error::from)?.map_err(anyhow::Error::from)?)
    }

    fn paper(&self) -> Paper {
        let word = |key: &str| self.language.text(&format!("statement-{key}"), &[]);
        let day = |date: Option<Date>| date.map_or_else(|| "…".to_owned(), |date| self.language.date(date));
        let period = format!("{} – {}", day(self.window.from), day(self.window.to.or(Some(self.today))));
        let [gross, fees, net] = self.sums.map(|sum| self.language.money(sum));
        Paper {
            language: self.language.code().to_owned(),
            issuer: std::iter::once(&self.market.legal_name)
                .chain(&self.market.legal_address)
                .cloned()
                .collect(),
            title: word("title"),
            facts: vec![(word("provider"), self.provider.to_owned()), (word("period"), period)],
            table: Table {
                columns: vec![
                    Column::words(word("date"), 3.0),
                    Column::words(word("what"), 5.0),
                    Column::numbers(word("gross"), 2.2),
                    Column::numbers(word("fees"), 2.2),
                    Column::numbers(word("net"), 2.2),
                ],
                rows: self.lines.iter().map(|line| self.row(line)).collect(),
            },
            sums: vec![(word("sum_gross"), gross), (word("sum_fees"), fees), (word("sum_net"), net)],
            notes: vec![word("note")],
        }
    }

    fn row(&self, line: &TransactionView) -> Vec<String> {
        let kind = self.language.text(&format!("statement-line_{}", <&str>::from(line.r#type)), &[]);
        let status = line.final_status.as_ref();
        let status = status.map(|status| self.language.text(&format!("statement-status_{status}"), &[]));
        let what = match line.service_title.as_ref().or(status.as_ref()) {
            Some(more) => format!("{kind}: {more}"),
            None => kind,
        };
        let money = |money| self.language.money(money);
        let date = self.zone.to_datetime(line.created_at.timestamp()).date();
        vec![self.language.date(date), what, money(line.gross), money(line.fees), money(line.amount)]
    }
}
