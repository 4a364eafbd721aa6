//! Answers that are refusals. The specifications describe four: the 401 of `/users/me`, which every endpoint gives, and
//! three 404s, the newer of which have the general form that the page on responses shows for all errors.

use std::collections::BTreeSet;

use pipedrive_mirror::emulator::{Fault, FaultRule, Told};
use serde_json::{Value as Json, json};

use super::{
    account::{Account, Answer},
    operations::OPERATIONS,
    said,
    spec::{self, Said, Spec},
};

/// What a schema of v2 for a bad request leaves out: clients saw it in the general form.
const CODE: &str = "code";
/// Tells what to read; the page on authentication has it, the example of `/users/me` has not.
const INFO: &str = "error_info";

fn names(answer: &Json) -> BTreeSet<&str> {
    answer.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Checks an answer against what is said of a status, but for one member that is said elsewhere.
fn assert_as(said: Said<'_>, status: u16, answer: &Json, besides: &str, what: &str) {
    let validator = spec::validator(said.schema(status).unwrap());
    let wrong = validator.iter_errors(answer).map(|error| error.to_string()).collect::<String>();
    assert!(wrong.is_empty(), "{what}: {wrong}");
    let mut members = names(answer);
    members.remove(besides);
    let mut expected = names(&said.examples(status)[0]);
    expected.remove(besides);
    assert_eq!(members, expected, "{what}: {answer}");
    assert_eq!(answer["success"], json!(false), "{what}");
}

/// Checks a refusal against the general form.
pub(crate) fn assert_general(specs: &[Spec], answer: &Json, what: &str) {
    let said = said(specs, "POST /api/v2/deals/{id}/convert/lead").unwrap();
    assert_as(said, 404, answer, CODE, what);
    assert_eq!((&answer["data"], &answer["additional_data"]), (&Json::Null, &Json::Null), "{what}");
}

/// Sends the first call of every operation, or what `other` makes of its method.
fn every(account: &Account, token: &str, other: impl Fn(&str) -> String) -> Vec<(String, Answer)> {
    let sent = OPERATIONS.iter().map(|(name, calls)| {
        let (method, _) = name.split_once(' ').unwrap();
        let call = account.parse(calls[0]);
        ((*name).to_owned(), account.send_as(token, &other(method), &call.path, &call.body))
    });
    sent.collect()
}

fn fault(account: &Account, fault: Fault) {
    let times = u32::try_from(OPERATIONS.len()).unwrap();
    account.emulator.fault(FaultRule { path: None, skip: 0, times, fault });
}

#[test]
fn another_token_is_refused_everywhere_as_the_account_of_the_token_says() {
    let (specs, account) = (Spec::both(), Account::new());
    let said = said(&specs, "GET /v1/users/me").unwrap();
    for (what, (status, answer)) in every(&account, "another", str::to_owned) {
        assert_eq!((status, &answer["errorCode"]), (401, &json!(401)), "{what}");
        assert_as(said, 401, &answer, INFO, &what);
    }
}

#[test]
fn a_method_that_no_endpoint_has_is_refused_in_the_general_form() {
    let (specs, account) = (Spec::both(), Account::new());
    for (what, (status, answer)) in every(&account, account.token(), |_| "OPTIONS".to_owned()) {
        // There was never a list of deals in this v1, so nothing is known there.
        assert_eq!(status, if what.ends_with("/v1/deals") { 404 } else { 405 }, "{what}");
        assert_general(&specs, &answer, &what);
    }
}

#[test]
fn too_many_requests_and_what_is_forbidden_are_refused_in_the_general_form() {
    let (specs, account) = (Spec::both(), Account::new());
    let forbidden = Fault::Status { code: 403, headers: Vec::new(), body: String::new() };
    for (expected, it) in [(429, Fault::TooMany(Told::Burst)), (403, forbidden)] {
        fault(&account, it);
        for (what, (status, answer)) in every(&account, account.token(), str::to_owned) {
            assert_eq!(status, expected, "{what}");
            assert_general(&specs, &answer, &what);
        }
    }
}
