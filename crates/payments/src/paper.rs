//! Receipts and credit notes on paper, in the reader's language.

use documents::{Column, Paper, Table};
use platform::{error::ApiResult, locale::Language};

use crate::receipt::Receipt;

/// The receipt or credit note as a PDF file.
pub(crate) fn pdf(receipt: &Receipt, language: Language) -> ApiResult<Vec<u8>> {
    Ok(paper(receipt, language).pdf(receipt.content.issued_on).map_err(anyhow::Error::from)?)
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
    Paper {
        language: language.code().to_owned(),
        issuer: content.issuer.clone(),
        title: language.text(title, &[("number", &number)]),
        facts,
        table: Table {
            columns: vec![Column::words(word("item"), 3.0), Column::numbers(word("amount"), 1.0)],
            rows: vec![vec![content.title.clone(), total.clone()]],
        },
        sums: std::iter::once((word("total"), total)).chain(tenders).collect(),
        notes: Vec::new(),
    }
}
