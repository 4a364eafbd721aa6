//! What can go wrong between the program and its file.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use rusqlite::ErrorCode;

/// The database cannot be used, or not by us.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no file.
    #[error("there is no database at {}; `pipedrive-mirror backfill` creates it", .0.display())]
    Absent(PathBuf),
    /// Another process holds the lock.
    #[error("{} is held by {}", path.display(), holder_text(*.pid, .name.as_deref()))]
    Held {
        /// The database.
        path: PathBuf,
        /// The holder's process id, where the lock file says it.
        pid: Option<u32>,
        /// What the holder is, if it is a daemon.
        name: Option<String>,
    },
    /// The path is a folder.
    #[error("{} is a directory; name a file in database.path or --database", .0.display())]
    Directory(PathBuf),
    /// The system refused the file.
    #[error("{} cannot be {what}: {source}", path.display())]
    File {
        /// What was tried: opened, created, locked.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no SQLite database, or a damaged one.
    #[error("{} is no usable SQLite database ({reason}); move it away or restore a snapshot", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// A SQLite database that some other program made.
    #[error("{} is a database of another program; name another file in database.path or --database", .0.display())]
    Foreign(PathBuf),
    /// A newer version of this program wrote it.
    #[error("{} was written by a newer pipedrive-mirror (schema {found}, this one knows {known}); use that version", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The schema number found.
        found: u32,
        /// The newest schema number of this program.
        known: u32,
    },
    /// An earlier version of this program wrote it, and what is asked needs the present schema.
    #[error("{} was written by an earlier pipedrive-mirror; `pipedrive-mirror sync` brings it up to date", path.display())]
    Older {
        /// The file.
        path: PathBuf,
    },
    /// The file at the path is no longer the one that was opened.
    #[error("{} was replaced or removed while it was in use; start again to use what is there now", .0.display())]
    Replaced(PathBuf),
    /// No space is left.
    #[error("the disk is full; free some space and run again, what was stored stays")]
    Full,
    /// Somebody else's transaction lasted too long.
    #[error("the database stayed locked by another program; end its transaction and run again")]
    Busy,
    /// The writing thread is gone.
    #[error("the database was closed before the work was done")]
    Closed,
    /// The system failed to read or write, as a disk that breaks does.
    #[error(
        "the disk failed ({0}); look at the disk and the system's log and run again, what was stored stays"
    )]
    Disk(rusqlite::Error),
    /// Anything else SQLite says.
    #[error("the database refused: {0}")]
    Sqlite(rusqlite::Error),
    /// One of those that do not know which file they speak of.
    #[error("{}: {error}", path.display())]
    Of {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: Box<StoreError>,
    },
}

impl StoreError {
    /// Names the file, where the message does not yet.
    #[must_use]
    pub(super) fn of(self, path: &Path) -> Self {
        match self {
            Self::Full | Self::Busy | Self::Disk(_) | Self::Sqlite(_) => {
                Self::Of { path: path.to_owned(), error: Box::new(self) }
            }
            named => named,
        }
    }

    /// Returns whether it passes once a disk has room again or a stranger lets go, or has passed by now: then opening the
    /// file can be tried again.
    pub fn may_pass(&self) -> bool {
        match self {
            // The system never says so: it is our word for a fault that was gone when one looked for it.
            Self::File { source, .. } => source.kind() == ErrorKind::Other,
            Self::Full | Self::Busy | Self::Disk(_) | Self::Sqlite(_) => !self.is_final(),
            Self::Of { error, .. } => error.may_pass(),
            _ => false,
        }
    }

    /// Returns whether the system failed to read or write.
    pub fn is_broken_disk(&self) -> bool {
        match self {
            Self::Disk(_) => true,
            Self::Of { error, .. } => error.is_broken_disk(),
            _ => false,
        }
    }

    /// Returns whether the file will not be usable again by itself, as it is after a disk was full or a stranger's lock.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Full | Self::Busy | Self::Disk(_) | Self::File { .. } => false,
            Self::Of { error, .. } => error.is_final(),
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
            ),
            _ => true,
        }
    }
}

fn holder_text(pid: Option<u32>, name: Option<&str>) -> String {
    let pid = pid.map_or_else(String::new, |pid| format!(" (process {pid})"));
    match name {
        Some(name) => format!(
            "the {name}{pid}, which keeps it fresh by itself; look at `status`, or stop the {name} first"
        ),
        None => format!("another pipedrive-mirror{pid}; let it finish or stop it"),
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::SystemIoFailure) => Self::Disk(error),
            _ => Self::Sqlite(error),
        }
    }
}
