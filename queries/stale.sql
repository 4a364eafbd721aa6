-- Open deals that nobody touched for a while, rotten ones first.
-- :days 30 — for how many days at least
-- :owner (everybody) — only deals of the user of this name
SELECT id, title, owner, pipeline, stage, value, currency, last_change, days_since_change AS days, is_rotten AS rotten
FROM deals_stale
WHERE days_since_change >= :days AND (:owner IS NULL OR owner = :owner)
ORDER BY is_rotten DESC, days_since_change DESC, id;
