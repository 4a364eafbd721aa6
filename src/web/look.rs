//! A look at the mirror: everything an answer says is of one state of the database.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::{Site, Terms};
use crate::{
    daemon::Live,
    status::{Late, Status, late},
    store::{BoardRow, Reader, RunsAt, SpentDay, StoreError},
};

/// How long a look may take, the wait for others who look included.
const PATIENCE: Duration = Duration::from_secs(8);

/// How many days of spending are shown.
pub(super) const DAYS: i32 = 30;

/// The most rows of the board that are shown.
pub(super) const BOARD_ROWS: u32 = 400;

/// How the mirror stands.
pub(super) struct Look {
    /// Now, by the source's clock: what the database's instants are compared with.
    pub(super) now: Timestamp,
    /// Now, by this machine's clock, as which runs are written down.
    pub(super) own_now: Timestamp,
    /// What is stored.
    pub(super) status: Status,
    /// What is older than it may be.
    pub(super) late: Vec<Late>,
    /// What the daemon is doing.
    pub(super) live: Live,
    /// What the configuration says.
    pub(super) terms: Arc<Terms>,
}

/// What only the page shows.
#[derive(Default)]
pub(super) struct Figures {
    /// What was spent on each of the last days with a request.
    pub(super) days: Vec<SpentDay>,
    /// What ran in the last day.
    pub(super) runs: Vec<RunsAt>,
    /// How the pipelines stand.
    pub(super) board: Vec<BoardRow>,
}

/// Why nothing can be said of the mirror.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unseen {
    /// The database cannot be read.
    #[error("the database cannot be read: {0}")]
    Store(#[from] StoreError),
    /// It took too long.
    #[error("the database did not answer within {} s", PATIENCE.as_secs())]
    Late,
}

impl Site {
    /// Looks at the mirror.
    pub(super) async fn look(self: &Arc<Self>) -> Result<Look, Unseen> {
        let site = Arc::clone(self);
        self.ask(move |reader| site.read(reader)).await
    }

    /// Looks at the mirror as the page shows it.
    pub(super) async fn look_closely(self: &Arc<Self>) -> Result<(Look, Figures), Unseen> {
        let site = Arc::clone(self);
        self.ask(move |reader| {
            let look = site.read(reader)?;
            let figures = Figures {
                days: reader.spent_by_day(first_day(look.now))?,
                runs: reader.runs_since(yesterday(look.own_now))?,
                board: reader.board(BOARD_ROWS + 1)?,
            };
            Ok((look, figures))
        })
        .await
    }

    fn read(&self, reader: &Reader) -> Result<Look, StoreError> {
        let (terms, own_now) = (self.terms(), self.clock.now());
        let offset = SignedDuration::from_secs(reader.clock_offset()?);
        let now = own_now.checked_add(offset).unwrap_or(own_now);
        let status = Status::read(reader, &self.database, &terms.options, own_now)?;
        let late = late(&status, &terms.schedules, terms.ready_within, now);
        Ok(Look { now, own_now, status, late, live: self.pulse.look(), terms })
    }

    /// Puts a question to the database, on a thread of its own and in no more than [`PATIENCE`].
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Unseen> {
        let (path, readers) = (self.database.clone(), Arc::clone(&self.readers));
        let deadline = Instant::now() + PATIENCE;
        let answer = async move {
            // The place is held until the thread is done, even where nobody waits for its answer any more.
            let place = readers.acquire_owned().await;
            let answered = tokio::task::spawn_blocking(move || {
                let _place = place;
                let mut reader = Reader::open_current(&path)?;
                reader.break_off_when(move || Instant::now() >= deadline)?;
                reader.hold_still()?;
                question(&reader)
            });
            answered.await.map_err(|_| Unseen::Late)
        };
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(Err(_))) if Instant::now() >= deadline => Err(Unseen::Late),
            Ok(answered) => Ok(answered??),
            Err(_) => Err(Unseen::Late),
        }
    }
}

/// Returns a moment of the first UTC day whose spending is shown.
pub(super) fn first_day(now: Timestamp) -> Timestamp {
    now.checked_sub((24 * (DAYS - 1)).hours()).unwrap_or(now)
}

/// Returns the beginning of the day whose runs are shown.
pub(super) fn yesterday(own_now: Timestamp) -> Timestamp {
    own_now.checked_sub(24.hours()).unwrap_or(own_now)
}
