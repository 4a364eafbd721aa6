//! A copy of the database while it is in use.
//!
//! SQLite's backup, within one read transaction. By itself a backup that goes step by step starts again whenever another
//! process writes in between, and under a steady writer it never ends; in a read transaction every step sees the same
//! state, and in WAL mode that transaction keeps nobody from writing. `VACUUM INTO` gives the same guarantee, packs the
//! copy, and takes about four times as long without a word on how far it is.
//!
//! Properties upheld here:
//! - the copy holds exactly one committed state, whatever is written meanwhile;
//! - under the target's name there is either what was there before, or the whole checked copy;
//! - the copy is one file that opens by itself, also where nothing may be written beside it.

use std::{
    ffi::OsString,
    fs::File,
    io::ErrorKind,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, backup};
use tempfile::NamedTempFile;

use super::{
    Reader, StoreError, canonical, connect,
    file::{identity, unmade},
};

/// Pages copied at once: 4 MiB, a few hundredths of a second.
const PAGES: i32 = 1_024;

/// A copy that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Where it is.
    pub path: PathBuf,
    /// How large it is.
    pub bytes: u64,
}

/// A copy that was not made. What was at the target before is still there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is a file already.
    #[error("{} is there already; name another file, or replace it with --force", .0.display())]
    Exists(PathBuf),
    /// The target is the database, or one of the files beside it.
    #[error("{} belongs to the database itself; name another file", .0.display())]
    Itself(PathBuf),
    /// The target cannot be a file.
    #[error("the snapshot cannot be written to {}: {why}", path.display())]
    Target {
        /// The target.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// Somebody uses the database that is to be replaced.
    #[error("{} is in use or was not closed well, as {} is there; close what has it open, or name another file", path.display(), beside.display())]
    InUse {
        /// The target.
        path: PathBuf,
        /// The file that says so.
        beside: PathBuf,
    },
    /// No space is left.
    #[error("the disk of {} is full: the snapshot takes {bytes} bytes; free some space or name a file on another disk", path.display())]
    Full {
        /// The target.
        path: PathBuf,
        /// How large it would be.
        bytes: u64,
    },
    /// The system refused to write it.
    #[error("the snapshot cannot be written to {}: {source}", path.display())]
    File {
        /// The target.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system failed to read the one file or to write the other, as a disk that breaks does.
    #[error("the disk failed while the database was copied to {} ({reason}); look at the disk and the system's log; no snapshot was written", path.display())]
    Disk {
        /// The target.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// The copy, and so the database, is damaged.
    #[error("the database is damaged ({0}); no snapshot was written; keep the older ones")]
    Damaged(String),
    /// It was told to stop.
    #[error("stopped; no snapshot was written")]
    Stopped,
}

/// Copies the database at `from` to `to`. `step` is told after every few pages how many of how many are copied, and
/// says whether to go on.
///
/// # Errors
///
/// See [`SnapshotError`].
pub fn snapshot(
    from: &Path,
    to: &Path,
    force: bool,
    step: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<Copied, SnapshotError> {
    let source = Reader::open(from)?.into_connection();
    let target = Target::find(&canonical(from)?, to, force)?;
    // It is its owner's alone (0600) from the first moment, and gone if anything below fails.
    let file = tempfile::Builder::new()
        .prefix(".snapshot-")
        .suffix(".part")
        .tempfile_in(&target.folder)
        .map_err(|source| target.file(source))?;
    let bytes = copy(&source, file.path(), &target.path, step)?;
    seal(file.path(), &target.path)?;
    target.keep(file, force)?;
    Ok(Copied { path: target.path, bytes })
}

/// Where the copy goes.
struct Target {
    path: PathBuf,
    folder: PathBuf,
}

impl Target {
    fn find(database: &Path, to: &Path, force: bool) -> Result<Self, SnapshotError> {
        let refused =
            |why: &str| SnapshotError::Target { path: to.to_owned(), why: why.to_owned() };
        let name = to.file_name().ok_or_else(|| refused("that is no file name"))?;
        let folder =
            to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = match folder.canonicalize() {
            Ok(folder) if folder.is_dir() => folder,
            Ok(_) => return Err(refused("the place it should be in is no directory")),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(refused("its directory is not there; make it first"));
            }
            Err(source) => return Err(SnapshotError::File { path: to.to_owned(), source }),
        };
        let path = folder.join(name);
        if path.is_dir() {
            return Err(refused("it is a directory; name a file in it"));
        }
        let own = ["", "-wal", "-shm", "-journal", ".lock"].map(|end| beside(database, end));
        let resolved = path.canonicalize().unwrap_or_else(|_| path.clone());
        let same = identity(&path).is_some() && identity(&path) == identity(database);
        if same || own.contains(&path) || own.contains(&resolved) {
            return Err(SnapshotError::Itself(path));
        }
        if path.symlink_metadata().is_ok() && !force {
            return Err(SnapshotError::Exists(path));
        }
        // The log of another database would be taken for this one's.
        for end in ["-wal", "-journal"] {
            let beside = beside(&path, end);
            if beside.symlink_metadata().is_ok() {
                return Err(SnapshotError::InUse { path, beside });
            }
        }
        Ok(Self { path, folder })
    }

    /// Gives the whole copy its name, for good.
    fn keep(&self, file: NamedTempFile, force: bool) -> Result<(), SnapshotError> {
        file.as_file().sync_all().map_err(|source| self.file(source))?;
        let kept =
            if force { file.persist(&self.path) } else { file.persist_noclobber(&self.path) };
        kept.map_err(|error| match error.error.kind() {
            ErrorKind::AlreadyExists => SnapshotError::Exists(self.path.clone()),
            _ => self.file(error.error),
        })?;
        // The name, too, must survive a power failure.
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|source| self.file(source))
    }

    fn file(&self, source: std::io::Error) -> SnapshotError {
        refused(&self.path, source)
    }
}

/// Says that the system refused to write the copy, and whether for want of room.
fn refused(path: &Path, source: std::io::Error) -> SnapshotError {
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            SnapshotError::Full { path: path.to_owned(), bytes: 0 }
        }
        _ => SnapshotError::File { path: path.to_owned(), source },
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    name.into()
}

