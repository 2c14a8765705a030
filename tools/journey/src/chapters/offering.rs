//! Becoming a provider and publishing services.

use serde_json::{Value, json};

use crate::{
    shape::Kind,
    shapes,
    story::{Category, Service, Story},
};

pub async fn tell(story: &mut Story) -> anyhow::Result<()> {
    story.tell("Marco looks at the categories and becomes a provider");
    story.category = choose_category(story).await?;
    become_provider(story).await?;
    profile(story).await?;
    story.tell("He publishes piano lessons, and a tuning that is booked at once");
    refused_services(story).await?;
    story.lessons = publish(story).await?;
    story.tuning = second_service(story).await?;
    story.tell("He corrects a price, and an old edit does not overwrite it");
    edit(story).await
}

async fn choose_category(story: &Story) -> anyhow::Result<Category> {
    let all = story.client.get("/services/categories/").query("page_size", 100).expect(200).await?;
    all.lists(shapes::CATEGORY)?;
    let is_child = |category: &&Value| category.get("parent_id").is_some_and(Value::is_string);
    let child = all.results()?.iter().find(is_child);
    let child = child.ok_or_else(|| all.wrong("there should be a category inside another one"))?;
    let text = |name: &str| child.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Category { id: text("id"), slug: text("slug") })
}

async fn become_provider(story: &Story) -> anyhow::Result<()> {
    let (client, marco) = (&story.client, &story.marco);
    client.get("/providers/profile/").by(marco).expect(403).await?.is("code", "provider_required")?;
    let body = json!({
        "account_type": "individual",
        "description": "Twenty years at the piano.",
        "skills": [story.category.id],
        "languages": ["de", "it"],
    });
    let register = || client.post("/providers/register/").by(marco).json(body.clone());
    let provider = register().expect(201).await?;
    provider.fits(shapes::PROVIDER)?.is("id", marco.id.as_str())?.is("user_id", marco.id.as_str())?;
    provider.is("account_type", "individual")?.is("skills.0.category_id", story.category.id.as_str())?;
    provider.is("rating_count", 0)?.is("is_verified", false)?.is("languages", json!(["de", "it"]))?;
    register().expect(409).await?;
    client.get("/auth/current-user/").by(marco).expect(200).await?.is("is_provider", true)?;
    // A competitor: what he may not do is not for want of the role.
    let other = json!({"account_type": "business", "business_name": "Baker & Sons", "skills": []});
    let other = client.post("/providers/register/").by(&story.tom).json(other).expect(201).await?;
    other.is("business_name", "Baker & Sons")?.is("account_type", "business")?;
    Ok(())
}

async fn profile(story: &Story) -> anyhow::Result<()> {
    let (client, marco) = (&story.client, &story.marco);
    let own = client.get("/providers/profile/").by(marco).expect(200).await?;
    own.fits(shapes::PROVIDER)?.is_private()?.is("total_earnings", 0)?;
    let change = json!({"description": "Twenty years at the piano, ten of them teaching."});
    let patch =
        client.patch("/providers/profile/").by(marco).header("if-match", own.header("etag")?).json(change);
    let changed = patch.expect(200).await?;
    changed.fits(shapes::PROVIDER)?.is("description", "Twenty years at the piano, ten of them teaching.")?;
    changed.is("languages", json!(["de", "it"]))?;
    let whole = json!({
        "account_type": "individual",
        "description": "Twenty years at the piano, ten of them teaching.",
        "skills": [story.category.id],
        "languages": ["de", "it"],
        "location": place(story)?,
    });
    let changed = client.put("/providers/profile/").by(marco).json(whole).expect(200).await?;
    changed.fits(shapes::PROVIDER)?.field_fits("service_area", Kind::Object)?;
    let public = client.get(&format!("/providers/{}/", marco.id)).by(&story.anna).expect(200).await?;
    public.fits(shapes::PROVIDER)?.is("total_earnings", Value::Null)?;
    public.same_as(&changed, &["id", "name", "description", "languages", "skills", "member_since"])?;
    Ok(())
}

fn place(story: &Story) -> anyhow::Result<Value> {
    let (latitude, longitude) = (story.place.latitude, story.place.longitude());
    Ok(serde_json::from_str(&format!(
        r#"{{"latitude": {latitude}, "longitude": {longitude}, "city": "Berlin"}}"#
    ))?)
}

