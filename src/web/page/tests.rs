//! States that a filled mirror does not show of itself.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::*;
use crate::{
    api::Options,
    daemon::{Live, Phase, Trouble},
    schedule::Schedule,
    status::Status,
    store::{Lock, Reader, Store},
    web::Terms,
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A look at a mirror without a row, of which `scheduled` is to be mirrored.
fn look(scheduled: &'static str) -> Look {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mirror.db");
    drop(Store::open(Lock::acquire(&path).unwrap(), 0o600).unwrap());
    let (options, now) = (Options::default(), at("2026-02-03T16:40:21Z"));
    let status = Status::read(&Reader::open_current(&path).unwrap(), &path, &options, now).unwrap();
    let terms = Terms {
        options,
        schedules: vec![(scheduled, Schedule::parse("*/5 * * * *").unwrap())],
        ready_within: Duration::from_secs(1_800),
        allowed_hosts: Vec::new(),
    };
    let late = crate::status::late(&status, &terms.schedules, terms.ready_within, now);
    Look { now, own_now: now, status, late, live: Live::default(), terms: Arc::new(terms) }
}

fn said(look: &Look) -> String {
    page(look, &Figures::default()).into_string()
}

#[test]
fn the_worst_is_said_first() {
    let mut look = look("stages");
    assert!(said(&look).contains("<strong>Late:</strong> stages is older than may be."));
    look.live.trouble = Some(Trouble {
        since: at("2026-02-03T16:00:00Z"),
        text: "the source answers nonsense about Ada Lovelace".to_owned(),
    });
    let said = said(&look);
    assert!(said.contains("<strong>In trouble:</strong>") && !said.contains("Lovelace"), "{said}");
    assert!(said.contains("nothing can be mirrored"));
}

#[test]
fn what_the_daemon_does_is_told() {
    let mut look = look("deals");
    let instant = at("2026-02-03T16:45:00Z");
    look.live.waiting = vec![("deals_archived", instant)];
    for (phase, words) in [
        (Phase::Idle { next: Some(instant) }, "The daemon waits for the next tick, at <time"),
        (Phase::Idle { next: None }, "The daemon waits, and nothing is scheduled."),
        (Phase::Running { since: instant }, "A run is under way since <time"),
        (Phase::Waiting { until: instant }, "The daemon waits and tries again at <time"),
        (Phase::Stopping, "The daemon is stopping."),
    ] {
        look.live.phase = phase;
        let said = said(&look);
        assert!(said.contains(words), "{phase:?}: {said}");
        assert!(said.contains("deals archived failed and is asked for again at <time"));
        assert!(said.contains("The first backfill is under way:"));
    }
}

#[test]
fn a_share_of_nothing_is_spent() {
    let mut look = look("deals");
    look.status.outlook.share = 0;
    assert!(said(&look).contains("class=\"gauge bad\""));
}

#[test]
fn a_database_that_cannot_be_read_is_told_as_text() {
    let said = unseen("<b>\u{202e}no").into_string();
    assert!(said.contains("&lt;b&gt;\u{fffd}no."), "{said}");
}
