-- What deals point to: pipelines, stages, users, currencies, persons, organizations, products.
-- Rows that the source no longer returns stay, with _missing_since; rows it deleted stay, with is_deleted = 1.

CREATE TABLE pipelines (
  -- Ways through which deals go, each a row of stages.
  id                          INTEGER PRIMARY KEY,
  name                        TEXT,
  order_nr                    INTEGER,          -- their order on the screen
  is_deleted                  INTEGER NOT NULL DEFAULT 0,
  is_deal_probability_enabled INTEGER,          -- whether its deals have probabilities of their own
  add_time                    TEXT,
  update_time                 TEXT,
  _extra                      TEXT,             -- members this version does not know, JSON
  _hash                       INTEGER NOT NULL,
  _absent                     INTEGER NOT NULL DEFAULT 0, -- complete readings in a row that lacked this row
  _synced_at                  TEXT NOT NULL,    -- when this content was stored
  _missing_since              TEXT              -- since when the source is known to return this row no more
) STRICT;

CREATE TABLE stages (
  -- The steps of a pipeline.
  id                  INTEGER PRIMARY KEY,
  order_nr            INTEGER,                  -- their order within the pipeline
  name                TEXT,
  is_deleted          INTEGER NOT NULL DEFAULT 0,
  deal_probability    REAL,                     -- percent; counts for deals that have none of their own
  pipeline_id         INTEGER,                  -- pipelines.id
  is_deal_rot_enabled INTEGER,
  days_to_rotten      INTEGER,                  -- days without an activity after which a deal here counts as rotten
  add_time            TEXT,
  update_time         TEXT,
  _extra              TEXT,
  _hash               INTEGER NOT NULL,
  _absent             INTEGER NOT NULL DEFAULT 0,
  _synced_at          TEXT NOT NULL,
  _missing_since      TEXT
) STRICT;

CREATE TABLE users (
  -- The people who work in the company's Pipedrive: owners of deals.
  id                  INTEGER PRIMARY KEY,
  name                TEXT,
  default_currency    TEXT,
  locale              TEXT,
  lang                INTEGER,
  email               TEXT,
  phone               TEXT,
  activated           INTEGER,
  last_login          TEXT,
  created             TEXT,
  modified            TEXT,
  has_created_company INTEGER,
  access              TEXT,                     -- JSON: per app, whether the user is an administrator
  active_flag         INTEGER,
  timezone_name       TEXT,
  timezone_offset     TEXT,
  role_id             INTEGER,
  icon_url            TEXT,
  is_you              INTEGER,                  -- whether the mirror's token belongs to this user
  is_deleted          INTEGER NOT NULL DEFAULT 0,
  _extra              TEXT,
  _hash               INTEGER NOT NULL,
  _absent             INTEGER NOT NULL DEFAULT 0,
  _synced_at          TEXT NOT NULL,
  _missing_since      TEXT
) STRICT;

CREATE TABLE currencies (
  -- Currencies that amounts can be in, the company's own ones too.
  id             INTEGER PRIMARY KEY,
  code           TEXT,                          -- what deals.currency holds
  name           TEXT,
  decimal_points INTEGER,
  symbol         TEXT,
  active_flag    INTEGER,
  is_custom_flag INTEGER,
  _extra         TEXT,
  _hash          INTEGER NOT NULL,
  _absent        INTEGER NOT NULL DEFAULT 0,
  _synced_at     TEXT NOT NULL,
  _missing_since TEXT
) STRICT;

CREATE TABLE persons (
  -- Contacts: those that deals name, or all of them (`entities.persons.scope`).
  id             INTEGER PRIMARY KEY,
  name           TEXT,
  first_name     TEXT,
  last_name      TEXT,
  owner_id       INTEGER,                       -- users.id
  org_id         INTEGER,                       -- organizations.id
  add_time       TEXT,
  update_time    TEXT,
  is_deleted     INTEGER NOT NULL DEFAULT 0,
  visible_to     INTEGER,
  picture_id     INTEGER,
  postal_address TEXT,                          -- JSON; this and the next four come from a synchronised address book
  notes          TEXT,
  im             TEXT,                          -- JSON
  birthday       TEXT,
  job_title      TEXT,
  custom_fields  TEXT,                          -- JSON: by the code of the person field
  _extra         TEXT,
  _hash          INTEGER NOT NULL,
  _absent        INTEGER NOT NULL DEFAULT 0,
  _synced_at     TEXT NOT NULL,
  _missing_since TEXT
) STRICT;
CREATE INDEX persons_by_update_time ON persons (update_time);
CREATE INDEX persons_by_organization ON persons (org_id);

