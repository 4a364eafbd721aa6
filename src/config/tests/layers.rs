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
    assert_eq!(config.entities.len(), ENTITIES.len());
    assert!(config.entities.iter().all(|entity| entity.enabled));
    let schedule = config.entity("deals").unwrap().schedule.as_ref().unwrap();
    assert_eq!(schedule.to_string(), "0 */5 * * * *");
    assert_eq!((config.daily_budget, config.daily_share), (None, 0.5));
    assert_eq!(config.reserve, Reserve::Part(0.1));
    assert_eq!(config.reconcile_max_missing, None);
    assert_eq!(config.reconcile_schedule.to_string(), "0 0 3 * * 0");
    let counter = FanoutPolicy::Counter;
    assert_eq!(
        config.fanout,
        Fanout {
            followers: counter,
            discounts: counter,
            participants: counter,
            daily_share: 0.25,
            refresh_after: Duration::from_secs(90 * 86_400),
        }
    );
    assert_eq!(
        config.daemon,
        Daemon {
            listen: Some("127.0.0.1:8640".parse().unwrap()),
            allowed_hosts: Vec::new(),
            ready_within: Duration::from_secs(30 * 60),
        }
    );
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
    let none = ENTITIES.map(|entity| format!("[entities.{}]\nenabled = false\n", entity.name));
    assert_eq!(Bench::new().toml(&none.concat()).right().warnings, [Warning::NothingMirrored]);
    assert!(Bench::new().toml(&none[..2].concat()).right().warnings.is_empty());
}

#[test]
fn budgets_and_fan_out_are_read_in_each_of_their_forms() {
    let config = Bench::new()
        .toml(
            "limits = { daily_budget = 1_170_000, daily_share = 1, reserve = 5_000 }\n\
             reconcile = { max_missing = 0, schedule = '0 4 * * 6' }\n\
             [fanout]\nfollowers = 'off'\ndiscounts = 'all'\nparticipants = 'open'\n\
             daily_share = 0\nrefresh_after = '1d'\n",
        )
        .right();
    assert_eq!(config.daily_budget.map(NonZeroU64::get), Some(1_170_000));
    assert_eq!((config.daily_share, config.reserve), (1.0, Reserve::Cost(5_000)));
    assert_eq!(config.reconcile_max_missing, Some(Ceiling::Rows(0)));
    assert_eq!(config.fanout.discounts, FanoutPolicy::All);
    assert_eq!((config.fanout.followers, config.fanout.daily_share), (FanoutPolicy::Off, 0.0));
    let parts = Bench::new().toml(
        "limits.reserve = '12.5 %'\nreconcile.max_missing = '100%'\nlimits.daily_share = 0.001",
    );
    assert_eq!(parts.right().reserve, Reserve::Part(0.125));
    assert_eq!(parts.right().reconcile_max_missing, Some(Ceiling::Part(1.0)));
    assert_eq!(parts.right().daily_share, 0.001);
}

#[test]
fn the_daemon_listens_at_this_machine_unless_others_are_let_in() {
    let daemon = |text: &str| Bench::new().toml(&format!("[daemon]\n{text}")).right().daemon;
    let listen = |text: &str| daemon(text).listen.map(|address| address.to_string());
    let at = |address: &str| Some(address.to_owned());
    assert_eq!(listen("listen = 'off'"), None);
    assert_eq!(listen("listen = 'localhost:8640'"), at("127.0.0.1:8640"));
    assert_eq!(listen("listen = '127.0.0.2:0'"), at("127.0.0.2:0"));
    assert_eq!(listen("listen = '[::1]:8640'"), at("[::1]:8640"));
    // Whichever of the two stands first.
    assert_eq!(listen("listen = '0.0.0.0:1'\nallow_remote = true"), at("0.0.0.0:1"));
    assert_eq!(listen("allow_remote = true\nlisten = '[::]:1'"), at("[::]:1"));
    let hosts = "allowed_hosts = ['Mirror.Example.com', '192.0.2.7', '[2001:db8::7]']";
    assert_eq!(daemon(hosts).allowed_hosts, ["mirror.example.com", "192.0.2.7", "[2001:db8::7]"]);
    assert!(daemon("allowed_hosts = []").allowed_hosts.is_empty());
    assert_eq!(daemon("ready_within = '10s'").ready_within, Duration::from_secs(10));
}

#[test]
fn an_entity_that_follows_another_one_has_no_schedule_to_configure() {
    let known = [listed("deals", "0 */5 * * * *"), child("deal_products")];
    let load = |text: &str| {
        let bench = Bench::new().toml(text);
        let (overrides, env) = (Overrides::default(), |_: &str| None);
        let working_dir = bench.dir.path();
        Config::load(&Inputs { overrides: &overrides, env: &env, working_dir, entities: &known })
    };
    let config = load("[entities.deal_products]\nenabled = false").unwrap();
    let products = config.entity("deal_products").unwrap();
    assert_eq!((products.enabled, &products.schedule), (false, &None));
    let error = load("[entities.deal_products]\nschedule = '0 * * * *'").unwrap_err().to_string();
    assert!(error.contains("no key `entities.deal_products.schedule`"), "{error}");
}
