//! How the mirror stands, read from its file alone, beside whoever writes: for `status`, the page, the metrics and
//! whoever asks whether it is ready.

mod attention;
mod json;
mod ready;

use std::path::Path;

use jiff::{SignedDuration, Timestamp, ToSpan as _};

pub use attention::{Attention, LARGE_WAL, Reason};
pub use ready::{Late, late};

use crate::{
    api::{Options, Outlook},
    entity::{ENTITIES, Entity},
    store::{Certificate, EntityProgress, Reader, Reconciles, Spent, StoreError},
    sync::Outcome,
};

/// How the mirror stands.
#[derive(Debug, Clone)]
pub struct Status {
    /// The company's name or domain, once a run asked.
    pub company: Option<String>,
    /// Every entity there is, in the order of a run.
    pub entities: Vec<EntityStatus>,
    /// What was spent in the last 24 hours, by endpoint.
    pub spent: Vec<Spent>,
    /// What the source last said is left to the company, unless that is an hour ago or more.
    pub left: Option<u64>,
    /// What may still be spent, and what waits.
    pub outlook: Outlook,
    /// How many deals are stored.
    pub deals: Deals,
    /// Codes of custom fields that have no column, for lack of room.
    pub without_column: Vec<String>,
    /// Codes of custom fields that the view `deals_wide` has no room for.
    pub left_out: Vec<String>,
    /// Where the walks over everything by id stand.
    pub reconciles: Reconciles,
    /// The last time that the mirror was compared with the source.
    pub certificate: Option<Certificate>,
    /// Since when the source refuses the token.
    pub token_refused_since: Option<Timestamp>,
    /// Until when the source's CDN blocks this address.
    pub blocked_until: Option<Timestamp>,
    /// How large the write-ahead log is, in bytes.
    pub wal_bytes: u64,
}

/// How one entity stands.
#[derive(Debug, Clone)]
pub struct EntityStatus {
    /// Which.
    pub entity: &'static Entity,
    /// How far it is mirrored.
    pub progress: EntityProgress,
    /// Lag in seconds: the source's now minus the start of the last complete pass, never minus the mark, as a quiet
    /// weekend is not a stale mirror. `None` where there was no complete pass.
    pub lag_s: Option<i64>,
}

/// How many deals are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deals {
    /// Neither deleted nor gone.
    pub live: u64,
    /// Of those, archived.
    pub archived: u64,
    /// Deleted at the source.
    pub deleted: u64,
    /// No longer returned by the source.
    pub missing: u64,
}

impl EntityStatus {
    /// Returns whether the plan or the permissions exclude it, as far as the last run found.
    pub fn is_excluded(&self) -> bool {
        let outcome = self.progress.last_run.as_ref().and_then(|run| run.outcome.as_deref());
        outcome == Some(Outcome::Skipped.name())
    }
}

impl Status {
    /// Reads how the mirror at `path` stands at `now`, by this machine's clock; `options` are the limits in force.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn read(
        reader: &Reader,
        path: &Path,
        options: &Options,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let offset = SignedDuration::from_secs(reader.clock_offset()?);
        let source_now = now.checked_add(offset).unwrap_or(Timestamp::MAX);
        let entities = ENTITIES
            .iter()
            .map(|&entity| {
                let progress = reader.progress(entity.name)?;
                let began =
                    progress.checkpoint.as_ref().and_then(|stored| stored.complete_began_at);
                let lag_s = began.map(|began| source_now.duration_since(began).as_secs().max(0));
                Ok(EntityStatus { entity, progress, lag_s })
            })
            .collect::<Result<_, StoreError>>()?;
        let today = source_now.checked_sub(24.hours()).unwrap_or(source_now);
        let books = reader.books(source_now)?;
        let blocked = books.standing.blocked_until.map(|(until, _)| until);
        let account = reader.account()?;
        Ok(Self {
            company: account.and_then(|account| account.company_name.or(account.company_domain)),
            entities,
            spent: reader.spent_since(today)?,
            left: reader.budget_left(source_now)?,
            outlook: Outlook::new(options, &books, source_now),
            deals: Deals::read(reader)?,
            without_column: reader.fields_without_column()?,
            left_out: reader.fields_left_out()?,
            reconciles: reader.reconciles()?,
            certificate: reader.certificate()?,
            token_refused_since: reader.token_refused_since()?,
            blocked_until: blocked.filter(|until| *until > source_now),
            wal_bytes: wal_bytes(path),
        })
    }

    /// Returns the cost of the last 24 hours.
    pub fn cost(&self) -> u64 {
        self.spent.iter().map(|spent| spent.cost).sum()
    }
}

impl Deals {
    fn read(reader: &Reader) -> Result<Self, StoreError> {
        let count = |condition: &str| {
            reader.count(&format!("SELECT count(*) FROM deals WHERE {condition}"))
        };
        let live = "is_deleted = 0 AND _missing_since IS NULL";
        Ok(Self {
            live: count(live)?,
            archived: count(&format!("{live} AND is_archived = 1"))?,
            deleted: count("is_deleted = 1")?,
            missing: count("_missing_since IS NOT NULL")?,
        })
    }
}

/// Returns how large the write-ahead log of the database at `path` is; 0 where there is none.
pub fn wal_bytes(path: &Path) -> u64 {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    std::fs::metadata(wal).map_or(0, |metadata| metadata.len())
}
