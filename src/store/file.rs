//! The file itself: where it really is, who may read it, and who holds it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{ErrorKind, Read as _, Seek as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::StoreError;

/// Returns `path` with every link resolved, so that two names of one database meet in one lock.
///
/// # Errors
///
/// The path is a directory, or the folder it names is not there.
pub fn canonical(path: &Path) -> Result<PathBuf, StoreError> {
    let resolved = match path.canonicalize() {
        Ok(resolved) => resolved,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty())
                .unwrap_or(Path::new("."));
            let name = path.file_name().ok_or_else(|| StoreError::Directory(path.to_owned()))?;
            folder.canonicalize().map_err(|source| fault("created", path, source))?.join(name)
        }
        Err(source) => return Err(fault("opened", path, source)),
    };
    if resolved.is_dir() { Err(StoreError::Directory(resolved)) } else { Ok(resolved) }
}

/// Makes an empty file of mode `mode` if there is none: before SQLite opens it, so that it is never open to others.
pub(super) fn create(path: &Path, mode: u32) -> Result<(), StoreError> {
    match OpenOptions::new().write(true).create_new(true).mode(mode).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(fault("created", path, source)),
    }
}

/// Says why SQLite could not open `path`, or a file that it needs beside it.
pub(super) fn unopened(path: &Path) -> StoreError {
    let source = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(_) => unmade(path),
        Err(source) => source,
    };
    fault("opened", path, source)
}

/// Says why no file can be made beside `path`: SQLite does not tell a full disk from a folder that nobody may write.
pub(super) fn unmade(path: &Path) -> std::io::Error {
    match try_beside(path) {
        Err(source) => source,
        Ok(()) => std::io::Error::other(PASSED),
    }
}

/// Makes sure that `path`, if it is there, can be written, and so can the files that SQLite needs beside it. A file is made
/// there for a moment: nothing else tells of a full disk, a quota, or a folder that the system shows this process as
/// read-only.
///
/// # Errors
///
/// The system's.
pub fn can_write(path: &Path) -> std::io::Result<()> {
    refused(path).map_or(Ok(()), Err)?;
    try_beside(path)
}

fn try_beside(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    tempfile::Builder::new().prefix(".pipedrive-mirror-").tempfile_in(folder)?;
    let refused = ["-wal", "-shm", "-journal"].iter().find_map(|end| {
        let mut beside = path.as_os_str().to_owned();
        beside.push(end);
        refused(Path::new(&beside))
    });
    refused.map_or(Ok(()), Err)
}

/// What is said of a fault that is gone when one looks for it.
const PASSED: &str = "for a moment no file could be made beside it; free some space and run again, or look at the disk and \
                      the system's log";

/// Returns why the file at `path` cannot be written, if it is there.
fn refused(path: &Path) -> Option<std::io::Error> {
    let opened = OpenOptions::new().read(true).write(true).open(path);
    opened.err().filter(|error| error.kind() != ErrorKind::NotFound)
}

pub(super) fn fault(what: &'static str, path: &Path, source: std::io::Error) -> StoreError {
    if matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
        return StoreError::Full.of(path);
    }
    StoreError::File { what, path: path.to_owned(), source }
}

/// Which file is at a path, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

/// Returns which file is at `path` now, or `None` if there is none.
pub(super) fn identity(path: &Path) -> Option<Identity> {
    let metadata = path.metadata().ok()?;
    Some(Identity { device: metadata.dev(), inode: metadata.ino() })
}

/// What a daemon calls itself in the lock file.
pub const DAEMON: &str = "daemon";

/// The right to use a database alone; given back when dropped, and by the system when the process dies.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    /// Takes the lock of the database at `path`.
    ///
    /// # Errors
    ///
    /// Another process holds it, or the lock file beside the database cannot be made.
    pub fn acquire(path: &Path) -> Result<Self, StoreError> {
        let path = canonical(path)?;
        let mut lock_path = path.clone().into_os_string();
        lock_path.push(".lock");
        let lock_path = PathBuf::from(lock_path);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            // A link in its place could make us write elsewhere.
            .custom_flags(libc::O_NOFOLLOW)
            .open(&lock_path)
            .map_err(|source| fault("locked", &lock_path, source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let (pid, name) = holder(&mut file);
                return Err(StoreError::Held { path, pid, name });
            }
            Err(TryLockError::Error(source)) => return Err(fault("locked", &lock_path, source)),
        }
        Ok(Self { path, file }.named(""))
    }

    /// Says in the lock file that this process is a `name`, for the message to whoever comes next.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        let file = &mut self.file;
        let text = format!("{} {name}", std::process::id());
        let text = format!("{}\n", text.trim_end());
        // Over what is there: a full disk has room for that.
        let written = file
            .rewind()
            .and_then(|()| file.write_all(text.as_bytes()))
            .and_then(|()| file.set_len(text.len() as u64));
        // It only serves the message; a full disk must not keep a reader of the budget from working.
        if let Err(error) = written {
            tracing::debug!(%error, "The lock file does not name this process");
        }
        self
    }

    /// Returns the canonical path of the database this lock stands for.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Returns the process id and the name that the lock file says.
fn holder(file: &mut File) -> (Option<u32>, Option<String>) {
    let mut text = String::new();
    if file.read_to_string(&mut text).is_err() {
        return (None, None);
    }
    let mut words = text.split_whitespace();
    let pid = words.next().and_then(|word| word.parse().ok());
    (pid, words.next().filter(|word| *word == DAEMON).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn two_names_of_one_database_meet_in_one_lock() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real.db"), folder.path().join("link.db"));
        create(&real, 0o600).unwrap();
        symlink(&real, &link).unwrap();
        let lock = Lock::acquire(&real).unwrap();
        let refused = Lock::acquire(&link).unwrap_err();
        assert!(
            matches!(refused, StoreError::Held { pid: Some(pid), .. } if pid == std::process::id()),
            "{refused}"
        );
        drop(lock);
        assert_eq!(Lock::acquire(&link).unwrap().path(), real.canonicalize().unwrap());
    }

    #[test]
    fn the_file_is_the_owners_alone_from_the_first_moment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new.db");
        create(&path, 0o600).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_link_in_place_of_the_lock_file_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        symlink(folder.path().join("elsewhere"), folder.path().join("a.db.lock")).unwrap();
        assert!(matches!(
            Lock::acquire(&folder.path().join("a.db")),
            Err(StoreError::File { what: "locked", .. })
        ));
        assert!(!folder.path().join("elsewhere").exists());
    }

    #[test]
    fn a_directory_is_no_database() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(canonical(folder.path()), Err(StoreError::Directory(_))));
        assert!(matches!(
            canonical(&folder.path().join("no/such.db")),
            Err(StoreError::File { what: "created", .. })
        ));
    }

    #[test]
    fn a_fault_that_is_gone_when_one_looks_for_it_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        std::fs::write(&path, "").unwrap();
        assert!(unopened(&path).may_pass());
        assert!(!unopened(&folder.path().join("none.db")).may_pass(), "this one lasts");
    }
}
