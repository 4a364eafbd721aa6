use std::{fs, path::PathBuf, time::Duration};

use bytes::Bytes;
use futures_util::FutureExt as _;
use jiff::SignedDuration;

use super::{
    super::{DealChange, Id, Life, Reference, World},
    *,
};
use crate::clock::VirtualClock;

const NOW: &str = "2026-02-03T16:40:21Z";

/// A state file, and the clock of whoever uses it.
struct House {
    folder: tempfile::TempDir,
    clock: VirtualClock,
    switches: Switches,
}

impl House {
    fn new() -> Self {
        let switches = Switches { burst: None, ..Switches::default() };
        let clock = VirtualClock::new(NOW.parse().unwrap());
        Self { folder: tempfile::tempdir().unwrap(), clock, switches }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("world.jsonl")
    }

    fn open(&self) -> Result<(Emulator, Kept), StateError> {
        self.open_as(Some(300), Some(7))
    }

    fn open_as(
        &self,
        deals: Option<u32>,
        seed: Option<u64>,
    ) -> Result<(Emulator, Kept), StateError> {
        let wish = Wish { deals, seed, now: self.clock.now() };
        Emulator::keep(&self.path(), &wish, self.switches.clone(), Arc::new(self.clock.clone()))
    }

    fn error(&self) -> StateError {
        self.open().map(|(_, kept)| kept).unwrap_err()
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    /// Lets a company live for so many days.
    fn live(&self, emulator: &Emulator, life: &mut Life, days: u64) {
        let end = self.clock.now() + SignedDuration::from_hours(24 * days as i64);
        life.until(&mut emulator.world(), end);
        self.clock.advance(Duration::from_secs(days * 86_400));
    }
}

/// All that a world is, its indexes, numbers and what is shown late included; but how it came to be.
fn whole(emulator: &Emulator) -> String {
    let mut world: World = emulator.world().clone();
    world.history.clear();
    format!("{world:#?}")
}

fn life() -> Life {
    Life::new(3, "20/h".parse().unwrap())
}

fn send(emulator: &Emulator, method: &str, path: &str, body: &str) -> u16 {
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("x-api-token", super::super::TOKEN);
    let request = request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
    emulator.handle(request).unwrap().status().as_u16()
}

fn assert_same(one: &str, other: &str) {
    let differs = one.lines().zip(other.lines()).find(|(one, other)| one != other);
    assert_eq!(differs, None);
    assert_eq!(one.len(), other.len());
}

#[test]
fn a_world_that_lived_is_the_same_when_it_is_opened_again() {
    let house = House::new();
    let (emulator, kept) = house.open().unwrap();
    assert_eq!(kept, Kept { seed: 7, edits: None, torn: false });
    let mut life = life();
    // Long enough for what was deleted to be purged.
    house.live(&emulator, &mut life, 40);
    let before = whole(&emulator);
    drop(emulator);
    let (emulator, kept) = house.open().unwrap();
    assert!(kept.edits > Some(20_000), "{kept:?}");
    assert_same(&before, &whole(&emulator));
    // And it goes on as it would have.
    house.live(&emulator, &mut life, 1);
    let before = whole(&emulator);
    drop(emulator);
    assert_same(&before, &whole(&house.open().unwrap().0));
}

#[test]
fn ids_are_given_on_after_the_last_of_a_kind_is_gone() {
    let house = House::new();
    let (emulator, _) = house.open().unwrap();
    let newest = |emulator: &Emulator, kind| emulator.world().reference_ids(kind).last().unwrap().0;
    let (stage, person) =
        (newest(&emulator, Reference::Stages), newest(&emulator, Reference::Persons));
    for edit in [
        Edit::PurgeStage(stage),
        Edit::PurgePerson(person),
        Edit::AddUser("Noor".to_owned()),
        Edit::RemoveCurrency(6),
    ] {
        emulator.world().apply(edit).unwrap();
    }
    let last: Id = emulator.world().next_deal - 1;
    for edit in [Edit::DeleteDeal(last), Edit::PurgeDeal(last)] {
        let _ = emulator.world().apply(edit);
    }
    let before = whole(&emulator);
    drop(emulator);
    let (emulator, _) = house.open().unwrap();
    assert_same(&before, &whole(&emulator));
    let name = "Tõnu".to_owned();
    emulator.world().apply(Edit::AddPerson { name, org_id: None }).unwrap();
    assert_eq!(newest(&emulator, Reference::Persons), person + 1);
}

#[test]
fn writes_of_the_api_are_kept_whole_and_refused_ones_leave_no_gap() {
    let house = House::new();
    let (emulator, _) = house.open().unwrap();
    let open = |deal: &&super::super::Deal| {
        let plain = deal.deleted.is_none() && deal.archived.is_none();
        plain && deal.attached().lines.is_empty() && deal.attached().installments.is_empty()
    };
    let id = emulator.world().deals.values().find(open).unwrap().id;
    let lines = format!("/api/v2/deals/{id}/products/bulk");
    let line = r#"{"product_id":301,"item_price":10.5,"quantity":2}"#;
    let bad = r#"{"product_id":999999,"item_price":10.5,"quantity":2}"#;
    let refused = send(&emulator, "POST", &lines, &format!(r#"{{"data":[{line},{bad}]}}"#));
    assert_eq!((refused, house.text().lines().count()), (400, 1));
    assert_eq!(send(&emulator, "POST", &lines, &format!(r#"{{"data":[{line},{line}]}}"#)), 201);
    assert_eq!(house.text().lines().count(), 2, "one request is one line");
    let merged = emulator.world().deals.values().filter(open).nth(1).unwrap().id;
    let deal = format!("/api/v2/deals/{id}");
    let v1 = |id, action| format!("/v1/deals/{id}/{action}");
    let merge = format!(r#"{{"merge_with_id":{id}}}"#);
    for (method, path, body) in [
        ("POST", "/api/v2/deals", r#"{"title":"„Neu“ \n 予算","value":9.99}"#),
        ("PATCH", &deal, r#"{"probability":35,"expected_close_date":"2026-05-01"}"#),
        ("PATCH", &deal, r#"{"status":"won","won_time":"2026-02-01T10:00:00Z"}"#),
        ("PATCH", &deal, r#"{"is_archived":true,"archive_time":"2026-01-01 10:00:00"}"#),
        ("PATCH", &deal, r#"{"is_archived":false,"expected_close_date":""}"#),
        ("POST", &v1(id, "duplicate"), ""),
        ("PUT", &v1(merged, "merge"), &merge),
        ("POST", &format!("{deal}/convert/lead"), ""),
    ] {
        assert_eq!(send(&emulator, method, path, body), 200, "{method} {path}");
    }
    // The chronicle tells what a request changed from what a person did.
    let person = emulator.world().live_ids().last().unwrap();
    let change = DealChange::Title("by hand".to_owned());
    emulator.world().apply(Edit::ChangeDeal(person, change)).unwrap();
    let before = whole(&emulator);
    assert!(before.contains("source: Api") && before.contains("source: App"));
    drop(emulator);
    assert_same(&before, &whole(&house.open().unwrap().0));
}

#[test]
fn what_is_shown_late_is_shown_late_again() {
    let mut house = House::new();
    house.switches.visible_after = Duration::from_secs(20);
    let (emulator, _) = house.open().unwrap();
    let id = emulator.world().live_ids().next().unwrap();
    for title in ["first", "second"] {
        let change = DealChange::Title(title.to_owned());
        emulator.world().apply(Edit::ChangeDeal(id, change)).unwrap();
        house.clock.advance(Duration::from_secs(15));
    }
    let before = whole(&emulator);
    assert!(before.contains("until"), "something is still shown as it was");
    drop(emulator);
    assert_same(&before, &whole(&house.open().unwrap().0));
}

#[test]
fn nothing_of_the_past_stays_in_memory() {
    let house = House::new();
    let (emulator, _) = house.open().unwrap();
    house.live(&emulator, &mut life(), 2);
    assert_eq!(send(&emulator, "GET", "/api/v2/deals", ""), 200);
    let past = |emulator: &Emulator| {
        let edits = emulator.world().history().len();
        (edits, emulator.log().len())
    };
    assert_eq!(past(&emulator), (0, 0));
    let other =
        Emulator::new(emulator.world().clone(), Switches::default(), Arc::new(house.clock.clone()));
    send(&other, "DELETE", "/api/v2/deals/1", "");
    other.forget();
    send(&other, "DELETE", "/api/v2/deals/2", "");
    assert_eq!(past(&other), (0, 0));
}

#[test]
fn a_torn_last_line_is_dropped_wherever_it_is_torn() {
    let house = House::new();
    let (emulator, _) = house.open().unwrap();
    let ids: Vec<_> = emulator.world().live_ids().take(3).collect();
    for id in &ids {
        emulator.world().apply(Edit::ArchiveDeal(*id)).unwrap();
    }
    drop(emulator);
    let text = house.text();
    let last = text.trim_end().rfind('\n').unwrap() + 1;
    for end in [last + 1, last + 20, text.len() - 1] {
        fs::write(house.path(), &text[..end]).unwrap();
        let (emulator, kept) = house.open().unwrap();
        assert_eq!(kept, Kept { seed: 7, edits: Some(2), torn: true });
        let archived = |id: &Id| emulator.world().deal(*id).unwrap().archived.is_some();
        assert_eq!(ids.iter().map(archived).collect::<Vec<_>>(), [true, true, false]);
        assert_eq!(house.text(), text[..last]);
        // What is written next is a line of its own.
        emulator.world().apply(Edit::ArchiveDeal(ids[2])).unwrap();
        drop(emulator);
        assert_eq!(house.open().unwrap().1, Kept { seed: 7, edits: Some(3), torn: false });
    }
}

#[test]
fn a_file_that_is_none_of_ours_is_refused_and_left_as_it_is() {
    let house = House::new();
    for text in ["\n", "hello", "{}\n", "[1,2]\n{}\n", "SQLite format 3\0", &"x".repeat(100_000)] {
        fs::write(house.path(), text).unwrap();
        assert_eq!(house.error(), StateError::Foreign { path: house.path() });
        assert_eq!(house.text(), text);
    }
    fs::remove_file(house.path()).unwrap();
    fs::create_dir(house.path()).unwrap();
    assert_eq!(house.error(), StateError::Foreign { path: house.path() });
}

#[test]
fn another_world_another_version_and_damage_are_told_apart() {
    let house = House::new();
    let (emulator, _) = house.open().unwrap();
    // An edit that names what is not there fits no world.
    emulator.world().apply(Edit::AddUser("A".to_owned())).unwrap();
    let path = house.path();
    assert_eq!(house.error(), StateError::InUse { path: path.clone() });
    drop(emulator);
    let another = house.open_as(Some(301), None).map(|_| ()).unwrap_err();
    assert!(another.to_string().contains("--deals 300, not 301"), "{another}");
    let another = house.open_as(None, Some(8)).map(|_| ()).unwrap_err();
    assert!(another.to_string().contains("--seed 7, not 8"), "{another}");
    assert_eq!(house.open_as(None, None).unwrap().1.edits, Some(1));
    let text = house.text();
    let version = StateError::Version { path: path.clone() };
    for (from, to) in [
        ("\"version\":1", "\"version\":2"),
        ("\"company\":\"", "\"company\":\"0"),
        ("\"deals\":", "\"rows\":"),
    ] {
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        assert_eq!(house.error(), version, "{to}");
    }
    for line in
        ["nonsense\n", "{\"at\":\"2026-02-03T16:40:21Z\",\"edits\":[{\"ArchiveDeal\":4000000}]}\n"]
    {
        fs::write(&path, format!("{text}{line}")).unwrap();
        assert_eq!(house.error(), StateError::Damaged { path: path.clone(), line: 3 });
    }
}

#[test]
fn an_empty_file_is_begun() {
    let house = House::new();
    fs::write(house.path(), "").unwrap();
    assert_eq!(house.open().unwrap().1.edits, None);
    assert_eq!(house.open().unwrap().1.edits, Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_answers_go_on() {
    let house = House::new();
    let (emulator, _) = house.open().unwrap();
    // A device that takes nothing, as a full disk does.
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    match &mut emulator.state().past {
        Past::Written(journal) => journal.file = full,
        _ => panic!("the world is kept"),
    }
    assert_eq!(emulator.lost().now_or_never(), None);
    let id = emulator.world().live_ids().next().unwrap();
    assert_eq!(send(&emulator, "DELETE", &format!("/api/v2/deals/{id}"), ""), 200);
    let told = emulator.lost().now_or_never().unwrap();
    assert_eq!(
        told,
        StateError::Write { path: house.path(), reason: "the disk is full".to_owned() }
    );
    assert_eq!(send(&emulator, "GET", "/api/v2/deals", ""), 200);
}
