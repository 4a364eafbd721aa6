//! Faults of the database, the files around it, and what a run left there.

use std::{fs::OpenOptions, os::unix::fs::FileExt as _};

use pipedrive_mirror::emulator::Installments;
use rstest::rstest;

use super::*;

#[rstest]
#[case::no_folder(
    "missing/mirror.db",
    "database_path",
    "make the folder, or name another file in database.path or --database"
)]
#[case::folder("folder", "database_path", "name a file in database.path or --database")]
#[case::garbage(
    "garbage.db",
    "database_damaged",
    "restore a snapshot or run `pipedrive-mirror backfill`"
)]
#[case::foreign(
    "foreign.db",
    "database_foreign",
    "name another file in database.path or --database"
)]
fn a_place_that_holds_no_mirror_is_found_and_the_rest_is_checked(
    #[case] place: &str,
    #[case] id: &str,
    #[case] next: &str,
) {
    let (source, house) = mirrored();
    fs::create_dir(house.path("folder")).unwrap();
    house.write("garbage.db", &"no database at all ".repeat(500));
    let foreign = rusqlite::Connection::open(house.path("foreign.db")).unwrap();
    foreign.execute_batch("CREATE TABLE theirs (a)").unwrap();
    drop(foreign);
    let before = fs::read(house.path("garbage.db")).unwrap();
    let report = examine(&house, &["--database", place]);
    report.finds(id, "error", next);
    assert_eq!(report.code, 8, "{:#}", report.json);
    assert!(source.emulator.spent() <= LIMIT && report.json["cost"] == source.emulator.spent());
    assert!(report.said.out.contains("it belongs to user"), "{:#}", report.json);
    assert_eq!(fs::read(house.path("garbage.db")).unwrap(), before);
    assert!(!house.path("missing").exists());
}

#[test]
fn a_damaged_page_is_found_and_nothing_is_written_down_in_such_a_file() {
    let (_source, house) = mirrored();
    let path = house.path("pipedrive.db");
    let root = house.number("SELECT rootpage FROM sqlite_schema WHERE name = 'deals'");
    let page = house.number("PRAGMA page_size");
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&[0xa5; 64], ((root - 1) * page).cast_unsigned()).unwrap();
    let report = examine(&house, &[]);
    report
        .ends(8, 2)
        .finds(
            "database_damaged",
            "error",
            "move it away with the files beside it (-wal, -shm), then restore a snapshot",
        )
        .finds("unbooked", "note", "heal the database");
}

#[test]
fn a_database_of_a_newer_version_is_found() {
    let (_source, house) = mirrored();
    house.database().execute_batch("PRAGMA user_version = 4711").unwrap();
    let report = examine(&house, &["--offline"]);
    report.ends(8, 0).finds("database_newer", "error", "use that version");
}

#[test]
fn a_database_of_an_earlier_version_is_found_and_not_brought_up_to_date() {
    let (_source, house) = mirrored();
    house.database().pragma_update(None, "user_version", 4).unwrap();
    let report = examine(&house, &[]);
    report.ends(0, 2).finds(
        "database_older",
        "warning",
        "run `pipedrive-mirror sync`, which brings it up to date",
    );
    assert_eq!(house.number("PRAGMA user_version"), 4);
}

#[test]
fn a_file_beside_it_that_cannot_be_written_is_found() {
    let (_source, house) = mirrored();
    fs::create_dir(house.path("pipedrive.db-journal")).unwrap();
    let next = "run it as the user who owns the folder and the files in it";
    examine(&house, &["--offline"]).ends(8, 0).finds("database_rights", "error", next);
}

#[test]
fn a_lock_that_cannot_be_taken_is_found_and_nothing_is_asked() {
    let (source, house) = mirrored();
    fs::create_dir(house.path("pipedrive.db.lock")).unwrap();
    let next = "move away what is in the place of the lock file";
    examine(&house, &[]).ends(8, 0).finds("lock_file", "error", next);
    assert!(source.emulator.log().is_empty());
}

#[test]
fn a_database_that_others_may_read_is_found() {
    let (_source, house) = mirrored();
    let path = house.path("pipedrive.db");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    examine(&house, &[]).ends(0, 2).finds("database_open", "warning", "run: chmod 0600 ");
    house.write("pipedrive-mirror.toml", "[database]\nmode = \"0644\"\n");
    assert_eq!(examine(&house, &["--offline"]).ids(), [""; 0], "it may be meant so");
}

