-- Deals in which words occur: in the title, person, organization, custom fields or lost reason; the best first.
-- :term (required) — words that all have to occur, each as it is or as the beginning of a longer one: acme renew
-- :limit 50 — how many at most
SELECT overview.id, overview.title, overview.status, overview.value, overview.currency, overview.stage,
       overview.owner, overview.person, overview.organization
FROM (
  -- Of what is found the newest 2,000 deals are ranked: a word of every other deal would take long otherwise.
  SELECT rowid AS id, rank AS place FROM deals_search
  -- Each word in quotes, so that none is taken for an operator, and with a star: the beginning of a word.
  WHERE deals_search MATCH '"' || replace(replace(trim(:term), '"', ' '), ' ', '"* "') || '"*'
  ORDER BY rowid DESC LIMIT 2000
) AS found JOIN deal_overview AS overview ON overview.id = found.id
ORDER BY found.place
LIMIT :limit;
