//! Declarations: what is mirrored, as data. No I/O happens here.
//!
//! A new entity is one new file, one migration and its name in [`ENTITIES`]; the engine holds no `match` on names.

mod column;
mod currency;
mod custom;
mod deal;
mod deal_discount;
mod deal_field;
mod deal_follower;
mod deal_installment;
mod deal_participant;
mod deal_product;
mod decode;
#[cfg(test)]
mod example;
pub mod instant;
mod json;
mod organization;
mod person;
mod pipeline;
mod product;
mod stage;
mod user;
mod value;

pub use column::{Column, Kind};
pub use custom::{Catalog, CustomField, CustomTable, CustomValues, Part, parts};
pub use decode::{DECODER, Decoded, Record, Unreadable, decode, hash};
pub use json::int_member;
pub use value::Value;

use crate::endpoint::Endpoint;

/// One listing of the API and how it is mirrored.
#[derive(Debug)]
pub struct Entity {
    /// Its name in commands, configuration and `sync_` tables.
    pub name: &'static str,
    /// Where it is asked for.
    pub endpoint: &'static Endpoint,
    /// Query parameters that every page of it carries, besides those of paging and of the window.
    pub query: &'static [(&'static str, &'static str)],
    /// How one gets from a mirror that is out of date to one that is not.
    pub advance: Advance,
    /// When it is due unless configured otherwise: cron with seconds, UTC. `None` for what is read whenever it is owed.
    pub schedule: Option<&'static str>,
    /// Whether `sync` reads it whatever its schedule says.
    pub every_sync: bool,
    /// Where its rows go.
    pub table: &'static Table,
    /// How deals name its rows, where it need not be mirrored beyond those that they name.
    pub named: Option<&'static Named>,
}

impl Entity {
    /// Returns whether its listing can begin at an instant, so that older rows are left out: what deals point to may be
    /// older than they are.
    pub fn has_floor(&self) -> bool {
        matches!(self.advance, Advance::HighWater { floor: true, .. })
    }

    /// Returns whether several windows of its listing can be read side by side.
    pub fn has_windows(&self) -> bool {
        matches!(self.advance, Advance::HighWater { windows: true, .. })
    }

    /// Returns whether it is a listing that is read on from a mark, and can be walked by id.
    pub fn is_list(&self) -> bool {
        matches!(self.advance, Advance::HighWater { .. })
    }

    /// Returns the condition, in SQL, under which a row of its table belongs to its listing; `None` if it has no mark.
    pub fn listed_rows(&self) -> Option<String> {
        match self.advance {
            Advance::HighWater { list: Some((column, value)), .. } => {
                Some(format!("{column} = {value}"))
            }
            Advance::HighWater { list: None, .. } => Some("true".to_owned()),
            Advance::WithParent(_) | Advance::FullScan { .. } => None,
        }
    }
}

/// When reference data is read again: it moves rarely.
pub(crate) const DAILY: &str = "0 0 0 * * *";

impl PartialEq for Entity {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// How a mirror of a listing is brought up to date.
#[derive(Debug, PartialEq, Eq)]
pub enum Advance {
    /// Ask for what changed since the mark; the answer is sorted by the table's `changed` column, oldest first.
    HighWater {
        /// The rows of the table that this listing returns, as a column and its value, where it is not all of them (two
        /// lists share `deals`).
        list: Option<(&'static str, i64)>,
        /// Whether `backfill --since` leaves out older rows.
        floor: bool,
        /// Whether it takes `updated_until`, so that windows of it can be read side by side.
        ///
        /// Source: specification of v2: deals, archived deals, persons and organizations do, products do not.
        windows: bool,
    },
    /// Read again, per parent and as a whole set, whenever the parent gives reason to.
    WithParent(Child),
    /// Read whole and compare. A row that two complete readings in a row lack gets its tombstone.
    FullScan {
        /// Whether deals may move, or change their meaning, without a trace when one of its rows disappears.
        moves_deals: bool,
    },
}

/// Rows that deals name by their ids, and how they are asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    /// How.
    pub scope: Scope,
    /// Where they are named.
    pub by: &'static [Naming],
}

/// Where ids of another table's rows stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// In a column of `deals`.
    Parent {
        /// The column.
        column: &'static str,
    },
    /// In custom fields of this type.
    Custom {
        /// The API's name of the type.
        field_type: &'static str,
    },
    /// In what hangs on deals.
    Child {
        /// Its table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
}

/// Asks for up to a hundred rows by their own ids.
///
/// Source: specification of v2, `ids` of persons and organizations: "up to 100".
const fn named_ids() -> Scope {
    Scope::ParentGroup { param: "ids", size: 100, member: "id", either_form: false }
}

/// What hangs on the rows of another table.
#[derive(Debug, PartialEq, Eq)]
pub struct Child {
    /// The table of the parents.
    pub parent: &'static str,
    /// How it is asked for.
    pub scope: Scope,
    /// The counter of the parent whose 0 proves that there are none.
    pub zero: &'static str,
    /// What a parent that is stored tells of its children.
    pub evidence: Evidence,
}

/// What a parent tells of its children, for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// This counter of the parent is their number.
    Count(&'static str),
    /// How far the parent's value is from what its enabled lines add up to: that is what discounts take off.
    ValueGap,
    /// Nothing.
    None,
}

/// How children are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One call per group of parents, their ids joined in a query parameter; each row names its parent.
    ParentGroup {
        /// The parameter.
        param: &'static str,
        /// The most parents one call may name.
        size: usize,
        /// The member of a row that names its parent.
        member: &'static str,
        /// Whether the source may want the parameter repeated instead of ids with commas.
        either_form: bool,
    },
    /// One call per parent; its id replaces `{id}` in the path.
    EachParent,
}

