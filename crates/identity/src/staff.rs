//! What other parts of the house do with accounts.

use anyhow::Context as _;
use platform::{
    app::App,
    audit,
    auth::StaffRole,
    bus::{Bus, Signal},
    error::ApiResult,
    ids::UserId,
    time::Instant,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use sqlx::PgConnection;

use crate::{
    contact::EmailAddress,
    model::{AccountState, User},
    password, recovery,
    session::{self, Ended, Which},
    store::{self, users},
    throttle::Device,
};

/// Somebody who works here.
#[derive(Clone, Debug)]
pub struct NewStaff {
    /// Mail address; taken as verified.
    pub email: String,
    /// The whole name, of a new account.
    pub name: String,
    /// What they may do.
    pub role: StaffRole,
    /// Password of a new account, or of one whose address nobody has proved.
    pub password: Option<SecretString>,
}

/// What became of a [`NewStaff`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaffCreated {
    /// A new account.
    Account(UserId),
    /// The account that the address had, with what its owner signs in with.
    Promoted(UserId),
    /// The account that the address had. Nobody had proved the address, so whoever made the account is shut out.
    TakenOver(UserId),
}

impl StaffCreated {
    /// Whose account it is.
    pub fn user(self) -> UserId {
        let (Self::Account(user) | Self::Promoted(user) | Self::TakenOver(user)) = self;
        user
    }
}

/// Makes somebody a member of staff: in the account that the address has, else in a new one, by the rules that
/// everybody's account follows. Sessions that were there before end, so that none of them becomes one of staff.
pub async fn create_staff(app: &App, new: NewStaff) -> anyhow::Result<StaffCreated> {
    let now = app.clock.now();
    let email = EmailAddress::parse(&new.email).ok().context("this is not a mail address")?;
    let name = new.name.trim().to_owned();
    anyhow::ensure!((1..=150).contains(&name.chars().count()), "the name must have 1 to 150 characters");
    let mut tx = app.db.begin().await?;
    let known = users::lock_by_email(&mut tx, email.as_str()).await?;
    let needs_password = known.as_ref().is_none_or(|user| !user.is_email_verified);
    let hash = if needs_password {
        let password = new.password.as_ref().context("a new account needs a password")?;
        Some(hash_of(password, email.as_str(), &name)?)
    } else {
        None
    };
    let (created, ended) = match known {
        None => (StaffCreated::Account(insert(&mut tx, (email, name, new.role), hash, now).await?), None),
        Some(user) => {
            anyhow::ensure!(
                user.state == AccountState::Active,
                "the account with this address is suspended or being closed"
            );
            let id = user.id;
            let created =
                if hash.is_some() { StaffCreated::TakenOver(id) } else { StaffCreated::Promoted(id) };
            let ended =
                shut_out(&mut tx, app, user, hash).await.map_err(|error| anyhow::anyhow!("{error:?}"))?;
            store::staff::set_role(&mut tx, id, new.role, now).await?;
            (created, Some(ended))
        }
    };
    let user = created.user();
    Bus::publish(&mut tx, &Signal::AccountChanged { user }).await?;
    let details = json!({"role": new.role, "is_new": matches!(created, StaffCreated::Account(_))});
    audit::record_at_console(&mut tx, "staff.create", ("user", user), details, now).await?;
    tx.commit().await?;
    app.authenticator.forget(&Signal::AccountChanged { user });
    if let Some(ended) = ended {
        ended.forget(app);
    }
    Ok(created)
}

/// Nobody who had the account before is left inside. One whose address was proved keeps what its owner signs in with; one
/// whose address nobody had proved goes to whom the address belongs, with this password.
async fn shut_out(
    db: &mut PgConnection,
    app: &App,
    mut user: User,
    password_hash: Option<String>,
) -> ApiResult<Ended> {
    if password_hash.is_some() {
        return recovery::recover(db, app, &mut user, password_hash, "made_staff").await;
    }
    let now = app.clock.now();
    users::drop_pending_email(db, user.id, now).await?;
    store::codes::void_all(db, user.id, now).await?;
    session::end(db, app, user.id, Which::All, "made_staff").await
}

fn hash_of(password: &SecretString, email: &str, name: &str) -> anyhow::Result<String> {
    let secret = password.expose_secret();
    anyhow::ensure!(
        (10..=128).contains(&secret.chars().count()),
        "the password must have 10 to 128 characters"
    );
    anyhow::ensure!(password::weakness(secret, email, name).is_none(), "the password is too easy to guess");
    password::hash_password(secret)
}

async fn insert(
    db: &mut PgConnection,
    (email, name, role): (EmailAddress, String, StaffRole),
    hash: Option<String>,
    now: Instant,
) -> anyhow::Result<UserId> {
    let mut user = User::new(UserId::at(now), email.into(), name, now);
    (user.is_email_verified, user.email_verified_at) = (true, Some(now));
    user.staff_role = Some(role);
    user.password_hash = hash;
    users::insert(db, &user).await?;
    Ok(user.id)
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