CREATE TABLE person_emails (
  person_id INTEGER NOT NULL, -- persons.id
  value     TEXT,
  "primary" INTEGER,          -- 1 for the one to be used
  label     TEXT              -- work, home, …
) STRICT;
CREATE INDEX person_emails_by_person ON person_emails (person_id);
CREATE INDEX person_emails_by_value ON person_emails (value);

CREATE TABLE person_phones (
  person_id INTEGER NOT NULL, -- persons.id
  value     TEXT,
  "primary" INTEGER,
  label     TEXT
) STRICT;
CREATE INDEX person_phones_by_person ON person_phones (person_id);

CREATE TABLE person_labels (
  person_id INTEGER NOT NULL, -- persons.id
  label_id  INTEGER NOT NULL,
  PRIMARY KEY (person_id, label_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE organizations (
  -- Companies: those that deals name, or all of them (`entities.organizations.scope`).
  id             INTEGER PRIMARY KEY,
  name           TEXT,
  owner_id       INTEGER,                       -- users.id
  add_time       TEXT,
  update_time    TEXT,
  is_deleted     INTEGER NOT NULL DEFAULT 0,
  visible_to     INTEGER,
  address        TEXT,                          -- JSON: value, locality, country, …
  website        TEXT,
  linkedin       TEXT,
  industry       INTEGER,
  annual_revenue REAL,
  employee_count INTEGER,
  custom_fields  TEXT,                          -- JSON: by the code of the organization field
  _extra         TEXT,
  _hash          INTEGER NOT NULL,
  _absent        INTEGER NOT NULL DEFAULT 0,
  _synced_at     TEXT NOT NULL,
  _missing_since TEXT
) STRICT;
CREATE INDEX organizations_by_update_time ON organizations (update_time);

CREATE TABLE organization_labels (
  organization_id INTEGER NOT NULL, -- organizations.id
  label_id        INTEGER NOT NULL,
  PRIMARY KEY (organization_id, label_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE products (
  -- The catalogue that product lines of deals point to.
  id                       INTEGER PRIMARY KEY,
  name                     TEXT,
  code                     TEXT,
  description              TEXT,
  unit                     TEXT,
  tax                      REAL,                -- percent
  category                 TEXT,
  is_deleted               INTEGER NOT NULL DEFAULT 0,
  is_linkable              INTEGER,
  visible_to               INTEGER,
  owner_id                 INTEGER,             -- users.id
  add_time                 TEXT,
  update_time              TEXT,
  billing_frequency        TEXT,
  billing_frequency_cycles INTEGER,
  custom_fields            TEXT,                -- JSON: by the code of the product field
  _extra                   TEXT,
  _hash                    INTEGER NOT NULL,
  _absent                  INTEGER NOT NULL DEFAULT 0,
  _synced_at               TEXT NOT NULL,
  _missing_since           TEXT
) STRICT;
CREATE INDEX products_by_update_time ON products (update_time);

CREATE TABLE product_prices (
  product_id  INTEGER NOT NULL, -- products.id
  currency    TEXT,
  price       REAL,
  cost        REAL,             -- what a unit costs the company
  direct_cost REAL,
  notes       TEXT
) STRICT;
CREATE INDEX product_prices_by_product ON product_prices (product_id);

-- Deals by what they name: to find who is not mirrored yet, and the deals of somebody whose name changed.
CREATE INDEX deals_by_person ON deals (person_id);
CREATE INDEX deals_by_organization ON deals (org_id);

CREATE VIRTUAL TABLE deals_search
-- Full text of deals; rowid is deals.id. A row is brought up to date in the transaction that stores the deal, or the person
-- or organization whose name it holds. Case and diacritics do not matter; a term that ends with * is a prefix:
--   SELECT d.id, d.title FROM deals_search s JOIN deals d ON d.id = s.rowid
--   WHERE deals_search MATCH 'acme renew*' AND d.is_deleted = 0 ORDER BY rank;
USING fts5 (title, person, organization, custom, lost_reason, tokenize = 'unicode61 remove_diacritics 2');

-- Deals that were stored by an earlier program are stored anew from their exact text, which fills it.
INSERT INTO sync_state SELECT 'renewed', -9223372036854775808 WHERE EXISTS (SELECT 1 FROM deals)
  ON CONFLICT DO UPDATE SET value = excluded.value;
