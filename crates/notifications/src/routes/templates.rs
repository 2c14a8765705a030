//! The words of messages, which support changes without a release.

use axum::{Json, http::StatusCode, response::Response};
use garde::Validate;
use platform::{
    app::App,
    audit::Matter,
    auth::{Staff, Support},
    bus::{Bus, Signal},
    error::{ApiError, ApiResult, FieldErrors, OnConstraint as _},
    extract::{Path, Query, Valid},
    idempotency::Write,
    ids::UserId,
    locale::{Language, Sentence},
    page::{Link, Page, PageQuery},
    time::Instant,
    validation::{broken, not_blank},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::previews::sample;
use crate::{
    model::{Category, Channel, NotificationError, Priority, Template, route},
    render::{self, Said},
    store::wordings::{self as store, Change, NewChange, Newest, Written},
    wording::{Wording, Wordings, is_worded, of_catalogue, placeholders, templates},
};

/// Samples are about so many.
const SAMPLE_COUNT: usize = 3;

/// Where words stand.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MessageWordingSource)]
pub(super) enum Source {
    /// In the release.
    Catalogue,
    /// Staff wrote them.
    Edited,
}

/// What a message says in a language: the words in force.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = MessageWording)]
pub(super) struct WordingView {
    language: Language,
    /// With its placeholders, `{ $other }`.
    title: String,
    body: String,
    /// `catalogue` also where the newest version cannot be used any more.
    source: Source,
    /// The newest version; 0 where there is none. To be sent along with a change.
    version: i32,
    /// When it was written.
    updated_at: Option<Instant>,
}

impl WordingView {
    fn of(template: Template, language: Language, newest: Option<Written<'_>>) -> Self {
        let is_usable = |(title, body): &(&str, &str)| Wording::read(template, language, title, body).is_ok();
        let usable = newest.and_then(|newest| newest.words).filter(is_usable);
        let (source, (title, body)) = match usable {
            Some((title, body)) => (Source::Edited, (title.to_owned(), body.to_owned())),
            None => (Source::Catalogue, of_catalogue(template, language)),
        };
        let version = newest.map_or(0, |newest| newest.version);
        Self { language, title, body, source, version, updated_at: newest.map(|newest| newest.at) }
    }
}

/// A message that people are sent.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = MessageTemplate)]
pub(super) struct TemplateView {
    name: Template,
    #[serde(rename = "type")]
    category: Category,
    priority: Priority,
    /// The ways by which it may go.
    channels: Vec<Channel>,
    /// What its words may contain, as `{ $name }`. `named` is 1 where there is a `service`, else 0.
    variables: Vec<String>,
    /// In every language.
    wordings: Vec<WordingView>,
}

impl TemplateView {
    fn of(template: Template, wording: impl FnMut(Language) -> WordingView) -> Self {
        let nature = template.nature();
        let mut channels = vec![Channel::InApp, Channel::Push, Channel::Email, Channel::Sms];
        channels.retain(|channel| nature.is_mailed || *channel != Channel::Email);
        Self {
            name: template,
            category: nature.category,
            priority: nature.priority,
            channels,
            variables: placeholders(template).into_iter().collect(),
            wordings: Language::ALL.into_iter().map(wording).collect(),
        }
    }
}

/// What a message said once, or says now.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = MessageWordingVersion)]
pub(super) struct VersionView {
    language: Language,
    /// From 1 up, in each language.
    version: i32,
    source: Source,
    /// `null` where the words of the catalogue count.
    title: Option<String>,
    body: Option<String>,
    note: Option<String>,
    /// The version that it brought back; 0 is the catalogue.
    reverted_to: Option<i32>,
    author_id: UserId,
    author_name: String,
    created_at: Instant,
}

impl From<Change> for VersionView {
    fn from(version: Change) -> Self {
        Self {
            language: version.language,
            version: version.version,
            source: if version.title.is_some() { Source::Edited } else { Source::Catalogue },
            title: version.title,
            body: version.body,
            note: version.note,
            reverted_to: version.reverted_to,
            author_id: version.created_by,
            author_name: version.author,
            created_at: version.created_at,
        }
    }
}

/// A message with what it said before.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = MessageTemplateHistory)]
pub(super) struct HistoryView {
    #[serde(flatten)]
    template: TemplateView,
    /// Newest first; the last 100 of each language.
    versions: Vec<VersionView>,
}

/// Every message that people are sent, with its words: for support. What staff announce is not among them.
#[utoipa::path(get, path = "/notifications/templates/", tag = "notifications", operation_id = "list_message_templates",
    security(("bearer" = [])), params(PageQuery),
    responses((status = OK, description = "A page of them.", body = Page<TemplateView>),
        (status = FORBIDDEN, description = "`forbidden`: not of support.")))]