impl Entity {
    /// Returns how it hangs on a parent, if it does.
    pub fn child(&self) -> Option<&Child> {
        match &self.advance {
            Advance::WithParent(child) => Some(child),
            Advance::HighWater { .. } | Advance::FullScan { .. } => None,
        }
    }

    /// Returns the table whose rows make it owe something, if any do.
    pub fn owed_by(&self) -> Option<&'static str> {
        let parent = self.child().map(|child| child.parent);
        parent.or_else(|| self.named.map(|_| deal::TABLE.name))
    }

    /// Returns whether it is asked for parent by parent, which is dear: over days if need be, and never what the outcome
    /// of a run hangs on.
    pub fn is_trickle(&self) -> bool {
        self.child().is_some_and(|child| child.scope == Scope::EachParent)
    }
}

/// Where rows go, and which member goes where.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The members that have a column; the first is the key.
    pub columns: &'static [Column],
    /// The column that tells when the source last changed the row.
    pub changed: Option<&'static str>,
    /// The column that tells that the source deleted the row.
    pub deleted: Option<&'static str>,
    /// Members that are lists, and their tables.
    pub lists: &'static [List],
    /// The member that holds custom fields, and their tables.
    pub custom: Option<&'static CustomTable>,
    /// The table whose custom-field columns the rows of this one describe.
    pub describes: Option<&'static CustomTable>,
    /// The side table that keeps the exact text.
    pub raw: Option<&'static str>,
    /// Whether members without a column are kept in `_extra`.
    pub extra: bool,
    /// What the full text of deals has of its rows.
    pub searched: Option<Searched>,
}

/// What the full text of deals has of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Searched {
    /// It is the deal.
    Deal,
    /// Its name, where a deal names it.
    Name {
        /// The column of `deals` that does.
        by: &'static str,
    },
}

impl Table {
    /// Returns the name of the key column.
    pub fn key(&self) -> &'static str {
        self.columns[0].name
    }

    pub(crate) fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|candidate| candidate.name == column)
    }
}

/// A member that is a list, stored as one row per element and replaced as a set.
#[derive(Debug)]
pub struct List {
    /// The member's name.
    pub member: &'static str,
    /// The table of its elements.
    pub table: &'static str,
    /// The parent's key in that table.
    pub parent: &'static str,
    /// The element's columns; for an element that is no object, there is one.
    pub columns: &'static [ListColumn],
    /// Which elements belong into this table.
    pub takes: Takes,
}

/// One column of a list's table.
#[derive(Debug)]
pub struct ListColumn {
    /// The column.
    pub column: Column,
    /// The member of the element.
    pub member: &'static str,
}

/// Which elements of a list go to a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Plain values.
    Values,
    /// Objects whose first column's member is a number.
    NumberedObjects,
    /// Objects whose first column's member is text.
    NamedObjects,
    /// Objects.
    Objects,
}

/// Everything that is mirrored, in the order in which a run reads it: what people look at first is fresh first, but for
/// the fields, which name the columns of what follows, and the little that gives names to everything else.
pub static ENTITIES: &[&Entity] = &[
    &deal_field::ENTITY,
    &pipeline::ENTITY,
    &stage::ENTITY,
    &user::ENTITY,
    &currency::ENTITY,
    &deal::ENTITY,
    &organization::ENTITY,
    &person::ENTITY,
    &product::ENTITY,
    &deal_product::ENTITY,
    &deal_installment::ENTITY,
    &deal::ARCHIVED,
    &deal_discount::ENTITY,
    &deal_follower::ENTITY,
    &deal_participant::ENTITY,
];

/// The entity that docs/contributing.md adds.
#[cfg(test)]
pub(crate) static EXAMPLE: &Entity = &example::ENTITY;

/// Returns the entity called `name`.
pub fn find(name: &str) -> Option<&'static Entity> {
    ENTITIES.iter().copied().find(|entity| entity.name == name)
}

/// Returns the entity that describes the columns of `custom`, if one is declared.
pub fn describing(custom: &CustomTable) -> Option<&'static Entity> {
    ENTITIES
        .iter()
        .copied()
        .find(|entity| entity.table.describes.is_some_and(|other| other.table == custom.table))
}
