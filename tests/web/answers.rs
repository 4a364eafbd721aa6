//! Who is answered, with what, and how.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use pipedrive_mirror::{
    seams::Clock as _,
    status::Status,
    store::Reader,
    web::{Terms, router},
};
use sha2::{Digest as _, Sha256};

use crate::{DAY, ask, common::Sim, filled, get, send, site, terms};

const PATHS: [&str; 5] = ["/", "/healthz", "/readyz", "/metrics", "/api/status"];

#[test]
fn every_answer_forbids_what_a_browser_need_not_do() {
    let sim = filled();
    for path in PATHS.into_iter().chain(["/nothing"]) {
        let answer = get(&sim, path);
        for (name, value) in [
            ("cache-control", "no-store"),
            ("connection", "close"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(answer.header(name), value, "{path}: {name}");
        }
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(
            policy.ends_with("'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
            "{policy}"
        );
    }
}

#[test]
fn the_policy_allows_the_one_stylesheet_and_no_other() {
    let answer = get(&filled(), "/");
    let (_, rest) = answer.body.split_once("<style>").unwrap();
    let (style, rest) = rest.split_once("</style>").unwrap();
    assert!(!rest.contains("<style") && !rest.contains(" style="));
    let hash = BASE64_STANDARD.encode(Sha256::digest(style));
    assert!(answer.header("content-security-policy").contains(&hash));
}

#[test]
fn each_path_has_its_form_and_nothing_else_is_there() {
    let sim = filled();
    let router = router(site(&sim, &Arc::default()));
    let forms = [
        "text/html; charset=utf-8",
        "text/plain; charset=utf-8",
        "text/plain; charset=utf-8",
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
        "application/json",
    ];
    for (path, form) in PATHS.into_iter().zip(forms) {
        let answer = ask(&router, Method::GET, path);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (StatusCode::OK, form),
            "{path}"
        );
        let head = ask(&router, Method::HEAD, path);
        assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""), "{path}");
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::TRACE] {
            let refused = ask(&router, method, path);
            assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
            assert_eq!(refused.header("allow"), "GET,HEAD", "{path}");
        }
    }
    for path in ["/index.html", "/metrics/", "/api", "//", "/../etc/passwd", "/healthz%2f"] {
        assert_eq!(ask(&router, Method::GET, path).status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[test]
fn only_this_machine_and_configured_names_are_answered() {
    let sim = filled();
    let router = router(site(&sim, &Arc::default()));
    for (hosts, target, status) in [
        (&["127.0.0.1:9187"][..], "/healthz", 200),
        (&["[::1]"], "/healthz", 200),
        (&["Mirror.Example:443"], "/healthz", 200),
        (&["localhost"], "http://localhost:9187/healthz", 200),
        (&[], "/healthz", 421),
        (&["localhost", "localhost"], "/healthz", 421),
        (&["evil.example"], "/healthz", 421),
        (&["evil.example"], "/", 421),
        (&["evil.example"], "/nothing", 421),
        (&["localhost"], "http://evil.example/healthz", 421),
        (&["evil.example"], "http://localhost/healthz", 421),
    ] {
        let request = Request::builder().uri(target);
        let request = hosts.iter().fold(request, |request, host| request.header("host", *host));
        let answer = send(&router, request.body(Body::empty()).unwrap());
        assert_eq!(answer.status.as_u16(), status, "{hosts:?} {target}");
        if status == 421 {
            assert!(answer.body.contains("daemon.allowed_hosts"), "{}", answer.body);
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }
}

#[test]
fn names_may_change_while_it_answers() {
    let sim = filled();
    let site = site(&sim, &Arc::default());
    site.set_terms(Terms { allowed_hosts: vec!["other.example".to_owned()], ..terms(&sim) });
    for (host, status) in [("other.example", 200), ("mirror.example", 421)] {
        let request = Request::builder().uri("/healthz").header("host", host);
        let answer = send(&router(Arc::clone(&site)), request.body(Body::empty()).unwrap());
        assert_eq!(answer.status.as_u16(), status, "{host}");
    }
}

#[test]
fn the_status_is_the_one_of_the_command() {
    let sim = filled();
    let reader = Reader::open_current(&sim.database()).unwrap();
    let status = Status::read(&reader, &sim.database(), &terms(&sim).options, sim.clock.now());
    let answer = get(&sim, "/api/status");
    assert_eq!(answer.body, status.unwrap().to_json().to_string());
}

#[test]
fn it_is_ready_while_everything_is_fresh_and_says_what_is_not() {
    let sim = filled();
    let ready = get(&sim, "/readyz");
    assert_eq!((ready.status, ready.body.as_str()), (StatusCode::OK, "ready\n"));
    sim.advance(2 * DAY);
    let late = get(&sim, "/readyz");
    assert_eq!(late.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(late.body.contains("deals: 2 days old, and may be 30 min old\n"), "{}", late.body);
    assert_eq!(late.body.lines().count(), terms(&sim).schedules.len(), "{}", late.body);

    let empty = Sim::new(3, 1);
    drop(empty.store());
    let never = get(&empty, "/readyz");
    assert_eq!(never.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(never.body.contains("deals: never complete\n"), "{}", never.body);
}

#[test]
fn a_database_that_is_not_there_is_told() {
    let sim = Sim::new(3, 1);
    for path in ["/", "/readyz", "/api/status"] {
        let answer = get(&sim, path);
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(answer.body.contains("the database cannot be read"), "{path}: {}", answer.body);
    }
    assert_eq!(get(&sim, "/healthz").status, StatusCode::OK);
    let metrics = get(&sim, "/metrics");
    assert_eq!(
        metrics.status,
        StatusCode::OK,
        "what is counted in this process is known all the same"
    );
    assert!(metrics.body.contains("\npipedrive_mirror_ready 0\n"), "{}", metrics.body);
}
