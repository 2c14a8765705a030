//! Passwords: which are good enough, how they are kept, how one is checked. Hashing costs a core for some
//! 20 ms on purpose, so it happens on few threads of its own, which give way to everything else.

use std::{
    num::NonZeroU32,
    sync::{Arc, LazyLock, OnceLock},
    time::Duration,
};

use anyhow::Context as _;
use argon2::{
    Argon2, Params,
    password_hash::{PasswordHasher as _, phc::PasswordHash},
};
use aws_lc_rs::{constant_time, pbkdf2};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use moka::sync::Cache;
use platform::{
    app::App,
    error::{ApiError, ApiResult},
    locale::Sentence,
};
use tokio::sync::{AcquireError, Semaphore};
use unicode_normalization::UnicodeNormalization as _;

/// Whoever waits longer for a place in the pool is told to come back: a queue without end helps nobody.
const PATIENCE: Duration = Duration::from_secs(5);

/// Networks and accounts that may wait at once, each in a queue of its own.
const MAX_QUEUES: u64 = 100_000;

/// What is checked where there is no account or no password, so that this takes as long. Nobody has it.
const DUMMY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2tpbGxidWRkeS1kdW1teQ$IV469+e7eqVuR0CKDNk/A6ZjzM2aQwp209yaUgCb7EQ";

/// Most rounds of an imported hash that we are willing to work for.
const MAX_PBKDF2_ROUNDS: u32 = 5_000_000;

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Somebody else.
    Wrong,
    /// The right person.
    Right,
    /// The right person, and the hash should be made anew with today's parameters.
    RightButOld,
}

/// Hashes with argon2id at OWASP's parameters (19 MiB, two rounds, one lane). Takes a core for some 20 ms:
/// a server calls [`hash`].
pub fn hash_password(password: &str) -> anyhow::Result<String> {
    let normal: String = password.nfkc().collect();
    let hash = Argon2::default().hash_password(normal.as_bytes()).ok().context("hash a password")?;
    Ok(hash.to_string())
}

/// Hashes on the pool.
pub async fn hash(app: &App, queue: &str, password: &str) -> ApiResult<String> {
    let password = password.to_owned();
    Ok(on_pool(app, queue, move || hash_password(&password)).await??)
}

/// Checks on the pool; as slow without a hash as with one.
pub async fn verify(app: &App, queue: &str, password: &str, hash: Option<&str>) -> ApiResult<Verdict> {
    let (password, hash) = (password.to_owned(), hash.map(str::to_owned));
    let check = move || {
        if let Some(hash) = hash {
            return check(&password, &hash);
        }
        let _nobody = check_argon2(&password, DUMMY);
        Verdict::Wrong
    };
    on_pool(app, queue, check).await
}

/// Refuses a password that is easy to guess, or that says who it belongs to. The length is checked before.
pub async fn check_strength(
    app: &App,
    queue: &str,
    field: &'static str,
    password: &str,
    email: &str,
    name: &str,
) -> ApiResult<()> {
    let (password, email, name) = (password.to_owned(), email.to_owned(), name.to_owned());
    match on_pool(app, queue, move || weakness(&password, &email, &name)).await? {
        None => Ok(()),
        Some(word) => Err(ApiError::invalid_field(field, Sentence::new(word))),
    }
}

/// The sentence that says what is wrong with a password.
pub fn weakness(password: &str, email: &str, name: &str) -> Option<&'static str> {
    let plain = |text: &str| text.nfkc().collect::<String>().to_lowercase();
    let (lower, email, name) = (plain(password), plain(email), plain(name));
    let local = email.split('@').next().unwrap_or_default();
    let without_spaces = |text: &str| text.split_whitespace().collect::<String>();
    let bare = without_spaces(&lower);
    // Short names are part of many a word, and zxcvbn knows them below.
    let says = |word: &str| bare == word || (word.chars().count() >= 6 && bare.contains(word));
    if says(&email) || says(local) || says(&without_spaces(&name)) {
        return Some("field-password_personal");
    }
    let mut known = vec!["skillbuddy", local];
    known.extend(name.split_whitespace().chain(email.split(['@', '.'])));
    let normal: String = password.nfkc().collect();
    let weak = zxcvbn::zxcvbn(&normal, &known).score() < zxcvbn::Score::Three;
    weak.then_some("field-password_common")
}

/// Works on the pool. Whoever asks waits in the queue of their network or account first, which has no more in
/// front of the pool than the pool takes at once: a flood from one network waits for itself, and not the rest for
/// it.
async fn on_pool<T: Send + 'static>(
    app: &App,
    queue: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> ApiResult<T> {
    static POOL: OnceLock<Arc<Semaphore>> = OnceLock::new();
    static QUEUES: LazyLock<Cache<String, Arc<Semaphore>>> =
        LazyLock::new(|| Cache::builder().max_capacity(MAX_QUEUES).time_to_idle(PATIENCE * 2).build());
    let workers = usize::from(app.settings.security.password_workers);
    let pool = POOL.get_or_init(|| Arc::new(Semaphore::new(workers))).clone();
    let queue = QUEUES.get_with_by_ref(queue, || Arc::new(Semaphore::new(workers)));
    let place = async { Ok((queue.acquire_owned().await?, pool.acquire_owned().await?)) };
    let place = tokio::time::timeout(PATIENCE, place).await;
    let place = place.map_err(|elapsed| ApiError::unavailable(anyhow::Error::from(elapsed)))?;
    let place = place.map_err(|closed: AcquireError| anyhow::Error::from(closed))?;
    let (done, waits) = tokio::sync::oneshot::channel();
    // A thread of its own for each: a priority that was given away cannot be taken back, and those of the runtime do
    // other work, too. To start one costs a thousandth of what it does.
    let thread = std::thread::Builder::new().name("password".to_owned()).spawn(move || {
        give_way();
        // Whoever asked may have gone.
        let _nobody_waits = done.send(work());
        drop(place);
    });
    thread.map_err(anyhow::Error::from)?;
    Ok(waits.await.map_err(anyhow::Error::from)?)
}

