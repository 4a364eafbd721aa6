//! `backfill`, `sync` and `reconcile`.

use std::{sync::Arc, thread::JoinHandle, time::Instant};

use anyhow::Context as _;
use indicatif::MultiProgress;
use pipedrive_mirror::{
    api::{BaseUrl, Client, HttpTransport, Options, Reserve, Timeouts},
    clock::SystemClock,
    config::{self, Config},
    exit::Exit,
    id::ApiToken,
    seams::Transport,
    store::{Lock, Reader, Store, StoreError, StoreLedger, Writer},
    sync::{Engine, Fault, Mode, Observer, Outcome, Report, Settings, Wanted},
};
use serde_json::json;

use super::{
    Failure, plan, print, shown,
    wanted::{reconciled, settings, wanted},
};
use crate::{cli, progress_bar::Progress, shutdown::Shutdown};

/// Answers larger than this are not held: 500 deals of 100 kB each.
pub(crate) const BODY_LIMIT: usize = 64 << 20;

/// How often a request is sent at most.
const ATTEMPTS: u32 = 3;

pub(crate) fn backfill(
    config: &Config,
    args: &cli::Backfill,
    bars: MultiProgress,
    quiet: bool,
) -> Result<Exit, Failure> {
    let mode = Mode::Backfill { since: args.since, restart: args.restart };
    mirror(config, &mode, &wanted(config, &args.which)?, args.json.json, bars, quiet)
}

pub(crate) fn sync(
    config: &Config,
    args: &cli::Sync,
    bars: MultiProgress,
    quiet: bool,
) -> Result<Exit, Failure> {
    mirror(config, &Mode::Sync, &wanted(config, &args.which)?, args.json.json, bars, quiet)
}

pub(crate) fn reconcile(
    config: &Config,
    args: &cli::Reconcile,
    bars: MultiProgress,
    quiet: bool,
) -> Result<Exit, Failure> {
    let mode =
        Mode::Reconcile { accept_missing: args.accept_missing, accept_user: args.accept_user };
    let wanted = reconciled(config, &cli::Which { entities: args.entities.clone() })?;
    // It compares with what is there, so it makes no database.
    drop(Reader::open(&config.database)?);
    mirror(config, &mode, &wanted, args.json.json, bars, quiet)
}

fn mirror(
    config: &Config,
    mode: &Mode,
    wanted: &[Wanted],
    json: bool,
    bars: MultiProgress,
    quiet: bool,
) -> Result<Exit, Failure> {
    let source = Source::of(config)?;
    let settings = settings(config, &source.base_url);
    let open = || Store::open(Lock::acquire(&config.database)?, config.database_mode.bits());
    let mut store = open()?;
    // A price that nobody reads is not worth what asking for it may cost.
    if matches!(mode, Mode::Backfill { .. }) && !quiet && !json {
        drop(store);
        plan::announce(config, mode, wanted);
        store = open()?;
    }
    let path = store.path().to_owned();
    let started = Instant::now();
    let runtime = runtime()?;
    let observer = Arc::new(Progress::new(bars, quiet || json));
    let (report, signal) = runtime.block_on(async {
        let shutdown = Shutdown::listen()?;
        let options = options(config);
        let report =
            run(source, store, &options, settings, &shutdown, observer, mode, wanted).await?;
        Ok::<_, Failure>((report, shutdown.exit()))
    })?;
    let exit = report.exit(signal);
    if json {
        print::json(&to_json(&report, exit))?;
    } else {
        print::text(&in_words(&report, &shown(&path), started.elapsed().as_secs_f64()))?;
    }
    match report.fault {
        Some(fault) => Err(Failure::new(exit, fault.to_string())),
        None => Ok(exit),
    }
}

/// Where deals come from.
pub(crate) struct Source {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) token: ApiToken,
    pub(crate) base_url: String,
}

