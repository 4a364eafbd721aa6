//! A mirror that is damaged at random, in every way that a row can be.

use std::collections::BTreeSet;

use pipedrive_mirror::sync::{Outcome, Proof};
use rusqlite::{Connection, params};

use super::{DEEP, lines, mirrored, named};

type Named = (String, String);

/// A way to damage what is stored of a deal; returns under which entity that is to be named.
type Damage = fn(&Connection, i64, &mut fastrand::Rng) -> &'static str;

const PARTS: [(&str, &str); 6] = [
    ("deals", "id"),
    ("deal_raw", "deal_id"),
    ("deal_custom_fields", "deal_id"),
    ("deal_custom_field_options", "deal_id"),
    ("deal_labels", "deal_id"),
    ("deals_search", "rowid"),
];

const SETS: [&str; 2] = ["deal_products", "deal_installments"];

const OF_A_DEAL: [Damage; 17] = [
    |conn, id, _| set(conn, id, "title = title || '!'"),
    |conn, id, rng| set(conn, id, &format!("value = {}", rng.u32(..))),
    |conn, id, _| set(conn, id, "stage_id = NULL, lost_reason = 'none'"),
    |conn, id, _| set(conn, id, "update_time = '2031-01-01T00:00:00Z'"),
    |conn, id, _| set(conn, id, "update_time = '2011-01-01T00:00:00Z'"),
    |conn, id, _| set(conn, id, "is_deleted = 1 - is_deleted"),
    |conn, id, _| set(conn, id, "is_archived = 1 - is_archived"),
    |conn, id, _| set(conn, id, "_missing_since = '2026-01-01T00:00:00Z'"),
    |conn, id, rng| set(conn, id, &format!("products_count = products_count + {}", rng.u8(1..9))),
    |conn, id, _| {
        done(
            conn,
            "UPDATE deal_raw SET json = replace(json, '\"id\"', '\"jd\"') WHERE deal_id = ?1",
            id,
        )
    },
    |conn, id, _| done(conn, "UPDATE deal_raw SET hash = hash + 1 WHERE deal_id = ?1", id),
    |conn, id, _| done(conn, "DELETE FROM deal_raw WHERE deal_id = ?1", id),
    |conn, id, _| done(conn, "DELETE FROM deal_custom_fields WHERE deal_id = ?1", id),
    |conn, id, _| done(conn, "INSERT INTO deal_labels (deal_id, label_id) VALUES (?1, 987654)", id),
    |conn, id, _| done(conn, "UPDATE deals_search SET title = 'stale' WHERE rowid = ?1", id),
    |conn, id, _| done(conn, "DELETE FROM deals_search WHERE rowid = ?1", id),
    |conn, id, rng| {
        // All of it, or all but some parts.
        let only = rng.bool();
        for (table, key) in PARTS {
            if !only || table == "deals" {
                conn.execute(&format!("DELETE FROM {table} WHERE {key} = ?1"), [id]).unwrap();
            }
        }
        for child in SETS {
            if rng.bool() {
                conn.execute(&format!("DELETE FROM {child} WHERE deal_id = ?1"), [id]).unwrap();
            }
        }
        "deals"
    },
];

fn set(conn: &Connection, id: i64, what: &str) -> &'static str {
    done(conn, &format!("UPDATE deals SET {what} WHERE id = ?1"), id)
}

fn done(conn: &Connection, sql: &str, id: i64) -> &'static str {
    assert_eq!(conn.execute(sql, [id]).unwrap(), 1, "{sql}");
    "deals"
}

/// Invents a deal, or a part of one.
fn invent(conn: &Connection, id: i64, rng: &mut fastrand::Rng) -> Named {
    let sql = match rng.u8(..4) {
        0 => {
            "INSERT INTO deals (id, title, status, is_deleted, is_archived, update_time, _version, _synced_at)
             VALUES (?1, 'Invented', 'open', 0, 0, '2026-01-01T00:00:00Z', 1, '2026-01-01T00:00:00Z')"
        }
        1 => "INSERT INTO deal_labels (deal_id, label_id) VALUES (?1, 1)",
        2 => "INSERT INTO deal_custom_fields (deal_id) VALUES (?1)",
        _ => "INSERT INTO deals_search (rowid, title) VALUES (?1, 'Invented')",
    };
    conn.execute(sql, [id]).unwrap();
    ("deals".to_owned(), id.to_string())
}

