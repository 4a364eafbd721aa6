CREATE VIEW deal_summary AS
  -- The figures of /v1/deals/summary in their original currencies, over live deals that are not archived. Its
  -- parameters become a WHERE clause, and the reader adds up:
  --   SELECT currency, sum(count), sum(value), sum(weighted_value) FROM deal_summary
  --   WHERE status = 'open' GROUP BY currency
  -- A deal without a value counts as 0. The API does not say how it weighs; inferred: a won deal counts whole, a lost
  -- one not at all, an open one by its own probability if its pipeline has probabilities enabled, else by its stage's,
  -- else 0.
  SELECT
    d.status,
    d.owner_id AS user_id,
    d.pipeline_id,
    d.stage_id,
    d.currency,
    count(d.id) AS count,
    total(d.value) AS value,
    total(CASE d.status
      WHEN 'won' THEN d.value
      WHEN 'open' THEN d.value / 100.0
        * coalesce(CASE WHEN p.is_deal_probability_enabled THEN d.probability END, s.deal_probability, 0)
    END) AS weighted_value
  FROM deals d
  LEFT JOIN pipelines p ON p.id = d.pipeline_id
  LEFT JOIN stages s ON s.id = d.stage_id
  WHERE d.is_deleted = 0 AND d._missing_since IS NULL AND d.is_archived = 0
  GROUP BY d.status, d.owner_id, d.pipeline_id, d.stage_id, d.currency
