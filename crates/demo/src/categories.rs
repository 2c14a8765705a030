//! The tree of categories: real content, which a production database starts with too.
use crate::{
    chance::{Chance, Subject},
    texts::Wording,
};
use serde::Deserialize;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

const TREE: &str = include_str!("../data/categories.json");
/// 2026-01-01: ids of categories are the same everywhere, so that a link to one survives a new database.
const WRITTEN_AT: i64 = 1_767_225_600_000_000;

#[derive(Debug, Deserialize)]
struct Category {
    slug: String,
    icon: String,
    color: String,
    name: Wording,
    description: Wording,
    #[serde(default)]
    children: Vec<Category>,
}

impl Category {
    fn id(&self) -> Uuid {
        // FNV-1a: the slug decides the id, not the order of the file.
        let hash = self.slug.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        Chance::of(0, Subject::Category, hash).id_at(WRITTEN_AT)
    }
}

/// Inserts the categories that are not there yet, and says how many that were.
///
/// A category whose slug exists is left as it is: staff may have reworded it.
pub async fn ensure(db: &mut PgConnection) -> anyhow::Result<u64> {
    let tree: Vec<Category> = serde_json::from_str(TREE)?;
    let mut inserted = insert(db, None, &tree).await?;
    for parent in &tree {
        inserted += insert(db, Some(&parent.slug), &parent.children).await?;
    }
    Ok(inserted)
}

/// The parent is found by its slug, since an older database may know it under another id.
async fn insert(db: &mut PgConnection, parent: Option<&str>, siblings: &[Category]) -> anyhow::Result<u64> {
    let mut query = QueryBuilder::<Postgres>::new(
        "insert into categories (id, slug, parent_id, position, icon, color, name, description) \
         select new.id, new.slug, parent.id, new.position, new.icon, new.color, new.name, new.description from (",
    );
    query.push_values(siblings.iter().zip(1_i32..), |mut row, (category, position)| {
        row.push_bind(category.id())
            .push_bind(category.slug.as_str())
            .push_bind(position)
            .push_bind(category.icon.as_str())
            .push_bind(category.color.as_str())
            .push_bind(category.name.to_json())
            .push_bind(category.description.to_json());
    });
    query.push(") new (id, slug, position, icon, color, name, description) left join categories parent on parent.slug = ");
    query.push_bind(parent);
    query.push(" on conflict (slug) do nothing");
    Ok(query.build().execute(db).await?.rows_affected())
}

/// The slugs of all children, each with its parent's.
pub(crate) fn children() -> anyhow::Result<Vec<(String, String)>> {
    let tree: Vec<Category> = serde_json::from_str(TREE)?;
    let pairs = tree.into_iter().flat_map(|parent| {
        let top = parent.slug;
        parent.children.into_iter().map(move |child| (top.clone(), child.slug)).collect::<Vec<_>>()
    });
    Ok(pairs.collect())
}
