//! `verify` as a person and a script meet it.

use pipedrive_mirror::emulator::Switches;
use serde_json::Value as Json;

use super::common::tcp::{House, Source};

#[test]
fn it_says_its_price_first_ends_with_7_on_a_difference_and_leaves_a_certificate() {
    let source = Source::serve(40, Switches::default());
    let house = House::at(&source.url);
    assert_eq!(house.run(&["backfill", "--quiet"]).code, 0);
    let said = house.run(&["verify", "--deep"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.starts_with("Comparing costs up to "), "{said:?}");
    assert!(said.out.contains(" equals the source. Compared: inside, ids, totals; "), "{said:?}");
    let shown = house.run(&["status"]);
    assert!(
        shown.out.contains("\nverify: equal; inside, ids, totals were compared at "),
        "{shown:?}"
    );

    house.database().execute("UPDATE deals SET title = 'Another' WHERE id = 3", []).unwrap();
    let said = house.run(&["verify", "--deep", "--rows", "--repair", "--json"]);
    assert_eq!(said.code, 7, "{said:?}");
    let report: Json = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&report["equal"], &report["exit"]), (&Json::Bool(false), &Json::from(7)));
    let difference = &report["differences"][0];
    assert_eq!((&difference["entity"], &difference["id"]), (&"deals".into(), &"3".into()));
    assert_eq!(difference["fate"], "differs");
    // Its exact text tells what it was called.
    assert_eq!(report["repair"]["at_once"], 1);
    assert_eq!(house.run(&["verify", "--deep", "--rows", "--quiet"]).code, 0);
    let status: Json = serde_json::from_str(&house.run(&["status", "--json"]).out).unwrap();
    assert_eq!(status["certificate"]["result"], "equal");
}

#[test]
fn without_a_database_it_says_so_and_makes_none() {
    let source = Source::serve(1, Switches::default());
    let house = House::at(&source.url);
    let said = house.run(&["verify"]);
    assert_eq!((said.code, source.emulator.log().len()), (8, 0), "{said:?}");
    assert!(!house.path("pipedrive.db").exists());
}
