//! Opening a state file: what it says of its world, and that world as it was left.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    path::Path,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use xxhash_rust::xxh3::Xxh3;

use super::{
    super::{Options, Second, Switches, World},
    Journal, Kept, StateError, Told, Wish, reason,
};

/// What the first line says it is.
const FORMAT: &str = "pipedrive-mirror emulator";

/// Which form the lines have. Another form has another number.
const VERSION: u32 = 1;

/// The first line is shorter than that.
const MAX_HEAD: u64 = 1_000;

/// How many deals are looked at to tell whether a world is the one that was begun with.
const SAMPLE: usize = 64;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    format: String,
    version: u32,
    deals: u32,
    seed: u64,
    began: Timestamp,
    /// What the world looked like when it was made: a program that makes another one of the same seed shows by it.
    company: String,
}

/// Opens `path`, or begins it.
pub(super) fn open(
    path: &Path,
    wish: &Wish,
    switches: Switches,
) -> Result<(World, Journal, Kept), StateError> {
    let failed =
        |error: io::Error| StateError::Open { path: path.to_owned(), reason: reason(&error) };
    // A device or a pipe has no end to read to.
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return Err(StateError::Foreign { path: path.to_owned() });
    }
    let file =
        OpenOptions::new().read(true).append(true).create(true).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(StateError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let journal = Journal { file, path: path.to_owned(), broken: CancellationToken::new() };
    // Also the file of one that died before its first line.
    if journal.file.metadata().map_err(failed)?.len() == 0 {
        return begin(journal, wish, switches);
    }
    let mut lines = BufReader::new(journal.file.try_clone().map_err(failed)?);
    let mut line = Vec::new();
    lines.by_ref().take(MAX_HEAD).read_until(b'\n', &mut line).map_err(failed)?;
    let head = head(path, &line, wish)?;
    let mut world = head.world();
    if head.company != looks(&world) {
        return Err(StateError::Version { path: path.to_owned() });
    }
    world.start(switches);
    let read = repeat(path, &mut world, lines, line.len() as u64)?;
    if read.torn {
        journal.file.set_len(read.whole).map_err(failed)?;
    }
    let kept = Kept { seed: head.seed, edits: Some(read.edits), torn: read.torn };
    Ok((world, journal, kept))
}

/// Makes the world that is wished for, and writes down how.
fn begin(
    mut journal: Journal,
    wish: &Wish,
    switches: Switches,
) -> Result<(World, Journal, Kept), StateError> {
    let mut head = Head {
        format: FORMAT.to_owned(),
        version: VERSION,
        deals: wish.deals.unwrap_or(Wish::DEALS),
        seed: wish.seed.unwrap_or(Wish::SEED),
        // The grain of all times in this world.
        began: Second::of(wish.now).timestamp(),
        company: String::new(),
    };
    let mut world = head.world();
    head.company = looks(&world);
    let line = serde_json::to_string(&head).expect("the first line is writable as JSON") + "\n";
    if let Err(error) = journal.file.write_all(line.as_bytes()) {
        // Half a first line would be taken for somebody else's. If that fails, too, the reason is the same.
        drop(journal.file.set_len(0));
        return Err(journal.failed(&error));
    }
    world.start(switches);
    Ok((world, journal, Kept { seed: head.seed, edits: None, torn: false }))
}

/// Reads the first line, and refuses another world than the one that is wished for.
fn head(path: &Path, line: &[u8], wish: &Wish) -> Result<Head, StateError> {
    let path = path.to_owned();
    let told: serde_json::Value = serde_json::from_slice(line).unwrap_or_default();
    if told["format"] != FORMAT || !line.ends_with(b"\n") {
        return Err(StateError::Foreign { path });
    }
    let Ok(head) = serde_json::from_value::<Head>(told) else {
        return Err(StateError::Version { path });
    };
    if head.version != VERSION {
        return Err(StateError::Version { path });
    }
    let kept = [("--deals", u64::from(head.deals)), ("--seed", head.seed)];
    for ((name, kept), wanted) in kept.into_iter().zip([wish.deals.map(u64::from), wish.seed]) {
        match wanted {
            Some(wanted) if wanted != kept => {
                return Err(StateError::Another { path, name, kept, wanted });
            }
            _ => {}
        }
    }
    Ok(head)
}

impl Head {
    fn world(&self) -> World {
        World::generate(&Options { deals: self.deals, seed: self.seed, now: self.began })
    }
}

/// Returns what tells this world from the one that another version of this program makes of the same seed.
fn looks(world: &World) -> String {
    let mut hash = Xxh3::new();
    let step = (world.deals.len() / SAMPLE).max(1);
    for deal in world.deals.values().step_by(step) {
        hash.update(format!("{deal:?}").as_bytes());
    }
    let company = &world.company;
    let counts = [company.users.len(), company.persons.len(), company.organizations.len()];
    let (fields, stages, products) = (&world.fields, &company.stages, &company.products);
    hash.update(format!("{counts:?} {fields:?} {stages:?} {products:?}").as_bytes());
    format!("{:016x}", hash.digest())
}

/// What the lines after the first came to.
struct Read {
    edits: u64,
    /// How many bytes are whole lines.
    whole: u64,
    torn: bool,
}

/// Carries out again what happened; `whole` bytes were read before.
fn repeat(
    path: &Path,
    world: &mut World,
    mut lines: BufReader<File>,
    whole: u64,
) -> Result<Read, StateError> {
    let mut read = Read { edits: 0, whole, torn: false };
    let mut line = Vec::new();
    for nth in 2.. {
        line.clear();
        lines
            .read_until(b'\n', &mut line)
            .map_err(|error| StateError::Open { path: path.to_owned(), reason: reason(&error) })?;
        if !line.ends_with(b"\n") {
            read.torn = !line.is_empty();
            break;
        }
        let damaged = || StateError::Damaged { path: path.to_owned(), line: nth };
        let Told { at, by_request, edits } =
            serde_json::from_slice(&line).map_err(|_| damaged())?;
        // What was purged then has an edit of its own.
        world.turn(at.timestamp());
        world.by_request = by_request;
        for edit in edits {
            world.apply(edit).map_err(|_| damaged())?;
            read.edits += 1;
        }
        world.history.clear();
        read.whole += line.len() as u64;
    }
    world.by_request = false;
    Ok(read)
}
