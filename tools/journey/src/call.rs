//! One call: who makes it, what it sends, and what must come back.

use reqwest::{Method, multipart::Form};
use serde_json::Value;

use crate::{
    answer::{Answer, check_problem},
    client::Client,
    people::Person,
};

/// Said where nothing is wrong but the number of journeys.
const HELD_BACK: &str = "; the server holds back who signs up and asks for mails often: wait, \
    or start it with LIMIT_SIGN_INS=false";

/// What a call sends.
pub enum Body {
    /// Nothing.
    None,
    /// JSON.
    Json(Value),
    /// These bytes under this content type.
    Raw(&'static str, Vec<u8>),
    /// Files and texts.
    Form(Form),
}

/// A call that has not been made yet.
pub struct Call<'a> {
    client: &'a Client,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) token: Option<String>,
    pub(crate) who: Option<&'static str>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
    pub(crate) quiet: bool,
}

impl<'a> Call<'a> {
    pub(crate) fn new(client: &'a Client, method: Method, path: &str) -> Self {
        Self {
            client,
            method,
            path: path.to_owned(),
            query: Vec::new(),
            token: None,
            who: None,
            headers: Vec::new(),
            body: Body::None,
            quiet: false,
        }
    }

    /// Signed in as somebody.
    pub fn by(mut self, person: &Person) -> Self {
        self.token = Some(person.access.clone());
        self.who = Some(person.first_name);
        self
    }

    /// With this access token.
    pub fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// With one more parameter.
    #[expect(clippy::needless_pass_by_value, reason = "a borrow at each of the calls would only be noise")]
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// With one more header.
    #[expect(clippy::needless_pass_by_value, reason = "a borrow at each of the calls would only be noise")]
    pub fn header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// With a JSON body.
    pub fn json(mut self, body: Value) -> Self {
        self.body = Body::Json(body);
        self
    }

    /// With any body.
    pub fn raw(mut self, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Body::Raw(content_type, body.into());
        self
    }

    /// With a form.
    pub fn form(mut self, form: Form) -> Self {
        self.body = Body::Form(form);
        self
    }

    /// Without being printed: for calls that are repeated until something has happened.
    pub fn quietly(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Makes the call; the answer must have this status, and what every answer has.
    pub async fn expect(self, expected: u16) -> anyhow::Result<Answer> {
        let client = self.client;
        let (status, answer) = client.send(self).await?;
        if status != expected {
            let hint = if status == 429 { HELD_BACK } else { "" };
            return Err(answer.wrong(format_args!("the status should be {expected}, but is {status}{hint}")));
        }
        if status >= 400 {
            check_problem(&answer, status)?;
        }
        answer.header("x-request-id")?;
        answer.header_is("x-content-type-options", "nosniff")?;
        Ok(answer)
    }

    /// Makes the call; the answer must be a page for people with this status.
    pub async fn page(self, expected: u16) -> anyhow::Result<Answer> {
        let client = self.client;
        let (status, answer) = client.send(self).await?;
        answer.check(status == expected, format_args!("the status should be {expected}, but is {status}"))?;
        let content_type = answer.header("content-type")?;
        answer.check(content_type.starts_with("text/html"), format_args!("not a page: {content_type}"))?;
        answer.header("content-security-policy")?;
        answer.is_private()?;
        Ok(answer)
    }

    /// Makes the call; it must be refused with this status and code.
    pub async fn refused(self, status: u16, code: &str) -> anyhow::Result<Answer> {
        let answer = self.expect(status).await?;
        answer.is("code", code)?;
        Ok(answer)
    }

    /// Makes the call; it must be refused, whatever the reason.
    pub async fn refused_somehow(self) -> anyhow::Result<(u16, Answer)> {
        let client = self.client;
        let (status, answer) = client.send(self).await?;
        answer.check((400..500).contains(&status), format_args!("it should be refused, but is {status}"))?;
        check_problem(&answer, status)?;
        Ok((status, answer))
    }

    /// Makes the call; it must be refused with 422 `validation_failed`, and name this field.
    pub async fn invalid(self, field: &str) -> anyhow::Result<Answer> {
        let answer = self.refused(422, "validation_failed").await?;
        let named = answer.at("errors")?.get(field).is_some();
        answer.check(named, format_args!("errors should name {field}"))?;
        Ok(answer)
    }
}
