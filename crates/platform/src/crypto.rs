//! Keys that derive from the server's one secret, and what is done with them: seal, fingerprint, hash.

use anyhow::Context as _;
use aws_lc_rs::{aead, digest, hkdf, hmac, rand};
use secrecy::{ExposeSecret as _, SecretString};

/// Everything that needs the server's secret. Each purpose has a key of its own (HKDF-SHA256, RFC 5869),
/// so that what leaks of one says nothing of another.
pub struct Secrets {
    fingerprints: hmac::Key,
    tokens: hmac::Key,
    sealing: aead::LessSafeKey,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

struct KeyLength;
impl hkdf::KeyType for KeyLength {
    fn len(&self) -> usize {
        32
    }
}

impl Secrets {
    /// Derives the keys. The secret should hold at least 256 random bits; [`crate::config`] checks its length.
    pub fn derive(secret: &SecretString) -> anyhow::Result<Self> {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"skillbuddy");
        let root = salt.extract(secret.expose_secret().as_bytes());
        let key = |purpose: &'static str| -> anyhow::Result<[u8; 32]> {
            let mut bytes = [0; 32];
            root.expand(&[purpose.as_bytes()], KeyLength)
                .and_then(|okm| okm.fill(&mut bytes))
                .ok()
                .context("derive a key")?;
            Ok(bytes)
        };
        let sealing =
            aead::UnboundKey::new(&aead::AES_256_GCM, &key("sealing")?).ok().context("sealing key")?;
        Ok(Self {
            fingerprints: hmac::Key::new(hmac::HMAC_SHA256, &key("fingerprints")?),
            tokens: hmac::Key::new(hmac::HMAC_SHA256, &key("tokens")?),
            sealing: aead::LessSafeKey::new(sealing),
        })
    }

    /// A keyed hash of `parts`: equal for equal parts, and useless to somebody who guesses at them
    /// without the secret.
    pub fn fingerprint(&self, parts: &[&[u8]]) -> Vec<u8> {
        keyed_hash(&self.fingerprints, parts)
    }

    /// A keyed hash for tokens and codes that are kept in the database.
    pub fn hash_token(&self, purpose: &str, token: &str) -> Vec<u8> {
        keyed_hash(&self.tokens, &[purpose.as_bytes(), token.as_bytes()])
    }

    /// Encrypts for the database (AES-256-GCM, random nonce in front).
    pub fn seal(&self, plain: &[u8]) -> anyhow::Result<Vec<u8>> {
        let nonce = random::<{ aead::NONCE_LEN }>()?;
        let mut sealed = plain.to_vec();
        self.sealing
            .seal_in_place_append_tag(
                aead::Nonce::assume_unique_for_key(nonce),
                aead::Aad::empty(),
                &mut sealed,
            )
            .ok()
            .context("seal")?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts what [`Secrets::seal`] made; fails when it was changed or sealed under another secret.
    pub fn open(&self, sealed: &[u8]) -> anyhow::Result<Vec<u8>> {
        let (nonce, body) = sealed.split_at_checked(aead::NONCE_LEN).context("sealed value too short")?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).ok().context("nonce")?;
        let mut body = body.to_vec();
        let plain = self
            .sealing
            .open_in_place(nonce, aead::Aad::empty(), &mut body)
            .ok()
            .context("sealed by another secret")?;
        Ok(plain.to_vec())
    }
}

/// Each part goes in with its length, so that `["ab", "c"]` and `["a", "bc"]` differ.
fn keyed_hash(key: &hmac::Key, parts: &[&[u8]]) -> Vec<u8> {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    context.sign().as_ref().to_vec()
}

/// `N` bytes from the system's random number generator.
pub fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).ok().context("the system gives no random bytes")?;
    Ok(bytes)
}

/// A random token of 256 bits for URLs.
pub fn random_token() -> anyhow::Result<String> {
    use base64::Engine as _;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random::<32>()?))
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(secret: &str) -> Secrets {
        Secrets::derive(&SecretString::from(secret.to_owned())).unwrap()
    }

    #[test]
    fn sealed_values_open_only_whole_and_under_the_same_secret() {
        let ours = secrets("one");
        let sealed = ours.seal(b"hello").unwrap();
        assert_eq!(ours.open(&sealed).unwrap(), b"hello");
        assert!(secrets("two").open(&sealed).is_err());
        for i in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[i] ^= 1;
            assert!(ours.open(&bad).is_err());
        }
        assert!(ours.open(b"short").is_err());
    }

    #[test]
    fn fingerprints_keep_parts_apart() {
        let s = secrets("one");
        assert_ne!(s.fingerprint(&[b"ab", b"c"]), s.fingerprint(&[b"a", b"bc"]));
        assert_eq!(s.fingerprint(&[b"ab"]), s.fingerprint(&[b"ab"]));
    }
}
