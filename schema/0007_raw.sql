-- Exact texts are kept in the order in which they came. A first backfill meets deals in the order of their last change, and
-- a text kept in the order of ids then lands between two others: it moves both, and leaves the pages half empty.

CREATE TABLE deal_raw_moved (
  -- The deal exactly as it came. Members that this version does not know are here too.
  deal_id  INTEGER NOT NULL UNIQUE,
  hash     INTEGER NOT NULL, -- of the text and of the decoder's number
  observed INTEGER NOT NULL, -- number of the request that brought it, taken when it was sent
  json     TEXT NOT NULL
) STRICT;
INSERT INTO deal_raw_moved SELECT deal_id, hash, observed, json FROM deal_raw ORDER BY deal_id;
DROP TABLE deal_raw;
-- Or a view of somebody else's, which names the table, would stand in the way.
PRAGMA legacy_alter_table = ON;
ALTER TABLE deal_raw_moved RENAME TO deal_raw;
PRAGMA legacy_alter_table = OFF;
