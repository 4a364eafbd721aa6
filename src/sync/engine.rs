//! One run over the entities that are wanted.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{
    Event, Fault, Observer, Outcome, Report, account,
    plan::{self, Lookback},
    steps::Steps,
};
use crate::{
    api::{ApiError, Client},
    entity::{self, Catalog, Entity, instant},
    progress::Checkpoint,
    schedule::Schedule,
    seams::Clock,
    store::{ChildRule, Renewal, Store, StoreError, Writer},
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
    /// What changed, of what the daemon says is due.
    Daemon,
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
            Self::Daemon => "daemon",
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
    /// Whether its list is read.
    pub take: Take,
}

/// Whether a run reads a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Take {
    /// If its schedule says so, or it is one that every run reads.
    #[default]
    WhenDue,
    /// Whatever its schedule says, as a person named it: then nothing waits that failed a short while ago, and nothing is
    /// done that nobody named.
    Named,
    /// As whoever asks knows that it is due.
    Now,
    /// Not in this run, as whoever asks knows that it is not due. What is owed is read all the same.
    NotNow,
}

impl Wanted {
    /// Returns whether a run of `mode` reads the list; `None`: as its schedule says.
    pub(super) fn taken(&self, mode: &Mode) -> Option<bool> {
        match self.take {
            Take::NotNow => Some(false),
            Take::Named | Take::Now => Some(true),
            Take::WhenDue if self.entity.every_sync => Some(true),
            Take::WhenDue => matches!(mode, Mode::Backfill { .. }).then_some(true),
        }
    }

    /// Returns whether a backfill that begins anew reads what hangs on deals again, too. Where every deal costs a request
    /// of its own, only a person who names it wants that.
    pub(super) fn is_read_anew(&self) -> bool {
        self.entity.child().is_some() && (!self.entity.is_trickle() || self.take == Take::Named)
    }
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
    /// How many windows of a listing a first pass reads side by side, at most; and groups of what hangs on deals.
    pub in_flight: usize,
    /// How old a set may grow that is asked for deal by deal, until it is read again whatever the counters say.
    pub refresh_after: Duration,
    /// How everything is walked by id now and then.
    pub reconcile: Reconciling,
    /// What a daemon may spend a day on comparing the mirror with the source; 0: it does not.
    pub verify_daily_cost: u64,
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
            in_flight: 1,
            refresh_after: Duration::from_secs(90 * 24 * 3_600),
            reconcile: Reconciling {
                schedule: Schedule::parse("0 0 3 * * 0").expect("it parses"),
                max_missing: None,
            },
            verify_daily_cost: 0,
        }
    }
}

/// What a person should know of a source (or a proxy before it) that does not say what time it is.
const NO_DATE: &str = "the answers carry no Date header, so no mark can be kept and every run reads everything; look \
                       for a proxy that takes it off";

/// A wall clock that differs so much from the one that never goes back did not just drift.
const JUMP: Duration = Duration::from_secs(10);

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
    /// When it was last asked whose token it is, by the clock that never goes back.
    asked: Mutex<Asked>,
    /// Both clocks when the last run ended.
    clocks: Mutex<Option<(Timestamp, Duration)>>,
    /// When what may take days is put off, by the clock that never goes back.
    trickle_until: Mutex<Option<Duration>>,
}

/// What is known of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Nothing yet.
    Never,
    /// It answered then.
    At(Duration),
    /// The last run ended before its time: one cheap question tells whether the source is well again.
    InDoubt,
}

