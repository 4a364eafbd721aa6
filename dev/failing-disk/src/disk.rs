//! The steps of this process, counted, and what happens at them.

use std::sync::{Mutex, OnceLock, PoisonError};

use libc::{c_int, c_void, off_t};

use crate::{
    plan::{Fault, Kind, Plan},
    system,
    unsynced::Unsynced,
};

/// What a call is told: that it fails, or how much of a write is done before the process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// It is done as ever.
    GoOn,
    /// It is done, and the process dies.
    Last,
    /// So many bytes of it are written, and the process dies.
    Torn(usize),
    /// It fails with this number.
    Fail(c_int),
}

/// What a step does.
#[derive(Debug)]
pub(crate) enum Doing<'a> {
    Create,
    /// Writes these bytes at this place.
    Write(c_int, off_t, &'a [u8]),
    Sync(c_int),
    /// Gives a file this length.
    Cut(c_int, off_t),
    Remove,
    Rename,
}

struct Disk {
    plan: Plan,
    done: u64,
    unsynced: Unsynced,
    /// Where the steps are written to.
    steps: Option<c_int>,
}

fn disk() -> Option<&'static Mutex<Disk>> {
    static DISK: OnceLock<Option<Mutex<Disk>>> = OnceLock::new();
    DISK.get_or_init(|| {
        let plan = Plan::read()?;
        let steps = plan.steps.as_ref().map(|path| {
            let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND | libc::O_CLOEXEC;
            system::openat(libc::AT_FDCWD, format!("{path}\0").as_ptr().cast(), flags, 0o600)
        });
        Some(Mutex::new(Disk { plan, done: 0, unsynced: Unsynced::default(), steps }))
    })
    .as_ref()
}

/// A call that changes the file at `path`; whoever meets it is told what to do. The lock is held until the call is done,
/// so that steps happen in the order of their numbers.
pub(crate) fn step<T>(
    path: impl FnOnce() -> String,
    doing: &Doing<'_>,
    done: impl FnOnce(Told) -> T,
) -> T {
    let Some(disk) = disk() else { return done(Told::GoOn) };
    let mut disk = disk.lock().unwrap_or_else(PoisonError::into_inner);
    let path = path();
    if !disk.plan.is_meant(&path) {
        drop(disk);
        return done(Told::GoOn);
    }
    let told = disk.meets(&path, doing);
    let answer = done(told);
    if matches!(told, Told::Last | Told::Torn(_)) {
        system::die();
    }
    if let (Doing::Sync(fd), Told::GoOn) = (doing, told) {
        disk.unsynced.synced(*fd);
    }
    answer
}

/// Returns whether a read of `fd` fails.
pub(crate) fn read_fails(fd: c_int) -> bool {
    let Some(disk) = disk() else { return false };
    let mut disk = disk.lock().unwrap_or_else(PoisonError::into_inner);
    let done = disk.done;
    disk.plan.fault == Some(Fault::ReadError)
        && disk.plan.is_meant(&system::path(fd))
        && disk.plan.strikes(done, Kind::Read).is_some()
}

impl Disk {
    fn meets(&mut self, path: &str, doing: &Doing<'_>) -> Told {
        self.done += 1;
        self.tell(path, doing);
        match self.plan.strikes(self.done, doing.kind()) {
            None => {
                self.note(doing);
                Told::GoOn
            }
            Some(Fault::KillBefore) => system::die(),
            Some(Fault::KillAfter) => Told::Last,
            Some(Fault::Torn) => match doing {
                Doing::Write(_, _, bytes) => {
                    Told::Torn((bytes.len() / 2).next_multiple_of(512).min(bytes.len()))
                }
                _ => system::die(),
            },
            Some(Fault::Power) => {
                self.note(doing);
                self.unsynced.lose(self.plan.seed);
                system::die()
            }
            Some(Fault::Full) => Told::Fail(libc::ENOSPC),
            Some(Fault::SyncError | Fault::WriteError | Fault::ReadError) => Told::Fail(libc::EIO),
        }
    }

    /// Remembers what a power failure may take back.
    fn note(&mut self, doing: &Doing<'_>) {
        if self.plan.fault != Some(Fault::Power) {
            return;
        }
        match doing {
            Doing::Write(fd, at, bytes) => self.unsynced.writes(*fd, *at, bytes),
            Doing::Cut(fd, length) => self.unsynced.cuts(*fd, *length),
            _ => {}
        }
    }

    fn tell(&self, path: &str, doing: &Doing<'_>) {
        let Some(steps) = self.steps else { return };
        let name = path.rsplit('/').next().unwrap_or(path);
        let line = match doing {
            Doing::Create => format!("create {name}\n"),
            Doing::Write(_, at, bytes) => format!("write {name} {at} {}\n", bytes.len()),
            Doing::Sync(_) => format!("sync {name}\n"),
            Doing::Cut(_, length) => format!("cut {name} {length}\n"),
            Doing::Remove => format!("remove {name}\n"),
            Doing::Rename => format!("rename {name}\n"),
        };
        system::write(steps, line.as_ptr().cast::<c_void>(), line.len());
    }
}

impl Doing<'_> {
    fn kind(&self) -> Kind {
        match self {
            Self::Create => Kind::Create,
            Self::Write(..) => Kind::Write,
            Self::Sync(_) => Kind::Sync,
            Self::Cut(..) => Kind::Cut,
            Self::Remove => Kind::Remove,
            Self::Rename => Kind::Rename,
        }
    }
}
