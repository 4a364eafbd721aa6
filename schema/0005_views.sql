-- The human names of custom fields: what the views call their columns.

-- The field's own column in the view deals_wide; once assigned it stays, until the field is renamed.
ALTER TABLE deal_fields ADD COLUMN _view_name TEXT;

CREATE TABLE deal_field_names (
  -- What custom fields were called, and when: look here when a column of deals_wide has another name than it had.
  field_code TEXT NOT NULL, -- deal_fields.field_code
  name       TEXT,          -- as the source wrote it
  view_name  TEXT,          -- the column of deals_wide
  seen_from  TEXT NOT NULL, -- when the mirror first saw this name
  seen_until TEXT           -- when it saw the next one; NULL for the name in force
) STRICT;
CREATE UNIQUE INDEX deal_field_names_in_force ON deal_field_names (field_code) WHERE seen_until IS NULL;

CREATE TABLE sync_view_names (
  -- The columns of deals_wide that a field has besides its own: the currency of an amount, the end of a range, …
  field_code TEXT NOT NULL, -- deal_fields.field_code
  member     TEXT NOT NULL, -- as in the API's object, and at the end of the column's name in deal_custom_fields
  view_name  TEXT NOT NULL,
  PRIMARY KEY (field_code, member)
) STRICT, WITHOUT ROWID;
