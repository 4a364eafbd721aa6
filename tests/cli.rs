//! The program as it is typed: what it says where, with which exit code, and what it leaves behind.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod common;

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
};

use common::{
    tcp::{House, SECRET, Said, Source, said},
    truth,
};
use pipedrive_mirror::{
    emulator::{DealChange, Edit, Fault, FaultRule, Switches},
    store::Lock,
};
use rstest::rstest;
use serde_json::Value as Json;

fn json(said: &Said) -> Json {
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

fn small() -> (Source, House) {
    let source = Source::serve(60, Switches::default());
    let house = House::at(&source.url);
    (source, house)
}

fn mirrored() -> (Source, House) {
    let (source, house) = small();
    assert_eq!(house.run(&["backfill"]).code, 0);
    (source, house)
}

fn fault(source: &Source, path: &str, fault: Fault) {
    source.emulator.fault(FaultRule {
        path: Some(path.to_owned()),
        skip: 0,
        times: u32::MAX,
        fault,
    });
}

fn status(code: u16) -> Fault {
    Fault::Status { code, headers: Vec::new(), body: String::new() }
}

// The token.

#[test]
fn without_a_token_three_lines_say_where_to_find_one() {
    for command in ["backfill", "sync"] {
        let said = House::empty().run(&[command]);
        said.fails(2, &["Personal preferences > API", "PIPEDRIVE_API_TOKEN"]);
        assert_eq!((said.err.lines().count(), said.out.as_str()), (3, ""), "{said:?}");
    }
}

#[test]
fn a_token_that_cannot_be_one_is_refused_and_not_quoted() {
    let (first, second) = SECRET.split_at(20);
    for token in ["", "  ", &format!("{first}\n{second}"), &format!("{first} {second}")] {
        let house = House::empty().with("PIPEDRIVE_API_TOKEN", token);
        let said = house.run(&["backfill"]);
        said.fails(2, &["PIPEDRIVE_API_TOKEN"]);
        assert!(!said.err.contains(first) && !said.err.contains(second), "{said:?}");
        assert!(!house.path("pipedrive.db").exists());
    }
}

#[test]
fn a_wrong_token_ends_with_3_and_costs_no_row() {
    let (source, house) = mirrored();
    source.emulator.set_tokens(["another"]);
    house.run(&["sync"]).fails(3, &["401", "Personal preferences > API"]);
    assert_eq!(house.number("SELECT count(*) FROM deals"), 60);
    house.run(&["config", "check", "--online"]).fails(3, &["401"]);
}

#[test]
fn another_companys_token_ends_with_2_and_names_both() {
    let (source, house) = mirrored();
    let ours = house.number("SELECT company_id FROM sync_account").to_string();
    source.emulator.switch(|switches| switches.company_id = Some(99));
    house.run(&["sync"]).fails(2, &[&ours, "99", "database.path"]);
    assert_eq!(house.number("SELECT count(*) FROM deals"), 60);
}

// The source.

#[rstest]
#[case::no_url("example", "https://api.pipedrive.com")]
#[case::no_host("https://", "https://api.pipedrive.com")]
#[case::path("https://api.pipedrive.com/v1", "https://api.pipedrive.com")]
#[case::query("https://api.pipedrive.com?api_token=x", "https://api.pipedrive.com")]
#[case::password("https://me:word@api.pipedrive.com", "https://api.pipedrive.com")]
#[case::plain("http://api.pipedrive.com", "https")]
#[case::plain_lookalike("http://127.0.0.1.example.com", "https")]
#[case::other_scheme("ftp://api.pipedrive.com", "https")]
fn a_base_url_that_cannot_be_used_is_a_wrong_usage(#[case] url: &str, #[case] word: &str) {
    let said = House::at(url).run(&["backfill"]);
    said.fails(2, &["PIPEDRIVE_BASE_URL", word]);
}

#[test]
fn a_source_that_cannot_be_reached_ends_with_1_and_says_what_to_check() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (source, _) = small();
    for (url, word) in [
        ("https://nobody.invalid".to_owned(), "nobody.invalid"),
        (format!("http://{closed}"), "refused"),
        // It speaks HTTP where TLS is expected.
        (source.url.replace("http:", "https:"), "no secure connection"),
    ] {
        let house = House::at(&url);
        let said = house.run(&["backfill"]);
        said.fails(1, &[word, "pipedrive.base_url"]);
        assert_eq!(said.err.matches("cannot be reached").count(), 1, "told twice: {said:?}");
        house.run(&["config", "check", "--online"]).fails(1, &[word]);
    }
}

