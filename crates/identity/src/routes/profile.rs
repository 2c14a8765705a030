//! Editing one's profile, with or without a picture.

use axum::{
    body::Body,
    extract::{FromRequest as _, Request},
    http::header,
    response::Response,
};
use bytes::Bytes;
use jiff::SignedDuration;
use pictures::{Rendition, Size, Upload};
use platform::{
    app::App,
    auth::Caller,
    bus::{Bus, Signal},
    error::{ApiError, ApiResult, OnConstraint as _},
    extract::{IfMatch, Patch, Valid},
    ids::UserId,
    jobs::{self, Timing},
    locale::{Language, Sentence},
    money::Currency,
    validation::{broken, not_blank},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgConnection;
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Origin, UserView, me, password, signup};
use crate::{
    codes::Purpose,
    contact::{EmailAddress, PhoneNumber},
    jobs::DeleteFile,
    mail::{self, Letter},
    model::{IdentityError, User},
    session, store,
};

/// What a profile picture is kept in.
static SIZES: [Size; 1] = [Size { name: "profile", max_side: 512 }];

/// The routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(replace_current_user, update_current_user))
}

/// The profile as it should be. Members of the answer that are not here are ignored.
#[derive(Clone, Deserialize, Serialize, garde::Validate, utoipa::ToSchema)]
#[schema(example = json!({"email": "ada@example.com", "name": "Ada Lovelace", "phone_number": "+4915123456789",
    "language": "en", "timezone": "Europe/Berlin", "currency": "EUR"}))]
