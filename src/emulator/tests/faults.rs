//! What goes wrong on request.

use super::*;

fn rule(fault: Fault) -> FaultRule {
    FaultRule { path: Some("/api/v2/deals".into()), skip: 0, times: 1, fault }
}

#[test]
fn a_rule_skips_happens_and_is_over() {
    let bench = Bench::new(5);
    let fault = Fault::Status {
        code: 503,
        headers: vec![("retry-after".into(), "7".into())],
        body: String::new(),
    };
    bench.emulator.fault(FaultRule { skip: 1, times: 2, ..rule(fault) });
    let status = |path: &str| bench.get(path).status().as_u16();
    assert_eq!(status("/api/v2/deals"), 200);
    assert_eq!(status("/v1/users/me"), 200);
    let response = bench.get("/api/v2/deals");
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (503, &"7".parse().unwrap())
    );
    assert!(response.headers().contains_key("date"));
    assert_eq!([status("/api/v2/deals"), status("/api/v2/deals")], [503, 200]);
    assert_eq!(bench.emulator.spent(), 4 * 10 + 2);
}

#[test]
fn failed_requests_are_free_when_told_so() {
    let bench = Bench::with(5, Switches { charge_errors: false, ..Switches::default() });
    bench.emulator.fault(rule(Fault::Status { code: 500, headers: vec![], body: String::new() }));
    bench.get("/api/v2/deals");
    bench.get("/api/v2/deals?nonsense=1");
    assert_eq!(bench.emulator.spent(), 0);
    bench.get("/api/v2/deals");
    assert_eq!(bench.emulator.spent(), 10);
}

#[test]
fn each_fault_spoils_the_answer_in_its_way() {
    let bench = Bench::new(300);
    let with = |fault: Fault| {
        bench.emulator.fault(rule(fault));
        bench.emulator.handle(request("/api/v2/deals?limit=200"))
    };
    let body = |fault: Fault| String::from_utf8(with(fault).unwrap().body().to_vec()).unwrap();
    let json = |fault: Fault| serde_json::from_str::<Json>(&body(fault));
    assert_eq!(with(Fault::Html403).unwrap().status(), 403);
    assert!(matches!(with(Fault::Timeout), Err(TransportError::Timeout { .. })));
    assert!(matches!(with(Fault::Reset), Err(TransportError::Interrupted { .. })));
    assert!(matches!(with(Fault::ShortBody), Err(TransportError::Interrupted { .. })));
    assert!(json(Fault::InvalidJson).is_err());
    assert_eq!(body(Fault::NullBody), "null");
    assert_eq!(json(Fault::SuccessFalse200).unwrap()["success"], false);
    assert!(json(Fault::DataWrongType).unwrap()["data"].is_string());
    assert_eq!(body(Fault::RawBody("hello".into())), "hello");
    assert!(matches!(with(Fault::TooLargeOver(100)), Err(TransportError::TooLarge { .. })));
    // A smaller page is not concerned, and does not use the rule up.
    bench.emulator.fault(rule(Fault::TooLargeOver(100)));
    assert_eq!(bench.get("/api/v2/deals?limit=100").status(), 200);
    assert!(bench.emulator.handle(request("/api/v2/deals?limit=101")).is_err());
}

#[test]
fn a_429_tells_which_limit_it_means_or_nothing_and_is_free() {
    let bench = Bench::new(5);
    let left = |told: Told| {
        bench.emulator.fault(rule(Fault::TooMany(told)));
        let response = bench.get("/api/v2/deals");
        assert_eq!(response.status(), 429);
        assert!(response.headers().contains_key("date"));
        let number = |name: &str| {
            response
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().parse::<u64>().unwrap())
        };
        (number("x-ratelimit-remaining"), number("x-daily-ratelimit-token-remaining"))
    };
    let (burst, daily) = left(Told::Burst);
    assert!(burst == Some(0) && daily > Some(10), "{daily:?}");
    let (burst, daily) = left(Told::Daily);
    assert!(burst != Some(0) && daily == Some(0), "{burst:?}");
    assert_eq!(left(Told::Nothing), (None, None));
    assert_eq!(bench.emulator.spent(), 0);
}

#[test]
fn a_slow_body_arrives_whole_and_late() {
    let bench = Bench::new(5);
    bench.emulator.fault(rule(Fault::SlowBody(Duration::from_secs(20))));
    let mut slow = bench.emulator.send(request("/api/v2/deals"));
    assert!(slow.as_mut().now_or_never().is_none());
    bench.clock.advance(Duration::from_secs(20));
    assert_eq!(slow.now_or_never().unwrap().unwrap().status(), 200);
}

#[test]
fn a_repeated_cursor_is_the_one_that_was_sent() {
    let bench = Bench::new(30);
    let first = bench.json("/api/v2/deals?limit=10");
    let cursor = first["additional_data"]["next_cursor"].as_str().unwrap();
    bench.emulator.fault(rule(Fault::RepeatCursor));
    let second = bench.json(&format!("/api/v2/deals?limit=10&cursor={cursor}"));
    assert_eq!(second["additional_data"]["next_cursor"], cursor);
    assert_ne!(second["data"], first["data"]);
}

#[test]
fn a_hanging_request_never_returns_and_a_slow_one_takes_its_time() {
    let bench = Bench::with(5, Switches { latency: Duration::from_secs(1), ..Switches::default() });
    let mut slow = bench.emulator.send(request("/api/v2/deals"));
    assert!(slow.as_mut().now_or_never().is_none());
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(slow.now_or_never().unwrap().unwrap().status(), 200);
    bench.emulator.fault(rule(Fault::Hang));
    let mut hanging = bench.emulator.send(request("/api/v2/deals"));
    assert!(hanging.as_mut().now_or_never().is_none());
    bench.clock.advance(Duration::from_secs(3_600));
    assert!(hanging.now_or_never().is_none());
    assert_eq!(bench.emulator.log().len(), 2);
}