/// How long an answer to whose token it is holds: a user's rights may change, and a company its name.
const ASKED_HOLDS: Duration = Duration::from_secs(24 * 3_600);

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
            asked: Mutex::new(Asked::Never),
            clocks: Mutex::new(None),
            trickle_until: Mutex::new(None),
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
            self.set_asked(Asked::InDoubt);
            report.fault = Some(fault);
        }
        // Where a list failed, the source may be in trouble as a whole: the next run finds out before it asks for lists.
        if report.entities.iter().any(|one| one.outcome == Outcome::Failed) {
            self.set_asked(Asked::InDoubt);
        }
        if let Err(fault) = self.note_refusal(report.fault.as_ref()).await {
            report.fault.get_or_insert(fault.into());
        }
        if !report.entities.is_empty() && self.client.facts().date.is_none() {
            report.notes.push(NO_DATE.to_owned());
        }
        if let Err(fault) = self.client.close().await {
            report.fault.get_or_insert(fault.into());
        }
        let clocks = (self.clock.now(), self.clock.elapsed());
        *self.clocks.lock().unwrap_or_else(PoisonError::into_inner) = Some(clocks);
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
        if !self.ask_account(mode, report).await? {
            report.stopped = true;
            return Ok(());
        }
        self.prepare(mode, wanted).await?;
        let run = self.writer.run(move |store| store.next_run(now)).await?;
        Steps::new(self, mode, run, report).carry_out(wanted).await
    }

    /// Asks whose token it is, unless that was done a short while ago; returns whether the run may go on.
    async fn ask_account(&self, mode: &Mode, report: &mut Report) -> Result<bool, Fault> {
        let known = *self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.elapsed();
        let holds = matches!(known, Asked::At(at) if now.saturating_sub(at) < ASKED_HOLDS);
        if holds && !self.clock_jumped() {
            return Ok(true);
        }
        let base_url = &self.settings.base_url;
        let ask = async {
            match known {
                Asked::InDoubt => account::ask_once(&self.client, base_url).await,
                _ => account::ask(&self.client, base_url).await,
            }
        };
        let Some(asked) = self.stop.run_until_cancelled(ask).await else { return Ok(false) };
        let accept = matches!(mode, Mode::Reconcile { accept_user: true, .. });
        let asked = asked?;
        self.note_token(false).await?;
        let binding = account::bind(&self.writer, asked, accept).await?;
        report.notes = binding.notes;
        self.same_user.store(binding.same_user, Ordering::Relaxed);
        self.set_asked(Asked::At(now));
        Ok(true)
    }

    /// Returns whether the wall clock was set since the last run, or the machine slept: then the source's time is not known
    /// before it answers.
    fn clock_jumped(&self) -> bool {
        let clocks = *self.clocks.lock().unwrap_or_else(PoisonError::into_inner);
        clocks.is_some_and(|(now, elapsed)| {
            let went_on = self.clock.elapsed().saturating_sub(elapsed);
            let expected = SignedDuration::try_from(went_on).unwrap_or(SignedDuration::MAX);
            let seemed = self.clock.now().duration_since(now);
            seemed.saturating_sub(expected).unsigned_abs() > JUMP
        })
    }

    fn set_asked(&self, asked: Asked) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = asked;
    }

    /// Writes down since when the source refuses the token, if that is what ended the run.
    async fn note_refusal(&self, fault: Option<&Fault>) -> Result<(), StoreError> {
        if matches!(fault, Some(Fault::Api(ApiError::Unauthorized))) {
            self.note_token(true).await?;
        }
        Ok(())
    }

    async fn note_token(&self, refused: bool) -> Result<(), StoreError> {
        let now = self.server_now();
        self.writer.run(move |store| store.note_token(refused, now)).await
    }

    /// Everything that needs no request: what the command asks for, rows that are owed new columns, and what hangs on
    /// rows that were stored before it was mirrored.
    async fn prepare(&self, mode: &Mode, wanted: &[Wanted]) -> Result<(), Fault> {
        if let Mode::Backfill { since, restart } = *mode {
            let entities: Vec<&'static Entity> =
                wanted.iter().map(|wanted| wanted.entity).collect();
            let anew = wanted.iter().filter(|wanted| restart && wanted.is_read_anew());
            let anew: Vec<&'static Entity> = anew.map(|wanted| wanted.entity).collect();
            let begin =
                move |store: &mut Store| store.begin_backfill(&entities, since, restart, &anew);
            self.writer.run(begin).await?;
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

    /// Lets what may take days go on until the clock that never goes back shows `until`, as something more urgent is due
    /// then. What is owed stays owed.
    pub fn put_trickle_off(&self, until: Option<Duration>) {
        *self.trickle_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    /// Returns whether reading `entity` has to make room for something more urgent.
    pub(super) fn is_put_off(&self, entity: &Entity) -> bool {
        let until = *self.trickle_until.lock().unwrap_or_else(PoisonError::into_inner);
        entity.is_trickle() && until.is_some_and(|until| until <= self.clock.elapsed())
    }

    /// Returns the source's time as far as we know it.
    pub fn server_now(&self) -> Timestamp {
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
