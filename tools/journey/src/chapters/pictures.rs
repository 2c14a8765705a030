//! The pictures of a service.

use image::ImageFormat;
use serde_json::json;

use super::account::is_picture;
use crate::{picture, shape::Kind, shapes, story::Story};

pub async fn tell(story: &mut Story) -> anyhow::Result<()> {
    story.tell("Marco shows his piano");
    let first = upload(story, ImageFormat::Png, "image/png", "A piano").await?;
    let second = upload(story, ImageFormat::Jpeg, "image/jpeg", "The room").await?;
    story.tell("He puts the pictures in order, and takes one away");
    arrange(story, &first, &second).await?;
    story.tell("What is no picture is refused");
    refused(story).await
}

async fn upload(
    story: &Story,
    format: ImageFormat,
    content_type: &str,
    alt_text: &'static str,
) -> anyhow::Result<String> {
    let (client, marco) = (&story.client, &story.marco);
    let bytes = picture::drawn(1600, 900, format)?;
    let form = picture::form("image", "picture", content_type, bytes, &[("alt_text", alt_text)])?;
    let path = format!("{}images/", story.lessons.path);
    let made = client.post(&path).by(marco).form(form).expect(201).await?;
    made.fits(shapes::IMAGE)?.is("alt_text", alt_text)?;
    made.is("width", 1600)?.is("height", 900)?;
    for size in ["image_url", "thumbnail_url", "medium_url"] {
        is_picture(client, &made.text(size)?).await?;
    }
    made.text("id")
}

async fn arrange(story: &Story, first: &str, second: &str) -> anyhow::Result<()> {
    let (client, marco, path) = (&story.client, &story.marco, &story.lessons.path);
    let service = client.get(path).by(marco).expect(200).await?;
    service.is("images.0.id", first)?.is("images.1.id", second)?.is("images.0.is_primary", true)?;
    let order = json!({"image_ids": [second, first]});
    client.put(&format!("{path}images/order/")).by(marco).json(order).expect(200).await?;
    let service = client.get(path).by(marco).expect(200).await?;
    service.is("images.0.id", second)?.is("images.0.position", 0)?;
    let image = |id: &str| format!("{path}images/{id}/");
    let changed =
        client.patch(&image(first)).by(marco).json(json!({"is_primary": true, "alt_text": "The old piano"}));
    changed
        .expect(200)
        .await?
        .fits(shapes::IMAGE)?
        .is("is_primary", true)?
        .is("alt_text", "The old piano")?;
    client.delete(&image(second)).by(&story.tom).refused(404, "not_found").await?;
    client.delete(&image(second)).by(marco).expect(204).await?;
    client.delete(&image(second)).by(marco).refused(404, "not_found").await?;
    let service = client.get(path).by(marco).expect(200).await?;
    service.field_fits("primary_image", Kind::Present)?;
    service.check(service.list("images")?.len() == 1, "one picture should be left")?;
    service.is("images.0.id", first)?.is("images.0.is_primary", true)?;
    Ok(())
}

async fn refused(story: &Story) -> anyhow::Result<()> {
    let (client, marco) = (&story.client, &story.marco);
    let path = format!("{}images/", story.lessons.path);
    let gif = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";
    let form = picture::form("image", "piano.gif", "image/gif", gif.to_vec(), &[])?;
    client.post(&path).by(marco).form(form).expect(415).await?;
    let text = picture::form("image", "piano.png", "image/png", b"no picture at all".to_vec(), &[])?;
    client.post(&path).by(marco).form(text).expect(415).await?;
    let mut broken = picture::drawn(300, 300, ImageFormat::Png)?;
    broken.truncate(broken.len() / 2);
    let form = picture::form("image", "piano.png", "image/png", broken, &[])?;
    client.post(&path).by(marco).form(form).expect(422).await?;
    Ok(())
}
