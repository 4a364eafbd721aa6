//! What changes around the deals: contacts, customers, users, products, custom fields and stages.

use fastrand::Rng;

use super::{
    super::{
        edit::{Edit, OrganizationChange, PersonChange, ProductChange, StageChange},
        field::{CustomField, FieldType},
        generate::{amount, customer, person, pick},
        reference::Reference,
        world::World,
    },
    find,
    sales::percent,
};

/// Custom fields stay between these numbers.
const FIELDS: std::ops::Range<usize> = 12..36;

/// Options of a field, or labels, stay between these.
const OPTIONS: std::ops::Range<usize> = 3..14;

/// Users who can sign in stay between these.
const USERS: std::ops::Range<usize> = 3..200;

/// What fields are for that a company thinks of later.
const WISHES: [(&str, FieldType); 12] = [
    ("Security review", FieldType::Enum),
    ("Churn risk", FieldType::Enum),
    ("Modules", FieldType::Set),
    ("Kostenstelle", FieldType::Varchar),
    ("Contract end", FieldType::Date),
    ("Trial period", FieldType::DateRange),
    ("Executive sponsor", FieldType::People),
    ("Implementation partner", FieldType::Org),
    ("Presales", FieldType::User),
    ("Expected margin", FieldType::Double),
    ("Marketing budget", FieldType::Monetary),
    ("Reference customer", FieldType::Boolean),
];

const CHOICES: [&str; 10] =
    ["Low", "Medium", "High", "Open", "Done", "n/a", "Später", "Level 2 “plus”", "β", "To check"];

type Act = Option<Vec<Edit>>;

pub(super) fn person_comes(world: &World, rng: &mut Rng) -> Act {
    let id = world.next_id(Reference::Persons);
    let name = person(rng);
    let org_id = find::organization(world, rng).filter(|_| rng.u8(..5) > 0);
    let mail = PersonChange::Emails(vec![format!("person{id}@example.com")]);
    let mut edits = vec![Edit::AddPerson { name, org_id }, Edit::ChangePerson(id, mail)];
    edits.extend(
        find::user(world, rng).map(|user| Edit::ChangePerson(id, PersonChange::Owner(user))),
    );
    Some(edits)
}

pub(super) fn person_changes(world: &World, rng: &mut Rng) -> Act {
    let (id, _) = find::record(rng, &world.company.persons, |it| &it.stamp, false)?;
    let change = match rng.u8(..6) {
        0 => PersonChange::Name(person(rng)),
        1 => PersonChange::Organization(find::organization(world, rng)),
        2 => PersonChange::Emails(vec![format!("p.{id}.{}@example.net", rng.u8(..))]),
        3 => PersonChange::Phones(vec![format!("+49 30 {}", rng.u32(100_000..9_999_999))]),
        4 => PersonChange::Labels((1..5).filter(|_| rng.u8(..4) == 0).collect()),
        _ => PersonChange::Owner(find::user(world, rng)?),
    };
    Some(vec![Edit::ChangePerson(id, change)])
}

pub(super) fn person_goes(world: &World, rng: &mut Rng) -> Act {
    let (id, _) = find::record(rng, &world.company.persons, |it| &it.stamp, false)?;
    Some(vec![Edit::DeletePerson(id)])
}

pub(super) fn person_returns(world: &World, rng: &mut Rng) -> Act {
    let (id, _) = find::record(rng, &world.company.persons, |it| &it.stamp, true)?;
    Some(vec![Edit::RestorePerson(id)])
}

pub(super) fn organization_comes(world: &World, rng: &mut Rng) -> Act {
    let id = world.next_id(Reference::Organizations);
    let mut edits = vec![Edit::AddOrganization { name: customer(rng) }];
    let site = OrganizationChange::Website(Some(format!("https://customer{id}.example")));
    edits.push(Edit::ChangeOrganization(id, site));
    let owner = find::user(world, rng).map(OrganizationChange::Owner);
    edits.extend(owner.map(|change| Edit::ChangeOrganization(id, change)));
    Some(edits)
}

pub(super) fn organization_changes(world: &World, rng: &mut Rng) -> Act {
    let (id, _) = find::record(rng, &world.company.organizations, |it| &it.stamp, false)?;
    let change = match rng.u8(..4) {
        0 => OrganizationChange::Name(customer(rng)),
        1 => {
            let place = rng.choice(&world.addresses);
            OrganizationChange::Address(place.map(|place| Box::new((**place).clone())))
        }
        2 => OrganizationChange::Labels((1..5).filter(|_| rng.u8(..4) == 0).collect()),
        _ => OrganizationChange::Owner(find::user(world, rng)?),
    };
    Some(vec![Edit::ChangeOrganization(id, change)])
}

pub(super) fn organization_goes(world: &World, rng: &mut Rng) -> Act {
    find::organization(world, rng).map(|id| vec![Edit::DeleteOrganization(id)])
}

