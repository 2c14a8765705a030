//! Providers over HTTP: becoming one, one's own profile, others' profiles.

use std::collections::BTreeMap;

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use platform::{
    app::App,
    auth::{Caller, MaybeCaller, Provider},
    bus::{Bus, Signal},
    cache::{Document, Versioned},
    error::{ApiError, ApiResult, FieldErrors, Kind},
    extract::{IfMatch, Patch, Path, Valid},
    idempotency::Write,
    ids::UserId,
    locale::{Language, Sentence},
    outbox,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::profile::{ProfilePatch, SaveProfile};
use crate::{
    events::ProviderRegistered,
    model::CatalogError,
    store::{self, providers::EditableProfile},
    views::{ProviderView, Scene},
};

/// Become a provider.
///
/// Working hours to begin with are Monday to Friday, 9 to 17; see PUT /providers/schedule/.
#[utoipa::path(post, path = "/providers/register/", operation_id = "register_provider", tag = "catalog",
    request_body = SaveProfile, security(("bearer" = [])),
    responses(
        (status = 201, description = "Your profile.", body = ProviderView,
            headers(("Location" = String, description = "Where others see it."), ("ETag" = String, description = "Its version."))),
        (status = 409, description = "`already_provider`: you have registered before."),
    ))]
pub(super) async fn register_provider(
    app: App,
    caller: Caller,
    language: Language,
    write: Write,
    Valid(body): Valid<SaveProfile>,
) -> ApiResult<Response> {
    let scene = Scene::of(&app, language).await?;
    let now = app.clock.now();
    let mut tx = write.begin().await?;
    check_skills(&mut tx, &body.skills()).await?;
    if !store::providers::insert(&mut tx, caller.id, &body.profile(caller.language.code()), now).await? {
        return Err(CatalogError::AlreadyProvider.into());
    }
    store::providers::mark_user(&mut tx, caller.id, now).await?;
    store::providers::give_hours(&mut tx, caller.id, now).await?;
    outbox::emit(&mut tx, &ProviderRegistered { provider_id: caller.id }, now).await?;
    let signal = Signal::AccountChanged { user: caller.id };
    Bus::publish(&mut tx, &signal).await?;
    let view = own(&mut tx, &scene, caller.id).await?;
    let location = [(header::LOCATION, format!("/providers/{}/", caller.id))];
    let answer = tx.commit((location, editable(StatusCode::CREATED, view))).await?;
    // What this node remembers of the caller's token says that they are no provider.
    app.authenticator.forget(&signal);
    Ok(answer)
}

fn editable(status: StatusCode, view: ProviderView) -> Response {
    (status, Versioned(view.version(), view)).into_response()
}

/// 422 that names each skill which is no category.
async fn check_skills(db: &mut PgConnection, skills: &[Uuid]) -> ApiResult<()> {
    let known = store::categories::active_among(db, skills).await?;
    let unknown = skills.iter().enumerate().filter(|(_, skill)| !known.contains(skill));
    let errors: FieldErrors = unknown
        .map(|(at, _)| (format!("skills.{at}"), vec![Sentence::new("field-unknown_category")]))
        .collect::<BTreeMap<_, _>>();
    if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
}

async fn own(db: &mut PgConnection, scene: &Scene, id: UserId) -> ApiResult<ProviderView> {
    let row = store::providers::find(db, id).await?.ok_or_else(not_a_provider)?;
    Ok(ProviderView::of(row, scene, true))
}

fn not_a_provider() -> ApiError {
    ApiError::new(Kind::Forbidden, "provider_required")
}

/// One's own profile.
#[utoipa::path(get, path = "/providers/profile/", operation_id = "get_own_profile", tag = "catalog",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Your profile.", body = ProviderView,
            headers(("ETag" = String, description = "Its version."))),
        (status = 403, description = "`provider_required`: register as a provider first."),
    ))]
pub(super) async fn get_own_profile(
    app: App,
    Provider(caller): Provider,
    language: Language,
) -> ApiResult<Response> {
    let scene = Scene::of(&app, language).await?;
    let view = own(&mut *app.db.acquire().await?, &scene, caller.id).await?;
    Ok(editable(StatusCode::OK, view))
}

