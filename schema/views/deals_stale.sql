CREATE VIEW deals_stale AS
  -- Open live deals that are not archived, with the days since anything moved: the deal itself, its stage, or its mail.
  -- What it cannot know: activities are not mirrored. The source counts a deal as rotten by its activities; one with a
  -- call yesterday that changed nothing on the deal may be called rotten here, and one that was edited without being
  -- worked on may not.
  SELECT
    q.id, q.title, (SELECT name FROM pipelines WHERE id = q.pipeline_id) AS pipeline, s.name AS stage, (SELECT name FROM users WHERE id = q.owner_id) AS owner, q.value, q.currency,
    nullif(q.last_change, '') AS last_change,
    q.days_since_change,
    s.days_to_rotten,
    coalesce(s.is_deal_rot_enabled = 1 AND q.days_since_change > s.days_to_rotten, 0) AS is_rotten,
    q.pipeline_id, q.stage_id, q.owner_id
  FROM (
    SELECT
      t.*, (strftime('%s', 'now') - strftime('%s', nullif(t.last_change, ''))) / 86400 AS days_since_change
    FROM (
      SELECT
        d.id, d.title, d.value, d.currency, d.pipeline_id, d.stage_id, d.owner_id,
        max(coalesce(d.update_time, ''), coalesce(d.stage_change_time, ''), coalesce(d.last_incoming_mail_time, ''),
          coalesce(d.last_outgoing_mail_time, '')) AS last_change
      FROM deals d
      WHERE d.status = 'open' AND d.is_deleted = 0 AND d._missing_since IS NULL AND d.is_archived = 0
    ) t
  ) q
  LEFT JOIN stages s ON s.id = q.stage_id