pub(super) async fn list_templates(
    app: App,
    _staff: Support,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<TemplateView>>> {
    let rows = store::newest(&app.db).await?;
    let view = |template| {
        TemplateView::of(template, |language| {
            let row = rows.iter().find(|row| row.place() == Some((template, language)));
            WordingView::of(template, language, row.map(Newest::written))
        })
    };
    let id = |shown: &TemplateView| format!("{:?}", shown.name);
    Ok(Json(page.slice(link, templates().map(view).collect(), id)?))
}

/// A message with all versions of its words: for support.
#[utoipa::path(get, path = "/notifications/templates/{name}/", tag = "notifications",
    operation_id = "get_message_template", security(("bearer" = [])), params(("name" = Template, Path)),
    responses((status = OK, description = "The message.", body = HistoryView),
        (status = FORBIDDEN, description = "`forbidden`: not of support."),
        (status = NOT_FOUND, description = "There is no such message.")))]
pub(super) async fn get_template(
    app: App,
    _staff: Support,
    Path(template): Path<Template>,
) -> ApiResult<Json<HistoryView>> {
    exists(template)?;
    let versions = store::of_template(&app.db, template).await?;
    let view = TemplateView::of(template, |language| {
        let newest = versions.iter().filter(|row| row.language == language).max_by_key(|row| row.version);
        WordingView::of(template, language, newest.map(Change::written))
    });
    Ok(Json(HistoryView { template: view, versions: versions.into_iter().map(VersionView::from).collect() }))
}

/// New words, in the syntax of Fluent: `{ $other }`, and `{ $count -> [one] … *[other] … }` over several lines.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "Booking accepted", "body": "{ $other } is coming: “{ $service }” on { $when }.",
    "note": "Friendlier", "version": 0}))]
pub(super) struct SetMessageWording {
    /// On one line.
    #[garde(length(chars, min = 1, max = 120), custom(line))]
    #[schema(
        min_length = 1,
        max_length = 120,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    title: String,
    #[garde(length(chars, min = 1, max = 1000), custom(lines))]
    #[schema(
        min_length = 1,
        max_length = 1000,
        pattern = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x09\x0b-\x1f\x7f-\x9f]*$"
    )]
    body: String,
    /// Why, for colleagues.
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 500), custom(lines)))]
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x09\x0b-\x1f\x7f-\x9f]*$"
    )]
    note: Option<String>,
    /// The version that was seen; 0 where there was none.
    #[garde(range(min = 0))]
    #[schema(minimum = 0)]
    version: i32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that garde calls")]
fn line(text: &str, context: &()) -> garde::Result {
    if text.chars().any(char::is_control) {
        Err(broken("control_character"))
    } else {
        not_blank(text, context)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that garde calls")]
fn lines(text: &str, context: &()) -> garde::Result {
    line(&text.replace('\n', " "), context)
}

/// Change what a message says in a language: for support. It is said from then on, and everything before is kept.
#[utoipa::path(put, path = "/notifications/templates/{name}/{language}/", tag = "notifications",
    operation_id = "set_message_wording", security(("bearer" = [])),
    params(("name" = Template, Path), ("language" = Language, Path)), request_body = SetMessageWording,
    responses((status = OK, description = "The new version.", body = VersionView),
        (status = FORBIDDEN, description = "`forbidden`: not of support."),
        (status = NOT_FOUND, description = "There is no such message or language."),
        (status = CONFLICT, description = "`wording_changed`: there is a newer version than the one that was seen."),
        (status = UNPROCESSABLE_ENTITY, description = "A field is not valid: it cannot be read, or has a placeholder that the message does not have.")))]
