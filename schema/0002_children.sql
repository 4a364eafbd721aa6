-- What hangs on a deal, and what is owed of it.

CREATE TABLE deal_products (
  -- The product lines of a deal. A line that was removed at the source is gone here with the next reading of its deal.
  deal_id                  INTEGER NOT NULL, -- deals.id
  id                       INTEGER NOT NULL, -- the line, not the product
  product_id               INTEGER,          -- products.id; NULL for a product that was purged
  name                     TEXT,
  product_variation_id     INTEGER,
  order_nr                 INTEGER,
  quantity                 REAL,
  item_price               REAL,
  sum                      REAL,             -- of the line, in `currency`
  tax                      REAL,             -- percent
  discount                 REAL,             -- per `discount_type`
  discount_type            TEXT,             -- percentage or amount
  tax_method               TEXT,             -- exclusive, inclusive or none
  currency                 TEXT,
  comments                 TEXT,
  is_enabled               INTEGER,
  billing_frequency        TEXT,
  billing_frequency_cycles INTEGER,
  billing_start_date       TEXT,
  add_time                 TEXT,
  update_time              TEXT,
  _extra                   TEXT,             -- members this version does not know, JSON
  PRIMARY KEY (deal_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX deal_products_by_product ON deal_products (product_id);

CREATE TABLE deal_installments (
  -- When which part of a deal is to be billed (plan Growth and above).
  deal_id      INTEGER NOT NULL, -- deals.id
  id           INTEGER NOT NULL,
  amount       REAL,
  billing_date TEXT,
  description  TEXT,
  _extra       TEXT,
  PRIMARY KEY (deal_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE deal_discounts (
  -- Discounts on a deal as a whole.
  deal_id     INTEGER NOT NULL, -- deals.id
  id          TEXT NOT NULL,
  type        TEXT,             -- percentage or amount
  amount      REAL,
  description TEXT,
  created_at  TEXT,
  created_by  INTEGER,          -- users.id
  updated_at  TEXT,
  updated_by  INTEGER,
  _extra      TEXT,
  PRIMARY KEY (deal_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE deal_followers (
  -- Users who follow a deal.
  deal_id  INTEGER NOT NULL, -- deals.id
  user_id  INTEGER NOT NULL, -- users.id
  add_time TEXT,
  PRIMARY KEY (deal_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE deal_participants (
  -- Persons who take part in a deal besides its contact.
  deal_id          INTEGER NOT NULL, -- deals.id
  id               INTEGER NOT NULL,
  person_id        INTEGER,          -- persons.id
  add_time         TEXT,
  added_by_user_id INTEGER,          -- users.id
  active_flag      INTEGER,
  PRIMARY KEY (deal_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE sync_due (
  -- What is owed: written in the transaction that stores a new or changed deal, taken off in the one that stores its
  -- children. `presence_…` are rows a reconcile did not meet and that are asked for before they count as gone.
  kind       TEXT NOT NULL,    -- a child entity, or presence_ and a list
  id         INTEGER NOT NULL, -- deals.id
  why        TEXT NOT NULL,
  since      TEXT NOT NULL,
  attempts   INTEGER NOT NULL DEFAULT 0,
  not_before TEXT,             -- after a failure: when it is tried again
  generation INTEGER NOT NULL, -- number of the transaction that marked it last
  error      TEXT,             -- why the last attempt failed
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sync_due_by_id ON sync_due (id);

CREATE TABLE sync_children (
  -- When the set of children of a deal was last stored.
  child     TEXT NOT NULL,
  deal_id   INTEGER NOT NULL, -- deals.id
  stored_at TEXT NOT NULL,
  counter   INTEGER,          -- what the deal's counter said then; of discounts: value against lines, in hundredths
  rows      INTEGER NOT NULL, -- how many were stored
  hash      INTEGER NOT NULL, -- of their exact texts
  PRIMARY KEY (child, deal_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sync_children_by_age ON sync_children (child, stored_at);

-- A reconcile walks by id.
ALTER TABLE sync_checkpoints ADD COLUMN after_id INTEGER;
