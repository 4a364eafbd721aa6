//! The whole program on one thread, in virtual time, against the emulator.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part of this module")]

pub mod attached;
pub mod marks;
pub mod pages;
pub mod reference;
pub mod skew;
pub mod tcp;
pub mod truth;

use std::{
    future::Future,
    path::{Path, PathBuf},
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use futures_util::{FutureExt as _, future::BoxFuture};
use jiff::Timestamp;
use pipedrive_mirror::{
    api::{Client, Options, Reserve},
    clock::VirtualClock,
    emulator::{self, Emulator, Switches, TOKEN, World},
    entity::{self, ENTITIES},
    id::ApiToken,
    schedule::Schedule,
    seams::{Clock as _, Request, Response, Transport, TransportError},
    store::{ChildRule, Lock, Policy, Store, StoreLedger, Writer, WriterLoop},
    sync::{Ceiling, Engine, Mode, Proof, Report, Settings, Take, Unobserved, Verified, Wanted},
};
use rusqlite::Connection;
use skew::Skewed;
use tokio_util::sync::CancellationToken;

pub const BACKFILL: Mode = Mode::Backfill { since: None, restart: false };

pub const RECONCILE: Mode = Mode::Reconcile { accept_missing: None, accept_user: false };

/// What happens to a request on its way.
pub type Meddler = Box<dyn FnMut(&Request) + Send>;

/// What an answer is, or why none arrives.
pub type Answer = Result<Response, TransportError>;

/// What happens to an answer on its way.
pub type Distorter = Box<dyn FnMut(&Request, Answer) -> Answer + Send>;

/// One mirror and its source.
pub struct Sim {
    pub clock: VirtualClock,
    pub emulator: Emulator,
    pub entities: Vec<&'static str>,
    pub overlap: Duration,
    /// How many windows are read side by side.
    pub in_flight: usize,
    /// How the client behaves; what is spent is not limited.
    pub options: Options,
    pub stop: CancellationToken,
    /// When what hangs on deals is owed; `None`: it is not mirrored.
    pub children: Option<Policy>,
    pub max_missing: Option<Ceiling>,
    /// One of them that is not.
    pub without: Option<&'static str>,
    /// Whether what deals point to is mirrored, too.
    pub reference: bool,
    /// Whether all of it is, or what deals name.
    pub all_rows: bool,
    /// What the mirror takes for the time.
    pub mirror_clock: Skewed,
    /// What the mirror identifies itself with.
    pub token: String,
    /// When everything is walked by id; `None`: as usual.
    pub reconcile_at: Option<Schedule>,
    /// What a daemon may spend a day on comparing.
    pub verify_daily_cost: u64,
    folder: tempfile::TempDir,
    meddler: Arc<Mutex<Option<Meddler>>>,
    distorter: Arc<Mutex<Option<Distorter>>>,
    /// Whether no request leaves any more.
    pub cut_off: Arc<AtomicBool>,
}

impl Sim {
    pub fn new(deals: u32, seed: u64) -> Self {
        Self::with(deals, seed, Switches::default())
    }

    pub fn with(deals: u32, seed: u64, switches: Switches) -> Self {
        let now: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        let clock = VirtualClock::new(now);
        let world = World::generate(&emulator::Options { deals, seed, now });
        let emulator = Emulator::new(world, switches, Arc::new(clock.clone()));
        // The world's latest edit lies behind the clock, as it does on any other day.
        clock.advance(Duration::from_secs(3_600));
        Self {
            emulator,
            entities: Vec::new(),
            overlap: Duration::from_secs(60),
            in_flight: 1,
            options: Options {
                attempts: 3,
                daily_share: 1.0,
                reserve: Reserve::Cost(0),
                ..Options::default()
            },
            stop: CancellationToken::new(),
            children: None,
            max_missing: None,
            without: None,
            reference: false,
            all_rows: false,
            mirror_clock: Skewed::new(clock.clone()),
            clock,
            token: TOKEN.to_owned(),
            reconcile_at: None,
            verify_daily_cost: 0,
            folder: tempfile::tempdir().unwrap(),
            meddler: Arc::default(),
            distorter: Arc::default(),
            cut_off: Arc::default(),
        }
    }

    /// Mirrors what hangs on deals, too.
    pub fn and_children(mut self, policy: Policy) -> Self {
        self.children = Some(policy);
        self
    }

    /// Mirrors what deals point to, too.
    pub fn and_reference(mut self) -> Self {
        self.reference = true;
        self
    }

    /// Keeps the mirror in memory where the system offers that: for what would sync a disk ten thousand times.
    pub fn in_memory(mut self) -> Self {
        let memory = Path::new("/dev/shm");
        if let Ok(folder) = tempfile::tempdir_in(memory) {
            self.folder = folder;
        }
        self
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("mirror.db")
    }

    pub fn connection(&self) -> Connection {
        Connection::open(self.database()).unwrap()
    }

    /// Returns what `sql` answers, one number.
    pub fn number(&self, sql: &str) -> i64 {
        self.connection().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Returns what `sql` answers, one text.
    pub fn text(&self, sql: &str) -> Option<String> {
        self.connection().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Calls `meddler` before every request.
    pub fn meddle(&self, meddler: impl FnMut(&Request) + Send + 'static) {
        *self.meddler.lock().unwrap() = Some(Box::new(meddler));
    }

    /// Passes every answer through `distorter`.
    pub fn distort(&self, distorter: impl FnMut(&Request, Answer) -> Answer + Send + 'static) {
        *self.distorter.lock().unwrap() = Some(Box::new(distorter));
    }

    pub fn leave_alone(&self) {
        *self.meddler.lock().unwrap() = None;
        *self.distorter.lock().unwrap() = None;
    }

    pub fn store(&self) -> Store {
        Store::open(Lock::acquire(&self.database()).unwrap(), 0o600).unwrap()
    }

    pub fn backfill(&self) -> Report {
        self.run(&BACKFILL)
    }

    pub fn sync(&self) -> Report {
        self.run(&Mode::Sync)
    }

    pub fn reconcile(&self) -> Report {
        self.run(&RECONCILE)
    }

    /// Carries out a run to its end.
    pub fn run(&self, mode: &Mode) -> Report {
        self.run_for(mode, usize::MAX).expect("it ends by itself")
    }

    /// Carries out a run that dies after `transactions`; `None` if it did.
    pub fn run_for(&self, mode: &Mode, transactions: usize) -> Option<Report> {
        self.run_while(mode, &mut |steps| steps < transactions)
    }

    /// Carries out a run that dies when `lives` says so; see [`drive_while`].
    pub fn run_while(&self, mode: &Mode, lives: &mut dyn FnMut(usize) -> bool) -> Option<Report> {
        let (writer, mut work) = Writer::stepped(self.store());
        let engine = self.engine(&writer, work.store().next_observed().unwrap());
        drive_while(&self.clock, &mut work, engine.run(mode, &self.wanted()), lives)
    }

    /// Compares the mirror with the source.
    pub fn verify(&self, proof: Proof) -> Verified {
        let (writer, mut work) = Writer::stepped(self.store());
        let engine = self.engine(&writer, work.store().next_observed().unwrap());
        let wanted = self.wanted();
        let verified = engine.verify(proof, &wanted);
        drive_while(&self.clock, &mut work, verified, &mut |_| true).expect("it ends by itself")
    }

    fn engine(&self, writer: &Writer, first_observed: u64) -> Engine {
        let clock = Arc::new(self.mirror_clock.clone());
        let transport = self.transport();
        let token = ApiToken::new(&self.token).unwrap();
        let options = Options { first_observed, ..self.options.clone() };
        let client = Client::new(
            transport,
            clock.clone(),
            Arc::new(StoreLedger(writer.clone())),
            token,
            &options,
        );
        let settings = self.settings();
        Engine::new(
            client,
            writer.clone(),
            clock,
            self.stop.clone(),
            Arc::new(Unobserved),
            settings,
        )
    }

    /// The way to the source.
    pub fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(Meddled {
            emulator: self.emulator.clone(),
            meddler: Arc::clone(&self.meddler),
            distorter: Arc::clone(&self.distorter),
            cut_off: Arc::clone(&self.cut_off),
        })
    }

    /// How a run goes about it.
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::new("https://example.invalid");
        settings.overlap = self.overlap;
        settings.in_flight = self.in_flight;
        settings.verify_daily_cost = self.verify_daily_cost;
        settings.reconcile.max_missing = self.max_missing;
        if let Some(schedule) = &self.reconcile_at {
            settings.reconcile.schedule = schedule.clone();
        }
        if self.reference && !self.all_rows {
            settings.restricted =
                ENTITIES.iter().copied().filter(|entity| entity.named.is_some()).collect();
        }
        if let Some(policy) = self.children {
            settings.children = ENTITIES
                .iter()
                .filter(|entity| entity.child().is_some() && self.without != Some(entity.name))
                .map(|&entity| ChildRule { entity, policy })
                .collect();
        }
        settings
    }

    pub fn wanted(&self) -> Vec<Wanted> {
        let named = |entity: &&&entity::Entity| {
            self.entities.is_empty() || self.entities.contains(&entity.name)
        };
        ENTITIES
            .iter()
            .filter(named)
            .filter(|entity| entity.child().is_none() || self.children.is_some())
            .filter(|entity| self.without != Some(entity.name))
            .filter(|entity| self.reference || !is_reference(entity))
            .map(|&entity| Wanted {
                entity,
                schedule: entity.schedule.map(|text| Schedule::parse(text).unwrap()),
                take: if self.entities.is_empty() { Take::WhenDue } else { Take::Named },
            })
            .collect()
    }

    /// Fails unless the mirror holds what the source holds.
    pub fn assert_equal(&self) {
        let mut differences = truth::differences(&self.connection(), &self.emulator);
        if self.children.is_some() {
            differences.extend(attached::differences(&self.connection(), &self.emulator, &[]));
        }
        assert!(differences.is_empty(), "the mirror differs:\n{}", differences.join("\n"));
    }

    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Whether `entity` is what deals point to.
pub fn is_reference(entity: &entity::Entity) -> bool {
    entity.child().is_none() && entity.table.raw.is_none() && entity.table.describes.is_none()
}

/// Runs `future` on this thread: the writer is stepped and the clock is moved when it waits for either. Returns `None`
/// when it was dropped, with the database, after `transactions` jobs of the writer.
pub fn drive<T>(
    clock: &VirtualClock,
    work: &mut WriterLoop,
    future: impl Future<Output = T>,
    transactions: usize,
) -> Option<T> {
    drive_while(clock, work, future, &mut |steps| steps < transactions)
}

/// Runs `future` as [`drive`] does, until `lives` says that it is dead. That is asked whenever it waits, with the number of
/// jobs that the writer has done.
pub fn drive_while<T>(
    clock: &VirtualClock,
    work: &mut WriterLoop,
    future: impl Future<Output = T>,
    lives: &mut dyn FnMut(usize) -> bool,
) -> Option<T> {
    let mut future = pin!(future);
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    let mut steps = 0;
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return Some(done);
        }
        if !lives(steps) {
            return None;
        }
        if work.step() {
            steps += 1;
        } else if !woken.0.swap(false, Ordering::Relaxed) {
            // Nobody asked to be polled again, as a future does that only made room for others.
            assert!(clock.advance_to_next(), "everybody waits and nobody sleeps");
        }
    }
}

/// Whether somebody asked to be polled.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Meddled {
    emulator: Emulator,
    meddler: Arc<Mutex<Option<Meddler>>>,
    distorter: Arc<Mutex<Option<Distorter>>>,
    cut_off: Arc<AtomicBool>,
}

impl Transport for Meddled {
    fn send(&self, request: Request) -> BoxFuture<'_, Answer> {
        if let Some(meddler) = &mut *self.meddler.lock().unwrap() {
            meddler(&request);
        }
        if self.cut_off.load(Ordering::Relaxed) {
            let reason = "nothing leaves any more".to_owned();
            return async { Err(TransportError::Interrupted { reason }) }.boxed();
        }
        async move {
            let answer = self.emulator.send(request.clone()).await;
            match &mut *self.distorter.lock().unwrap() {
                Some(distorter) => distorter(&request, answer),
                None => answer,
            }
        }
        .boxed()
    }
}

/// Returns the files beside `path` that the program made.
pub fn beside(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = path
        .parent()
        .unwrap()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
