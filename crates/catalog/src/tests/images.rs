//! Pictures of services.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use platform::{
    auth::StaffRole,
    ids::{ImageId, ServiceId},
    testing::{Answer, Client},
};
use serde_json::{Value, json};

use super::{World, sentence, world, world_with};

fn png(width: u32, height: u32) -> Vec<u8> {
    let image: DynamicImage = RgbImage::from_pixel(width, height, Rgb([200, 100, 50])).into();
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

async fn send(client: &Client, service: ServiceId, texts: &[(&str, &str)]) -> Answer {
    client
        .upload(&format!("/services/{service}/images/"), "image", ("x.png", "image/png", &png(40, 20)), texts)
        .await
}

/// The pictures of a service: id, position, whether primary.
async fn pictures(w: &World, service: ServiceId) -> Vec<(String, i64, bool)> {
    let answer = w.ada.get(&format!("/services/{service}/")).await.expect(200);
    let images = answer["images"].as_array().unwrap();
    let primary = images.iter().find(|image| image["is_primary"] == true).cloned().unwrap_or(Value::Null);
    assert_eq!(answer["primary_image"], primary);
    images
        .iter()
        .map(|image| {
            let is_primary = image["is_primary"].as_bool().unwrap();
            (image["id"].as_str().unwrap().to_owned(), image["position"].as_i64().unwrap(), is_primary)
        })
        .collect()
}

#[tokio::test]
async fn a_picture_is_kept_in_three_sizes_beside_the_service() {
    let w = world().await;
    let service = w.service().await;
    let path = format!("/services/{service}/images/");
    let answer = w
        .ada
        .upload(&path, "image", ("x.png", "image/png", &png(1000, 500)), &[("alt_text", " A window ")])
        .await;
    let answer = answer.expect(201);
    let id = answer.str("id");
    insta::assert_snapshot!(
        answer.masked().replace(&id, "[image]").replace(&service.to_string(), "[service]")
    );
    let key = |size| format!("public/services/{service}/{id}/{size}.webp");
    assert_eq!(w.t.storage.keys(), [key("large"), key("medium"), key("thumbnail")]);
    let seen = w.t.anonymous().get(&format!("/services/{service}/")).await.expect(200);
    assert_eq!((&seen["images"], &seen["primary_image"]), (&json!([answer.body]), &answer.body));
    assert_eq!(seen["version"], json!(2));
    assert!(w.events().await[0].starts_with("catalog.service_updated"));
    // The job that would have cleaned up was taken back.
    w.t.advance(jiff::SignedDuration::from_hours(2));
    w.t.run_jobs().await;
    assert_eq!(w.t.storage.keys().len(), 3);
}

#[tokio::test]
async fn the_first_picture_stands_for_the_service_until_another_is_chosen() {
    let w = world().await;
    let service = w.service().await;
    let a = send(&w.ada, service, &[]).await.expect(201).str("id");
    let b = send(&w.ada, service, &[("is_primary", "false")]).await.expect(201).str("id");
    let c = send(&w.ada, service, &[("is_primary", "true")]).await.expect(201).str("id");
    let flags =
        async || pictures(&w, service).await.into_iter().map(|(_, _, primary)| primary).collect::<Vec<_>>();
    assert_eq!(flags().await, [false, false, true]);
    let path = |id: &str| format!("/services/{service}/images/{id}/");
    w.ada.patch(&path(&b), json!({"is_primary": true})).await.expect(200);
    assert_eq!(flags().await, [false, true, false]);
    let unset = w.ada.patch(&path(&b), json!({"is_primary": false, "alt_text": "B"})).await.expect(200);
    assert_eq!((&unset["is_primary"], &unset["alt_text"]), (&json!(false), &json!("B")));
    assert_eq!(flags().await, [true, false, false]);
    w.ada.delete(&path(&a)).await.expect(204);
    assert_eq!(pictures(&w, service).await, [(b.clone(), 0, true), (c.clone(), 1, false)]);
    w.ada.delete(&path(&c)).await.expect(204);
    // The only one stays primary.
    w.ada.patch(&path(&b), json!({"is_primary": false})).await.expect(200);
    assert_eq!(flags().await, [true]);
    let kept = w.ada.patch(&path(&b), json!({})).await.expect(200);
    assert_eq!((&kept["alt_text"], &kept["is_primary"]), (&json!("B"), &json!(true)));
}

#[tokio::test]
async fn pictures_are_put_in_order() {
    let w = world().await;
    let service = w.service().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(send(&w.ada, service, &[]).await.expect(201).str("id"));
    }
    ids.rotate_left(1);
    let path = format!("/services/{service}/images/order/");
    let answer = w.ada.put(&path, json!({"image_ids": ids})).await.expect(200);
    let order: Vec<_> =
        answer["images"].as_array().unwrap().iter().map(|image| image["id"].clone()).collect();
    assert_eq!(json!(order), json!(ids));
    assert_eq!(pictures(&w, service).await[2], (ids[2].clone(), 2, true));

    for wrong in [
        json!([ids[0], ids[1]]),
        json!([ids[0], ids[1], ids[1]]),
        json!([ids[0], ids[1], ImageId::at(w.t.now())]),
    ] {
        w.ada.put(&path, json!({"image_ids": wrong})).await.refused(409, "images_changed");
    }
    w.ada.put(&path, json!({"image_ids": ["x"]})).await.refused(422, "validation_failed");
    w.ada.put(&path, json!({"image_ids": vec![ids[0].clone(); 11]})).await.refused(422, "validation_failed");
    w.ada.put(&path, json!({})).await.refused(422, "validation_failed");
}

