//! What the checkpoints of a mirror say that it holds.

use rusqlite::Connection;

/// Returns the stretches of change times, from the first to before the second, of which `list` is wholly stored: everything
/// before its mark. Amid several windows that is what lies in none of them, and what lies in one of them before its mark.
pub fn stored_stretches(mirror: &Connection, list: &str) -> Vec<(String, String)> {
    let sql = "SELECT since, until, mark FROM sync_checkpoints WHERE entity = ?1 ORDER BY since";
    let mut query = mirror.prepare_cached(sql).unwrap();
    let rows: Vec<(String, Option<String>, Option<String>)> = query
        .query_map([list], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let amid = rows.iter().any(|(_, until, _)| until.is_some());
    let (mut stored, mut from) = (Vec::new(), String::new());
    for (since, until, mark) in rows {
        if amid {
            stored.push((from, since.clone()));
        }
        let begins = if amid { since } else { String::new() };
        stored.extend(mark.map(|mark| (begins, mark)));
        from = until.unwrap_or_default();
    }
    stored
}