pub struct EditProfile {
    /// A new address waits as `pending_email` until the code that a mail brings to it is given; until then the old
    /// one counts, and is told. It needs `password`, or a sign-in within the last five minutes.
    #[garde(skip)]
    email: EmailAddress,
    /// The present password; only a new `email` needs it.
    #[garde(inner(length(chars, min = 1, max = 256)))]
    #[schema(min_length = 1, max_length = 256, format = Password)]
    #[serde(default, skip_serializing)]
    password: Option<String>,
    /// The whole name; where it is absent or as before, `first_name` and `last_name` count.
    #[garde(inner(length(chars, min = 1, max = 150), custom(not_blank), custom(signup::one_line)))]
    #[schema(min_length = 1, max_length = 150)]
    #[serde(default)]
    name: Option<String>,
    #[garde(inner(length(chars, max = 75), custom(signup::one_line)))]
    #[schema(max_length = 75)]
    #[serde(default)]
    first_name: Option<String>,
    #[garde(inner(length(chars, max = 74), custom(signup::one_line)))]
    #[schema(max_length = 74)]
    #[serde(default)]
    last_name: Option<String>,
    /// Absent: none. A changed number is unverified.
    #[garde(skip)]
    #[serde(default)]
    phone_number: Option<PhoneNumber>,
    /// Absent: as before.
    #[garde(skip)]
    #[serde(default)]
    language: Option<Language>,
    /// IANA name. Absent: as before.
    #[garde(inner(length(max = 64), custom(known_timezone)))]
    #[schema(max_length = 64, example = "Europe/Berlin")]
    #[serde(default)]
    timezone: Option<String>,
    /// ISO 4217. Absent: as before.
    #[garde(inner(custom(known_currency)))]
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    #[serde(default)]
    currency: Option<String>,
    /// Takes the picture away.
    #[garde(skip)]
    #[serde(default)]
    remove_profile_image: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde calls it so")]
fn known_timezone(name: &str, _context: &()) -> garde::Result {
    // What the database of time zones calls it: names are stored and compared as text.
    let known = jiff::tz::TimeZone::get(name).ok().and_then(|zone| zone.iana_name().map(str::to_owned));
    if known.as_deref() == Some(name) { Ok(()) } else { Err(broken("unknown_timezone")) }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde calls it so")]
fn known_currency(code: &str, _context: &()) -> garde::Result {
    Currency::parse(code).map(|_known| ()).ok_or_else(|| broken("unknown_currency"))
}

impl EditProfile {
    fn of(user: &User) -> ApiResult<Self> {
        let (first, last) = user.names();
        Ok(Self {
            email: EmailAddress::parse(&user.email).map_err(anyhow::Error::from)?,
            password: None,
            name: Some(user.name.clone()),
            first_name: Some(first.to_owned()),
            last_name: Some(last.to_owned()),
            // A number that rules of today would refuse is dropped by an edit, not a reason to refuse it.
            phone_number: user.phone_number.as_deref().and_then(|number| PhoneNumber::parse(number).ok()),
            language: Some(user.language),
            timezone: Some(user.timezone.clone()),
            currency: Some(user.currency.clone()),
            remove_profile_image: false,
        })
    }

    /// Whether this asks for an address that is neither the present one nor the one that waits.
    fn has_new_email(&self, user: &User) -> bool {
        let email = self.email.as_str().to_lowercase();
        let mut known = user.pending_email.iter().chain([&user.email]);
        known.all(|known| known.to_lowercase() != email)
    }

    /// Takes the changes over.
    fn apply(self, user: &mut User) -> ApiResult<()> {
        self.apply_name(user)?;
        if self.email.as_str().to_lowercase() == user.email.to_lowercase() {
            user.email = self.email.into();
        } else {
            user.pending_email = Some(self.email.into());
        }
        let phone_number = self.phone_number.map(String::from);
        if phone_number != user.phone_number {
            user.is_phone_verified = false;
        }
        user.phone_number = phone_number;
        user.language = self.language.unwrap_or(user.language);
        user.timezone = self.timezone.unwrap_or_else(|| user.timezone.clone());
        user.currency = self.currency.unwrap_or_else(|| user.currency.clone());
        if self.remove_profile_image {
            user.profile_image = None;
        }
        Ok(())
    }

    fn apply_name(&self, user: &mut User) -> ApiResult<()> {
        let name = self.name.as_deref().map(str::trim);
        if let Some(name) = name.filter(|name| *name != user.name) {
            user.name = name.to_owned();
            user.last_name = None;
            return Ok(());
        }
        let (first, last) = user.names();
        let parts = (self.first_name.as_deref().map(str::trim), self.last_name.as_deref().map(str::trim));
        let (first, last) = match parts {
            (None, None) if name.is_some() => return Ok(()),
            (None, None) => return Err(ApiError::invalid_field("name", Sentence::new("field-required"))),
            (given_first, given_last) => {
                (given_first.unwrap_or(first).to_owned(), given_last.unwrap_or(last).to_owned())
            }
        };
        let joined = format!("{first} {last}").trim().to_owned();
        if joined.is_empty() {
            return Err(ApiError::invalid_field("first_name", Sentence::new("field-required")));
        }
        if joined != user.name || last != user.names().1 {
            user.name = joined;
            user.last_name = Some(last);
        }
        Ok(())
    }
}

/// A merge patch of an [`EditProfile`]: the same members, none of them required. Only for the document.
struct ProfilePatch;

impl utoipa::PartialSchema for ProfilePatch {
    fn schema() -> RefOr<Schema> {
        match EditProfile::schema() {
            RefOr::T(Schema::Object(mut members)) => {
                members.required.clear();
                RefOr::T(Schema::Object(members))
            }
            other => other,
        }
    }
}
impl utoipa::ToSchema for ProfilePatch {}

/// The same as a form, where a picture comes with it. What is absent stays; "" is nothing.
#[derive(utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the form; it is read field by field")]
pub struct ProfileForm {
    /// JPEG, PNG or WebP, at most 10 MiB.
    #[schema(value_type = String, format = Binary, required = false)]
    profile_image: (),
    #[schema(max_length = 254, format = Email, required = false)]
    email: String,
    #[schema(min_length = 1, max_length = 256, format = Password, required = false)]
    password: String,
    #[schema(min_length = 1, max_length = 150, required = false)]
    name: String,
    #[schema(max_length = 75, required = false)]
    first_name: String,
    #[schema(max_length = 74, required = false)]
    last_name: String,
    #[schema(max_length = 40, required = false)]
    phone_number: String,
    #[schema(required = false)]
    language: Language,
    #[schema(max_length = 64, required = false)]
    timezone: String,
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", required = false)]
    currency: String,
}

/// The text fields of [`ProfileForm`].
const TEXT_FIELDS: [&str; 9] = [
    "email",
    "password",
    "name",
    "first_name",
    "last_name",
    "phone_number",
    "language",
    "timezone",
    "currency",
];

/// Replace my profile.
///
/// As `multipart/form-data` it takes a picture, and works as PATCH does.
#[utoipa::path(put, path = "/auth/current-user/", operation_id = "replace_current_user", tag = "identity",
    request_body(content((EditProfile = "application/json"), (ProfileForm = "multipart/form-data"))), security(("bearer" = [])),
    responses((status = OK, body = UserView, headers(("ETag" = String, description = "The new version.")), description = "You, now."),
        (status = CONFLICT, description = "`email_taken`: another account has this address."),
        (status = PRECONDITION_FAILED, description = "`stale_version`: it has been changed since."),
        (status = UNPROCESSABLE_ENTITY, description = "`password_required` or `wrong_password`, where the address is a new one.")))]