#[tokio::test]
async fn a_service_has_at_most_ten_pictures_however_many_come_at_once() {
    let w = world().await;
    let service = w.service().await;
    let uploads = (0..13).map(|_| {
        let ada = w.ada.clone();
        tokio::spawn(async move { send(&ada, service, &[]).await.status.as_u16() })
    });
    let mut statuses = Vec::new();
    for upload in uploads.collect::<Vec<_>>() {
        statuses.push(upload.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![201; 10], vec![409; 3]].concat());
    let positions: Vec<_> =
        pictures(&w, service).await.into_iter().map(|(_, position, _)| position).collect();
    assert_eq!(positions, (0..10).collect::<Vec<_>>());
    send(&w.ada, service, &[]).await.refused(409, "too_many_images");
    // The files of those that were refused late go away by themselves.
    w.t.advance(jiff::SignedDuration::from_hours(2));
    w.t.run_jobs().await;
    assert_eq!(w.t.storage.keys().len(), 30);
}

#[tokio::test]
async fn who_sends_pictures_without_end_has_to_wait() {
    let w = world_with(&["--limit-uploads", "2"]).await;
    let service = w.service().await;
    send(&w.ada, service, &[]).await.expect(201);
    send(&w.ada, service, &[]).await.expect(201);
    let refused = send(&w.ada, service, &[]).await.refused(429, "too_many_requests");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 1000);
}

#[tokio::test]
async fn a_removed_picture_takes_its_files_along() {
    let w = world().await;
    let service = w.service().await;
    let id = send(&w.ada, service, &[]).await.expect(201).str("id");
    let path = format!("/services/{service}/images/{id}/");
    w.ada.delete(&path).await.expect(204);
    assert_eq!(w.t.storage.keys().len(), 3);
    w.t.run_jobs().await;
    assert!(w.t.storage.keys().is_empty());
    w.ada.delete(&path).await.refused(404, "not_found");
    w.ada.patch(&path, json!({})).await.refused(404, "not_found");
}

#[tokio::test]
async fn what_is_no_picture_is_refused() {
    let w = world().await;
    let service = w.service().await;
    let path = format!("/services/{service}/images/");
    let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
    let refused = w
        .ada
        .upload(&path, "image", ("x.heic", "image/heic", heic), &[])
        .await
        .refused(415, "unsupported_picture");
    assert!(refused.str("message").contains("JPEG, PNG or WebP"));
    let broken = &png(40, 40)[..60];
    w.ada.upload(&path, "image", ("x.png", "image/png", broken), &[]).await.refused(422, "corrupt_picture");
    let refused = w
        .ada
        .upload(&path, "file", ("x.png", "image/png", &png(4, 4)), &[])
        .await
        .refused(422, "validation_failed");
    assert!(!sentence(&refused, "image").is_empty());
    let refused =
        send(&w.ada, service, &[("alt_text", &"x".repeat(301))]).await.refused(422, "validation_failed");
    assert!(!sentence(&refused, "alt_text").is_empty());
    let refused = send(&w.ada, service, &[("is_primary", "perhaps")]).await.refused(422, "validation_failed");
    assert!(!sentence(&refused, "is_primary").is_empty());
    w.ada.post(&path, json!({})).await.refused(415, "unsupported_media_type");
    let large = vec![0; 11 * 1024 * 1024];
    w.ada.upload(&path, "image", ("x.png", "image/png", &large), &[]).await.refused(413, "payload_too_large");
    assert!(pictures(&w, service).await.is_empty() && w.t.storage.keys().is_empty());
}

#[tokio::test]
async fn a_repeated_upload_with_a_key_is_one_picture() {
    let w = world().await;
    let service = w.service().await;
    let keyed = w.ada.with("idempotency-key", "k1");
    let first = send(&keyed, service, &[]).await.expect(201);
    let again = send(&keyed, service, &[]).await.expect(201);
    assert_eq!((first.body, again.header("idempotency-replayed")), (again.body.clone(), "true"));
    assert_eq!(pictures(&w, service).await.len(), 1);
}

#[tokio::test]
async fn only_the_provider_changes_pictures() {
    let w = world().await;
    let service = w.service().await;
    let id = send(&w.ada, service, &[]).await.expect(201).str("id");
    let (image, order) =
        (format!("/services/{service}/images/{id}/"), format!("/services/{service}/images/order/"));
    let ben = w.t.provider("Ben").await;
    for (client, status, code) in [(&ben, 404, "not_found"), (&w.t.anonymous(), 401, "unauthenticated")] {
        send(client, service, &[]).await.refused(status, code);
        client.put(&order, json!({"image_ids": [id]})).await.refused(status, code);
        client.patch(&image, json!({"alt_text": "x"})).await.refused(status, code);
        client.delete(&image).await.refused(status, code);
    }
    // A picture of one service is none of another's.
    let other = w.service().await;
    w.ada.delete(&format!("/services/{other}/images/{id}/")).await.refused(404, "not_found");
    w.ada.patch(&format!("/services/{other}/images/{id}/"), json!({})).await.refused(404, "not_found");
    for role in [StaffRole::Support, StaffRole::Moderator, StaffRole::Superuser] {
        let staff = w.t.staff(<&str>::from(role), role).await;
        send(&staff, service, &[]).await.refused(404, "not_found");
        staff.put(&order, json!({"image_ids": [id]})).await.refused(404, "not_found");
        staff.patch(&image, json!({"alt_text": "x"})).await.refused(404, "not_found");
        staff.delete(&image).await.refused(404, "not_found");
    }
}