pub(super) fn organization_returns(world: &World, rng: &mut Rng) -> Act {
    let (id, _) = find::record(rng, &world.company.organizations, |it| &it.stamp, true)?;
    Some(vec![Edit::RestoreOrganization(id)])
}

pub(super) fn price(world: &World, rng: &mut Rng) -> Act {
    let (id, product) = find::record(rng, &world.company.products, |it| &it.stamp, false)?;
    let price = percent(product.price, rng.i64(95..112));
    Some(vec![Edit::ChangeCatalogProduct(id, ProductChange::Price(world.company.currency, price))])
}

pub(super) fn product_comes(world: &World, rng: &mut Rng) -> Act {
    let (_, like) = find::record(rng, &world.company.products, |it| &it.stamp, false)?;
    let stem = like.name.split(" (mk ").next().unwrap_or_default();
    let name = format!("{stem} (mk {})", rng.u8(2..30));
    Some(vec![Edit::AddCatalogProduct { name, price: amount(rng) }])
}

/// A product is sold no more; a few always are.
pub(super) fn product_goes(world: &World, rng: &mut Rng) -> Act {
    let sold = world.company.products.values().filter(|it| it.stamp.deleted.is_none()).count();
    let (id, _) = find::record(rng, &world.company.products, |it| &it.stamp, false)?;
    (sold > 10).then(|| vec![Edit::DeleteCatalogProduct(id)])
}

fn active_users(world: &World) -> usize {
    world.company.users.values().filter(|user| user.active).count()
}

pub(super) fn user_joins(world: &World, rng: &mut Rng) -> Act {
    (active_users(world) < USERS.end).then(|| vec![Edit::AddUser(person(rng))])
}

/// A user leaves, or marries; but not the one whose token it is.
pub(super) fn user_leaves(world: &World, rng: &mut Rng) -> Act {
    let user = find::user(world, rng).filter(|user| *user != world.user())?;
    if rng.u8(..3) == 0 {
        return Some(vec![Edit::RenameUser(user, person(rng))]);
    }
    (active_users(world) > USERS.start).then(|| vec![Edit::DeactivateUser(user)])
}

/// A custom field is renamed, added or removed.
pub(super) fn field(world: &World, rng: &mut Rng) -> Act {
    let count = world.fields.len();
    Some(vec![match rng.u8(..6) {
        0 | 1 if count < FIELDS.end => {
            let (name, field_type) = *pick(rng, &WISHES);
            let many = if field_type.has_options() { OPTIONS.start } else { 0 };
            let options = CHOICES.iter().take(many).map(|text| (*text).to_owned()).collect();
            Edit::AddField { name: name.to_owned(), field_type, options }
        }
        2 if count > FIELDS.start => Edit::RemoveField(rng.choice(&world.fields)?.code.clone()),
        _ => {
            let CustomField { code, name, .. } = rng.choice(&world.fields)?;
            let (stem, _) = name.split_once(" / ").unwrap_or((name, ""));
            let name = format!("{stem} / {}", pick(rng, &["new", "alt", "v2", "Q3"]));
            Edit::RenameField(code.clone(), name)
        }
    }])
}

/// An option of a custom field, or a label, is added, renamed or removed.
pub(super) fn option(world: &World, rng: &mut Rng) -> Act {
    let with_options = world.fields.iter().filter(|field| field.field_type.has_options());
    let mut lists: Vec<_> =
        with_options.map(|field| (field.code.as_str(), field.options.as_slice())).collect();
    lists.push(("label_ids", world.labels.as_slice()));
    let (code, options) = *rng.choice(&lists)?;
    let (code, label) = (code.to_owned(), (*pick(rng, &CHOICES)).to_owned());
    Some(vec![match rng.u8(..5) {
        0 | 1 if options.len() < OPTIONS.end => Edit::AddOption(code, label),
        2 if options.len() > OPTIONS.start => Edit::RemoveOption(code, rng.choice(options)?.id),
        _ => Edit::RenameOption(code, rng.choice(options)?.id, label),
    }])
}

/// A stage gets another chance, another name, or the time after which deals rot in it.
pub(super) fn stage(world: &World, rng: &mut Rng) -> Act {
    let (id, stage) = find::record(rng, &world.company.stages, |it| &it.stamp, false)?;
    let change = match rng.u8(..3) {
        0 => {
            let probability = i16::from(stage.probability) + rng.i16(-5..=5);
            StageChange::Probability(u8::try_from(probability.clamp(5, 95)).unwrap_or(50))
        }
        1 => {
            let stem = stage.name.trim_end_matches(" *");
            let marked = stem.len() < stage.name.len();
            StageChange::Name(if marked { stem.to_owned() } else { format!("{stem} *") })
        }
        _ => StageChange::Rotten(rng.bool().then(|| rng.u16(5..60))),
    };
    Some(vec![Edit::ChangeStage(id, change)])
}
