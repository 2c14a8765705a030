//! Papers that people keep: receipts, credit notes, statements. A [`Paper`] says what is on it, in words that are
//! ready to be read; [`Paper::pdf`] lays it out on as many A4 pages as it needs.
//!
//! The same paper is the same file, byte by byte.

#![expect(clippy::float_arithmetic, reason = "lengths on paper")]

mod fallback;
mod font;
mod layout;

use font::readable;
use jiff::civil::Date;
use krilla::{
    Document, SerializeSettings,
    metadata::{DateTime, Metadata},
};

pub use self::fallback::{load_fonts, missing_scripts};

/// What is on a paper, from top to bottom.
#[derive(Clone, Debug, Default)]
pub struct Paper {
    /// Of the texts: `en`, `de`, `it`.
    pub language: String,
    /// Who issues it: name, address, tax number; one line each.
    pub issuer: Vec<String>,
    /// What it is: `Receipt SB-00000012`.
    pub title: String,
    /// Who it is for, what it is about: names and values.
    pub facts: Vec<(String, String)>,
    /// What it lists.
    pub table: Table,
    /// What it comes to, below the table's last column: names and values.
    pub sums: Vec<(String, String)>,
    /// What else is to be said.
    pub notes: Vec<String>,
}

/// Rows below a heading.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// From left to right.
    pub columns: Vec<Column>,
    /// Each with a cell for each column.
    pub rows: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its heading.
    pub title: String,
    /// How wide it is beside the others.
    pub share: f32,
    /// Whether it holds numbers, which stand at its right edge.
    pub is_number: bool,
}

impl Column {
    /// A column of words.
    pub fn words(title: impl Into<String>, share: f32) -> Self {
        Self { title: title.into(), share, is_number: false }
    }

    /// A column of numbers.
    pub fn numbers(title: impl Into<String>, share: f32) -> Self {
        Self { title: title.into(), share, is_number: true }
    }
}

/// A paper that could not be made: a mistake of ours.
#[derive(Debug, thiserror::Error)]
#[error("a document could not be made: {0}")]
pub struct DocumentError(String);

impl Paper {
    /// The same in letters that there are fonts for.
    fn readable(&self) -> Self {
        let text = |text: &String| readable(text).into_owned();
        let pair = |(name, value): &(String, String)| (text(name), text(value));
        let column = |column: &Column| Column { title: text(&column.title), ..column.clone() };
        Self {
            language: self.language.clone(),
            issuer: self.issuer.iter().map(text).collect(),
            title: text(&self.title),
            facts: self.facts.iter().map(pair).collect(),
            table: Table {
                columns: self.table.columns.iter().map(column).collect(),
                rows: self.table.rows.iter().map(|row| row.iter().map(text).collect()).collect(),
            },
            sums: self.sums.iter().map(pair).collect(),
            notes: self.notes.iter().map(text).collect(),
        }
    }

    /// The paper as a PDF file that says it was made on this day.
    pub fn pdf(&self, issued: Date) -> Result<Vec<u8>, DocumentError> {
        let mut document = Document::new_with(SerializeSettings::default());
        let part = |part: i8| u8::try_from(part).unwrap_or(1);
        let year = u16::try_from(issued.year()).unwrap_or_default();
        let (month, day) = (part(issued.month()), part(issued.day()));
        let metadata = Metadata::new()
            .title(self.title.clone())
            .language(self.language.clone())
            .authors(self.issuer.first().cloned().into_iter().collect())
            .creation_date(DateTime::new(year).month(month).day(day));
        document.set_metadata(metadata);
        layout::draw(&self.readable(), &mut document)?;
        document.finish().map_err(|error| DocumentError(format!("{error:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paper(rows: usize) -> Paper {
        let cell = |text: &str| text.to_owned();
        Paper {
            language: cell("de"),
            issuer: vec![cell("SkillBuddy GmbH"), cell("Hauptstraße 1, 10115 Berlin")],
            title: cell("Beleg SB-00000012"),
            facts: vec![(cell("Kunde"), cell("Änne Größe"))],
            table: Table {
                columns: vec![Column::words("Leistung", 3.0), Column::numbers("Betrag", 1.0)],
                rows: (0..rows).map(|row| vec![format!("Fensterputzen {row}"), cell("49,90 €")]).collect(),
            },
            sums: vec![(cell("Summe"), cell("49,90 €"))],
            notes: vec!["Ein langer Satz. ".repeat(40)],
        }
    }

    const MADE: Date = Date::constant(2026, 3, 2);

    fn pages(pdf: &[u8]) -> usize {
        String::from_utf8_lossy(pdf).matches("/Type/Page/").count()
            + String::from_utf8_lossy(pdf).matches("/Type /Page\n").count()
    }

    #[test]
    fn the_same_paper_is_the_same_file() {
        let made = paper(3).pdf(MADE).unwrap();
        assert!(made.starts_with(b"%PDF-"));
        assert_eq!(made, paper(3).pdf(MADE).unwrap());
    }

    #[test]
    fn what_does_not_fit_on_a_page_goes_on_on_the_next() {
        let one = pages(&paper(3).pdf(MADE).unwrap());
        let many = pages(&paper(200).pdf(MADE).unwrap());
        assert!(one >= 1 && many >= 4 * one, "{one} and {many} pages");
    }

    #[test]
    fn no_text_breaks_a_paper() {
        for text in ["", " ", "\n\t\u{0}", "漢字 مرحبا 🙂", &"w".repeat(10_000), "a\u{301}\u{301}\u{301}"]
        {
            let mut odd = paper(2);
            odd.title = text.to_owned();
            odd.facts.push((text.to_owned(), text.to_owned()));
            odd.table.rows.push(vec![text.to_owned(), text.to_owned()]);
            odd.table.rows.push(Vec::new());
            assert!(odd.pdf(MADE).is_ok(), "{text:?}");
        }
    }
}
