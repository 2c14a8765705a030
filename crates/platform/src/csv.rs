//! Cells of CSV files (RFC 4180) that are opened by spreadsheets.

/// A text as a cell. What begins like a formula would be reckoned by whoever opens the file: it begins with an apostrophe
/// then.
pub fn text(text: &str) -> String {
    let is_formula = text.trim_start().starts_with(['=', '+', '-', '@', '|', '%'])
        || text.starts_with(['\t', '\r', '\n'])
        || text.starts_with(['＝', '＋', '－', '＠']);
    let mark = if is_formula { "'" } else { "" };
    format!("\"{mark}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn no_text_is_a_formula_or_leaves_its_cell() {
        for (written, cell) in [
            ("Window cleaning", "\"Window cleaning\""),
            ("a \"good\" one, really", "\"a \"\"good\"\" one, really\""),
            ("=1+1", "\"'=1+1\""),
            ("+49", "\"'+49\""),
            ("-5", "\"'-5\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("  =HYPERLINK(\"http://evil\")", "\"'  =HYPERLINK(\"\"http://evil\"\")\""),
            ("\t=1", "\"'\t=1\""),
            ("＝1", "\"'＝1\""),
            ("|cmd", "\"'|cmd\""),
            ("", "\"\""),
        ] {
            assert_eq!(text(written), cell);
        }
    }
}
