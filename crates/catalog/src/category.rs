//! The tree of categories, held in memory: the names on every list come from here, not from a join.

use std::{collections::HashMap, sync::Arc};

use platform::{app::App, error::ApiResult, ids::CategoryId, locale::Language};
use sqlx::types::Json;

use crate::store;

/// A text in the three languages.
#[derive(Clone, Debug)]
pub struct Localized([Arc<str>; 3]);

impl Localized {
    /// English stands in for what is missing.
    fn of(mut texts: HashMap<String, String>) -> Self {
        let english: Arc<str> = texts.get("en").map(String::as_str).unwrap_or_default().into();
        Self(
            Language::ALL
                .map(|language| texts.remove(language.code()).map_or_else(|| english.clone(), Arc::from)),
        )
    }

    /// The text in one language.
    pub fn get(&self, language: Language) -> &Arc<str> {
        let [en, de, it] = &self.0;
        match language {
            Language::En => en,
            Language::De => de,
            Language::It => it,
        }
    }
}

/// One kind of service.
#[derive(Clone, Debug)]
pub struct Category {
    /// Which.
    pub id: CategoryId,
    /// Its name in addresses.
    pub slug: Arc<str>,
    /// The category above it.
    pub parent_id: Option<CategoryId>,
    /// Its place among its siblings.
    pub position: i32,
    /// The name of a symbol.
    pub icon: Arc<str>,
    /// `#RRGGBB`.
    pub color: Arc<str>,
    /// What it is called.
    pub name: Localized,
    /// What belongs to it.
    pub description: Localized,
    /// Whether it is shown.
    pub is_active: bool,
    /// Active services in it and in everything below it.
    pub services_count: i64,
}

/// All categories in the order of the tree: each is followed by those below it.
#[derive(Debug, Default)]
pub struct Categories {
    all: Vec<Category>,
    by_id: HashMap<CategoryId, usize>,
    by_slug: HashMap<Arc<str>, usize>,
}

/// The tree as it stands, at most a tenth of a second old.
pub async fn categories(app: &App) -> ApiResult<Arc<Categories>> {
    app.cache.value("catalog.categories", load(app)).await
}

/// The tree as the database says this moment.
pub(crate) async fn load(app: &App) -> ApiResult<Categories> {
    Ok(Categories::of(store::categories::all(&app.db).await?))
}

pub(crate) struct CategoryRow {
    pub id: CategoryId,
    pub slug: String,
    pub parent_id: Option<CategoryId>,
    pub position: i32,
    pub icon: String,
    pub color: String,
    pub name: Json<HashMap<String, String>>,
    pub description: Json<HashMap<String, String>>,
    pub is_active: bool,
    pub services_count: i32,
}

impl Categories {
    /// `rows` come by position.
    pub(crate) fn of(rows: Vec<CategoryRow>) -> Self {
        let mut below: HashMap<Option<CategoryId>, Vec<Category>> = HashMap::new();
        for row in rows {
            below.entry(row.parent_id).or_default().push(Category {
                id: row.id,
                slug: row.slug.into(),
                parent_id: row.parent_id,
                position: row.position,
                icon: row.icon.into(),
                color: row.color.into(),
                name: Localized::of(row.name.0),
                description: Localized::of(row.description.0),
                is_active: row.is_active,
                services_count: row.services_count.into(),
            });
        }
        let mut tree = Self::default();
        tree.take(&mut below, None);
        tree.by_id = tree.all.iter().enumerate().map(|(at, category)| (category.id, at)).collect();
        tree.by_slug =
            tree.all.iter().enumerate().map(|(at, category)| (category.slug.clone(), at)).collect();
        tree
    }

    /// Moves everything below `parent` over, and says how many active services that is.
    fn take(
        &mut self,
        below: &mut HashMap<Option<CategoryId>, Vec<Category>>,
        parent: Option<CategoryId>,
    ) -> i64 {
        let mut sum = 0;
        for category in below.remove(&parent).unwrap_or_default() {
            let (at, id) = (self.all.len(), category.id);
            self.all.push(category);
            let beneath = self.take(below, Some(id));
            if let Some(category) = self.all.get_mut(at) {
                category.services_count += beneath;
                sum += category.services_count;
            }
        }
        sum
    }

    /// All of them, in the order of the tree.
    pub fn iter(&self) -> impl Iterator<Item = &Category> {
        self.all.iter()
    }

    /// One by its id.
    pub fn get(&self, id: CategoryId) -> Option<&Category> {
        self.all.get(*self.by_id.get(&id)?)
    }

    /// One by its id or its slug.
    pub fn find(&self, id_or_slug: &str) -> Option<&Category> {
        let by_slug = self.by_slug.get(id_or_slug).and_then(|at| self.all.get(*at));
        by_slug.or_else(|| self.get(id_or_slug.parse().ok()?))
    }

    /// Whether a category and all those above it are active.
    pub fn is_shown(&self, category: &Category) -> bool {
        category.is_active
            && category.parent_id.and_then(|id| self.get(id)).is_none_or(|parent| self.is_shown(parent))
    }

    /// The ids of a category and of everything below it.
    pub fn with_descendants(&self, id: CategoryId) -> Vec<CategoryId> {
        let mut ids = vec![id];
        let after = self.by_id.get(&id).and_then(|at| self.all.get(at + 1..)).unwrap_or_default();
        // What is below a category follows it, each behind its own parent.
        ids.extend(after.iter().map_while(|c| c.parent_id.is_some().then_some(c)).fold(
            Vec::new(),
            |mut below, c| {
                if c.parent_id.is_some_and(|parent| parent == id || below.contains(&parent)) {
                    below.push(c.id);
                }
                below
            },
        ));
        ids
    }

    /// What a category is called; empty for one that is gone.
    pub fn name(&self, id: CategoryId, language: Language) -> Arc<str> {
        self.get(id).map(|category| category.name.get(language).clone()).unwrap_or_default()
    }
}
