//! An answer of the server, and the checks that end the journey when it is not what the contract says.

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::{
    shape::{Kind, Shape, cents, misfit, shortened},
    shapes,
};

/// What came back.
pub struct Answer {
    /// The call and the status: `GET /services/ -> 200`.
    pub about: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The JSON body; `null` where there is none.
    pub body: Value,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

/// Where a field stands: `results.0.id`.
pub fn find<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, part| match value {
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        _ => value.get(part),
    })
}

impl Answer {
    /// A failure that names the call and shows the answer.
    pub fn wrong(&self, what: impl std::fmt::Display) -> anyhow::Error {
        let shown = if self.body.is_null() {
            String::from_utf8_lossy(&self.bytes).into_owned()
        } else {
            self.body.to_string()
        };
        anyhow::anyhow!("{}: {what}\n  the answer was {}", self.about, shortened(&shown, 2000))
    }

    /// Ends the journey unless `fine`.
    pub fn check(&self, fine: bool, what: impl std::fmt::Display) -> anyhow::Result<&Self> {
        if fine { Ok(self) } else { Err(self.wrong(what)) }
    }

    /// The fields of `shape` are there and have their types.
    pub fn fits(&self, shape: &'static Shape) -> anyhow::Result<&Self> {
        self.field_fits("", Kind::Is(shape))
    }

    /// The same for the field at `path`; `""` is the whole body.
    pub fn field_fits(&self, path: &str, kind: Kind) -> anyhow::Result<&Self> {
        let value = if path.is_empty() { &self.body } else { self.at(path)? };
        match misfit(path, value, kind) {
            Some(what) => Err(self.wrong(what)),
            None => Ok(self),
        }
    }

    /// It is a list of the contract, and each item fits.
    pub fn lists(&self, shape: &'static Shape) -> anyhow::Result<&Self> {
        self.fits(shapes::PAGE)?;
        for (index, item) in self.results()?.iter().enumerate() {
            if let Some(what) = misfit(&format!("results.{index}"), item, Kind::Is(shape)) {
                return Err(self.wrong(what));
            }
        }
        Ok(self)
    }

    /// The field at `path`.
    pub fn at(&self, path: &str) -> anyhow::Result<&Value> {
        find(&self.body, path).ok_or_else(|| self.wrong(format_args!("the field {path} is missing")))
    }

    /// The string at `path`.
    pub fn text(&self, path: &str) -> anyhow::Result<String> {
        let value = self.at(path)?;
        let text = value
            .as_str()
            .ok_or_else(|| self.wrong(format_args!("{path} should be a string, but is {value}")))?;
        Ok(text.to_owned())
    }

    /// The whole number at `path`.
    pub fn number(&self, path: &str) -> anyhow::Result<i64> {
        let value = self.at(path)?;
        value
            .as_i64()
            .ok_or_else(|| self.wrong(format_args!("{path} should be a whole number, but is {value}")))
    }

    /// The amount at `path`, in cents.
    pub fn money(&self, path: &str) -> anyhow::Result<i64> {
        let value = self.at(path)?;
        cents(value).ok_or_else(|| self.wrong(format_args!("{path} should be an amount, but is {value}")))
    }

    /// The instant at `path`.
    pub fn instant(&self, path: &str) -> anyhow::Result<Timestamp> {
        self.text(path)?.parse().map_err(|error| self.wrong(format_args!("{path} is no instant: {error}")))
    }

    /// The field at `path` is exactly this.
    pub fn is(&self, path: &str, expected: impl Into<Value>) -> anyhow::Result<&Self> {
        let expected = expected.into();
        let actual = self.at(path)?;
        // 49.9 and 49.90 are one number, however it is written.
        let same = actual == &expected || (cents(actual).is_some() && cents(actual) == cents(&expected));
        self.check(same, format_args!("{path} should be {expected}, but is {actual}"))
    }

    /// The header `name`.
    pub fn header(&self, name: &str) -> anyhow::Result<String> {
        let value = self
            .headers
            .get(name)
            .with_context(|| format!("{}: the header {name} is missing", self.about))?;
        Ok(value
            .to_str()
            .with_context(|| format!("{}: the header {name} is not text", self.about))?
            .to_owned())
    }

    /// The header `name` is exactly this.
    pub fn header_is(&self, name: &str, expected: &str) -> anyhow::Result<&Self> {
        let actual = self.header(name)?;
        self.check(
            actual == expected,
            format_args!("the header {name} should be {expected}, but is {actual}"),
        )
    }

    /// Nobody between the server and the app may keep it.
    pub fn is_private(&self) -> anyhow::Result<&Self> {
        let cache = self.header("cache-control")?;
        self.check(
            cache.contains("no-store"),
            format_args!("Cache-Control should be no-store, but is {cache}"),
        )
    }

    /// The items of a list.
    pub fn results(&self) -> anyhow::Result<&Vec<Value>> {
        self.list("results")
    }

    /// The list at `path`.
    pub fn list(&self, path: &str) -> anyhow::Result<&Vec<Value>> {
        let value = self.at(path)?;
        value.as_array().ok_or_else(|| self.wrong(format_args!("{path} should be a list, but is {value}")))
    }

    /// The item of a list whose `id` this is, if it is there.
    pub fn item(&self, id: &str) -> anyhow::Result<Option<&Value>> {
        Ok(self.results()?.iter().find(|item| item.get("id").and_then(Value::as_str) == Some(id)))
    }

    /// The list has an item with this id.
    pub fn has(&self, id: &str) -> anyhow::Result<&Value> {
        self.item(id)?.ok_or_else(|| self.wrong(format_args!("the list should have {id}")))
    }

    /// The list has no item with this id.
    pub fn has_not(&self, id: &str) -> anyhow::Result<&Self> {
        let found = self.item(id)?.is_some();
        self.check(!found, format_args!("the list should not have {id}"))
    }

    /// The fields that both have are the same.
    pub fn same_as(&self, other: &Self, paths: &[&str]) -> anyhow::Result<&Self> {
        for path in paths {
            self.is(path, other.at(path)?.clone())
                .with_context(|| format!("compared with {}", other.about))?;
        }
        Ok(self)
    }
}

/// What every refusal has in common.
pub fn check_problem(answer: &Answer, status: u16) -> anyhow::Result<()> {
    let content_type = answer.header("content-type")?;
    answer.check(
        content_type.starts_with("application/problem+json"),
        format_args!("the Content-Type should be application/problem+json, but is {content_type}"),
    )?;
    answer.fits(shapes::PROBLEM)?.is("status", status)?.is("success", false)?;
    answer.is("request_id", answer.header("x-request-id")?)?;
    if status == 401 {
        answer.header("www-authenticate")?;
    }
    if status == 405 {
        answer.header("allow")?;
    }
    if matches!(status, 429 | 503) {
        let wait = answer.header("retry-after")?;
        ensure!(
            wait.parse::<u32>().is_ok(),
            "{}: Retry-After should be seconds, but is {wait}",
            answer.about
        );
    }
    for (field, sentences) in answer.at("errors")?.as_object().into_iter().flatten() {
        if let Some(what) = misfit(&format!("errors.{field}"), sentences, Kind::Each(&Kind::Word)) {
            bail!(answer.wrong(what));
        }
    }
    Ok(())
}
