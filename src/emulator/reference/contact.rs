//! Persons, organizations and products on their way into an answer: what has owners and custom fields.

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap as _, SerializeSeq as _},
};

use super::super::{
    Id,
    company::{Company, Extra, Organization, Person, Product},
    second::Second,
    value::{Address, Cents, Currency},
};

/// A mail address or phone number.
#[derive(Serialize)]
pub(in super::super) struct Contact<'a> {
    value: &'a str,
    primary: bool,
    label: &'static str,
}

/// Returns mail addresses or phone numbers as the API writes them: the first is the primary one, at work.
pub(in super::super) fn contacts(values: &[Box<str>]) -> Vec<Contact<'_>> {
    let mut values = values.iter();
    let first = values.next().map(|value| Contact { value, primary: true, label: "work" });
    let others = values.map(|value| Contact { value, primary: false, label: "home" });
    first.into_iter().chain(others).collect()
}

#[derive(Serialize)]
pub(super) struct PersonView<'a> {
    id: Id,
    name: &'a str,
    first_name: &'a str,
    last_name: Option<&'a str>,
    owner_id: Id,
    org_id: Option<Id>,
    add_time: Second,
    update_time: Second,
    emails: Vec<Contact<'a>>,
    phones: Vec<Contact<'a>>,
    is_deleted: bool,
    visible_to: u8,
    label_ids: &'a [Id],
    picture_id: Option<Id>,
    custom_fields: ExtraView<'a>,
}

impl<'a> PersonView<'a> {
    pub(super) fn of(id: Id, person: &'a Person, custom_fields: ExtraView<'a>) -> Self {
        let name = &*person.name;
        let parts = name.split_once(' ');
        Self {
            id,
            name,
            first_name: parts.map_or(name, |(first, _)| first),
            last_name: parts.map(|(_, last)| last),
            owner_id: person.owner_id,
            org_id: person.org_id,
            add_time: person.stamp.add_time,
            update_time: person.stamp.update_time,
            emails: contacts(&person.emails),
            phones: contacts(&person.phones),
            is_deleted: person.stamp.deleted.is_some(),
            visible_to: person.visible_to,
            label_ids: &person.label_ids,
            picture_id: person.picture_id,
            custom_fields,
        }
    }
}

#[derive(Serialize)]
pub(super) struct OrganizationView<'a> {
    id: Id,
    name: &'a str,
    owner_id: Id,
    add_time: Second,
    update_time: Second,
    address: Option<AddressView<'a>>,
    is_deleted: bool,
    visible_to: u8,
    label_ids: &'a [Id],
    website: Option<&'a str>,
    linkedin: Option<&'a str>,
    industry: Option<u32>,
    annual_revenue: Option<u32>,
    employee_count: Option<u32>,
    custom_fields: ExtraView<'a>,
}

/// An address as organizations have it: without the line of the map service.
struct AddressView<'a>(&'a Address);

impl Serialize for AddressView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(address) = self;
        let mut map = serializer.serialize_map(Some(10))?;
        map.serialize_entry("value", &address.value)?;
        map.serialize_entry("country", &address.country)?;
        map.serialize_entry("admin_area_level_1", &address.admin_area_level_1)?;
        map.serialize_entry("admin_area_level_2", &address.admin_area_level_2)?;
        map.serialize_entry("locality", &address.locality)?;
        map.serialize_entry("sublocality", &address.sublocality)?;
        map.serialize_entry("route", &address.route)?;
        map.serialize_entry("street_number", &address.street_number)?;
        map.serialize_entry("subpremise", &address.subpremise)?;
        map.serialize_entry("postal_code", &address.postal_code)?;
        map.end()
    }
}

impl<'a> OrganizationView<'a> {
    pub(super) fn of(id: Id, organization: &'a Organization, custom_fields: ExtraView<'a>) -> Self {
        Self {
            id,
            name: &organization.name,
            owner_id: organization.owner_id,
            add_time: organization.stamp.add_time,
            update_time: organization.stamp.update_time,
            address: organization.address.as_deref().map(AddressView),
            is_deleted: organization.stamp.deleted.is_some(),
            visible_to: organization.visible_to,
            label_ids: &organization.label_ids,
            website: organization.website.as_deref(),
            linkedin: organization.linkedin.as_deref(),
            industry: organization.industry,
            annual_revenue: organization.annual_revenue,
            employee_count: organization.employee_count,
            custom_fields,
        }
    }
}

#[derive(Serialize)]
pub(super) struct ProductView<'a> {
    id: Id,
    name: &'a str,
    code: &'a str,
    description: &'a str,
    unit: &'static str,
    tax: Cents,
    category: Option<&'static str>,
    is_linkable: bool,
    is_deleted: bool,
    visible_to: u8,
    owner_id: Id,
    add_time: Second,
    update_time: Second,
    billing_frequency: &'static str,
    billing_frequency_cycles: Option<u8>,
    prices: Prices<'a>,
    custom_fields: ExtraView<'a>,
}

impl<'a> ProductView<'a> {
    pub(super) fn of(
        id: Id,
        product: &'a Product,
        extra: ExtraView<'a>,
        company: &Company,
    ) -> Self {
        Self {
            id,
            name: &product.name,
            code: &product.code,
            description: &product.description,
            unit: product.unit,
            tax: product.tax,
            category: product.category,
            is_linkable: true,
            is_deleted: product.stamp.deleted.is_some(),
            visible_to: product.visible_to,
            owner_id: product.owner_id,
            add_time: product.stamp.add_time,
            update_time: product.stamp.update_time,
            billing_frequency: product.billing_frequency.name(),
            billing_frequency_cycles: product.billing_frequency_cycles,
            prices: Prices { id, product, home: company.currency },
            custom_fields: extra,
        }
    }
}

/// The prices of a product, that in the currency of the company first.
struct Prices<'a> {
    id: Id,
    product: &'a Product,
    home: Currency,
}

#[derive(Serialize)]
struct Price {
    product_id: Id,
    price: Cents,
    currency: Currency,
    cost: Cents,
    direct_cost: Option<Cents>,
    notes: &'static str,
}

impl Serialize for Prices<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { id, product, home } = *self;
        let mut seq = serializer.serialize_seq(Some(1 + product.prices.len()))?;
        let own = [(home, product.price)];
        for &(currency, price) in own.iter().chain(&product.prices) {
            let (cost, direct_cost) = (product.cost, product.direct_cost);
            let price = Price { product_id: id, price, currency, cost, direct_cost, notes: "" };
            seq.serialize_element(&price)?;
        }
        seq.end()
    }
}

/// Custom fields: both of the kind, null where the record has none.
pub(super) struct ExtraView<'a> {
    pub(super) codes: [&'static str; 2],
    pub(super) extra: &'a Extra,
    pub(super) keys: Option<&'a [&'a str]>,
}

impl Serialize for ExtraView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let wanted = |code| self.keys.is_none_or(|keys| keys.contains(&code));
        let [text, number] = self.codes;
        let mut map = serializer.serialize_map(None)?;
        if wanted(text) {
            map.serialize_entry(text, &self.extra.text)?;
        }
        if wanted(number) {
            map.serialize_entry(number, &self.extra.number)?;
        }
        map.end()
    }
}
