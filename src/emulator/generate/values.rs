//! Believable values of custom fields.

use fastrand::Rng;
use jiff::{ToSpan as _, civil::Date};

use super::{
    super::{
        field::{CustomField, FieldType},
        value::{Address, Cents, Currency, TimeOfDay, Value},
        world::World,
    },
    pick,
    words::{PLACES, ZONES},
};

/// The currencies deals are made in, with what one unit is worth in the first of them.
pub(in crate::emulator) const CURRENCIES: [(Currency, f64); 5] = [
    (Currency::new(*b"EUR"), 1.0),
    (Currency::new(*b"USD"), 0.92),
    (Currency::new(*b"GBP"), 1.17),
    (Currency::new(*b"SEK"), 0.088),
    (Currency::new(*b"PLN"), 0.23),
];

/// Returns one of the currencies; every second time the first one.
pub(in crate::emulator) fn currency(rng: &mut Rng) -> Currency {
    if rng.bool() { CURRENCIES[0].0 } else { pick(rng, &CURRENCIES).0 }
}

/// Returns an amount between 50 and some 150,000, mostly a small one; every third one is a whole number.
pub(in crate::emulator) fn amount(rng: &mut Rng) -> Cents {
    let magnitude = rng.f64() * 8.0;
    let cents = (magnitude.exp() * 5_000.0) as i64;
    Cents(if rng.u8(..3) == 0 { cents / 100 * 100 } else { cents })
}

/// Returns a value that `field` can hold, if there is any; `today` is what dates are near to.
pub(in crate::emulator) fn value(
    rng: &mut Rng,
    field: &CustomField,
    world: &World,
    today: Date,
) -> Option<Value> {
    let day = |rng: &mut Rng| today.saturating_add(rng.i32(-90..270).days());
    Some(match field.field_type {
        FieldType::Varchar => {
            Value::Text(format!("RFP-{}-{}", today.year(), rng.u32(100..99_999)).into())
        }
        FieldType::VarcharAuto | FieldType::Text => {
            Value::Text(rng.choice(&world.phrases)?.clone())
        }
        FieldType::Phone => Value::Text(format!("+49 30 {}", rng.u32(100_000..9_999_999)).into()),
        FieldType::Double => Value::Double(f64::from(rng.u32(1..400)) / 4.0 + 0.1),
        FieldType::Boolean => Value::Boolean(rng.bool()),
        FieldType::Monetary => Value::Money(amount(rng), currency(rng)),
        FieldType::Enum => Value::Option(rng.choice(&field.options)?.id),
        FieldType::Set => {
            let chosen = field.options.iter().filter(|_| rng.u8(..3) == 0).map(|option| option.id);
            Value::Options(chosen.collect())
        }
        FieldType::User => Value::Reference(any_key(rng, &world.company.users)),
        FieldType::Org => Value::Reference(any_key(rng, &world.company.organizations)),
        FieldType::People => Value::Reference(any_key(rng, &world.company.persons)),
        FieldType::Date => Value::Date(day(rng)),
        FieldType::DateRange => {
            let first = day(rng);
            Value::DateRange(first, first.saturating_add(rng.i32(1..120).days()))
        }
        FieldType::Time => Value::Time(TimeOfDay(rng.u32(28..72) * 900), zone(rng)),
        FieldType::TimeRange => {
            let begin = rng.u32(28..60) * 900;
            let end = begin + rng.u32(1..12) * 900;
            Value::TimeRange(Box::new((TimeOfDay(begin), TimeOfDay(end), zone(rng))))
        }
        FieldType::Address => Value::Address(rng.choice(&world.addresses)?.clone()),
        FieldType::Int => Value::Integer(rng.i64(1..2_000)),
        FieldType::Status | FieldType::Stage | FieldType::VisibleTo => return None,
    })
}

/// Returns a key of a map; 1 for an empty one. A key behind a gap is the likelier, the wider the gap.
pub(super) fn any_key<V>(rng: &mut Rng, map: &std::collections::BTreeMap<u32, V>) -> u32 {
    match (map.first_key_value(), map.last_key_value()) {
        (Some((first, _)), Some((last, _))) => {
            let from = rng.u32(*first..=*last);
            map.range(from..).next().map_or(from, |(key, _)| *key)
        }
        _ => 1,
    }
}

fn zone(rng: &mut Rng) -> &'static str {
    ZONES[rng.usize(..ZONES.len())]
}

/// Returns where a customer is; each part may be missing.
pub(super) fn address(rng: &mut Rng) -> Address {
    let [route, sublocality, locality, region, country, postal_code] = *pick(rng, &PLACES);
    let number = rng.u8(1..200);
    let some = |text: &str| Some(text.to_owned());
    Address {
        value: format!("{route} {number}, {locality}"),
        subpremise: (rng.u8(..4) == 0).then(|| format!("{}. OG", number % 7 + 1)),
        street_number: Some(number.to_string()),
        route: some(route),
        sublocality: some(sublocality).filter(|_| rng.bool()),
        locality: some(locality),
        admin_area_level_1: some(region),
        admin_area_level_2: None,
        country: some(country),
        postal_code: some(postal_code),
        formatted_address: Some(format!("{route} {number}, {postal_code} {locality}, {country}")),
    }
}
