//! The SQL of the words that staff wrote. Versions are only ever added.

use platform::{ids::UserId, locale::Language, time::Instant};
use sqlx::{PgConnection, PgPool};
use strum::VariantArray as _;

use crate::model::Template;

/// So many versions of each language are shown.
pub(crate) const MOST_SHOWN: i64 = 100;

/// The newest version in a language.
#[derive(Clone, Debug)]
pub(crate) struct Newest {
    template: String,
    language: String,
    version: i32,
    title: Option<String>,
    body: Option<String>,
    created_at: Instant,
}

/// What a version says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written<'a> {
    pub(crate) version: i32,
    /// Title and body; `None` where those of the catalogue count.
    pub(crate) words: Option<(&'a str, &'a str)>,
    pub(crate) at: Instant,
}

impl Newest {
    /// Of what it is; `None` where this release does not know it.
    pub(crate) fn place(&self) -> Option<(Template, Language)> {
        let template = Template::VARIANTS.iter().find(|template| template.name() == self.template)?;
        Some((*template, self.language.parse().ok()?))
    }

    pub(crate) fn written(&self) -> Written<'_> {
        let words = self.title.as_deref().zip(self.body.as_deref());
        Written { version: self.version, words, at: self.created_at }
    }
}

/// Something that somebody changed: a version, and whose.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) language: Language,
    pub(crate) version: i32,
    pub(crate) title: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) reverted_to: Option<i32>,
    pub(crate) created_by: UserId,
    pub(crate) author: String,
    pub(crate) created_at: Instant,
}

impl Change {
    pub(crate) fn written(&self) -> Written<'_> {
        let words = self.title.as_deref().zip(self.body.as_deref());
        Written { version: self.version, words, at: self.created_at }
    }
}

/// What somebody changes; its version follows.
#[derive(Debug)]
pub(crate) struct NewChange<'a> {
    pub(crate) template: Template,
    pub(crate) language: Language,
    /// Title and body; `None` for those of the catalogue.
    pub(crate) words: Option<(&'a str, &'a str)>,
    pub(crate) note: Option<&'a str>,
    pub(crate) reverted_to: Option<i32>,
    pub(crate) created_by: UserId,
    pub(crate) created_at: Instant,
}

/// The newest version of every template and language that was ever changed.
pub(crate) async fn newest(db: &PgPool) -> sqlx::Result<Vec<Newest>> {
    sqlx::query_as!(
        Newest,
        "select distinct on (template, language) template, language, version, title, body, created_at
           from notification_wordings order by template, language, version desc"
    )
    .fetch_all(db)
    .await
}

/// The versions of a template, newest first: of each language at most [`MOST_SHOWN`].
pub(crate) async fn of_template(db: &PgPool, template: Template) -> sqlx::Result<Vec<Change>> {
    sqlx::query_as!(
        Change,
        r#"select v.language as "language!: Language", v.version as "version!", v.title, v.body, v.note, v.reverted_to,
                  v.created_by as "created_by!: UserId", u.name as author, v.created_at as "created_at!: Instant"
             from (select *, row_number() over (partition by language order by version desc) as place
                     from notification_wordings where template = $1) v
             join users u on u.id = v.created_by
            where v.place <= $2 order by v.created_at desc, v.language, v.version desc"#,
        template as _,
        MOST_SHOWN,
    )
    .fetch_all(db)
    .await
}

/// Title and body of a version, `None` for those of the catalogue; nothing where there is no such version.
pub(crate) async fn words_of(
    db: &mut PgConnection,
    template: Template,
    language: Language,
    version: i32,
) -> sqlx::Result<Option<Option<(String, String)>>> {
    let row = sqlx::query!(
        "select title, body from notification_wordings where template = $1 and language = $2 and version = $3",
        template as _,
        language as _,
        version,
    );
    Ok(row.fetch_optional(db).await?.map(|row| row.title.zip(row.body)))
}

/// Adds a version; nothing where the newest is not the one that it is `based_on`. Of two at once, one violates
/// `notification_wordings_pkey`.
pub(crate) async fn insert(
    db: &mut PgConnection,
    new: &NewChange<'_>,
    based_on: Option<i32>,
) -> sqlx::Result<Option<Change>> {
    sqlx::query_as!(
        Change,
        r#"insert into notification_wordings (template, language, version, title, body, note, reverted_to, created_by,
                created_at)
           select $1::text, $2::text, coalesce(max(version), 0) + 1, $3, $4, $5, $6::int, $7::uuid, $8::timestamptz
             from notification_wordings where template = $1 and language = $2
           having $9::int is null or coalesce(max(version), 0) = $9
           returning language as "language: Language", version, title, body, note, reverted_to,
                created_by as "created_by: UserId", (select name from users where id = created_by) as "author!",
                created_at"#,
        new.template as _,
        new.language as _,
        new.words.map(|words| words.0),
        new.words.map(|words| words.1),
        new.note,
        new.reverted_to,
        new.created_by as _,
        new.created_at as _,
        based_on,
    )
    .fetch_optional(db)
    .await
}
