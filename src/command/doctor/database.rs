//! The database: its version and health, and what runs left there. It is only read.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use pipedrive_mirror::{
    config::Config,
    exit::Exit,
    status::{EntityStatus, Reason, Status, late},
    store::{Account, Reader, SCHEMA, StoreError, sqlite_version},
    sync::of_store as exit_of,
};

use super::{
    super::{
        mirror::options,
        print,
        status::{ago, refusal, waiting},
        wanted::is_mirrored,
    },
    Findings, Hold,
    finding::halves,
};
use pipedrive_mirror::entity;

const ABOUT: &str = "database";

/// What the database told.
pub(super) struct Seen {
    /// Whose mirror it is.
    pub(super) account: Option<Account>,
    /// How it stands.
    pub(super) status: Status,
}

/// Checks the database at `path`; `asks`: the source is asked afterwards, which knows better about the token, the block and
/// the clock. Returns what was seen of a database that can be used.
pub(super) fn check(
    config: &Config,
    path: &Path,
    hold: &Hold,
    asks: bool,
    findings: &mut Findings,
) -> Option<Seen> {
    match read(config, path) {
        Err(error) => {
            of_store(&error, findings);
            None
        }
        Ok(Read::Damaged(what)) => {
            damaged(&format!("{} is damaged: {what}", path.display()), findings);
            None
        }
        Ok(Read::Sound(seen, offset_s)) => {
            let live = print::count(seen.status.deals.live);
            let says =
                format!("sound: {live} live deals, schema {SCHEMA}, SQLite {}", sqlite_version());
            findings.ok(ABOUT, says);
            if !asks {
                super::source::clock(SignedDuration::from_secs(offset_s), findings);
            }
            attention(&seen.status, asks, findings);
            budget(&seen.status, asks, findings);
            stale(config, &seen.status, hold, offset_s, findings);
            for one in &seen.status.entities {
                if is_mirrored(config, one.entity) {
                    entity(one, findings);
                }
            }
            Some(*seen)
        }
    }
}

enum Read {
    Damaged(String),
    Sound(Box<Seen>, i64),
}

fn read(config: &Config, path: &Path) -> Result<Read, StoreError> {
    // The file's pages first: whatever else is asked may stumble over a damaged one.
    if let Some(what) = Reader::open(path)?.damage()? {
        return Ok(Read::Damaged(what));
    }
    let reader = Reader::open_current(path)?;
    let status = Status::read(&reader, path, &options(config), Timestamp::now())?;
    let seen = Seen { account: reader.account()?, status };
    Ok(Read::Sound(Box::new(seen), reader.clock_offset()?))
}

fn damaged(says: &str, findings: &mut Findings) {
    let next = "move it away with the files beside it (-wal, -shm), then restore a snapshot or run `pipedrive-mirror backfill`";
    findings.error("database_damaged", ABOUT, (says, next), Exit::Database);
}

/// Adds what keeps the database from being used.
pub(super) fn of_store(error: &StoreError, findings: &mut Findings) {
    let text = error.to_string();
    let id = match error {
        StoreError::Absent(path) => {
            let says = format!(
                "there is none at {}, so what is asked is booked in memory alone",
                path.display()
            );
            let next = "run `pipedrive-mirror backfill`, which makes it; `pipedrive-mirror plan` says what that costs";
            return findings.note("no_database", ABOUT, &says, next);
        }
        StoreError::Older { .. } => {
            let (says, _) = halves(&text, "");
            let next =
                "run `pipedrive-mirror sync`, which brings it up to date (`snapshot` it first)";
            return findings.warning("database_older", ABOUT, says, next);
        }
        StoreError::Of { error: of, .. } if of.is_final() => return damaged(&text, findings),
        StoreError::Unusable { .. } => {
            return damaged(halves(&text, "").0, findings);
        }
        StoreError::Directory(_) => "database_path",
        StoreError::File { what: "locked", .. } => "lock_file",
        StoreError::File { what: "created", .. } => "database_path",
        StoreError::File { .. } => "database_rights",
        StoreError::Foreign(_) => "database_foreign",
        StoreError::Newer { .. } => "database_newer",
        _ => "database",
    };
    let otherwise = match id {
        "lock_file" => {
            "move away what is in the place of the lock file, or give this user the right to write it"
        }
        "database_path" => "make the folder, or name another file in database.path or --database",
        "database_rights" => "give this user the right to read and write the file",
        _ => {
            "free some space, end other programs' transactions, and run `pipedrive-mirror doctor` again"
        }
    };
    findings.error(id, ABOUT, halves(&text, otherwise), exit_of(error));
}

