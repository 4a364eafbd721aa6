//! What was written to files and not synced since: what a power failure may take back.

use libc::{c_int, c_void, off_t};

use crate::system;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// Changes of files that are not yet safe, in their order.
#[derive(Debug, Default)]
pub(crate) struct Unsynced {
    changes: Vec<Change>,
    /// A number of this process for every file, kept open to the end.
    files: Vec<((u64, u64), c_int)>,
}

#[derive(Debug)]
struct Change {
    file: (u64, u64),
    at: off_t,
    /// The length of the file before.
    length: off_t,
    before: Vec<u8>,
    what: What,
}

#[derive(Debug)]
enum What {
    Write(Vec<u8>),
    Cut(off_t),
}

impl Unsynced {
    /// Notes what is about to be written.
    pub(crate) fn writes(&mut self, fd: c_int, at: off_t, bytes: &[u8]) {
        self.note(fd, at, bytes.len(), What::Write(bytes.to_vec()));
    }

    /// Notes that the file is about to get another length.
    pub(crate) fn cuts(&mut self, fd: c_int, length: off_t) {
        let gone = system::file(fd).map_or(0, |(_, now)| now.saturating_sub(length));
        self.note(fd, length, usize::try_from(gone).unwrap_or(0), What::Cut(length));
    }

    fn note(&mut self, fd: c_int, at: off_t, length: usize, what: What) {
        let Some((file, now)) = system::file(fd) else { return };
        if !self.files.iter().any(|(known, _)| *known == file) {
            self.files.push((file, system::opened_again(fd)));
        }
        let mut before = vec![0; length];
        let read = system::pread(fd, before.as_mut_ptr().cast::<c_void>(), length, at);
        before.truncate(usize::try_from(read).unwrap_or(0));
        self.changes.push(Change { file, at, length: now, before, what });
    }

    /// Forgets the changes of a file that is safe now.
    pub(crate) fn synced(&mut self, fd: c_int) {
        if let Some((synced, _)) = system::file(fd) {
            self.changes.retain(|change| change.file != synced);
        }
    }

    /// Takes everything back, and then does again what `seed` says did reach the disk.
    pub(crate) fn lose(&self, seed: u64) {
        for change in self.changes.iter().rev() {
            let Some(fd) = self.number(change.file) else { continue };
            write(fd, change.at, &change.before);
            system::ftruncate(fd, change.length);
        }
        let mut random = seed;
        for change in &self.changes {
            let Some(fd) = self.number(change.file) else { continue };
            match &change.what {
                What::Write(bytes) => {
                    for (number, sector) in (0..).zip(bytes.chunks(SECTOR)) {
                        if tossed(&mut random) {
                            write(fd, change.at + number * SECTOR as off_t, sector);
                        }
                    }
                }
                What::Cut(length) if tossed(&mut random) => {
                    system::ftruncate(fd, *length);
                }
                What::Cut(_) => {}
            }
        }
    }

    fn number(&self, file: (u64, u64)) -> Option<c_int> {
        self.files.iter().find(|(known, _)| *known == file).map(|(_, fd)| *fd)
    }
}

fn write(fd: c_int, at: off_t, bytes: &[u8]) {
    system::pwrite(fd, bytes.as_ptr().cast::<c_void>(), bytes.len(), at);
}

/// Splitmix64, three times of four.
fn tossed(state: &mut u64) -> bool {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    !(mixed ^ (mixed >> 31)).is_multiple_of(4)
}
