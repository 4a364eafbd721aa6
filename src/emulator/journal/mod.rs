//! A world that outlives its process: how it was made, and every edit since, in a file.
//!
//! The first line says which world was generated and when; every other line is one JSON object with the edits of one
//! moment. A line is written in one piece before whoever asked for its edits has an answer, so a write of several edits is
//! kept whole or not at all, and what a killed process leaves is a file whose last line may be torn; that one is dropped.
//! Carried out again from the beginning, the lines lead to the same world. Nothing is forced to the disk: a machine
//! that loses its power may lose the last seconds.

mod error;
mod open;
#[cfg(test)]
mod tests;
mod wire;

use std::{
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::{Emulator, Second, State, Switches, edit::Edit};
use crate::seams::Clock;

pub use error::StateError;

/// What is said to make a world, or to go on with one.
#[derive(Debug, Clone)]
pub struct Wish {
    /// How many deals a new world has, and an old one began with; `None`: any, and 1,000 in a new one.
    pub deals: Option<u32>,
    /// Its seed; `None`: any, and 7 for a new one.
    pub seed: Option<u64>,
    /// The present.
    pub now: Timestamp,
}

impl Wish {
    /// How many deals a world has where nothing is said.
    pub const DEALS: u32 = 1_000;
    /// Its seed.
    pub const SEED: u64 = 7;
}

/// What was found in a state file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// The seed of the world.
    pub seed: u64,
    /// How many edits were carried out again; `None`: the world is new.
    pub edits: Option<u64>,
    /// Whether the last line was torn, and dropped.
    pub torn: bool,
}

/// What becomes of the edits and requests that are over.
pub(super) enum Past {
    /// They are kept in memory, for tests to look at.
    Remembered,
    /// They are forgotten, as a process must that lives for months.
    Forgotten,
    /// The edits are written down.
    Written(Journal),
    /// They could not be.
    Lost(StateError),
}

/// The edits of one moment.
#[derive(Serialize)]
struct Moment<'a> {
    at: Second,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    by_request: bool,
    edits: Vec<&'a Edit>,
}

/// The same, read back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    at: Second,
    /// The chronicle of a deal says by which way a change came.
    #[serde(default)]
    by_request: bool,
    edits: Vec<Edit>,
}

/// The open file.
pub(super) struct Journal {
    file: File,
    path: PathBuf,
    /// Ready when a line could not be written.
    broken: CancellationToken,
}

impl Journal {
    /// Writes `edits` down, a line for each second.
    fn write(&mut self, edits: &[(Second, Edit)], by_request: bool) -> Result<(), StateError> {
        let mut lines = Vec::new();
        for moment in edits.chunk_by(|one, other| one.0 == other.0) {
            let edits = moment.iter().map(|(_, edit)| edit).collect();
            let moment = Moment { at: moment[0].0, by_request, edits };
            serde_json::to_writer(&mut lines, &moment).expect("an edit is writable as JSON");
            lines.push(b'\n');
        }
        self.file.write_all(&lines).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> StateError {
        StateError::Write { path: self.path.clone(), reason: reason(error) }
    }
}

/// Says what the system said, in words where those are clearer.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        _ => error.to_string(),
    }
}

impl State {
    /// Lets the edits so far become the past. They were asked for by a request, or by nobody that this program knows of.
    pub(super) fn settle(&mut self, by_request: bool) {
        match &mut self.past {
            Past::Remembered => return,
            Past::Forgotten | Past::Lost(_) => {}
            Past::Written(_) if self.world.history.is_empty() => return,
            Past::Written(journal) => {
                if let Err(error) = journal.write(&self.world.history, by_request) {
                    journal.broken.cancel();
                    self.past = Past::Lost(error);
                }
            }
        }
        self.world.history.clear();
    }
}

impl Emulator {
    /// Puts the world that is kept in `path` behind the API, or a new one that is kept there from now on. Requests and
    /// edits are not remembered otherwise. `switches` are not kept: other ones than before lead to another world.
    ///
    /// # Errors
    ///
    /// When the file is none of an emulator, in use, of another world than `wish` says, or damaged; then it is left as it
    /// is. Or when the system does not let it be read or written.
    pub fn keep(
        path: &Path,
        wish: &Wish,
        switches: Switches,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Kept), StateError> {
        let (world, journal, kept) = open::open(path, wish, switches)?;
        Ok((Self::with_past(world, Past::Written(journal), clock), kept))
    }

    /// Forgets requests and edits from now on once they are over.
    pub fn forget(&self) {
        let mut state = self.state();
        state.past = Past::Forgotten;
        state.log.clear();
        state.settle(false);
    }

    /// Waits until something that happened could not be written down, and says why; forever where nothing is kept.
    pub async fn lost(&self) -> StateError {
        loop {
            let broken = match &self.state().past {
                Past::Remembered | Past::Forgotten => None,
                Past::Written(journal) => Some(journal.broken.clone()),
                Past::Lost(error) => return error.clone(),
            };
            match broken {
                Some(broken) => broken.cancelled().await,
                None => std::future::pending().await,
            }
        }
    }
}
