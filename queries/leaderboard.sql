-- Won deals by owner, the most first within each currency.
-- :since (start of this year) — won on this date or later, such as 2026-01-01
SELECT currency, owner, count(*) AS deals, round(sum(value), 2) AS value, round(avg(value), 2) AS average
FROM deal_overview
WHERE status = 'won' AND won_time >= coalesce(:since, date('now', 'start of year')) || ''
GROUP BY currency, owner_id
ORDER BY currency, value DESC, owner;
