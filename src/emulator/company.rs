//! The company and what its deals refer to: people who sell, pipelines, stages, customers.

use std::collections::BTreeMap;

use super::{
    Id,
    second::Second,
    value::{Cents, Currency},
};

/// The company that the emulated account belongs to.
#[derive(Debug, Clone)]
pub struct Company {
    /// `company_id` of `/v1/users/me`.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// The part of the host name before `.pipedrive.com`.
    pub domain: String,
    /// The currency totals are converted to.
    pub currency: Currency,
    /// Hours east of UTC; decides the `local_*` dates. There is no daylight saving time here.
    pub utc_offset_hours: i8,
    /// Who sells; the first one is the administrator whose token is used by default.
    pub users: BTreeMap<Id, User>,
    /// Pipelines.
    pub pipelines: BTreeMap<Id, Pipeline>,
    /// Stages of all pipelines.
    pub stages: BTreeMap<Id, Stage>,
    /// Names of contacts.
    pub persons: BTreeMap<Id, Box<str>>,
    /// Names of customers.
    pub organizations: BTreeMap<Id, Box<str>>,
    /// What it sells.
    pub products: BTreeMap<Id, Product>,
}

/// A product.
#[derive(Debug, Clone)]
pub struct Product {
    /// Its name.
    pub name: String,
    /// What one costs.
    pub price: Cents,
}

/// A user of the company.
#[derive(Debug, Clone)]
pub struct User {
    /// Full name.
    pub name: String,
    /// Address.
    pub email: String,
    /// When the account was made.
    pub created: Second,
}

/// A pipeline.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// Its name.
    pub name: String,
}

/// A stage of a pipeline.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// The pipeline it belongs to.
    pub pipeline_id: Id,
    /// How likely deals in it are won, in percent.
    pub probability: u8,
}
