//! Whose word is taken: tokens, owners and permissions.

use std::os::unix::fs::symlink;

use super::*;

#[test]
fn what_is_wrong_with_a_token_is_said_without_the_token() {
    let in_env = |token: &str| Bench::new().env("PIPEDRIVE_API_TOKEN", token);
    let in_file = |text: &[u8]| {
        Bench::new().file("token", text, 0o600).env("PIPEDRIVE_API_TOKEN_FILE", "token")
    };
    let benches = [
        in_env(""),
        in_env(" "),
        in_env("0123456789abcdef\n0123456789abcdef"),
        Bench::new().toml("[pipedrive]\napi_token = ''"),
        Bench::new().toml("[pipedrive]\napi_token = \"0123\\n4567\""),
        Bench::new().toml("[pipedrive]\napi_token_file = 'no-such-file'"),
        Bench::new().toml("[pipedrive]\napi_token_file = '.'"),
        in_file(b"\n"),
        in_file(b"0123 4567"),
        in_file(b"\xff\xfe"),
        in_file(&[b'a'; 70_000]),
        Bench::new().env("PIPEDRIVE_API_TOKEN_FILE", TOKEN),
        in_env(TOKEN).env("PIPEDRIVE_API_TOKEN_FILE", "token"),
        Bench::new().toml("[pipedrive]\napi_token = 'a'\napi_token_file = 'b'"),
        Bench::new(),
    ];
    insta::assert_snapshot!(benches.map(|bench| bench.wrong()).join("\n"), @"
        error: environment variable PIPEDRIVE_API_TOKEN is set and empty; give it a value, or leave it out
        error: environment variable PIPEDRIVE_API_TOKEN: the API token is empty; copy it from Pipedrive under Personal preferences > API
        error: environment variable PIPEDRIVE_API_TOKEN: the API token holds a character at position 17 that no token has (a space, a line break, an accent?); copy it again from Pipedrive under Personal preferences > API
        error: DIR/pipedrive-mirror.toml:2:13: the API token is empty; copy it from Pipedrive under Personal preferences > API
        error: DIR/pipedrive-mirror.toml:2:13: the API token holds a character at position 5 that no token has (a space, a line break, an accent?); copy it again from Pipedrive under Personal preferences > API
        error: DIR/pipedrive-mirror.toml:2:18: the token file DIR/no-such-file cannot be read: No such file or directory; check the path, and that this user may read it
        error: DIR/pipedrive-mirror.toml:2:18: the token file DIR/. cannot be read: Is a directory; check the path, and that this user may read it
        error: environment variable PIPEDRIVE_API_TOKEN_FILE: the token file DIR/token is of no use: the API token is empty; copy it from Pipedrive under Personal preferences > API
        error: environment variable PIPEDRIVE_API_TOKEN_FILE: the token file DIR/token is of no use: the API token holds a character at position 5 that no token has (a space, a line break, an accent?); copy it again from Pipedrive under Personal preferences > API
        error: environment variable PIPEDRIVE_API_TOKEN_FILE: the token file DIR/token is not text; it should hold the token and nothing else
        error: environment variable PIPEDRIVE_API_TOKEN_FILE: the token file DIR/token is larger than 64 KiB; it should hold the token and nothing else
        error: environment variable PIPEDRIVE_API_TOKEN_FILE: this looks like an API token, and the path of a file that holds one belongs here; set PIPEDRIVE_API_TOKEN, or pipedrive.api_token, to it
        error: environment variable PIPEDRIVE_API_TOKEN and environment variable PIPEDRIVE_API_TOKEN_FILE both give an API token; keep one of them
        error: DIR/pipedrive-mirror.toml:2:13 and DIR/pipedrive-mirror.toml:3:18 both give an API token; keep one of them
        error: there is no API token; every Pipedrive user has one under Personal preferences > API
        hand it over in the environment variable PIPEDRIVE_API_TOKEN, in a file that PIPEDRIVE_API_TOKEN_FILE or
        pipedrive.api_token_file names, or as pipedrive.api_token in a configuration file that only you can read
        ");
}

#[test]
fn a_file_that_others_decide_about_or_read_the_token_from_is_refused() {
    let token = format!("[pipedrive]\napi_token = '{TOKEN}'");
    let named = |name: &str| Overrides { config: Some(name.into()), ..Overrides::default() };
    let benches = [
        Bench::new().file(DEFAULT_FILE, "", 0o666),
        Bench::new().file(DEFAULT_FILE, "", 0o620),
        Bench::new().file(DEFAULT_FILE, &token, 0o644),
        Bench::new().file("my.toml", &token, 0o640).flags(named("my.toml")),
        // Also where the token in it is not the one in force.
        Bench::new().file(DEFAULT_FILE, &token, 0o604).env("PIPEDRIVE_API_TOKEN", OTHER_TOKEN),
        Bench::new().flags(named("no-such-file")),
        Bench::new().env("PIPEDRIVE_MIRROR_CONFIG", "."),
        Bench::new().env("PIPEDRIVE_MIRROR_CONFIG", ""),
        Bench::new().env("PIPEDRIVE_MIRROR_DATABASE", ""),
        Bench::new().file("latin.toml", b"# caf\xe9", 0o600).flags(named("latin.toml")),
        Bench::new().file("big.toml", "#".repeat((1 << 20) + 1), 0o600).flags(named("big.toml")),
    ];
    insta::assert_snapshot!(benches.map(|bench| bench.wrong()).join("\n"), @"
        error: DIR/pipedrive-mirror.toml was found in the working directory and others may write it; check what it says, then run: chmod go-w DIR/pipedrive-mirror.toml
        error: DIR/pipedrive-mirror.toml was found in the working directory and others may write it; check what it says, then run: chmod go-w DIR/pipedrive-mirror.toml
        error: DIR/pipedrive-mirror.toml holds an API token and others may read it; run: chmod 600 DIR/pipedrive-mirror.toml
        error: DIR/my.toml holds an API token and others may read it; run: chmod 600 DIR/my.toml
        error: DIR/pipedrive-mirror.toml holds an API token and others may read it; run: chmod 600 DIR/pipedrive-mirror.toml
        error: the configuration DIR/no-such-file cannot be read: No such file or directory; check the path, and that this user may read it
        error: the configuration DIR/. cannot be read: Is a directory; check the path, and that this user may read it
        error: environment variable PIPEDRIVE_MIRROR_CONFIG is set and empty; give it a value, or leave it out
        error: environment variable PIPEDRIVE_MIRROR_DATABASE is set and empty; give it a value, or leave it out
        error: the configuration DIR/latin.toml cannot be read: it is not UTF-8 text
        error: the configuration DIR/big.toml cannot be read: it is larger than 1 MiB
        ");
}

#[test]
fn a_file_that_was_named_may_be_written_by_others_where_it_holds_no_token() {
    let bench = Bench::new().file("shared.toml", "[limits]\nmax_in_flight = 2", 0o666);
    let config = bench.env("PIPEDRIVE_MIRROR_CONFIG", "shared.toml").right();
    assert_eq!(config.max_in_flight.get(), 2);
}

#[test]
fn a_link_in_the_working_directory_is_judged_by_what_it_leads_to() {
    let bench = Bench::new().file("real.toml", "[limits]\nmax_in_flight = 2", 0o600);
    symlink("real.toml", bench.dir.path().join(DEFAULT_FILE)).unwrap();
    assert_eq!(bench.right().max_in_flight.get(), 2);
    let bench = bench.file("real.toml", "", 0o622);
    assert!(bench.wrong().contains("others may write it"), "{}", bench.wrong());
}

#[test]
fn a_token_file_that_others_may_read_is_used_with_a_warning() {
    let bench = Bench::new()
        .file("token", format!("{TOKEN}\n"), 0o444)
        .toml("[pipedrive]\napi_token_file = 'token'");
    let config = bench.right();
    assert_eq!(config.require_token().unwrap().header().as_bytes(), TOKEN.as_bytes());
    insta::assert_snapshot!(bench.hide_dir(&config.warnings[0].to_string()), @"
        the token file DIR/token can be read by others; unless it is a container's secret, run: chmod 600 DIR/token
        ");
}

#[test]
fn without_a_token_all_that_needs_none_is_there() {
    let config = Bench::new().toml("[pipedrive]\napi_token_file = 'no-such-file'").right();
    assert_eq!(config.database, Path::new("pipedrive.db"));
    assert!(matches!(config.require_token(), Err(ConfigError::TokenFile { .. })));
}
