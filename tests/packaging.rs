//! What is in packaging/ fits the program: its metrics, its keys, its exit codes.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

use std::{collections::BTreeSet, fs, path::Path};

use assert_cmd::Command;

/// The metrics of the program, as Prometheus stores them.
const METRICS: [&str; 19] = [
    "pipedrive_mirror_build_info",
    "pipedrive_mirror_company_budget_left",
    "pipedrive_mirror_cost_total",
    "pipedrive_mirror_entity_lag_seconds",
    "pipedrive_mirror_entity_last_success_timestamp_seconds",
    "pipedrive_mirror_entity_runs_total",
    "pipedrive_mirror_needs_person",
    "pipedrive_mirror_owed",
    "pipedrive_mirror_page_commit_seconds_bucket",
    "pipedrive_mirror_page_commit_seconds_count",
    "pipedrive_mirror_page_commit_seconds_sum",
    "pipedrive_mirror_ready",
    "pipedrive_mirror_requests_total",
    "pipedrive_mirror_retries_total",
    "pipedrive_mirror_rows_written_total",
    "pipedrive_mirror_share",
    "pipedrive_mirror_share_left",
    "pipedrive_mirror_trouble",
    "pipedrive_mirror_wal_bytes",
];

/// Why a person may be needed, as the label `reason` says it.
const REASONS: [&str; 4] = ["token_refused", "address_blocked", "large_wal", "reconcile"];

const UNITS: [&str; 2] = ["pipedrive-mirror.service", "pipedrive-mirror-sync.service"];

fn packaged(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging");
    fs::read_to_string(folder.join(name)).unwrap()
}

fn unit(name: &str) -> String {
    packaged(&format!("systemd/{name}"))
}

/// Every word of `text` that begins as a metric does.
fn metrics(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("pipedrive_mirror_"))
        .collect()
}

#[test]
fn alerts_ask_for_metrics_and_reasons_that_there_are() {
    let alerts = packaged("alerts.yml");
    let used = metrics(&alerts);
    assert!(used.len() >= 7, "{used:?}");
    for name in used.iter().copied().chain(metrics(&packaged("prometheus.yml"))) {
        assert!(METRICS.contains(&name), "{name}");
    }
    for reason in REASONS {
        assert!(alerts.contains(&format!("{reason}: ")), "{reason}");
    }
}

#[test]
fn the_readme_names_only_metrics_that_there_are() {
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    for name in metrics(&readme) {
        assert!(METRICS.contains(&name), "{name}");
    }
}

#[test]
fn the_configurations_in_the_package_are_sound() {
    for name in ["systemd/pipedrive-mirror.toml", "container.toml"] {
        let text = packaged(name);
        let uncommented: Vec<&str> = text
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(key) if key.starts_with(|first: char| first.is_ascii_lowercase()) => key,
                _ => line,
            })
            .collect();
        let folder = tempfile::tempdir().unwrap();
        for text in [text.clone(), uncommented.join("\n")] {
            // The folder of the database is not there, so the file is read and shown only.
            let file = folder.path().join("pipedrive-mirror.toml");
            fs::write(&file, text).unwrap();
            let mut command = Command::cargo_bin("pipedrive-mirror").unwrap();
            command.env_clear().arg("--config").arg(&file).args(["config", "show"]);
            command.current_dir(folder.path()).assert().success();
        }
    }
}

#[test]
fn both_services_are_confined_alike_and_start_what_is_there() {
    let [daemon, sync] = UNITS.map(unit);
    for [text, command] in [[&daemon, "daemon"], [&sync, "sync"]] {
        let line = format!("ExecStart=/usr/local/bin/pipedrive-mirror {command}\n");
        assert!(text.contains(&line), "{line}");
    }
    let confined = |text: &str| {
        let lines = text.lines().skip_while(|line| !line.starts_with("# A user that exists"));
        lines.take_while(|line| *line != "[Install]").collect::<Vec<_>>().join("\n")
    };
    assert!(confined(&daemon).contains("NoNewPrivileges=yes"));
    assert_eq!(confined(&daemon).trim(), confined(&sync).trim());
}
