//! Where nothing is wrong, and where there is nothing yet.

use super::*;

#[test]
fn a_mirror_that_is_well_is_found_healthy_at_the_price_that_was_said() {
    let (source, house) = mirrored();
    let report = examine(&house, &[]);
    report.ends(0, 2);
    assert_eq!(report.ids(), [""; 0], "{:#}", report.json);
    assert_eq!(report.json["healthy"], true);
    assert_eq!(source.emulator.spent(), 2);
    let abouts: Vec<&str> = report.json["passed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|passed| passed["about"].as_str().unwrap())
        .collect();
    assert_eq!(
        abouts,
        [
            "configuration",
            "files",
            "disk",
            "daemon",
            "database",
            "freshness",
            "schedules",
            "source",
            "token",
            "clock",
            "budget"
        ]
    );
    let said = "Asking the source whose token it is (2): this costs 2 at most (of 60).\n";
    assert_eq!(report.said.err, said);
    // What it cost is in the books.
    let booked = "SELECT sum(cost) FROM sync_api_usage WHERE endpoint = '/v1/users/me'";
    assert_eq!(house.number(booked), 4);
}

#[test]
fn in_words_there_is_a_line_for_each_check_and_under_what_was_found_what_to_do() {
    let (source, house) = mirrored();
    let company = source.emulator.world().company().name.clone();
    let well = house.run(&["doctor"]);
    assert_eq!(well.code, 0, "{well:?}");
    assert!(well.out.lines().rev().skip(1).all(|line| line.starts_with("ok ")), "{}", well.out);
    assert!(well.out.contains(&company) && well.out.ends_with("Nothing is wrong. Cost: 2.\n"));
    assert!(!well.out.contains('\u{1b}'), "{}", well.out);

    source.emulator.set_tokens(["another"]);
    let ill = house.run(&["doctor"]);
    assert_eq!(ill.code, 3, "{ill:?}");
    let lines: Vec<&str> = ill.out.lines().collect();
    let at = lines.iter().position(|line| line.starts_with("error ")).unwrap();
    assert!(
        lines[at].contains("token") && lines[at].ends_with("the API token was refused (401)"),
        "{}",
        ill.out
    );
    assert!(
        lines[at + 1].trim_start().starts_with("do this: copy the current one from Pipedrive"),
        "{}",
        ill.out
    );
    assert!(ill.out.ends_with("1 error. Cost: 2.\n"), "{}", ill.out);
}

#[test]
fn without_a_database_none_is_made_and_the_lists_are_asked_for_within_60() {
    let source = Source::serve(DEALS, Switches::default());
    let house = House::at(&source.url);
    let report = examine(&house, &[]);
    report.ends(0, 57).finds("no_database", "note", "run `pipedrive-mirror backfill`");
    assert_eq!(report.ids(), ["note no_database"], "{:#}", report.json);
    assert_eq!((report.json["healthy"].as_bool(), source.emulator.spent()), (Some(true), 57));
    assert!(source.emulator.spent() <= LIMIT);
    assert!(report.finding("no_database").unwrap()["says"].as_str().unwrap().contains("in memory"));
    let first = report.said.err.lines().next().unwrap();
    assert!(first.contains("this costs 57 at most (of 60)"), "{first}");
    assert!(first.contains("deals, deal_installments, products, persons"), "{first}");
    let left: Vec<_> =
        fs::read_dir(house.folder()).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert_eq!(left, ["pipedrive-mirror.toml"]);
}

#[test]
fn what_is_not_mirrored_is_not_asked_for() {
    let source = Source::serve(DEALS, Switches::default());
    let house = House::at(&source.url);
    house.write(
        "pipedrive-mirror.toml",
        "[entities]\npersons.enabled = false\norganizations.enabled = false\nproducts.enabled = false\n",
    );
    examine(&house, &[]).ends(0, 27);
    assert_eq!(source.emulator.spent(), 27);
}

#[test]
fn offline_nothing_is_sent_and_the_rest_is_checked() {
    let (source, house) = mirrored();
    let report = examine(&house, &["--offline"]);
    report.ends(0, 0);
    assert_eq!((report.ids().len(), source.emulator.log().len()), (0, 0), "{:#}", report.json);
    assert_eq!(report.said.err, "");
    assert!(report.said.out.contains("--offline"));
}