#[rstest]
#[case::no_permission(status(403), 0, "skipped")]
#[case::not_there(status(404), 4, "failed")]
#[case::down(status(503), 4, "failed")]
#[case::blocked(Fault::Html403, 4, "failed")]
#[case::not_paid(status(402), 1, "failed")]
#[case::spent(status(429), 5, "budget")]
fn what_a_list_meets_decides_the_exit_code(
    #[case] met: Fault,
    #[case] code: i32,
    #[case] outcome: &str,
) {
    let (source, house) = small();
    let daily = vec![("x-daily-ratelimit-token-remaining".to_owned(), "0".to_owned())];
    let met = match met {
        Fault::Status { code: 429, body, .. } => Fault::Status { code: 429, headers: daily, body },
        other => other,
    };
    fault(&source, "/api/v2/deals/archived", met);
    let said = house.run(&["backfill", "--json", "--entities", "deal_fields,deals,deals_archived"]);
    assert_eq!(said.code, code, "{said:?}");
    let report = json(&said);
    assert_eq!(report["entities"][2]["outcome"], outcome, "{report}");
    assert_eq!(report["exit"], code);
    assert!(!report["entities"][2]["error"].as_str().unwrap().is_empty());
    source.emulator.clear_faults();
    if report["error"].as_str().is_some_and(|error| error.contains("it goes on at 20")) {
        // It is waited out across the end of the process, without a request; here the wait ends by our hand.
        source.emulator.reset_log();
        let postponed = json(&house.run(&["status", "--json"]))["budget"]["postponed"].take();
        assert_eq!(postponed[0]["what"], "all", "{postponed}");
        assert!(house.run(&["status"]).out.contains("Postponed: everything: "));
        house.run(&["sync"]).fails(code, &["it goes on at 20"]);
        assert!(source.emulator.log().is_empty(), "{:?}", source.emulator.log());
        let waits =
            "DELETE FROM sync_state WHERE key IN ('blocked_until', 'spent_until', 'daily_left')";
        house.database().execute(waits, []).unwrap();
    }
    assert_eq!(house.run(&["backfill"]).code, 0);
    assert!(truth::differences(&house.database(), &source.emulator).is_empty());
}

// The configuration.

#[rstest]
#[case::unknown_key("[limits]\nmax_inflight = 3\n", &["max_inflight", "max_in_flight", ":2"])]
#[case::unknown_table("[limit]\n", &["limit", "limits"])]
#[case::wrong_type("[limits]\nmax_in_flight = \"many\"\n", &["limits.max_in_flight", "many"])]
#[case::negative("[limits]\nrequests_per_2s = -1\n", &["limits.requests_per_2s", "-1"])]
#[case::cron("[entities.deals]\nschedule = \"every day\"\n", &["entities.deals.schedule", "every day"])]
#[case::overlap("[sync]\noverlap = \"-5s\"\n", &["sync.overlap", "-5s"])]
#[case::no_toml("[limits\n", &["TOML", ":1"])]
fn a_mistake_in_the_file_is_named_with_its_place(#[case] text: &str, #[case] words: &[&str]) {
    let house = House::at("https://api.pipedrive.com");
    house.write("pipedrive-mirror.toml", text);
    for command in [["config", "check"], ["config", "show"], ["sync", "-q"]] {
        let said = house.run(&command);
        said.fails(2, words);
        assert!(said.err.contains("pipedrive-mirror.toml"), "{said:?}");
    }
}

