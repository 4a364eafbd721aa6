//! What the client does with what comes back, in virtual time.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;

use super::{Answer, ApiError, Call, Client, Options, Spent, testing::*};
use crate::{
    clock::VirtualClock,
    endpoint::{DEALS, USERS_ME},
    progress::Cursor,
    seams::{Clock as _, TransportError},
};

const OK: &str = r#"{"success":true,"data":[],"additional_data":{"next_cursor":null}}"#;

struct World {
    clock: VirtualClock,
    book: Arc<Book>,
    script: Arc<Script>,
    client: Client,
}

fn world(steps: impl IntoIterator<Item = Step>) -> World {
    let clock = clock();
    let (book, script) = (Book::new(&clock, Duration::ZERO), Script::new(steps));
    let options = Options { first_observed: 40, jitter_seed: 7, ..Options::default() };
    let client =
        Client::new(script.clone(), Arc::new(clock.clone()), book.clone(), token(), &options);
    World { clock, book, script, client }
}

fn ok() -> Step {
    Ok(answer(200, &[&format!("date: {DATE}")], OK))
}

fn status(status: u16) -> Step {
    Ok(answer(status, &[], r#"{"success":false,"error":"words"}"#))
}

impl World {
    fn get(&self) -> Result<Answer, ApiError> {
        drive(&self.clock, self.client.get(&Call::new(&DEALS).param("limit", 500)))
    }
}

#[test]
fn a_request_carries_the_token_in_its_header_and_nowhere_else() {
    let world = world([ok()]);
    world.get().unwrap();
    let seen = world.script.seen.lock().unwrap();
    let request = &seen[0];
    assert_eq!(
        (request.method(), request.uri().to_string()),
        (&http::Method::GET, "/api/v2/deals?limit=500".to_owned())
    );
    assert_eq!(request.headers()["x-api-token"], SECRET);
    assert_eq!(request.headers()["accept"], "application/json");
    assert!(!format!("{request:?}").contains(SECRET));
}

#[test]
fn an_answer_comes_with_the_sources_date_and_the_number_of_its_request() {
    let world = world([ok()]);
    let answer = world.get().unwrap();
    assert_eq!((&*answer.body, answer.observed), (OK, 40));
    assert_eq!(answer.date, Some("2026-02-03T16:40:21Z".parse().unwrap()));
    assert_eq!(world.client.next_observed(), 41);
}

#[test]
fn trouble_that_passes_is_waited_out_and_each_attempt_is_numbered_and_charged() {
    let null = || Ok(answer(200, &[], "null"));
    let cut = || Err(TransportError::Interrupted { reason: "cut".to_owned() });
    let world = world([status(503), cut(), null(), ok()]);
    assert_eq!(world.get().unwrap().observed, 43);
    assert_eq!(world.client.spent(), Spent { requests: 4, cost: 40, retries: 3 });
    assert!(world.clock.elapsed() > Duration::ZERO);
}

#[test]
fn trouble_that_lasts_is_passed_on() {
    let world = world([status(503)]);
    assert!(matches!(world.get(), Err(ApiError::Transient { .. })));
    assert_eq!(world.client.spent(), Spent { requests: 5, cost: 50, retries: 4 });
}

#[test]
fn what_asking_again_cannot_help_is_sent_once() {
    let html = Ok(answer(403, &["content-type: text/html"], "<html>"));
    for step in [status(401), status(429), status(403), html, status(404), status(400), status(302)]
    {
        let world = world([step]);
        world.get().unwrap_err();
        assert_eq!((world.script.requests(), world.clock.elapsed()), (1, Duration::ZERO));
    }
}

#[test]
fn a_stale_connection_is_replaced_at_once() {
    let world = world([Err(TransportError::Stale), ok()]);
    world.get().unwrap();
    assert_eq!(world.clock.elapsed(), Duration::ZERO);
    assert_eq!(world.client.spent(), Spent { requests: 2, cost: 20, retries: 1 });
}

#[test]
fn a_burst_429_holds_back_everybody() {
    let burst = Ok(answer(
        429,
        &["x-ratelimit-remaining: 0", "x-ratelimit-reset: 2", "retry-after: 9"],
        "{}",
    ));
    let world = world([burst, ok()]);
    let call = Call::new(&DEALS);
    drive(&world.clock, async {
        let first = world.client.get(&call);
        let later = async {
            world.clock.sleep(Duration::from_millis(1)).await;
            world.client.get(&call).await.unwrap();
            assert_eq!(world.clock.elapsed(), Duration::from_secs(9));
        };
        let (first, ()) = futures_util::join!(first, later);
        first.unwrap();
    });
    assert!(world.clock.elapsed() >= Duration::from_secs(9));
}

#[test]
fn a_host_that_was_never_reached_is_reported_at_once_and_costs_nothing() {
    let refused =
        || Err(TransportError::Connect { host: "h:1".to_owned(), reason: "refused".to_owned() });
    let never = world([refused()]);
    assert!(matches!(never.get(), Err(ApiError::Unreachable(_))));
    assert_eq!((never.script.requests(), never.client.spent()), (1, Spent::default()));
    drive(&never.clock, never.client.close()).unwrap();
    assert_eq!(never.book.entries().booked(), 0);

    let away = world([ok(), refused(), ok()]);
    away.get().unwrap();
    away.get().unwrap();
    assert_eq!(away.client.spent(), Spent { requests: 2, cost: 20, retries: 1 });
}

#[test]
fn a_ledger_that_fails_keeps_the_request_from_leaving() {
    let world = world([ok()]);
    world.book.failing.store(true, std::sync::atomic::Ordering::SeqCst);
    assert!(matches!(world.get(), Err(ApiError::Ledger(_))));
    assert_eq!(world.script.requests(), 0);
}

#[test]
fn the_limits_of_each_answer_are_learnt() {
    let headers = [
        "x-ratelimit-limit: 2",
        "x-daily-ratelimit-token-limit: 30000",
        "x-daily-ratelimit-token-remaining: 29990",
        "date: Tue, 03 Feb 2026 16:40:26 GMT",
    ];
    let world = world([Ok(answer(200, &headers, OK))]);
    world.get().unwrap();
    let facts = world.client.facts();
    assert_eq!(
        (facts.burst_limit, facts.daily_limit, facts.daily_remaining),
        (Some(2), Some(30_000), Some(29_990))
    );
    assert_eq!(facts.clock_offset.map(|offset| offset.as_secs()), Some(5));
    let call = Call::new(&USERS_ME);
    drive(&world.clock, join_all((0..4).map(|_| world.client.get(&call))));
    assert_eq!(world.clock.elapsed(), Duration::from_millis(4_200));
}

#[test]
fn a_cursor_too_long_to_be_sent_is_an_error_and_no_panic() {
    let world = world([ok()]);
    let call = Call::new(&DEALS).at(Some(&Cursor::new("x".repeat(70_000))));
    let error = drive(&world.clock, world.client.get(&call)).unwrap_err();
    assert!(matches!(error, ApiError::StaleCursor { .. }), "{error:?}");
}
