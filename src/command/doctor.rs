//! `doctor`: what is wrong, and what to do about it.
//!
//! Properties upheld here:
//! - nothing is changed: the database is only read, but for the booking of what the questions to the source cost, and none
//!   is made;
//! - what can be told without the source is told first; the questions cost [`LIMIT`] at most, and their price is said
//!   before the first one leaves;
//! - a check that fails keeps no other from being made, unless there is nothing left to check.
//!
//! ```text
//! finding         a finding, all of them, in words and as JSON
//! configuration   the file, the environment, what the schedules cost    files      paths, rights, room on the disk
//! holder          who holds the mirror, and whether a daemon is alive   database   version, health, what runs left there
//! source          the network, the token, clock, limits                 probes     what the token may read
//! ```

mod configuration;
mod database;
mod files;
mod finding;
mod holder;
mod probes;
mod source;

use pipedrive_mirror::{
    config::{Config, Overrides},
    exit::Exit,
};

use self::{finding::Findings, holder::Hold};
use super::{Failure, print};
use crate::cli;

/// The most that the questions to the source may cost, all together.
const LIMIT: u64 = 60;

pub(crate) fn doctor(overrides: &Overrides, args: &cli::Doctor) -> Result<Exit, Failure> {
    let mut findings = Findings::default();
    let cost = match configuration::check(overrides, &mut findings)? {
        Some(config) => examine(&config, args.offline, &mut findings)?,
        None => 0,
    };
    if args.json.json {
        print::json(&findings.to_json(cost))?;
    } else {
        print::text(&findings.in_words(cost))?;
    }
    Ok(findings.exit())
}

/// Checks everything behind a sound configuration, and returns what that cost.
fn examine(config: &Config, offline: bool, findings: &mut Findings) -> Result<u64, Failure> {
    let path = files::check(config, findings);
    let (hold, seen) = match &path {
        Some(path) => {
            let hold = holder::check(config, path, findings)?;
            let asks = !offline && hold.lets_ask();
            let seen = database::check(config, path, &hold, asks, findings);
            (hold, seen)
        }
        None => (Hold::Nobody, None),
    };
    configuration::check_schedules(config, findings);
    if offline {
        findings.ok("source", "not asked (--offline)");
        return Ok(0);
    }
    match hold {
        // One gate rules: whoever holds the mirror asks.
        Hold::Daemon | Hold::Other => {
            findings.ok("source", "not asked, as the process that holds the mirror does that");
            Ok(0)
        }
        Hold::Refused => Ok(0),
        Hold::Nobody => source::check(config, None, None, findings),
        Hold::Ours(lock) => source::check(config, Some(lock), seen, findings),
    }
}
