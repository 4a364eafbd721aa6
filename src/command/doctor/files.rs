//! The files: where the database is or would be, who may read and write it, and how much room there is.

use std::{
    io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use pipedrive_mirror::{
    config::Config,
    exit::Exit,
    store::{can_write, canonical},
};

use super::{super::shown, Findings, database::of_store};

const ABOUT: &str = "files";

/// Less than this is used up by the next pages: the write-ahead log alone may take 64 MiB.
const LEAST: u64 = 16 << 20;

/// Less than this is little for a database of any size.
const LITTLE: u64 = 256 << 20;

/// Checks all this; returns the database's path with every link resolved, `None` where there is no such place.
pub(super) fn check(config: &Config, findings: &mut Findings) -> Option<PathBuf> {
    let path = match canonical(&config.database) {
        Ok(path) => path,
        Err(error) => {
            of_store(&error, findings);
            return None;
        }
    };
    let writable = can_write(&path);
    if let Err(error) = &writable {
        unwritable(&path, error, findings);
    }
    let open = others(config, &path);
    if let Some((mode, wanted)) = open {
        findings.warning(
            "database_open",
            ABOUT,
            &format!(
                "others may read {} (mode {mode:04o}), which holds the company's deals",
                shown(&path)
            ),
            &format!("run: chmod {wanted:04o} {}; or say so in database.mode", path.display()),
        );
    }
    if writable.is_ok() && open.is_none() {
        findings.ok(
            ABOUT,
            format!("{} can be written, and only those may read it who should", shown(&path)),
        );
    }
    room(&path, findings);
    Some(path)
}

fn unwritable(path: &Path, error: &io::Error, findings: &mut Findings) {
    if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        let says = format!("nothing can be written beside {}: {error}", shown(path));
        return full(&says, findings);
    }
    let says = format!("{}, or a file beside it, cannot be written: {error}", shown(path));
    let next = "run it as the user who owns the folder and the files in it, or give this user the right to write there (chown, \
                chmod; for a service: ReadWritePaths=)";
    findings.error("database_rights", ABOUT, (&says, next), Exit::Database);
}

/// Returns the permissions of the file and those it should have, where more people may read it than should.
fn others(config: &Config, path: &Path) -> Option<(u32, u32)> {
    let mode = path.metadata().ok()?.permissions().mode() & 0o777;
    let wanted = config.database_mode.bits();
    (mode & 0o077 & !wanted != 0).then_some((mode, wanted))
}

/// Asks how much room is left on the disk.
fn room(path: &Path, findings: &mut Findings) {
    let folder = path.parent().unwrap_or(Path::new("."));
    let Ok(disk) = rustix::fs::statvfs(folder) else { return };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    // A file system that does not count files says 0 of 0.
    if disk.f_files > 0 && disk.f_favail == 0 {
        return full("the file system has no room for another file (no inode is left)", findings);
    }
    let size = path.metadata().map_or(0, |metadata| metadata.len());
    match judge(free, size) {
        Room::Enough => findings.ok("disk", format!("{} free", mib(free))),
        Room::Low => findings.warning(
            "disk_low",
            "disk",
            &format!("{} free, and the database takes {}", mib(free), mib(size)),
            "free some space: `snapshot`, and a change of the schema, take as much as the database again",
        ),
        Room::None => full(&format!("{} free", mib(free)), findings),
    }
}

fn full(says: &str, findings: &mut Findings) {
    let next = "free some space on the file system of the database, or move it with database.path; what was stored stays";
    findings.error("disk_full", "disk", (says, next), Exit::Database);
}

#[derive(Debug, PartialEq, Eq)]
enum Room {
    Enough,
    Low,
    None,
}

/// Judges how much room `free` bytes are for a database of `size` bytes.
fn judge(free: u64, size: u64) -> Room {
    if free < LEAST {
        Room::None
    } else if free < size.max(LITTLE) {
        Room::Low
    } else {
        Room::Enough
    }
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", super::print::count(bytes >> 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_has_room_for_the_database_once_more_or_little_or_none() {
        const GIB: u64 = 1 << 30;
        assert_eq!(judge(10 * GIB, GIB), Room::Enough);
        assert_eq!(judge(10 * GIB, 11 * GIB), Room::Low);
        assert_eq!(judge(200 << 20, 0), Room::Low);
        assert_eq!(judge(15 << 20, 0), Room::None);
    }
}
