//! What a JSON text of a request must be beyond its grammar: every member once, and no deeper than anything of ours.

use std::collections::HashSet;

/// Deepest nesting of objects and lists.
const MAX_DEPTH: usize = 64;

/// Whose `null`s are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// All members that are `null`: they say the same as if they were not there.
    Omit,
    /// The same, but for those of the outermost object, where a patch resets what it names.
    KeepOutermost,
}

/// The same text without white space and without members that are `null`. `None` where it is no JSON, names a member
/// of an object twice, or nests too deeply.
pub(crate) fn normalize(text: &[u8], nulls: Nulls) -> Option<Vec<u8>> {
    std::str::from_utf8(text).ok()?;
    // Reads without recursion, and proves the grammar that the scanner below takes for granted.
    serde_json::from_slice::<serde::de::IgnoredAny>(text).ok()?;
    let mut scanner = Scanner { rest: text, out: Vec::with_capacity(text.len()), nulls };
    scanner.value(0)?;
    Some(scanner.out)
}

struct Scanner<'a> {
    rest: &'a [u8],
    out: Vec<u8>,
    nulls: Nulls,
}

impl<'a> Scanner<'a> {
    fn value(&mut self, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b'"' => self.string().map(drop),
            _ => {
                let is_end = |byte: &u8| b",]}".contains(byte) || byte.is_ascii_whitespace();
                let length = self.rest.iter().position(is_end).unwrap_or(self.rest.len());
                self.copy(length).map(drop)
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        let mut names = HashSet::new();
        let keeps_nulls = depth == 0 && self.nulls == Nulls::KeepOutermost;
        self.copy(1)?;
        while self.peek()? != b'}' {
            self.skip_comma()?;
            let before = self.out.len();
            if !names.is_empty() && self.out.last() != Some(&b'{') {
                self.out.push(b',');
            }
            if !names.insert(self.string()?) {
                return None;
            }
            self.peek()?;
            self.copy(1)?;
            self.peek()?;
            let is_null = self.rest.starts_with(b"null");
            self.value(depth + 1)?;
            if is_null && !keeps_nulls {
                self.out.truncate(before);
            }
        }
        self.copy(1).map(drop)
    }

    fn list(&mut self, depth: usize) -> Option<()> {
        self.copy(1)?;
        while self.peek()? != b']' {
            if self.rest.first() == Some(&b',') {
                self.copy(1)?;
            }
            self.value(depth + 1)?;
        }
        self.copy(1).map(drop)
    }

    /// Copies a string, and gives what it stands for: a name may be written with escapes.
    fn string(&mut self) -> Option<String> {
        self.peek()?;
        let mut length = 1;
        while *self.rest.get(length)? != b'"' {
            length += if self.rest.get(length) == Some(&b'\\') { 2 } else { 1 };
        }
        serde_json::from_slice(self.copy(length + 1)?).ok()
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied()
    }

    fn skip_comma(&mut self) -> Option<()> {
        if self.peek()? == b',' {
            self.rest = self.rest.get(1..)?;
        }
        Some(())
    }

    fn copy(&mut self, length: usize) -> Option<&'a [u8]> {
        let (copied, rest) = self.rest.split_at_checked(length)?;
        self.out.extend_from_slice(copied);
        self.rest = rest;
        Some(copied)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> Option<String> {
        normalize(text.as_bytes(), Nulls::Omit).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn members_that_are_null_are_left_out() {
        for (text, expected) in [
            (r#" { "a" : null , "b" : 1.50 } "#, r#"{"b":1.50}"#),
            (r#"{"a":1,"b":null}"#, r#"{"a":1}"#),
            (r#"{"a":null}"#, "{}"),
            (
                r#"{"a":null,"b":null,"c":{"d":null,"e":[null,{"f":null}]},"g":""}"#,
                r#"{"c":{"e":[null,{}]},"g":""}"#,
            ),
            (r#"{"a":"null","b":"x\"y{,}","c":[1, 2 ,[]]}"#, r#"{"a":"null","b":"x\"y{,}","c":[1,2,[]]}"#),
            ("null", "null"),
            (" 1e999 ", "1e999"),
        ] {
            assert_eq!(normal(text).as_deref(), Some(expected), "{text}");
        }
        let patch = normalize(br#"{"a":null,"b":{"c":null}}"#, Nulls::KeepOutermost);
        assert_eq!(patch.as_deref(), Some(br#"{"a":null,"b":{}}"#.as_slice()));
    }

    #[test]
    fn a_member_is_there_once() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":1}"#,
            r#"{"a":null,"a":1}"#,
            r#"{"a":1,"a":null}"#,
            r#"{"x":[{"b":{"a":1,"c":2,"a":3}}]}"#,
        ] {
            assert_eq!(normal(text), None, "{text}");
        }
        assert!(normal(r#"[{"a":1},{"a":1,"b":{"a":1}}]"#).is_some());
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in
            ["", "{", "{}x", "{,}", r#"{"a":1,}"#, "[1,]", "nul", "\"\\ud800\"", "'a'", "{a:1}", "\u{feff}{}"]
        {
            assert_eq!(normal(text), None, "{text}");
        }
        assert_eq!(normalize(b"{\"a\":\"\xff\"}", Nulls::Omit), None);
        let nested = |depth: usize| normal(&("[".repeat(depth) + &"]".repeat(depth)));
        assert!(nested(MAX_DEPTH).is_some() && nested(MAX_DEPTH + 2).is_none() && nested(100_000).is_none());
    }
}