fn lessons(story: &Story) -> anyhow::Result<Value> {
    let tag = &story.tag;
    Ok(json!({
        "category_id": story.category.id,
        "title": format!("Klavierunterricht {tag}"),
        "description": "Einzelstunden für Anfänger und Fortgeschrittene.",
        "price": 49.90,
        "duration_minutes": 60,
        "cancellation_policy": "moderate",
        "location": place(story)?,
        "translations": {
            "de": {"title": format!("Klavierunterricht {tag}"), "description": "Einzelstunden für Anfänger und Fortgeschrittene."},
            "en": {"title": format!("Piano lessons {tag}"), "description": "One-to-one teaching for beginners and others."},
        },
    }))
}

async fn refused_services(story: &Story) -> anyhow::Result<()> {
    let (client, marco) = (&story.client, &story.marco);
    client.post("/services/").by(&story.anna).json(lessons(story)?).refused(403, "provider_required").await?;
    for (field, value) in [
        ("price", json!(-1)),
        ("price", json!(1.005)),
        ("duration_minutes", json!(4)),
        ("title", json!("")),
        ("cancellation_policy", json!("generous")),
        ("currency", json!("XXXX")),
        ("category_id", json!("019a0000-0000-7000-8000-000000000000")),
    ] {
        let mut body = lessons(story)?;
        if let Some(body) = body.as_object_mut() {
            body.insert(field.to_owned(), value);
        }
        client.post("/services/").by(marco).json(body).invalid(field).await?;
    }
    Ok(())
}

async fn publish(story: &Story) -> anyhow::Result<Service> {
    let (client, marco) = (&story.client, &story.marco);
    let key = format!("journey-{}-lessons", story.tag);
    let post = |body| client.post("/services/").by(marco).header("idempotency-key", &key).json(body);
    let made = post(lessons(story)?).expect(201).await?;
    made.fits(shapes::SERVICE)?.fits(shapes::SERVICE_ALONE)?.is_private()?;
    made.is("price", 49.90)?.is("currency", "EUR")?.is("duration_minutes", 60)?.is("is_active", true)?;
    made.is("cancellation_policy", "moderate")?.is("provider_id", marco.id.as_str())?;
    made.is("category_id", story.category.id.as_str())?.is("images", json!([]))?.is("total_reviews", 0)?;
    let service = Service::of(&made)?;
    let location = made.header("location")?;
    made.check(location.ends_with(&service.path), format_args!("Location should name {}", service.path))?;

    let again = post(lessons(story)?).expect(201).await?;
    again.header_is("idempotency-replayed", "true")?.is("id", service.id.as_str())?;
    let mut other = lessons(story)?;
    if let Some(other) = other.as_object_mut() {
        other.insert("price".to_owned(), json!("59.90"));
    }
    post(other).refused(422, "idempotency_key_reused").await?;
    let mine = client.get("/services/").by(marco).query("provider", &marco.id).expect(200).await?;
    mine.lists(shapes::SERVICE)?.is("count", 1)?.is("count_exact", true)?;
    Ok(service)
}

async fn second_service(story: &Story) -> anyhow::Result<Service> {
    let mut body = lessons(story)?;
    if let Some(body) = body.as_object_mut() {
        body.insert("title".to_owned(), json!(format!("Stimmen {}", story.tag)));
        body.insert("price".to_owned(), json!("20.05"));
        body.insert("duration_minutes".to_owned(), json!(15));
        body.insert("credits_required".to_owned(), json!(20));
        body.insert("cancellation_policy".to_owned(), json!("flexible"));
        body.remove("translations");
    }
    let made = story.client.post("/services/").by(&story.marco).json(body).expect(201).await?;
    made.fits(shapes::SERVICE)?.fits(shapes::SERVICE_ALONE)?.is("price", 20.05)?;
    Service::of(&made)
}

async fn edit(story: &Story) -> anyhow::Result<()> {
    let (client, marco, path) = (&story.client, &story.marco, &story.lessons.path);
    let before = client.get(path).by(marco).expect(200).await?;
    let version = before.number("version")?;
    let tag = before.header("etag")?;
    before.check(tag.starts_with(&format!("\"{version}-")), "the tag should begin with the version")?;
    let patch = |price: f64| {
        let call = client.patch(path).by(marco).header("if-match", format!("\"{version}\""));
        call.json(json!({"price": price}))
    };
    let after = patch(45.50).expect(200).await?;
    after.fits(shapes::SERVICE)?.is("price", 45.50)?.is("version", version + 1)?;
    after.same_as(
        &before,
        &["id", "title", "description", "duration_minutes", "translations", "created_at"],
    )?;
    patch(1.0).refused(412, "stale_version").await?;
    client.patch(path).by(&story.tom).json(json!({"price": 1})).refused(404, "not_found").await?;
    let whole = client.put(path).by(marco).json(lessons(story)?).expect(200).await?;
    whole.is("price", 49.90)?.is("version", version + 2)?;
    Ok(())
}
