//! The figures of the views, computed by hand.

use super::tests::{REFERENCE, database, deal, describe, renew, rows};

/// Seven deals, two of which count nowhere.
///
/// Pipeline 1 weighs by the deal's own probability, pipeline 2 does not; stage 1 stands for 10 %, 2 for 50 %, 3 for 40 %.
fn company() -> rusqlite::Connection {
    let conn = database();
    conn.execute_batch(REFERENCE).unwrap();
    let columns = "title, status, value, currency, owner_id, pipeline_id, stage_id, probability, add_time, won_time,
        is_archived, is_deleted, _missing_since";
    let (added, later) = ("'2026-01-01T08:00:00Z'", "'2026-01-02T23:59:59Z'");
    for (id, values) in [
        (1, format!("'A', 'open', 100, 'EUR', 1, 1, 1, 80, {added}, NULL, 0, 0, NULL")),
        (2, format!("'B', 'open', 200, 'EUR', 1, 1, 1, NULL, {added}, NULL, 0, 0, NULL")),
        (3, format!("'C', 'open', 50, 'USD', 2, 2, 3, 90, {later}, NULL, 0, 0, NULL")),
        (
            4,
            format!(
                "'D', 'won', 70, 'EUR', 1, 1, 2, NULL, {added}, '2026-02-01T00:00:00Z', 0, 0, NULL"
            ),
        ),
        (5, format!("'E', 'lost', 30, 'EUR', 1, 1, 2, 10, {added}, NULL, 0, 0, NULL")),
        (6, format!("'F', 'open', NULL, 'EUR', 1, 1, 1, NULL, {added}, NULL, 0, 0, NULL")),
        (7, format!("'G', 'open', 999, 'EUR', 1, 1, 1, NULL, {added}, NULL, 1, 0, NULL")),
        (8, format!("'H', 'open', 999, 'EUR', 1, 1, 1, NULL, {added}, NULL, 0, 1, NULL")),
        (
            9,
            format!(
                "'I', 'open', 999, 'EUR', 1, 1, 1, NULL, {added}, NULL, 0, 0, '2026-01-09T00:00:00Z'"
            ),
        ),
    ] {
        deal(&conn, id, columns, &values);
    }
    conn
}

#[test]
fn a_summary_weighs_won_deals_whole_and_open_ones_by_their_probability() {
    let conn = company();
    assert_eq!(
        rows(&conn, "SELECT * FROM deal_summary ORDER BY status, user_id"),
        [
            "lost|1|1|2|EUR|1|30.0|0.0",
            // 100 × 80 %, 200 × 10 % of the stage, and one without a value
            "open|1|1|1|EUR|3|300.0|100.0",
            // its own 90 % does not count in this pipeline: 50 × 40 %
            "open|2|2|3|USD|1|50.0|20.0",
            "won|1|1|2|EUR|1|70.0|70.0",
        ]
    );
}

#[test]
fn a_timeline_counts_each_deal_by_the_day_of_every_date_it_has() {
    let mut conn = company();
    describe(&conn, "when", "When", "date");
    describe(&conn, "term", "Term", "daterange");
    renew(&mut conn, "t1");
    conn.execute_batch("INSERT INTO deal_custom_fields (deal_id, \"when\") VALUES (2, '2026-05-05'), (7, '2026-05-05')")
        .unwrap();
    assert_eq!(
        rows(&conn, "SELECT * FROM deal_timeline ORDER BY field_key, day, status"),
        [
            "add_time|2026-01-01|1|1|EUR|open|3|300.0|100.0",
            "add_time|2026-01-01|1|1|EUR|won|1|70.0|70.0",
            "add_time|2026-01-02|2|2|USD|open|1|50.0|20.0",
            "when|2026-05-05|1|1|EUR|open|1|200.0|20.0",
            "won_time|2026-02-01|1|1|EUR|won|1|70.0|70.0",
        ]
    );
}

#[test]
fn a_board_shows_the_stages_in_order_also_empty_ones() {
    let conn = company();
    assert_eq!(
        rows(
            &conn,
            "SELECT pipeline, stage, stage_order, currency, count, value, weighted_value FROM pipeline_board"
        ),
        [
            "Renewals|Due|1|USD|1|50.0|20.0",
            "Sales|Offer|1|-|0|0.0|0.0",
            "Sales|Lead|2|EUR|3|300.0|100.0"
        ]
    );
    conn.execute_batch("UPDATE stages SET is_deleted = 1").unwrap();
    assert_eq!(rows(&conn, "SELECT stage FROM pipeline_board"), ["Due", "Lead"]);
}

