//! The one thread that writes.
//!
//! [`Writer`] is a clonable handle. Behind it one [`WriterLoop`] owns the [`Store`] and does one job after the other: on
//! a thread of its own ([`Writer::spawn`]), or stepped in the calling thread ([`Writer::stepped`]) where a test runs the
//! whole program in virtual time. The queue is bounded and small, so a slow disk slows the fetching instead of filling
//! memory. Shutdown is ordinary ownership: drop the handles, join the thread.

use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, oneshot};

use super::{Store, StoreError};

/// Jobs that may wait. A page in the queue and one being written is all the engine ever has.
const QUEUE: usize = 2;

type Job = Box<dyn FnOnce(&mut Store) + Send>;

/// Hands jobs to the thread that writes.
#[derive(Debug, Clone)]
pub struct Writer {
    queue: mpsc::Sender<Job>,
}

/// The other end: owns the database and does the jobs.
#[derive(Debug)]
pub struct WriterLoop {
    jobs: mpsc::Receiver<Job>,
    store: Store,
}

impl Writer {
    /// Starts a thread that owns `store`. It ends, and closes the database, when every handle is dropped.
    ///
    /// # Errors
    ///
    /// The system has no thread to give.
    pub fn spawn(store: Store) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (writer, mut work) = Self::stepped(store);
        let thread = thread::Builder::new().name("writer".into()).spawn(move || {
            while let Some(job) = work.jobs.blocking_recv() {
                job(&mut work.store);
            }
        })?;
        Ok((writer, thread))
    }

    /// Returns a handle and the loop behind it, to be stepped by the caller.
    pub fn stepped(store: Store) -> (Self, WriterLoop) {
        let (queue, jobs) = mpsc::channel(QUEUE);
        (Self { queue }, WriterLoop { jobs, store })
    }

    /// Does `job` on the database and returns its answer.
    ///
    /// # Errors
    ///
    /// The job's, or [`StoreError::Closed`] if the loop is gone.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses the answer, not the job: once queued it is done whole.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |store| {
            let done = job(store).map_err(|error| error.of(store.path()));
            // Nobody may be waiting any more; the work is done all the same.
            let _ = reply.send(done);
        });
        self.queue.send(job).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

impl WriterLoop {
    /// Does the next job, if one waits; returns whether it did.
    pub fn step(&mut self) -> bool {
        let Ok(job) = self.jobs.try_recv() else { return false };
        job(&mut self.store);
        true
    }

    /// Returns the database, for a test that looks at it between two steps.
    pub fn store(&mut self) -> &mut Store {
        &mut self.store
    }
}
