//! What the company knows of the records that its deals refer to, and records that none refers to.

use fastrand::Rng;

use super::{
    super::{
        Id,
        attached::BillingFrequency,
        company::{
            Company, CurrencyEntry, Extra, Organization, Person, Pipeline, Product, Stage, Stamp,
        },
        reference::Reference,
        second::Second,
        value::{Cents, Currency},
        world::World,
    },
    CURRENCIES, DAY, customer, person, pick,
    words::{FORMER_PRODUCTS, NICKNAMES, PHRASES},
};

/// Names and signs of [`CURRENCIES`], in the same order.
const CURRENCY_NAMES: [(&str, &str); 5] = [
    ("Euro", "€"),
    ("US Dollar", "$"),
    ("Pound Sterling", "£"),
    ("Swedish Krona", "kr"),
    ("Polish Złoty", "zł"),
];

/// Fills in what the deals did not need, from a stream of random numbers of its own.
pub(super) fn fill(rng: &mut Rng, world: &mut World, now: Second) {
    let addresses = world.addresses.clone();
    let company = &mut world.company;
    currencies(company);
    for (nth, user) in (0..).zip(company.users.values_mut()) {
        user.phone = (nth % 2 == 0).then(|| phone(rng));
        user.modified = (nth % 3 > 0).then(|| between(rng, user.created, now));
    }
    for pipeline in company.pipelines.values_mut() {
        pipeline.stamp = stamp(rng, now);
    }
    for stage in company.stages.values_mut() {
        (stage.stamp, stage.days_to_rotten) = (stamp(rng, now), days(rng));
    }
    let users = company.users.keys().copied().collect::<Vec<_>>();
    let customers = company.organizations.keys().copied().collect::<Vec<_>>();
    for (id, person) in &mut company.persons {
        contact(rng, *id, person, (&users, &customers), now);
    }
    for (id, organization) in &mut company.organizations {
        place(rng, *id, organization, &users, now);
        organization.address = rng.choice(&addresses).filter(|_| *id % 10 > 0).cloned();
    }
    for (id, product) in &mut company.products {
        catalogue(rng, *id, product, &users, now);
    }
    strangers(rng, world, now);
}

fn currencies(company: &mut Company) {
    let known = CURRENCIES
        .iter()
        .zip(CURRENCY_NAMES)
        .map(|((code, _), (name, symbol))| (*code, name, symbol));
    let own = (Currency::new(*b"PTS"), "Points “Treue”", "★");
    for (id, (code, name, symbol)) in (1..).zip(known.chain([own])) {
        let custom = code == own.0;
        let entry = CurrencyEntry {
            code,
            name: name.to_owned(),
            decimal_points: if custom { 0 } else { 2 },
            symbol: symbol.to_owned(),
            active: true,
            custom,
        };
        company.currencies.insert(id, entry);
    }
}

/// Adds records that no deal names: some that are deleted, a pipeline and a stage that are no more among them.
fn strangers(rng: &mut Rng, world: &mut World, now: Second) {
    let users = world.company.users.keys().copied().collect::<Vec<_>>();
    let customers = world.company.organizations.keys().copied().collect::<Vec<_>>();
    for nth in 0..3 + world.company.persons.len() / 20 {
        let name = NICKNAMES.get(nth).map_or_else(|| person(rng), |name| (*name).to_owned());
        let mut person = Person::new(name, users[0], now);
        let id = world.new_id(Reference::Persons);
        contact(rng, id, &mut person, (&users, &customers), now);
        world.company.persons.insert(id, person);
        perhaps_delete(rng, world, Reference::Persons, id, now);
    }
    for _ in 0..2 + world.company.organizations.len() / 30 {
        let id = world.new_id(Reference::Organizations);
        let mut organization = Organization::new(customer(rng), users[0], now);
        place(rng, id, &mut organization, &users, now);
        world.company.organizations.insert(id, organization);
        perhaps_delete(rng, world, Reference::Organizations, id, now);
    }
    for name in FORMER_PRODUCTS {
        let id = world.new_id(Reference::Products);
        let mut product = Product::new(name.to_owned(), Cents(rng.i64(1..9_000)), users[0], now);
        catalogue(rng, id, &mut product, &users, now);
        world.company.products.insert(id, product);
        perhaps_delete(rng, world, Reference::Products, id, now);
    }
    former_pipeline(rng, world, now);
}

fn former_pipeline(rng: &mut Rng, world: &mut World, now: Second) {
    let past = Stamp { deleted: Some(now.minus(40 * DAY)), ..stamp(rng, now.minus(40 * DAY)) };
    let id = world.new_id(Reference::Pipelines);
    let name = "Altgeschäft („bis 2023“)".to_owned();
    let pipeline = Pipeline { name, order_nr: 9, deal_probability: false, stamp: past };
    world.company.pipelines.insert(id, pipeline);
    let stage = Stage {
        name: "Erledigt".to_owned(),
        pipeline_id: id,
        order_nr: 1,
        probability: 100,
        days_to_rotten: None,
        stamp: past,
    };
    let stage_id = world.new_id(Reference::Stages);
    world.company.stages.insert(stage_id, stage);
}

