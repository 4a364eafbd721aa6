//! One run over the entities that are wanted.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{
    Event, Fault, Observer, Outcome, Report, account,
    plan::{self, Lookback},
    steps::Steps,
};
use crate::{
    api::Client,
    entity::{self, Catalog, Entity, instant},
    progress::Checkpoint,
    schedule::Schedule,
    seams::Clock,
    store::{ChildRule, Renewal, StoreError, Writer},
};

/// Which command a run carries out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Everything that is not there yet.
    Backfill {
        /// Nothing older is mirrored.
        since: Option<Timestamp>,
        /// Forget how far it came, and begin anew.
        restart: bool,
    },
    /// What changed.
    Sync,
    /// Everything by id: repairs what differs, and finds what is gone.
    Reconcile {
        /// Set this many tombstones at most, whatever the ceiling says.
        accept_missing: Option<u64>,
        /// From now on this token's user is the one through whose eyes the mirror sees.
        accept_user: bool,
    },
}

impl Mode {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Backfill { .. } => "backfill",
            Self::Sync => "sync",
            Self::Reconcile { .. } => "reconcile",
        }
    }
}

/// An entity that a run may take up.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Which.
    pub entity: &'static Entity,
    /// When it is due; `None` where something is owed.
    pub schedule: Option<Schedule>,
    /// Whether it is taken up though it is not due.
    pub force: bool,
}

/// What a run needs to know besides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How far before the mark every pass begins at least.
    pub overlap: Duration,
    /// Where the source is, to be noted with the account.
    pub base_url: String,
    /// What hangs on deals and is mirrored.
    pub children: Arc<[ChildRule]>,
    /// Of what only those rows are mirrored that deals name.
    pub restricted: Arc<[&'static Entity]>,
    /// What deals name and is not mirrored: nothing of it is owed.
    pub unmirrored: Arc<[&'static Entity]>,
    /// How old a set may grow that is asked for deal by deal, until it is read again whatever the counters say.
    pub refresh_after: Duration,
    /// How everything is walked by id now and then.
    pub reconcile: Reconciling,
}

/// When everything is walked by id, and how much it may find gone.
#[derive(Debug, Clone)]
pub struct Reconciling {
    /// When it is due.
    pub schedule: Schedule,
    /// The most tombstones that one reconcile sets by itself; `None`: a twentieth of the live rows, at least 25.
    pub max_missing: Option<Ceiling>,
}

/// How much may be gone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ceiling {
    /// Rows.
    Rows(u64),
    /// A part of the live rows.
    Part(f64),
}

impl Settings {
    /// Returns settings for a mirror of deals alone.
    ///
    /// # Panics
    ///
    /// Never: the schedule is one that parses.
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            overlap: Duration::from_secs(60),
            base_url: base_url.into(),
            children: Arc::new([]),
            restricted: Arc::new([]),
            unmirrored: Arc::new([]),
            refresh_after: Duration::from_secs(90 * 24 * 3_600),
            reconcile: Reconciling {
                schedule: Schedule::parse("0 0 3 * * 0").expect("it parses"),
                max_missing: None,
            },
        }
    }
}

/// What a person should know of a source (or a proxy before it) that does not say what time it is.
const NO_DATE: &str = "the answers carry no Date header, so no mark can be kept and every run reads everything; look \
                       for a proxy that takes it off";

/// Carries out runs.
pub struct Engine {
    pub(super) client: Client,
    pub(super) writer: Writer,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) stop: CancellationToken,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) settings: Settings,
    catalog: Mutex<Arc<Catalog>>,
    /// Whether the description of fields could not be read in this run: asking once is enough.
    fields_failed: AtomicBool,
    /// Whether what this token's user does not see may count as gone.
    same_user: AtomicBool,
}

impl Engine {
    /// Makes an engine. `stop` ends its runs in good order.
    pub fn new(
        client: Client,
        writer: Writer,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
        observer: Arc<dyn Observer>,
        settings: Settings,
    ) -> Self {
        Self {
            client,
            writer,
            clock,
            stop,
            observer,
            settings,
            catalog: Mutex::default(),
            fields_failed: AtomicBool::new(false),
            same_user: AtomicBool::new(false),
        }
    }

    /// Carries out one run and says what it did. Whatever ends it, what was stored stays and the next run goes on.
    pub async fn run(&self, mode: &Mode, wanted: &[Wanted]) -> Report {
        let before = self.client.spent();
        let mut report = Report::default();
        self.fields_failed.store(false, Ordering::Relaxed);
        if let Err(fault) = self.run_all(mode, wanted, &mut report).await {
            // Whoever asked for the run says so to a person.
            debug!("The run ends early: {fault}");
            report.fault = Some(fault);
        }
        if !report.entities.is_empty() && self.client.facts().date.is_none() {
            report.notes.push(NO_DATE.to_owned());
        }
        if let Err(fault) = self.client.close().await {
            report.fault.get_or_insert(fault.into());
        }
        let after = self.client.spent();
        (report.requests, report.cost) =
            (after.requests - before.requests, after.cost - before.cost);
        report
    }

    async fn run_all(
        &self,
        mode: &Mode,
        wanted: &[Wanted],
        report: &mut Report,
    ) -> Result<(), Fault> {
        let now = self.clock.now();
        let open = self.writer.run(move |store| store.recover_reservation(now)).await?;
        if open > 0 {
            warn!(
                cost = open,
                "The last run did not end cleanly; {open} of cost it had reserved counts as spent"
            );
        }
        self.check_floor(mode, wanted).await?;
        let Some(asked) = self
            .stop
            .run_until_cancelled(account::ask(&self.client, &self.settings.base_url))
            .await
        else {
            report.stopped = true;
            return Ok(());
        };
        let accept = matches!(mode, Mode::Reconcile { accept_user: true, .. });
        let binding = account::bind(&self.writer, asked?, accept).await?;
        report.notes = binding.notes;
        self.same_user.store(binding.same_user, Ordering::Relaxed);
        self.prepare(mode, wanted).await?;
        let run = self.writer.run(|store| store.next_run()).await?;
        Steps::new(self, mode, run, report).carry_out(wanted).await
    }

