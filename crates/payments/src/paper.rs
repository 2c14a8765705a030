//! Receipts and credit notes on paper, in the reader's language.

use documents::{Column, Paper, Table};
use platform::{error::ApiResult, locale::Language};

use crate::receipt::{Line, Receipt};

/// The receipt or credit note as a PDF file.
pub(crate) fn pdf(receipt: &Receipt, language: Language) -> ApiResult<Vec<u8>> {
    Ok(paper(receipt, language).pdf(receipt.content.issued_on).map_err(anyhow::Error::from)?)
}

/// The service, or what it and others cost.
fn rows(receipt: &Receipt, language: Language) -> Vec<Vec<String>> {
    let content = &receipt.content;
    let row = |what: String, minor| vec![what, language.money(receipt.money(minor))];
    let line = |line: &Line| match line.kind.as_str() {
        "service" => row(content.title.clone(), line.amount_minor),
        kind => row(language.text(&format!("receipt-line_{kind}"), &[]), line.amount_minor),
    };
    if content.lines.is_empty() {
        vec![row(content.title.clone(), content.amount_minor)]
    } else {
        content.lines.iter().map(line).collect()
    }
}

/// The tax that the price contains, where there is some.
fn tax(receipt: &Receipt, language: Language) -> Option<(String, String)> {
    let tax = receipt.content.tax.as_ref().filter(|tax| tax.rate_bps > 0)?;
    let (whole, rest) = (tax.rate_bps / 100, tax.rate_bps % 100);
    let separator = if language == Language::En { '.' } else { ',' };
    let rate = if rest == 0 { whole.to_string() } else { format!("{whole}{separator}{rest:02}") };
    let name = language.text("receipt-contained_tax", &[("rate", &rate)]);
    Some((name, language.money(receipt.money(tax.tax_minor))))
}

fn paper(receipt: &Receipt, language: Language) -> Paper {
    let content = &receipt.content;
    let word = |key: &str| language.text(&format!("receipt-{key}"), &[]);
    let number = receipt.name();
    let title = if receipt.refund_id.is_some() { "receipt-credit_note" } else { "receipt-receipt" };
    let mut facts = vec![
        (word("issued_on"), language.date(content.issued_on)),
        (word("customer"), content.customer.clone()),
        (word("provider"), content.provider.clone()),
    ];
    let optional =
        [("booking", &content.reference), ("corrects", &content.corrects), ("reason", &content.reason)];
    facts.extend(optional.into_iter().filter_map(|(key, value)| Some((word(key), value.clone()?))));
    let tenders = content.tender.iter().map(|tender| {
        (word(&format!("tender_{}", tender.method)), language.money(receipt.money(tender.amount_minor)))
    });
    let total = language.money(receipt.amount());
    let tax_id = content.tax.as_ref().and_then(|tax| tax.tax_id.clone());
    facts.extend(tax_id.map(|id| (word("provider_tax"), id)));
    Paper {
        language: language.code().to_owned(),
        issuer: content.issuer.clone(),
        title: language.text(title, &[("number", &number)]),
        facts,
        table: Table {
            columns: vec![Column::words(word("item"), 3.0), Column::numbers(word("amount"), 1.0)],
            rows: rows(receipt, language),
        },
        sums: std::iter::once((word("total"), total)).chain(tax(receipt, language)).chain(tenders).collect(),
        notes: match &content.tax {
            Some(tax) if tax.is_small_business => vec![word("small_business")],
            _ => Vec::new(),
        },
    }
}
