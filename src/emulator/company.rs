//! The company and what its deals refer to: people who sell, pipelines, stages, customers, what is sold.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Id,
    attached::BillingFrequency,
    second::Second,
    value::{Address, Cents, Currency},
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
    /// Contacts.
    pub persons: BTreeMap<Id, Person>,
    /// Customers.
    pub organizations: BTreeMap<Id, Organization>,
    /// What it sells.
    pub products: BTreeMap<Id, Product>,
    /// What it counts money in.
    pub currencies: BTreeMap<Id, CurrencyEntry>,
}

impl Company {
    /// Returns the stages that are not deleted.
    pub(super) fn stages_in_use(&self) -> impl Iterator<Item = Id> {
        self.stages.iter().filter(|(_, stage)| stage.stamp.deleted.is_none()).map(|(id, _)| *id)
    }
}

/// When a record was made, last changed and deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// When it was made.
    pub add_time: Second,
    /// When it was last changed.
    pub update_time: Second,
    /// When it was deleted; `None`: it is not.
    pub deleted: Option<Second>,
}

impl Stamp {
    /// Returns the stamp of what is made at `now`.
    pub(super) fn new(now: Second) -> Self {
        Self { add_time: now, update_time: now, deleted: None }
    }
}

/// The values of the two custom fields that persons, organizations and products have each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extra {
    /// A text.
    pub text: Option<Box<str>>,
    /// A number.
    pub number: Option<u32>,
}

/// A contact.
#[derive(Debug, Clone)]
pub struct Person {
    /// Full name.
    pub name: Box<str>,
    /// The user who owns it.
    pub owner_id: Id,
    /// Where the contact works.
    pub org_id: Option<Id>,
    /// Mail addresses, the primary one first.
    pub emails: Vec<Box<str>>,
    /// Phone numbers, the primary one first.
    pub phones: Vec<Box<str>>,
    /// Labels, whose options this world does not list.
    pub label_ids: Box<[Id]>,
    /// Who may see it: 1, 3, 5 or 7.
    pub visible_to: u8,
    /// The number of a picture.
    pub picture_id: Option<Id>,
    /// Custom fields.
    pub extra: Extra,
    /// Its times.
    pub stamp: Stamp,
}

impl Person {
    /// Returns a contact of `owner_id`; all that can be empty is.
    pub(super) fn new(name: String, owner_id: Id, now: Second) -> Self {
        Self {
            name: name.into(),
            owner_id,
            org_id: None,
            emails: Vec::new(),
            phones: Vec::new(),
            label_ids: Box::default(),
            visible_to: 3,
            picture_id: None,
            extra: Extra::default(),
            stamp: Stamp::new(now),
        }
    }
}

/// A customer.
#[derive(Debug, Clone)]
pub struct Organization {
    /// Its name.
    pub name: Box<str>,
    /// The user who owns it.
    pub owner_id: Id,
    /// Where it is, shared with deals.
    pub address: Option<Arc<Address>>,
    /// Labels, whose options this world does not list.
    pub label_ids: Box<[Id]>,
    /// Who may see it: 1, 3, 5 or 7.
    pub visible_to: u8,
    /// Its page on the web.
    pub website: Option<Box<str>>,
    /// Its page on LinkedIn.
    pub linkedin: Option<Box<str>>,
    /// The number of its line of business.
    pub industry: Option<u32>,
    /// What it takes in a year.
    pub annual_revenue: Option<u32>,
    /// How many people work there.
    pub employee_count: Option<u32>,
    /// Custom fields.
    pub extra: Extra,
    /// Its times.
    pub stamp: Stamp,
}

impl Organization {
    /// Returns a customer of `owner_id`; all that can be empty is.
    pub(super) fn new(name: String, owner_id: Id, now: Second) -> Self {
        Self {
            name: name.into(),
            owner_id,
            address: None,
            label_ids: Box::default(),
            visible_to: 3,
            website: None,
            linkedin: None,
            industry: None,
            annual_revenue: None,
            employee_count: None,
            extra: Extra::default(),
            stamp: Stamp::new(now),
        }
    }
}

/// A product.
#[derive(Debug, Clone)]
pub struct Product {
    /// Its name.
    pub name: String,
    /// What one costs in the currency of the company.
    pub price: Cents,
    /// What one costs in other currencies.
    pub prices: Vec<(Currency, Cents)>,
    /// What one costs the company itself.
    pub cost: Cents,
    /// The part of the cost that the product causes by itself.
    pub direct_cost: Option<Cents>,
    /// Its number in the books.
    pub code: Box<str>,
    /// What it is.
    pub description: Box<str>,
    /// What it is counted in.
    pub unit: &'static str,
    /// A tax, in hundredths of a percent.
    pub tax: Cents,
    /// The group it belongs to.
    pub category: Option<&'static str>,
    /// The user who owns it.
    pub owner_id: Id,
    /// Who may see it: 1, 3, 5 or 7.
    pub visible_to: u8,
    /// How often it is billed.
    pub billing_frequency: BillingFrequency,
    /// How many times.
    pub billing_frequency_cycles: Option<u8>,
    /// Custom fields.
    pub extra: Extra,
    /// Its times.
    pub stamp: Stamp,
}

impl Product {
    /// Returns a product of `owner_id`; all that can be empty is.
    pub(super) fn new(name: String, price: Cents, owner_id: Id, now: Second) -> Self {
        Self {
            name,
            price,
            prices: Vec::new(),
            cost: Cents(0),
            direct_cost: None,
            code: Box::default(),
            description: Box::default(),
            unit: "",
            tax: Cents(0),
            category: None,
            owner_id,
            visible_to: 3,
            billing_frequency: BillingFrequency::OneTime,
            billing_frequency_cycles: None,
            extra: Extra::default(),
            stamp: Stamp::new(now),
        }
    }
}

/// A currency that amounts may be in.
#[derive(Debug, Clone)]
pub struct CurrencyEntry {
    /// Its code.
    pub code: Currency,
    /// Its name.
    pub name: String,
    /// How many decimals amounts have.
    pub decimal_points: u8,
    /// Its sign.
    pub symbol: String,
    /// Whether it may be used.
    pub active: bool,
    /// Whether the company added it.
    pub custom: bool,
}

/// A user of the company.
#[derive(Debug, Clone)]
pub struct User {
    /// Full name.
    pub name: String,
    /// Address.
    pub email: String,
    /// Number.
    pub phone: Option<Box<str>>,
    /// When the account was made.
    pub created: Second,
    /// When it was last changed.
    pub modified: Option<Second>,
    /// Whether the user can sign in.
    pub active: bool,
}

impl User {
    /// Returns an active user.
    pub(super) fn new(id: Id, name: String, created: Second) -> Self {
        let email = format!("seller{id}@acme.example");
        Self { name, email, phone: None, created, modified: None, active: true }
    }
}

/// A pipeline.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// Its name.
    pub name: String,
    /// Its place among the pipelines.
    pub order_nr: u16,
    /// Whether deals in it have a probability of their own.
    pub deal_probability: bool,
    /// Its times.
    pub stamp: Stamp,
}

/// A stage of a pipeline.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// The pipeline it belongs to.
    pub pipeline_id: Id,
    /// Its place in the pipeline.
    pub order_nr: u16,
    /// How likely deals in it are won, in percent.
    pub probability: u8,
    /// After how many days without a change a deal in it is rotten; `None`: never.
    pub days_to_rotten: Option<u16>,
    /// Its times.
    pub stamp: Stamp,
}