/// Damages the sets of a deal that has some.
fn lose(conn: &Connection, child: &str, id: i64, rng: &mut fastrand::Rng) -> Named {
    let sql = match rng.u8(..3) {
        0 => format!("DELETE FROM {child} WHERE deal_id = ?1"),
        1 => format!(
            "DELETE FROM {child} WHERE deal_id = ?1 AND id = (SELECT min(id) FROM {child} WHERE deal_id = ?1)"
        ),
        _ => format!("DELETE FROM sync_children WHERE deal_id = ?1 AND child = '{child}'"),
    };
    assert!(conn.execute(&sql, [id]).unwrap() > 0);
    (child.to_owned(), id.to_string())
}

fn ids(conn: &Connection, sql: &str) -> Vec<i64> {
    let mut rows = conn.prepare(sql).unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Damages `conn` in `many` places; returns what has to be named.
fn corrupt(conn: &Connection, many: usize, seed: u64) -> BTreeSet<Named> {
    let mut rng = fastrand::Rng::with_seed(seed);
    // A sync reads the newest page of each list again, whatever changed: what is lost there is healed before it is missed.
    let live = "SELECT id FROM deals WHERE is_deleted = 0 AND _missing_since IS NULL AND is_archived = 0
                AND update_time < (SELECT update_time FROM deals ORDER BY update_time DESC LIMIT 1 OFFSET 520)
                AND EXISTS (SELECT 1 FROM deal_custom_fields c WHERE c.deal_id = deals.id)";
    let mut deals = ids(conn, live);
    rng.shuffle(&mut deals);
    let mut sets: Vec<(&str, i64)> = SETS
        .iter()
        .flat_map(|child| {
            let some = format!("SELECT DISTINCT deal_id FROM {child} WHERE deal_id IN ({live})");
            ids(conn, &some).into_iter().map(|id| (*child, id))
        })
        .collect();
    rng.shuffle(&mut sets);
    let mut wrong = BTreeSet::new();
    let mark = "UPDATE sync_checkpoints SET mark = '2031-01-01T00:00:00Z' WHERE entity = 'deals'";
    assert_eq!(conn.execute(mark, params![]).unwrap(), 1);
    wrong.insert(("deals".to_owned(), "mark".to_owned()));
    while wrong.len() < many {
        let named = match rng.u8(..10) {
            0 => invent(conn, 5_000_000 + wrong.len() as i64, &mut rng),
            1 | 2 => {
                let Some((child, id)) = sets.pop() else { continue };
                let at = deals.iter().position(|deal| *deal == id);
                let Some(at) = at else { continue };
                deals.remove(at);
                lose(conn, child, id, &mut rng)
            }
            _ => {
                let id = deals.pop().unwrap();
                let damage = OF_A_DEAL[rng.usize(..OF_A_DEAL.len())];
                (damage(conn, id, &mut rng).to_owned(), id.to_string())
            }
        };
        wrong.insert(named);
    }
    wrong
}

#[rstest::rstest]
#[case(11, 5)]
#[case(12, 6)]
fn a_thousand_corruptions_are_named_every_one_and_healed_at_the_announced_price(
    #[case] company: u64,
    #[case] seed: u64,
) {
    let sim = mirrored(3_000, company);
    let usual = sim.sync().cost;
    let before = sim.verify(DEEP);
    assert_eq!(lines(&before), Vec::<String>::new());
    assert_eq!(before.certificate.unwrap().result, "equal");

    let wrong = corrupt(&sim.connection(), 1_000, seed);
    let verified = sim.verify(DEEP);
    let found = named(&verified);
    let missed: Vec<_> = wrong.difference(&found).collect();
    let invented: Vec<_> = lines(&verified)
        .into_iter()
        .filter(|line| {
            let mut words = line.split(' ');
            !wrong.contains(&(words.next().unwrap().to_owned(), words.next().unwrap().to_owned()))
        })
        .collect();
    assert!(missed.is_empty() && invented.is_empty(), "missed {missed:?}, invented {invented:?}");
    assert_eq!(verified.certificate.unwrap().result, "different");

    let repaired = sim.verify(Proof { repair: true, ..DEEP });
    // The mark was put back at once.
    assert_eq!(repaired.differences.len(), wrong.len() - 1);
    let (mended, price) = repaired.mended.unwrap();
    assert_eq!(mended.left, 0);
    let healing = sim.sync();
    assert_eq!(healing.outcome(), Outcome::Complete);
    let more = healing.cost - usual;
    assert!(more <= price, "{more} was spent, {price} announced");
    sim.assert_equal();
    let after = sim.verify(DEEP);
    assert_eq!(lines(&after), Vec::<String>::new());
    assert_eq!(after.certificate.unwrap().result, "equal");
}
