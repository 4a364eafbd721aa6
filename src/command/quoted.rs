//! A price in words and as JSON.

use pipedrive_mirror::{
    entity::Entity,
    sync::{Day, EntityPrice, Pass, Price},
};
use serde_json::{Value, json};

use super::{plan::Quote, print};

pub(super) fn to_json(quote: &Quote) -> Value {
    let (total, pace) = (quote.forecast.total(), quote.pace);
    let trickles = pace.trickles_done(&quote.forecast);
    let entities: Vec<Value> =
        quote.forecast.entities.iter().map(|one| entity_json(one, &trickles)).collect();
    let [days, days_max] = pace.done(&quote.forecast);
    let schedules: Vec<Value> = quote
        .upkeep
        .ticks
        .iter()
        .map(|tick| json!({"what": tick.what, "runs": rounded(tick.runs), "cost": rounded(tick.cost)}))
        .collect();
    json!({
        "total": {
            "requests": total.requests,
            "requests_max": total.requests_max,
            "cost": total.cost,
            "cost_max": total.cost_max,
            "estimate": total.is_estimate(),
            "seconds": rounded(pace.seconds(total.requests)),
            "seconds_max": rounded(pace.seconds(total.requests_max)),
            "share": rounded(pace.part(total.cost)),
            "share_max": rounded(pace.part(total.cost_max)),
            "days": days,
            "days_max": days_max,
        },
        "account": {
            "requests": quote.forecast.account.requests,
            "cost": quote.forecast.account.cost,
        },
        "entities": entities,
        "budget": {
            "share": pace.share,
            "left": pace.left,
            "trickle_share": pace.trickle_share,
            "requests_per_2s": pace.requests_per_2s,
        },
        "schedules": {"cost": rounded(quote.upkeep.cost()), "each": schedules},
        "own": {"requests": quote.own.requests, "cost": quote.own.cost},
    })
}

fn entity_json(one: &EntityPrice, trickles: &[(&'static Entity, [Day; 2])]) -> Value {
    let Price { requests, requests_max, cost, cost_max } = one.price;
    let mut value = json!({
        "entity": one.entity.name,
        "rows": one.rows,
        "requests": requests,
        "requests_max": requests_max,
        "cost": cost,
        "cost_max": cost_max,
        "estimate": one.price.is_estimate(),
    });
    let done = trickles.iter().find(|(entity, _)| *entity == one.entity);
    if let Some((_, [day, day_max])) = done {
        value["done_on_day"] = json!(day);
        value["done_on_day_max"] = json!(day_max);
    }
    value
}

/// Cuts what stands behind the fourth decimal.
fn rounded(number: f64) -> f64 {
    (number * 10_000.0).round() / 10_000.0
}

pub(super) fn in_words(quote: &Quote) -> String {
    let (total, pace) = (quote.forecast.total(), quote.pace);
    let row = |name: &str, rows: Option<u64>, price: Price| {
        vec![
            name.to_owned(),
            rows.map(print::count).unwrap_or_default(),
            range(price.requests, price.requests_max),
            range(price.cost, price.cost_max),
        ]
    };
    let mut rows = vec![row("whose token it is", None, quote.forecast.account)];
    rows.extend(
        quote.forecast.entities.iter().map(|one| row(one.entity.name, one.rows, one.price)),
    );
    rows.push(row("together", None, total));
    let mut words =
        print::table(&["price of the next run", "rows", "requests", "cost"], rows, &[1, 2, 3]);
    words.push_str(&format!(
        "That is {} % of the mirror's share of {} a day ({} are left today), and takes at least {} s at {} requests per 2 s.\n",
        percent(pace.part(total.cost), pace.part(total.cost_max)),
        print::count(pace.share),
        print::count(pace.left),
        range(whole(pace.seconds(total.requests)), whole(pace.seconds(total.requests_max))),
        pace.requests_per_2s,
    ));
    words.push_str(&days_in_words(quote));
    words.push_str(&assumptions(quote));
    if quote.own.cost > 0 {
        words.push_str(&format!(
            "Asking for this price cost {}{}.\n",
            quote.own.cost,
            if quote.mirrored {
                ""
            } else {
                "; there is no database yet, so it is not written down"
            }
        ));
    }
    words
}

fn days_in_words(quote: &Quote) -> String {
    let mut words = match quote.pace.fresh_done(&quote.forecast) {
        [Some(1), Some(1)] => String::new(),
        days => format!("The share lasts for it {}.\n", on_day(days)),
    };
    let trickles = quote.pace.trickles_done(&quote.forecast);
    let prices = quote.forecast.entities.iter().filter(|one| one.price.cost_max > 0);
    for one in prices {
        let done = trickles.iter().find(|(entity, _)| *entity == one.entity);
        match done {
            None | Some((_, [Some(1), Some(1)])) => {}
            Some((_, days)) => words.push_str(&format!(
                "{}: a request a deal, within {} a day (`fanout.daily_share`); done {}.\n",
                one.entity.name,
                print::count(quote.pace.trickle_share),
                on_day(*days)
            )),
        }
    }
    words
}

fn on_day(days: [Day; 2]) -> String {
    let day = |day: Day| day.map_or_else(|| "never".to_owned(), print::count);
    match days {
        [None, None] => "never, as nothing may be spent on it".to_owned(),
        [least, most] if least == most => format!("on day {}", day(least)),
        [least, most] => format!("on day {} to {}", day(least), day(most)),
    }
}

/// Says what a price rests on.
fn assumptions(quote: &Quote) -> String {
    let first = |list: &&pipedrive_mirror::sync::ListStanding| {
        list.entity.has_floor() && matches!(list.pass, Pass::First { .. })
    };
    if quote.standing.lists.iter().any(|list| first(&list)) {
        let live = quote.standing.live.map(print::count).unwrap_or_default();
        return format!(
            "It is a range: the source counts {live} live deals; taken for possible besides are half as many and 500 that\n\
             were deleted within 30 days, three times as many and 500 that are archived, and that none to all of them have\n\
             something that hangs on them. Once the lists are read, `plan` knows.\n"
        );
    }
    if quote.forecast.total().is_estimate() {
        return "It is a range: what the first of these requests bring decides whether the others are needed.\n".to_owned();
    }
    "It is exact if nothing changed at the source since the last run; a few hundred changed deals cost no more but for\n\
     what hangs on them.\n"
        .to_owned()
}

fn range(least: u64, most: u64) -> String {
    if least == most {
        print::count(least)
    } else {
        format!("{} to {}", print::count(least), print::count(most))
    }
}

pub(super) fn percent(least: f64, most: f64) -> String {
    let text = |part: f64| format!("{:.1}", part * 100.0);
    if text(least) == text(most) {
        text(least)
    } else {
        format!("{} to {}", text(least), text(most))
    }
}

/// Rounds up.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "costs and seconds are not negative and far below 2^53"
)]
pub(super) fn whole(number: f64) -> u64 {
    number.ceil() as u64
}
