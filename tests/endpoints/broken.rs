//! Answers that do not arrive, or not whole.

use std::time::Duration;

use pipedrive_mirror::{
    api::{ApiError, Reason, Timeouts},
    seams::TransportError,
};

use crate::support::{EMPTY, PATIENT, Raw, Then, ask, client, client_with, fail, http};

const SHORT: Duration = Duration::from_millis(100);

fn transport(error: ApiError) -> TransportError {
    match error {
        ApiError::Transient { reason: Reason::Transport(error), .. } => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_body_shorter_than_promised_is_an_interruption_and_no_page() {
    // What arrives would be a whole answer by itself.
    let raw = Raw::serve(vec![(http(EMPTY.len() + 1, EMPTY), Then::Close)]).await;
    let error = transport(fail(&client(&raw.base())).await);
    assert!(matches!(error, TransportError::Interrupted { .. }), "{error:?}");
}

#[tokio::test]
async fn a_chunked_body_without_its_end_is_an_interruption() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let bytes = format!("{head}{:x}\r\n{EMPTY}\r\n", EMPTY.len());
    let raw = Raw::serve(vec![(bytes, Then::Close)]).await;
    let error = transport(fail(&client(&raw.base())).await);
    assert!(matches!(error, TransportError::Interrupted { .. }), "{error:?}");
}

#[tokio::test]
async fn a_connection_reset_in_the_body_is_an_interruption() {
    let raw = Raw::serve(vec![(http(1_000, "{"), Then::Reset)]).await;
    let error = transport(fail(&client(&raw.base())).await);
    assert!(matches!(error, TransportError::Interrupted { .. }), "{error:?}");
}

#[tokio::test]
async fn a_first_connection_that_is_reset_is_an_interruption() {
    for then in [Then::Reset, Then::Close] {
        let raw = Raw::serve(vec![(String::new(), then)]).await;
        let error = transport(fail(&client(&raw.base())).await);
        assert!(matches!(error, TransportError::Interrupted { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_is_replaced_at_once() {
    for then in [Then::Reset, Then::Close] {
        let ok = || http(EMPTY.len(), EMPTY);
        let raw = Raw::serve(vec![(ok(), Then::Go), (String::new(), then), (ok(), Then::Go)]).await;
        // Each call may be sent once, so only a stale connection can explain a second time.
        let client = client(&raw.base());
        ask(&client).await.unwrap();
        ask(&client).await.unwrap();
        assert_eq!((client.spent().requests, client.spent().retries, raw.connections()), (3, 1, 2));
    }
}

#[tokio::test]
async fn an_answer_that_never_begins_runs_into_the_read_timeout() {
    let raw = Raw::serve(vec![(String::new(), Then::Stall)]).await;
    let client = client_with(&raw.base(), Timeouts { read: SHORT, ..PATIENT }, 1_000);
    assert_eq!(transport(fail(&client).await), TransportError::Timeout { after: SHORT });
}

#[tokio::test]
async fn a_body_that_stalls_runs_into_the_read_timeout() {
    let raw = Raw::serve(vec![(http(1_000, "{"), Then::Stall)]).await;
    let client = client_with(&raw.base(), Timeouts { read: SHORT, ..PATIENT }, 1_000);
    assert_eq!(transport(fail(&client).await), TransportError::Timeout { after: SHORT });
}

#[tokio::test]
async fn the_whole_answer_has_a_timeout_of_its_own() {
    let raw = Raw::serve(vec![(http(1_000, "{"), Then::Stall)]).await;
    let client = client_with(&raw.base(), Timeouts { total: SHORT, ..PATIENT }, 1_000);
    assert_eq!(transport(fail(&client).await), TransportError::Timeout { after: SHORT });
}

#[tokio::test]
async fn a_body_that_is_promised_too_large_is_not_read() {
    // It would stall for ever if it were read.
    let raw = Raw::serve(vec![(http(1_001, ""), Then::Stall)]).await;
    let error = fail(&client_with(&raw.base(), PATIENT, 1_000)).await;
    assert!(matches!(error, ApiError::TooLarge { limit: 1_000, .. }));
}

#[tokio::test]
async fn a_body_that_turns_out_too_large_is_not_read_on() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let bytes = format!("{head}7d0\r\n{}\r\n", " ".repeat(2_000));
    let raw = Raw::serve(vec![(bytes, Then::Stall)]).await;
    let error = fail(&client_with(&raw.base(), PATIENT, 1_000)).await;
    assert!(matches!(error, ApiError::TooLarge { limit: 1_000, .. }));
}