impl Source {
    /// Makes the way to the source that `config` names; nothing is sent yet.
    pub(crate) fn of(config: &Config) -> Result<Self, Failure> {
        let base = base_url(config)?;
        let token = config.require_token()?.clone();
        let base_url = base.to_string();
        let transport = HttpTransport::new(base, Timeouts::default(), BODY_LIMIT)
            .map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
        Ok(Self { transport: Arc::new(transport), token, base_url })
    }
}

/// Returns where the source is.
pub(crate) fn base_url(config: &Config) -> Result<BaseUrl, Failure> {
    config.base_url.parse().map_err(|error| {
        Failure::new(Exit::Usage, format!("{}: {error}", config.source("pipedrive.base_url")))
    })
}

pub(crate) fn options(config: &Config) -> Options {
    Options {
        requests_per_2s: config.requests_per_2s.map(Into::into),
        daily_budget: config.daily_budget.map(Into::into),
        daily_share: config.daily_share,
        reserve: match config.reserve {
            config::Reserve::Part(part) => Reserve::Part(part),
            config::Reserve::Cost(cost) => Reserve::Cost(cost),
        },
        trickle_share: config.fanout.daily_share,
        max_in_flight: usize::try_from(config.max_in_flight.get()).unwrap_or(1),
        attempts: ATTEMPTS,
        jitter_seed: fastrand::u64(..),
        first_observed: 1,
    }
}

pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    Ok(runtime.context("no threads to work with")?)
}

/// Opens everything, carries out one run, and closes everything.
#[expect(clippy::too_many_arguments, reason = "the one place where all parts meet")]
pub(crate) async fn run(
    source: Source,
    store: Store,
    options: &Options,
    settings: Settings,
    shutdown: &Shutdown,
    observer: Arc<dyn Observer>,
    mode: &Mode,
    wanted: &[Wanted],
) -> Result<Report, Failure> {
    let work = async |engine: &Engine| engine.run(mode, wanted).await;
    let (mut report, closed) =
        with_engine(source, store, options, settings, shutdown, observer, work).await?;
    if let Err(error) = closed {
        report.fault.get_or_insert(error.into());
    }
    Ok(report)
}

/// Opens everything, lets an engine do its `work`, and closes everything; returns how closing went besides.
pub(crate) async fn with_engine<T>(
    source: Source,
    store: Store,
    options: &Options,
    settings: Settings,
    shutdown: &Shutdown,
    observer: Arc<dyn Observer>,
    work: impl AsyncFnOnce(&Engine) -> T,
) -> Result<(T, Result<(), StoreError>), Failure> {
    let first_observed = store.next_observed()?;
    let (writer, thread) = Writer::spawn(store).context("no thread to write with")?;
    let clock = Arc::new(SystemClock::new());
    let ledger = Arc::new(StoreLedger(writer.clone()));
    let options = Options { first_observed, ..options.clone() };
    let client = Client::new(source.transport, clock.clone(), ledger, source.token, &options);
    let engine =
        Engine::new(client, writer.clone(), clock, shutdown.token.clone(), observer, settings);
    let done = work(&engine).await;
    drop(engine);
    Ok((done, close(writer, thread).await))
}

