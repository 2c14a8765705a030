//! Finding a service: nearby, by words, by category, by price; and keeping it.

use serde_json::{Value, json};

use super::schedule::date_in;
use crate::{
    answer::Answer,
    call::Call,
    shape::Kind,
    shapes,
    story::{BETWEEN, PATIENCE, Story, let_it_spread},
};

pub async fn tell(story: &mut Story) -> anyhow::Result<()> {
    let_it_spread().await;
    story.tell("Somebody without an account looks around");
    nearby(story).await?;
    story.tell("They search in their own words");
    by_words(story).await?;
    story.tell("They narrow it down");
    by_filters(story).await?;
    pages(story).await?;
    story.tell("They look at what is popular, and at the providers");
    popular(story).await?;
    directory(story).await?;
    story.tell("They open one service");
    one(story).await?;
    story.tell("Anna keeps it");
    favourites(story).await?;
    story.tell("Marco hides a service; only he sees it now");
    hidden(story).await
}

fn here<'a>(story: &Story, call: Call<'a>) -> Call<'a> {
    call.query("lat", story.place.latitude).query("lng", story.place.longitude())
}

fn number(value: &Value, name: &str) -> f64 {
    value.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

async fn nearby(story: &Story) -> anyhow::Result<()> {
    let client = &story.client;
    let list = here(story, client.get("/services/nearby/")).query("page_size", 100).expect(200).await?;
    list.lists(shapes::SERVICE)?.has(&story.lessons.id)?;
    let distances: Vec<f64> = list.results()?.iter().map(|service| number(service, "distance_km")).collect();
    list.check(distances.is_sorted(), "the nearest should come first")?;
    list.check(distances.iter().all(|km| (0.0..=10.0).contains(km)), "all should be within 10 km")?;
    let here_is = distances.first().is_some_and(|km| *km < 0.05);
    list.check(here_is, "Marco's services are at this very place: the first distance should be 0")?;

    let munich = client.get("/services/nearby/").query("lat", 48.137).query("lng", 11.575);
    munich.query("provider", &story.marco.id).expect(200).await?.is("count", 0)?;
    client.get("/services/nearby/").expect(422).await?;
    client.get("/services/nearby/").query("lat", 91).query("lng", 0).invalid("lat").await?;
    let wide = here(story, client.get("/services/nearby/")).query("radius_km", 201);
    wide.invalid("radius_km").await?;
    Ok(())
}

/// Waits until the server has learned the words of Marco's services, which it does in the background: only then
/// can it make out a misspelt one.
async fn words_are_learned(story: &Story) -> anyhow::Result<()> {
    for _ in 0..PATIENCE {
        let search = story.client.get("/services/").query("search", "Klavirunterricht").query("lang", "de");
        let found = search.query("provider", &story.marco.id).quietly().expect(200).await?;
        if found.has(&story.lessons.id).is_ok() {
            break;
        }
        tokio::time::sleep(BETWEEN).await;
    }
    Ok(())
}

async fn by_words(story: &Story) -> anyhow::Result<()> {
    words_are_learned(story).await?;
    let (client, tag) = (&story.client, &story.tag);
    let (german, english) = (format!("Klavierunterricht {tag}"), format!("Piano lessons {tag}"));
    for (language, words, title) in [
        ("de", german.clone(), &german),
        ("de", "klavierunterrichts".to_owned(), &german),
        ("de", "Klavirunterricht".to_owned(), &german),
        ("de", "klavierunt".to_owned(), &german),
        ("en", english.clone(), &english),
        ("en", "piano lesson".to_owned(), &english),
        ("en", "lessns".to_owned(), &english),
        ("en", "Marco Rossi".to_owned(), &english),
    ] {
        let search = client.get("/services/").query("search", &words).query("lang", language);
        // The words alone are found in other services too, so all but the whole title look at Marco's only.
        let search = if words.contains(tag) { search } else { search.query("provider", &story.marco.id) };
        let found = search.expect(200).await?;
        found.lists(shapes::SERVICE)?.header_is("content-language", language)?;
        let title_found = found.has(&story.lessons.id)?.get("title").and_then(Value::as_str);
        found.check(title_found == Some(title), format_args!("the title should be {title}"))?;
    }
    let nothing = client.get("/services/").query("search", "submarine").query("provider", &story.marco.id);
    nothing.expect(200).await?.is("count", 0)?;

    let half: String = tag.chars().take(4).collect();
    let suggest =
        client.get("/services/suggest/").query("q", format!("Klavierunterricht {half}")).query("lang", "de");
    let suggested = suggest.expect(200).await?;
    let suggestions = suggested.results()?;
    suggested.check(suggestions.len() <= 10, "there should be at most 10 completions")?;
    let completed = suggestions.iter().any(|item| item.to_string().contains(tag.as_str()));
    suggested.check(completed, format_args!("the completions should have {german}"))?;
    Ok(())
}

async fn by_filters(story: &Story) -> anyhow::Result<()> {
    let client = &story.client;
    let marcos = || client.get("/services/").query("provider", &story.marco.id);
    let (lessons, tuning) = (&story.lessons.id, &story.tuning.id);
    let both = marcos().expect(200).await?;
    both.lists(shapes::SERVICE)?.is("count", 2)?;
    for category in [&story.category.id, &story.category.slug] {
        for name in ["category", "category_id"] {
            marcos().query(name, category).expect(200).await?.is("count", 2)?;
        }
    }
    marcos().query("min_price", "49.90").expect(200).await?.has_not(tuning)?.has(lessons)?;
    marcos().query("max_price", "20.05").expect(200).await?.has_not(lessons)?.has(tuning)?;
    marcos().query("max_duration", 30).expect(200).await?.has_not(lessons)?.has(tuning)?;
    marcos().query("min_rating", 4).expect(200).await?.is("count", 0)?;
    marcos().query("verified", true).expect(200).await?.is("count", 0)?;
    marcos().query("available_on", date_in(6)?).expect(200).await?.is("count", 2)?;
    marcos().query("available_on", date_in(8)?).expect(200).await?.is("count", 0)?;
    let ids = client.get("/services/").query("ids", format!("{lessons},{tuning}")).expect(200).await?;
    ids.is("count", 2)?;
    let by_distance =
        here(story, marcos()).query("radius_km", 1).query("ordering", "distance").expect(200).await?;
    by_distance.is("count", 2)?.field_fits("results.0.distance_km", Kind::Number)?;
    for (ordering, first) in [("price", tuning), ("-price", lessons), ("-created_at", tuning)] {
        let sorted = marcos().query("ordering", ordering).expect(200).await?;
        sorted.is("results.0.id", first.as_str())?;
    }
    for ordering in ["-rating", "popularity"] {
        marcos().query("ordering", ordering).expect(200).await?.is("count", 2)?;
    }
    let facets = marcos().query("facets", true).expect(200).await?;
    facets.field_fits("facets", Kind::Object)?;
    Ok(())
}

async fn pages(story: &Story) -> anyhow::Result<()> {
    let client = &story.client;
    let first =
        client.get("/services/").query("provider", &story.marco.id).query("page_size", 1).expect(200).await?;
    first.lists(shapes::SERVICE)?.is("count", 2)?.is("previous", Value::Null)?;
    let second = client.get(&first.text("next")?).expect(200).await?;
    second.lists(shapes::SERVICE)?.is("next", Value::Null)?;
    second
        .check(second.text("results.0.id")? != first.text("results.0.id")?, "each item should come once")?;
    let back = client.get(&second.text("previous")?).expect(200).await?;
    back.same_as(&first, &["results.0.id"])?;
    let by_number =
        client.get("/services/").query("provider", &story.marco.id).query("page_size", 1).query("page", 2);
    by_number.expect(200).await?.same_as(&second, &["results.0.id"])?;
    Ok(())
}

async fn popular(story: &Story) -> anyhow::Result<()> {
    let client = &story.client;
    let list = client.get("/services/popular/").expect(200).await?;
    list.lists(shapes::SERVICE)?;
    let of_category = client.get("/services/popular/").query("category", &story.category.slug);
    here(story, of_category).expect(200).await?.lists(shapes::SERVICE)?;
    Ok(())
}

async fn directory(story: &Story) -> anyhow::Result<()> {
    let client = &story.client;
    here(story, client.get("/providers/")).expect(200).await?.lists(shapes::PROVIDER)?;
    let profile = client.get(&format!("/providers/{}/", story.marco.id)).expect(200).await?;
    profile.fits(shapes::PROVIDER)?.is("total_earnings", Value::Null)?;
    client.get(&format!("/providers/{}/", story.anna.id)).refused(404, "not_found").await?;
    Ok(())
}

async fn one(story: &Story) -> anyhow::Result<()> {
    let (client, path) = (&story.client, &story.lessons.path);
    let service = client.get(path).query("lang", "de").expect(200).await?;
    service.fits(shapes::SERVICE)?.fits(shapes::SERVICE_ALONE)?;
    service.is("title", format!("Klavierunterricht {}", story.tag))?.is("translations", Value::Null)?;
    service.is("provider.id", story.marco.id.as_str())?.is("category.id", story.category.id.as_str())?;
    not_modified(story, path, &service).await?;
    let categories = client.get("/categories/").query("lang", "de").expect(200).await?;
    categories.lists(shapes::CATEGORY)?.header_is("content-language", "de")?;
    not_modified(story, "/categories/", &categories).await?;
    let same = client.get("/services/categories/").query("lang", "de").expect(200).await?;
    same.same_as(&categories, &["results.0.id", "results.0.name", "count"])?;
    Ok(())
}

async fn not_modified(story: &Story, path: &str, answer: &Answer) -> anyhow::Result<()> {
    let cache = answer.header("cache-control")?;
    answer.check(!cache.contains("no-store"), format_args!("a public answer may be cached, not {cache}"))?;
    let again = story.client.get(path).query("lang", "de").header("if-none-match", answer.header("etag")?);
    let nothing = again.expect(304).await?;
    nothing.check(nothing.bytes.is_empty(), "304 should have no body")?;
    Ok(())
}

async fn favourites(story: &Story) -> anyhow::Result<()> {
    let (client, anna, id) = (&story.client, &story.anna, &story.lessons.id);
    let path = format!("{}favourite/", story.lessons.path);
    for _ in 0..2 {
        client.put(&path).by(anna).expect(204).await?;
    }
    let kept = client.get("/favourites/").by(anna).expect(200).await?;
    kept.lists(shapes::SERVICE)?.is_private()?.is("count", 1)?.is("results.0.is_favourite", true)?.has(id)?;
    client.get("/favourites/").by(&story.tom).expect(200).await?.is("count", 0)?;
    let list = client.get("/services/").by(anna).query("ids", id).expect(200).await?;
    list.is("results.0.is_favourite", true)?.is_private()?;
    for _ in 0..2 {
        client.delete(&path).by(anna).expect(204).await?;
    }
    client.get("/favourites/").by(anna).expect(200).await?.is("results", json!([]))?;
    client
        .put("/services/019a0000-0000-7000-8000-000000000000/favourite/")
        .by(anna)
        .refused(404, "not_found")
        .await?;
    Ok(())
}

async fn hidden(story: &Story) -> anyhow::Result<()> {
    let (client, marco, path) = (&story.client, &story.marco, &story.tuning.path);
    client
        .patch(path)
        .by(marco)
        .json(json!({"is_active": false}))
        .expect(200)
        .await?
        .is("is_active", false)?;
    client.get(path).by(marco).expect(200).await?.is("is_active", false)?;
    let_it_spread().await;
    client.get(path).refused(404, "not_found").await?;
    client.get(path).by(&story.anna).refused(404, "not_found").await?;
    client.patch(path).by(marco).json(json!({"is_active": true})).expect(200).await?.is("is_active", true)?;
    let_it_spread().await;
    client.get(path).expect(200).await?;
    Ok(())
}
