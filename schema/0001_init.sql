-- The first schema. Numbered files are only ever appended: a database is brought up to date by running those it lacks.
-- Comments stand inside the statements so that `.schema` in sqlite3 shows them.

CREATE TABLE deals (
  -- One row per deal the source has ever shown: open, won, lost, deleted (is_deleted) and archived (is_archived).
  -- Columns carry the API's own names. Live means: is_deleted = 0 AND _missing_since IS NULL.
  id                      INTEGER PRIMARY KEY,
  title                   TEXT,
  creator_user_id         INTEGER,
  owner_id                INTEGER,          -- users.id
  person_id               INTEGER,          -- persons.id
  org_id                  INTEGER,          -- organizations.id
  pipeline_id             INTEGER,          -- pipelines.id
  stage_id                INTEGER,          -- stages.id
  value                   REAL,             -- an amount of `currency`; never add up different currencies
  currency                TEXT,             -- ISO 4217, or a code of the company's own
  add_time                TEXT,             -- instants are RFC 3339 in UTC, whole seconds: 2026-02-03T16:40:21Z
  update_time             TEXT,
  stage_change_time       TEXT,             -- NULL until the first move
  status                  TEXT,             -- open, won, lost or deleted
  is_archived             INTEGER NOT NULL DEFAULT 0,
  is_deleted              INTEGER NOT NULL DEFAULT 0,
  archive_time            TEXT,
  probability             REAL,             -- percent
  lost_reason             TEXT,
  visible_to              INTEGER,
  close_time              TEXT,
  won_time                TEXT,
  lost_time               TEXT,
  local_won_date          TEXT,             -- dates are YYYY-MM-DD
  local_lost_date         TEXT,
  local_close_date        TEXT,
  expected_close_date     TEXT,
  origin                  TEXT,
  origin_id               TEXT,
  channel                 INTEGER,
  channel_id              TEXT,
  acv                     REAL,             -- annual contract value
  arr                     REAL,             -- annual recurring revenue
  mrr                     REAL,             -- monthly recurring revenue
  source_lead_id          TEXT,
  next_activity_id        INTEGER,
  last_activity_id        INTEGER,
  first_won_time          TEXT,
  products_count          INTEGER,
  files_count             INTEGER,
  notes_count             INTEGER,
  followers_count         INTEGER,
  email_messages_count    INTEGER,
  activities_count        INTEGER,
  done_activities_count   INTEGER,
  undone_activities_count INTEGER,
  participants_count      INTEGER,
  last_incoming_mail_time TEXT,
  last_outgoing_mail_time TEXT,
  smart_bcc_email         TEXT,
  _synced_at              TEXT NOT NULL,    -- when this content was stored
  _version                INTEGER NOT NULL, -- number of the transaction that last changed the row: a change feed
  _missing_since          TEXT              -- since when the source is known to return this deal no more
) STRICT;

-- One list's rows in the order they were last changed: what an incremental pass looks back over.
CREATE INDEX deals_by_update_time ON deals (is_archived, update_time);
CREATE INDEX deals_by_stage ON deals (stage_id);
CREATE INDEX deals_by_owner ON deals (owner_id);
CREATE INDEX deals_by_version ON deals (_version);

CREATE TABLE deal_raw (
  -- The deal exactly as it came. Members that this version does not know are here too.
  deal_id  INTEGER PRIMARY KEY,
  hash     INTEGER NOT NULL, -- of the text and of the decoder's number
  observed INTEGER NOT NULL, -- number of the request that brought it, taken when it was sent
  json     TEXT NOT NULL
) STRICT;

