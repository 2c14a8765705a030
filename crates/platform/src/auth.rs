//! Who is calling. A handler that lists [`Caller`], [`Provider`], [`Staff`] or a role of staff in its
//! arguments cannot be reached without one; a public handler is one that lists none.

use async_trait::async_trait;
use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{header, request::Parts},
};
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    bus::Signal,
    error::{ApiError, ApiResult, Kind},
    http::RequestContext,
    ids::{SessionId, UserId},
    locale::Language,
    time::Instant,
};

/// What a member of staff may do in the admin panel.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    sqlx::Type,
    utoipa::ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum StaffRole {
    /// Helps people.
    Support,
    /// Judges content.
    Moderator,
    /// Moves money.
    Finance,
    /// Everything.
    Superuser,
}

/// The signed-in person, as their access token and their session say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub id: UserId,
    /// By which sign-in.
    pub session: SessionId,
    /// The language of their profile.
    pub language: Language,
    /// Whether they offer services.
    pub is_provider: bool,
    /// Whether they work here.
    pub staff: Option<StaffRole>,
    /// When the access token ends.
    pub expires_at: Instant,
}

/// Turns a bearer token into a [`Caller`]. The `identity` crate implements it; tests have a simpler one.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// The person behind `token`, or why it is refused (`token_expired`, `token_invalid`, `session_ended`).
    async fn authenticate(&self, app: &App, token: &str) -> ApiResult<Caller>;

    /// The person of a session that was checked before, if it still lives; for what lasts longer than a request.
    async fn resume(
        &self,
        app: &App,
        user: UserId,
        session: SessionId,
        expires_at: Instant,
    ) -> ApiResult<Caller>;

    /// Forgets at once what a signal says is old. Whoever publishes a [`Signal`] calls this after the
    /// commit, so that this node knows before it answers; the other nodes hear it over the bus.
    fn forget(&self, _signal: &Signal) {}
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        MaybeCaller::from_request_parts(parts, app)
            .await?
            .0
            .ok_or_else(|| ApiError::new(Kind::Unauthenticated, "unauthenticated"))
    }
}

/// The signed-in person, or nobody. A token that is sent but wrong is refused all the same.
#[derive(Clone, Copy, Debug)]
pub struct MaybeCaller(pub Option<Caller>);

impl FromRequestParts<App> for MaybeCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(*known);
        }
        let Some(header) = parts.headers.get(header::AUTHORIZATION) else { return Ok(Self(None)) };
        let token = header.to_str().ok().and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let token = token.ok_or_else(|| ApiError::new(Kind::Unauthenticated, "token_invalid"))?;
        let caller = app.authenticator.authenticate(app, token).await?;
        app.limits.check_account(caller.id)?;
        if let Some(context) = parts.extensions.get::<RequestContext>() {
            context.signed_in(caller.id, caller.language);
        }
        parts.extensions.insert(Self(Some(caller)));
        Ok(Self(Some(caller)))
    }
}

/// A signed-in provider; others get 403 `provider_required`.
#[derive(Clone, Copy, Debug)]
pub struct Provider(pub Caller);

impl FromRequestParts<App> for Provider {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        let caller = Caller::from_request_parts(parts, app).await?;
        if caller.is_provider {
            Ok(Self(caller))
        } else {
            Err(ApiError::new(Kind::Forbidden, "provider_required"))
        }
    }
}

/// A signed-in member of staff, whatever the role; others get 403 `forbidden`. It suffices where every role may do the
/// same; everywhere else a handler takes [`Support`], [`Moderator`], [`Finance`] or [`Superuser`].
///
/// What staff write goes through [`Staff::begin`], whose transaction cannot be committed without an entry in the
/// [audit log](crate::audit).
#[derive(Clone, Debug)]
pub struct Staff {
    /// The person.
    pub caller: Caller,
    /// What they may do.
    pub role: StaffRole,
    /// The request that they make, for the audit log.
    pub(crate) context: Option<RequestContext>,
}

impl Staff {
    /// Says that a request changes nothing, although its method may: it needs no entry in the audit log.
    pub fn only_reads(&self) {
        if let Some(context) = &self.context {
            context.end_act();
        }
    }
}

impl FromRequestParts<App> for Staff {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let role = caller.staff.ok_or_else(forbidden)?;
        Ok(Self { caller, role, context: parts.extensions.get::<RequestContext>().cloned() })
    }
}

fn forbidden() -> ApiError {
    ApiError::new(Kind::Forbidden, "forbidden")
}

/// One extractor for each set of roles. A superuser is of all of them. As an `Option` it refuses nobody who is signed
/// in: for what staff may do beside the people whose matter it is.
macro_rules! staff_extractors {
    ($($(#[$doc:meta])* $name:ident: $($role:ident)|+;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(pub Staff);

        impl FromRequestParts<App> for $name {
            type Rejection = ApiError;

            async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
                let staff = Staff::from_request_parts(parts, app).await?;
                let is_admitted = [$(StaffRole::$role),+, StaffRole::Superuser].contains(&staff.role);
                if !is_admitted {
                    return Err(forbidden());
                }
                if let Some(context) = staff.context.as_ref().filter(|_| !parts.method.is_safe()) {
                    context.begin_act();
                }
                Ok(Self(staff))
            }
        }

        impl OptionalFromRequestParts<App> for $name {
            type Rejection = ApiError;

            async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Option<Self>> {
                match <Self as FromRequestParts<App>>::from_request_parts(parts, app).await {
                    // Whether they act as staff, or as everybody, is for the handler to say.
                    Ok(staff) => {
                        staff.0.only_reads();
                        Ok(Some(staff))
                    }
                    Err(error) if error.kind() == Kind::Forbidden => Ok(None),
                    Err(error) => Err(error),
                }
            }
        }
    )*};
}

staff_extractors! {
    /// Who helps people, and writes to them; others get 403 `forbidden`.
    Support: Support;
    /// Who judges content; others get 403 `forbidden`.
    Moderator: Moderator;
    /// Who moves money; others get 403 `forbidden`.
    Finance: Finance;
    /// Who helps people or moves money: for what one proposes and the other decides. Others get 403 `forbidden`.
    SupportOrFinance: Support | Finance;
    /// Who helps people or judges what they say; others get 403 `forbidden`.
    SupportOrModerator: Support | Moderator;
    /// Who may do everything; others get 403 `forbidden`.
    Superuser: Superuser;
}

impl FromRequestParts<App> for Language {
    type Rejection = ApiError;

    /// The language of the answer: `?lang=`, then the signed-in person's, then `Accept-Language`, then English.
    ///
    /// A token that is refused says nothing about languages, and refuses nothing here: an app that sends its old
    /// token along to a public page or to the sign-in must be answered.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        let _nobody_if_refused = MaybeCaller::from_request_parts(parts, app).await;
        Ok(parts.extensions.get::<RequestContext>().map(RequestContext::language).unwrap_or_default())
    }
}
