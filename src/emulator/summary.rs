//! `/v1/deals/summary`, also of archived deals: how many deals there are and what they are worth.

use std::ops::Bound;

use serde_json::{Map, Value as Json, json};

use super::{
    answer,
    filter::Filter,
    index::SortBy,
    query::{Query, Refusal},
    value::Currency,
    world::{List, World},
    worth::{Sum, Sums, convert, money, rounded},
};
use crate::seams::Response;

/// Counts what `/deals` or `/deals/archived` shows: deals that are not deleted and that the user may see. Whether the
/// real one also counts others is unknown.
pub(super) fn summary(query: &Query, list: List, world: &World) -> Result<Response, Refusal> {
    let filter = Filter::summary(query)?;
    let unbounded = (Bound::Unbounded, Bound::Unbounded);
    let mut sums = Sums::default();
    let ids = world.index(list).range(SortBy::Id, unbounded);
    for deal in
        ids.filter_map(|id| world.shown(id)).filter(|deal| world.sees(deal) && filter.admits(deal))
    {
        sums.add(deal, world);
    }
    Ok(answer::single(summary_json(&sums, world.company().currency)))
}

fn summary_json(sums: &Sums, home: Currency) -> Json {
    let (mut values, mut weighted) = (Map::new(), Map::new());
    for (currency, sum) in &sums.0 {
        let (code, value, weight) = (currency.code(), sum.value(), sum.weighted());
        let converted = rounded(convert(value, *currency, home));
        values.insert(
            code.to_owned(),
            json!({
                "value": value, "count": sum.count, "value_converted": converted,
                "value_formatted": money(*currency, value), "value_converted_formatted": money(home, converted),
            }),
        );
        weighted.insert(
            code.to_owned(),
            json!({"value": weight, "count": sum.count, "value_formatted": money(*currency, weight)}),
        );
    }
    let (total, weight) = (sums.converted(home, Sum::value), sums.converted(home, Sum::weighted));
    json!({
        "values_total": values, "weighted_values_total": weighted, "total_count": sums.count(),
        "total_currency_converted_value": total,
        "total_weighted_currency_converted_value": weight,
        "total_currency_converted_value_formatted": money(home, total),
        "total_weighted_currency_converted_value_formatted": money(home, weight),
    })
}
