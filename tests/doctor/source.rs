//! Faults on the way to the source, of the token, and of the account.

use std::net::TcpListener;

use jiff::{SignedDuration, Timestamp};
use pipedrive_mirror::{
    clock::VirtualClock,
    emulator::{Installments, Told},
};
use rstest::rstest;

use super::*;

const ME: &str = "/v1/users/me";

/// An address of this machine where nobody listens.
fn closed() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn a_host_without_a_name_is_found() {
    // A name that nobody has, by the standard (RFC 6761).
    let house = furnished("https://nobody.invalid");
    let next = "check the host in `pipedrive.base_url`, and this machine's DNS";
    examine(&house, &[]).ends(1, 0).finds("dns", "error", next);
}

#[test]
fn a_host_that_does_not_answer_is_found() {
    let house = furnished(&format!("http://{}", closed()));
    examine(&house, &[]).ends(1, 0).finds(
        "connection",
        "error",
        "check the network and `pipedrive.base_url`",
    );
}

#[test]
fn a_host_that_does_not_speak_tls_is_found() {
    let (source, _) = mirrored();
    let house = furnished(&source.url.replace("http:", "https:"));
    examine(&house, &[]).ends(1, 0).finds(
        "tls",
        "error",
        "that the clock is right, and that the certificate of a proxy",
    );
}

#[test]
fn a_proxy_that_does_not_answer_is_found_and_what_opens_it_is_not_told() {
    let proxy = closed();
    let house = furnished("https://api.pipedrive.com")
        .with("HTTPS_PROXY", &format!("http://me:pa55word@{proxy}"));
    let report = examine(&house, &[]);
    report.ends(1, 0).finds(
        "proxy",
        "error",
        "check the proxy that HTTPS_PROXY (or ALL_PROXY) names",
    );
    let says = report.finding("proxy").unwrap()["says"].as_str().unwrap();
    assert!(says.contains(&format!("http://{proxy}")) && !says.contains("pa55word"), "{says}");
}

#[rstest]
#[case::refused(status(401), "token_refused", "error", "copy the current one from Pipedrive", 3)]
#[case::not_paid(
    status(402),
    "account_closed",
    "error",
    "its administrator has to look at the billing",
    1
)]
#[case::no_api(
    status(403),
    "api_not_permitted",
    "error",
    "have an administrator allow this user the API",
    1
)]
#[case::blocked(
    Fault::Html403,
    "blocked",
    "error",
    "let everything else that uses the API rest as well",
    4
)]
#[case::not_there(
    status(404),
    "not_pipedrive",
    "error",
    "no proxy or login page answers in its place",
    1
)]
#[case::login_page(Fault::RawBody("<html>Log in".to_owned()), "not_pipedrive", "error", "check `pipedrive.base_url`", 1)]
#[case::down(
    status(503),
    "source_in_trouble",
    "error",
    "this passes by itself, try again later",
    1
)]
#[case::cut(
    Fault::ShortBody,
    "source_in_trouble",
    "error",
    "this passes by itself, try again later",
    1
)]
#[case::spent(
    Fault::TooMany(Told::Daily),
    "budget_spent",
    "error",
    "find out what else spends it",
    5
)]
#[case::too_fast(
    Fault::TooMany(Told::Burst),
    "burst_limit",
    "warning",
    "lower `limits.requests_per_2s`",
    0
)]
fn what_the_source_answers_is_understood_and_asked_once(
    #[case] met: Fault,
    #[case] id: &str,
    #[case] severity: &str,
    #[case] next: &str,
    #[case] code: i32,
) {
    let (source, house) = mirrored();
    fault(&source, ME, met);
    let report = examine(&house, &[]);
    report.ends(code, 2).finds(id, severity, next);
    assert_eq!(source.emulator.log().len(), 1, "{:#}", report.json);
}

#[test]
fn a_redirect_is_found_and_not_followed() {
    let (source, house) = mirrored();
    let location = ("location".to_owned(), "https://acme.pipedrive.com/x".to_owned());
    fault(&source, ME, Fault::Status { code: 302, headers: vec![location], body: String::new() });
    let report = examine(&house, &[]);
    report.ends(1, 2).finds(
        "redirected",
        "error",
        "set `pipedrive.base_url` to the company's own address",
    );
}

#[test]
fn a_user_who_may_not_see_every_deal_is_found() {
    let (source, house) = mirrored();
    source.emulator.switch(|switches| switches.admin = false);
    examine(&house, &[]).ends(0, 2).finds("not_admin", "warning", "use the token of a deals admin");
}

#[test]
fn another_companys_token_is_found() {
    let (source, house) = mirrored();
    source.emulator.switch(|switches| switches.company_id = Some(99));
    let report = examine(&house, &[]);
    report.ends(2, 2).finds("other_company", "error", "database.path");
}

