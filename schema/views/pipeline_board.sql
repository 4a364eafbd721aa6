CREATE VIEW pipeline_board AS
  -- The pipelines as the screen shows them: their stages in order, and what stands in each (open live deals that are
  -- not archived), a row per currency. A stage without deals has one row with count 0 and no currency; a stage that was
  -- deleted is shown only while deals stand in it. Weighted as in deal_summary. Deals whose stage is not mirrored are
  -- not here.
  SELECT
    p.name AS pipeline,
    s.name AS stage,
    p.order_nr AS pipeline_order,
    s.order_nr AS stage_order,
    d.currency,
    count(d.id) AS count,
    round(total(d.value), 2) AS value,
    round(total(d.value / 100.0
      * coalesce(CASE WHEN p.is_deal_probability_enabled THEN d.probability END, s.deal_probability, 0)
    ), 2) AS weighted_value,
    s.pipeline_id,
    s.id AS stage_id
  FROM stages s
  LEFT JOIN pipelines p ON p.id = s.pipeline_id
  LEFT JOIN deals d ON d.stage_id = s.id AND d.status = 'open' AND d.is_deleted = 0 AND d._missing_since IS NULL
    AND d.is_archived = 0
  WHERE d.id IS NOT NULL
    OR (s.is_deleted = 0 AND s._missing_since IS NULL AND coalesce(p.is_deleted, 0) = 0 AND p._missing_since IS NULL)
  GROUP BY s.id, d.currency
  ORDER BY p.order_nr, s.pipeline_id, s.order_nr, s.id, d.currency
