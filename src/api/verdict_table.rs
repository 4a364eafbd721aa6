//! The whole table of decisions: what arrives, and what is done about it.

use super::{
    answer::Answer, error::ApiError, headers::Headers, page::Page, refusal::Asked, testing::*,
};
use crate::{
    endpoint::{DEALS, Endpoint, Paging},
    progress::Cursor,
    seams::{LedgerError, Response, TransportError},
};

static FOLLOWERS: Endpoint = Endpoint {
    path: "/api/v2/deals/{id}/followers",
    cost: 10,
    page_limit: 500,
    paging: Paging::Cursor,
    gated: false,
};

const REFUSED: &str = r#"{"success":false,"error":"words","error_info":"…","data":null}"#;
const HTML: &str = "<!DOCTYPE html><title>Attention Required! | Cloudflare</title>";

/// Judges `answer` as the client and the page do; `cursor` is the place that was asked for.
fn judge(
    endpoint: &'static Endpoint,
    cursor: Option<&str>,
    answer: &Response,
) -> Result<Page, ApiError> {
    let token = token();
    let asked = Asked { endpoint, carried_cursor: cursor.is_some(), token: &token };
    let headers = Headers::read(answer.headers());
    if !answer.status().is_success() {
        return Err(asked.refusal(answer, &headers));
    }
    let answer = Answer::read(asked, answer.body(), None, 1)?;
    Page::parse(&answer, cursor.map(Cursor::new).as_ref())
}

fn line(case: &str, error: &ApiError) -> String {
    let debug = format!("{error:?}");
    let variant = debug.split([' ', '(', '{']).next().unwrap();
    format!("{case:<34} {variant:<16} {:?}", error.verdict())
}