    /// Everything that needs no request: what the command asks for, rows that are owed new columns, and what hangs on
    /// rows that were stored before it was mirrored.
    async fn prepare(&self, mode: &Mode, wanted: &[Wanted]) -> Result<(), Fault> {
        if let Mode::Backfill { since, restart } = *mode {
            let entities: Vec<&'static Entity> =
                wanted.iter().map(|wanted| wanted.entity).collect();
            self.writer.run(move |store| store.begin_backfill(&entities, since, restart)).await?;
        }
        self.writer.run(|store| store.notice_decoder()).await?;
        self.renew().await?;
        self.reload_catalog().await?;
        let (rules, now) = (Arc::clone(&self.settings.children), self.server_now());
        let restricted = Arc::clone(&self.settings.restricted);
        let unmirrored = Arc::clone(&self.settings.unmirrored);
        let named: Vec<_> =
            wanted.iter().map(|one| one.entity).filter(|one| one.named.is_some()).collect();
        self.writer
            .run(move |store| {
                for entity in named {
                    store.set_scope(entity, restricted.contains(&entity))?;
                }
                for entity in unmirrored.iter() {
                    store.strike_named(entity)?;
                }
                for &entity in entity::ENTITIES.iter().filter(|entity| entity.child().is_some()) {
                    match rules.iter().find(|rule| rule.entity == entity) {
                        Some(rule) => store.enrol(*rule, now)?,
                        None => store.strike(entity)?,
                    }
                }
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// Refuses a floor other than the one that the lists are mirrored from.
    async fn check_floor(&self, mode: &Mode, wanted: &[Wanted]) -> Result<(), Fault> {
        let Mode::Backfill { since: Some(since), restart: false } = *mode else { return Ok(()) };
        let lists = wanted.iter().map(|wanted| wanted.entity).filter(|entity| entity.has_floor());
        for entity in lists {
            let stored = self.writer.run(move |store| store.checkpoint(entity)).await?;
            if let Some(stored) = stored.filter(|stored| stored.floor != Some(since)) {
                return Err(Fault::OtherFloor {
                    entity: entity.name,
                    stored: stored.floor.map(instant::text),
                    wanted: instant::text(since),
                });
            }
        }
        Ok(())
    }

    /// Returns where a pass of `entity` goes on or begins.
    pub(super) async fn start(&self, entity: &'static Entity) -> Result<Checkpoint, StoreError> {
        let stored = self.writer.run(move |store| store.checkpoint(entity)).await?;
        if !entity.is_list() {
            return Ok(Checkpoint { cursor: None, began_at: None, ..stored.unwrap_or_default() });
        }
        let crowd = match stored.as_ref().and_then(|stored| stored.mark) {
            // How many rows lie behind the mark only those tell that are mirrored.
            Some(mark) if self.is_restricted(entity) => Some(mark),
            Some(mark) => {
                self.writer.run(move |store| store.looked_back(entity, mark, plan::RIDERS)).await?
            }
            None => None,
        };
        Ok(plan::plan(stored, Lookback { overlap: self.settings.overlap, crowd }))
    }

    /// Returns whether only those rows of `entity` are mirrored that deals name.
    pub(super) fn is_restricted(&self, entity: &Entity) -> bool {
        self.settings.restricted.iter().any(|restricted| restricted.name == entity.name)
    }

    /// Returns whether what this token's user does not see may count as gone.
    pub(super) fn is_same_user(&self) -> bool {
        self.same_user.load(Ordering::Relaxed)
    }

    /// Returns the source's time as far as we know it.
    pub(super) fn server_now(&self) -> Timestamp {
        let offset = self.client.facts().clock_offset.unwrap_or_default();
        self.clock.now().checked_add(offset).unwrap_or(Timestamp::MAX)
    }

    /// Notes how reading `entity` ended, if it describes fields.
    pub(super) fn note_fields(&self, entity: &Entity, outcome: Outcome) {
        if entity.table.describes.is_some() && outcome != Outcome::Complete {
            self.fields_failed.store(true, Ordering::Relaxed);
        }
    }

    /// Returns whether asking for the description of fields may help.
    pub(super) fn may_ask_fields(&self) -> bool {
        !self.fields_failed.load(Ordering::Relaxed)
    }

    /// Returns the custom fields as they are known now.
    pub(super) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the custom fields from the store again.
    pub(super) async fn reload_catalog(&self) -> Result<(), StoreError> {
        let table =
            entity::ENTITIES.iter().map(|entity| entity.table).find(|table| table.custom.is_some());
        if let Some(table) = table {
            let catalog = self.writer.run(move |store| store.catalog(table)).await?;
            *self.catalog.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
        }
        Ok(())
    }

    /// Stores rows anew that are owed columns, chunk by chunk; a stop ends it between two of them.
    pub(super) async fn renew(&self) -> Result<(), StoreError> {
        let mut rows = 0;
        while !self.stop.is_cancelled() {
            let now = self.clock.now();
            match self.writer.run(move |store| store.renew(now)).await? {
                Renewal::Done => break,
                Renewal::More { rows: done } => rows += done as u64,
            }
            self.observer.notice(&Event::Renewed { rows });
        }
        Ok(())
    }
}