/// Copies every page as it was when this began; returns how many bytes that are.
fn copy(
    source: &Connection,
    part: &Path,
    target: &Path,
    step: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<u64, SnapshotError> {
    let state = source.unchecked_transaction().map_err(StoreError::from)?;
    // The transaction sees the state of its first read.
    let number = |pragma: &str| -> Result<u64, StoreError> {
        let number: i64 = state.pragma_query_value(None, pragma, |row| row.get(0))?;
        Ok(number.cast_unsigned())
    };
    let bytes = number("page_count")? * number("page_size")?;
    let failed = |error: rusqlite::Error| told(error, target, bytes);
    let mut copy = open(part)?;
    // What fails leaves no file that would have to be rolled back.
    copy.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").map_err(failed)?;
    let pages = backup::Backup::new(&state, &mut copy).map_err(failed)?;
    loop {
        let done = match pages.step(PAGES).map_err(failed)? {
            backup::StepResult::Done => true,
            backup::StepResult::More => false,
            // Nobody else knows the copy, and whoever locks the original is waited for by SQLite.
            _ => return Err(StoreError::Busy.into()),
        };
        let backup::Progress { remaining, pagecount } = pages.progress();
        let left = u64::try_from(remaining).unwrap_or(0);
        let all = u64::try_from(pagecount).unwrap_or(0);
        if step(all.saturating_sub(left), all).is_break() {
            return Err(SnapshotError::Stopped);
        }
        if done {
            return Ok(bytes);
        }
    }
}

/// Makes the copy one file that needs no log beside it, and checks it.
fn seal(part: &Path, target: &Path) -> Result<(), SnapshotError> {
    let failed = |error| told(error, target, 0);
    let copy = open(part)?;
    copy.execute_batch("PRAGMA journal_mode = DELETE").map_err(failed)?;
    let found: String =
        copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if found != "ok" {
        return Err(SnapshotError::Damaged(found));
    }
    copy.close().map_err(|(_, error)| failed(error))
}

fn open(part: &Path) -> Result<Connection, SnapshotError> {
    Ok(connect(part, OpenFlags::SQLITE_OPEN_READ_WRITE)?)
}

/// Says of which file an error speaks: with the original nothing can be wrong but damage and its disk.
fn told(error: rusqlite::Error, target: &Path, bytes: u64) -> SnapshotError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => SnapshotError::Full { path: target.to_owned(), bytes },
        Some(ErrorCode::CannotOpen) => refused(target, unmade(target)),
        Some(ErrorCode::SystemIoFailure) => {
            SnapshotError::Disk { path: target.to_owned(), reason: error.to_string() }
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            SnapshotError::Damaged(error.to_string())
        }
        _ => StoreError::from(error).into(),
    }
}
