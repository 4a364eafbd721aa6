-- The board: open deals by pipeline and stage, in the order of the screen.
-- :pipeline (all) — only the pipeline of this name
SELECT pipeline, stage, currency, count AS deals, round(value, 2) AS value,
       round(weighted_value, 2) AS weighted_value
FROM pipeline_board
WHERE :pipeline IS NULL OR pipeline = :pipeline
ORDER BY pipeline_order, pipeline_id, stage_order, stage_id, currency;
