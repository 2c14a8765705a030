//! How partners know that a message is ours, and whole: <https://www.standardwebhooks.com>.

use anyhow::Context as _;
use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use platform::crypto;

/// What secrets begin with where people see them.
const PREFIX: &str = "whsec_";

/// A secret that an endpoint shares with us.
#[derive(Clone)]
pub(crate) struct Secret([u8; 32]);

impl Secret {
    /// A new one.
    pub(crate) fn random() -> anyhow::Result<Self> {
        crypto::random().map(Self)
    }

    /// As partners enter it.
    pub(crate) fn text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(self.0))
    }

    /// As it is kept.
    pub(crate) fn seal(&self, secrets: &crypto::Secrets) -> anyhow::Result<Vec<u8>> {
        secrets.seal(&self.0)
    }

    /// One that was kept.
    pub(crate) fn open(secrets: &crypto::Secrets, sealed: &[u8]) -> anyhow::Result<Self> {
        secrets.open(sealed)?.try_into().ok().context("a secret of another length").map(Self)
    }

    fn sign(&self, message: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        format!("v1,{}", STANDARD.encode(hmac::sign(&key, message)))
    }
}

/// The header's value: one signature for each secret, so that a partner may know either.
pub(crate) fn sign(secrets: &[Secret], id: &str, timestamp: i64, body: &str) -> String {
    let message = format!("{id}.{timestamp}.{body}");
    let signatures: Vec<String> = secrets.iter().map(|secret| secret.sign(message.as_bytes())).collect();
    signatures.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_the_standard_says() {
        // The example of the standard's own libraries, whose secret has 24 bytes.
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let message = br#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#;
        let signature = STANDARD.encode(hmac::sign(&key, message));
        assert_eq!(signature, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn the_standards_own_library_agrees() {
        let (one, two) = (Secret([1; 32]), Secret([0xfe; 32]));
        let signed = sign(&[one.clone(), two.clone()], "some-id", 1_700_000_000, r#"{"ä":1}"#);
        let theirs = |secret: &Secret| {
            let partner = standardwebhooks::Webhook::new(&secret.text()).unwrap();
            partner.sign("some-id", 1_700_000_000, r#"{"ä":1}"#.as_bytes()).unwrap()
        };
        assert_eq!(signed, format!("{} {}", theirs(&one), theirs(&two)));
    }

    #[test]
    fn secrets_are_new_and_whole() {
        let keys = crypto::Secrets::derive(&"a secret that is only used in tests".to_owned().into()).unwrap();
        let secret = Secret::random().unwrap();
        assert_ne!(secret.text(), Secret::random().unwrap().text());
        assert_eq!(secret.text().len(), PREFIX.len() + 44);
        let sealed = secret.seal(&keys).unwrap();
        assert_eq!(Secret::open(&keys, &sealed).unwrap().text(), secret.text());
        assert!(Secret::open(&keys, &keys.seal(b"short").unwrap()).is_err());
    }
}
