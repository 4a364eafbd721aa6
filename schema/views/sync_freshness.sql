CREATE VIEW sync_freshness AS
  -- How fresh each entity is. Its rows hold every change up to `fresh_as_of`, the server's time at which the last
  -- complete pass began; `lag_s` counts the seconds since then by this machine's clock. What hangs on deals has no pass
  -- of its own: it is as fresh as `deals` while nothing of it is owed, and `last_success` is when a set of it was last
  -- stored. Walks by id (reconcile) and their candidates are not shown.
  WITH RECURSIVE
    children (entity) AS (
      SELECT min(child) FROM sync_children
      UNION ALL
      SELECT (SELECT min(child) FROM sync_children WHERE child > entity) FROM children WHERE entity IS NOT NULL
    ),
    entities (entity) AS (
      SELECT entity FROM sync_checkpoints WHERE until IS NULL AND substr(entity, 1, 10) <> 'reconcile_'
      UNION
      SELECT entity FROM children WHERE entity IS NOT NULL
      UNION
      SELECT kind FROM sync_due WHERE substr(kind, 1, 9) <> 'presence_'
    )
  SELECT
    e.entity,
    coalesce(
      (SELECT max(c.completed_at) FROM sync_checkpoints c WHERE c.entity = e.entity AND c.until IS NULL),
      (SELECT max(s.stored_at) FROM sync_children s WHERE s.child = e.entity)
    ) AS last_success,
    (SELECT max(c.complete_began_at) FROM sync_checkpoints c
      WHERE c.entity = e.entity AND c.until IS NULL) AS fresh_as_of,
    strftime('%s', 'now') - strftime('%s',
      (SELECT max(c.complete_began_at) FROM sync_checkpoints c WHERE c.entity = e.entity AND c.until IS NULL)) AS lag_s,
    (SELECT count(*) FROM sync_due q WHERE q.kind = e.entity AND q.why <> 'not shown') AS owed,
    (SELECT min(q.since) FROM sync_due q WHERE q.kind = e.entity AND q.why <> 'not shown') AS owed_since
  FROM entities e
  ORDER BY e.entity