/// Replace one's own profile.
///
/// What is optional and left out goes back to its default. Name and picture are those of the account:
/// PATCH /auth/current-user/.
#[utoipa::path(put, path = "/providers/profile/", operation_id = "replace_own_profile", tag = "catalog",
    params(("If-Match" = Option<String>, Header, description = "The version that you edit.")),
    request_body = SaveProfile, security(("bearer" = [])),
    responses(
        (status = 200, description = "Your profile.", body = ProviderView,
            headers(("ETag" = String, description = "Its version."))),
        (status = 403, description = "`provider_required`: register as a provider first."),
        (status = 412, description = "`stale_version`: it has been changed in the meantime."),
    ))]
pub(super) async fn replace_own_profile(
    app: App,
    Provider(caller): Provider,
    language: Language,
    version: IfMatch,
    Valid(body): Valid<SaveProfile>,
) -> ApiResult<Response> {
    save(&app, &caller, language, &version, |_current| Ok(body)).await
}

/// Change some of one's own profile.
///
/// A merge patch (RFC 7386) of its top level: what is left out stays, `null` goes back to the default.
#[utoipa::path(patch, path = "/providers/profile/", operation_id = "change_own_profile", tag = "catalog",
    params(("If-Match" = Option<String>, Header, description = "The version that you edit.")),
    request_body = inline(ProfilePatch), security(("bearer" = [])),
    responses(
        (status = 200, description = "Your profile.", body = ProviderView,
            headers(("ETag" = String, description = "Its version."))),
        (status = 403, description = "`provider_required`: register as a provider first."),
        (status = 412, description = "`stale_version`: it has been changed in the meantime."),
    ))]
pub(super) async fn change_own_profile(
    app: App,
    Provider(caller): Provider,
    language: Language,
    version: IfMatch,
    patch: Patch<SaveProfile>,
) -> ApiResult<Response> {
    save(&app, &caller, language, &version, |current| patch.apply(&SaveProfile::from(current))).await
}

async fn save(
    app: &App,
    caller: &Caller,
    language: Language,
    version: &IfMatch,
    wanted: impl FnOnce(&EditableProfile) -> ApiResult<SaveProfile> + Send,
) -> ApiResult<Response> {
    let scene = Scene::of(app, language).await?;
    let mut tx = app.db.begin().await?;
    let current = store::providers::lock(&mut tx, caller.id).await?.ok_or_else(not_a_provider)?;
    version.check(current.version)?;
    let wanted = wanted(&current)?;
    let skills = wanted.skills();
    if skills != current.skills {
        check_skills(&mut tx, &skills).await?;
    }
    let profile = wanted.profile(caller.language.code());
    store::providers::update(&mut tx, caller.id, &profile, app.clock.now()).await?;
    let view = own(&mut tx, &scene, caller.id).await?;
    tx.commit().await?;
    Ok(editable(StatusCode::OK, view))
}

/// A provider.
///
/// `total_earnings` is there for themselves and for staff only.
#[utoipa::path(get, path = "/providers/{id}/", operation_id = "get_provider", tag = "catalog",
    params(("id" = UserId, Path, description = "Which provider.")),
    security((), ("bearer" = [])),
    responses(
        (status = 200, description = "The provider.", body = ProviderView,
            headers(("ETag" = String, description = "Send it as If-None-Match to hear only of changes."))),
        (status = 304, description = "You have this very answer."),
    ))]
pub(super) async fn get_provider(
    app: App,
    MaybeCaller(caller): MaybeCaller,
    language: Language,
    Path(id): Path<UserId>,
    request: HeaderMap,
) -> ApiResult<Response> {
    let as_insider = caller.is_some_and(|caller| caller.id == id || caller.staff.is_some());
    let view = async {
        let scene = Scene::of(&app, language).await?;
        let row = store::providers::find(&app.db, id).await?;
        let row = row.filter(|row| row.is_account_active || as_insider).ok_or_else(ApiError::not_found)?;
        Ok(ProviderView::of(row, &scene, as_insider))
    };
    if caller.is_some() {
        return Ok(Document::of(&view.await?)?.respond_privately(&request));
    }
    Ok(app.cache.get(&format!("/providers/{id}/"), language, view).await?.respond(&request))
}
