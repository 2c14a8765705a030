//! What other parts of the house do with accounts.

use anyhow::Context as _;
use platform::{
    app::App,
    auth::StaffRole,
    bus::{Bus, Signal},
    ids::UserId,
    time::Instant,
};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgConnection;

use crate::{contact::EmailAddress, model::User, password, session, store::users, throttle::Device};

/// Somebody who works here.
#[derive(Clone, Debug)]
pub struct NewStaff {
    /// Mail address; taken as verified.
    pub email: String,
    /// The whole name.
    pub name: String,
    /// What they may do.
    pub role: StaffRole,
    /// Their first password.
    pub password: SecretString,
}

/// Makes an account for a member of staff, by the rules that everybody's account follows.
pub async fn create_staff(app: &App, new: NewStaff) -> anyhow::Result<UserId> {
    let now = app.clock.now();
    let email = EmailAddress::parse(&new.email).ok().context("this is not a mail address")?;
    let name = new.name.trim().to_owned();
    anyhow::ensure!((1..=150).contains(&name.chars().count()), "the name must have 1 to 150 characters");
    let secret = new.password.expose_secret();
    anyhow::ensure!(
        (10..=128).contains(&secret.chars().count()),
        "the password must have 10 to 128 characters"
    );
    if password::weakness(secret, email.as_str(), &name).is_some() {
        anyhow::bail!("the password is too easy to guess");
    }
    let mut user = User::new(UserId::at(now), email.into(), name, now);
    user.is_email_verified = true;
    user.staff_role = Some(new.role);
    user.password_hash = Some(password::hash_password(secret)?);
    let mut db = app.db.acquire().await?;
    match users::insert(&mut db, &user).await {
        Ok(()) => Ok(user.id),
        Err(error) if error.as_database_error().and_then(|e| e.constraint()) == Some("users_email") => {
            anyhow::bail!("an account with the address {} exists", user.email)
        }
        Err(error) => Err(error.into()),
    }
}

/// Signs demo people in without their passwords, for load tests: providers or customers, at most so many, each with an
/// access token. Other people are never among them.
pub async fn sign_in_demo_people(
    app: &App,
    are_providers: bool,
    most: i64,
) -> anyhow::Result<Vec<(UserId, String)>> {
    let mut tx = app.db.begin().await?;
    let device = Device {
        name: None,
        ip: "127.0.0.1".to_owned(),
        user_agent: Some("load test".to_owned()),
        token: None,
    };
    let mut people = Vec::new();
    for mut user in users::demo_people(&mut tx, are_providers, most).await? {
        let granted = session::begin(&mut tx, app, &mut user, &device, &[]).await;
        people.push((user.id, granted.map_err(|error| anyhow::anyhow!("{error:?}"))?.granted.access));
    }
    tx.commit().await?;
    Ok(people)
}

/// Makes a person a provider, as part of a transaction. When it has committed, the caller calls
/// `app.authenticator.forget(&Signal::AccountChanged { user })`; the other nodes are told.
pub async fn make_provider(db: &mut PgConnection, user: UserId, now: Instant) -> sqlx::Result<()> {
    users::make_provider(db, user, now).await?;
    Bus::publish(db, &Signal::AccountChanged { user }).await
}
