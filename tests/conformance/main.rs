//! Every answer of the emulator, against the official OpenAPI descriptions and their examples.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod account;
mod deviations;
mod errors;
mod examples;
mod operations;
mod spec;

use std::collections::{BTreeMap, BTreeSet};

use account::{Account, Answer};
use deviations::{DEVIATIONS, Finding};
use operations::{OPERATIONS, Operation};
use pipedrive_mirror::emulator::ROUTES;
use spec::{Names, Said, Spec};

/// What upstream removed from the specifications, which a switch of the emulator brings back.
const REMOVED: [&str; 4] = [
    "DELETE /v1/deals",
    "GET /v1/deals/collection",
    "GET /v1/deals/{id}/activities",
    "GET /v1/deals/{id}/persons",
];

fn said<'a>(specs: &'a [Spec], name: &str) -> Option<Said<'a>> {
    let found = specs.iter().find_map(|spec| spec.operation(name));
    assert_eq!(found.is_none(), REMOVED.contains(&name), "{name}");
    found
}

/// Carries out the calls of an operation and returns the answers.
fn answers(specs: &[Spec], read: &Account, (name, calls): &Operation) -> Vec<Answer> {
    let (method, _) = name.split_once(' ').unwrap();
    let written = (method != "GET").then(Account::new);
    let account = written.as_ref().unwrap_or(read);
    let walks = calls.iter().map(|call| account.call(method, call)).collect::<Vec<_>>();
    let is_paged = said(specs, name).is_some_and(|said| said.names().are_of_pages());
    let is_walked = walks.iter().any(|pages| pages.len() > 1);
    assert!(is_walked || !is_paged, "{name} shows one page only");
    let answers = walks.into_iter().flatten().collect::<Vec<_>>();
    for (_, refused) in answers.iter().filter(|(status, _)| *status >= 400) {
        errors::assert_general(specs, refused, name);
    }
    answers
}

/// Returns all in which the answers of an operation differ from what is said of it.
fn findings(specs: &[Spec], read: &Account, operation: &Operation) -> BTreeSet<Finding> {
    let (name, answers) = (operation.0, answers(specs, read, operation));
    let Some(said) = said(specs, name) else { return BTreeSet::new() };
    let (mut found, mut seen, known) = (BTreeSet::new(), Names::default(), said.names());
    let mut validators = BTreeMap::new();
    let mut finding = |at, how| found.insert((name.to_owned(), at, how));
    for (status, answer) in answers {
        if status < 300 {
            seen.observe(&answer, "");
        }
        let Some(schema) = said.schema(status) else { continue };
        let validator = validators.entry(status).or_insert_with(|| spec::validator(schema));
        for (at, how) in validator.iter_errors(&answer).flat_map(|error| spec::breaches(&error)) {
            finding(at, how);
        }
    }
    for at in seen.without(&known) {
        finding(at, "is unknown".to_owned());
    }
    for (at, how) in known.lacking(&seen) {
        finding(at, how);
    }
    found
}

#[test]
fn every_answer_is_as_the_specification_says_but_for_what_is_listed() {
    let (specs, read) = (Spec::both(), Account::new());
    let found = OPERATIONS.iter().flat_map(|operation| findings(&specs, &read, operation));
    let found = found.collect::<BTreeSet<_>>();
    let unlisted = found.iter().filter(|it| !DEVIATIONS.iter().any(|known| known.covers(it)));
    let unlisted = unlisted.map(|(on, at, how)| format!("{on}: {at} {how}\n")).collect::<String>();
    let unused = DEVIATIONS.iter().flat_map(|known| known.unused(&found)).collect::<String>();
    assert!(unlisted.is_empty() && unused.is_empty(), "not listed:\n{unlisted}\nunused:\n{unused}");
}

#[test]
fn every_endpoint_is_called() {
    let routes = ROUTES.iter().map(|route| format!("{} {}", route.method, route.path));
    let routes = routes.collect::<BTreeSet<_>>();
    let called = OPERATIONS.iter().map(|(name, _)| (*name).to_owned()).collect::<BTreeSet<_>>();
    let differ = routes.symmetric_difference(&called).collect::<Vec<_>>();
    assert!(differ.is_empty(), "not called, or no endpoint: {differ:?}");
}
