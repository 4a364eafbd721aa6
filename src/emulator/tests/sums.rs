//! What deals come to: the summary and the timeline.

use serde_json::json;

use super::{
    shapes::{keys, names},
    *,
};

const FLAT: &str = "id creator_user_id user_id person_id org_id stage_id title value currency archive_time add_time \
    update_time stage_change_time active deleted is_archived status probability next_activity_date next_activity_time \
    next_activity_id last_activity_id last_activity_date lost_reason visible_to close_time pipeline_id won_time \
    first_won_time lost_time products_count files_count notes_count followers_count email_messages_count \
    activities_count done_activities_count undone_activities_count participants_count expected_close_date \
    last_incoming_mail_time last_outgoing_mail_time label stage_order_nr person_name org_name next_activity_subject \
    next_activity_type next_activity_duration next_activity_note formatted_value weighted_value \
    formatted_weighted_value weighted_value_currency rotten_time owner_name cc_email org_hidden person_hidden acv arr \
    mrr acv_currency arr_currency mrr_currency";

const EUR: Currency = Currency::new(*b"EUR");
const USD: Currency = Currency::new(*b"USD");

fn add(bench: &Bench, stage_id: Id, cents: i64, currency: Currency) -> Id {
    let (title, value) = ("x".to_owned(), Cents(cents));
    let made = bench.edit(Edit::CreateDeal { title, stage_id, value, currency });
    made.deal().unwrap()
}

/// A world of its own: 100.01 EUR in a stage of 25 %, 50.05 USD won, 70 EUR lost, 10.10 EUR in a stage of 80 %.
fn four() -> (Bench, [Id; 4]) {
    let bench = Bench::new(0);
    let deals = [(2, 10_001, EUR), (2, 5_005, USD), (1, 7_000, EUR), (5, 1_010, EUR)];
    let [open, won, lost, other] =
        deals.map(|(stage, cents, currency)| add(&bench, stage, cents, currency));
    bench.edit(Edit::ChangeDeal(won, DealChange::Win));
    bench.edit(Edit::ChangeDeal(lost, DealChange::Lose("Price".to_owned())));
    (bench, [open, won, lost, other])
}

#[test]
fn a_summary_weighs_open_won_and_lost_deals() {
    let (bench, _) = four();
    let summary = |query: &str| bench.json(&format!("/v1/deals/summary{query}"))["data"].clone();
    let all = summary("");
    assert_eq!(all["total_count"], 4);
    assert_eq!(all["values_total"]["EUR"]["value"], json!(180.11));
    assert_eq!(all["values_total"]["USD"]["value"], json!(50.05));
    // 100.01 * 25 % + 10.10 * 80 % = 25.0025 + 8.08, and nothing of the lost deal.
    assert_eq!(
        all["weighted_values_total"]["EUR"],
        json!({
            "value": 33.08, "count": 3, "value_formatted": "EUR 33.08",
        })
    );
    assert_eq!(all["weighted_values_total"]["USD"]["value"], json!(50.05));
    // 180.11 + 50.05 * 0.92 = 226.156 and 33.08 + 46.046 = 79.126.
    assert_eq!(all["total_currency_converted_value"], json!(226.16));
    assert_eq!(all["total_weighted_currency_converted_value"], json!(79.13));
    assert_eq!(
        summary("?status=won")["values_total"],
        json!({"USD": {
            "value": 50.05, "count": 1, "value_converted": 46.05, "value_formatted": "USD 50.05",
            "value_converted_formatted": "EUR 46.05",
        }})
    );
    assert_eq!(summary("?stage_id=2")["total_count"], 2);
    assert_eq!(summary("?pipeline_id=1")["total_count"], 4);
    assert_eq!(summary("?pipeline_id=2"), summary("?user_id=1"));
    assert_eq!(summary("?pipeline_id=2")["weighted_values_total"], json!({}));
}

/// Returns the weighted value of all deals in euros.
fn weight(bench: &Bench) -> Json {
    bench.json("/v1/deals/summary")["data"]["weighted_values_total"]["EUR"]["value"].clone()
}

#[test]
fn the_probability_of_a_deal_counts_where_its_pipeline_has_such() {
    let bench = Bench::new(400);
    let (id, stage, own) = {
        let world = bench.emulator.world();
        let mut deals = world.live_ids().filter_map(|id| world.deal(id));
        let deal = deals.find(|deal| {
            let set = deal.probability.is_some() && deal.value.is_some_and(|value| value.0 > 0);
            set && deal.status == Status::Open && deal.pipeline_id == 1
        });
        let deal = deal.unwrap();
        (deal.id, world.company().stages[&deal.stage_id].probability, deal.probability.unwrap())
    };
    let title = "only one".to_owned();
    bench.edit(Edit::ChangeDeal(id, DealChange::Title(title)));
    bench.edit(Edit::ChangeDeal(id, DealChange::Value(Some(Cents(100_000)), EUR)));
    let shown = || {
        let query = "start_date=2000-01-01&interval=quarter&amount=200&field_key=add_time";
        let periods = bench.json(&format!("/v1/deals/timeline?{query}"))["data"].clone();
        let mut deals = periods.as_array().unwrap().iter().flat_map(|period| {
            period["deals"].as_array().unwrap().iter().filter(|deal| deal["id"] == id)
        });
        deals.next().unwrap()["weighted_value"].as_f64().unwrap()
    };
    assert_eq!(shown(), f64::from(own) / 10.0);
    bench.edit(Edit::EnableProbability(1, false));
    assert_eq!(shown(), f64::from(stage) * 10.0);
}