pub async fn replace_current_user(
    app: App,
    caller: Caller,
    origin: Origin,
    version: IfMatch,
    request: Request,
) -> ApiResult<Response> {
    if is_form(&request) {
        return update_current_user(app, caller, origin, version, request).await;
    }
    let Valid(body) = Valid::<EditProfile>::from_request(request, &app).await?;
    edit(&app, caller, &origin, &version, |_user| Ok(body.clone()), None).await
}

/// Change parts of my profile.
///
/// As `multipart/form-data` it takes a picture too.
#[utoipa::path(patch, path = "/auth/current-user/", operation_id = "update_current_user", tag = "identity",
    request_body(content((inline(ProfilePatch) = "application/json"), (ProfileForm = "multipart/form-data"))), security(("bearer" = [])),
    responses((status = OK, body = UserView, headers(("ETag" = String, description = "The new version.")), description = "You, now."),
        (status = CONFLICT, description = "`email_taken`: another account has this address."),
        (status = PRECONDITION_FAILED, description = "`stale_version`: it has been changed since."),
        (status = UNPROCESSABLE_ENTITY, description = "`password_required` or `wrong_password`, where the address is a new one.")))]
pub async fn update_current_user(
    app: App,
    caller: Caller,
    origin: Origin,
    version: IfMatch,
    request: Request,
) -> ApiResult<Response> {
    let (patch, picture) = if is_form(&request) { read_form(&app, request).await? } else { (request, None) };
    let patch = Patch::<EditProfile>::from_request(patch, &app).await?;
    let image = match picture {
        Some(file) => Some(store_picture(&app, caller.id, file).await?),
        None => None,
    };
    let edited = |user: &User| patch.clone().apply(&EditProfile::of(user)?);
    edit(&app, caller, &origin, &version, edited, image).await
}

fn is_form(request: &Request) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type
        .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("multipart/form-data"))
}

/// The text fields of a form as the patch that they stand for, and the picture.
async fn read_form(app: &App, mut request: Request) -> ApiResult<(Request, Option<Bytes>)> {
    pictures::upload_limit().apply(&mut request);
    let form = Upload::from_request(request, app).await?;
    let mut members = serde_json::Map::new();
    for name in TEXT_FIELDS {
        if let Some(text) = form.text(name)? {
            let value = if text.is_empty() { Value::Null } else { Value::from(text) };
            members.insert(name.to_owned(), value);
        }
    }
    let patch = Request::builder().header(header::CONTENT_TYPE, "application/json");
    let patch = patch.body(Body::from(Value::Object(members).to_string())).map_err(anyhow::Error::from)?;
    let picture = form.find("profile_image")?.filter(|file| !file.is_empty()).cloned();
    Ok((patch, picture))
}