CREATE TABLE deal_labels (
  deal_id  INTEGER NOT NULL, -- deals.id
  label_id INTEGER NOT NULL, -- deal_field_options.option_id where field_code = 'label_ids'
  PRIMARY KEY (deal_id, label_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE deal_custom_fields (
  -- One typed column per custom field, named by its field_code; deal_fields says which is which (field_name, _column).
  deal_id INTEGER PRIMARY KEY -- deals.id
) STRICT;

CREATE TABLE deal_custom_field_options (
  -- The chosen options of fields of type `set`, one row each.
  deal_id    INTEGER NOT NULL, -- deals.id
  field_code TEXT NOT NULL,    -- deal_fields.field_code
  option_id  INTEGER NOT NULL, -- deal_field_options.option_id
  PRIMARY KEY (deal_id, field_code, option_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE deal_fields (
  -- What the fields of a deal are called and of which type they are.
  field_code                 TEXT PRIMARY KEY NOT NULL, -- 40 hexadecimal characters for a custom field
  field_name                 TEXT,
  description                TEXT,
  field_type                 TEXT,
  is_custom_field            INTEGER,
  is_optional_response_field INTEGER,
  is_writable                INTEGER,
  subfields                  TEXT,    -- JSON
  ui_visibility              TEXT,    -- JSON
  important_fields           TEXT,    -- JSON
  required_fields            TEXT,    -- JSON
  _extra                     TEXT,    -- members this version does not know, JSON
  _column                    TEXT,    -- the column of deal_custom_fields; NULL for a built-in field, or when there is no room
  _column_type               TEXT,    -- the field_type that column was made for
  _filled                    INTEGER, -- while the column is being filled for deals stored earlier: the last deal done
  _hash                      INTEGER NOT NULL,
  _absent                    INTEGER NOT NULL DEFAULT 0, -- complete readings in a row that lacked this row
  _synced_at                 TEXT NOT NULL,
  _missing_since             TEXT
) STRICT;

CREATE TABLE deal_field_options (
  -- The options of custom fields, and the labels (field_code = 'label_ids').
  field_code  TEXT NOT NULL, -- deal_fields.field_code
  option_id   INTEGER NOT NULL,
  label       TEXT,
  color       TEXT,
  add_time    TEXT,
  update_time TEXT,
  PRIMARY KEY (field_code, option_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE deal_field_text_options (
  -- The options of built-in fields, whose ids are words (status: open, won, lost, deleted).
  field_code  TEXT NOT NULL, -- deal_fields.field_code
  option_id   TEXT NOT NULL,
  label       TEXT,
  color       TEXT,
  add_time    TEXT,
  update_time TEXT,
  PRIMARY KEY (field_code, option_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE sync_account (
  -- Whose mirror this is. One row.
  one            INTEGER PRIMARY KEY CHECK (one = 1),
  company_id     INTEGER NOT NULL,
  company_domain TEXT,
  company_name   TEXT,
  user_id        INTEGER NOT NULL,
  is_admin       INTEGER NOT NULL,
  base_url       TEXT NOT NULL
) STRICT;

CREATE TABLE sync_checkpoints (
  -- How far each list is mirrored. A row is saved in the transaction that stores the rows it speaks of.
  entity            TEXT NOT NULL,
  since             TEXT NOT NULL, -- lower end of the window being read; '' for the first pass, which has none
  until             TEXT,          -- upper end, exclusive; NULL for the open window
  cursor            TEXT,          -- the API's place in the pass under way; NULL between passes
  mark              TEXT,          -- greatest update_time wholly stored
  began_at          TEXT,          -- when the pass began, by the server's clock; all instants here are the server's
  complete_began_at TEXT,          -- when the last complete pass began: lag counts from here
  completed_at      TEXT,          -- when a pass was last complete
  floor             TEXT,          -- `backfill --since`: nothing older is mirrored
  PRIMARY KEY (entity, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE sync_state (
  -- What must survive a restart and has no other home.
  key   TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sync_runs (
  -- What each run did, a row per entity.
  id         INTEGER PRIMARY KEY,
  run        INTEGER NOT NULL, -- rows of one run share this number
  mode       TEXT NOT NULL,    -- backfill or sync
  entity     TEXT NOT NULL,
  started_at TEXT NOT NULL,
  ended_at   TEXT,             -- NULL while it runs, and for ever if the process died
  outcome    TEXT,             -- complete, partial, budget, stopped, failed, skipped, needs_person
  requests   INTEGER NOT NULL DEFAULT 0,
  cost       INTEGER NOT NULL DEFAULT 0,
  seen       INTEGER NOT NULL DEFAULT 0, -- rows that came
  written    INTEGER NOT NULL DEFAULT 0, -- rows stored because they were new or different
  deleted    INTEGER NOT NULL DEFAULT 0, -- of those written: rows that are deleted at the source
  error      TEXT
) STRICT;
CREATE INDEX sync_runs_by_run ON sync_runs (run);

CREATE TABLE sync_api_usage (
  -- What was spent of the company's daily budget.
  hour     TEXT NOT NULL, -- UTC hour of the server's clock
  endpoint TEXT NOT NULL, -- as the API reference writes it, or '(unclean stop)' for what a crash may have spent
  requests INTEGER NOT NULL,
  cost     INTEGER NOT NULL,
  PRIMARY KEY (hour, endpoint)
) STRICT, WITHOUT ROWID;

CREATE VIEW sync_api_usage_daily AS
  -- What was spent, by UTC day and endpoint.
  SELECT substr(hour, 1, 10) AS day, endpoint, sum(requests) AS requests, sum(cost) AS cost
  FROM sync_api_usage GROUP BY day, endpoint;

CREATE TABLE sync_quarantine (
  -- Rows that could not be read, with the reason. Forgotten when a good version of the row is stored.
  entity     TEXT NOT NULL,
  key        TEXT NOT NULL,    -- the row's id, or '' if even that could not be read
  hash       INTEGER NOT NULL, -- of the text
  json       TEXT NOT NULL,
  reason     TEXT NOT NULL,
  observed   INTEGER NOT NULL, -- number of the request that brought it
  first_seen TEXT NOT NULL,
  last_seen  TEXT NOT NULL,
  PRIMARY KEY (entity, key, hash)
) STRICT;