#[test]
fn the_example_is_written_once_and_is_a_sound_file() {
    let house = House::empty().with("PIPEDRIVE_API_TOKEN", SECRET);
    assert_eq!(house.run(&["config", "init"]).code, 0);
    let text = fs::read_to_string(house.path("pipedrive-mirror.toml")).unwrap();
    assert_eq!(text, include_str!("../config.example.toml"));
    assert_eq!(house.run(&["config", "check"]).code, 0);
    house.write("pipedrive-mirror.toml", "# mine\n");
    house.run(&["config", "init"]).fails(2, &["pipedrive-mirror.toml", "exists already"]);
    assert_eq!(fs::read_to_string(house.path("pipedrive-mirror.toml")).unwrap(), "# mine\n");
}

#[test]
fn the_check_says_what_the_schedules_cost_and_needs_neither_network_nor_lock() {
    let (source, house) = mirrored();
    let nobody = House::at("https://nobody.invalid");
    let said = nobody.run(&["config", "check"]);
    assert_eq!(said.code, 0, "{said:?}");
    for words in ["is sound", "deals_archived", "the mirror's share of 15,000 (50 % of 30,000)"] {
        assert!(said.out.contains(words), "{words}: {said:?}");
    }
    assert!(said.out.contains("no database yet") && !said.out.contains("WARNING"), "{said:?}");
    assert!(!nobody.path("pipedrive.db").exists());

    let _held = Lock::acquire(&house.path("pipedrive.db")).unwrap();
    source.emulator.reset_log();
    let said = house.run(&["config", "check"]);
    assert_eq!((said.code, source.emulator.log().len()), (0, 0), "{said:?}");
    assert!(!said.out.contains("no database yet"), "{said:?}");
    house.write("pipedrive-mirror.toml", "[entities.deals]\nschedule = \"* * * * * *\"\n");
    let said = house.run(&["config", "check"]);
    assert_eq!(said.code, 0, "{said:?}");
    for words in ["WARNING", "`deals`", "864,000", "entities.deals.schedule", "limits.daily_share"]
    {
        assert!(said.out.contains(words), "{words}: {said:?}");
    }
    fs::write(house.path("pipedrive.db"), "no database at all").unwrap();
    let said = house.run(&["config", "check"]);
    assert!(said.code == 0 && said.out.contains("could not be asked"), "{said:?}");
}

#[test]
fn what_is_in_force_is_shown_and_the_token_is_not() {
    let house = House::at("https://api.pipedrive.com");
    let shown = house.run(&["config", "show"]);
    assert_eq!(shown.code, 0);
    assert!(shown.out.contains("PIPEDRIVE_API_TOKEN"), "{shown:?}");
    assert!(shown.out.contains("1000"), "{shown:?}");
    let shown = house.run(&["config", "show", "--json"]);
    assert!(json(&shown).is_object(), "{shown:?}");
    assert!(House::empty().run(&["config", "show"]).out.contains("not set"));
}

