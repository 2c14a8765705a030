//! A statement in the making: its text and its parameters, each of which may be named more than once.

use std::fmt;

use sqlx::{
    Arguments as _, Encode, FromRow, PgPool, Postgres, QueryBuilder, Type,
    postgres::{PgArguments, PgRow},
};

/// `$n`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Param(usize);

impl fmt::Display for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}", self.0)
    }
}

/// The parameters of a statement whose text is put together from constants of this crate and whole numbers.
#[derive(Default)]
pub(crate) struct Params {
    arguments: PgArguments,
    failed: Option<sqlx::error::BoxDynError>,
}

impl Params {
    /// Adds a value.
    pub(crate) fn add<'t, T: Encode<'t, Postgres> + Type<Postgres>>(&mut self, value: T) -> Param {
        if let Err(error) = self.arguments.add(value) {
            self.failed.get_or_insert(error);
        }
        Param(self.arguments.len())
    }

    /// How many there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.arguments.len()
    }

    /// Runs the statement. One that is not `kept` is planned for its very values, each time.
    pub(crate) async fn fetch<T>(self, db: &PgPool, text: String, kept: bool) -> sqlx::Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        if let Some(error) = self.failed {
            return Err(sqlx::Error::Encode(error));
        }
        let mut builder = QueryBuilder::<Postgres>::with_arguments(text, self.arguments);
        builder.build_query_as::<T>().persistent(kept).fetch_all(db).await
    }
}
