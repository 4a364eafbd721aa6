//! Tokens, the burst window, the daily budget, the log.

use super::*;

fn header(response: &Response, name: &str) -> Option<u64> {
    response.headers().get(name).map(|value| value.to_str().unwrap().parse().unwrap())
}

#[test]
fn a_token_is_taken_from_both_headers_and_from_the_query() {
    let bench = Bench::new(1);
    let with = |name: &str, value: &str| {
        let request =
            http::Request::get("/v1/users/me").header(name, value).body(Bytes::new()).unwrap();
        bench.emulator.handle(request).unwrap()
    };
    assert_eq!(with("x-api-token", TOKEN).status(), 200);
    assert_eq!(with("authorization", &format!("Bearer {TOKEN}")).status(), 200);
    assert_eq!(bench.ask(&format!("/api/v2/deals?limit=1&api_token={TOKEN}")).0, 200);
    let refused = with("x-api-token", "wrong");
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["x-401-by-gw"]),
        (401, &"true".parse().unwrap())
    );
    bench.emulator.set_tokens(["f".repeat(40)]);
    assert_eq!(with("x-api-token", TOKEN).status(), 401);
    assert_eq!(with("x-api-token", &"f".repeat(40)).status(), 200);
    assert!(bench.emulator.log().iter().all(|logged| logged.param("api_token").is_none()));
}

#[test]
fn every_request_costs_what_the_reference_says() {
    let bench = Bench::new(20);
    let id = bench.some_live();
    for (path, cost) in [
        ("/v1/users/me".to_owned(), 2),
        ("/api/v2/deals?limit=1".to_owned(), 10),
        ("/api/v2/deals/archived".to_owned(), 20),
        (format!("/api/v2/deals/{id}"), 1),
        ("/api/v2/dealFields".to_owned(), 10),
        ("/v1/deals/summary".to_owned(), 40),
        ("/api/v2/nothing".to_owned(), 0),
    ] {
        bench.emulator.reset_log();
        bench.get(&path);
        assert_eq!(bench.emulator.spent(), cost, "{path}");
    }
    let log = bench.emulator.log();
    assert_eq!((log.len(), &log[0].outcome), (1, &Outcome::Status(404)));
}

#[test]
fn the_burst_window_rolls() {
    let bench = Bench::with(5, Switches { burst: Some(3), ..Switches::default() });
    let status = || bench.get("/api/v2/deals").status().as_u16();
    assert_eq!(status(), 200);
    bench.clock.advance(Duration::from_millis(1_500));
    assert_eq!([status(), status(), status()], [200, 200, 429]);
    let refused = bench.get("/api/v2/deals");
    assert_eq!(header(&refused, "x-ratelimit-limit"), Some(3));
    assert_eq!(header(&refused, "x-ratelimit-remaining"), Some(0));
    assert_eq!(header(&refused, "x-ratelimit-reset"), Some(1));
    assert!(header(&refused, "x-daily-ratelimit-token-remaining").unwrap() > 0);
    bench.clock.advance(Duration::from_millis(500));
    assert_eq!([status(), status()], [200, 429]);
    assert_eq!(bench.emulator.refused().burst, 3);
}

#[test]
fn searches_have_a_window_of_their_own() {
    let bench = Bench::with(5, Switches { burst: Some(13), ..Switches::default() });
    let ask = |path: &str| {
        let response = bench.get(path);
        let told = |name| header(&response, name).unwrap();
        let (most, left) = (told("x-ratelimit-limit"), told("x-ratelimit-remaining"));
        assert!(told("x-daily-ratelimit-token-remaining") > 0);
        (response.status().as_u16(), most, left, told("x-ratelimit-reset"))
    };
    let search = || ask("/api/v2/deals/search?term=re");
    for left in (0..10).rev() {
        assert_eq!(search(), (200, 10, left, 2));
    }
    assert_eq!(search(), (429, 10, 0, 2));
    // Other requests have what the searches left.
    for left in [2, 1, 0] {
        assert_eq!(ask("/v1/users/me"), (200, 13, left, 2));
    }
    assert_eq!(ask("/v1/users/me").0, 429);
    assert_eq!(bench.emulator.refused().burst, 2);
    bench.clock.advance(Duration::from_secs(2));
    assert_eq!(search(), (200, 10, 9, 2));
    bench.emulator.switch(|switches| switches.search_burst = None);
    for left in (0..12).rev() {
        assert_eq!(search(), (200, 13, left, 2));
    }
    assert_eq!(search(), (429, 13, 0, 2));
}

#[test]
fn a_spent_budget_refuses_until_the_hour_of_reset() {
    let switches = Switches { daily_budget: 25, reset_hour: 18, ..Switches::default() };
    let bench = Bench::with(5, switches);
    let ask = || bench.get("/api/v2/deals");
    assert_eq!(header(&ask(), "x-daily-ratelimit-token-remaining"), Some(15));
    assert_eq!(ask().status(), 200);
    let refused = ask();
    assert_eq!(refused.status(), 429);
    assert_eq!(header(&refused, "x-daily-ratelimit-token-remaining"), Some(0));
    assert!(header(&refused, "x-ratelimit-remaining").unwrap() > 0);
    assert_eq!(ask().status(), 429);
    assert_eq!(
        bench.emulator.refused(),
        Refused { daily: 2, after_daily: 1, ..Refused::default() }
    );
    assert_eq!(bench.emulator.spent(), 20);
    bench.clock.advance(Duration::from_secs(80 * 60));
    assert_eq!(header(&ask(), "x-daily-ratelimit-token-remaining"), Some(15));
    bench.emulator.spend_elsewhere(10);
    assert_eq!(ask().status(), 429);
    assert_eq!(bench.get("/api/v2/deals/1").status(), 429);
    bench.emulator.switch(|switches| switches.daily_budget += 10);
    assert_eq!(ask().status(), 200);
}

#[test]
fn who_ignores_refusals_is_blocked_for_a_while() {
    let switches = Switches { burst: Some(1), block_after: Some(2), ..Switches::default() };
    let bench = Bench::with(1, switches);
    let status = || bench.get("/v1/users/me").status().as_u16();
    assert_eq!([status(), status(), status(), status(), status()], [200, 429, 429, 429, 403]);
    bench.clock.advance(Duration::from_secs(601));
    assert_eq!(status(), 200);
}

#[test]
fn headers_can_be_missing_and_the_date_never_is() {
    let bench = Bench::with(
        1,
        Switches { rate_headers: false, daily_headers: false, ..Switches::default() },
    );
    let response = bench.get("/v1/users/me");
    let names = response.headers().keys().map(|name| name.as_str()).collect::<Vec<_>>();
    assert!(names.iter().all(|name| !name.contains("ratelimit")), "{names:?}");
    assert_eq!(response.headers()["date"], "Tue, 03 Feb 2026 16:40:21 GMT");
    assert_eq!(response.headers()["x-correlation-id"].len(), 36);
}

#[test]
fn another_company_and_another_user_show_themselves() {
    let switches =
        Switches { company_id: Some(9), admin: false, burst: None, ..Switches::default() };
    let bench = Bench::with(300, switches);
    let me = bench.json("/v1/users/me")["data"].clone();
    assert_eq!(
        (&me["company_id"], &me["access"][0]["admin"]),
        (&Json::from(9), &Json::Bool(false))
    );
    let seen = bench.ids("/api/v2/deals?limit=500").len();
    let there = bench.emulator.world().live_ids().count();
    assert!(0 < seen && seen < there, "{seen} of {there}");
    assert_eq!(bench.json("/v1/deals/summary")["data"]["total_count"], seen);
}
