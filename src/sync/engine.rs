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
use tracing::{debug, error, info, warn};

use super::{
    Event, Fault, Observer, Outcome, Report, account,
    plan::{self, Lookback},
    walk::{Ended, Walk},
};
use crate::{
    api::{ApiError, Client},
    entity::{self, Advance, Catalog, Entity, instant},
    progress::Checkpoint,
    schedule::Schedule,
    seams::Clock,
    store::{Renewal, RunTotals, StoreError, Writer},
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
}

impl Mode {
    fn name(&self) -> &'static str {
        match self {
            Self::Backfill { .. } => "backfill",
            Self::Sync => "sync",
        }
    }
}

/// An entity that a run may take up.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Which.
    pub entity: &'static Entity,
    /// When it is due.
    pub schedule: Schedule,
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
        report.notes = account::bind(&self.writer, asked?).await?;
        self.prepare(mode, wanted).await?;
        let run = self.writer.run(|store| store.next_run()).await?;
        for wanted in wanted {
            if !self.is_due(mode, wanted).await? {
                continue;
            }
            if !self.run_entity(run, mode, wanted.entity, report).await? {
                break;
            }
        }
        Ok(())
    }

    /// Everything that needs no request: what the command asks for, and rows that are owed new columns.
    async fn prepare(&self, mode: &Mode, wanted: &[Wanted]) -> Result<(), Fault> {
        if let Mode::Backfill { since, restart } = *mode {
            let entities: Vec<&'static Entity> =
                wanted.iter().map(|wanted| wanted.entity).collect();
            self.writer.run(move |store| store.begin_backfill(&entities, since, restart)).await?;
        }
        self.writer.run(|store| store.notice_decoder()).await?;
        self.renew().await?;
        self.reload_catalog().await?;
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

    async fn is_due(&self, mode: &Mode, wanted: &Wanted) -> Result<bool, StoreError> {
        if wanted.force || wanted.entity.every_sync || matches!(mode, Mode::Backfill { .. }) {
            return Ok(true);
        }
        let entity = wanted.entity;
        let last = self
            .writer
            .run(move |store| store.checkpoint(entity))
            .await?
            .and_then(|stored| stored.completed_at);
        Ok(wanted.schedule.due(last, self.server_now()))
    }

    /// Mirrors one entity and writes down how that went; returns whether the run may go on.
    async fn run_entity(
        &self,
        run: i64,
        mode: &Mode,
        entity: &'static Entity,
        report: &mut Report,
    ) -> Result<bool, Fault> {
        let (name, now) = (mode.name(), self.clock.now());
        let row = self.writer.run(move |store| store.begin_run(run, name, entity, now)).await?;
        let before = self.client.spent();
        let start = self.start(entity).await?;
        let mut walk = Walk::new(self, entity, start);
        let ended = walk.run().await;
        let (mut done, others) = (walk.report, walk.others);
        let after = self.client.spent();
        (done.requests, done.cost) = (after.requests - before.requests, after.cost - before.cost);
        let fault = judge(ended, &mut done);
        for other in others {
            done.requests -= other.requests;
            done.cost -= other.cost;
            report.push(other);
        }
        self.note_fields(entity, done.outcome);
        let totals = RunTotals {
            outcome: done.outcome.name(),
            requests: done.requests,
            cost: done.cost,
            seen: done.seen,
            written: done.written,
            deleted: done.deleted,
            error: done.error.clone(),
        };
        log(entity, &done);
        self.observer.notice(&Event::Ended { report: &done });
        report.stopped |= done.outcome == Outcome::Stopped;
        let go_on = !matches!(done.outcome, Outcome::Stopped | Outcome::Budget);
        report.push(done);
        if let Some(fault @ Fault::Store(_)) = fault {
            return Err(fault);
        }
        let now = self.clock.now();
        self.writer.run(move |store| store.end_run(row, &totals, now)).await?;
        fault.map_or(Ok(go_on), Err)
    }

    /// Returns where a pass of `entity` goes on or begins.
    pub(super) async fn start(&self, entity: &'static Entity) -> Result<Checkpoint, StoreError> {
        let stored = self.writer.run(move |store| store.checkpoint(entity)).await?;
        if entity.advance == Advance::FullScan {
            return Ok(Checkpoint { cursor: None, began_at: None, ..stored.unwrap_or_default() });
        }
        let crowd = match stored.as_ref().and_then(|stored| stored.mark) {
            Some(mark) => {
                self.writer.run(move |store| store.looked_back(entity, mark, plan::RIDERS)).await?
            }
            None => None,
        };
        Ok(plan::plan(stored, Lookback { overlap: self.settings.overlap, crowd }))
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

/// Turns the end of a walk into the report's words; returns what ends the whole run.
pub(super) fn judge(ended: Result<Ended, Fault>, done: &mut super::EntityReport) -> Option<Fault> {
    let fault = match ended {
        Ok(Ended::Complete) => return None,
        Ok(Ended::Stopped) => {
            done.outcome = Outcome::Stopped;
            return None;
        }
        Err(fault) => fault,
    };
    done.error = Some(fault.to_string());
    done.outcome = match &fault {
        Fault::Api(error) if error.is_budget() => Outcome::Budget,
        // What may wait is owed, and decides nothing.
        Fault::Api(ApiError::TrickleSpent { .. }) => Outcome::Complete,
        Fault::Api(ApiError::Forbidden { .. } | ApiError::PlanLacks { .. }) => Outcome::Skipped,
        _ => Outcome::Failed,
    };
    match fault {
        Fault::Api(error) if !ends_run(&error) => None,
        Fault::Stuck { .. } => None,
        fault => Some(fault),
    }
}

/// Returns whether no later request of this run can do better.
fn ends_run(error: &ApiError) -> bool {
    use crate::api::Verdict::{Abort, Pause, StopForDay};
    matches!(error.verdict(), Abort | Pause { .. } | StopForDay)
}

fn log(entity: &Entity, done: &super::EntityReport) {
    let (name, seen, written) = (entity.name, done.seen, done.written);
    match (&done.error, done.outcome) {
        (Some(reason), Outcome::Failed) => {
            error!(entity.name = name, "Mirroring {name} failed: {reason}")
        }
        (Some(reason), _) => warn!(entity.name = name, "{name} was left out: {reason}"),
        (None, _) => info!(
            entity.name = name,
            run.rows = seen,
            db.rows = written,
            "Mirrored {name}: {seen} rows came, {written} were new or different"
        ),
    }
}
