CREATE VIEW deal_overview AS
  -- One row per live deal (neither deleted nor missing at the source; archived ones have is_archived = 1), with names
  -- where `deals` has ids. A name is NULL while its row is not mirrored.
  SELECT
    d.id,
    d.title,
    d.status,
    d.is_archived,
    d.value,                 -- an amount of `currency`; never add up different currencies
    d.currency,
    (SELECT name FROM pipelines WHERE id = d.pipeline_id) AS pipeline,
    (SELECT name FROM stages WHERE id = d.stage_id) AS stage,
    (SELECT name FROM users WHERE id = d.owner_id) AS owner,
    (SELECT name FROM users WHERE id = d.creator_user_id) AS creator,
    (SELECT name FROM persons WHERE id = d.person_id) AS person,
    (SELECT name FROM organizations WHERE id = d.org_id) AS organization,
    (SELECT group_concat(coalesce(f.label, l.label_id), ', ')
     FROM deal_labels l LEFT JOIN deal_field_options f ON f.field_code = 'label_ids' AND f.option_id = l.label_id
     WHERE l.deal_id = d.id) AS labels,
    d.probability,           -- percent
    d.expected_close_date,
    d.add_time,
    d.update_time,
    d.stage_change_time,
    d.won_time,
    d.lost_time,
    d.lost_reason,
    -- Whole days since the deal came into its stage; one that never moved is there since it was added.
    (strftime('%s', 'now') - strftime('%s', coalesce(d.stage_change_time, d.add_time))) / 86400 AS days_in_stage,
    d.pipeline_id,
    d.stage_id,
    d.owner_id,
    d.creator_user_id,
    d.person_id,
    d.org_id
  FROM deals d
  WHERE d.is_deleted = 0 AND d._missing_since IS NULL
