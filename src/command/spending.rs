//! Where a command that asks the source a question or two writes down what that cost.

use std::{io, sync::Arc, thread::JoinHandle};

use pipedrive_mirror::{
    seams::Ledger,
    store::{MemoryLedger, Store, StoreLedger, Writer},
};

/// The books: one gate rules, and where there is a database its ledger counts, and whoever holds that spends.
pub(super) struct Spending(Option<(Writer, JoinHandle<()>)>);

impl Spending {
    /// Keeps the books in the database.
    ///
    /// # Errors
    ///
    /// There is no thread to write with.
    pub(super) fn in_database(store: Store) -> io::Result<Self> {
        Ok(Self(Some(Writer::spawn(store)?)))
    }

    /// Keeps them in memory, for want of a database.
    pub(super) fn in_memory() -> Self {
        Self(None)
    }

    pub(super) fn ledger(&self) -> Arc<dyn Ledger> {
        match &self.0 {
            Some((writer, _)) => Arc::new(StoreLedger(writer.clone())),
            None => Arc::new(MemoryLedger),
        }
    }

    /// Returns a handle to write with; it has to be dropped before [`Self::close`].
    pub(super) fn writer(&self) -> Option<Writer> {
        self.0.as_ref().map(|(writer, _)| writer.clone())
    }

    /// Closes the database.
    pub(super) fn close(self) {
        if let Some((writer, thread)) = self.0 {
            drop(writer);
            // It only closes the database; what it wrote is committed.
            let _ = thread.join();
        }
    }
}
