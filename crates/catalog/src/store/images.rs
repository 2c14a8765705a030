//! Pictures of services. Triggers copy every change beside the service.

use pictures::Picture;
use platform::{
    ids::{ImageId, ServiceId},
    time::Instant,
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::model::ImageRow;

/// All pictures of a service, in order.
pub(crate) async fn all(db: &mut PgConnection, service: ServiceId) -> sqlx::Result<Vec<ImageRow>> {
    sqlx::query_as!(
        ImageRow,
        "select id, storage_key, width, height, blurhash, alt_text, is_primary, position
           from service_images where service_id = $1 order by position",
        service as _,
    )
    .fetch_all(db)
    .await
}

/// A picture to be added.
pub(crate) struct NewImage<'a> {
    pub id: ImageId,
    pub service: ServiceId,
    pub storage_key: &'a str,
    pub picture: &'a Picture,
    pub alt_text: &'a str,
    pub position: i32,
    pub at: Instant,
}

/// Adds a picture, not as the primary one.
pub(crate) async fn insert(db: &mut PgConnection, image: &NewImage<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into service_images
             (id, service_id, position, is_primary, storage_key, width, height, blurhash, alt_text, created_at)
         values ($1, $2, $3, false, $4, $5, $6, $7, $8, $9)",
        image.id as _,
        image.service as _,
        image.position,
        image.storage_key,
        i32::try_from(image.picture.width).unwrap_or(i32::MAX),
        i32::try_from(image.picture.height).unwrap_or(i32::MAX),
        image.picture.blurhash,
        image.alt_text,
        image.at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Says in words what a picture shows.
pub(crate) async fn describe(db: &mut PgConnection, image: ImageId, alt_text: &str) -> sqlx::Result<()> {
    sqlx::query!("update service_images set alt_text = $2 where id = $1", image as _, alt_text)
        .execute(db)
        .await?;
    Ok(())
}

/// Takes the place of the primary picture away from whichever has it, and from `image` in particular.
pub(crate) async fn demote(db: &mut PgConnection, service: ServiceId) -> sqlx::Result<()> {
    sqlx::query!(
        "update service_images set is_primary = false where service_id = $1 and is_primary",
        service as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Makes a picture primary where none is: `wanted`, else the first, `unwanted` last.
pub(crate) async fn promote(
    db: &mut PgConnection,
    service: ServiceId,
    wanted: Option<ImageId>,
    unwanted: Option<ImageId>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update service_images set is_primary = true
          where id = (select id from service_images where service_id = $1
                       order by id is not distinct from $2 desc, id is not distinct from $3, position limit 1)
            and not exists (select from service_images where service_id = $1 and is_primary)",
        service as _,
        wanted as _,
        unwanted as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Puts the pictures in the order of `ids`, which names all of them.
pub(crate) async fn order(db: &mut PgConnection, service: ServiceId, ids: &[Uuid]) -> sqlx::Result<()> {
    sqlx::query!(
        "update service_images i set position = wanted.place - 1
           from unnest($2::uuid[]) with ordinality wanted (id, place)
          where i.id = wanted.id and i.service_id = $1",
        service as _,
        ids,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Removes a picture, and says where its files are; `None` when there is none.
pub(crate) async fn delete(
    db: &mut PgConnection,
    service: ServiceId,
    image: ImageId,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "delete from service_images where id = $2 and service_id = $1 returning storage_key",
        service as _,
        image as _,
    )
    .fetch_optional(db)
    .await
}

/// Numbers the pictures from 0 again, after one has gone.
pub(crate) async fn close_gaps(db: &mut PgConnection, service: ServiceId) -> sqlx::Result<()> {
    sqlx::query!(
        "update service_images i set position = n.place - 1
           from (select id, row_number() over (order by position)::integer as place
                   from service_images where service_id = $1) n
          where i.id = n.id and i.position <> n.place - 1",
        service as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
