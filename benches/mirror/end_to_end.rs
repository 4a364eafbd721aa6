//! A whole backfill over loopback: the emulator on a thread of its own, and everything that `backfill` uses.

use std::{net::SocketAddr, path::Path, sync::Arc, thread};

use pipedrive_mirror::{
    api::{Client, HttpTransport, Options, Timeouts},
    clock::SystemClock,
    emulator::{self, Emulator, Switches, TOKEN, World},
    entity::ENTITIES,
    id::ApiToken,
    store::{StoreLedger, Writer},
    sync::{Engine, Mode, Outcome, Report, Settings, Take, Unobserved, Wanted},
};
use tokio_util::sync::CancellationToken;

use crate::pages::open;

/// A source that answers as fast as it can, without limits.
pub(crate) struct Source {
    address: SocketAddr,
    stop: CancellationToken,
    thread: Option<thread::JoinHandle<()>>,
}

impl Source {
    pub(crate) fn new(deals: u32) -> Self {
        let now = jiff::Timestamp::now();
        let world = World::generate(&emulator::Options { deals, seed: 7, now });
        let switches = Switches { burst: None, daily_budget: u64::MAX / 2, ..Switches::default() };
        let emulator = Emulator::new(world, switches, Arc::new(SystemClock::new()));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket for tokio");
        let address = listener.local_addr().expect("an address");
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            one_thread().block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                let until = async move { stopped.cancelled().await };
                emulator::serve(emulator, listener, until).await.expect("it serves");
            });
        });
        Self { address, stop, thread: Some(thread) }
    }

    /// Backfills everything into a new database at `path`.
    pub(crate) fn backfill(&self, path: &Path) -> Report {
        let store = open(path);
        let (writer, thread) = Writer::spawn(store).expect("a thread");
        let base = format!("http://{}", self.address).parse().expect("an address");
        let transport = HttpTransport::new(base, Timeouts::default(), 64 << 20).expect("a client");
        let clock = Arc::new(SystemClock::new());
        let options =
            Options { requests_per_2s: Some(1_000_000), max_in_flight: 8, ..Options::default() };
        let token = ApiToken::new(TOKEN).expect("a token");
        let ledger = Arc::new(StoreLedger(writer.clone()));
        let client = Client::new(Arc::new(transport), clock.clone(), ledger, token, &options);
        let settings = Settings::new("https://example.invalid");
        let observer = Arc::new(Unobserved);
        let stop = CancellationToken::new();
        let engine = Engine::new(client, writer, clock, stop, observer, settings);
        let wanted: Vec<Wanted> = ENTITIES
            .iter()
            .filter(|entity| entity.child().is_none())
            .map(|&entity| Wanted { entity, schedule: None, take: Take::WhenDue })
            .collect();
        let mode = Mode::Backfill { since: None, restart: false };
        let report = one_thread().block_on(engine.run(&mode, &wanted));
        assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
        drop(engine);
        thread.join().expect("it ends well");
        report
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn one_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}
