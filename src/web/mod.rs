//! What the daemon shows of itself over HTTP: a page, metrics, its status as JSON, and whether it is alive and ready.
//!
//! Properties upheld here:
//! - only this machine, and names that are configured, are answered (`host`);
//! - no token, and nothing of the CRM but numbers and the names of pipelines and stages, leaves through it;
//! - whatever a client does or fails to do ends within seconds (`limits`), and a question to the database does as well,
//!   so that no reader keeps the write-ahead log (`look`).
//!
//! Everything is read from the database when it is asked for, as the mirror's `status` command does: what the page and
//! the metrics say is what is stored, whichever process stored it.

mod answers;
mod host;
mod limits;
mod look;
mod metrics;
mod page;

use std::{
    future::Future,
    io,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::{net::TcpListener, sync::Semaphore};

pub use answers::router;
pub use metrics::Metrics;

use crate::{api::Options, daemon::Pulse, schedule::Schedule, seams::Clock};

/// How many questions to the database are answered at one time.
const READERS: usize = 2;

/// What the pages are made from.
pub struct Site {
    database: PathBuf,
    clock: Arc<dyn Clock>,
    pulse: Arc<Pulse>,
    metrics: Arc<Metrics>,
    terms: RwLock<Arc<Terms>>,
    readers: Arc<Semaphore>,
}

/// What the configuration says; it may change while the daemon runs.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The limits in force.
    pub options: Options,
    /// When each entity that has a schedule is due, and is mirrored.
    pub schedules: Vec<(&'static str, Schedule)>,
    /// How old the mirror may be and still be called ready.
    pub ready_within: Duration,
    /// Names besides this machine's own that a request's `Host` may have, in small letters and without a port.
    pub allowed_hosts: Vec<String>,
}

impl Site {
    /// Makes the pages of the mirror at `database`.
    pub fn new(
        database: PathBuf,
        clock: Arc<dyn Clock>,
        pulse: Arc<Pulse>,
        metrics: Arc<Metrics>,
        terms: Terms,
    ) -> Self {
        let terms = RwLock::new(Arc::new(terms));
        let readers = Arc::new(Semaphore::new(READERS));
        Self { database, clock, pulse, metrics, terms, readers }
    }

    /// Takes other terms from now on.
    pub fn set_terms(&self, terms: Terms) {
        *self.terms.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(terms);
    }

    fn terms(&self) -> Arc<Terms> {
        Arc::clone(&self.terms.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Answers on `listener` until `stop` is ready. Requests that are under way then have two seconds to end.
///
/// # Errors
///
/// The system's.
pub async fn serve(
    site: Arc<Site>,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    limits::serve(router(site), listener, stop).await
}