pub(super) async fn set_wording(
    app: App,
    Support(staff): Support,
    Path((template, language)): Path<(Template, Language)>,
    write: Write,
    Valid(body): Valid<SetMessageWording>,
) -> ApiResult<Response> {
    exists(template)?;
    try_out(&app, template, language, &body.title, &body.body)?;
    let new = NewChange {
        template,
        language,
        words: Some((&body.title, &body.body)),
        note: body.note.as_deref(),
        reverted_to: None,
        created_by: staff.caller.id,
        created_at: app.clock.now(),
    };
    let mut tx = staff.begin(write).await?;
    let version = add(&mut tx, &new, Some(body.version)).await?;
    let entry = matter(&staff, template, language)?.act("message_template.change");
    let entry = entry.details(json!({"version": version.version}));
    let answer = tx.commit(entry, Json(version)).await?;
    app.kept.forget();
    Ok(answer)
}

/// Words to be looked at.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "Booking accepted", "body": "{ $other } is coming on { $when }."}))]
pub(super) struct PreviewMessageWording {
    /// On one line.
    #[garde(length(chars, min = 1, max = 120), custom(line))]
    #[schema(
        min_length = 1,
        max_length = 120,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    title: String,
    #[garde(length(chars, min = 1, max = 1000), custom(lines))]
    #[schema(
        min_length = 1,
        max_length = 1000,
        pattern = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x09\x0b-\x1f\x7f-\x9f]*$"
    )]
    body: String,
}

/// How a message would look.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct MessagePreview {
    push: PushPreview,
    /// Also where this message is not mailed by itself.
    email: MailPreview,
    sms: SmsPreview,
}

/// On a phone, and in the list of the app.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct PushPreview {
    title: String,
    body: String,
}

/// In a mailbox.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct MailPreview {
    subject: String,
    text: String,
    html: String,
}

/// As an SMS, which is cut where it is too long.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct SmsPreview {
    text: String,
}

/// See what words would look like, with sample values: for support. Nothing is kept.
#[utoipa::path(post, path = "/notifications/templates/{name}/{language}/preview/", tag = "notifications",
    operation_id = "preview_message_wording", security(("bearer" = [])),
    params(("name" = Template, Path), ("language" = Language, Path)), request_body = PreviewMessageWording,
    responses((status = OK, description = "The message on every channel.", body = MessagePreview),
        (status = FORBIDDEN, description = "`forbidden`: not of support."),
        (status = NOT_FOUND, description = "There is no such message or language."),
        (status = UNPROCESSABLE_ENTITY, description = "A field is not valid: it cannot be read, or has a placeholder that the message does not have.")))]
pub(super) async fn preview_wording(
    app: App,
    Support(staff): Support,
    Path((template, language)): Path<(Template, Language)>,
    Valid(body): Valid<PreviewMessageWording>,
) -> ApiResult<Json<MessagePreview>> {
    staff.only_reads();
    exists(template)?;
    let said = try_out(&app, template, language, &body.title, &body.body)?;
    let nature = template.nature();
    // There is nobody to unsubscribe; the mail only says that it could be done.
    let unsubscribe = (nature.priority == Priority::Normal).then(String::new);
    let (to, route) = (String::new(), route(nature.entity, None));
    let mail = render::mail(&app, &said, to, language, &route, unsubscribe)?;
    Ok(Json(MessagePreview {
        email: MailPreview { subject: mail.subject, text: mail.text, html: mail.html },
        sms: SmsPreview { text: render::sms(&said, String::new()).text },
        push: PushPreview { title: said.title, body: said.body },
    }))
}

