//! What goes into a statement and what comes out, the same for both databases: `Arg`, `Row`, and the macros that
//! teach a type to be either without sqlx's derive (which would compile half the tree twice).

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, AssertSqlSafe, Encode, FromRow, Postgres, SqlSafeStr, Sqlite, Type};

pub use sqlx::types::Json;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A value that both databases can take as an argument.
pub trait Arg: Send + Sync {
    /// Adds the value to a statement for SQLite.
    fn sqlite(&self, arguments: &mut SqliteArguments) -> Result<(), BoxError>;
    /// Adds the value to a statement for PostgreSQL.
    fn postgres(&self, arguments: &mut PgArguments) -> Result<(), BoxError>;
}

impl<T> Arg for T
where
    T: Send + Sync,
    for<'q> &'q T: Encode<'q, Sqlite> + Type<Sqlite> + Encode<'q, Postgres> + Type<Postgres>,
{
    fn sqlite(&self, arguments: &mut SqliteArguments) -> Result<(), BoxError> {
        arguments.add(self)
    }

    fn postgres(&self, arguments: &mut PgArguments) -> Result<(), BoxError> {
        arguments.add(self)
    }
}

/// A type that can be read from a row of either database.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static {}
impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static {}

pub(super) fn sqlite(args: &[&dyn Arg]) -> sqlx::Result<SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    args.iter().try_for_each(|arg| arg.sqlite(&mut arguments)).map_err(sqlx::Error::Encode)?;
    Ok(arguments)
}

pub(super) fn postgres(args: &[&dyn Arg]) -> sqlx::Result<PgArguments> {
    let mut arguments = PgArguments::default();
    args.iter().try_for_each(|arg| arg.postgres(&mut arguments)).map_err(sqlx::Error::Encode)?;
    Ok(arguments)
}

/// A statement put together from parts of this crate's own, never from what somebody typed.
pub(crate) fn built(sql: String) -> impl SqlSafeStr {
    AssertSqlSafe(sql)
}

/// `$1, $2, …` for `count` arguments.
pub(crate) fn placeholders(count: usize) -> String {
    (1..=count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}

/// `($1, $2), ($3, $4), …` for `rows` rows of `columns` arguments.
pub(crate) fn values(rows: usize, columns: usize) -> String {
    let row = |r: usize| (1..=columns).map(|c| format!("${}", r * columns + c)).collect::<Vec<_>>().join(", ");
    (0..rows).map(|r| format!("({})", row(r))).collect::<Vec<_>>().join(", ")
}

/// Reads a struct from the columns of the same names.
macro_rules! from_row {
    ($type:ident { $($field:ident : $of:ty),* $(,)? }) => {
        impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for $type
        where
            &'static str: sqlx::ColumnIndex<R>,
            $($of: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,)*
        {
            fn from_row(row: &'r R) -> sqlx::Result<Self> {
                Ok(Self { $($field: row.try_get(stringify!($field))?),* })
            }
        }
    };
}

/// Lets a newtype be an argument and a column: `T(inner)`, or by a pair of conversions `T as stored, to, from`.
macro_rules! sql_newtype {
    ($type:ident($inner:ty)) => {
        crate::db::sql_newtype!($type as $inner, |v: &$type| v.0, |inner: $inner| Ok::<_, &'static str>($type(inner)));
    };
    ($type:ident as $stored:ty, $to:expr, $from:expr) => {
        impl<D: sqlx::Database> sqlx::Type<D> for $type
        where
            $stored: sqlx::Type<D>,
        {
            fn type_info() -> D::TypeInfo {
                <$stored as sqlx::Type<D>>::type_info()
            }

            fn compatible(of: &D::TypeInfo) -> bool {
                <$stored as sqlx::Type<D>>::compatible(of)
            }
        }

        impl<'q, D: sqlx::Database> sqlx::Encode<'q, D> for $type
        where
            $stored: sqlx::Encode<'q, D>,
        {
            fn encode_by_ref(
                &self,
                buffer: &mut <D as sqlx::Database>::ArgumentBuffer,
            ) -> Result<sqlx::encode::IsNull, Box<dyn std::error::Error + Send + Sync>> {
                let stored: $stored = ($to)(self);
                sqlx::Encode::<D>::encode(stored, buffer)
            }
        }

        impl<'r, D: sqlx::Database> sqlx::Decode<'r, D> for $type
        where
            $stored: sqlx::Decode<'r, D>,
        {
            fn decode(
                value: <D as sqlx::Database>::ValueRef<'r>,
            ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok(($from)(<$stored as sqlx::Decode<D>>::decode(value)?)?)
            }
        }
    };
}

/// A closed list of words, the same in the database, in JSON and on the command line.
macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant),*
        }

        impl $name {
            /// The word for it.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),* }
            }

            fn stored(&self) -> String {
                self.as_str().to_owned()
            }

            fn from_stored(text: String) -> Result<$name, &'static str> {
                text.parse()
            }
        }

        impl std::str::FromStr for $name {
            type Err = &'static str;

            fn from_str(text: &str) -> Result<$name, &'static str> {
                match text {
                    $($text => Ok($name::$variant),)*
                    _ => Err(concat!("not one of: ", $($text, " "),*)),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        crate::db::sql_newtype!($name as String, $name::stored, $name::from_stored);
    };
}

pub(crate) use {from_row, sql_newtype, text_enum};
