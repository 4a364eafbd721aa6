//! What the daemon shows of itself over HTTP, of a mirror that was filled from the emulator in virtual time.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod answers;
#[path = "../common/mod.rs"]
mod common;
mod connections;
mod expected;
mod html;
mod metrics;
mod page;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use common::Sim;
use pipedrive_mirror::{
    api::Options,
    daemon::Pulse,
    store::Policy,
    web::{Metrics, Site, Terms, router},
};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

const DAY: u64 = 24 * 3_600;

/// A mirror of a small company, with everything it mirrors.
fn filled() -> Sim {
    let sim = Sim::new(60, 7).and_children(Policy::Counter).and_reference();
    sim.backfill();
    sim
}

fn terms(sim: &Sim) -> Terms {
    let wanted = sim.wanted().into_iter();
    Terms {
        options: Options { daily_share: 0.5, ..sim.options.clone() },
        schedules: wanted.filter_map(|one| Some((one.entity.name, one.schedule?))).collect(),
        ready_within: Duration::from_secs(30 * 60),
        allowed_hosts: vec!["mirror.example".to_owned()],
    }
}

fn site(sim: &Sim, metrics: &Arc<Metrics>) -> Arc<Site> {
    let (clock, pulse) = (Arc::new(sim.clock.clone()), Arc::new(Pulse::default()));
    Arc::new(Site::new(sim.database(), clock, pulse, Arc::clone(metrics), terms(sim)))
}

/// What was answered.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

fn send(router: &Router, request: Request<Body>) -> Answer {
    runtime().block_on(async {
        let (head, body) = router.clone().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, 4 << 20).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: head.status, headers: head.headers, body }
    })
}

/// A runtime for one question. A mirror is filled outside of any, or tokio would interrupt it.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn ask(router: &Router, method: Method, path: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:9187");
    send(router, request.body(Body::empty()).unwrap())
}

fn get(sim: &Sim, path: &str) -> Answer {
    ask(&router(site(sim, &Arc::default())), Method::GET, path)
}