#[test]
fn a_disk_without_room_for_the_database_once_more_is_found() {
    let (_source, house) = mirrored();
    let disk = rustix::fs::statvfs(house.folder()).unwrap();
    // Nothing is stored there: the file only claims to be so large.
    let file = OpenOptions::new().write(true).open(house.path("pipedrive.db")).unwrap();
    file.set_len(disk.f_bavail * disk.f_frsize + (64 << 30)).unwrap();
    let next = "free some space: `snapshot`, and a change of the schema, take as much";
    examine(&house, &["--offline"]).finds("disk_low", "warning", next);
}

#[test]
fn a_write_ahead_log_that_grew_is_found() {
    let (_source, house) = mirrored();
    let log = fs::File::create(house.path("pipedrive.db-wal")).unwrap();
    log.set_len(600 << 20).unwrap();
    let next = "end it, and the log is written back";
    examine(&house, &["--offline"]).ends(0, 0).finds("large_wal", "warning", next);
}

#[rstest]
#[case::token(
    "INSERT INTO sync_state VALUES ('token_refused_since', '2026-01-01T00:00:00Z')",
    "token_refused",
    "error",
    "put a valid one in its place"
)]
#[case::block(
    "INSERT INTO sync_state VALUES ('blocked_until', '2999-01-01T00:00:00Z'), ('blocked_for_s', '1800')",
    "blocked",
    "error",
    "look for another program that uses the token"
)]
#[case::budget(
    "INSERT INTO sync_state VALUES ('spent_until', '2999-01-01T00:00:00Z')",
    "postponed",
    "warning",
    "wait: it goes on at 2999"
)]
#[case::clock(
    "UPDATE sync_state SET value = '7200' WHERE key = 'clock_offset_s'",
    "clock",
    "warning",
    "timedatectl set-ntp true"
)]
#[case::stale(
    "UPDATE sync_checkpoints SET complete_began_at = '2020-01-01T00:00:00Z' WHERE entity = 'deals'",
    "stale",
    "warning",
    "run `pipedrive-mirror sync`; then keep"
)]
#[case::plan(
    "INSERT INTO sync_state VALUES ('refused_deal_installments', '2026-01-01T00:00:00Z')",
    "entity_refused",
    "note",
    "entities.deal_installments.enabled = false ends the asking"
)]
#[case::failing(
    "INSERT INTO sync_state VALUES ('failing_deal_products', '3|2999-01-01T00:00:00Z|it answered 500')",
    "entity_failing",
    "warning",
    "it is tried again by itself"
)]
#[case::quarantine(
    "INSERT INTO sync_quarantine VALUES ('deals', '7', 1, '{}', 'no id', 1, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z')",
    "quarantine",
    "warning",
    "SELECT key, reason FROM sync_quarantine"
)]
#[case::failed(
    "UPDATE sync_runs SET outcome = 'failed', error = 'it broke' WHERE entity = 'deals'",
    "entity_failing",
    "warning",
    "sync -v"
)]
#[case::skipped(
    "UPDATE sync_runs SET outcome = 'skipped', error = 'the token may not read /x (403: no); use one with wider permissions' WHERE entity = 'persons'",
    "not_permitted",
    "warning",
    "use one with wider permissions"
)]
#[case::owed(
    "INSERT INTO sync_due (kind, id, why, since, attempts, generation, error) VALUES ('deal_followers', 1, 'new', '2026-01-01T00:00:00Z', 2, 1, 'it broke')",
    "owed_failing",
    "note",
    "each is tried again"
)]
fn what_a_run_left_there_is_found_without_asking(
    #[case] sql: &str,
    #[case] id: &str,
    #[case] severity: &str,
    #[case] next: &str,
) {
    let (source, house) = mirrored();
    change(&house, sql);
    examine(&house, &["--offline"]).finds(id, severity, next);
    assert!(source.emulator.log().is_empty());
}

#[test]
fn what_a_backfill_could_not_have_is_found_at_no_cost() {
    let switches = Switches { installments: Installments::PaymentRequired, ..Switches::default() };
    let source = Source::serve(DEALS, switches);
    let house = House::at(&source.url);
    fault(&source, "/api/v2/deals/archived", status(403));
    fault(&source, "/api/v2/persons", status(403));
    house.run(&["backfill", "--quiet"]);
    house.database().execute("DELETE FROM sync_state WHERE key = 'last_sent_at'", []).unwrap();
    examine(&house, &[])
        .ends(0, 2)
        .finds("entity_refused", "note", "nothing, if the plan lacks it")
        .finds("not_permitted", "warning", "use one with wider permissions");
}