/// Stores the picture under a new name. A job that removes it again is taken back by the transaction that
/// shows it, so a picture that nobody got to see does not stay.
async fn store_picture(app: &App, user: UserId, file: Bytes) -> ApiResult<String> {
    app.limits.check_upload(user)?;
    let made = pictures::process(file, &SIZES).await?.renditions.into_iter().next();
    let made = made.ok_or_else(|| anyhow::anyhow!("the picture has no rendition"))?;
    let key = format!("public/profiles/{user}/{}.webp", hex::encode(platform::crypto::random::<8>()?));
    let mut db = app.db.acquire().await?;
    let (now, job) = (app.clock.now(), DeleteFile { key: key.clone() });
    let timing = Timing { at: Some(now.plus(SignedDuration::from_hours(1))), key: Some(removal_of(&key)) };
    jobs::schedule(&mut db, &job, now, timing).await?;
    app.storage.put(&key, Rendition::CONTENT_TYPE, made.bytes).await.map_err(ApiError::unavailable)?;
    Ok(key)
}

fn removal_of(key: &str) -> String {
    format!("identity.delete_file:{key}")
}

async fn edit(
    app: &App,
    caller: Caller,
    origin: &Origin,
    version: &IfMatch,
    request: impl Fn(&User) -> ApiResult<EditProfile>,
    image: Option<String>,
) -> ApiResult<Response> {
    let user = store::users::by_id(&app.db, caller.id).await?.ok_or_else(ApiError::not_found)?;
    version.check(user.version)?;
    let edited = request(&user)?;
    // An access token alone, which may be stolen, does not move the account to another mailbox.
    let is_proved = edited.has_new_email(&user);
    if is_proved {
        prove(app, caller, &user, edited.password.as_deref()).await?;
    }

    let mut tx = app.db.begin().await?;
    let before = store::users::lock(&mut tx, caller.id).await?.ok_or_else(ApiError::not_found)?;
    version.check(before.version)?;
    let edited = request(&before)?;
    let has_changed = before.password_hash != user.password_hash;
    if edited.has_new_email(&before) && (!is_proved || has_changed) {
        return Err(IdentityError::PasswordRequired.into());
    }
    let mut user = before.clone();
    edited.apply(&mut user)?;
    if let Some(key) = image {
        jobs::cancel(&mut tx, &removal_of(&key)).await?;
        user.profile_image = Some(key);
    }
    save(&mut tx, app, &before, &mut user, &origin.device.ip).await?;
    tx.commit().await?;
    app.authenticator.forget(&Signal::AccountChanged { user: user.id });
    app.jobs_waiting.notify_one();
    Ok(me::tagged(app, &user))
}

/// Lets a person on who gives their password, or who has just signed in.
async fn prove(app: &App, caller: Caller, user: &User, password: Option<&str>) -> ApiResult<()> {
    if let Some(password) = password.filter(|_| user.password_hash.is_some()) {
        return password::confirm(app, user, "password", password).await;
    }
    if session::is_fresh(app, caller.id, caller.session).await? {
        return Ok(());
    }
    Err(IdentityError::PasswordRequired.into())
}

/// Saves a changed profile with everything that follows from the change.
async fn save(db: &mut PgConnection, app: &App, before: &User, user: &mut User, ip: &str) -> ApiResult<()> {
    let now = app.clock.now();
    user.version += 1;
    let saved = store::users::save_profile(db, user, now).await;
    saved.on_constraint("users_email", IdentityError::EmailTaken)?;
    if let Some(next) = user.pending_email.as_ref().filter(|next| before.pending_email.as_ref() != Some(next))
    {
        if store::users::has_email(db, next).await? {
            return Err(IdentityError::EmailTaken.into());
        }
        // Whoever reads the old mailbox must hear of it there, while they can still do something about it.
        let notice = Letter::email_changed(next);
        mail::send_to(db, app, before.email.clone(), before.language, notice).await?;
        signup::send_verification(db, app, user, ip).await?;
    }
    if before.phone_number != user.phone_number {
        // A code that went to an earlier number would bring that number back.
        store::codes::void(db, user.id, Purpose::VerifyPhone, now).await?;
    }
    if let Some(old) = before.profile_image.as_ref().filter(|old| user.profile_image.as_ref() != Some(old)) {
        jobs::enqueue(db, &DeleteFile { key: old.clone() }, now).await?;
    }
    Bus::publish(db, &Signal::AccountChanged { user: user.id }).await?;
    Ok(())
}
