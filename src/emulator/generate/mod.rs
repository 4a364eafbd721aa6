//! A believable sales company, the same one for the same seed.

mod attached;
mod deals;
mod reference;
mod values;
mod words;

use std::{collections::BTreeMap, sync::Arc};

use fastrand::Rng;
use jiff::Timestamp;

use super::{
    Id,
    company::{Company, Organization, Person, Pipeline, Stage, Stamp, User},
    field::{CustomField, FieldOption, FieldType, Slot},
    second::Second,
    world::World,
};
pub(super) use attached::line;
pub(super) use values::{CURRENCIES, amount, currency, value};
use words::{
    COMPANY_KINDS, COMPANY_STEMS, FIELDS, FIRST_NAMES, LABELS, LAST_NAMES, LOST_REASONS, PHRASES,
    PIPELINES, SUBJECTS,
};

/// Which world to make.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many deals there are, archived and deleted ones included.
    pub deals: u32,
    /// The same seed makes the same world at the same time.
    pub seed: u64,
    /// The present of that world: no deal was updated later.
    pub now: Timestamp,
}

const DAY: u32 = 24 * 3_600;
const FIRST_USER: Id = 8_877;
const FIRST_PERSON: Id = 1_101;
const FIRST_ORGANIZATION: Id = 57;

impl World {
    /// Makes a company with `options.deals` deals.
    ///
    /// Some 4 % are archived and 3 % deleted within the last 29 days; 45 % of the custom fields are filled; times of
    /// update are spread over two years, some seconds are shared by several deals and, where there are 64 deals or
    /// more, one second by at least 30.
    pub fn generate(options: &Options) -> Self {
        let mut rng = Rng::with_seed(options.seed);
        let now = Second::of(options.now);
        // A stream of its own: how deals look does not depend on what hangs on them.
        let mut children = Rng::with_seed(!options.seed);
        let mut company = company(&mut rng, options.deals, now);
        company.products = attached::products(&mut children, FIRST_USER, now);
        let mut option_ids = 1..;
        let labels = labels(now, &mut option_ids);
        let fields = fields(&mut rng, now, &mut option_ids);
        let mut world = Self::new(company, fields, labels, options.now);
        world.phrases = PHRASES.map(Arc::from).into();
        let places = 3 + options.deals.min(10_000) / 10;
        world.addresses = (0..places).map(|_| Arc::new(values::address(&mut rng))).collect();
        let mut deals = deals::deals(&mut rng, &world, options.deals, now);
        attached::attach(&mut children, &mut world, &mut deals);
        world.fill(deals);
        // The same holds for what is told of the records that deals refer to.
        let mut rng = Rng::with_seed(options.seed.rotate_left(32) ^ 0x5eed);
        reference::fill(&mut rng, &mut world, now);
        world
    }
}

/// Returns one of `items`, which must not be empty.
pub(super) fn pick<'a, T>(rng: &mut Rng, items: &'a [T]) -> &'a T {
    &items[rng.usize(..items.len())]
}

fn company(rng: &mut Rng, deals: u32, now: Second) -> Company {
    let sellers = (deals / 400).clamp(4, 60);
    let users = (FIRST_USER..FIRST_USER + sellers).map(|id| {
        let (name, created) = (person(rng), now.minus(rng.u32(800..2_000) * DAY));
        (id, User::new(id, name, created))
    });
    let users = users.collect();
    let contact = |n| (FIRST_PERSON + n, Person::new(person(rng), FIRST_USER, now));
    let persons = (0..deals / 3 + 5).map(contact).collect();
    let buyer = |n| (FIRST_ORGANIZATION + n, Organization::new(customer(rng), FIRST_USER, now));
    let organizations = (0..deals / 5 + 3).map(buyer).collect();
    let mut company = Company {
        id: 54_235_233,
        name: "Acme Vertrieb".to_owned(),
        domain: "acme".to_owned(),
        currency: CURRENCIES[0].0,
        utc_offset_hours: 2,
        users,
        pipelines: BTreeMap::new(),
        stages: BTreeMap::new(),
        persons,
        organizations,
        products: BTreeMap::new(),
        currencies: BTreeMap::new(),
    };
    pipelines(&mut company, now);
    company
}

/// Lays out the pipelines; deals of every third one have no probability of their own.
fn pipelines(company: &mut Company, now: Second) {
    let stamp = Stamp::new(now);
    for ((pipeline_id, order_nr), (name, stages)) in (1..).zip(1..).zip(PIPELINES) {
        let (name, deal_probability) = (name.to_owned(), pipeline_id % 3 > 0);
        let pipeline = Pipeline { name, order_nr, deal_probability, stamp };
        company.pipelines.insert(pipeline_id, pipeline);
        for (order_nr, &(name, probability)) in (1..).zip(stages) {
            let id = Id::try_from(company.stages.len() + 1).expect("there are few stages");
            let (name, days_to_rotten) = (name.to_owned(), None);
            let stage = Stage { name, pipeline_id, order_nr, probability, days_to_rotten, stamp };
            company.stages.insert(id, stage);
        }
    }
}

pub(super) fn person(rng: &mut Rng) -> String {
    format!("{} {}", pick(rng, &FIRST_NAMES), pick(rng, &LAST_NAMES))
}

pub(super) fn customer(rng: &mut Rng) -> String {
    format!("{} {}", pick(rng, &COMPANY_STEMS), pick(rng, &COMPANY_KINDS))
}

/// Returns what a deal is about.
pub(super) fn subject(rng: &mut Rng) -> &'static str {
    SUBJECTS[rng.usize(..SUBJECTS.len())]
}

/// Returns why a deal was lost; nobody says so of every fifth.
pub(super) fn reason(rng: &mut Rng) -> String {
    let said = rng.u8(..5) > 0;
    if said { (*pick(rng, &LOST_REASONS)).to_owned() } else { String::new() }
}

fn labels(now: Second, ids: &mut impl Iterator<Item = Id>) -> Vec<FieldOption> {
    let label = |((label, color), id): (&(&str, &'static str), Id)| {
        let add_time = now.minus(900 * DAY);
        FieldOption {
            id,
            label: (*label).to_owned(),
            color: Some(color),
            add_time,
            update_time: None,
        }
    };
    LABELS.iter().zip(ids).map(label).collect()
}

fn fields(rng: &mut Rng, now: Second, ids: &mut impl Iterator<Item = Id>) -> Vec<CustomField> {
    let mut fields = Vec::new();
    for (slot, (name, field_type, labels)) in (0 as Slot..).zip(FIELDS) {
        let add_time = now.minus(rng.u32(750..900) * DAY);
        let option = |(label, id): (&&str, Id)| FieldOption {
            id,
            label: (*label).to_owned(),
            color: None,
            add_time,
            update_time: None,
        };
        let options = labels.iter().zip(&mut *ids).map(option).collect();
        let code = format!("{:032x}{:08x}", rng.u128(..), rng.u32(..));
        fields.push(CustomField { slot, code, name: name.to_owned(), field_type, options });
    }
    fields
}
