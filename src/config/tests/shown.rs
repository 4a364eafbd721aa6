//! What is in force, as it is shown.

use super::*;

/// A configuration with something in every layer.
fn mixed() -> Bench {
    Bench::new()
        .toml(
            "limits.requests_per_2s = 0b1010 # ten\n\
             sync = { overlap = '1h 30m' }\n\
             [entities.deals_archived]\nenabled = false\nschedule = '30 4 * * 1-5'\n",
        )
        .env("PIPEDRIVE_API_TOKEN", TOKEN)
        .env("PIPEDRIVE_BASE_URL", &format!("https://me:pass@example.com?api_token={TOKEN}"))
        .flags(Overrides { database: Some(format!("{TOKEN}.db").into()), ..Overrides::default() })
}

#[test]
fn what_is_in_force_is_shown_with_its_source_and_without_secrets() {
    let bench = mixed();
    insta::assert_snapshot!(bench.hide_dir(&bench.right().show()), @r#"
        # file: DIR/pipedrive-mirror.toml

        [pipedrive]
        base_url = "https://[REDACTED]@example.com?[REDACTED]"  # from environment PIPEDRIVE_BASE_URL
        #api_token = "[REDACTED]"                     # from environment PIPEDRIVE_API_TOKEN
        #api_token_file =                             # default: not set

        [database]
        path = "[REDACTED].db"                        # from flag --database
        mode = "0600"                                 # default

        [limits]
        requests_per_2s = 10                          # from file DIR/pipedrive-mirror.toml, line 1
        #daily_budget =                               # default: learned from the answers' headers, 30000 until then
        daily_share = 0.5                             # default
        reserve = "10%"                               # default
        max_in_flight = 8                             # default

        [sync]
        overlap = "1h 30m"                            # from file DIR/pipedrive-mirror.toml, line 2

        [reconcile]
        #max_missing =                                # default: 5 % of the live rows, at least 25
        schedule = "0 0 3 * * 0"                      # default

        [verify]
        daily_cost = 500                              # default

        [fanout]
        followers = "counter"                         # default
        discounts = "counter"                         # default
        participants = "counter"                      # default
        daily_share = 0.25                            # default
        refresh_after = "90d"                         # default

        [daemon]
        listen = "127.0.0.1:8640"                     # default
        allow_remote = false                          # default
        #allowed_hosts =                              # default: none besides this machine's own
        ready_within = "30m"                          # default

        [entities.deals]
        enabled = true                                # default
        schedule = "0 */5 * * * *"                    # default

        [entities.deals_archived]
        enabled = false                               # from file DIR/pipedrive-mirror.toml, line 4
        schedule = "30 4 * * 1-5"                     # from file DIR/pipedrive-mirror.toml, line 5

        [entities.deal_fields]
        enabled = true                                # default
        schedule = "0 0 0 * * *"                      # default

        [entities.pipelines]
        enabled = true                                # default
        schedule = "0 0 0 * * *"                      # default

        [entities.stages]
        enabled = true                                # default
        schedule = "0 0 0 * * *"                      # default

        [entities.users]
        enabled = true                                # default
        schedule = "0 0 0 * * *"                      # default

        [entities.currencies]
        enabled = true                                # default
        schedule = "0 0 0 * * *"                      # default

        [entities.organizations]
        enabled = true                                # default
        schedule = "0 0 0 * * *"                      # default
        scope = "deals"                               # default

        [entities.persons]
        enabled = true                                # default
        schedule = "0 0 0 * * *"                      # default
        scope = "deals"                               # default

        [entities.products]
        enabled = true                                # default
        schedule = "0 0 0 * * *"                      # default

        [entities.deal_products]
        enabled = true                                # default

        [entities.deal_installments]
        enabled = true                                # default

        [entities.deal_discounts]
        enabled = true                                # default

        [entities.deal_followers]
        enabled = true                                # default

        [entities.deal_participants]
        enabled = true                                # default
        "#);
    let json = serde_json::to_string_pretty(&bench.right().to_json()["settings"][1]).unwrap();
    insta::assert_snapshot!(json, @r#"
        {
          "key": "pipedrive.api_token",
          "source": "from environment PIPEDRIVE_API_TOKEN",
          "value": "[REDACTED]"
        }
        "#);
}

#[test]
fn no_rendering_of_a_configuration_holds_the_token() {
    let config = mixed().right();
    let renderings = [format!("{config:?}"), config.show(), config.to_json().to_string()];
    assert!(renderings.iter().all(|text| !text.contains(TOKEN)));
}

#[test]
fn what_is_shown_is_a_file_that_means_the_same() {
    let config = Bench::new().toml(&mixed().right().show()).right();
    assert_eq!(config.requests_per_2s.map(NonZeroU32::get), Some(10));
    assert_eq!(config.overlap, Duration::from_secs(90 * 60));
    assert_eq!(config.entities, mixed().right().entities);
}
