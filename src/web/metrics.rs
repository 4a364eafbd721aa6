//! What Prometheus is told: counters of what happens in this process, and gauges of what the database says when it is
//! asked.

use std::{fmt, fs};

use prometheus_client::{
    encoding::text::encode,
    metrics::{
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::Gauge,
        histogram::Histogram,
        info::Info,
    },
    registry::Registry,
};

use super::look::Look;
use crate::{
    api::Meter,
    daemon::Live,
    endpoint::Endpoint,
    status::Reason,
    store,
    sync::{Event, Observer},
};

/// Upper ends of the classes that the times of transactions are counted in, in seconds: from what a page costs on a good
/// disk to what a stranger's lock makes of it.
const COMMIT_SECONDS: [f64; 14] =
    [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

type One = [(&'static str, &'static str); 1];
type Labels = [(&'static str, String); 2];

/// Counts what happens, for `/metrics`.
#[derive(Debug)]
pub struct Metrics {
    requests: Family<Labels, Counter>,
    cost: Family<Labels, Counter>,
    retries: Family<One, Counter>,
    written: Family<One, Counter>,
    runs: Family<Labels, Counter>,
    commits: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            cost: Family::default(),
            retries: Family::default(),
            written: Family::default(),
            runs: Family::default(),
            commits: Histogram::new(COMMIT_SECONDS),
        }
    }
}

impl Meter for Metrics {
    fn answered(&self, endpoint: &'static Endpoint, status: Option<u16>) {
        let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        let labels = [("endpoint", endpoint.path.to_owned()), ("status", status)];
        self.requests.get_or_create(&labels).inc();
        self.cost.get_or_create(&labels).inc_by(endpoint.cost);
    }

    fn retried(&self, endpoint: &'static Endpoint) {
        self.retries.get_or_create(&[("endpoint", endpoint.path)]).inc();
    }
}

impl Observer for Metrics {
    fn notice(&self, event: &Event<'_>) {
        match event {
            Event::Stored { took, .. } => self.commits.observe(took.as_secs_f64()),
            Event::Ended { report } => {
                self.written.get_or_create(&[("entity", report.entity)]).inc_by(report.written);
                let outcome = report.outcome.name().to_owned();
                let labels = [("entity", report.entity.to_owned()), ("outcome", outcome)];
                self.runs.get_or_create(&labels).inc();
            }
            _ => {}
        }
    }
}

impl Metrics {
    /// Returns everything in the text form of OpenMetrics. Where the database could not be looked at, what it would say is
    /// left out, and the mirror is not ready.
    pub(super) fn encode(&self, live: &Live, look: Option<&Look>) -> Result<String, fmt::Error> {
        let mut registry = Registry::default();
        let gauges = registry.sub_registry_with_prefix("pipedrive_mirror");
        self.counters(gauges, live);
        gauge(
            gauges,
            "trouble",
            "Whether something keeps all from being mirrored",
            live.trouble.is_some(),
        );
        let ready = look.is_some_and(|look| look.late.is_empty());
        gauge(gauges, "ready", "Whether everything is as fresh as it has to be", ready);
        if let Some(look) = look {
            budget(gauges, look);
            entities(gauges, look);
        }
        process(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(text)
    }

    fn counters(&self, registry: &mut Registry, live: &Live) {
        let build = Info::new([
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("sqlite", store::sqlite_version().to_owned()),
            ("schema", store::SCHEMA.to_string()),
        ]);
        registry.register("build", "What the program is made of", build);
        registry.register(
            "requests",
            "Requests sent, by the answer's status",
            self.requests.clone(),
        );
        registry.register(
            "cost",
            "What those requests cost of the company's daily budget",
            self.cost.clone(),
        );
        registry.register("retries", "Calls that were sent again", self.retries.clone());
        registry.register(
            "rows_written",
            "Rows stored because they were new or different",
            self.written.clone(),
        );
        registry.register(
            "entity_runs",
            "Times an entity was taken up, by how that ended",
            self.runs.clone(),
        );
        registry.register(
            "page_commit_seconds",
            "How long storing a page took",
            self.commits.clone(),
        );
        registry.register(
            "ticks_folded",
            "Ticks that came while a run was under way",
            ConstCounter::new(live.folded),
        );
    }
}

/// What is left, and what needs a person.
fn budget(registry: &mut Registry, look: &Look) {
    let (status, outlook) = (&look.status, &look.status.outlook);
    gauge(registry, "share", "The part of the daily budget the mirror may spend", outlook.share);
    gauge(registry, "share_left", "What is left of it", outlook.left);
    if let Some(left) = status.left {
        gauge(
            registry,
            "company_budget_left",
            "What the source last said is left to the company",
            left,
        );
    }
    gauge(registry, "wal_bytes", "The size of the write-ahead log", status.wal_bytes);
    let found = status.attention();
    let family = family(registry, "needs_person", "Whether a person is needed, by the reason");
    for reason in Reason::ALL {
        let needed = found.iter().any(|one| one.reason == reason);
        family.get_or_create(&[("reason", reason.name())]).set(i64::from(needed));
    }
}

/// How fresh every entity is, and what is owed of it.
fn entities(registry: &mut Registry, look: &Look) {
    let lag = family(registry, "entity_lag_seconds", "Time since the last complete pass began");
    let success = family(
        registry,
        "entity_last_success_timestamp_seconds",
        "When a pass was last complete, by the source's clock",
    );
    let owed = family(registry, "owed", "Deals or rows that have yet to be asked about");
    for one in &look.status.entities {
        let labels = [("entity", one.entity.name)];
        if let Some(lag_s) = one.lag_s {
            lag.get_or_create(&labels).set(lag_s);
        }
        let checkpoint = one.progress.checkpoint.as_ref();
        if let Some(at) = checkpoint.and_then(|checkpoint| checkpoint.completed_at) {
            success.get_or_create(&labels).set(at.as_second());
        }
        if one.entity.owed_by().is_some() {
            owed.get_or_create(&labels).set(one.progress.owing.count.cast_signed());
        }
    }
}

/// What the system says of this process, where it has `/proc`.
fn process(registry: &mut Registry) {
    let resident = fs::read_to_string("/proc/self/status").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    });
    if let Some(kib) = resident {
        gauge(registry, "process_resident_memory_bytes", "Memory in use", kib * 1_024);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is the folder that is being read.
        let open = open.count().saturating_sub(1);
        gauge(registry, "process_open_fds", "Open files and connections", open);
    }
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: impl TryInto<i64>) {
    let gauge: Gauge = Gauge::default();
    gauge.set(value.try_into().unwrap_or(i64::MAX));
    registry.register(name, help, gauge);
}

fn family(registry: &mut Registry, name: &str, help: &str) -> Family<One, Gauge> {
    let family = Family::<One, Gauge>::default();
    registry.register(name, help, family.clone());
    family
}
