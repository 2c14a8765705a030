//! The table, for a terminal or as Markdown.

use crate::measure::Row;

const HEADS: [&str; 16] = [
    "endpoint",
    "answered",
    "req/s",
    "ceiling",
    "ratio",
    "budget",
    "p50 ms",
    "p99 ms",
    "p99 at half",
    "held/s",
    "p99 at half",
    "server µs",
    "PG µs",
    "PG at ceiling",
    "client µs",
    "remark",
];

/// Lines of the table's head.
pub fn head(markdown: bool) -> String {
    if markdown {
        format!(
            "| {} |\n|{}",
            HEADS.join(" | "),
            "---|---|---:|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|"
        )
    } else {
        line(&HEADS.map(str::to_owned), false)
    }
}

/// The line of a row.
pub fn row(row: &Row, markdown: bool) -> String {
    let ratio = row.ratio.unwrap_or_default();
    let budget = row.budget.filter(|_| row.ratio.is_some());
    let verdict = budget.map_or_else(String::new, |budget| {
        if ratio >= budget { format!("{budget} met") } else { format!("{budget} MISSED") }
    });
    let optional = |figure: Option<f64>, digits: usize| {
        figure.map_or_else(String::new, |figure| format!("{figure:.digits$}"))
    };
    let at_ceiling = row.ceiling.map(|_| row.database_at_ceiling);
    let cells = [
        row.name.to_owned(),
        if row.from_memory { "from memory" } else { "uncached" }.to_owned(),
        format!("{:.0}", row.rate),
        optional(row.ceiling, 0),
        optional(row.ratio, 2),
        verdict,
        format!("{:.2}", row.median),
        format!("{:.2}", row.p99),
        format!("{:.2}", row.p99_at_half),
        optional(row.held.map(|(rate, _)| rate), 0),
        optional(row.held.map(|(_, p99)| p99), 2),
        format!("{:.0}", row.server),
        format!("{:.0}", row.database),
        optional(at_ceiling, 0),
        format!("{:.0}", row.generator),
        row.remark.unwrap_or_default().to_owned(),
    ];
    line(&cells, markdown)
}

fn line(cells: &[String], markdown: bool) -> String {
    const WIDTHS: [usize; 16] = [20, 11, 8, 8, 6, 11, 7, 7, 11, 7, 11, 9, 7, 13, 9, 0];
    if markdown {
        return format!("| {} |", cells.join(" | "));
    }
    let padded = cells.iter().zip(WIDTHS).enumerate().map(|(index, (cell, width))| match index {
        0 | 1 | 5 | 15 => format!("{cell:<width$}"),
        _ => format!("{cell:>width$}"),
    });
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}