/// Which version is to count again.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"version": 0}))]
pub(super) struct RevertMessageWording {
    /// 0 for the words of the catalogue.
    #[garde(range(min = 0))]
    #[schema(minimum = 0)]
    version: i32,
}

/// Bring back what a message said before, or what the catalogue says: for support. It is a version of its own.
#[utoipa::path(post, path = "/notifications/templates/{name}/{language}/revert/", tag = "notifications",
    operation_id = "revert_message_wording", security(("bearer" = [])),
    params(("name" = Template, Path), ("language" = Language, Path)), request_body = RevertMessageWording,
    responses((status = CREATED, description = "The new version.", body = VersionView),
        (status = FORBIDDEN, description = "`forbidden`: not of support."),
        (status = NOT_FOUND, description = "There is no such message or language."),
        (status = CONFLICT, description = "`wording_changed`: somebody else is changing it at this moment."),
        (status = UNPROCESSABLE_ENTITY, description = "There is no such version, or its words cannot be used any more.")))]
pub(super) async fn revert_wording(
    app: App,
    Support(staff): Support,
    write: Write,
    Path((template, language)): Path<(Template, Language)>,
    Valid(body): Valid<RevertMessageWording>,
) -> ApiResult<Response> {
    exists(template)?;
    let mut tx = staff.begin(write).await?;
    let words = if body.version == 0 {
        None
    } else {
        let unknown = || ApiError::invalid_field("version", Sentence::new("field-unknown_choice"));
        store::words_of(&mut tx, template, language, body.version).await?.ok_or_else(unknown)?
    };
    let words = words.as_ref().map(|(title, body)| (title.as_str(), body.as_str()));
    if let Some((title, body)) = words {
        try_out(&app, template, language, title, body)?;
    }
    let new = NewChange {
        template,
        language,
        words,
        note: None,
        reverted_to: Some(body.version),
        created_by: staff.caller.id,
        created_at: app.clock.now(),
    };
    let version = add(&mut tx, &new, None).await?;
    let entry = matter(&staff, template, language)?.act("message_template.revert");
    let entry = entry.details(json!({"version": version.version, "to": body.version}));
    let answer = tx.commit(entry, (StatusCode::CREATED, Json(version))).await?;
    app.kept.forget();
    Ok(answer)
}

/// The words of a message, which are nobody's own.
fn matter(staff: &Staff, template: Template, language: Language) -> ApiResult<Matter> {
    staff.matter("message_template", format_args!("{}/{}", <&str>::from(template), language.code()), [])
}

fn exists(template: Template) -> ApiResult<()> {
    if is_worded(template) { Ok(()) } else { Err(ApiError::not_found()) }
}

/// What words say of the samples; refused where they cannot be read, or say nothing.
fn try_out(app: &App, template: Template, language: Language, title: &str, body: &str) -> ApiResult<Said> {
    let wording = Wording::read(template, language, title, body).map_err(ApiError::invalid)?;
    let wordings = Wordings::only(template, language, wording);
    let said = render::words(&wordings, template, &sample(app, template), SAMPLE_COUNT, language);
    let empty =
        [("title", &said.title), ("body", &said.body)].into_iter().filter(|part| part.1.trim().is_empty());
    let errors = empty.map(|(field, _)| (field.to_owned(), vec![Sentence::new("field-required")]));
    let errors: FieldErrors = errors.collect();
    if errors.is_empty() { Ok(said) } else { Err(ApiError::invalid(errors)) }
}

async fn add(
    db: &mut sqlx::PgConnection,
    new: &NewChange<'_>,
    based_on: Option<i32>,
) -> ApiResult<VersionView> {
    let added = store::insert(&mut *db, new, based_on).await;
    let added = added.on_constraint("notification_wordings_pkey", NotificationError::WordingChanged)?;
    let version = added.ok_or(NotificationError::WordingChanged)?;
    Bus::publish(db, &Signal::KeptChanged).await?;
    Ok(version.into())
}
