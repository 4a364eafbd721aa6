//! Faults in what is said to the program, and in the rights of its files.

use rstest::rstest;

use super::*;
use crate::common::tcp::SECRET;

#[rstest]
#[case::unknown_key(
    "[limits]\nmax_inflight = 3\n",
    "config_unknown_key",
    "did you mean `limits.max_in_flight`?"
)]
#[case::wrong_value("[limits]\nmax_in_flight = \"many\"\n", "config_invalid", "config init FILE")]
#[case::no_toml("[limits\n", "config_syntax", "config init FILE")]
#[case::no_quotes("[database]\npath = mirror.db\n", "config_syntax", "text stands in quotes")]
fn a_mistake_in_the_file_is_found_with_its_place(
    #[case] text: &str,
    #[case] id: &str,
    #[case] next: &str,
) {
    let (source, house) = mirrored();
    house.write("pipedrive-mirror.toml", text);
    let report = examine(&house, &[]);
    report.ends(2, 0).finds(id, "error", next).finds(
        "not_checked",
        "note",
        "run `pipedrive-mirror doctor` again",
    );
    let says = report.finding(id).unwrap()["says"].as_str().unwrap();
    assert!(says.contains("pipedrive-mirror.toml:"), "{says}");
    assert!(source.emulator.log().is_empty());
}

#[test]
fn a_configuration_that_is_not_there_is_found() {
    let house = House::empty().with("PIPEDRIVE_API_TOKEN", SECRET);
    let report = examine(&house, &["--config", "nowhere.toml"]);
    report.ends(2, 0).finds(
        "config_unreadable",
        "error",
        "check the path, and that this user may read it",
    );
}

#[test]
fn a_file_with_a_token_that_others_may_read_is_found() {
    let house = House::empty();
    house.write("pipedrive-mirror.toml", &format!("[pipedrive]\napi_token = \"{SECRET}\"\n"));
    rights(&house, "pipedrive-mirror.toml", 0o644);
    examine(&house, &[]).ends(2, 0).finds("config_untrusted", "error", "run: chmod 600 ");
}

#[test]
fn a_file_that_others_may_write_is_found() {
    let (_source, house) = mirrored();
    rights(&house, "pipedrive-mirror.toml", 0o622);
    examine(&house, &[]).ends(2, 0).finds("config_untrusted", "error", "run: chmod go-w ");
}

#[test]
fn a_variable_that_came_out_empty_is_found() {
    let house = House::at("https://api.pipedrive.com").with("PIPEDRIVE_MIRROR_DATABASE", "");
    examine(&house, &[]).ends(2, 0).finds(
        "config_empty",
        "error",
        "give it a value, or leave it out",
    );
}

#[test]
fn no_token_at_all_is_found_and_everything_else_is_checked() {
    let (_source, house) = mirrored();
    let house = house.without("PIPEDRIVE_API_TOKEN");
    let report = examine(&house, &[]);
    report.ends(2, 0).finds(
        "no_token",
        "error",
        "copy it from Pipedrive under Personal preferences > API",
    );
    assert!(report.said.out.contains("live deals"), "{:#}", report.json);
}

#[test]
fn two_tokens_are_found() {
    let (_source, house) = mirrored();
    let house = house.with("PIPEDRIVE_API_TOKEN_FILE", "token");
    examine(&house, &[]).ends(2, 0).finds("two_tokens", "error", "keep one of them");
}

#[test]
fn a_token_that_cannot_be_one_is_found() {
    let (_source, house) = mirrored();
    let (first, second) = SECRET.split_at(20);
    let house = house.with("PIPEDRIVE_API_TOKEN", &format!("{first} {second}"));
    let report = examine(&house, &[]);
    report.ends(2, 0).finds("token_malformed", "error", "copy it again from Pipedrive");
    assert!(!report.said.out.contains(first) && !report.said.out.contains(second));
}

#[test]
fn a_token_file_that_is_not_there_is_found() {
    let (_source, house) = mirrored();
    let house = house.without("PIPEDRIVE_API_TOKEN").with("PIPEDRIVE_API_TOKEN_FILE", "nowhere");
    let next = "check the path, and that this user may read it";
    examine(&house, &[]).ends(2, 0).finds("token_file", "error", next);
}

#[test]
fn a_token_file_that_others_may_read_is_found_and_used() {
    let (_source, house) = mirrored();
    let house = house.without("PIPEDRIVE_API_TOKEN").with("PIPEDRIVE_API_TOKEN_FILE", "token");
    house.write("token", SECRET);
    rights(&house, "token", 0o644);
    examine(&house, &[]).ends(0, 2).finds("token_file_open", "warning", "run: chmod 600 ");
    rights(&house, "token", 0o600);
    assert_eq!(examine(&house, &[]).ids(), [""; 0]);
}

#[rstest]
#[case::path("https://api.pipedrive.com/v1", "https://api.pipedrive.com")]
#[case::plain("http://acme.pipedrive.com", "https://acme.pipedrive.com")]
fn an_address_that_cannot_be_used_is_found_with_the_right_one(
    #[case] url: &str,
    #[case] next: &str,
) {
    let house = furnished(url);
    examine(&house, &[]).ends(2, 0).finds("base_url", "error", next);
}

#[test]
fn a_configuration_that_mirrors_nothing_is_found() {
    let (_source, house) = mirrored();
    let off: String = pipedrive_mirror::entity::ENTITIES
        .iter()
        .map(|entity| format!("[entities.{}]\nenabled = false\n", entity.name))
        .collect();
    house.write("pipedrive-mirror.toml", &off);
    examine(&house, &[]).ends(0, 2).finds(
        "nothing_mirrored",
        "warning",
        "enable one under [entities.NAME]",
    );
}

#[test]
fn schedules_that_cost_more_than_may_be_spent_are_found() {
    let (_source, house) = mirrored();
    house.write(
        "pipedrive-mirror.toml",
        "[limits]\ndaily_budget = 30_000\n[entities.deals]\nschedule = \"* * * * * *\"\n",
    );
    let next = "make entities.deals.schedule rarer, or raise limits.daily_share";
    examine(&house, &["--offline"]).ends(0, 0).finds("schedules", "warning", next);
}

fn rights(house: &House, name: &str, mode: u32) {
    fs::set_permissions(house.path(name), fs::Permissions::from_mode(mode)).unwrap();
}
