//! Rows for tests, put straight into the database: a category and a service in two lines.

use platform::{
    app::App,
    ids::{CategoryId, ServiceId, UserId},
};
use serde_json::json;

/// A category without a parent; its name in English, German and Italian is the slug with the language
/// behind it.
pub async fn category(app: &App, slug: &str) -> CategoryId {
    category_below(app, slug, None).await
}

/// A category below another one.
pub async fn category_below(app: &App, slug: &str, parent: Option<CategoryId>) -> CategoryId {
    let id = CategoryId::at(app.clock.now());
    let words = json!({"en": format!("{slug} en"), "de": format!("{slug} de"), "it": format!("{slug} it")});
    sqlx::query!(
        "insert into categories (id, slug, parent_id, position, icon, color, name, description)
         select $1, $2, $3, count(*), 'tools', '#0EA5E9', $4, $4 from categories",
        id as _,
        slug,
        parent as _,
        words,
    )
    .execute(&app.db)
    .await
    .expect("a category");
    // The next answer knows it.
    app.cache.clear();
    id
}

/// A published service of an existing provider: 60 minutes for 49.90 EUR in the middle of Berlin, in English.
/// Change the rest by SQL.
pub async fn service(app: &App, provider: UserId, category: CategoryId, title: &str) -> ServiceId {
    let now = app.clock.now();
    let id = ServiceId::at(now);
    sqlx::query!(
        "insert into services (id, provider_id, category_id, language, title, description, price_minor, currency,
                               duration_minutes, latitude, longitude, city, service_radius_km, created_at, updated_at)
         values ($1, $2, $3, 'en', $4, '', 4990, 'EUR', 60, 52.52, 13.405, 'Berlin', 25, $5, $5)",
        id as _,
        provider as _,
        category as _,
        title,
        now as _,
    )
    .execute(&app.db)
    .await
    .expect("a service");
    id
}