#[test]
fn another_users_token_is_found() {
    let (_source, house) = mirrored();
    change(&house, "UPDATE sync_account SET user_id = user_id + 1");
    let next = "run `pipedrive-mirror reconcile --accept-user`";
    examine(&house, &[]).ends(0, 2).finds("other_user", "warning", next);
}

#[rstest]
#[case::behind(SignedDuration::from_hours(3), "s behind the source's")]
#[case::ahead(SignedDuration::from_hours(-3), "s ahead of the source's")]
fn a_clock_that_is_wrong_is_found(#[case] source_ahead: SignedDuration, #[case] says: &str) {
    let now = Timestamp::now() + source_ahead;
    let (_source, house) = mirrored_by(Arc::new(VirtualClock::new(now)));
    let report = examine(&house, &[]);
    report.ends(0, 2).finds("clock", "warning", "timedatectl set-ntp true");
    let said = report.finding("clock").unwrap()["says"].as_str().unwrap();
    assert!(said.contains(says), "{said}");
}

#[test]
fn answers_that_tell_no_limits_are_found() {
    let (source, house) = mirrored();
    source
        .emulator
        .switch(|switches| (switches.rate_headers, switches.daily_headers) = (false, false));
    let next = "set limits.daily_budget and limits.requests_per_2s to those of your plan";
    examine(&house, &[]).ends(0, 2).finds("limits_untold", "note", next);
}

#[test]
fn a_budget_that_is_left_to_others_is_found() {
    let (source, house) = mirrored();
    source.emulator.switch(|switches| switches.daily_budget = 30_000);
    let left = ("x-daily-ratelimit-token-remaining".to_owned(), "2000".to_owned());
    let body = me(&source);
    fault(&source, ME, Fault::Status { code: 200, headers: vec![left], body });
    examine(&house, &[]).ends(0, 2).finds("reserve_reached", "warning", "or lower limits.reserve");
}

#[test]
fn a_share_that_is_spent_is_found_and_nothing_is_sent() {
    let (source, house) = mirrored();
    change(&house, "UPDATE sync_api_usage SET cost = 1000000");
    let report = examine(&house, &[]);
    report.ends(0, 0).finds("share_spent", "warning", "or raise limits.daily_share");
    assert!(source.emulator.log().is_empty());
}

#[test]
fn a_block_that_is_not_over_is_found_and_nothing_is_sent() {
    let (source, house) = mirrored();
    change(
        &house,
        "INSERT INTO sync_state VALUES ('blocked_until', '2999-01-01T00:00:00Z'), ('blocked_for_s', '1800')",
    );
    let report = examine(&house, &[]);
    report.ends(4, 0).finds("blocked", "error", "it goes on at 2999-01-01T00:00:00Z");
    assert!(source.emulator.log().is_empty());
}

#[rstest]
#[case::plan(Installments::NotEnabled)]
#[case::not_paid(Installments::PaymentRequired)]
#[case::forbidden(Installments::Forbidden)]
fn what_the_plan_lacks_is_found_before_the_first_run(#[case] installments: Installments) {
    let source = Source::serve(DEALS, Switches { installments, ..Switches::default() });
    let report = examine(&House::at(&source.url), &[]);
    report.ends(0, 57).finds(
        "plan_lacks",
        "note",
        "entities.deal_installments.enabled = false ends the asking",
    );
}

#[test]
fn what_the_token_may_not_read_is_found_before_the_first_run() {
    let source = Source::serve(DEALS, Switches::default());
    fault(&source, "/api/v2/organizations", status(403));
    let report = examine(&House::at(&source.url), &[]);
    report.ends(0, 57).finds("not_permitted", "warning", "use a token of a user who may read it");
    let found = report.finding("not_permitted").unwrap();
    assert_eq!(found["about"], "organizations");
    assert!(
        report
            .said
            .out
            .contains("the token may read deals, deal_installments, products, persons, pipelines")
    );
}

#[test]
fn a_block_among_the_questions_ends_them() {
    let source = Source::serve(DEALS, Switches::default());
    fault(&source, "/api/v2/products", Fault::Html403);
    let report = examine(&House::at(&source.url), &[]);
    report.ends(4, 32).finds("blocked", "error", "let everything else that uses the API rest");
    assert_eq!(source.emulator.log().len(), 4);
}

/// The answer to whose token it is.
fn me(source: &Source) -> String {
    let world = source.emulator.world();
    let (company, user) = (world.company().id, world.user());
    serde_json::json!({"success": true, "data": {"id": user, "company_id": company, "access": [{"app": "sales", "admin": true}]}})
        .to_string()
}