#[test]
fn an_overview_has_a_row_per_live_deal_with_its_age_in_the_stage() {
    let conn = company();
    conn.execute_batch(
        "UPDATE deals SET stage_change_time = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-49 hours') WHERE id = 1;
         UPDATE deals SET add_time = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-23 hours') WHERE id = 2;
         INSERT INTO deal_labels VALUES (1, 2);",
    )
    .unwrap();
    let sql = "SELECT id, pipeline, stage, owner, creator, labels, days_in_stage FROM deal_overview WHERE id < 3";
    assert_eq!(rows(&conn, sql), ["1|Sales|Lead|Ann|-|cold|2", "2|Sales|Lead|Ann|-|-|0"]);
    assert_eq!(
        rows(&conn, "SELECT group_concat(id), sum(is_archived) FROM deal_overview"),
        ["1,2,3,4,5,6,7|1"]
    );
}

#[test]
fn a_deal_is_stale_since_the_last_thing_that_moved() {
    let conn = company();
    conn.execute_batch(
        "UPDATE deals SET update_time = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-10 days');
         UPDATE deals SET last_incoming_mail_time = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-2 days') WHERE id = 2;
         UPDATE deals SET update_time = NULL WHERE id = 6;",
    )
    .unwrap();
    let sql = "SELECT id, stage, owner, days_since_change, days_to_rotten, is_rotten FROM deals_stale ORDER BY id";
    assert_eq!(
        rows(&conn, sql),
        ["1|Lead|Ann|10|5|1", "2|Lead|Ann|2|5|0", "3|Due|Bob|10|-|0", "6|Lead|Ann|-|5|0"]
    );
}

#[test]
fn a_products_report_calls_the_product_as_the_catalogue_does() {
    let conn = company();
    conn.execute_batch(
        "INSERT INTO products (id, name, _hash, _synced_at) VALUES (5, 'Chair', 0, '');
         INSERT INTO deal_products (deal_id, id, product_id, name, quantity, item_price, discount, sum, currency)
         VALUES (1, 1, 5, 'old chair', 2, 10, 5, 19, 'EUR'), (1, 2, NULL, 'by hand', 1, 3, 0, 3, 'EUR'),
           (8, 3, 5, 'of a deleted deal', 1, 1, 0, 1, 'EUR');",
    )
    .unwrap();
    let sql = "SELECT deal, product, owner, stage, quantity, item_price, discount, sum, currency
        FROM deal_products_report ORDER BY line_id";
    assert_eq!(
        rows(&conn, sql),
        ["A|Chair|Ann|Lead|2.0|10.0|5.0|19.0|EUR", "A|by hand|Ann|Lead|1.0|3.0|0.0|3.0|EUR"]
    );
}

#[test]
fn freshness_counts_from_the_beginning_of_the_last_complete_pass() {
    let conn = database();
    conn.execute_batch(
        "INSERT INTO sync_checkpoints (entity, since, until, began_at, complete_began_at, completed_at) VALUES
           ('deals', '', '2026-01-01T00:00:00Z', 'x', '2025-01-01T00:00:00Z', '2025-01-01T00:00:00Z'),
           ('deals', '2026-01-01T00:00:00Z', NULL, 'x', strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-100 seconds'), '2026-01-02T00:00:00Z'),
           ('pipelines', '', NULL, 'x', NULL, NULL),
           ('reconcile_deals', '', NULL, 'x', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');
         INSERT INTO sync_children (child, deal_id, stored_at, rows, hash) VALUES
           ('deal_products', 1, '2026-01-03T00:00:00Z', 0, 0), ('deal_products', 2, '2026-01-04T00:00:00Z', 0, 0),
           ('deal_followers', 1, '2026-01-05T00:00:00Z', 0, 0);
         INSERT INTO sync_due (kind, id, why, since, generation) VALUES
           ('deal_products', 1, '', '2026-01-07T00:00:00Z', 1), ('deal_products', 2, '', '2026-01-06T00:00:00Z', 1),
           ('persons', 1, '', '2026-01-08T00:00:00Z', 1), ('presence_deals', 1, '', '2026-01-08T00:00:00Z', 1);",
    )
    .unwrap();
    assert_eq!(
        rows(
            &conn,
            "SELECT entity, last_success, lag_s BETWEEN 100 AND 110, owed, owed_since FROM sync_freshness"
        ),
        [
            "deal_followers|2026-01-05T00:00:00Z|-|0|-",
            "deal_products|2026-01-04T00:00:00Z|-|2|2026-01-06T00:00:00Z",
            "deals|2026-01-02T00:00:00Z|1|0|-",
            "persons|-|-|1|2026-01-08T00:00:00Z",
            "pipelines|-|-|0|-",
        ]
    );
}
