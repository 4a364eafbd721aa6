//! What holds over what.

use super::*;

#[test]
fn nothing_said_is_the_defaults() {
    let config = Bench::new().right();
    assert_eq!(config.file, None);
    assert_eq!(config.base_url, "https://api.pipedrive.com");
    assert_eq!(config.database, Path::new("pipedrive.db"));
    assert_eq!(config.database_mode.bits(), 0o600);
    assert_eq!(config.requests_per_2s, None);
    assert_eq!(config.max_in_flight.get(), 8);
    assert_eq!(config.overlap, Duration::from_secs(60));
    assert_eq!(config.entities.len(), 3);
    assert!(config.entities.iter().all(|entity| entity.enabled));
    assert_eq!(config.entity("deals").unwrap().schedule.to_string(), "0 */5 * * * *");
    assert_eq!(config.require_token().unwrap_err(), ConfigError::NoToken);
    assert!(config.settings().iter().all(|setting| setting.source == Source::Default));
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_file() {
    let bench = Bench::new().toml("[database]\npath = 'file.db'");
    assert_eq!(bench.right().database, Path::new("file.db"));
    let bench = bench.env("PIPEDRIVE_MIRROR_DATABASE", "environment.db");
    assert_eq!(bench.right().database, Path::new("environment.db"));
    let bench = bench.flags(Overrides { database: Some("flag.db".into()), ..Overrides::default() });
    assert_eq!(bench.right().database, Path::new("flag.db"));
    assert_eq!(bench.right().source("database.path"), Source::Flag("--database"));
}

#[test]
fn a_token_of_a_higher_layer_leaves_the_lower_ones_unread() {
    let bench = Bench::new()
        .toml("[pipedrive]\napi_token_file = 'no-such-file'")
        .file("token", OTHER_TOKEN, 0o600)
        .env("PIPEDRIVE_API_TOKEN", TOKEN);
    assert_eq!(bench.right().require_token().unwrap().header().as_bytes(), TOKEN.as_bytes());
    let bench = Bench::new()
        .toml(&format!("[pipedrive]\napi_token = '{TOKEN}'"))
        .file("token", OTHER_TOKEN, 0o600)
        .env("PIPEDRIVE_API_TOKEN_FILE", "token");
    assert_eq!(bench.right().require_token().unwrap().header().as_bytes(), OTHER_TOKEN.as_bytes());
}

#[test]
fn the_named_file_is_read_instead_of_the_one_that_lies_here() {
    let limit = |limit: u32| format!("[limits]\nmax_in_flight = {limit}");
    let bench = Bench::new().toml(&limit(1)).file("env.toml", limit(2), 0o600).file(
        "flag.toml",
        limit(3),
        0o600,
    );
    assert_eq!(bench.right().max_in_flight.get(), 1);
    let bench = bench.env("PIPEDRIVE_MIRROR_CONFIG", "env.toml");
    assert_eq!(bench.right().max_in_flight.get(), 2);
    let bench = bench.flags(Overrides { config: Some("flag.toml".into()), ..Overrides::default() });
    assert_eq!(bench.right().max_in_flight.get(), 3);
}

#[test]
fn nothing_to_mirror_is_worth_a_warning() {
    let none = ["deals", "deals_archived", "deal_fields"]
        .map(|name| format!("[entities.{name}]\nenabled = false\n"));
    assert_eq!(
        Bench::new().toml(&none.concat()).right().warnings,
        ["no entity is enabled, so nothing will be mirrored"]
    );
    assert!(Bench::new().toml(&none[..2].concat()).right().warnings.is_empty());
}