/// Lets requests have the processor before this thread, so that a flood of sign-ins does not slow the rest. It is no
/// harm where the system does not allow it.
#[cfg(target_os = "linux")]
fn give_way() {
    let _same_as_all = rustix::process::nice(10);
}

#[cfg(not(target_os = "linux"))]
fn give_way() {}

fn check(password: &str, hash: &str) -> Verdict {
    let right = if hash.starts_with("pbkdf2_sha256$") {
        check_django(password, hash).unwrap_or(false)
    } else {
        check_argon2(password, hash)
    };
    match right {
        false => Verdict::Wrong,
        true if is_current(hash) => Verdict::Right,
        true => Verdict::RightButOld,
    }
}

fn check_argon2(password: &str, hash: &str) -> bool {
    use argon2::password_hash::PasswordVerifier as _;
    let normal: String = password.nfkc().collect();
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(normal.as_bytes(), &hash).is_ok())
}

/// `pbkdf2_sha256$<iterations>$<salt>$<hash>`, as Django writes it; Django does not normalise.
fn check_django(password: &str, hash: &str) -> Option<bool> {
    let mut parts = hash.split('$').skip(1);
    let rounds: u32 = parts.next()?.parse().ok().filter(|rounds| *rounds <= MAX_PBKDF2_ROUNDS)?;
    let (salt, expected) = (parts.next()?, STANDARD.decode(parts.next()?).ok()?);
    let mut made = vec![0; expected.len()];
    let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
    pbkdf2::derive(algorithm, NonZeroU32::new(rounds)?, salt.as_bytes(), password.as_bytes(), &mut made);
    Some(!expected.is_empty() && constant_time::verify_slices_are_equal(&made, &expected).is_ok())
}

fn is_current(hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    let Ok(params) = Params::try_from(&hash) else { return false };
    hash.algorithm.as_str() == "argon2id"
        && params.m_cost() >= Params::DEFAULT_M_COST
        && params.t_cost() >= Params::DEFAULT_T_COST
        && params.p_cost() == Params::DEFAULT_P_COST
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn hashes_are_argon2id_and_each_has_its_own_salt() {
        let (one, two) =
            (hash_password("a long password").unwrap(), hash_password("a long password").unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_ne!(one, two);
        assert_eq!(check("a long password", &one), Verdict::Right);
        assert_eq!(check("a long passwore", &one), Verdict::Wrong);
    }

    #[test]
    fn one_password_however_it_is_typed() {
        // "é" as one character or two, and a ligature.
        let hash = hash_password("caf\u{e9} \u{fb01}lter").unwrap();
        assert_eq!(check("cafe\u{301} filter", &hash), Verdict::Right);
    }

    #[test]
    fn the_dummy_costs_what_a_real_one_costs() {
        assert!(PasswordHash::new(DUMMY).is_ok() && is_current(DUMMY));
    }

    #[test]
    fn old_parameters_are_noticed() {
        let weak = Argon2::from(Params::new(8192, 1, 1, None).unwrap());
        let hash = weak.hash_password(b"a long password").unwrap().to_string();
        assert_eq!(check("a long password", &hash), Verdict::RightButOld);
    }

    #[test]
    fn imported_django_hashes_are_read() {
        // Made by django.contrib.auth.hashers.make_password("correct horse", salt="seasalt"), 1,000 rounds.
        let hash = "pbkdf2_sha256$1000$seasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso=";
        assert_eq!(check("correct horse", hash), Verdict::RightButOld);
        assert_eq!(check("correct horsf", hash), Verdict::Wrong);
        for broken in [
            "pbkdf2_sha256$",
            "pbkdf2_sha256$0$a$",
            "pbkdf2_sha256$x$a$YQ==",
            "pbkdf2_sha256$99999999$a$YQ==",
            "",
            "!",
        ] {
            assert_eq!(check("correct horse", broken), Verdict::Wrong, "{broken}");
        }
    }

    #[rstest]
    #[case("password123", Some("field-password_common"))]
    #[case("1234567890", Some("field-password_common"))]
    #[case("qwertzuiop", Some("field-password_common"))]
    #[case("SkillBuddy1", Some("field-password_common"))]
    #[case("aaaaaaaaaaaaaaaaaa", Some("field-password_common"))]
    #[case("ada@example.com", Some("field-password_personal"))]
    #[case("ADA@example.com", Some("field-password_personal"))]
    #[case("x-Ada Lovelace-9q", Some("field-password_personal"))]
    #[case("adalovelace", Some("field-password_personal"))]
    #[case("correct horse battery", None)]
    #[case("Tr0ub4dour&3-kiwi", None)]
    #[case("пароль-с-дождём-42", None)]
    fn easy_passwords_are_refused(#[case] password: &str, #[case] expected: Option<&str>) {
        assert_eq!(weakness(password, "ada@example.com", "Ada Lovelace"), expected);
    }
}