#[test]
fn the_online_check_says_whose_token_it_is() {
    let (source, house) = small();
    let company = source.emulator.world().company().name.clone();
    let said = house.run(&["config", "check", "--online"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains(&company) && said.out.contains("no database yet"), "{said:?}");
    assert!(!house.path("pipedrive.db").exists());
    assert_eq!(house.run(&["backfill"]).code, 0);
    let spent =
        || house.number("SELECT sum(cost) FROM sync_api_usage WHERE endpoint LIKE '%users/me'");
    let before = spent();
    let said = house.run(&["config", "check", "--online"]);
    assert_eq!((said.code, spent()), (0, before + 2), "{said:?}");
    assert!(!said.out.contains("no database yet"));
}

// The database.

#[test]
fn a_database_that_cannot_be_used_ends_with_8_and_is_left_as_it_is() {
    let (_source, house) = small();
    fs::create_dir(house.path("folder")).unwrap();
    house.write("garbage.db", &"no database at all ".repeat(500));
    house.write("file", "");
    let foreign = rusqlite::Connection::open(house.path("foreign.db")).unwrap();
    foreign.execute_batch("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)").unwrap();
    drop(foreign);
    symlink(house.path("missing/deep.db"), house.path("dangling.db")).unwrap();
    fs::create_dir(house.path("locked.db.lock")).unwrap();
    for (name, words) in [
        ("folder", &["folder", "directory", "--database"] as &[&str]),
        ("missing/mirror.db", &["missing/mirror.db"]),
        ("file/mirror.db", &["file/mirror.db"]),
        ("dangling.db", &["dangling.db"]),
        ("garbage.db", &["garbage.db", "no usable SQLite database"]),
        ("foreign.db", &["foreign.db", "another program"]),
        ("locked.db", &["locked.db"]),
    ] {
        let said = house.run(&["--database", name, "backfill"]);
        said.fails(8, words);
        assert_eq!(said.out, "", "{said:?}");
    }
    assert_eq!(fs::read(house.path("garbage.db")).unwrap().len(), 9_500);
    let foreign = rusqlite::Connection::open(house.path("foreign.db")).unwrap();
    let tables: i64 =
        foreign.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 1);
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let (_source, house) = mirrored();
    house.database().execute_batch("PRAGMA user_version = 4711").unwrap();
    for command in ["sync", "status", "schema"] {
        house.run(&[command]).fails(8, &["pipedrive.db", "newer", "4711"]);
    }
    assert_eq!(house.number("SELECT count(*) FROM deals"), 60);
}

#[test]
fn a_mirror_in_use_is_named_with_its_process_and_can_still_be_read() {
    let (_source, house) = mirrored();
    let _lock = Lock::acquire(&house.path("pipedrive.db")).unwrap();
    let pid = std::process::id().to_string();
    for command in [&["sync"] as &[&str], &["backfill"], &["config", "check", "--online"]] {
        house.run(command).fails(6, &["pipedrive.db", &pid]);
    }
    assert_eq!(house.run(&["status"]).code, 0);
    assert_eq!(house.run(&["schema"]).code, 0);
}

#[test]
fn reading_without_a_database_names_the_command_that_makes_one() {
    for command in
        [&["status"] as &[&str], &["schema"], &["query", "pipeline"], &["snapshot", "copy.db"]]
    {
        let house = House::empty();
        house.run(command).fails(8, &["pipedrive.db", "backfill"]);
        assert_eq!(fs::read_dir(house.folder()).unwrap().count(), 0, "{command:?}");
    }
}

#[test]
fn a_database_of_an_earlier_version_is_brought_up_to_date_by_a_run_and_by_nothing_else() {
    let (_source, house) = mirrored();
    house.database().pragma_update(None, "user_version", 4).unwrap();
    for command in ["status", "plan"] {
        house.run(&[command]).fails(8, &["earlier", "pipedrive-mirror sync"]);
    }
    assert_eq!(house.run(&["query", "SELECT count(*) FROM deals"]).code, 0);
}

// What is typed.

#[test]
fn what_cannot_be_meant_is_a_wrong_usage() {
    let house = House::at("https://api.pipedrive.com");
    for (args, words) in [
        (&["backfill", "--since", "soon"] as &[&str], &["--since", "2025-01-01"] as &[&str]),
        (&["backfill", "--since", "2999-01-01"], &["--since", "2025-01-01"]),
        (&["backfill", "--entities", "deal"], &["deal", "Did you mean `deals`?"]),
        (&["sync", "--entities", "deals,nothing"], &["nothing", "deals_archived"]),
        (&["backfil"], &["backfill"]),
        (&["sync", "--restart"], &["--restart"]),
        (&["demo", "--deals", "0"], &["--deals"]),
    ] {
        house.run(args).fails(2, words);
    }
    assert!(!house.path("pipedrive.db").exists());
}