/// Deletes every second record within the last day, after its last change.
fn perhaps_delete(rng: &mut Rng, world: &mut World, kind: Reference, id: Id, now: Second) {
    if id.is_multiple_of(2) {
        let at = now.minus(rng.u32(300..DAY));
        let done = world.delete_record(kind, id, at);
        done.expect("a record that was just made can be deleted");
    }
}

fn contact(
    rng: &mut Rng,
    id: Id,
    person: &mut Person,
    (users, customers): (&[Id], &[Id]),
    now: Second,
) {
    person.owner_id = *pick(rng, users);
    person.org_id = rng.choice(customers).copied().filter(|_| rng.u8(..5) > 0);
    person.emails = vec![format!("person{id}@example.com").into()];
    if rng.u8(..4) == 0 {
        person.emails.push(format!("p.{id}+privat@example.org").into());
    }
    person.phones = vec![format!("+49 30 {id:07}").into()];
    if rng.u8(..6) == 0 {
        person.phones.push(phone(rng));
    }
    person.label_ids = labels(rng);
    person.visible_to = visibility(rng);
    person.picture_id = (rng.u8(..5) == 0).then(|| rng.u32(1..9_000));
    (person.extra, person.stamp) = (extra(rng), stamp(rng, now));
}

fn place(rng: &mut Rng, id: Id, organization: &mut Organization, users: &[Id], now: Second) {
    organization.owner_id = *pick(rng, users);
    organization.label_ids = labels(rng);
    organization.visible_to = visibility(rng);
    organization.website = rng.bool().then(|| format!("https://customer{id}.example").into());
    organization.linkedin =
        (rng.u8(..3) == 0).then(|| format!("https://linkedin.example/company/{id}").into());
    organization.industry = (rng.u8(..3) == 0).then(|| rng.u32(1..30));
    organization.annual_revenue = (rng.u8(..3) == 0).then(|| rng.u32(..2_000_000));
    organization.employee_count = rng.bool().then(|| rng.u32(1..4_000));
    (organization.extra, organization.stamp) = (extra(rng), stamp(rng, now));
}

fn catalogue(rng: &mut Rng, id: Id, product: &mut Product, users: &[Id], now: Second) {
    product.owner_id = *pick(rng, users);
    product.code = if rng.u8(..5) == 0 { Box::default() } else { format!("ART-{id}").into() };
    product.description = (*pick(rng, &PHRASES)).into();
    product.unit = *pick(rng, &["", "pcs", "Std.", "m²"]);
    product.tax = Cents(*pick(rng, &[0, 700, 1_900, 2_550]));
    product.category = *pick(rng, &[None, Some("Retail"), Some("Dienstleistung")]);
    for (currency, rate) in &CURRENCIES[1..] {
        if rng.u8(..4) == 0 {
            let price = (product.price.amount() / rate).round() as i64;
            product.prices.push((*currency, Cents(price * 100)));
        }
    }
    product.cost = Cents(product.price.0 / 2);
    product.direct_cost = rng.bool().then_some(Cents(product.price.0 / 4));
    product.billing_frequency = *pick(rng, &BillingFrequency::ALL);
    if product.billing_frequency != BillingFrequency::OneTime {
        product.billing_frequency_cycles = Some(rng.u8(1..37));
    }
    (product.extra, product.stamp) = (extra(rng), stamp(rng, now));
}

fn extra(rng: &mut Rng) -> Extra {
    let text = rng.bool().then(|| (*pick(rng, &PHRASES)).into());
    Extra { text, number: (rng.u8(..3) == 0).then(|| rng.u32(..500)) }
}

fn labels(rng: &mut Rng) -> Box<[Id]> {
    (1..5).filter(|_| rng.u8(..6) == 0).collect()
}

fn visibility(rng: &mut Rng) -> u8 {
    [3, 3, 3, 3, 7, 7, 5, 1][rng.usize(..8)]
}

fn days(rng: &mut Rng) -> Option<u16> {
    rng.bool().then(|| rng.u16(2..60))
}

fn phone(rng: &mut Rng) -> Box<str> {
    format!("+372 {}", rng.u32(100_000..9_999_999)).into()
}

/// Returns times of making and change within the last 900 days, the last of them two days ago or earlier.
fn stamp(rng: &mut Rng, now: Second) -> Stamp {
    let add_time = now.minus(rng.u32(30..900) * DAY + rng.u32(..DAY));
    let update_time = between(rng, add_time, now.minus(2 * DAY));
    Stamp { add_time, update_time, deleted: None }
}

fn between(rng: &mut Rng, from: Second, to: Second) -> Second {
    from.plus(rng.u32(..=to.since(from)))
}