/// Writes the log back and closes the database; every other handle of the writer has been dropped.
///
/// # Errors
///
/// The disk failed: what was stored can be read, and yet may not outlive a power failure.
pub(crate) async fn close(writer: Writer, thread: JoinHandle<()>) -> Result<(), StoreError> {
    let truncated = writer.run(|store| store.truncate_log()).await;
    drop(writer);
    // The thread ends once its last handle is dropped; waiting for it closes the database.
    if !matches!(tokio::task::spawn_blocking(move || thread.join()).await, Ok(Ok(()))) {
        tracing::error!("The writing thread ended badly");
    }
    match truncated {
        Err(error) if error.is_broken_disk() => Err(error),
        // Housekeeping: what was mirrored is what counts.
        Err(error) => {
            tracing::warn!("The write-ahead log was not written back: {error}");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

fn to_json(report: &Report, exit: Exit) -> serde_json::Value {
    json!({
        "outcome": report.outcome().name(),
        "exit": exit.code(),
        "requests": report.requests,
        "cost": report.cost,
        "entities": report.entities,
        "notes": report.notes,
        "error": report.fault.as_ref().map(ToString::to_string),
    })
}

/// Says in words what a run did.
pub(crate) fn in_words(report: &Report, database: &str, seconds: f64) -> String {
    let rows = report
        .entities
        .iter()
        .map(|entity| {
            let numbers =
                [entity.seen, entity.written, entity.deleted, entity.requests, entity.cost]
                    .map(print::count);
            let mut row = vec![entity.entity.to_owned(), entity.outcome.name().replace('_', " ")];
            row.extend(numbers);
            row
        })
        .collect();
    let head = ["", "outcome", "rows", "stored", "deleted", "requests", "cost"];
    let mut words = String::new();
    if !report.entities.is_empty() {
        words.push_str(&print::table(&head, rows, &[2, 3, 4, 5, 6]));
    }
    let (requests, cost) = (print::count(report.requests), print::count(report.cost));
    let said = sentence(report, database);
    words.push_str(&match report.outcome() {
        Outcome::Complete => {
            format!("{said} in {seconds:.1} s: {requests} requests at a cost of {cost}.\n")
        }
        // When it goes on is not how long it took.
        _ => {
            format!("{said}. That took {seconds:.1} s: {requests} requests at a cost of {cost}.\n")
        }
    });
    for entity in &report.entities {
        words.push_str(&remarks(entity));
    }
    for note in &report.notes {
        words.push_str(&format!("note: {note}\n"));
    }
    print::escaped(&words).into_owned()
}

fn sentence(report: &Report, database: &str) -> String {
    match report.outcome() {
        Outcome::Complete => format!("{database} is up to date"),
        Outcome::Stopped => format!("{database}: stopped as asked; the next run goes on from here"),
        Outcome::Budget => {
            let when = match &report.fault {
                Some(Fault::Api(error)) => error.resumes(),
                _ => None,
            };
            let when = when.map_or_else(|| "later".to_owned(), |when| format!("at {when}"));
            format!(
                "{database}: no more may be spent for now; run again {when}, and it goes on from here"
            )
        }
        Outcome::Partial => format!("{database} is up to date but for what failed"),
        Outcome::NeedsPerson => {
            format!("{database} is up to date but for what a person has to decide")
        }
        _ => format!(
            "{database} is not up to date; what was stored stays, and the next run goes on from here"
        ),
    }
}

fn remarks(entity: &pipedrive_mirror::sync::EntityReport) -> String {
    let mut remarks = String::new();
    let name = entity.entity;
    let owed = entity.owed.filter(|owed| *owed > 0).map(print::count);
    match (owed, &entity.error) {
        (Some(count), Some(error)) => {
            remarks.push_str(&format!("{name}: {count} are owed still: {error}\n"));
        }
        (Some(count), None) => remarks.push_str(&format!("{name}: {count} are owed still\n")),
        (None, Some(error)) => remarks.push_str(&format!("{name}: {error}\n")),
        (None, None) => {}
    }
    if entity.postponed > 0 {
        remarks.push_str(&format!(
            "{name}: {} could not be had; `status` says why, and they are tried again\n",
            print::count(entity.postponed)
        ));
    }
    if entity.quarantined > 0 {
        let rows = print::count(entity.quarantined);
        remarks.push_str(&format!(
            "{name}: {rows} rows could not be read; they are in sync_quarantine with the reason\n"
        ));
    }
    if entity.misfits > 0 {
        let values = print::count(entity.misfits);
        let raw = pipedrive_mirror::entity::find(name).and_then(|one| one.table.raw);
        remarks.push_str(&format!(
            "{name}: {values} values do not fit their column; the originals are in {}\n",
            raw.unwrap_or("_extra")
        ));
    }
    if entity.from_future > 0 {
        let rows = print::count(entity.from_future);
        remarks.push_str(&format!(
            "{name}: {rows} rows claim to have changed in the future; they are stored\n"
        ));
    }
    remarks
}
