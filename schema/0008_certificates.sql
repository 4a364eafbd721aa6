-- What `verify` found out.

CREATE TABLE sync_certificates (
  -- One row for each time the mirror was compared with the source.
  id          INTEGER PRIMARY KEY,
  began_at    TEXT NOT NULL,    -- by the server's clock
  ended_at    TEXT NOT NULL,
  compared    TEXT NOT NULL,    -- of totals, inside, ids, rows, children: what was
  requests    INTEGER NOT NULL,
  cost        INTEGER NOT NULL, -- of the daily budget
  rows        INTEGER NOT NULL, -- rows of the source that were looked at
  differences INTEGER NOT NULL,
  result      TEXT NOT NULL,    -- equal, different, or incomplete where something could not be compared
  digest      TEXT NOT NULL     -- SHA-256 over what was compared: equal mirrors of one source have the same
) STRICT;
