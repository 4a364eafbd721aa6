-- How long open deals have been in their stage, in days.
-- :pipeline (all) — only the pipeline of this name
SELECT overview.pipeline, overview.stage,
       count(*) AS deals,
       sum(days_in_stage <= 7) AS "0-7",
       sum(days_in_stage BETWEEN 8 AND 30) AS "8-30",
       sum(days_in_stage BETWEEN 31 AND 90) AS "31-90",
       sum(days_in_stage >= 91) AS "91+",
       max(days_in_stage) AS longest
FROM deal_overview AS overview
LEFT JOIN stages ON stages.id = overview.stage_id
LEFT JOIN pipelines ON pipelines.id = overview.pipeline_id
WHERE status = 'open' AND NOT is_archived AND (:pipeline IS NULL OR overview.pipeline = :pipeline)
GROUP BY overview.pipeline_id, overview.stage_id
ORDER BY pipelines.order_nr, overview.pipeline_id, stages.order_nr, overview.stage_id;
