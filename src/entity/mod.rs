//! Declarations: what is mirrored, as data. No I/O happens here.
//!
//! A new entity is one new file, one migration and its name in [`ENTITIES`]; the engine holds no `match` on names.

mod column;
mod custom;
mod deal;
mod deal_discount;
mod deal_field;
mod deal_follower;
mod deal_installment;
mod deal_participant;
mod deal_product;
mod decode;
pub mod instant;
mod json;
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
}

impl Entity {
    /// Returns whether its listing can begin at an instant, so that older rows are left out.
    pub fn has_floor(&self) -> bool {
        matches!(self.advance, Advance::HighWater { .. })
    }
}

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
        /// The rows of the table that this listing returns, as a column and its value (two lists share `deals`).
        list: (&'static str, i64),
    },
    /// Read again, per parent and as a whole set, whenever the parent gives reason to.
    WithParent(Child),
    /// Read whole and compare. A row that two complete readings in a row lack gets its tombstone.
    FullScan,
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
            Advance::HighWater { .. } | Advance::FullScan => None,
        }
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
}

/// Everything that is mirrored, in the order in which a run reads it: what people look at first is fresh first, but for
/// the fields, which name the columns of what follows.
pub static ENTITIES: &[&Entity] = &[
    &deal_field::ENTITY,
    &deal::ENTITY,
    &deal_product::ENTITY,
    &deal_installment::ENTITY,
    &deal::ARCHIVED,
    &deal_discount::ENTITY,
    &deal_follower::ENTITY,
    &deal_participant::ENTITY,
];

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
