//! What deals refer to: pipelines, stages, users, currencies, persons, organizations and products.
//!
//! ```text
//! read.rs   the reads: which records, in which order      view.rs  contact.rs   JSON      apply.rs   edits
//! ```

mod apply;
mod contact;
mod read;
mod view;

use serde_json::Value as Json;

use super::{
    Id,
    company::{CurrencyEntry, Organization, Person, Pipeline, Product, Stage, Stamp, User},
    world::World,
};

pub(super) use contact::contacts;
pub(super) use read::ReferenceRead;
pub(super) use view::{RecordView, user_json};

/// The kinds of records that deals refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is named as the API names it")]
pub enum Reference {
    Pipelines,
    Stages,
    Users,
    Currencies,
    Persons,
    Organizations,
    Products,
}

impl Reference {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Pipelines,
        Self::Stages,
        Self::Users,
        Self::Currencies,
        Self::Persons,
        Self::Organizations,
        Self::Products,
    ];

    /// Returns whether what is deleted is purged in time.
    ///
    /// Source: API reference v2, `DELETE` of persons, organizations and products: "After 30 days, … permanently
    /// deleted"; that of pipelines and stages says nothing of it.
    fn is_purged_in_time(self) -> bool {
        matches!(self, Self::Persons | Self::Organizations | Self::Products)
    }

    /// Returns the codes of the two custom fields of this kind; none for a kind that has no such fields.
    fn extra_codes(self) -> Option<[&'static str; 2]> {
        match self {
            Self::Persons => Some([
                "9c1f0a7be24d5386f0b1a2c3d4e5f60718293a4b",
                "4e8d20b7c6a59f13e2d4c5b6a79880716253443f",
            ]),
            Self::Organizations => Some([
                "b7a6958473625140f9e8d7c6b5a4938271605f4e",
                "0d1c2b3a49586776a5b4c3d2e1f0091827364554",
            ]),
            Self::Products => Some([
                "a3f1c0de9b7e4d52816f0aa4c4b1d7e93f5a6b01",
                "2d6f93a01b8c5e74d9f203140e5b6c7d8f90a104",
            ]),
            Self::Pipelines | Self::Stages | Self::Users | Self::Currencies => None,
        }
    }
}

/// A record of any kind.
#[derive(Debug, Clone, Copy)]
pub(super) enum Record<'a> {
    Pipeline(&'a Pipeline),
    Stage(&'a Stage),
    User(&'a User),
    Currency(&'a CurrencyEntry),
    Person(&'a Person),
    Organization(&'a Organization),
    Product(&'a Product),
}

impl<'a> Record<'a> {
    /// Returns its times; users and currencies have none of this form.
    fn stamp(self) -> Option<&'a Stamp> {
        match self {
            Self::Pipeline(pipeline) => Some(&pipeline.stamp),
            Self::Stage(stage) => Some(&stage.stamp),
            Self::Person(person) => Some(&person.stamp),
            Self::Organization(organization) => Some(&organization.stamp),
            Self::Product(product) => Some(&product.stamp),
            Self::User(_) | Self::Currency(_) => None,
        }
    }

    fn is_deleted(self) -> bool {
        self.stamp().is_some_and(|stamp| stamp.deleted.is_some())
    }

    /// Returns who owns it and who may see it; the rest everybody sees.
    fn owner(self) -> Option<(Id, u8)> {
        match self {
            Self::Person(person) => Some((person.owner_id, person.visible_to)),
            Self::Organization(organization) => {
                Some((organization.owner_id, organization.visible_to))
            }
            Self::Product(product) => Some((product.owner_id, product.visible_to)),
            _ => None,
        }
    }

    fn name(self) -> &'a str {
        match self {
            Self::Pipeline(pipeline) => &pipeline.name,
            Self::Stage(stage) => &stage.name,
            Self::User(user) => &user.name,
            Self::Currency(currency) => &currency.name,
            Self::Person(person) => &person.name,
            Self::Organization(organization) => &organization.name,
            Self::Product(product) => &product.name,
        }
    }
}

impl World {
    /// Returns a record as it is.
    pub(super) fn record(&self, kind: Reference, id: Id) -> Option<Record<'_>> {
        let company = &self.company;
        match kind {
            Reference::Pipelines => company.pipelines.get(&id).map(Record::Pipeline),
            Reference::Stages => company.stages.get(&id).map(Record::Stage),
            Reference::Users => company.users.get(&id).map(Record::User),
            Reference::Currencies => company.currencies.get(&id).map(Record::Currency),
            Reference::Persons => company.persons.get(&id).map(Record::Person),
            Reference::Organizations => company.organizations.get(&id).map(Record::Organization),
            Reference::Products => company.products.get(&id).map(Record::Product),
        }
    }

    /// Returns all records of a kind as they are, by their id.
    fn records(&self, kind: Reference) -> Box<dyn Iterator<Item = (Id, Record<'_>)> + '_> {
        let company = &self.company;
        match kind {
            Reference::Pipelines => {
                Box::new(company.pipelines.iter().map(|(id, it)| (*id, Record::Pipeline(it))))
            }
            Reference::Stages => {
                Box::new(company.stages.iter().map(|(id, it)| (*id, Record::Stage(it))))
            }
            Reference::Users => {
                Box::new(company.users.iter().map(|(id, it)| (*id, Record::User(it))))
            }
            Reference::Currencies => {
                Box::new(company.currencies.iter().map(|(id, it)| (*id, Record::Currency(it))))
            }
            Reference::Persons => {
                Box::new(company.persons.iter().map(|(id, it)| (*id, Record::Person(it))))
            }
            Reference::Organizations => Box::new(
                company.organizations.iter().map(|(id, it)| (*id, Record::Organization(it))),
            ),
            Reference::Products => {
                Box::new(company.products.iter().map(|(id, it)| (*id, Record::Product(it))))
            }
        }
    }

    /// Returns what the API would answer for every record of a kind as it is, by its id; the deleted ones included,
    /// whatever a list shows and whoever may see it.
    pub fn references(&self, kind: Reference) -> impl Iterator<Item = (Id, Json)> {
        let view = move |(id, record)| (id, RecordView::new(kind, id, record, self).json());
        self.records(kind).map(view)
    }

    /// Returns what the API would answer for a record as it is; `None`: it is not there or no longer.
    pub fn reference_json(&self, kind: Reference, id: Id) -> Option<Json> {
        self.record(kind, id).map(|record| RecordView::new(kind, id, record, self).json())
    }

    /// Returns the id of every record of a kind, and whether it is deleted.
    pub fn reference_ids(&self, kind: Reference) -> impl Iterator<Item = (Id, bool)> {
        self.records(kind).map(|(id, record)| (id, record.is_deleted()))
    }
}