#[test]
fn help_says_what_each_command_does_and_gives_examples() {
    let commands = [
        &[] as &[&str],
        &["backfill"],
        &["sync"],
        &["plan"],
        &["status"],
        &["doctor"],
        &["query"],
        &["snapshot"],
        &["schema"],
        &["config"],
        &["config", "init"],
        &["config", "check"],
        &["config", "show"],
        &["demo"],
        &["emulator"],
        &["completions"],
    ];
    let mut all = String::new();
    for command in commands {
        let args: Vec<&str> = command.iter().copied().chain(["--help"]).collect();
        let said = House::empty().run(&args);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{command:?}");
        all.push_str(&format!("$ pipedrive-mirror {}\n{}\n", args.join(" "), said.out));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_completion_script_and_the_version_are_printed() {
    let said = House::empty().run(&["completions", "bash"]);
    assert_eq!(said.code, 0);
    assert!(said.out.starts_with("_pipedrive__mirror()") && said.out.contains("backfill"));
    let version = House::empty().run(&["--version"]);
    assert_eq!(version.out, concat!("pipedrive-mirror ", env!("CARGO_PKG_VERSION"), "\n"));
}

// What is said.

#[test]
fn reports_as_json_keep_their_keys_and_stand_alone_on_stdout() {
    let (source, house) = small();
    for command in ["backfill", "sync"] {
        let said =
            house.run(&[command, "--json", "-v", "--entities", "deal_fields,deals,deals_archived"]);
        assert_eq!(said.code, 0, "{said:?}");
        let report = json(&said);
        assert_eq!(report["outcome"], "complete");
        let asked = source.emulator.log().len();
        assert_eq!(report["requests"], asked, "{command}");
        assert_eq!(report["cost"], source.emulator.spent());
        source.emulator.reset_log();
        let entities = report["entities"].as_array().unwrap();
        let names: Vec<&str> =
            entities.iter().map(|entity| entity["entity"].as_str().unwrap()).collect();
        assert_eq!(names, ["deal_fields", "deals", "deals_archived"]);
        for entity in entities {
            for key in ["seen", "written", "deleted"] {
                assert!(entity[key].is_u64(), "{key} in {entity}");
            }
            assert_eq!(entity["outcome"], "complete");
        }
        let written: u64 =
            entities[1..].iter().map(|entity| entity["written"].as_u64().unwrap()).sum();
        assert_eq!(written, if command == "backfill" { 60 } else { 0 });
        assert!(said.err.contains("Mirrored deals"), "{said:?}");
    }
}

#[test]
fn results_go_to_stdout_and_progress_to_stderr() {
    let (_source, house) = small();
    let said = house.run(&["backfill"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("pipedrive.db is up to date"), "{said:?}");
    assert!(!said.err.contains("up to date") && !said.err.contains('\u{1b}'), "{said:?}");
    let quiet = house.run(&["-q", "sync"]);
    assert_eq!(quiet.err, "");
    let logged = house.run(&["-v", "--log-format", "json", "sync"]);
    assert!(!logged.err.is_empty());
    for line in logged.err.lines().filter(|line| line.starts_with('{')) {
        assert!(serde_json::from_str::<Json>(line).unwrap()["level"].is_string(), "{line}");
    }
}

#[test]
fn status_tells_how_fresh_the_mirror_is_and_what_it_cost() {
    let (source, house) = mirrored();
    let report = json(&house.run(&["status", "--json"]));
    for name in ["deals", "deals_archived", "deal_fields"] {
        let entities = report["entities"].as_array().unwrap();
        let entity = entities.iter().find(|entity| entity["entity"] == name).unwrap();
        assert!(entity["lag_s"].is_u64() && entity["last_success"].is_string(), "{entity}");
        assert_eq!((&entity["owed"], &entity["last_outcome"]), (&0.into(), &"complete".into()));
    }
    assert_eq!(report["budget"]["spent"], source.emulator.spent());
    let budget = &report["budget"];
    assert!(budget["left"].is_u64(), "{report}");
    assert_eq!((&budget["daily_budget"], &budget["share"]), (&1_050_000.into(), &525_000.into()));
    assert_eq!(budget["share_left"], 525_000 - source.emulator.spent());
    assert_eq!(budget["postponed"], serde_json::json!([]));
    let world = source.emulator.world();
    let live = world.live_ids().count() + world.archived_ids().count();
    assert_eq!(report["deals"]["live"], live);
    drop(world);
    let words = house.run(&["status"]);
    let company = source.emulator.world().company().name.clone();
    for word in
        [company.as_str(), &format!("{live} live deals"), "complete", "Cost in the last 24 hours"]
    {
        assert!(words.out.contains(word), "{word:?} is not in {words:?}");
    }
    assert_eq!(words.err, "");
}

#[test]
fn control_characters_of_data_are_shown_escaped_in_words_and_kept_in_json() {
    let (_source, house) = mirrored();
    let name = "Evil\u{1b}[2J\u{202e}Corp";
    house.database().execute("UPDATE sync_account SET company_name = ?1", [name]).unwrap();
    let words = house.run(&["status"]).out;
    assert!(words.contains(r"Evil\u{1b}[2J\u{202e}Corp"), "{words}");
    assert!(!words.contains('\u{1b}'));
    assert_eq!(json(&house.run(&["status", "--json"]))["company"], name);
}

// A floor, the demonstration, signals.

#[test]
fn a_floor_is_remembered_and_changed_only_by_restart() {
    let (_source, house) = small();
    assert_eq!(house.run(&["backfill", "--since", "2025-06-01"]).code, 0);
    let fewer = house.number("SELECT count(*) FROM deals");
    house.run(&["backfill", "--since", "2024-01-01"]).fails(2, &["2025-06-01", "--restart"]);
    assert_eq!(house.number("SELECT count(*) FROM deals"), fewer);
    assert_eq!(house.run(&["backfill", "--restart"]).code, 0);
    assert_eq!(house.number("SELECT count(*) FROM deals"), 60);
}

/// Returns the first number of a line.
fn first_number(line: &str) -> u64 {
    let word = line.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    word.unwrap().replace(',', "").parse().unwrap()
}

#[test]
fn the_demonstration_shows_figures_that_agree() {
    let said = House::empty().run(&["demo", "--deals", "300"]);
    assert_eq!(said.code, 0, "{said:?}");
    let mut compared = 0;
    for line in said.out.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["live" | "archived" | "deleted", mirror, source] = words[..] {
            assert_eq!(mirror, source, "{line}");
            compared += 1;
        }
    }
    assert_eq!(compared, 6, "{}", said.out);
    let touched =
        first_number(said.out.lines().find(|line| line.contains("were touched")).unwrap());
    let (_, sync) = said.out.split_once("3. Sync").unwrap();
    let stored: u64 = sync
        .lines()
        .filter_map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["deals" | "deals_archived", "complete", _, stored, ..] => Some(first_number(stored)),
            _ => None,
        })
        .sum();
    assert_eq!(stored, touched, "{}", said.out);
}

