//! What the gate promises, in virtual time.

use std::{
    pin::pin,
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use futures_util::{
    FutureExt as _,
    future::{join_all, select},
};
use proptest::prelude::*;

use super::{
    budget::{Reserve, Rules},
    burst::WINDOW,
    call::Priority::Fresh,
    error::ApiError,
    gate::Gate,
    headers::Headers,
    testing::*,
};
use crate::{
    clock::VirtualClock,
    endpoint::{DEALS, DEALS_ARCHIVED, Endpoint, USERS_ME},
    seams::{Clock as _, LedgerError},
};

fn gate(clock: &VirtualClock, book: &Arc<Book>, limit: Option<u32>) -> Gate {
    Gate::new(Arc::new(clock.clone()), book.clone(), limit, 1_000, boundless())
}

fn boundless() -> Rules {
    Rules { daily_budget: Some(1 << 40), share: 1.0, reserve: Reserve::Cost(0), trickle_share: 1.0 }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// The wanted 93 % follow: whoever was held back had a full window before it, and 2 s / 2.1 s are 95 %.
    #[test]
    fn no_window_holds_more_than_the_limit_and_nobody_waits_beside_a_free_slot(
        arrivals in prop::collection::vec(0..20_000_u64, 1..200),
        limit in 1..40_u32,
        latency_ms in 0..3_000_u64,
    ) {
        let clock = clock();
        let gate = gate(&clock, &Book::new(&clock, Duration::ZERO), Some(limit));
        let sent = Mutex::new(Vec::new());
        drive(&clock, join_all(arrivals.iter().map(|&arrival| {
            let (clock, gate, sent) = (&clock, &gate, &sent);
            async move {
                clock.sleep(ms(arrival)).await;
                let permit = gate.enter(&DEALS, Fresh).await.unwrap();
                sent.lock().unwrap().push((clock.elapsed(), ms(arrival)));
                clock.sleep(ms(latency_ms)).await;
                drop(permit);
            }
        })));
        let sent = sent.into_inner().unwrap();
        prop_assert_eq!(sent.len(), arrivals.len());
        for window in sent.windows(limit as usize + 1) {
            let (first, (last, arrival)) = (window[0].0, window[limit as usize]);
            prop_assert!(last - first >= WINDOW);
            prop_assert!(last == arrival || last - first == WINDOW, "{:?} was held back from {:?}", last, arrival);
        }
    }

    /// Requests come, are answered, given up or never leave, and the ledger fails for a while: at every moment it knows of
    /// at least what was sent, and in the end of exactly that.
    #[test]
    fn nothing_is_sent_that_was_not_booked_and_in_the_end_the_books_are_even(
        requests in prop::collection::vec((0..5_000_u64, 0..3_usize, 0..2_000_u64, 0..8_000_u64, any::<bool>()), 1..60),
        failing in (0..3_000_u64, 0..1_000_u64),
        delay_ms in 0..300_u64,
    ) {
        static ENDPOINTS: [&Endpoint; 3] = [&DEALS, &DEALS_ARCHIVED, &EXPENSIVE];
        static EXPENSIVE: Endpoint = Endpoint { path: "/v1/expensive", cost: 250, ..USERS_ME };
        let clock = clock();
        let book = Book::new(&clock, ms(delay_ms));
        let gate = gate(&clock, &book, None);
        let sent = Mutex::new(0);
        let outage = async {
            clock.sleep(ms(failing.0)).await;
            book.failing.store(true, Ordering::SeqCst);
            clock.sleep(ms(failing.1)).await;
            book.failing.store(false, Ordering::SeqCst);
        };
        let traffic = join_all(requests.iter().map(|&(arrival, endpoint, latency, patience, leaves)| {
            let (clock, gate, sent, book) = (&clock, &gate, &sent, &book);
            async move {
                clock.sleep(ms(arrival)).await;
                let one = async {
                    let Ok(permit) = gate.enter(ENDPOINTS[endpoint], Fresh).await else { return };
                    let before = *sent.lock().unwrap();
                    assert!(book.entries().booked() >= before + ENDPOINTS[endpoint].cost);
                    if !leaves {
                        return permit.unsent();
                    }
                    *sent.lock().unwrap() += ENDPOINTS[endpoint].cost;
                    clock.sleep(ms(latency)).await;
                    permit.answered(Some(clock.now()));
                };
                select(pin!(one), clock.sleep(ms(patience))).await;
            }
        }));
        drive(&clock, async { futures_util::join!(outage, traffic) });
        // A write that was still under way when the last request was given up may report the outage.
        while drive(&clock, gate.close()).is_err() {}
        let (entries, sent) = (book.entries(), *sent.lock().unwrap());
        prop_assert_eq!((entries.cost(), entries.booked(), gate.total().cost), (sent, sent, sent));
    }
}

#[test]
fn a_reservation_serves_until_it_is_used_up_and_the_rest_is_given_back() {
    let clock = clock();
    let book = Book::new(&clock, Duration::ZERO);
    let gate = gate(&clock, &book, None);
    drive(&clock, async {
        for _ in 0..11 {
            gate.enter(&DEALS, Fresh).await.unwrap().answered(None);
        }
        assert_eq!(book.entries().reserves, [100, 100]);
        assert_eq!(book.entries().cost(), 100);
        gate.close().await.unwrap();
        gate.close().await.unwrap();
    });
    assert_eq!(book.entries().reserves, [100, 100, 0]);
    assert_eq!(book.entries().cost(), 110);
}

#[test]
fn a_gate_that_was_never_passed_writes_nothing() {
    let clock = clock();
    let book = Book::new(&clock, Duration::ZERO);
    drive(&clock, gate(&clock, &book, None).close()).unwrap();
    assert_eq!(book.entries().reserves, [0; 0]);
}

#[test]
fn many_that_find_the_reservation_used_up_open_one_together() {
    let clock = clock();
    let book = Book::new(&clock, ms(50));
    let gate = gate(&clock, &book, None);
    drive(
        &clock,
        join_all(
            (0..10).map(|_| async { gate.enter(&DEALS, Fresh).await.unwrap().answered(None) }),
        ),
    );
    assert_eq!(book.entries().reserves, [100]);
}

#[test]
fn what_is_in_flight_stays_covered_when_a_reservation_is_opened_or_given_back() {
    let clock = clock();
    let book = Book::new(&clock, Duration::ZERO);
    let gate = gate(&clock, &book, None);
    drive(&clock, async {
        let mut open = Vec::new();
        for _ in 0..11 {
            open.push(gate.enter(&DEALS, Fresh).await.unwrap());
        }
        gate.close().await.unwrap();
        assert_eq!(book.entries().reserves, [100, 200, 110]);
        drop(open);
        gate.close().await.unwrap();
    });
    assert_eq!((book.entries().booked(), book.entries().cost()), (110, 110));
}

#[test]
fn a_ledger_that_fails_lets_nothing_through_and_loses_nothing() {
    let clock = clock();
    let book = Book::new(&clock, Duration::ZERO);
    let gate = gate(&clock, &book, None);
    drive(&clock, async {
        for _ in 0..10 {
            gate.enter(&DEALS, Fresh).await.unwrap().answered(None);
        }
        book.failing.store(true, Ordering::SeqCst);
        assert_eq!(
            gate.enter(&DEALS, Fresh).await.err(),
            Some(ApiError::Ledger(LedgerError("disk full".to_owned())))
        );
        assert_eq!(gate.close().await.err(), Some(LedgerError("disk full".to_owned())));
        book.failing.store(false, Ordering::SeqCst);
        gate.close().await.unwrap();
    });
    assert_eq!(book.entries().booked(), 100);
}

#[test]
fn no_more_are_under_way_than_allowed() {
    let clock = clock();
    let gate =
        Gate::new(Arc::new(clock.clone()), Book::new(&clock, Duration::ZERO), None, 2, boundless());
    let first = drive(&clock, gate.enter(&DEALS, Fresh)).unwrap();
    let _second = drive(&clock, gate.enter(&DEALS, Fresh)).unwrap();
    let mut third = pin!(gate.enter(&DEALS, Fresh));
    assert!(third.as_mut().now_or_never().is_none());
    drop(first);
    assert!(third.now_or_never().is_some());
}

#[test]
fn usage_is_booked_by_the_hour_of_the_sources_clock() {
    let clock = clock();
    let book = Book::new(&clock, Duration::ZERO);
    let gate = gate(&clock, &book, None);
    let source = "2026-02-03T23:59:59Z".parse().unwrap();
    drive(&clock, async {
        gate.enter(&DEALS, Fresh).await.unwrap().answered(Some(source));
        // Our own clock says 16:40; what is known of the source's stands in for an answer without a date.
        gate.learn(&Headers { date: Some(source), ..Headers::default() }, 1, 0);
        clock.sleep(ms(1_000)).await;
        gate.enter(&USERS_ME, Fresh).await.unwrap().answered(None);
        gate.close().await.unwrap();
    });
    let lines = book
        .entries()
        .used
        .iter()
        .map(|line| format!("{} {}", line.hour, line.endpoint))
        .collect::<Vec<_>>();
    assert_eq!(lines, ["2026-02-03T23:00:00Z /api/v2/deals", "2026-02-04T00:00:00Z /v1/users/me"]);
}

#[test]
fn an_answer_that_comes_late_does_not_overwrite_what_a_later_request_learnt() {
    let clock = clock();
    let gate = gate(&clock, &Book::new(&clock, Duration::ZERO), None);
    gate.learn(
        &Headers { daily_remaining: Some(900), burst_limit: Some(40), ..Headers::default() },
        7,
        0,
    );
    gate.learn(&Headers { daily_remaining: Some(950), ..Headers::default() }, 6, 0);
    gate.learn(&Headers::default(), 8, 0);
    let facts = gate.facts();
    assert_eq!(
        (facts.daily_remaining, facts.burst_limit, facts.clock_offset),
        (Some(900), Some(40), None)
    );
}

/// Sends `requests` and returns how long the last of them was held back.
fn hold_back(clock: &VirtualClock, gate: &Gate, requests: usize) -> Duration {
    let before = clock.elapsed();
    drive(clock, async {
        for _ in 0..requests {
            gate.enter(&USERS_ME, Fresh).await.unwrap().answered(None);
        }
    });
    clock.elapsed() - before
}

#[test]
fn what_was_learnt_and_the_last_moments_survive_the_process() {
    let clock = clock();
    let book = Book::new(&clock, Duration::ZERO);
    let first = gate(&clock, &book, None);
    hold_back(&clock, &first, 1);
    first.learn(&Headers { burst_limit: Some(40), ..Headers::default() }, 1, 2);
    let wait = ApiError::RateLimited { after: ms(2_000) };
    drive(&clock, first.refused(wait, &Headers::default(), Fresh));
    clock.advance(ms(5_000));
    hold_back(&clock, &first, 1);
    drive(&clock, first.close()).unwrap();

    // The window grew, and the new process cannot know what left within it.
    clock.advance(ms(100));
    let second = gate(&clock, &book, None);
    assert_eq!(hold_back(&clock, &second, 1), ms(2_500));
    clock.advance(ms(10_000));
    assert_eq!(hold_back(&clock, &second, 40), Duration::ZERO);
    assert_eq!(hold_back(&clock, &second, 1), ms(2_600));
    drive(&clock, second.close()).unwrap();

    // A clock that was set back by years holds nobody back for longer than a window.
    clock.set_wall("2020-01-01T00:00:00Z".parse().unwrap());
    let third = gate(&clock, &book, None);
    assert_eq!(hold_back(&clock, &third, 1), ms(2_600));
}

#[test]
fn a_refusal_is_written_down_at_once_and_a_ledger_that_fails_then_is_made_up_for_later() {
    let clock = clock();
    let book = Book::new(&clock, Duration::ZERO);
    let gate = gate(&clock, &book, None);
    hold_back(&clock, &gate, 1);
    book.failing.store(true, Ordering::SeqCst);
    let blocked = || {
        drive(&clock, gate.refused(ApiError::Blocked { until: None }, &Headers::default(), Fresh))
    };
    let told = blocked();
    assert_eq!(book.entries().standing.blocked_until, None);
    book.failing.store(false, Ordering::SeqCst);
    // Another one that was under way says the same and makes nothing longer.
    assert_eq!(blocked(), told);
    let (until, _) = book.entries().standing.blocked_until.unwrap();
    assert_eq!(told, ApiError::Blocked { until: Some(until) });
}

#[test]
fn those_that_wait_for_a_slot_do_not_leave_once_the_gate_is_shut() {
    let clock = clock();
    let book = Book::new(&clock, Duration::ZERO);
    let gate = gate(&clock, &book, Some(2));
    let left = Mutex::new(0);
    drive(&clock, async {
        let waiting = join_all((0..8).map(|_| async {
            let permit = gate.enter(&DEALS, Fresh).await?;
            *left.lock().unwrap() += 1;
            permit.answered(None);
            Ok::<(), ApiError>(())
        }));
        let shut = async {
            clock.sleep(ms(1_000)).await;
            gate.refused(ApiError::Unauthorized, &Headers::default(), Fresh).await;
        };
        let (ends, ()) = futures_util::join!(waiting, shut);
        assert_eq!(ends.iter().filter(|end| **end == Err(ApiError::Unauthorized)).count(), 6);
    });
    assert_eq!(*left.lock().unwrap(), 2);
    // The next run asks again, once.
    drive(&clock, gate.close()).unwrap();
    assert_eq!((book.entries().booked(), book.entries().cost()), (20, 20));
    assert_eq!(hold_back(&clock, &gate, 1), Duration::ZERO);
}