fn table<'a>(cases: impl IntoIterator<Item = (&'a str, Response)>) -> String {
    let lines = cases
        .into_iter()
        .map(|(case, answer)| line(case, &judge(&DEALS, Some("c1"), &answer).unwrap_err()));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_status_has_one_verdict() {
    let statuses = [
        302, 304, 400, 401, 402, 403, 404, 405, 408, 410, 415, 418, 422, 500, 501, 502, 503, 504,
        520, 524,
    ];
    let names = statuses.map(|status| status.to_string());
    let plain = names
        .iter()
        .zip(statuses)
        .map(|(name, status)| (name.as_str(), answer(status, &[], REFUSED)));
    insta::assert_snapshot!(table(plain), @"
    302                                Redirected       Abort
    304                                Redirected       Abort
    400                                StaleCursor      RestartWalk
    401                                Unauthorized     Abort
    402                                AccountClosed    Abort
    403                                Forbidden        SkipEntity
    404                                NotFound         SkipEntity
    405                                BadRequest       SkipEntity
    408                                Transient        Retry { after: 0ns }
    410                                Gone             SkipEntity
    415                                PlanLacks        SkipEntity
    418                                BadRequest       SkipEntity
    422                                BadRequest       SkipEntity
    500                                Transient        Retry { after: 0ns }
    501                                Transient        Retry { after: 0ns }
    502                                Transient        Retry { after: 0ns }
    503                                Transient        Retry { after: 0ns }
    504                                Transient        Retry { after: 0ns }
    520                                Transient        Retry { after: 0ns }
    524                                Transient        Retry { after: 0ns }
    ");
    let dressed = [
        ("403 HTML", answer(403, &["content-type: text/html"], HTML)),
        ("403 plain text", answer(403, &[], "error code: 1020")),
        ("404 HTML", answer(404, &[], HTML)),
        ("502 HTML", answer(502, &[], HTML)),
        ("503 retry-after", answer(503, &["retry-after: 30"], REFUSED)),
        ("503 absurd retry-after", answer(503, &["retry-after: 999999"], REFUSED)),
    ];
    insta::assert_snapshot!(table(dressed), @"
    403 HTML                           Blocked          Pause { until: None }
    403 plain text                     Blocked          Pause { until: None }
    404 HTML                           NotFound         SkipEntity
    502 HTML                           Transient        Retry { after: 0ns }
    503 retry-after                    Transient        Retry { after: 30s }
    503 absurd retry-after             Transient        Retry { after: 300s }
    ");
}

#[test]
fn a_429_is_burst_only_where_the_headers_say_so() {
    let case = |headers: &[&str]| answer(429, headers, REFUSED);
    insta::assert_snapshot!(table([
        ("no header", case(&[])),
        ("retry-after alone", case(&["retry-after: 1"])),
        ("burst 0", case(&["x-ratelimit-remaining: 0"])),
        ("burst 0, reset 1", case(&["x-ratelimit-remaining: 0", "x-ratelimit-reset: 1"])),
        ("burst 0, reset 2, retry-after 7", case(&["x-ratelimit-remaining: 0", "x-ratelimit-reset: 2", "retry-after: 7"])),
        ("burst 3", case(&["x-ratelimit-remaining: 3"])),
        ("daily 0", case(&["x-daily-ratelimit-token-remaining: 0", "x-ratelimit-remaining: 0"])),
        ("daily below the cost", case(&["x-daily-ratelimit-token-remaining: 9", "x-ratelimit-remaining: 0"])),
        ("daily left, burst 0", case(&["x-daily-ratelimit-token-remaining: 900", "x-ratelimit-remaining: 0"])),
        ("daily left", case(&["x-daily-ratelimit-token-remaining: 900"])),
        ("HTML", answer(429, &["retry-after: 1"], HTML)),
    ]), @"
    no header                          BudgetExhausted  StopForDay
    retry-after alone                  BudgetExhausted  StopForDay
    burst 0                            RateLimited      Retry { after: 2s }
    burst 0, reset 1                   RateLimited      Retry { after: 2s }
    burst 0, reset 2, retry-after 7    RateLimited      Retry { after: 7s }
    burst 3                            BudgetExhausted  StopForDay
    daily 0                            BudgetExhausted  StopForDay
    daily below the cost               BudgetExhausted  StopForDay
    daily left, burst 0                RateLimited      Retry { after: 2s }
    daily left                         RateLimited      Retry { after: 2s }
    HTML                               BudgetExhausted  StopForDay
    ");
}

#[test]
fn a_success_that_holds_none_is_an_error() {
    let case = |body: &str| answer(200, &[], body);
    let bodies = [
        ("null", "null"),
        ("nothing", " \n"),
        ("HTML", HTML),
        ("text", "ok"),
        ("a list", "[true,[]]"),
        ("cut short", r#"{"success":true,"data":[{"id":1},{"#),
        ("broken", r#"{"success":true,"data":[{]}"#),
        ("two answers", r#"{"success":true,"data":[]}{}"#),
        ("success twice", r#"{"success":true,"success":true,"data":[]}"#),
        ("no success", r#"{"data":[]}"#),
        ("success in words", r#"{"success":"true","data":[]}"#),
        ("success false", REFUSED),
        ("no data", r#"{"success":true}"#),
        ("data is an object", r#"{"success":true,"data":{"items":[]}}"#),
        ("data is text", r#"{"success":true,"data":"[]"}"#),
        ("cursor is a number", r#"{"success":true,"data":[],"additional_data":{"next_cursor":7}}"#),
        ("cursor again", r#"{"success":true,"data":[],"additional_data":{"next_cursor":"c1"}}"#),
    ];
    insta::assert_snapshot!(table(bodies.map(|(name, body)| (name, case(body)))), @"
    null                               Transient        Retry { after: 0ns }
    nothing                            Transient        Retry { after: 0ns }
    HTML                               Malformed        Shrink
    text                               Malformed        Shrink
    a list                             Malformed        Shrink
    cut short                          Malformed        Shrink
    broken                             Malformed        Shrink
    two answers                        Malformed        Shrink
    success twice                      Malformed        Shrink
    no success                         Malformed        Shrink
    success in words                   Malformed        Shrink
    success false                      Malformed        Shrink
    no data                            Malformed        Shrink
    data is an object                  Malformed        Shrink
    data is text                       Malformed        Shrink
    cursor is a number                 Malformed        Shrink
    cursor again                       RepeatedCursor   RestartWalk
    ");
    let not_utf8 = http::Response::new(b"{\"success\":true,\"data\":[\"\xff\"]}".as_slice().into());
    let error = judge(&DEALS, None, &not_utf8).unwrap_err();
    assert!(matches!(error, ApiError::Malformed { .. }), "{error:?}");
}

#[test]
fn every_transport_error_has_one_verdict() {
    let (host, reason) = ("acme.pipedrive.com:443".to_owned(), "broken".to_owned());
    let second = std::time::Duration::from_secs(1);
    let errors = [
        TransportError::Resolve { host: host.clone() },
        TransportError::Connect { host: host.clone(), reason: reason.clone() },
        TransportError::Tls { host, reason: reason.clone() },
        TransportError::Stale,
        TransportError::Interrupted { reason },
        TransportError::Timeout { after: second },
        TransportError::TooLarge { limit: 7 },
    ];
    let mut lines = errors
        .map(|error| line(&format!("{error}"), &ApiError::of_transport(error, DEALS.path)))
        .to_vec();
    lines.push(line("ledger", &LedgerError("disk full".to_owned()).into()));
    insta::assert_snapshot!(lines.join("\n"), @"
    the host name acme.pipedrive.com:443 does not resolve Unreachable      Retry { after: 0ns }
    no connection to acme.pipedrive.com:443: broken Unreachable      Retry { after: 0ns }
    no secure connection to acme.pipedrive.com:443: broken Unreachable      Abort
    a kept connection was closed by the other side Transient        Retry { after: 0ns }
    the answer broke off: broken       Transient        Retry { after: 0ns }
    no answer within 1000 ms           Transient        Retry { after: 0ns }
    the answer is larger than 7 bytes  TooLarge         Shrink
    ledger                             Ledger           Abort
    ");
}

#[test]
fn what_is_asked_by_id_or_without_a_cursor_fails_differently() {
    let judged =
        |endpoint, status| judge(endpoint, None, &answer(status, &[], REFUSED)).unwrap_err();
    insta::assert_snapshot!([
        line("404 of one deal", &judged(&FOLLOWERS, 404)),
        line("404 of a listing", &judged(&DEALS, 404)),
        line("400 without a cursor", &judged(&DEALS, 400)),
    ].join("\n"), @"
    404 of one deal                    NotFound         SkipParent
    404 of a listing                   NotFound         SkipEntity
    400 without a cursor               BadRequest       SkipEntity
    ");
}

#[test]
fn messages_name_the_remedy_and_nothing_that_came_from_elsewhere_unfiltered() {
    let words =
        format!(r#"{{"success":false,"error":"bad\n\u001b[31m {SECRET} {}"}}"#, "x".repeat(300));
    let location = format!("https://evil.example/steal?api_token={SECRET}");
    let moved = answer(301, &[&format!("location: {location}")], "");
    let errors = [
        judge(&DEALS, None, &answer(400, &[], &words)).unwrap_err(),
        judge(&DEALS, None, &answer(200, &[], &words)).unwrap_err(),
        judge(&DEALS, None, &answer(401, &[], &words)).unwrap_err(),
        judge(&DEALS, None, &answer(403, &[], &words)).unwrap_err(),
        judge(&DEALS, None, &answer(503, &[], &words)).unwrap_err(),
        judge(&DEALS, None, &answer(429, &[], &words)).unwrap_err(),
        judge(&DEALS, None, &moved).unwrap_err(),
    ];
    let text =
        errors.iter().map(|error| format!("error: {error}\n{error:?}\n")).collect::<String>();
    assert!(
        !text.contains(SECRET) && !text.contains('\u{1b}') && !text.contains("\\u{1b}"),
        "{text}"
    );
    let messages = errors.map(|error| error.to_string().replace(&"x".repeat(150), "…")).join("\n");
    insta::assert_snapshot!(messages, @"
    the source did not accept a request to /api/v2/deals (400: bad  [31m [REDACTED] …xxxxxxxxxxxxxxxxxxxxxxxxxxxxx…); please report this
    the answer of /api/v2/deals is not what the API promises: it says both 200 and failure (bad  [31m [REDACTED] …xxxxxxxxxxxxxxxxxxxxxxxxxxxxx…)
    the API token was refused (401); copy the current one from Pipedrive under Personal preferences > API
    the token may not read /api/v2/deals (403: bad  [31m [REDACTED] …xxxxxxxxxxxxxxxxxxxxxxxxxxxxx…); use one with wider permissions or disable the entity
    the source is in trouble: it answered 503: bad  [31m [REDACTED] …xxxxxxxxxxxxxxxxxxxxxxxxxxxxx…; this passes by itself, try again later
    the company's daily API budget is spent; it goes on later
    the source redirects to https://evil.example (301), which is not followed so that nobody else gets the token; set `pipedrive.base_url` to the company's own address
    ");
}
