//! The members of a deal that the logs follow, with the keys and forms of v1.
//!
//! Source: API v2 migration guide, for how values of custom fields look in v1. Which of the built-in members the logs
//! of the real one follow is unknown; `update_time` is left out, since it says no more than the time of the entry.

use std::sync::Arc;

use super::{
    super::{
        Id,
        deal::{Deal, Status},
        field::CustomField,
        second::{Second, v1},
        value::{Cents, Value},
    },
    Change, Recorded,
};

/// A member: its key in v1 and what it is.
type Member = (&'static str, fn(&Deal) -> Recorded);

const MEMBERS: [Member; 17] = [
    ("title", |deal| text(&*deal.title)),
    ("user_id", |deal| Recorded::Number(deal.owner_id)),
    ("person_id", |deal| number(deal.person_id)),
    ("org_id", |deal| number(deal.org_id)),
    ("pipeline_id", |deal| Recorded::Number(deal.pipeline_id)),
    ("stage_id", |deal| Recorded::Number(deal.stage_id)),
    ("value", |deal| deal.value.map_or(Recorded::Nothing, Recorded::Amount)),
    ("currency", |deal| text(deal.currency.code())),
    ("probability", |deal| {
        let percent = deal.probability.map(|percent| Cents(percent.into()));
        percent.map_or(Recorded::Nothing, Recorded::Amount)
    }),
    ("status", |deal| text(deal.shown_status().name())),
    ("lost_reason", |deal| deal.lost_reason.clone().map_or(Recorded::Nothing, Recorded::Text)),
    ("won_time", |deal| time(deal.closed.filter(|_| deal.status == Status::Won))),
    ("lost_time", |deal| time(deal.closed.filter(|_| deal.status == Status::Lost))),
    ("archive_time", |deal| time(deal.archived)),
    ("visible_to", |deal| text(deal.visible_to.to_string())),
    ("expected_close_date", |deal| {
        deal.expected_close.map_or(Recorded::Nothing, |day| text(day.to_string()))
    }),
    ("label", |deal| ids(&deal.label_ids)),
];

fn text(text: impl Into<Arc<str>>) -> Recorded {
    Recorded::Text(text.into())
}

fn number(id: Option<Id>) -> Recorded {
    id.map_or(Recorded::Nothing, Recorded::Number)
}

fn time(second: Option<Second>) -> Recorded {
    second.map_or(Recorded::Nothing, |second| text(v1(second)))
}

fn ids(ids: &[Id]) -> Recorded {
    let ids = ids.iter().map(Id::to_string).collect::<Vec<_>>();
    if ids.is_empty() { Recorded::Nothing } else { text(ids.join(",")) }
}

/// Returns how two states of a deal differ.
pub(super) fn changes(old: &Deal, new: &Deal, fields: &[CustomField]) -> Vec<Change> {
    let mut changes = Vec::new();
    for (key, member) in MEMBERS {
        let (old, new) = (member(old), member(new));
        if old != new {
            changes.push(Change { key: key.into(), is_custom: false, old, new });
        }
    }
    for field in fields {
        let (old, new) = (old.custom(field.slot), new.custom(field.slot));
        if old != new {
            custom(&field.code, old, new, &mut changes);
        }
    }
    changes
}

/// Adds the parts of a custom field that differ; v1 keeps each under a key of its own.
fn custom(code: &str, old: Option<&Value>, new: Option<&Value>, changes: &mut Vec<Change>) {
    let (old, new) = (old.map(parts).unwrap_or_default(), new.map(parts).unwrap_or_default());
    let part = |parts: &Parts, suffix: &str| {
        let found = parts.iter().find(|(it, _)| *it == suffix);
        found.map_or(Recorded::Nothing, |(_, value)| value.clone())
    };
    for suffix in ["", "_currency", "_until", "_timezone_id"] {
        let (old, new) = (part(&old, suffix), part(&new, suffix));
        if old != new {
            let key = format!("{code}{suffix}").into();
            changes.push(Change { key, is_custom: true, old, new });
        }
    }
}

/// The parts of a value, each with what its key adds to that of the field.
type Parts = Vec<(&'static str, Recorded)>;

/// Takes a value apart. An address is its text; a time zone, whose number this world does not know, is its name.
fn parts(value: &Value) -> Parts {
    let whole = |value: Recorded| vec![("", value)];
    match value {
        Value::Text(it) => whole(Recorded::Text(it.clone())),
        Value::Integer(it) => whole(text(it.to_string())),
        Value::Double(it) => whole(text(it.to_string())),
        Value::Boolean(it) => whole(text(if *it { "1" } else { "0" })),
        Value::Money(amount, currency) => {
            vec![("", Recorded::Amount(*amount)), ("_currency", text(currency.code()))]
        }
        Value::Option(id) | Value::Reference(id) => whole(text(id.to_string())),
        Value::Options(chosen) => whole(ids(chosen)),
        Value::Date(day) => whole(text(day.to_string())),
        Value::DateRange(first, last) => {
            vec![("", text(first.to_string())), ("_until", text(last.to_string()))]
        }
        Value::Time(at, zone) => vec![("", text(at.to_string())), ("_timezone_id", text(*zone))],
        Value::TimeRange(range) => {
            let (from, until, zone) = &**range;
            let (from, until) = (text(from.to_string()), text(until.to_string()));
            vec![("", from), ("_until", until), ("_timezone_id", text(*zone))]
        }
        Value::Address(place) => whole(text(place.value.as_str())),
    }
}
