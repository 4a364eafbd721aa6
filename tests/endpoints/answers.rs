//! What an answer means that arrived whole.

use pipedrive_mirror::api::{ApiError, Page, Reason};
use rstest::rstest;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::support::{EMPTY, PATIENT, REFUSED, ask, client, client_with, fail};

const HTML: &str = "<!DOCTYPE html><title>Just a moment</title>";

async fn server(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    // Whatever happens, none of these is asked for twice.
    Mock::given(any()).respond_with(answer).expect(1).mount(&server).await;
    server
}

async fn error_of(answer: ResponseTemplate) -> ApiError {
    let server = server(answer).await;
    let error = fail(&client(&server.uri())).await;
    server.verify().await;
    error
}

fn refused(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_string(REFUSED)
}

#[tokio::test]
async fn a_refused_token_is_not_tried_again() {
    assert_eq!(error_of(refused(401)).await, ApiError::Unauthorized);
}

#[tokio::test]
async fn the_two_limits_are_told_apart_by_their_headers() {
    let burst = refused(429).insert_header("X-RateLimit-Remaining", "0");
    assert!(matches!(error_of(burst).await, ApiError::RateLimited { .. }));
    let daily = refused(429).insert_header("x-daily-ratelimit-token-remaining", "0");
    for daily in [daily, refused(429)] {
        let error = error_of(daily).await;
        assert!(matches!(error, ApiError::BudgetExhausted { until: Some(_) }), "{error:?}");
    }
}

#[tokio::test]
async fn a_403_in_html_is_a_block_and_one_in_json_a_missing_permission() {
    let blocked = error_of(ResponseTemplate::new(403).set_body_string(HTML)).await;
    assert!(matches!(blocked, ApiError::Blocked { until: Some(_) }), "{blocked:?}");
    assert!(matches!(error_of(refused(403)).await, ApiError::Forbidden { .. }));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_token_not_sent_again() {
    let elsewhere = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_string(EMPTY))
        .expect(0)
        .mount(&elsewhere)
        .await;
    for status in [301, 302, 303, 307, 308] {
        let moved = ResponseTemplate::new(status)
            .insert_header("location", format!("{}/x", elsewhere.uri()));
        let server = server(moved).await;
        let error = ask(&client(&server.uri())).await.unwrap_err();
        assert_eq!(error, ApiError::Redirected { status, to: elsewhere.uri() });
    }
    elsewhere.verify().await;
}

#[rstest]
#[case::html(HTML)]
#[case::truncated(r#"{"success":true,"data":[{"id":1},{"id""#)]
#[case::failure(REFUSED)]
#[case::data_object(r#"{"success":true,"data":{"items":[]}}"#)]
#[tokio::test]
async fn a_success_that_holds_none_is_malformed(#[case] body: &str) {
    let server = server(ResponseTemplate::new(200).set_body_string(body)).await;
    let page = ask(&client(&server.uri())).await.and_then(|answer| Page::parse(&answer, None));
    assert!(matches!(page, Err(ApiError::Malformed { .. })), "{page:?}");
}

#[tokio::test]
async fn a_body_of_null_passes_by_itself() {
    let error = error_of(ResponseTemplate::new(200).set_body_string("null")).await;
    assert!(matches!(error, ApiError::Transient { reason: Reason::NullBody, .. }));
}

/// 100,000 spaces within an empty listing.
const PACKED: &str = "1f8b0800000000000203edc1b10d80201000c055ccd74ec02ac482200bf0501977770d8bbb7b2277ef2333ca9a7b9c71b7d5a2d4eb00";

fn packed() -> Vec<u8> {
    // The middle of the file is one long run of zero bytes.
    let (start, end) = (PACKED, "7eebfd00a1810e63ba860100");
    let zeros = "00".repeat(162 - (start.len() + end.len()) / 2);
    let hex = format!("{start}{zeros}{end}");
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[tokio::test]
async fn a_packed_body_is_unpacked_and_counts_by_what_it_unpacks_to() {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200)
        .set_body_bytes(packed())
        .insert_header("content-encoding", "gzip");
    Mock::given(any()).respond_with(answer).mount(&server).await;
    assert_eq!(
        ask(&client_with(&server.uri(), PATIENT, 100_026)).await.unwrap().body.len(),
        100_026
    );
    let error = fail(&client_with(&server.uri(), PATIENT, 100_025)).await;
    assert_eq!(error, ApiError::TooLarge { path: "/api/v2/deals", limit: 100_025 });
}

#[tokio::test]
async fn a_body_over_the_ceiling_is_given_up() {
    let server = server(ResponseTemplate::new(200).set_body_string("x".repeat(1_001))).await;
    let error = fail(&client_with(&server.uri(), PATIENT, 1_000)).await;
    assert_eq!(error, ApiError::TooLarge { path: "/api/v2/deals", limit: 1_000 });
}
