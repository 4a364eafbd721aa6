-- Deals in which words occur: in the title, person, organization, custom fields or lost reason; the best first.
-- :term (required) — what to look for: acme, "two words", acme OR globex, acm*
-- :limit 50 — how many at most
SELECT overview.id, overview.title, overview.status, overview.value, overview.currency, overview.stage,
       overview.owner, overview.person, overview.organization
FROM deals_search JOIN deal_overview AS overview ON overview.id = deals_search.rowid
WHERE deals_search MATCH :term
ORDER BY deals_search.rank
LIMIT :limit;
