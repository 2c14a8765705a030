//! Completions for the search box.

use std::sync::Arc;

use axum::{
    Extension,
    http::{HeaderMap, Uri},
    response::Response,
};
use garde::Validate;
use platform::{
    app::App,
    error::ApiResult,
    extract::Query,
    locale::Language,
    page::{Link, Page, PageQuery},
};
use serde::Deserialize;

use super::name_of;
use crate::{
    finder::Finder,
    suggest::{self, Suggestion},
};

/// What has been typed so far.
#[derive(Debug, Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SuggestQuery {
    /// What has been typed so far.
    #[garde(length(chars, max = 200))]
    #[param(max_length = 200, example = "win")]
    q: String,
}

/// Complete what somebody types into the search box: categories first, then titles of services, the popular
/// ones first. At most 10, in the language of the request.
#[utoipa::path(get, path = "/services/suggest/", operation_id = "suggest_services", tag = "discovery",
    params(SuggestQuery, PageQuery), responses((status = 200, description = "Completions.", body = Page<Suggestion>),
    (status = 304, description = "The client has this very answer.")))]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub(super) async fn suggest_services(
    app: App,
    language: Language,
    Extension(finder): Extension<Arc<Finder>>,
    Query(query): Query<SuggestQuery>,
    Query(page): Query<PageQuery>,
    link: Link,
    uri: Uri,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let made = async {
        let all = suggest::complete(&app, &finder, language, &query.q).await?;
        page.slice(link.for_everybody(), all, Suggestion::key)
    };
    Ok(app.cache.get(name_of(&uri), language, made).await?.respond(&headers))
}
