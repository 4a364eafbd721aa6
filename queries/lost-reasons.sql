-- Why deals were lost, the most frequent reason first.
-- :since (start of this year) — lost on this date or later, such as 2026-01-01
SELECT coalesce(nullif(trim(lost_reason), ''), 'no reason given') AS reason, currency,
       count(*) AS deals, round(sum(value), 2) AS value,
       sum(count(*)) OVER (PARTITION BY coalesce(nullif(trim(lost_reason), ''), 'no reason given')) AS deals_of_reason
FROM deal_overview
WHERE status = 'lost' AND lost_time >= coalesce(:since, date('now', 'start of year')) || ''
GROUP BY reason, currency
ORDER BY deals_of_reason DESC, reason, deals DESC, currency;
