//! What a run did, for people and for scripts.

use serde::Serialize;

use crate::{api::ApiError, entity::Entity, store::StoreError};

/// How an entity's part of a run, or a whole run, ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything is mirrored.
    Complete,
    /// Some entities failed, the others are up to date.
    Partial,
    /// The daily budget is spent; the checkpoint stands.
    Budget,
    /// It was told to stop; the checkpoint stands.
    Stopped,
    /// It could not be read.
    Failed,
    /// The plan or the permissions exclude it.
    Skipped,
    /// A person has to decide something.
    NeedsPerson,
}

impl Outcome {
    /// Returns the name that stands in JSON and in `sync_runs`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Budget => "budget",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::NeedsPerson => "needs_person",
        }
    }
}

/// What was done for one entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntityReport {
    /// Its name.
    pub entity: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// Pages stored.
    pub pages: u64,
    /// Requests sent.
    pub requests: u64,
    /// What they cost.
    pub cost: u64,
    /// Rows that came.
    pub seen: u64,
    /// Rows stored because they were new or different.
    pub written: u64,
    /// Of those, rows that are deleted at the source.
    pub deleted: u64,
    /// Rows that could not be read, kept in `sync_quarantine`.
    pub quarantined: u64,
    /// Single values that could not be represented; the originals are in the raw text.
    pub misfits: u64,
    /// Rows that claim to have changed later than the source's own clock.
    pub from_future: u64,
    /// Deals that could not be asked about, though others could; they are tried again later.
    pub postponed: u64,
    /// Deals whose children are owed still; only of what hangs on deals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owed: Option<u64>,
    /// Whether it may take days, so that the outcome of a run does not hang on it.
    #[serde(skip)]
    pub trickle: bool,
    /// What went wrong, with the remedy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl EntityReport {
    pub(crate) fn new(entity: &Entity) -> Self {
        Self {
            entity: entity.name,
            outcome: Outcome::Complete,
            pages: 0,
            requests: 0,
            cost: 0,
            seen: 0,
            written: 0,
            deleted: 0,
            quarantined: 0,
            misfits: 0,
            from_future: 0,
            postponed: 0,
            owed: None,
            trickle: entity.is_trickle(),
            error: None,
        }
    }

    /// Adds what was done for the same entity at another moment of the run.
    fn add(&mut self, other: Self) {
        // What was left undone was tried again.
        self.outcome = other.outcome;
        self.pages += other.pages;
        self.requests += other.requests;
        self.cost += other.cost;
        self.seen += other.seen;
        self.written += other.written;
        self.deleted += other.deleted;
        self.quarantined += other.quarantined;
        self.misfits += other.misfits;
        self.from_future += other.from_future;
        self.postponed += other.postponed;
        self.owed = other.owed.or(self.owed);
        self.error = other.error.or(self.error.take());
    }
}

/// What a run did.
#[derive(Debug, Default)]
pub struct Report {
    /// Requests sent, the one that asks whose account it is included.
    pub requests: u64,
    /// What they cost.
    pub cost: u64,
    /// What was done for each entity, in order.
    pub entities: Vec<EntityReport>,
    /// What a person should know though it stopped nothing.
    pub notes: Vec<String>,
    /// What ended the run before its time.
    pub fault: Option<Fault>,
    /// Whether the run was told to stop.
    pub stopped: bool,
}

/// What ends a run before its time.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The source.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A place in a listing that cannot be read, not even row by row. It costs its entity only.
    #[error(
        "{error}; no way past that place, {place}{}",
        if *.behind { "; what changed after it is mirrored newest first" } else { "" }
    )]
    Stuck {
        /// Behind which instant.
        place: String,
        /// Whether what lies behind it could be read.
        behind: bool,
        /// What the source does there.
        error: ApiError,
    },
    /// The source does not hand out what hangs on deals, whichever deal it is. It costs its entity only.
    #[error("{error}; it is asked for again after {again}")]
    Refused {
        /// What the source said.
        error: ApiError,
        /// When.
        again: String,
    },
    /// What hangs on deals failed as a whole a short while ago. It costs its entity only.
    #[error("it failed {failures} times in a row ({why}); it is asked for again after {again}")]
    Waits {
        /// How often.
        failures: u32,
        /// What the source did.
        why: String,
        /// When.
        again: String,
    },
    /// Of no deal that was asked about could its children be had; each is asked about again later.
    #[error("of no deal they could be had: {why}")]
    NoneToBeHad {
        /// What the source did.
        why: String,
    },
    /// A list is empty though the mirror holds rows of it. A fault is likelier than that all of them are gone.
    #[error(
        "the source shows no deal at all at {path}, though the mirror holds {rows} of them; nothing was changed. If that \
         is right, run `reconcile --accept-missing {rows}`"
    )]
    EmptyList {
        /// The list.
        path: &'static str,
        /// How many live rows of it the mirror holds.
        rows: u64,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The token belongs to another company.
    #[error(
        "this database mirrors company {stored}, but the token belongs to company {found}; use that company's token, or \
         another file in database.path"
    )]
    OtherCompany {
        /// Whose mirror it is.
        stored: String,
        /// Whose token it is.
        found: String,
    },
    /// `--since` was given for a mirror that has another floor.
    #[error(
        "{entity} is mirrored {}, so --since {wanted} would leave a gap or keep more than asked; add --restart to begin \
         anew with it",
        floor_text(.stored)
    )]
    OtherFloor {
        /// Which entity.
        entity: &'static str,
        /// The floor in force.
        stored: Option<String>,
        /// The floor asked for.
        wanted: String,
    },
}

fn floor_text(stored: &Option<String>) -> String {
    stored
        .as_ref()
        .map_or_else(|| "from the beginning".to_owned(), |floor| format!("since {floor}"))
}

impl Report {
    pub(crate) fn push(&mut self, report: EntityReport) {
        match self.entities.iter_mut().find(|known| known.entity == report.entity) {
            Some(known) => known.add(report),
            None => self.entities.push(report),
        }
    }

    /// Returns how the run as a whole ended.
    pub fn outcome(&self) -> Outcome {
        let deciding = self.entities.iter().filter(|entity| !entity.trickle);
        let any = |outcome| deciding.clone().any(|entity| entity.outcome == outcome);
        if self.stopped {
            Outcome::Stopped
        } else if self.budget_spent() {
            Outcome::Budget
        } else if self.fault.is_some() {
            Outcome::Failed
        } else if any(Outcome::Failed) {
            if any(Outcome::Complete) { Outcome::Partial } else { Outcome::Failed }
        } else if any(Outcome::NeedsPerson) {
            Outcome::NeedsPerson
        } else {
            Outcome::Complete
        }
    }

    fn budget_spent(&self) -> bool {
        matches!(&self.fault, Some(Fault::Api(error)) if error.is_budget())
            || self
                .entities
                .iter()
                .any(|entity| entity.outcome == Outcome::Budget && !entity.trickle)
    }
}
