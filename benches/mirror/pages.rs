//! Pages as the source sends them, and databases to store them in.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use http::Uri;
use jiff::Timestamp;
use pipedrive_mirror::{
    clock::VirtualClock,
    emulator::{self, Emulator, Switches, TOKEN, World},
    entity::{self, Catalog, Decoded, Entity},
    progress::{Checkpoint, Cursor},
    store::{Batch, Lock, Purpose, Reading, Store},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use tempfile::TempDir;

/// What a database that is measured begins as: the schema, and the columns of the company's custom fields.
pub(crate) struct Bench {
    pub(crate) pages: Vec<Page>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) folder: TempDir,
    now: Timestamp,
}

/// One answer of a listing.
pub(crate) struct Page {
    pub(crate) body: Arc<str>,
    pub(crate) rows: Vec<Range<usize>>,
    next: Option<String>,
}

impl Bench {
    /// Takes the first `count` pages of 500 deals of a made-up company.
    pub(crate) fn new(count: u32) -> Self {
        let now: Timestamp = "2026-03-02T10:00:00Z".parse().expect("an instant");
        // Some 7 % of the deals are archived, so not in this list.
        let world =
            World::generate(&emulator::Options { deals: count * 500 * 11 / 10, seed: 7, now });
        let switches = Switches { burst: None, ..Switches::default() };
        let emulator = Emulator::new(world, switches, Arc::new(VirtualClock::new(now)));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let catalog = template(&emulator, folder.path(), now);
        let pages = list(&emulator, deals(), "&sort_by=update_time&sort_direction=asc", count);
        assert!(pages.iter().all(|page| page.rows.len() == 500), "every page is full");
        Self { pages, catalog: Arc::new(catalog), folder, now }
    }

    /// Returns how many deals there are.
    pub(crate) fn rows(&self) -> usize {
        self.pages.iter().map(|page| page.rows.len()).sum()
    }

    pub(crate) fn decode(&self, page: &Page) -> Decoded {
        let decoded = entity::decode(deals(), &self.catalog, &page.body, &page.rows);
        assert!(decoded.unreadable.is_empty() && decoded.unknown_fields.is_empty());
        decoded
    }

    /// Returns what storing `page`, the page of request `observed`, takes.
    pub(crate) fn batch(&self, page: &Page, observed: u64) -> Batch {
        Batch {
            entity: deals(),
            page: Arc::clone(&page.body),
            decoded: self.decode(page),
            catalog: Arc::clone(&self.catalog),
            observed,
            server_now: Some(self.now),
            now: self.now,
            checkpoint: Checkpoint {
                cursor: page.next.clone().map(Cursor::new),
                mark: Some(self.now),
                ..Checkpoint::default()
            },
            purpose: Purpose::Pass,
            children: Arc::new([]),
            restricted: false,
            reading: None,
        }
    }

    pub(crate) fn batches(&self) -> Vec<Batch> {
        (1..).zip(&self.pages).map(|(observed, page)| self.batch(page, observed)).collect()
    }

    /// Returns the path of a database without deals that nobody has used yet.
    pub(crate) fn fresh(&self) -> PathBuf {
        let path = self.folder.path().join("fresh.db");
        for suffix in ["-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{suffix}", path.display()));
        }
        fs::copy(self.folder.path().join("template.db"), &path).expect("a copy of the template");
        path
    }

    pub(crate) fn fresh_store(&self) -> Store {
        open(&self.fresh())
    }
}

pub(crate) fn deals() -> &'static Entity {
    entity::find("deals").expect("deals are mirrored")
}

pub(crate) fn open(path: &Path) -> Store {
    Store::open(Lock::acquire(path).expect("the lock"), 0o600).expect("a database")
}

/// Makes the database that all others are copies of, and returns its custom fields.
fn template(emulator: &Emulator, folder: &Path, now: Timestamp) -> Catalog {
    let fields = entity::find("deal_fields").expect("fields are mirrored");
    let mut store = open(&folder.join("template.db"));
    let mut keys = Reading::default();
    for page in list(emulator, fields, "", 100) {
        let decoded = entity::decode(fields, &Catalog::default(), &page.body, &page.rows);
        keys.note(&page.body, &decoded);
        let batch = Batch {
            entity: fields,
            page: page.body,
            decoded,
            catalog: Arc::default(),
            observed: 0,
            server_now: Some(now),
            now,
            checkpoint: Checkpoint::default(),
            purpose: Purpose::Pass,
            children: Arc::new([]),
            restricted: false,
            reading: page.next.is_none().then(|| keys.clone()),
        };
        store.commit(&batch).expect("fields are stored");
    }
    store.truncate_log().expect("all in one file");
    store.catalog(deals().table).expect("a catalog")
}

/// Reads at most `count` pages of a list.
fn list(emulator: &Emulator, entity: &Entity, order: &str, count: u32) -> Vec<Page> {
    let mut query: String =
        entity.query.iter().map(|(name, value)| format!("&{name}={value}")).collect();
    query.push_str(order);
    let mut pages: Vec<Page> = Vec::new();
    while pages.len() < count as usize {
        let cursor = match pages.last().map(|page| &page.next) {
            None => String::new(),
            Some(None) => break,
            Some(Some(cursor)) => format!("&cursor={cursor}"),
        };
        pages.push(ask(emulator, &format!("{}?limit=500{query}{cursor}", entity.endpoint.path)));
    }
    pages
}

fn ask(emulator: &Emulator, uri: &str) -> Page {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        data: Vec<&'a RawValue>,
        additional_data: Additional,
    }
    #[derive(Deserialize)]
    struct Additional {
        next_cursor: Option<String>,
    }
    let request = http::Request::get(uri.parse::<Uri>().expect("a path"))
        .header("x-api-token", TOKEN)
        .body(Bytes::new())
        .expect("a request");
    let answer = emulator.handle(request).expect("an answer");
    let body: Arc<str> = String::from_utf8(answer.body().to_vec()).expect("text").into();
    let envelope: Envelope<'_> = serde_json::from_str(&body).expect("a page");
    let start = |row: &RawValue| row.get().as_ptr() as usize - body.as_ptr() as usize;
    let rows = envelope.data.iter().map(|row| start(row)..start(row) + row.get().len()).collect();
    let next = envelope.additional_data.next_cursor;
    Page { body, rows, next }
}
