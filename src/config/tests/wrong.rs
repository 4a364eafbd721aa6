//! What is said about a file that is wrong.

use super::*;

#[test]
fn a_key_that_does_not_exist_is_answered_with_the_nearest() {
    let messages = messages(&[
        "[limits]\nmax_inflight = 3",
        "[limits]\n\n  requests_per_2 = 3",
        "[pipedrive]\nurl = 'x'\napi_tokne = 'secret'",
        "[limit]\nmax_in_flight = 3",
        "api_token = 'secret'",
        "max_in_flight = 3",
        "[database]\nbase_url = 'x'",
        "[entities.deal]\nenabled = true",
        "[entities.archived]",
        "[entities.activities]",
        "[entities.deals]\nschedul = '* * * * *'",
        "[entities]\nenabled = true",
        "[database]\nwal_size = 3",
        "[webhooks]",
        "\"limits.max_in_flight\" = 3",
        "pipedrive.base_url.host = 'x'",
        "'\u{202e}' = 3",
    ]);
    insta::assert_snapshot!(messages, @r#"
        error: FILE:2:1: there is no key `limits.max_inflight`; did you mean `limits.max_in_flight`?
        error: FILE:3:3: there is no key `limits.requests_per_2`; did you mean `limits.requests_per_2s`?
        error: FILE:2:1: there is no key `pipedrive.url`; did you mean `pipedrive.base_url`?
        error: FILE:1:2: there is no key `limit`; did you mean `limits`?
        error: FILE:1:1: there is no key `api_token`; did you mean `pipedrive.api_token`?
        error: FILE:1:1: there is no key `max_in_flight`; did you mean `limits.max_in_flight`?
        error: FILE:2:1: there is no key `database.base_url`; did you mean `pipedrive.base_url`?
        error: FILE:1:11: there is no key `entities.deal`; did you mean `entities.deals`?
        error: FILE:1:11: there is no key `entities.archived`; did you mean `entities.deals_archived`?
        error: FILE:1:11: there is no key `entities.activities`; known here: deals, deals_archived, deal_fields, pipelines, stages, users, currencies, organizations, persons, products, deal_products, deal_installments, deal_discounts, deal_followers, deal_participants
        error: FILE:2:1: there is no key `entities.deals.schedul`; did you mean `entities.deals.schedule`?
        error: FILE:2:1: there is no key `entities.enabled`; known here: deals, deals_archived, deal_fields, pipelines, stages, users, currencies, organizations, persons, products, deal_products, deal_installments, deal_discounts, deal_followers, deal_participants
        error: FILE:2:1: there is no key `database.wal_size`; known here: path, mode
        error: FILE:1:2: there is no key `webhooks`; known here: pipedrive, database, limits, sync, reconcile, verify, fanout, daemon, entities
        error: FILE:1:1: there is no key `limits.max_in_flight`; write it without the quotes
        error: FILE:1:11: pipedrive.base_url must be text in quotes that is not empty, not a table
        error: FILE:1:1: there is no key `\u{202e}`; known here: pipedrive, database, limits, sync, reconcile, verify, fanout, daemon, entities
        "#);
}

#[test]
fn a_value_that_cannot_be_is_answered_with_what_can() {
    let messages = messages(&[
        "[limits]\nmax_in_flight = -3",
        "[limits]\nmax_in_flight = 0",
        "[limits]\nmax_in_flight = 65",
        "[limits]\nmax_in_flight = 99999999999999999999999999999999999999999",
        "[limits]\nmax_in_flight = 1.5",
        "[limits]\nmax_in_flight = '8'",
        "[limits]\nrequests_per_2s = [20]",
        "[limits]\nrequests_per_2s = { most = 20 }",
        "[limits]\ndaily_budget = 0",
        "[limits]\ndaily_budget = 1e6",
        "[limits]\ndaily_share = 0.0",
        "[limits]\ndaily_share = 1.01",
        "[limits]\ndaily_share = nan",
        "[limits]\ndaily_share = '50%'",
        "[limits]\nreserve = '10'",
        "[limits]\nreserve = '101%'",
        "[limits]\nreserve = -1",
        "[reconcile]\nmax_missing = 0.05",
        "[reconcile]\nschedule = 'weekly'",
        "[fanout]\nfollowers = 'some'",
        "[fanout]\ndiscounts = true",
        "[fanout]\ndaily_share = 2",
        "[fanout]\nrefresh_after = '23h'",
        "[sync]\noverlap = '0s'",
        "[sync]\noverlap = '-5m'",
        "[sync]\noverlap = '999ms'",
        "[sync]\noverlap = 60",
        "[sync]\noverlap = '60'",
        "[sync]\noverlap = '31 days'",
        "[sync]\noverlap = '1 month'",
        "[pipedrive]\nbase_url = true",
        "[pipedrive]\nbase_url = ' '",
        "[pipedrive]\napi_token = 12345678",
        "[database]\npath = ''",
        "[database]\npath = '~/deals.db'",
        "[entities.deals]\nenabled = 'yes'",
        "[entities.deals]\nschedule = '*/5 * * *'",
        "[entities.deals]\nschedule = '0 */5 25 * * *'",
        "[entities.deals]\nschedule = '0 0 30 2 *'",
        "[entities.deals]\nschedule = 300",
        "[[entities.deals]]\nenabled = true",
        "limits = 3",
    ]);
    insta::assert_snapshot!(messages, @r#"
        error: FILE:2:17: limits.max_in_flight must be a whole number from 1 to 64, not -3
        error: FILE:2:17: limits.max_in_flight must be a whole number from 1 to 64, not 0
        error: FILE:2:17: limits.max_in_flight must be a whole number from 1 to 64, not 65
        error: FILE:2:17: limits.max_in_flight must be a whole number from 1 to 64, not 99999999999999999999999999999999999999999
        error: FILE:2:17: limits.max_in_flight must be a whole number from 1 to 64, not 1.5
        error: FILE:2:17: limits.max_in_flight must be a whole number from 1 to 64, not the text "8"
        error: FILE:2:19: limits.requests_per_2s must be a whole number from 1 to 1000, not a list
        error: FILE:2:19: limits.requests_per_2s must be a whole number from 1 to 1000, not a table
        error: FILE:2:16: limits.daily_budget must be a whole number from 1 to 1000000000000, not 0
        error: FILE:2:16: limits.daily_budget must be a whole number from 1 to 1000000000000, not 1e6
        error: FILE:2:15: limits.daily_share must be a number above 0 and up to 1, such as 0.5, not 0.0
        error: FILE:2:15: limits.daily_share must be a number above 0 and up to 1, such as 0.5, not 1.01
        error: FILE:2:15: limits.daily_share must be a number above 0 and up to 1, such as 0.5, not nan
        error: FILE:2:15: limits.daily_share must be a number above 0 and up to 1, such as 0.5, not the text "50%"
        error: FILE:2:11: limits.reserve must be a part of the budget such as "10%", or a whole number from 0 to 1000000000000, not the text "10"
        error: FILE:2:11: limits.reserve must be a part of the budget such as "10%", or a whole number from 0 to 1000000000000, not the text "101%"
        error: FILE:2:11: limits.reserve must be a part of the budget such as "10%", or a whole number from 0 to 1000000000000, not -1
        error: FILE:2:15: reconcile.max_missing must be a part of the live rows such as "5%", or a whole number from 0 to 1000000000, not 0.05
        error: FILE:2:12: reconcile.schedule must be a cron expression in UTC, such as "0 */5 * * * *" (second, minute, hour, day of the month, month, weekday; the second may be left out), not the text "weekly" (it has 1 field)
        error: FILE:2:13: fanout.followers must be one of "off", "counter", "changed", "open", "all", not the text "some"
        error: FILE:2:13: fanout.discounts must be one of "off", "counter", "changed", "open", "all", not true
        error: FILE:2:15: fanout.daily_share must be a number from 0 to 1, such as 0.25, not 2
        error: FILE:2:17: fanout.refresh_after must be a duration from 1 day to 3650 days with its unit, such as "90s", "5m" or "1h 30m", not the text "23h"
        error: FILE:2:11: sync.overlap must be a duration from 1 s to 30 days with its unit, such as "90s", "5m" or "1h 30m", not the text "0s"
        error: FILE:2:11: sync.overlap must be a duration from 1 s to 30 days with its unit, such as "90s", "5m" or "1h 30m", not the text "-5m"
        error: FILE:2:11: sync.overlap must be a duration from 1 s to 30 days with its unit, such as "90s", "5m" or "1h 30m", not the text "999ms"
        error: FILE:2:11: sync.overlap must be a duration from 1 s to 30 days with its unit, such as "90s", "5m" or "1h 30m", not 60
        error: FILE:2:11: sync.overlap must be a duration from 1 s to 30 days with its unit, such as "90s", "5m" or "1h 30m", not the text "60"
        error: FILE:2:11: sync.overlap must be a duration from 1 s to 30 days with its unit, such as "90s", "5m" or "1h 30m", not the text "31 days"
        error: FILE:2:11: sync.overlap must be a duration from 1 s to 30 days with its unit, such as "90s", "5m" or "1h 30m", not the text "1 month" (months and years differ in length; say it in days)
        error: FILE:2:12: pipedrive.base_url must be text in quotes that is not empty, not true
        error: FILE:2:12: pipedrive.base_url must be text in quotes that is not empty, not the text " "
        error: FILE:2:13: pipedrive.api_token must be text in quotes, not a number
        error: FILE:2:8: database.path must be the path of a file, not the text ""
        error: FILE:2:8: database.path must be the path of a file, not the text "~/deals.db" (`~` is a shell's word for the home directory; write the whole path)
        error: FILE:2:11: entities.deals.enabled must be true or false, not the text "yes"
        error: FILE:2:12: entities.deals.schedule must be a cron expression in UTC, such as "0 */5 * * * *" (second, minute, hour, day of the month, month, weekday; the second may be left out), not the text "*/5 * * *" (it has 4 fields)
        error: FILE:2:12: entities.deals.schedule must be a cron expression in UTC, such as "0 */5 * * * *" (second, minute, hour, day of the month, month, weekday; the second may be left out), not the text "0 */5 25 * * *" (the hour "25": number out of bounds)
        error: FILE:2:12: entities.deals.schedule must be a cron expression in UTC, such as "0 */5 * * * *" (second, minute, hour, day of the month, month, weekday; the second may be left out), not the text "0 0 30 2 *" (no such moment ever comes)
        error: FILE:2:12: entities.deals.schedule must be a cron expression in UTC, such as "0 */5 * * * *" (second, minute, hour, day of the month, month, weekday; the second may be left out), not 300
        error: FILE:1:12: entities.deals must be a table, `[entities.deals]`, not a list
        error: FILE:1:1: limits must be a table, `[limits]`, not a number
        "#);
}

#[test]
fn what_the_daemon_cannot_listen_at_or_answer_is_refused_with_the_remedy() {
    let messages = messages(&[
        "[daemon]\nlisten = '127.0.0.1'",
        "[daemon]\nlisten = ':8640'",
        "[daemon]\nlisten = 8640",
        "[daemon]\nlisten = 'http://127.0.0.1:8640'",
        "[daemon]\nlisten = 'mirror.example.com:8640'",
        "[daemon]\nlisten = 'none'",
        "[daemon]\nlisten = ''",
        "[daemon]\nlisten = '0.0.0.0:8640'",
        "[daemon]\nlisten = '[::]:8640'\nallow_remote = false",
        "[daemon]\nallow_remote = 'yes'",
        "[daemon]\nallowed_hosts = 'mirror.example.com'",
        "[daemon]\nallowed_hosts = [1]",
        "[daemon]\nallowed_hosts = ['https://mirror.example.com']",
        "[daemon]\nallowed_hosts = ['mirror.example.com:8640']",
        "[daemon]\nallowed_hosts = ['::1']",
        "[daemon]\nallowed_hosts = ['mirror.example.com', '']",
        "[daemon]\nallowed_hosts = ['*']",
        "[daemon]\nready_within = '9s'",
        "[daemon]\nready_within = '31 days'",
        "[daemon]\nready_within = 30",
        "[daemon]\nport = 8640",
    ]);
    insta::assert_snapshot!(messages, @r#"
        error: FILE:2:10: daemon.listen must be an address of this machine with a port, such as "127.0.0.1:8640", or "off", not the text "127.0.0.1"
        error: FILE:2:10: daemon.listen must be an address of this machine with a port, such as "127.0.0.1:8640", or "off", not the text ":8640"
        error: FILE:2:10: daemon.listen must be an address of this machine with a port, such as "127.0.0.1:8640", or "off", not 8640
        error: FILE:2:10: daemon.listen must be an address of this machine with a port, such as "127.0.0.1:8640", or "off", not the text "http://127.0.0.1:8640"
        error: FILE:2:10: daemon.listen must be an address of this machine with a port, such as "127.0.0.1:8640", or "off", not the text "mirror.example.com:8640"
        error: FILE:2:10: daemon.listen must be an address of this machine with a port, such as "127.0.0.1:8640", or "off", not the text "none"
        error: FILE:2:10: daemon.listen must be an address of this machine with a port, such as "127.0.0.1:8640", or "off", not the text ""
        error: FILE:2:10: daemon.listen must be an address of this machine with a port, such as "127.0.0.1:8640", or "off", not the text "0.0.0.0:8640" (other machines reach that address, and everybody there could read the figures; if that is wanted, set daemon.allow_remote = true, and the names it is called by in daemon.allowed_hosts)
        error: FILE:2:10: daemon.listen must be an address of this machine with a port, such as "127.0.0.1:8640", or "off", not the text "[::]:8640" (other machines reach that address, and everybody there could read the figures; if that is wanted, set daemon.allow_remote = true, and the names it is called by in daemon.allowed_hosts)
        error: FILE:2:16: daemon.allow_remote must be true or false, not the text "yes"
        error: FILE:2:17: daemon.allowed_hosts must be a list of host names without scheme and port, such as ["mirror.example.com"], not the text "mirror.example.com"
        error: FILE:2:17: daemon.allowed_hosts must be a list of host names without scheme and port, such as ["mirror.example.com"], not a list
        error: FILE:2:17: daemon.allowed_hosts must be a list of host names without scheme and port, such as ["mirror.example.com"], not a list ("https://mirror.example.com" is none)
        error: FILE:2:17: daemon.allowed_hosts must be a list of host names without scheme and port, such as ["mirror.example.com"], not a list ("mirror.example.com:8640" is none)
        error: FILE:2:17: daemon.allowed_hosts must be a list of host names without scheme and port, such as ["mirror.example.com"], not a list ("::1" is none)
        error: FILE:2:17: daemon.allowed_hosts must be a list of host names without scheme and port, such as ["mirror.example.com"], not a list ("" is none)
        error: FILE:2:17: daemon.allowed_hosts must be a list of host names without scheme and port, such as ["mirror.example.com"], not a list ("*" is none)
        error: FILE:2:16: daemon.ready_within must be a duration from 10 s to 30 days with its unit, such as "90s", "5m" or "1h 30m", not the text "9s"
        error: FILE:2:16: daemon.ready_within must be a duration from 10 s to 30 days with its unit, such as "90s", "5m" or "1h 30m", not the text "31 days"
        error: FILE:2:16: daemon.ready_within must be a duration from 10 s to 30 days with its unit, such as "90s", "5m" or "1h 30m", not 30
        error: FILE:2:1: there is no key `daemon.port`; known here: listen, allow_remote, allowed_hosts, ready_within
        "#);
}

#[test]
fn permissions_that_make_no_sense_are_refused() {
    let modes = [
        "0o600",
        "600",
        "'rw'",
        "'0606'",
        "'0777'",
        "'0400'",
        "'4600'",
        "'+600'",
        "'60'",
        "'0000600'",
    ];
    let files = modes.map(|mode| format!("[database]\nmode = {mode}"));
    let messages = messages(&files.each_ref().map(String::as_str));
    insta::assert_snapshot!(messages, @r#"
        error: FILE:2:8: database.mode must be three or four octal digits in quotes, such as "0600" or "0640", not 384
        error: FILE:2:8: database.mode must be three or four octal digits in quotes, such as "0600" or "0640", not 600
        error: FILE:2:8: database.mode must be three or four octal digits in quotes, such as "0600" or "0640", not the text "rw"
        error: FILE:2:8: database.mode must be three or four octal digits in quotes, such as "0600" or "0640", not the text "0606" (anyone on this machine could change the database)
        error: FILE:2:8: database.mode must be three or four octal digits in quotes, such as "0600" or "0640", not the text "0777" (a database is not executed)
        error: FILE:2:8: database.mode must be three or four octal digits in quotes, such as "0600" or "0640", not the text "0400" (the owner has to read and write the database)
        error: FILE:2:8: database.mode must be three or four octal digits in quotes, such as "0600" or "0640", not the text "4600" (set-uid, set-gid and sticky bits mean nothing for a database)
        error: FILE:2:8: database.mode must be three or four octal digits in quotes, such as "0600" or "0640", not the text "+600"
        error: FILE:2:8: database.mode must be three or four octal digits in quotes, such as "0600" or "0640", not the text "60"
        error: FILE:2:8: database.mode must be three or four octal digits in quotes, such as "0600" or "0640", not the text "0000600"
        "#);
    let mode = Bench::new().toml("[database]\nmode = '640'").right().database_mode;
    assert_eq!((mode.bits(), mode.to_string()), (0o640, "0640".to_owned()));
}

#[test]
fn a_stray_token_is_not_quoted_and_what_is_no_toml_has_its_place() {
    let messages = messages(&[
        "[pipedrive]\napi_token = 0123456789abcdef0123456789abcdef01234567",
        "[pipedrive]\napi_token = '0123456789abcdef0123456789abcdef01234567",
        "[limits]\nmax_in_flight = 8\nmax_in_flight = 9",
        "[limits\n",
        "0123456789abcdef0123456789abcdef01234567",
        "0123456789abcdef0123456789abcdef01234567 = ''",
        "[sync]\noverlap = '0123456789abcdef0123456789abcdef01234567'",
    ]);
    insta::assert_snapshot!(messages, @r#"
        error: FILE:2:13: this is not TOML: unexpected leading zero; text stands in quotes, "like this"
        error: FILE:2:54: this is not TOML: invalid literal string, expected `'`; text stands in quotes, "like this"
        error: FILE:3:1: this is not TOML: duplicate key
        error: FILE:1:8: this is not TOML: unclosed table, expected `]`
        error: FILE:1:41: this is not TOML: key with no value, expected `=`
        error: FILE:1:1: there is no key `[REDACTED]`; known here: pipedrive, database, limits, sync, reconcile, verify, fanout, daemon, entities
        error: FILE:2:11: sync.overlap must be a duration from 1 s to 30 days with its unit, such as "90s", "5m" or "1h 30m", not what looks like an API token
        "#);
}

#[test]
fn of_several_faults_the_first_in_the_file_is_named() {
    let messages = messages(&["[zzz]\n[aaa]"]);
    insta::assert_snapshot!(messages, @"
        error: FILE:1:2: there is no key `zzz`; known here: pipedrive, database, limits, sync, reconcile, verify, fanout, daemon, entities
        ");
}

#[test]
fn a_place_counts_characters_not_bytes() {
    let messages = messages(&["pipedrive = { base_url = 'käse', bse_url = 3 } # ö"]);
    insta::assert_snapshot!(messages, @"
        error: FILE:1:34: there is no key `pipedrive.bse_url`; did you mean `pipedrive.base_url`?
        ");
}
