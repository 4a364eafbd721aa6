//! What is answered to whom.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, header::CONTENT_TYPE},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::get,
};

use super::{
    Site, host,
    page::{self, words},
};
use crate::{daemon::Trouble, status::Late};

/// How long making an answer may take: a little more than a look at the database.
const PATIENCE: Duration = Duration::from_secs(10);

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Returns what answers every request to `site`.
pub fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/", get(front_page))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/api/status", get(api_status))
        .fallback(async || text(StatusCode::NOT_FOUND, "there is nothing here\n"))
        .layer(from_fn(in_time))
        .layer(from_fn_with_state(Arc::clone(&site), by_a_known_name))
        .layer(from_fn(with_headers))
        .with_state(site)
}

async fn front_page(State(site): State<Arc<Site>>) -> Response {
    match site.look_closely().await {
        Ok((look, figures)) => {
            answer(StatusCode::OK, HTML, page::page(&look, &figures).into_string())
        }
        Err(unseen) => answer(
            StatusCode::SERVICE_UNAVAILABLE,
            HTML,
            page::unseen(&unseen.to_string()).into_string(),
        ),
    }
}

async fn healthz(State(site): State<Arc<Site>>) -> Response {
    let (live, elapsed) = (site.pulse.look(), site.clock.elapsed());
    if live.is_alive(elapsed) {
        return text(StatusCode::OK, "ok\n");
    }
    let silent = elapsed.saturating_sub(live.beat.unwrap_or_default()).as_secs();
    let reason = format!("the daemon's loop has not come round for {silent} s\n");
    text(StatusCode::SERVICE_UNAVAILABLE, reason)
}

async fn readyz(State(site): State<Arc<Site>>) -> Response {
    match site.look().await {
        Ok(look) if look.late.is_empty() => text(StatusCode::OK, "ready\n"),
        Ok(look) => {
            let reasons = reasons(&look.late, look.live.trouble.as_ref());
            text(StatusCode::SERVICE_UNAVAILABLE, reasons)
        }
        Err(unseen) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{unseen}\n")),
    }
}

/// Says in words, a line each, why the mirror is not ready.
fn reasons(late: &[Late], trouble: Option<&Trouble>) -> String {
    let mut lines = String::new();
    for late in late {
        let allowed = words::age(late.allowed_s);
        let _ = match late.lag_s {
            Some(lag) => {
                let lag = words::age(lag);
                writeln!(lines, "{}: {lag} old, and may be {allowed} old", late.entity)
            }
            None => writeln!(lines, "{}: never complete", late.entity),
        };
    }
    if let Some(trouble) = trouble {
        // In whose words it is told may name a customer.
        let _ = writeln!(lines, "in trouble since {}; the log says what it is", trouble.since);
    }
    lines
}

async fn metrics(State(site): State<Arc<Site>>) -> Response {
    let (live, looked) = (site.pulse.look(), site.look().await);
    match site.metrics.encode(&live, looked.as_ref().ok()) {
        Ok(body) => answer(StatusCode::OK, OPENMETRICS, body),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}

async fn api_status(State(site): State<Arc<Site>>) -> Response {
    match site.look().await {
        Ok(look) => answer(StatusCode::OK, JSON, look.status.to_json_without_quotes().to_string()),
        Err(unseen) => {
            let body = serde_json::json!({ "error": unseen.to_string() });
            answer(StatusCode::SERVICE_UNAVAILABLE, JSON, body.to_string())
        }
    }
}

fn text(status: StatusCode, body: impl Into<Body>) -> Response {
    answer(status, TEXT, body)
}

fn answer(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    (status, [(CONTENT_TYPE, HeaderValue::from_static(kind))], body.into()).into_response()
}

async fn in_time(request: Request, next: Next) -> Response {
    tokio::time::timeout(PATIENCE, next.run(request)).await.unwrap_or_else(|_| {
        text(StatusCode::SERVICE_UNAVAILABLE, "it took too long; try again later\n")
    })
}

async fn by_a_known_name(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    if host::is_known(request.headers(), request.uri(), &site.terms().allowed_hosts) {
        next.run(request).await
    } else {
        text(StatusCode::MISDIRECTED_REQUEST, host::REFUSAL)
    }
}

async fn with_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    put(response.headers_mut());
    response
}

fn put(headers: &mut HeaderMap) {
    let fixed: [(HeaderName, &'static str); 5] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONNECTION, "close"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, page::POLICY.clone());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_line() {
        let late = [
            Late { entity: "deals", lag_s: Some(7_200), allowed_s: 1_800 },
            Late { entity: "stages", lag_s: None, allowed_s: 1_800 },
        ];
        let since = "2026-02-03T16:40:21Z".parse().unwrap();
        let trouble = Trouble { since, text: "the disk is full; make room".to_owned() };
        insta::assert_snapshot!(reasons(&late, Some(&trouble)), @"
        deals: 2 h old, and may be 30 min old
        stages: never complete
        in trouble since 2026-02-03T16:40:21Z; the log says what it is
        ");
    }
}