#[test]
fn a_stage_that_is_gone_and_a_value_that_is_none_weigh_nothing() {
    let (bench, [open, _, _, other]) = four();
    bench.edit(Edit::ChangeDeal(other, DealChange::Value(None, EUR)));
    assert_eq!(weight(&bench), json!(25));
    bench.edit(Edit::PurgeStage(2));
    assert_eq!(weight(&bench), json!(0));
    assert_eq!(bench.emulator.world().deal(open).unwrap().stage_id, 2);
}

const TODAY: &str = "start_date=2026-02-03&interval=day&amount=1&field_key=add_time";

#[test]
fn a_timeline_adds_up_open_and_won_deals() {
    let (bench, [open, won, _, other]) = four();
    bench.emulator.reset_log();
    let data = bench.json(&format!("/v1/deals/timeline?{TODAY}"))["data"].clone();
    assert_eq!(bench.emulator.spent(), 20);
    let periods = data.as_array().unwrap();
    assert_eq!(periods.len(), 1);
    let period = &periods[0];
    assert_eq!(keys(period), names("period_start period_end deals totals"));
    assert_eq!(period["period_start"], "2026-02-03 00:00:00");
    assert_eq!(period["period_end"], "2026-02-03 23:59:59");
    assert_eq!(ids(period["deals"].as_array().unwrap()), [open, won, other]);
    let totals = json!({
        "count": 3, "values": {"EUR": 110.11, "USD": 50.05}, "weighted_values": {"EUR": 33.08, "USD": 50.05},
        "open_count": 2, "open_values": {"EUR": 110.11}, "weighted_open_values": {"EUR": 33.08},
        "won_count": 1, "won_values": {"USD": 50.05},
    });
    assert_eq!(period["totals"], totals);
    for deal in period["deals"].as_array().unwrap() {
        assert_eq!(keys(deal), names(FLAT));
    }
    assert_eq!(period["deals"][0]["weighted_value"], json!(25));
    assert_eq!(
        (&period["deals"][0]["lost_time"], &period["deals"][0]["visible_to"]),
        (&json!(""), &json!("3"))
    );
    bench.emulator.switch(|switches| switches.timeline_data = TimelineData::ObjectForOne);
    assert_eq!(&bench.json(&format!("/v1/deals/timeline?{TODAY}"))["data"], period);
    bench.emulator.switch(|switches| switches.timeline_lost = true);
    let totals = bench.json(&format!("/v1/deals/timeline?{TODAY}"))["data"]["totals"].clone();
    assert_eq!((&totals["count"], &totals["values"]["EUR"]), (&json!(4), &json!(180.11)));
    assert_eq!((&totals["open_count"], &totals["won_count"]), (&json!(2), &json!(1)));
}

#[test]
fn a_timeline_leaves_out_deals_and_converts_when_asked_to() {
    let (bench, _) = four();
    let query = format!("{TODAY}&exclude_deals=1&totals_convert_currency=EUR");
    let period = bench.json(&format!("/v1/deals/timeline?{query}"))["data"][0].clone();
    assert_eq!(keys(&period), names("period_start period_end totals totals_converted"));
    assert_eq!(period["totals"]["count"], 3);
    // 50.05 USD are 46.046 EUR.
    assert_eq!(
        period["totals_converted"],
        json!({
            "count": 3, "value": 156.16, "weighted_value": 79.13, "open_count": 2, "open_value": 110.11,
            "weighted_open_value": 33.08, "won_count": 1, "won_value": 46.05,
        })
    );
    let query = query.replace("EUR", "default_currency");
    assert_eq!(bench.json(&format!("/v1/deals/timeline?{query}"))["data"][0], period);
}