#[test]
fn the_demonstration_keeps_a_private_file_and_overwrites_none() {
    let house = House::empty();
    assert_eq!(house.run(&["demo", "--deals", "20", "--keep", "kept.db"]).code, 0);
    let mode = fs::metadata(house.path("kept.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = fs::read(house.path("kept.db")).unwrap();
    house
        .run(&["demo", "--deals", "20", "--keep", "kept.db"])
        .fails(2, &["kept.db", "exists already"]);
    assert_eq!(fs::read(house.path("kept.db")).unwrap(), before);
    assert_eq!(house.run(&["--database", "kept.db", "status"]).code, 0);
}

#[test]
fn status_says_what_is_owed_since_when_and_what_failed() {
    let house = House::empty();
    // What costs a request a deal takes more than one day of the smallest plan's share.
    assert_eq!(house.run(&["demo", "--deals", "700", "--keep", "kept.db"]).code, 0);
    let database = ["--database", "kept.db", "status"];
    let report = json(&house.run(&[&database[..], &["--json"]].concat()));
    let of = |name: &str| {
        let entities = report["entities"].as_array().unwrap();
        entities.iter().find(|entity| entity["entity"] == name).unwrap().clone()
    };
    assert_eq!(of("deal_products")["owed"], 0);
    let followers = of("deal_followers");
    let owed = followers["owed"].as_u64().unwrap();
    assert!(owed > 100 && followers["owed_since"].is_string(), "{followers}");
    assert_eq!(
        (&followers["owed_failing"], &followers["last_outcome"]),
        (&0.into(), &"budget".into())
    );
    let mirror = rusqlite::Connection::open(house.path("kept.db")).unwrap();
    let failed = "UPDATE sync_due SET attempts = 2, error = 'nothing is found', not_before = '2030-01-01T00:00:00Z'
                  WHERE kind = 'deal_followers' AND id = (SELECT min(id) FROM sync_due WHERE kind = 'deal_followers')";
    assert_eq!(mirror.execute(failed, []).unwrap(), 1);
    let words = house.run(&database).out;
    assert!(words.contains(&owed.to_string()), "{words}");
    assert!(words.contains("1 of what is owed failed, such as that of "), "{words}");
    assert!(words.contains("nothing is found"), "{words}");
}

#[rstest]
#[case::terminated(rustix::process::Signal::TERM, 143)]
#[case::interrupted(rustix::process::Signal::INT, 130)]
fn a_signal_ends_a_run_in_good_order_and_the_next_one_goes_on(
    #[case] signal: rustix::process::Signal,
    #[case] code: i32,
) {
    let switches = Switches {
        page_rows: Some(20),
        latency: std::time::Duration::from_millis(20),
        ..Switches::default()
    };
    let source = Source::serve(1_000, switches);
    let house = House::at(&source.url);
    let mut child = house.spawn(&["backfill"]);
    assert!(source.wait_for(30, &mut child), "it ended by itself");
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
    let ended = said(child.wait_with_output().unwrap());
    assert_eq!(ended.code, code, "{ended:?}");
    assert!(ended.out.contains("the next run goes on from here"), "{ended:?}");
    let stored = house.number("SELECT count(*) FROM deals");
    assert!(stored > 0 && stored < 1_000, "{stored}");
    let amid = "SELECT count(DISTINCT entity) FROM sync_checkpoints WHERE until IS NOT NULL AND completed_at IS NULL";
    assert_eq!(house.number(amid), 1);

    source.emulator.switch(|switches| switches.latency = std::time::Duration::ZERO);
    source.emulator.reset_log();
    assert_eq!(house.run(&["backfill"]).code, 0);
    let asked = source.emulator.log();
    let pages = asked.iter().filter(|asked| asked.path == "/api/v2/deals").count() as i64;
    // Pages that were under way, the last one of each window, and what is read behind them.
    assert!(pages <= (1_000 - stored) / 20 + 16, "it begins anew: {pages} after {stored} rows");
    assert!(truth::differences(&house.database(), &source.emulator).is_empty());
}

#[test]
fn a_sync_on_a_new_database_is_a_backfill_and_then_fetches_what_changed() {
    let (source, house) = small();
    assert_eq!(house.run(&["sync"]).code, 0);
    let id = source.emulator.world().live_ids().next().unwrap();
    let edit = Edit::ChangeDeal(id, DealChange::Title("changed".to_owned()));
    source.emulator.world().apply(edit).unwrap();
    assert_eq!(house.run(&["sync"]).code, 0);
    assert!(truth::differences(&house.database(), &source.emulator).is_empty());
}

// The price, before it is paid.

#[test]
fn the_plan_of_a_filled_mirror_sends_nothing_and_takes_no_lock() {
    let (source, house) = mirrored();
    source.emulator.reset_log();
    let lock = Lock::acquire(&house.path("pipedrive.db")).unwrap();
    // Nor has the source to be within reach.
    let house = house.with("PIPEDRIVE_BASE_URL", "http://127.0.0.1:9");
    let plan = json(&house.run(&["plan", "--json"]));
    assert_eq!(plan["total"]["cost"], 32, "{plan}");
    assert_eq!(plan["total"]["estimate"], false);
    assert_eq!(plan["own"]["cost"], 0);
    assert_eq!(plan["entities"].as_array().unwrap().len(), 15);
    let again = json(&house.run(&["plan", "--restart", "--json"]));
    // The lists and the count; products and installments; pipelines, stages, users, currencies; organizations, persons,
    // products.
    let reference = (5 + 5 + 20 + 20) + (10 + 10 + 10);
    assert_eq!(again["total"]["cost"], 2 + 10 + 10 + 20 + 40 + (10 + 10) + reference, "{again}");
    let words = house.run(&["plan"]);
    assert!(
        words.out.contains("together") && words.out.contains("schedules in force"),
        "{words:?}"
    );
    assert!(source.emulator.log().is_empty());
    drop(lock);
}

#[test]
fn the_first_plan_costs_42_and_says_that_it_is_a_range() {
    let (source, house) = small();
    let plan = json(&house.run(&["plan", "--json"]));
    assert_eq!(plan["total"]["estimate"], true);
    assert_eq!(plan["own"]["cost"], 42);
    let (least, most) = (&plan["total"]["cost"], &plan["total"]["cost_max"]);
    assert_eq!(source.emulator.spent(), 42);
    assert!(!house.path("pipedrive.db").exists(), "no database is made");
    let words = house.run(&["plan"]);
    assert!(words.out.contains("range") && words.out.contains("not written down"), "{words:?}");
    // What is said is what is spent, but for asking again.
    let before = source.emulator.spent();
    assert_eq!(house.run(&["backfill", "--quiet"]).code, 0);
    let spent = source.emulator.spent() - before;
    assert!(least.as_u64() <= Some(spent) && Some(spent) <= most.as_u64(), "{plan}: {spent}");
}

#[test]
fn a_backfill_tells_its_price_first_unless_nobody_would_read_it() {
    for (args, asked) in [
        (&["backfill"] as &[&str], 2),
        (&["backfill", "--quiet"], 1),
        (&["backfill", "--json"], 1),
        (&["backfill", "--log-format", "json"], 1),
    ] {
        let (source, house) = small();
        let said = house.run(args);
        assert_eq!(said.code, 0, "{said:?}");
        let summaries =
            source.emulator.log().iter().filter(|asked| asked.path.ends_with("/summary")).count();
        assert_eq!(summaries, asked, "{args:?}: once it is the count after the first pass");
        assert_eq!(said.err.contains("price of the next run"), asked == 2, "{said:?}");
        let booked = house.number("SELECT sum(cost) FROM sync_api_usage");
        assert_eq!(u64::try_from(booked).unwrap(), source.emulator.spent(), "{args:?}");
    }
}

#[test]
fn a_plan_that_has_to_ask_needs_the_lock_and_the_company_of_the_mirror() {
    let (source, house) = small();
    fault(&source, "/api/v2/deals", status(503));
    house.run(&["backfill", "--quiet"]);
    let lock = Lock::acquire(&house.path("pipedrive.db")).unwrap();
    house.run(&["plan"]).fails(6, &["another pipedrive-mirror"]);
    drop(lock);
    house.database().execute("UPDATE sync_account SET company_id = company_id + 1", []).unwrap();
    house.run(&["plan"]).fails(2, &["company"]);
    house.database().execute("UPDATE sync_account SET company_id = company_id - 1", []).unwrap();
    assert_eq!(json(&house.run(&["plan", "--json"]))["own"]["cost"], 42);
    assert_eq!(json(&house.run(&["plan", "--json"]))["own"]["cost"], 0, "it is remembered");
}
