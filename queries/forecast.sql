-- What open deals may bring, by the month in which they are expected to close.
-- :pipeline (all) — only the pipeline of this name
SELECT coalesce(strftime('%Y-%m', expected_close_date), 'no date') AS month,
       currency,
       count(*) AS deals,
       round(sum(value), 2) AS value,
       -- A deal's own probability counts where its pipeline has probabilities enabled, else its stage's: see deal_summary.
       round(total(value / 100.0 * coalesce(
         CASE WHEN pipelines.is_deal_probability_enabled THEN overview.probability END, stages.deal_probability, 0
       )), 2) AS weighted_value
FROM deal_overview AS overview
LEFT JOIN stages ON stages.id = overview.stage_id
LEFT JOIN pipelines ON pipelines.id = overview.pipeline_id
WHERE status = 'open' AND NOT is_archived AND (:pipeline IS NULL OR overview.pipeline = :pipeline)
GROUP BY month, currency
ORDER BY month, currency;
