//! `/v1/deals/summary`: how many deals there are and what they are worth.

use std::{collections::BTreeMap, ops::Bound};

use serde_json::{Map, Value as Json, json};

use super::{
    answer,
    deal::{Deal, Status},
    filter::Filter,
    generate::CURRENCIES,
    index::SortBy,
    query::{Query, Refusal},
    value::{Cents, Currency},
    world::{List, World},
};
use crate::seams::Response;

/// What the deals in one currency come to.
#[derive(Default)]
struct Total {
    count: u64,
    value: i64,
    weighted: f64,
}

/// Counts what `/deals` shows: deals that are neither archived nor deleted and that the user may see. Whether the real
/// one also counts others is unknown.
pub(super) fn summary(query: &Query, world: &World) -> Result<Response, Refusal> {
    let filter = Filter::summary(query)?;
    let unbounded = (Bound::Unbounded, Bound::Unbounded);
    let mut totals = BTreeMap::<Currency, Total>::new();
    let ids = world.index(List::Live).range(SortBy::Id, unbounded);
    for deal in
        ids.filter_map(|id| world.shown(id)).filter(|deal| world.sees(deal) && filter.admits(deal))
    {
        let value = deal.value.unwrap_or(Cents(0));
        let total = totals.entry(deal.currency).or_default();
        total.count += 1;
        total.value += value.0;
        total.weighted += value.amount() * chance(world, deal);
    }
    Ok(answer::single(summary_json(&totals, world.company().currency)))
}

/// Returns how likely a deal is won, between 0 and 1: its own probability goes before that of its stage.
fn chance(world: &World, deal: &Deal) -> f64 {
    let stage = world
        .company()
        .stages
        .get(&deal.stage_id)
        .map_or(0.0, |stage| f64::from(stage.probability) / 100.0);
    match deal.status {
        Status::Won => 1.0,
        Status::Lost | Status::Deleted => 0.0,
        Status::Open => {
            deal.probability.map_or(stage, |hundredths| f64::from(hundredths) / 10_000.0)
        }
    }
}

fn summary_json(totals: &BTreeMap<Currency, Total>, home: Currency) -> Json {
    let (mut values, mut weighted) = (Map::new(), Map::new());
    let (mut count, mut sum, mut weighted_sum) = (0, 0.0, 0.0);
    for (currency, total) in totals {
        let (code, value) = (currency.code(), Cents(total.value).amount());
        let rate =
            CURRENCIES.iter().find(|(known, _)| known == currency).map_or(1.0, |(_, rate)| *rate);
        values.insert(
            code.to_owned(),
            json!({
                "value": Cents(total.value), "count": total.count, "value_converted": round(value * rate),
                "value_formatted": money(code, value), "value_converted_formatted": money(home.code(), value * rate),
            }),
        );
        let weight = round(total.weighted);
        weighted.insert(
            code.to_owned(),
            json!({"value": weight, "count": total.count, "value_formatted": money(code, weight)}),
        );
        count += total.count;
        sum += value * rate;
        weighted_sum += weight * rate;
    }
    json!({
        "values_total": values, "weighted_values_total": weighted, "total_count": count,
        "total_currency_converted_value": round(sum),
        "total_weighted_currency_converted_value": round(weighted_sum),
        "total_currency_converted_value_formatted": money(home.code(), sum),
        "total_weighted_currency_converted_value_formatted": money(home.code(), weighted_sum),
    })
}

fn round(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}

fn money(code: &str, amount: f64) -> String {
    format!("{code} {amount:.2}")
}