#[test]
fn periods_tile_from_the_first_day() {
    let bench = Bench::new(0);
    let periods = |interval: &str| {
        let query =
            format!("start_date=2025-12-31&amount=3&interval={interval}&field_key=add_time");
        let data = bench.json(&format!("/api/v1/deals/timeline?{query}"))["data"].clone();
        let days = |period: &Json| {
            let day = |name: &str| period[name].as_str().unwrap()[..10].to_owned();
            format!("{} {}", day("period_start"), day("period_end"))
        };
        data.as_array().unwrap().iter().map(days).collect::<Vec<_>>()
    };
    assert_eq!(
        periods("day"),
        ["2025-12-31 2025-12-31", "2026-01-01 2026-01-01", "2026-01-02 2026-01-02"]
    );
    assert_eq!(
        periods("week"),
        ["2025-12-31 2026-01-06", "2026-01-07 2026-01-13", "2026-01-14 2026-01-20"]
    );
    assert_eq!(
        periods("month"),
        ["2025-12-31 2026-01-30", "2026-01-31 2026-02-27", "2026-02-28 2026-03-30"]
    );
    assert_eq!(
        periods("quarter"),
        ["2025-12-31 2026-03-30", "2026-03-31 2026-06-29", "2026-06-30 2026-09-29"]
    );
}

#[test]
fn a_timeline_goes_by_any_date_and_filters() {
    let bench = Bench::new(300);
    let custom = {
        let world = bench.emulator.world();
        let mut fields = world.custom_fields().iter();
        fields.find(|field| field.field_type == FieldType::Date).unwrap().code.clone()
    };
    let world = bench.emulator.world();
    let deals = world.live_ids().map(|id| world.deal_json(id).unwrap()).collect::<Vec<_>>();
    drop(world);
    for key in [
        "add_time",
        "update_time",
        "stage_change_time",
        "close_time",
        "won_time",
        "expected_close_date",
        "local_won_date",
        &custom,
    ] {
        for (filter, member, value) in [
            ("", "is_deleted", json!(false)),
            ("&user_id=8877", "owner_id", json!(8_877)),
            ("&pipeline_id=2", "pipeline_id", json!(2)),
        ] {
            let query =
                format!("start_date=2025-06-01&interval=month&amount=4&field_key={key}{filter}");
            let data = bench.json(&format!("/v1/deals/timeline?{query}"))["data"].clone();
            let found = data.as_array().unwrap().iter().flat_map(|period| {
                let (from, to) = (&period["period_start"], &period["period_end"]);
                assert!(from.as_str() < to.as_str());
                ids(period["deals"].as_array().unwrap())
            });
            let expected = deals.iter().filter(|deal| {
                let day = if key == custom { &deal["custom_fields"][key] } else { &deal[key] };
                let day = day.as_str().map(|day| &day[..10]);
                let within = day.is_some_and(|day| ("2025-06-01".."2025-10-01").contains(&day));
                within && deal["status"] != "lost" && deal[member] == value
            });
            let expected = ids(&expected.cloned().collect::<Vec<_>>());
            assert_eq!(sorted(found.collect()), expected, "{query}");
        }
    }
}

#[test]
fn a_timeline_ends_with_the_calendar() {
    let bench = Bench::new(20);
    let ask = |start: &str, interval: &str, amount: u32| {
        let periods = format!("start_date={start}&interval={interval}&amount={amount}");
        bench.ask(&format!("/v1/deals/timeline?{periods}&field_key=add_time"))
    };
    let (status, body) = ask("9999-12-01", "day", 30);
    assert_eq!((status, &body["data"][29]["period_end"]), (200, &json!("9999-12-30 23:59:59")));
    for (start, interval, amount) in [
        ("9999-12-01", "day", 31),
        ("9999-12-01", "day", 100),
        ("9999-12-01", "week", 100),
        ("9999-12-31", "month", 1),
        ("9900-01-01", "quarter", 400),
    ] {
        let (status, body) = ask(start, interval, amount);
        let problem = "Validation failed: amount: The periods run past the end of the calendar";
        assert_eq!((status, &body["error"]), (400, &json!(problem)), "{start} {interval}");
    }
}

#[test]
fn a_timeline_refuses_what_is_missing_or_wrong() {
    let bench = Bench::new(20);
    let good = [
        ("start_date", "2026-01-01"),
        ("interval", "day"),
        ("amount", "2"),
        ("field_key", "add_time"),
    ];
    let ask = |pairs: &[(&str, &str)]| {
        let query = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        bench.ask(&format!("/v1/deals/timeline?{}", query.join("&"))).0
    };
    assert_eq!(ask(&good), 200);
    let wrong = ["2026-1-1", "year", "0", "title"];
    for (place, wrong) in wrong.into_iter().enumerate() {
        let mut pairs = good.to_vec();
        pairs[place].1 = wrong;
        assert_eq!(ask(&pairs), 400, "{pairs:?}");
        pairs.remove(place);
        assert_eq!(ask(&pairs), 400, "{pairs:?}");
    }
    for extra in [
        ("filter_id", "1"),
        ("exclude_deals", "2"),
        ("totals_convert_currency", "XXX"),
        ("amount", "1001"),
    ] {
        let mut pairs = good.to_vec();
        pairs.retain(|(name, _)| *name != extra.0);
        pairs.push(extra);
        assert_eq!(ask(&pairs), 400, "{extra:?}");
    }
}
