-- The last run of an entity is looked up whenever somebody looks at the status; a daemon keeps many rows.
CREATE INDEX sync_runs_by_entity ON sync_runs (entity, id);
