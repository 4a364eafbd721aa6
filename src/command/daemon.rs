//! `daemon`: keeps the mirror fresh until it is told to stop.

use std::{
    future::Future,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use pipedrive_mirror::{
    clock::SystemClock,
    config::{Config, Overrides},
    daemon::{Bell, Commander, Daemon, Ended, Orders, Parts, Pulse, Ringer},
    exit::Exit,
    id::ApiToken,
    schedule::Schedule,
    store::{DAEMON, Lock, Store, Writer},
    sync,
    web::{self, Metrics, Site, Terms},
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{
    Failure, load,
    mirror::{Source, close, options, runtime},
    wanted::{settings, wanted},
};
use crate::{cli, shutdown::Shutdown, supervisor::Systemd};

/// How long the pages may take to end; who reads on after that is cut off.
const PAGES_END: Duration = Duration::from_secs(2);

/// How soon a database that cannot be opened for now is tried again.
const OPEN_AGAIN: Duration = Duration::from_secs(30);

pub(crate) fn daemon(overrides: &Overrides) -> Result<Exit, Failure> {
    let config = load(overrides)?;
    let orders = orders(&config)?;
    let store = open(&config)?;
    runtime()?.block_on(keep(overrides, config, orders, store))
}

/// Opens the database; a disk without room, or a stranger's lock, is waited out.
fn open(config: &Config) -> Result<Store, Failure> {
    loop {
        let lock = Lock::acquire(&config.database).map(|lock| lock.named(DAEMON));
        match lock.and_then(|lock| Store::open(lock, config.database_mode.bits())) {
            Err(failure) if failure.may_pass() => {
                let wait_s = OPEN_AGAIN.as_secs();
                error!(
                    wait_s,
                    "The database cannot be opened: {failure}; trying again in {wait_s} s"
                );
                std::thread::sleep(OPEN_AGAIN);
            }
            opened => return Ok(opened?),
        }
    }
}

/// Puts everything together, and takes it apart again when the daemon has ended.
async fn keep(
    overrides: &Overrides,
    config: Config,
    orders: Orders,
    store: Store,
) -> Result<Exit, Failure> {
    let shutdown = Shutdown::listen()?;
    let path = store.path().to_owned();
    let pulse = Arc::new(Pulse::default());
    let bell = Arc::new(Bell::new(Arc::clone(&pulse)));
    let metrics = Arc::new(Metrics::default());
    let clock = Arc::new(SystemClock::new());
    let terms = terms(&config, &orders);
    let site = Site::new(path.clone(), clock.clone(), Arc::clone(&pulse), metrics.clone(), terms);
    let site = Arc::new(site);
    let ended = CancellationToken::new();
    let pages = pages(config.daemon.listen, &site, ended.clone().cancelled_owned()).await?;
    let (schedules, changed) = watch::channel(schedules(&orders));
    let ringing = tokio::spawn(ring(changed, Arc::clone(&bell)));
    let hangup = hangup(Arc::clone(&bell))?;
    let (writer, thread) = Writer::spawn(store).context("no thread to write with")?;
    let supervisor = Arc::new(Systemd::new());
    let parts = Parts {
        path: path.clone(),
        writer: writer.clone(),
        clock,
        stop: shutdown.token.clone(),
        bell,
        pulse,
        observer: metrics.clone(),
        meter: metrics,
        supervisor: supervisor.clone(),
    };
    let commander = Reloader {
        overrides: overrides.clone(),
        token: orders.token.clone(),
        file: config.file.clone(),
        path: config.database.clone(),
        listen: config.daemon.listen,
        hangup,
        site,
        schedules,
        supervisor: supervisor.clone(),
    };
    info!("Keeping {} fresh", path.display());
    let daemon = Daemon::new(parts, commander, orders).await?;
    supervisor.ready();
    let how = daemon.run().await;
    supervisor.stopping();
    ended.cancel();
    ringing.abort();
    if let Err(error) = close(writer, thread).await {
        error!("The write-ahead log was not written back: {error}");
    }
    if let Some(pages) = pages {
        // Whoever still reads a page is not waited for.
        let _ = tokio::time::timeout(PAGES_END, pages).await;
    }
    match how {
        Ended::Stopped => Ok(shutdown.exit().unwrap_or(Exit::Complete)),
        Ended::Fault(fault) => Err(Failure::new(sync::of_fault(&fault), fault.to_string())),
    }
}

/// Answers on `listen` until `ended`.
async fn pages(
    listen: Option<SocketAddr>,
    site: &Arc<Site>,
    ended: impl Future<Output = ()> + Send + 'static,
) -> Result<Option<JoinHandle<()>>, Failure> {
    let Some(listen) = listen else { return Ok(None) };
    let listener = TcpListener::bind(listen).await.with_context(|| {
        format!("cannot listen on {listen}; choose another address in daemon.listen, or \"off\"")
    })?;
    info!("Its page is at http://{}", listener.local_addr()?);
    let serving = web::serve(Arc::clone(site), listener, ended);
    Ok(Some(tokio::spawn(async move {
        if let Err(error) = serving.await {
            error!("The page is no longer shown: {error}");
        }
    })))
}

/// Rings `bell` at the ticks of whatever schedules hold.
async fn ring(mut schedules: watch::Receiver<Vec<Schedule>>, bell: Arc<Bell>) {
    loop {
        let now = schedules.borrow_and_update().clone();
        let ringer = match Ringer::start(&now, &bell).await {
            Ok(ringer) => Some(ringer),
            Err(error) => {
                // The loop finds what is due without it, a few seconds later.
                error!("{error}");
                None
            }
        };
        if schedules.changed().await.is_err() {
            return;
        }
        if let Some(ringer) = ringer {
            ringer.stop().await;
        }
    }
}

/// Returns whether the configuration is to be read again, which SIGHUP sets.
fn hangup(bell: Arc<Bell>) -> std::io::Result<Arc<AtomicBool>> {
    let asked = Arc::new(AtomicBool::new(false));
    let (mut signals, set) = (signal(SignalKind::hangup())?, Arc::clone(&asked));
    tokio::spawn(async move {
        while signals.recv().await.is_some() {
            set.store(true, Ordering::Relaxed);
            bell.ring();
        }
    });
    Ok(asked)
}

/// Turns the configuration into what a daemon goes by.
fn orders(config: &Config) -> Result<Orders, Failure> {
    let source = Source::of(config)?;
    Ok(Orders {
        settings: settings(config, &source.base_url),
        transport: source.transport,
        token: source.token,
        options: options(config),
        wanted: wanted(config, &cli::Which { entities: Vec::new() })?,
    })
}

fn terms(config: &Config, orders: &Orders) -> Terms {
    let schedules = orders
        .wanted
        .iter()
        .filter_map(|wanted| Some((wanted.entity.name, wanted.schedule.clone()?)));
    Terms {
        options: orders.options.clone(),
        schedules: schedules.collect(),
        ready_within: config.daemon.ready_within,
        allowed_hosts: config.daemon.allowed_hosts.clone(),
    }
}

fn schedules(orders: &Orders) -> Vec<Schedule> {
    orders.wanted.iter().filter_map(|wanted| wanted.schedule.clone()).collect()
}

/// Reads the configuration again when it is asked to, and the token when it is refused.
struct Reloader {
    overrides: Overrides,
    /// The token in use.
    token: ApiToken,
    /// The file that was read.
    file: Option<PathBuf>,
    /// The database in use, as it was written.
    path: PathBuf,
    /// The address in use.
    listen: Option<SocketAddr>,
    hangup: Arc<AtomicBool>,
    site: Arc<Site>,
    schedules: watch::Sender<Vec<Schedule>>,
    supervisor: Arc<Systemd>,
}

impl Commander for Reloader {
    fn orders(&mut self, refused: bool) -> Option<Orders> {
        let asked = self.hangup.swap(false, Ordering::Relaxed);
        let rotated = refused && self.token_changed();
        if !(asked || rotated) {
            return None;
        }
        self.supervisor.reloading();
        let orders = match load(&self.overrides).and_then(|config| self.take(&config)) {
            Ok(orders) => Some(orders),
            Err(failure) => {
                error!("The configuration is not taken, and the old one stays: {failure}");
                None
            }
        };
        self.supervisor.ready();
        orders
    }
}

impl Reloader {
    fn take(&mut self, config: &Config) -> Result<Orders, Failure> {
        if config.file != self.file {
            let file = self.file.as_ref().map_or("none".into(), |file| file.display().to_string());
            let message = format!(
                "it was read from {file}, and that is no longer the file to be read; put it back, or restart"
            );
            return Err(Failure::new(Exit::Usage, message));
        }
        let orders = orders(config)?;
        if config.database != self.path {
            warn!("database.path changed: that takes effect when the daemon is started again");
        }
        if config.daemon.listen != self.listen {
            warn!("daemon.listen changed: that takes effect when the daemon is started again");
        }
        self.token = orders.token.clone();
        self.site.set_terms(terms(config, &orders));
        self.schedules.send_replace(schedules(&orders));
        info!("The configuration was read again");
        Ok(orders)
    }

    /// Returns whether the token is another one now, wherever it comes from.
    fn token_changed(&self) -> bool {
        super::read_config(&self.overrides)
            .ok()
            .and_then(|config| config.require_token().ok().cloned())
            .is_some_and(|token| token.header() != self.token.header())
    }
}
