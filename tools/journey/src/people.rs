//! The people of the story; their addresses and numbers are new in every run.

use serde_json::{Value, json};

use crate::answer::Answer;

/// Somebody with an account.
#[derive(Clone, Debug)]
pub struct Person {
    /// Stands in the printed calls.
    pub first_name: &'static str,
    /// First and last name.
    pub name: String,
    /// Their mail address.
    pub email: String,
    /// Their number.
    pub phone: String,
    /// Their password.
    pub password: String,
    /// The language they read.
    pub language: &'static str,
    /// Their id, once signed up.
    pub id: String,
    /// Their access token, once signed up.
    pub access: String,
    /// Their refresh token, once signed up.
    pub refresh: String,
}

impl Person {
    /// Somebody who has no account yet; `tag` makes the address unique, `digits` the number.
    pub fn new(
        first_name: &'static str,
        last_name: &str,
        language: &'static str,
        tag: &str,
        digits: u32,
    ) -> Self {
        Self {
            first_name,
            name: format!("{first_name} {last_name}"),
            email: format!("{}.{tag}@journey.example", first_name.to_lowercase()),
            // German mobile numbers: 151 and eight digits.
            phone: format!("+49151{:08}", digits % 100_000_000),
            password: format!("lantern-{tag}-orchard"),
            language,
            id: String::new(),
            access: String::new(),
            refresh: String::new(),
        }
    }

    /// What they send to sign up.
    pub fn sign_up(&self) -> Value {
        json!({
            "email": self.email,
            "password": self.password,
            "name": self.name,
            "phone_number": self.phone,
            "language": self.language,
        })
    }

    /// What they send to sign in.
    pub fn sign_in(&self, device: &str) -> Value {
        json!({"email": self.email, "password": self.password, "device_name": device})
    }

    /// Keeps the tokens of an answer.
    pub fn keep_tokens(&mut self, answer: &Answer) -> anyhow::Result<()> {
        self.access = answer.text("access")?;
        self.refresh = answer.text("refresh")?;
        Ok(())
    }
}