/// Adds what a run left for a person.
fn attention(status: &Status, asks: bool, findings: &mut Findings) {
    for one in status.attention() {
        let (says, next) = halves(&one.text, "look at `pipedrive-mirror status`");
        match one.reason {
            Reason::TokenRefused if asks => {}
            Reason::AddressBlocked if asks => {}
            Reason::TokenRefused => {
                findings.error("token_refused", "token", (says, next), Exit::TokenRefused)
            }
            Reason::AddressBlocked => {
                findings.error("blocked", "source", (says, next), Exit::Partial)
            }
            Reason::LargeWal => findings.warning("large_wal", ABOUT, says, next),
            Reason::Reconcile => findings.warning("reconcile", "reconcile", says, next),
        }
    }
}

/// Adds what may not be spent now.
fn budget(status: &Status, asks: bool, findings: &mut Findings) {
    for one in &status.outlook.postponed {
        let (says, next) = halves(&one.why, "wait");
        match one.what {
            // The gate says the same when it is asked.
            "all" if asks || status.blocked_until.is_some() => {}
            "all" => findings.warning("postponed", "budget", says, &format!("wait: {next}")),
            _ => findings.note(
                "trickle_postponed",
                "budget",
                says,
                &format!("wait: {next}; or raise fanout.daily_share"),
            ),
        }
    }
}

/// Adds what is older than its schedule allows.
fn stale(config: &Config, status: &Status, hold: &Hold, offset_s: i64, findings: &mut Findings) {
    let schedules: Vec<_> = entity::ENTITIES
        .iter()
        .filter(|entity| is_mirrored(config, entity))
        .filter_map(|entity| Some((entity.name, config.entity(entity.name)?.schedule.clone()?)))
        .collect();
    let now = Timestamp::now() + SignedDuration::from_secs(offset_s);
    let late = late(status, &schedules, config.daemon.ready_within, now);
    if late.is_empty() {
        return findings.ok("freshness", "as fresh as the schedules promise");
    }
    let names: Vec<String> = late
        .iter()
        .map(|late| match late.lag_s {
            Some(lag_s) => format!("{} ({})", late.entity, ago(lag_s)),
            None => format!("{} (never whole)", late.entity),
        })
        .collect();
    let next = match hold {
        Hold::Daemon | Hold::Other => {
            "look at `pipedrive-mirror status` for what keeps the process that holds the mirror"
        }
        _ => {
            "run `pipedrive-mirror sync`; then keep `pipedrive-mirror daemon` running, or a timer that calls `sync`"
        }
    };
    findings.warning("stale", "freshness", &format!("late: {}", names.join(", ")), next);
}

/// Adds what is wrong with one entity.
fn entity(one: &EntityStatus, findings: &mut Findings) {
    let (name, progress) = (one.entity.name, &one.progress);
    let error = progress.last_run.as_ref().and_then(|run| run.error.as_deref());
    let outcome = progress.last_run.as_ref().and_then(|run| run.outcome.as_deref());
    if let Some(since) = progress.refused_since {
        let text = refusal(since);
        let next = format!(
            "nothing, if the plan lacks it: entities.{name}.enabled = false ends the asking"
        );
        findings.note("entity_refused", name, &text, &next);
    } else if one.is_excluded() {
        let (says, next) =
            halves(error.unwrap_or("the last run had to leave it out"), "disable the entity");
        findings.warning("not_permitted", name, says, next);
    } else if let Some(held) = &progress.held {
        let text = waiting(held);
        let (says, next) = halves(&text, "look at what it fails of; it is tried again by itself");
        findings.warning("entity_failing", name, says, next);
    } else if outcome == Some("failed") {
        let text = error.unwrap_or("it failed in the last run");
        let (says, next) = halves(text, "run `pipedrive-mirror sync -v`, and report what it says");
        findings.warning("entity_failing", name, says, next);
    }
    if progress.quarantined > 0 {
        findings.warning(
            "quarantine",
            name,
            &format!("{} rows could not be read", print::count(progress.quarantined)),
            "see why: pipedrive-mirror query \"SELECT key, reason FROM sync_quarantine\"; a newer version of this program \
             reads them again",
        );
    }
    if let Some((id, why)) = &progress.owing.error {
        findings.note(
            "owed_failing",
            name,
            &format!("{} of what is owed failed, such as that of {id}: {why}", print::count(progress.owing.failing)),
            "nothing: each is tried again, ever more rarely; `pipedrive-mirror reconcile` asks for all of them",
        );
    }
}
