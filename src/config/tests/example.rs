//! The example file, and that it is whole.

use super::*;

/// The example with the `#` before every key removed.
fn uncommented() -> String {
    let lines = EXAMPLE.lines().map(|line| match line.strip_prefix('#') {
        Some(key) if key.starts_with(|first: char| first.is_ascii_lowercase()) => key,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_as_it_is_changes_nothing() {
    let (example, nothing) = (Bench::new().toml(EXAMPLE).right(), Bench::new().right());
    assert_eq!(example.settings(), nothing.settings());
}

#[test]
fn the_example_holds_every_key_with_its_default_and_no_other() {
    let names = key::names(&ENTITIES);
    let held = file::parse(Path::new("example"), &uncommented(), &names).unwrap();
    assert_eq!(held.keys().collect::<Vec<_>>(), {
        let mut sorted: Vec<_> = names.iter().collect();
        sorted.sort();
        sorted
    });
    for setting in Bench::new().right().settings() {
        if let show::Shown::Value(default) = &setting.value {
            assert_eq!(&held[&setting.key].0.to_toml(), default, "{}", setting.key);
        }
    }
}

#[test]
fn the_example_names_every_variable_and_every_value_in_it_is_allowed() {
    for name in key::KEYS.iter().filter_map(|key| key.env).chain([key::CONFIG_ENV]) {
        assert!(EXAMPLE.contains(name), "{name}");
    }
    let one_token: Vec<_> = uncommented()
        .lines()
        .map(str::to_owned)
        .filter(|l| !l.starts_with("api_token_file"))
        .collect();
    Bench::new().toml(&one_token.join("\n")).right().require_token().unwrap();
}

#[test]
fn every_key_is_asked_for_in_the_order_of_the_example() {
    let asked: Vec<_> =
        Bench::new().right().settings.into_iter().map(|setting| setting.key).collect();
    assert_eq!(asked, key::names(&ENTITIES));
}

#[test]
fn the_example_is_written_once_and_for_its_owner_alone() {
    let bench = Bench::new();
    let path = bench.dir.path().join(DEFAULT_FILE);
    write_example(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    bench.right();
    let again = write_example(&path).unwrap_err();
    let nowhere = write_example(&bench.dir.path().join("no/such/dir.toml")).unwrap_err();
    insta::assert_snapshot!(bench.hide_dir(&format!("{again}\n{nowhere}")), @"
        DIR/pipedrive-mirror.toml exists already and is left as it is; name another file, or move it away
        DIR/no/such/dir.toml cannot be written: No such file or directory
        ");
}
