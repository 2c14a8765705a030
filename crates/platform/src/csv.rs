//! Cells of CSV files (RFC 4180) that are opened by spreadsheets.

/// The beginning of a file with these columns. Spreadsheets read what follows as UTF-8 only behind a byte order mark. Cells
/// are separated by commas and decimals by points in every language, so that programs read all files alike.
pub fn head(columns: &[&str]) -> String {
    format!("\u{feff}{}\r\n", columns.join(","))
}

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
    use super::{head, text};

    #[test]
    fn a_file_says_that_it_is_utf_8() {
        assert_eq!(head(&["date", "type"]).as_bytes(), b"\xef\xbb\xbfdate,type\r\n");
    }

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
